//! Puts programs where sockets send and receive: plain HTTP is seen there (see ADR 021).

use std::{
    ffi::CStr,
    io,
    os::fd::{AsFd, OwnedFd},
};

use aya::Pod;
use tracer_common::socket::SocketLayout;

use super::{
    bpf_call::{self, ProgramType},
    kernel_btf::{self, BtfError},
    load::{LoadError, Loaded},
};

/// The end of a socket of TCP: what is begun must be ended, so it comes first.
const ENDS: [Site; 1] = [Site::tracepoint("socket_gone", c"tcp_destroy_sock")];
/// One place for all kinds of sockets (Linux 6.3).
const TRACEPOINTS: [Site; 2] = [
    Site::tracepoint("socket_sent", c"sock_send_length"),
    Site::tracepoint("socket_received", c"sock_recv_length"),
];
/// A function for each kind and direction (Linux 5.19, where the arguments are these).
const FUNCTIONS: [Site; 4] = [
    Site::function("tcp_sent", c"tcp_sendmsg", 3),
    Site::function("tcp_received", c"tcp_recvmsg", 5),
    Site::function("unix_sent", c"unix_stream_sendmsg", 3),
    Site::function("unix_received", c"unix_stream_recvmsg", 4),
];

/// A program and where it belongs.
#[derive(Debug, Clone, Copy)]
struct Site {
    program: &'static str,
    place: Place,
}

