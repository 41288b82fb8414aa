//! Sockets: which of them are looked at, and which carry HTTP.
//!
//! A socket is told by how its turns begin: by a request line, a status line, the preface of HTTP/2 or
//! a frame of its headers. TLS is left at once to the probes of its library, and so is a connection of
//! TCP whose first bytes are something else. One that is older than the agent may be in the middle of a
//! body: it is left after [`STRANGE_TURNS`] beginnings or [`MOVES_WITHOUT_TURN`] moves, and until then costs a
//! look-up for each move.
//!
//! Bias: towards other traffic, of which no byte ever leaves the kernel. What is taken for HTTP by
//! eight bytes is judged again in user space. A WebSocket that is older than the agent is not
//! recognised; a connection of HTTP is with its next request.

use aya_ebpf::helpers::{bpf_probe_read_kernel, generated::bpf_ktime_get_ns};
use tracer_common::{
    conn::{ConnState, INBOUND, OUTBOUND},
    socket::{NO_MOVE, SocketState, Transport},
    verdict::KernelVerdict,
    watch::SocketSearch,
};

use crate::{
    connection::Caller,
    maps::{EXCLUDED, LEFT_ALONE, LEFT_ALONE_BITS, SOCKETS, control, socket_layout},
};

/// Beginnings of turns that are none of HTTP until a socket is left alone.
const STRANGE_TURNS: u8 = 8;
/// Moves within such turns, likewise: more than is left of nearly all answers.
const MOVES_WITHOUT_TURN: u32 = 1024;

const AF_UNIX: u16 = 1;
const AF_INET: u16 = 2;
const AF_INET6: u16 = 10;
const SOCK_STREAM: u16 = 1;
const IPPROTO_TCP: u16 = 6;
const IPPROTO_MPTCP: u16 = 262;

/// Set in the mark of a socket of TCP that nothing is wanted of: addresses end in zeros.
const FOREIGN: u64 = 1;
/// [`SocketState::strange`] of a connection whose first bytes were neither HTTP nor TLS.
const STRANGE_FROM_THE_START: u8 = u8::MAX;

/// Bits of an inode's number that mark a life of an address.
const LIFE_BITS: u32 = 24;

/// What the beginning of a turn says.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Beginning {
    Http,
    Tls,
    Strange,
}

/// Whether nothing is wanted of a socket, not even that it moves bytes, by one load: what began with
/// neither HTTP nor TLS carries neither. (A proxy of SOCKS, behind whose first words there may be TLS,
/// begins with less than eight bytes, which say nothing yet.)
#[inline(always)]
pub fn is_foreign(socket: u64) -> bool {
    LEFT_ALONE.get(place(socket)) == Some(&(socket | FOREIGN))
}

/// Whether a socket is known to carry no HTTP of its own, by one load.
#[inline(always)]
pub fn is_left_alone(socket: u64) -> bool {
    let Some(mark) = LEFT_ALONE.get(place(socket)) else {
        return false;
    };
    let life = mark ^ socket;
    // Its address alone, or with the end of its inode's number above.
    life == 0 || (life << LIFE_BITS == 0 && life == life_of(inode(socket)))
}

/// A socket that ended is not left alone any more: its address will be that of another.
#[inline(always)]
pub fn forget_left_alone(socket: u64) {
    if let Some(mark) = LEFT_ALONE.get_ptr_mut(place(socket)) {
        // SAFETY: valid while the program runs; a word is written at once.
        unsafe {
            if *mark & !FOREIGN == socket {
                *mark = 0;
            }
        }
    }
}

/// The state of a stream in the life that its address has now, opened if this is its first move;
/// `None` if it is of no kind that is known, or there is no room.
#[inline(always)]
pub fn find_or_open(socket: u64) -> Option<&'static mut SocketState> {
    match find(socket) {
        Some(state) if state.conn.closed == 0 && is_same(socket, state) => Some(state),
        _ => open(socket),
    }
}

/// The state of a known socket.
#[inline(always)]
pub fn find(socket: u64) -> Option<&'static mut SocketState> {
    let state = SOCKETS.get_ptr_mut(socket)?;
    // SAFETY: the pointer is valid while the program runs. Two threads may send and receive at once:
    // what they write is apart by direction, but for the turn, which may then be counted wrong by
    // one. Several that send on one connection of HTTP take turns, or it would make no sense.
    Some(unsafe { &mut *state })
}

/// Whether the address is still that of the socket that was seen: the end of those of TCP is told.
#[inline(always)]
fn is_same(socket: u64, state: &SocketState) -> bool {
    state.inode == 0 || state.inode == inode(socket)
}

/// Whether a socket is a stream.
#[inline(always)]
pub fn is_stream(socket: u64) -> bool {
    let kind: Option<u16> = field(socket, socket_layout(|layout| &layout.kind));
    kind == Some(SOCK_STREAM)
}

