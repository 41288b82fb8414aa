//! The state of one connection, kept by the kernel half.

use crate::socket::HANDLE_BIT;

/// Index into per-direction arrays: bytes that the process wrote.
pub const OUTBOUND: usize = 0;
/// Index into per-direction arrays: bytes that the process read.
pub const INBOUND: usize = 1;

/// Names a TLS object or a socket while it lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(C)]
pub struct ConnKey {
    /// Thread group (process) in the root pid namespace.
    pub tgid: u32,
    /// Zero; keeps the key free of padding.
    pub zero: u32,
    /// Address of the TLS object in the process, or of the socket in the kernel.
    pub handle: u64,
}

impl ConnKey {
    /// Whether it names a socket: addresses in the kernel have a bit that none in a process has.
    #[inline(always)]
    pub const fn is_socket(&self) -> bool {
        self.handle & HANDLE_BIT != 0
    }
}

/// Names a call in progress on kernels without uprobe sessions: calls of one thread nest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(C)]
pub struct CallKey {
    /// Process and thread.
    pub thread: u64,
    /// Where the stack pointer was at entry, above the return address.
    pub frame: u64,
}

/// What the kernel half knows of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[repr(C)]
pub struct ConnState {
    /// Monotonic nanoseconds when it was first seen; tells the lives of a handle apart.
    pub generation: u64,
    /// Bytes moved so far, per direction, whether forwarded or not.
    pub offset: [u64; 2],
    /// Arguments of the call in progress, per direction: the caller's buffer.
    pub buffer: [u64; 2],
    /// Arguments of the call in progress, per direction: where the count will be; 0 for the
    /// return value. Of a record layer, which has no such calls: the number of its next record.
    pub count_at: [u64; 2],
    /// Calls seen since the connection was judged not to be LLM traffic.
    pub ignored: u32,
    /// 1 if the TLS object is gone but user space could not be told: it finds out by looking.
    pub closed: u16,
    /// 1 while the TLS object keeps what is written, to be written again later.
    pub corked: u8,
    /// A `watch::SocketSearch` as its number.
    pub socket: u8,
    /// Bytes that may still be forwarded in this turn, per direction.
    pub left: [u32; 2],
    /// How often the connection turned from reading to writing.
    pub turn: u32,
    /// A `verdict::KernelVerdict` as its number.
    pub verdict: u8,
    /// Direction of the last move: [`OUTBOUND`] or [`INBOUND`].
    pub last: u8,
    /// Which probed file its first call went through, see [`crate::cookie`].
    pub source: u16,
}

const _: () = assert!(size_of::<ConnKey>() == 16);
const _: () = assert!(size_of::<CallKey>() == 16);
const _: () = assert!(size_of::<ConnState>() == 80);