#[derive(Debug, Clone, Copy)]
enum Place {
    Tracepoint(&'static CStr),
    /// The return of a function with so many parameters.
    Return(&'static CStr, usize),
}

impl Site {
    const fn tracepoint(program: &'static str, name: &'static CStr) -> Self {
        let place = Place::Tracepoint(name);
        Self { program, place }
    }

    const fn function(program: &'static str, name: &'static CStr, parameters: usize) -> Self {
        let place = Place::Return(name, parameters);
        Self { program, place }
    }
}

/// Where the running kernel keeps what is read of a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[repr(transparent)]
pub struct Layout(SocketLayout);
// SAFETY: plain integers without padding.
unsafe impl Pod for Layout {}

/// Sockets cannot be looked at.
#[derive(Debug, thiserror::Error)]
pub enum SocketError {
    /// Nothing is known of the kernel's structures.
    #[error(transparent)]
    Btf(#[from] BtfError),
    /// The kernel's structures are not those that are known.
    #[error("this kernel's `{0}` has no `{1}`")]
    NoMember(&'static str, &'static str),
    /// A program could not be loaded.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The kernel has no such place.
    #[error(
        "this kernel has no {0} that is known here (Linux 6.3 has tracepoints for all sockets)"
    )]
    NoPlace(String),
    /// The kernel refused a program there.
    #[error("cannot attach to {place}: {error}")]
    Attach {
        /// Where.
        place: String,
        /// Why.
        error: io::Error,
    },
}

/// Programs at sockets; they vanish when it is dropped, or when this process dies.
#[derive(Debug)]
#[expect(dead_code, reason = "held for its drop")]
pub struct SocketProbes(Vec<OwnedFd>);

impl Layout {
    /// Looks it up in the kernel's type information.
    ///
    /// # Errors
    /// If the kernel shows none, or lacks a member.
    pub fn find() -> Result<Self, SocketError> {
        const FAMILY: (&str, &str) = ("sock_common", "skc_family");
        const KIND: (&str, &str) = ("sock", "sk_type");
        const PROTOCOL: (&str, &str) = ("sock", "sk_protocol");
        const SOCKET: (&str, &str) = ("sock", "sk_socket");
        const SOCK: (&str, &str) = ("socket", "sk");
        const FILE: (&str, &str) = ("socket_alloc", "vfs_inode");
        const INODE: (&str, &str) = ("inode", "i_ino");
        const OWN_INODE: (&str, &str) = ("sock", "sk_ino");
        const UPPER_LAYER: (&str, &str) = ("inet_connection_sock", "icsk_ulp_ops");
        const WRITTEN: (&str, &str) = ("tcp_sock", "write_seq");
        const READ: (&str, &str) = ("tcp_sock", "copied_seq");
        const ACKNOWLEDGED: (&str, &str) = ("tcp_sock", "snd_una");
        const NEXT: (&str, &str) = ("tcp_sock", "rcv_nxt");
        const SENT: (&str, &str) = ("tcp_sock", "bytes_acked");
        const RECEIVED: (&str, &str) = ("tcp_sock", "bytes_received");

        let members = [
            FAMILY,
            KIND,
            PROTOCOL,
            SOCKET,
            SOCK,
            FILE,
            INODE,
            OWN_INODE,
            UPPER_LAYER,
            WRITTEN,
            READ,
            ACKNOWLEDGED,
            NEXT,
            SENT,
            RECEIVED,
        ];
        let found = kernel_btf::member_offsets(&members)?;
        let of = |member: (&'static str, &'static str)| {
            let offset = found.get(&member).copied();
            offset.ok_or(SocketError::NoMember(member.0, member.1))
        };
        let (socket, inode) = match of(OWN_INODE) {
            Ok(inode) => (0, inode),
            // `socket_alloc` begins with the `socket` that `sk_socket` points to.
            Err(_) => (of(SOCKET)?, of(FILE)?.saturating_add(of(INODE)?)),
        };
        Ok(Self(SocketLayout {
            // `sock` begins with its `sock_common`, and every kind of socket with its `sock`.
            family: of(FAMILY)?,
            kind: of(KIND)?,
            protocol: of(PROTOCOL)?,
            socket,
            sock: of(SOCK)?,
            inode,
            upper_layer: of(UPPER_LAYER)?,
            sequence: [of(WRITTEN)?, of(READ)?],
            network: [of(ACKNOWLEDGED)?, of(NEXT)?],
            total: [of(SENT)?, of(RECEIVED)?],
        }))
    }
}

/// Attaches the programs where this kernel has the cheapest places for them; `loaded` must know the
/// [`Layout`].
///
/// # Errors
/// If the kernel refuses; nothing stays attached then.
pub fn attach(loaded: &mut Loaded) -> Result<SocketProbes, SocketError> {
    let mut links = attach_all(loaded, &ENDS)?;
    links.extend(match attach_all(loaded, &TRACEPOINTS) {
        Err(SocketError::NoPlace(_)) => attach_all(loaded, &FUNCTIONS)?,
        tried => tried?,
    });
    Ok(SocketProbes(links))
}

fn attach_all(loaded: &mut Loaded, sites: &[Site]) -> Result<Vec<OwnedFd>, SocketError> {
    sites.iter().map(|site| attach_one(loaded, *site)).collect()
}

fn attach_one(loaded: &mut Loaded, site: Site) -> Result<OwnedFd, SocketError> {
    let (as_type, tracepoint, place) = match site.place {
        Place::Tracepoint(name) => {
            let place = format!("tracepoint `{}`", name.to_string_lossy());
            (ProgramType::RawTracepoint, Some(name), place)
        }
        Place::Return(name, parameters) => {
            let name = name.to_string_lossy();
            let place = format!("function `{name}`");
            match kernel_btf::function(&name)? {
                Some(found) if found.parameters == parameters => {
                    (ProgramType::FunctionExit(found.id), None, place)
                }
                _ => return Err(SocketError::NoPlace(place)),
            }
        }
    };
    let program = loaded.program(site.program, as_type)?;
    bpf_call::open_raw_tracepoint(program.as_fd(), tracepoint).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => SocketError::NoPlace(place),
        _ => SocketError::Attach { place, error },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::{load::LoadOptions, test_needs};

    /// The beginning of `struct sock` has been the binary interface of tools for decades.
    #[test]
    fn the_layout_is_that_of_this_kernel() {
        let layout = match Layout::find() {
            Ok(Layout(layout)) => layout,
            Err(error) => return println!("skipped: {error}"),
        };
        assert_eq!(layout.family, 16);
        assert_eq!(layout.protocol.abs_diff(layout.kind), 2);
        assert!(layout.sequence.iter().all(|at| *at > layout.upper_layer));
    }

    #[test]
    fn the_kernel_takes_the_programs() {
        if !test_needs::may_trace() {
            return;
        }
        let options = LoadOptions {
            sockets: Some(Layout::find().unwrap()),
            ..LoadOptions::default()
        };
        let mut loaded = match Loaded::new(options) {
            Ok(loaded) => loaded,
            Err(LoadError::NoObject(error)) => return println!("skipped: {error}"),
            Err(error) => panic!("{error}"),
        };
        for site in ENDS.into_iter().chain(TRACEPOINTS) {
            loaded
                .program(site.program, ProgramType::RawTracepoint)
                .unwrap();
        }
        match attach(&mut loaded) {
            Ok(_) => {}
            Err(error @ SocketError::NoPlace(_)) => println!("skipped: {error}"),
            Err(error) => panic!("{error}"),
        }
    }
}
