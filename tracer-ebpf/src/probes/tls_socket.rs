//! Sockets under TLS, seen where they send and receive, when plain HTTP is not ([`super::socket`] does
//! both). Attached only while the socket of a connection is wanted.
//!
//! ```c
//! // Raw tracepoints behind every send and receive, whatever the system call (Linux 6.3):
//! void sock_send_length(struct sock *sk, int ret, int flags);
//! void sock_recv_length(struct sock *sk, int ret, int flags);
//! // Functions, where these are missing:
//! int tcp_sendmsg(struct sock *sk, struct msghdr *msg, size_t size);
//! void tcp_cleanup_rbuf(struct sock *sk, int copied);
//! ```

use aya_ebpf::{
    macros::{kprobe, raw_tracepoint},
    programs::{ProbeContext, RawTracePointContext},
};
use tracer_common::conn::{INBOUND, OUTBOUND};

use crate::watch::sighted;

/// A socket has sent.
#[raw_tracepoint(tracepoint = "sock_send_length")]
pub fn tls_socket_sent(ctx: RawTracePointContext) {
    sighted::<OUTBOUND>(ctx.arg(0), i64::from(ctx.arg::<i32>(1)));
}

/// A socket has received. A look ahead is no move.
#[raw_tracepoint(tracepoint = "sock_recv_length")]
pub fn tls_socket_received(ctx: RawTracePointContext) {
    const MSG_PEEK: i32 = 2;
    if ctx.arg::<i32>(2) & MSG_PEEK != 0 {
        return;
    }
    sighted::<INBOUND>(ctx.arg(0), i64::from(ctx.arg::<i32>(1)));
}

/// TCP is about to send.
#[kprobe]
pub fn tls_tcp_sends(ctx: ProbeContext) -> u32 {
    if let (Some(socket), Some(size)) = (ctx.arg::<u64>(0), ctx.arg::<u64>(2)) {
        sighted::<OUTBOUND>(socket, size as i64);
    }
    0
}

/// TCP has handed out what it received.
#[kprobe]
pub fn tls_tcp_received(ctx: ProbeContext) -> u32 {
    if let (Some(socket), Some(copied)) = (ctx.arg::<u64>(0), ctx.arg::<i32>(1)) {
        sighted::<INBOUND>(socket, i64::from(copied));
    }
    0
}
