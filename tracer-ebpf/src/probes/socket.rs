//! Plain HTTP, seen where sockets send and receive. The sockets of TLS connections are sighted here, too,
//! while they are wanted: a second program at the same place costs more than all that both do.
//!
//! ```c
//! // Raw tracepoints behind every send and receive, whatever the system call (Linux 6.3):
//! void sock_send_length(struct sock *sk, int ret, int flags);
//! void sock_recv_length(struct sock *sk, int ret, int flags);
//! // When a socket of TCP ends:
//! void tcp_destroy_sock(struct sock *sk);
//! // Where the kernel lacks the first two, the returns of the functions below (Linux 5.19):
//! int tcp_sendmsg(struct sock *sk, struct msghdr *msg, size_t size);
//! int tcp_recvmsg(struct sock *sk, struct msghdr *msg, size_t len, int flags, int *addr_len);
//! int unix_stream_sendmsg(struct socket *sock, struct msghdr *msg, size_t len);
//! int unix_stream_recvmsg(struct socket *sock, struct msghdr *msg, size_t size, int flags);
//! ```
//!
//! The bytes are taken from the buffers that the system call was given ([`syscall`]): when these
//! points are reached, they have moved.

use aya_ebpf::{
    macros::{fexit, raw_tracepoint},
    programs::{FExitContext, RawTracePointContext},
};
use tracer_common::{
    conn::{ConnKey, INBOUND, OUTBOUND},
    counters::Counter,
    event::EventKind,
    socket::{NO_MOVE, SocketState},
    verdict::KernelVerdict,
};

use crate::{
    connection::Caller,
    emit::{self, SocketMove},
    endpoints,
    maps::{SOCKETS, count},
    socket::{self, Beginning},
    syscall, vector, watch,
};

const MSG_OOB: i32 = 0x1;
const MSG_PEEK: i32 = 0x2;
const MSG_TRUNC: i32 = 0x20;
const MSG_ERRQUEUE: i32 = 0x2000;

/// A socket has sent.
#[raw_tracepoint(tracepoint = "sock_send_length")]
pub fn socket_sent(ctx: RawTracePointContext) {
    moved::<OUTBOUND>(ctx.arg(0), ctx.arg(1), 0);
}

/// A socket has received.
#[raw_tracepoint(tracepoint = "sock_recv_length")]
pub fn socket_received(ctx: RawTracePointContext) {
    moved::<INBOUND>(ctx.arg(0), ctx.arg(1), ctx.arg(2));
}

/// A socket is gone.
#[raw_tracepoint(tracepoint = "tcp_destroy_sock")]
pub fn socket_gone(ctx: RawTracePointContext) {
    ended(ctx.arg(0));
}

/// TCP has sent: stands for [`socket_sent`].
#[fexit(function = "tcp_sendmsg")]
pub fn tcp_sent(ctx: FExitContext) {
    moved::<OUTBOUND>(socket::number(ctx.arg(0)), ctx.arg(3), 0);
}

/// TCP has received: stands for [`socket_received`].
#[fexit(function = "tcp_recvmsg")]
pub fn tcp_received(ctx: FExitContext) {
    moved::<INBOUND>(socket::number(ctx.arg(0)), ctx.arg(5), ctx.arg(3));
}

/// A stream within the host has sent, likewise.
#[fexit(function = "unix_stream_sendmsg")]
pub fn unix_sent(ctx: FExitContext) {
    if let Some(socket) = socket::of_file(ctx.arg(0)) {
        moved::<OUTBOUND>(socket, ctx.arg(3), 0);
    }
}

/// A stream within the host has received, likewise.
#[fexit(function = "unix_stream_recvmsg")]
pub fn unix_received(ctx: FExitContext) {
    if let Some(socket) = socket::of_file(ctx.arg(0)) {
        moved::<INBOUND>(socket, ctx.arg(4), ctx.arg(3));
    }
}

