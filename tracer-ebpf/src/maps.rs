//! Every map. Sizes are defaults: the loader may change them, never above 16 MiB in all.

use aya_ebpf::{
    macros::map,
    maps::{Array, LruHashMap, PerCpuArray, RingBuf},
};
use tracer_common::{
    conn::{CallKey, ConnKey, ConnState},
    control::Control,
    counters::Counter,
    go::GoCall,
    socket::{SocketLayout, SocketState},
    verdict::VerdictEntry,
    watch::Watch,
};

/// Lets user space map an array into its memory: settings change without a system call.
const BPF_F_MMAPABLE: u32 = 1 << 10;

/// Events to user space.
#[map]
pub static EVENTS: RingBuf = RingBuf::with_byte_size(8 << 20, 0);

/// State of every connection seen; the least used makes room.
#[map]
pub static CONNECTIONS: LruHashMap<ConnKey, ConnState> = LruHashMap::with_max_entries(16384, 0);

/// State of every stream socket seen, by its address in the kernel; the least used makes room.
#[map]
pub static SOCKETS: LruHashMap<u64, SocketState> = LruHashMap::with_max_entries(4096, 0);

/// Where this kernel keeps what is read of a socket; written by the loader.
#[unsafe(no_mangle)]
static SOCKET_LAYOUT: SocketLayout = SocketLayout {
    family: 0,
    kind: 0,
    protocol: 0,
    socket: 0,
    sock: 0,
    inode: 0,
    upper_layer: 0,
    sequence: [0; 2],
    network: [0; 2],
    total: [0; 2],
};

/// How many places [`LEFT_ALONE`] has, as a power of two.
pub const LEFT_ALONE_BITS: u32 = 13;

/// Sockets that are left alone, each at the place that its address chooses: one load tells most of
/// them. See [`crate::socket::is_left_alone`] for what an element is.
#[map]
pub static LEFT_ALONE: Array<u64> = Array::with_max_entries(1 << LEFT_ALONE_BITS, 0);

/// Written by user space, read here until a verdict is final.
#[map]
pub static VERDICTS: LruHashMap<ConnKey, VerdictEntry> = LruHashMap::with_max_entries(16384, 0);

/// Processes (by tgid) whose connections are none of our business.
#[map]
pub static EXCLUDED: LruHashMap<u32, u8> = LruHashMap::with_max_entries(4096, 0);

/// TLS object of each call in progress, for kernels without uprobe sessions. Least used first out:
/// a call that never returns (longjmp, exit) leaves its entry behind.
#[map]
pub static IN_CALL: LruHashMap<CallKey, u64> = LruHashMap::with_max_entries(8192, 0);

/// TLS object of each read in progress in a Go program, where its result is seen at the returns.
/// Least used first out, as above; a read whose entry is gone shows as a gap.
#[map]
pub static IN_GO_CALL: LruHashMap<GoCall, u64> = LruHashMap::with_max_entries(8192, 0);

/// Threads, by their id, that lately used a connection whose socket is wanted.
#[map]
pub static WATCHED: LruHashMap<u32, Watch> = LruHashMap::with_max_entries(4096, 0);

/// Losses and what was left out, see [`Counter`].
#[map]
pub static COUNTERS: PerCpuArray<u64> = PerCpuArray::with_max_entries(Counter::COUNT, 0);

/// Settings and signals from user space.
#[map]
pub static CONTROL: Array<Control> = Array::with_max_entries(1, BPF_F_MMAPABLE);

/// Adds to a counter.
#[inline(always)]
pub fn count(counter: Counter, by: u64) {
    if let Some(value) = COUNTERS.get_ptr_mut(counter as u32) {
        // SAFETY: this CPU's own element, which lives as long as the map; programs do not migrate
        // while they run. On a preemptible kernel one that preempts another right here can lose
        // the other's count; the target has no atomic addition in stable Rust.
        unsafe { *value += by };
    }
}

/// Where this kernel keeps one thing that is read of a socket.
#[inline(always)]
pub fn socket_layout(field: impl FnOnce(&'static SocketLayout) -> &'static u32) -> u64 {
    // SAFETY: a static's field; volatile because the loader writes it after the compiler has seen it.
    u64::from(unsafe { core::ptr::read_volatile(field(&SOCKET_LAYOUT)) })
}

/// The settings; the array's only element always exists.
#[inline(always)]
pub fn control() -> Option<&'static Control> {
    CONTROL.get(0)
}
