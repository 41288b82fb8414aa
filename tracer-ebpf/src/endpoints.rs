//! The ends of a TCP socket, read where this kernel keeps them.

use aya_ebpf::helpers::bpf_probe_read_kernel;
use tracer_common::endpoints::{AF_INET, AF_INET6, EndpointLayout, Endpoints};

/// Where that is; written by the loader.
#[unsafe(no_mangle)]
static ENDPOINT_LAYOUT: EndpointLayout = EndpointLayout {
    protocol: 0,
    family: 0,
    local_port: 0,
    peer_port: 0,
    local_v4: 0,
    peer_v4: 0,
    local_v6: 0,
    peer_v6: 0,
    network: 0,
    inode: 0,
};

const IPPROTO_TCP: u16 = 6;
const IPPROTO_MPTCP: u16 = 262;

/// The ends of a socket (`struct sock`); `None` if it is none of TCP, or where they are is not known.
#[inline(always)]
pub fn of(socket: u64) -> Option<Endpoints> {
    // SAFETY: a static; volatile because the loader writes it after the compiler has seen it.
    let layout = unsafe { core::ptr::read_volatile(&raw const ENDPOINT_LAYOUT) };
    if layout.protocol == 0
        || !matches!(field(socket, layout.protocol)?, IPPROTO_TCP | IPPROTO_MPTCP)
    {
        return None;
    }
    let family: u16 = field(socket, layout.family)?;
    let peer_port: u16 = field(socket, layout.peer_port)?;
    let mut ends = Endpoints {
        family,
        network: network(socket, &layout),
        local_port: field(socket, layout.local_port)?,
        peer_port: u16::from_be(peer_port),
        ..Endpoints::default()
    };
    match family {
        AF_INET => {
            let local: [u8; 4] = field(socket, layout.local_v4)?;
            let peer: [u8; 4] = field(socket, layout.peer_v4)?;
            [ends.local[0], ends.local[1], ends.local[2], ends.local[3]] = local;
            [ends.peer[0], ends.peer[1], ends.peer[2], ends.peer[3]] = peer;
        }
        AF_INET6 if layout.peer_v6 != 0 => {
            ends.local = field(socket, layout.local_v6)?;
            ends.peer = field(socket, layout.peer_v6)?;
        }
        _ => return None,
    }
    Some(ends)
}

/// Inode number of a socket's network namespace, 0 if it cannot be had.
#[inline(always)]
fn network(socket: u64, layout: &EndpointLayout) -> u32 {
    field::<u64>(socket, layout.network)
        .filter(|network| *network != 0)
        .and_then(|network| field(network, layout.inode))
        .unwrap_or(0)
}

#[inline(always)]
fn field<T>(object: u64, offset: u32) -> Option<T> {
    // SAFETY: a failed read is reported, not taken.
    unsafe { bpf_probe_read_kernel(object.wrapping_add(u64::from(offset)) as *const T) }.ok()
}
