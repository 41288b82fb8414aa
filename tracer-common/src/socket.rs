//! Sockets whose traffic is looked at where they send and receive.

use crate::conn::ConnState;

/// Set in the handle of every socket, which is its address in the kernel, and in no address of a
/// TLS object, which is one in the process.
pub const HANDLE_BIT: u64 = 1 << 63;

/// Number of the probed file (see [`crate::cookie`]) in events of sockets: none has it.
pub const SOURCE: u16 = 0;

/// What the kernel half knows of a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[repr(C)]
pub struct SocketState {
    /// The connection, as for a TLS object; `last` is [`NO_MOVE`] before the first move.
    pub conn: ConnState,
    /// Number of its inode if it is not of TCP: tells the lives of its address apart. Else 0.
    pub inode: u64,
    /// Process that was first seen to use it.
    pub owner: u32,
    /// Where TCP was after the last move, per direction.
    pub sequence: [u32; 2],
    /// A [`Transport`] as its number.
    pub transport: u8,
    /// 1 once its bytes began like HTTP: from then on they are forwarded as its verdict says.
    pub recognised: u8,
    /// Turns that began with something else.
    pub strange: u8,
    /// Zero.
    pub zero: u8,
}

/// For `ConnState::last`: nothing has moved yet.
pub const NO_MOVE: u8 = 2;

/// What carries a socket's bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Transport {
    /// TCP, whose own counts show what was moved unseen.
    Tcp = 0,
    /// TCP over several paths: `IPPROTO_MPTCP`.
    MultipathTcp = 1,
    /// A stream within the host: `AF_UNIX`.
    Unix = 2,
}

/// Where the running kernel keeps what is read of a socket: offsets in bytes from the `struct sock`,
/// unless said otherwise. Found by user space in the kernel's type information.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[repr(C)]
pub struct SocketLayout {
    /// `sock_common::skc_family`, 2 bytes.
    pub family: u32,
    /// `sock::sk_type`, 2 bytes.
    pub kind: u32,
    /// `sock::sk_protocol`, 2 bytes.
    pub protocol: u32,
    /// `sock::sk_socket`, a pointer; 0 where the socket itself knows its inode.
    pub socket: u32,
    /// `socket::sk`, a pointer: the way back, from the start of a `struct socket`.
    pub sock: u32,
    /// `sock::sk_ino` (Linux 6.17), or the number of the inode from the start of what `sk_socket`
    /// points to; 8 bytes.
    pub inode: u32,
    /// `inet_connection_sock::icsk_ulp_ops`, a pointer: not null if the kernel encrypts.
    pub upper_layer: u32,
    /// `tcp_sock::write_seq` and `tcp_sock::copied_seq`, 4 bytes each: where the process is.
    pub sequence: [u32; 2],
    /// `tcp_sock::snd_una` and `tcp_sock::rcv_nxt`, 4 bytes each: where the network is.
    pub network: [u32; 2],
    /// `tcp_sock::bytes_acked` and `tcp_sock::bytes_received`, 8 bytes each: how far it came.
    pub total: [u32; 2],
}

const _: () = assert!(size_of::<SocketState>() == 80 + 8 + 12 + 4);
const _: () = assert!(size_of::<SocketLayout>() == 52);
