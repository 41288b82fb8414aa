//! The ends of a TCP socket, read where this kernel keeps them.

use core::ffi::c_void;

use aya_ebpf::helpers::{
    bpf_probe_read_kernel, generated::bpf_probe_read_kernel as bpf_probe_read_kernel_raw,
};
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

/// Whether a socket (`struct sock`) is one of TCP, and where its ends are is known.
#[inline(always)]
pub fn is_known(socket: u64) -> bool {
    let protocol = layout(|layout| &layout.protocol);
    protocol != 0 && matches!(field(socket, protocol), Some(IPPROTO_TCP | IPPROTO_MPTCP))
}

/// Reads the ends of a socket of which this [`is_known`] to where they are told, as the stack is small;
/// `None` if they cannot be read.
#[inline(always)]
pub fn read(socket: u64, ends: &mut Endpoints) -> Option<()> {
    let family: u16 = field(socket, layout(|layout| &layout.family))?;
    let peer_port: u16 = field(socket, layout(|layout| &layout.peer_port))?;
    ends.family = family;
    ends.network = network(socket);
    ends.local_port = field(socket, layout(|layout| &layout.local_port))?;
    ends.peer_port = u16::from_be(peer_port);
    ends.zero = [0; 3];
    match family {
        AF_INET => {
            ends.local = [0; 16];
            ends.peer = [0; 16];
            address(
                socket,
                layout(|layout| &layout.local_v4),
                &mut ends.local,
                4,
            )?;
            address(socket, layout(|layout| &layout.peer_v4), &mut ends.peer, 4)
        }
        AF_INET6 if layout(|layout| &layout.peer_v6) != 0 => {
            address(
                socket,
                layout(|layout| &layout.local_v6),
                &mut ends.local,
                16,
            )?;
            address(socket, layout(|layout| &layout.peer_v6), &mut ends.peer, 16)
        }
        _ => None,
    }
}

#[inline(always)]
fn address(socket: u64, offset: u32, to: &mut [u8; 16], length: u32) -> Option<()> {
    let from = socket.wrapping_add(u64::from(offset));
    // SAFETY: `length` is at most what `to` holds; a failed read is reported, not taken.
    let failed =
        unsafe { bpf_probe_read_kernel_raw(to.as_mut_ptr().cast(), length, from as *const c_void) };
    (failed == 0).then_some(())
}

/// Inode number of a socket's network namespace, 0 if it cannot be had.
#[inline(always)]
fn network(socket: u64) -> u32 {
    field::<u64>(socket, layout(|layout| &layout.network))
        .filter(|network| *network != 0)
        .and_then(|network| field(network, layout(|layout| &layout.inode)))
        .unwrap_or(0)
}

/// Where one thing is.
#[inline(always)]
fn layout(field: impl FnOnce(&'static EndpointLayout) -> &'static u32) -> u32 {
    // SAFETY: a static's field; volatile because the loader writes it after the compiler has seen it.
    unsafe { core::ptr::read_volatile(field(&ENDPOINT_LAYOUT)) }
}

#[inline(always)]
fn field<T>(object: u64, offset: u32) -> Option<T> {
    // SAFETY: a failed read is reported, not taken.
    unsafe { bpf_probe_read_kernel(object.wrapping_add(u64::from(offset)) as *const T) }.ok()
}
