//! Settings and signals from user space, in one shared page.

/// The only entry of the memory-mapped `CONTROL` array.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C)]
pub struct Control {
    /// 1 while the reader sleeps and wants to be woken by the next event; 0 while it polls.
    pub wake: u32,
    /// Process to leave alone (the agent itself), 0 for none.
    pub own_tgid: u32,
    /// Bytes forwarded of a connection before it is judged, per direction.
    pub head: [u32; 2],
    /// 1 while sockets are looked at to find those of connections.
    pub sockets: u32,
    /// Zero.
    pub zero: u32,
}

const _: () = assert!(size_of::<Control>() == 24);