#[inline(never)]
fn open(socket: u64) -> Option<&'static mut SocketState> {
    let transport = transport(socket)?;
    let left_alone = transport == Transport::Tcp && is_encrypted(socket);
    let state = SocketState {
        conn: ConnState {
            last: NO_MOVE,
            verdict: if left_alone {
                KernelVerdict::Ignore as u8
            } else {
                KernelVerdict::Unknown as u8
            },
            ..ConnState::default()
        },
        inode: if transport == Transport::Tcp {
            0
        } else {
            inode(socket)
        },
        transport: transport as u8,
        ..SocketState::default()
    };
    SOCKETS.insert(socket, state, 0).ok()?;
    find(socket)
}

/// The socket's bytes are HTTP: from this move on it is a connection.
#[inline(always)]
pub fn recognise(state: &mut SocketState, caller: Caller) {
    let Some(control) = control() else {
        return;
    };
    let excluded = caller.tgid == control.own_tgid || EXCLUDED.get_ptr(caller.tgid).is_some();
    state.conn = ConnState {
        // SAFETY: a helper without arguments.
        generation: unsafe { bpf_ktime_get_ns() },
        left: control.head,
        verdict: if excluded {
            KernelVerdict::Ignore as u8
        } else {
            KernelVerdict::Unknown as u8
        },
        last: OUTBOUND as u8,
        socket: SocketSearch::Over as u8,
        ..ConnState::default()
    };
    state.owner = caller.tgid;
    state.recognised = u8::from(!excluded);
}

/// Another process has the socket now, which says nothing of the former one's connection.
#[inline(always)]
pub fn start_over(state: &mut SocketState) {
    state.conn = ConnState {
        last: NO_MOVE,
        ..ConnState::default()
    };
    state.recognised = 0;
    state.strange = 0;
}

/// A move that begins no turn: it may be in the middle of a body, but not for ever.
#[inline(always)]
pub fn wait(socket: u64, state: &mut SocketState) {
    state.conn.ignored += 1;
    if state.conn.ignored >= MOVES_WITHOUT_TURN {
        leave(socket, state);
    }
}

/// A turn began with something that is not HTTP.
#[inline(always)]
pub fn strange(socket: u64, state: &mut SocketState) {
    state.strange += 1;
    if state.strange >= STRANGE_TURNS {
        leave(socket, state);
    }
}

/// A connection began with something that is neither HTTP nor TLS.
#[inline(always)]
pub fn leave_foreign(socket: u64, state: &mut SocketState) {
    state.strange = STRANGE_FROM_THE_START;
    leave(socket, state);
}

/// Nothing that this socket carries is of interest; if it is TLS, that it moves bytes may be.
#[inline(always)]
pub fn leave(socket: u64, state: &mut SocketState) {
    state.conn.verdict = KernelVerdict::Ignore as u8;
    mark_left_alone(socket, state);
}

/// Lets the next moves of a socket be told by one load.
#[inline(always)]
pub fn mark_left_alone(socket: u64, state: &SocketState) {
    let life = life_of(state.inode);
    let of_tcp = state.transport == Transport::Tcp as u8;
    if (of_tcp || life != 0)
        && let Some(mark) = LEFT_ALONE.get_ptr_mut(place(socket))
    {
        let foreign = if of_tcp && state.strange == STRANGE_FROM_THE_START {
            FOREIGN
        } else {
            0
        };
        // SAFETY: valid while the program runs; a word is written at once.
        unsafe { *mark = (socket ^ life) | foreign };
    }
}

/// Whether a connection of TCP carried nothing before a move of `bytes` in `direction`, its first one
/// that was seen: then this is how it begins.
#[inline(always)]
pub fn is_first<const DIRECTION: usize>(socket: u64, state: &SocketState, bytes: u64) -> bool {
    // What opens a connection counts as one byte.
    state.transport == Transport::Tcp as u8
        && carried::<OUTBOUND>(socket) <= 1 + if DIRECTION == OUTBOUND { bytes } else { 0 }
        && carried::<INBOUND>(socket) <= 1 + if DIRECTION == INBOUND { bytes } else { 0 }
}

/// Bytes that the process has moved in all, as TCP has counted.
#[inline(always)]
fn carried<const DIRECTION: usize>(socket: u64) -> u64 {
    let total = field::<u64>(socket, socket_layout(|layout| &layout.total[DIRECTION]));
    let network = field::<u32>(socket, socket_layout(|layout| &layout.network[DIRECTION]));
    let (Some(total), Some(network), Some(process)) = (total, network, sequence(socket, DIRECTION))
    else {
        return u64::MAX;
    };
    // Ahead of the network where it writes, behind it where it reads.
    total.wrapping_add(i64::from(process.wrapping_sub(network) as i32) as u64)
}

/// Where a socket's mark is.
#[inline(always)]
fn place(socket: u64) -> u32 {
    (socket.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - LEFT_ALONE_BITS)) as u32
}

/// Above all bits in which the addresses of two sockets differ that are in use at a time.
#[inline(always)]
fn life_of(inode: u64) -> u64 {
    inode << (64 - LIFE_BITS)
}

