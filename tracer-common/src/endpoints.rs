//! The ends of a socket, as the kernel half tells them.

/// What follows the header of an event of kind `event::EventKind::Socket`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[repr(C)]
pub struct Endpoints {
    /// Address of the process's end: sixteen bytes, or four and zeros, by the family.
    pub local: [u8; 16],
    /// Address of the other end, likewise.
    pub peer: [u8; 16],
    /// Inode number of the network namespace; 0 if it is not known.
    pub network: u32,
    /// Port of the process's end.
    pub local_port: u16,
    /// Port of the other end.
    pub peer_port: u16,
    /// [`AF_INET`] or [`AF_INET6`].
    pub family: u16,
    /// Zero.
    pub zero: [u16; 3],
}

/// Family of IPv4 addresses.
pub const AF_INET: u16 = 2;
/// Family of IPv6 addresses.
pub const AF_INET6: u16 = 10;

/// Where the running kernel keeps the ends of a socket: offsets in bytes from the `struct sock`, unless
/// said otherwise. Found by user space in the kernel's type information; all zero if it is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[repr(C)]
pub struct EndpointLayout {
    /// `sock::sk_protocol`, 2 bytes.
    pub protocol: u32,
    /// `sock_common::skc_family`, 2 bytes.
    pub family: u32,
    /// `sock_common::skc_num`, the local port, 2 bytes.
    pub local_port: u32,
    /// `sock_common::skc_dport`, the other one in network order, 2 bytes.
    pub peer_port: u32,
    /// `sock_common::skc_rcv_saddr`, 4 bytes.
    pub local_v4: u32,
    /// `sock_common::skc_daddr`, 4 bytes.
    pub peer_v4: u32,
    /// `sock_common::skc_v6_rcv_saddr`, 16 bytes; 0 on kernels without IPv6.
    pub local_v6: u32,
    /// `sock_common::skc_v6_daddr`, 16 bytes; 0 on kernels without IPv6.
    pub peer_v6: u32,
    /// `sock_common::skc_net`, a pointer.
    pub network: u32,
    /// Number of the namespace's inode from the start of what that points to, 4 bytes.
    pub inode: u32,
}

const _: () = assert!(size_of::<Endpoints>() == 48);
const _: () = assert!(size_of::<EndpointLayout>() == 40);