#[inline(always)]
fn moved<const DIRECTION: usize>(socket: u64, result: i32, flags: i32) {
    // Neither a look ahead nor what comes beside the stream is a move of it.
    if result <= 0 || flags & (MSG_PEEK | MSG_OOB | MSG_ERRQUEUE) != 0 {
        return;
    }
    if socket::is_foreign(socket) {
        return;
    }
    watch::sighted_if_wanted::<DIRECTION>(socket, result);
    if socket::is_left_alone(socket) || !socket::is_stream(socket) {
        return;
    }
    let Some(state) = socket::find_or_open(socket) else {
        return;
    };
    if state.conn.verdict == KernelVerdict::Ignore as u8 {
        return socket::mark_left_alone(socket, state);
    }
    let caller = Caller::current();
    if state.recognised != 0 && state.owner != caller.tgid {
        socket::start_over(state);
    }
    let bytes = result as u64;
    if state.recognised == 0 {
        if state.conn.last == DIRECTION as u8 {
            return socket::wait(socket, state);
        }
        if !recognise::<DIRECTION>(socket, state, caller, bytes) {
            return;
        }
        socket::note_sequence(socket, state, DIRECTION, bytes);
    }
    // Data that the process threw away unread is nowhere.
    let thrown_away = flags & MSG_TRUNC != 0;
    forward::<DIRECTION>(socket, state, caller, bytes, thrown_away);
}

/// Whether the turn that begins here makes the socket one to follow.
#[inline(always)]
fn recognise<const DIRECTION: usize>(
    socket: u64,
    state: &mut SocketState,
    caller: Caller,
    bytes: u64,
) -> bool {
    let is_new = state.conn.last == NO_MOVE;
    state.conn.last = DIRECTION as u8;
    let beginning = syscall::buffers::<DIRECTION>().and_then(|it| it.beginning());
    match beginning.map(socket::beginning) {
        // Nothing is known of it.
        None => {}
        // What was read behind a shorter one is not of the stream.
        Some(_) if bytes < 8 => socket::strange(socket, state),
        Some(Beginning::Http) => {
            socket::recognise(state, caller);
            tell_ends(socket, state, bytes, DIRECTION as u64);
        }
        Some(Beginning::Tls) => socket::leave(socket, state),
        Some(Beginning::Strange)
            if is_new && socket::is_first::<DIRECTION>(socket, state, bytes) =>
        {
            socket::leave_foreign(socket, state);
        }
        Some(Beginning::Strange) => socket::strange(socket, state),
    }
    state.recognised != 0
}

/// Tells the ends of a socket that is to be followed, if it has any. A function of its own, for what it
/// needs of the stack.
#[inline(never)]
fn tell_ends(socket: u64, state: &SocketState, bytes: u64, direction: u64) {
    if state.recognised != 0 && endpoints::is_known(socket) {
        let told = SocketMove {
            caller: Caller::current(),
            time: state.conn.generation,
            socket,
            bytes,
            direction: direction as u8,
            handle: socket,
            generation: state.conn.generation,
            seen: 0,
            left: 0,
        };
        emit::socket(&told);
    }
}

/// Forwards what a followed socket moved.
#[inline(always)]
fn forward<const DIRECTION: usize>(
    socket: u64,
    state: &mut SocketState,
    caller: Caller,
    bytes: u64,
    thrown_away: bool,
) {
    let unseen = socket::unseen(socket, state, DIRECTION, bytes);
    if unseen != 0 {
        state.conn.offset[DIRECTION] = state.conn.offset[DIRECTION].wrapping_add(unseen);
        count(Counter::LostBufferBytes, unseen);
    }
    let key = ConnKey {
        tgid: state.owner,
        zero: 0,
        handle: socket,
    };
    let Some(charged) = emit::charge(caller, &key, &mut state.conn, DIRECTION, bytes) else {
        return;
    };
    if charged.forward == 0 {
        return charged.tell_beyond();
    }
    if thrown_away {
        return charged.lose();
    }
    match syscall::buffers::<DIRECTION>() {
        Some(buffers) if buffers.vectors == 0 => charged.forward(buffers.base),
        Some(buffers) => vector::forward(&charged, buffers.base, buffers.vectors),
        None => charged.lose(),
    }
}

/// This life of a socket is over, if it was known.
#[inline(always)]
fn ended(socket: u64) {
    socket::forget_left_alone(socket);
    let Some(state) = socket::find(socket) else {
        return;
    };
    if state.recognised != 0 {
        let key = ConnKey {
            tgid: state.owner,
            zero: 0,
            handle: socket,
        };
        if !emit::ended(Caller::current(), &key, &state.conn, EventKind::Close) {
            state.conn.closed = 1;
            return;
        }
    }
    // Nothing to do if somebody was faster.
    let _ = SOCKETS.remove(socket);
}