/// Compares what TCP itself has counted with `bytes` that were seen to move; returns how many more
/// there were. Its end counts as one byte, too.
#[inline(always)]
pub fn unseen(socket: u64, state: &mut SocketState, direction: usize, bytes: u64) -> u64 {
    if state.transport != Transport::Tcp as u8 {
        return 0;
    }
    let Some(now) = sequence(socket, direction) else {
        return 0;
    };
    let moved = now.wrapping_sub(state.sequence[direction & 1]);
    state.sequence[direction & 1] = now;
    let more = moved.wrapping_sub(bytes as u32) as i32;
    if more > 1 { more as u64 } else { 0 }
}

/// Where TCP is now, before the move of `bytes` in `direction`.
#[inline(always)]
pub fn note_sequence(socket: u64, state: &mut SocketState, direction: usize, bytes: u64) {
    if state.transport != Transport::Tcp as u8 {
        return;
    }
    state.sequence = [
        sequence(socket, OUTBOUND).unwrap_or(0),
        sequence(socket, INBOUND).unwrap_or(0),
    ];
    let place = &mut state.sequence[direction & 1];
    *place = place.wrapping_sub(bytes as u32);
}

/// An address that the verifier knows to be that of a `struct sock`, as a number to reckon with.
#[inline(always)]
pub fn number(socket: u64) -> u64 {
    // SAFETY: a variable of our own.
    unsafe { bpf_probe_read_kernel(&raw const socket) }.unwrap_or(0)
}

/// The `struct sock` of a `struct socket`.
#[inline(always)]
pub fn of_file(file: u64) -> Option<u64> {
    field(file, socket_layout(|layout| &layout.sock))
}

/// What eight bytes at the beginning of a turn are.
#[inline(always)]
pub fn beginning(bytes: [u8; 8]) -> Beginning {
    match bytes {
        [b'P', b'O', b'S', b'T', b' ', ..]
        | [b'G', b'E', b'T', b' ', ..]
        | [b'P', b'U', b'T', b' ', ..]
        | [b'H', b'T', b'T', b'P', b'/', b'1', b'.', _]
        | [b'P', b'R', b'I', b' ', b'*', b' ', b'H', b'T']
        | [b'H', b'E', b'A', b'D', b' ', ..]
        | [b'D', b'E', b'L', b'E', b'T', b'E', b' ', _]
        | [b'P', b'A', b'T', b'C', b'H', b' ', ..]
        | [b'O', b'P', b'T', b'I', b'O', b'N', b'S', b' ']
        | [b'C', b'O', b'N', b'N', b'E', b'C', b'T', b' '] => Beginning::Http,
        // HTTP/2, `HEADERS` that end in this frame (RFC 9113 section 6.2) of a stream with a number
        // that is not long yet.
        [0, _, _, 1, flags, 0, _, _] if flags & 0x04 != 0 && flags & !0x2d == 0 => Beginning::Http,
        // A record of TLS: change of cipher, alert, handshake or data.
        [0x14..=0x17, 3, 0..=4, ..] => Beginning::Tls,
        _ => Beginning::Strange,
    }
}

#[inline(always)]
fn transport(socket: u64) -> Option<Transport> {
    let family: u16 = field(socket, socket_layout(|layout| &layout.family))?;
    match family {
        AF_INET | AF_INET6 => {
            match field::<u16>(socket, socket_layout(|layout| &layout.protocol))? {
                IPPROTO_TCP => Some(Transport::Tcp),
                IPPROTO_MPTCP => Some(Transport::MultipathTcp),
                _ => None,
            }
        }
        AF_UNIX => Some(Transport::Unix),
        _ => None,
    }
}

/// Whether the kernel encrypts what the process writes: then its TLS library is probed, or could be.
#[inline(always)]
fn is_encrypted(socket: u64) -> bool {
    field::<u64>(socket, socket_layout(|layout| &layout.upper_layer)).is_some_and(|it| it != 0)
}

/// The number that the socket's file has as long as it lives.
#[inline(always)]
fn inode(socket: u64) -> u64 {
    let file = socket_layout(|layout| &layout.socket);
    if file == 0 {
        return field(socket, socket_layout(|layout| &layout.inode)).unwrap_or(0);
    }
    field::<u64>(socket, file)
        .filter(|file| *file != 0)
        .and_then(|file| field(file, socket_layout(|layout| &layout.inode)))
        .unwrap_or(0)
}

#[inline(always)]
fn sequence(socket: u64, direction: usize) -> Option<u32> {
    let offset = if direction == OUTBOUND {
        socket_layout(|layout| &layout.sequence[OUTBOUND])
    } else {
        socket_layout(|layout| &layout.sequence[INBOUND])
    };
    field(socket, offset)
}

#[inline(always)]
fn field<T>(object: u64, offset: u64) -> Option<T> {
    // SAFETY: a failed read is reported, not taken.
    unsafe { bpf_probe_read_kernel(object.wrapping_add(offset) as *const T) }.ok()
}
