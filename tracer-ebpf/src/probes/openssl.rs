//! OpenSSL and libraries with its interface.
//!
//! ```c
//! int SSL_read(SSL *ssl, void *buf, int num);
//! int SSL_read_ex(SSL *ssl, void *buf, size_t num, size_t *readbytes);
//! int SSL_write(SSL *ssl, const void *buf, int num);
//! int SSL_write_ex(SSL *ssl, const void *buf, size_t num, size_t *written);
//! int SSL_write_ex2(SSL *ssl, const void *buf, size_t num, uint64_t flags, size_t *written);
//! // and, inside the library:
//! int ssl_read_internal(SSL *s, void *buf, size_t num, size_t *readbytes);
//! int ssl_write_internal(SSL *s, const void *buf, size_t num[, uint64_t flags], size_t *written);
//! SSL *SSL_new(SSL_CTX *ctx);
//! void SSL_free(SSL *ssl);
//! int SSL_clear(SSL *ssl);
//! int SSL_shutdown(SSL *ssl);
//! ```
//!
//! All take the TLS object and the buffer first; the attach cookie tells where the count is
//! (`tracer_common::cookie`). Only a positive result counts, so retries, `WANT_READ`
//! and zero returns say nothing.

use core::ffi::c_void;

use aya_ebpf::{
    EbpfContext,
    helpers::{bpf_probe_read_user, generated::bpf_get_attach_cookie},
    macros::{uprobe, uretprobe},
    programs::{ProbeContext, RetProbeContext},
};
use aya_log_ebpf::{debug, trace, warn};
use tracer_common::{
    conn::{ConnState, INBOUND, OUTBOUND},
    cookie::{Cookie, CountFrom, PR_MSG_PEEK},
    counters::Counter,
    event::EventKind,
    verdict::KernelVerdict,
};

use crate::{
    connection::{self, Caller},
    emit::{self, Moved},
    frame, kfunc,
    maps::{CONNECTIONS, IN_CALL, count},
    watch,
};

/// What the entry side decides.
enum Entry {
    /// Have a look at the return.
    Watch,
    /// The return is of no interest.
    Skip,
}

/// Entry and return of a read, as one session (Linux 6.13).
///
/// Without aya's macro, whose programs return 0 whatever they say: 1 spares the return.
#[unsafe(no_mangle)]
#[unsafe(link_section = "uprobe")]
pub fn read_session(ctx: *mut c_void) -> u32 {
    session::<INBOUND>(&ProbeContext::new(ctx))
}

/// Entry and return of a write, as one session (Linux 6.13); see [`read_session`].
#[unsafe(no_mangle)]
#[unsafe(link_section = "uprobe")]
pub fn write_session(ctx: *mut c_void) -> u32 {
    session::<OUTBOUND>(&ProbeContext::new(ctx))
}

/// Entry of a read.
#[uprobe]
pub fn read_entry(ctx: ProbeContext) -> u32 {
    plain_entry::<INBOUND>(&ctx)
}

/// Entry of a write.
#[uprobe]
pub fn write_entry(ctx: ProbeContext) -> u32 {
    plain_entry::<OUTBOUND>(&ctx)
}

/// Return of a read.
#[uretprobe]
pub fn read_return(ctx: RetProbeContext) -> u32 {
    plain_return::<INBOUND>(&ctx)
}

/// A read that is done, behind the call that did it: its arguments are in registers that calls
/// preserve, which the attach cookie names, and its result is returned.
///
/// ```c
/// int ssl3_read(SSL *s, void *buf, size_t len, size_t *readbytes);
/// // and inside, where `peek` is 0 for reads:
/// ret = s->method->ssl_read_bytes(s, SSL3_RT_APPLICATION_DATA, NULL, buf, len, peek, readbytes);
/// ```
#[uprobe]
pub fn read_result(ctx: ProbeContext) -> u32 {
    let (result, values) = frame::behind_call(&ctx);
    let cookie = cookie(&ctx);
    if result <= 0 || cookie.peeks(&values) {
        return 0;
    }
    let handle = cookie.object(&values);
    let caller = Caller::current();
    let key = caller.key(handle);
    let Some(state) = connection::find_or_open(&key, || cookie.source()) else {
        count(Counter::LostStateCalls, 1);
        return 0;
    };
    if state.verdict == KernelVerdict::Ignore as u8 {
        state.ignored += 1;
        return 0;
    }
    if connection::is_spent(&key, state, INBOUND) {
        connection::skip(state, INBOUND);
        return 0;
    }
    let bytes = read_count(state, cookie.count(&values));
    if bytes != 0 {
        trace!(&ctx, "{:x} of {} read {} bytes", handle, caller.tgid, bytes);
        let buffer = cookie.buffer(&values);
        emit::moved(caller, &key, state, INBOUND, Moved { buffer, bytes });
    }
    0
}

/// Where a read has come back to: stands for [`read_return`] where return probes are not used. The
/// stack pointer is where a return leaves it, and the result in its register.
#[uprobe]
pub fn read_returned(ctx: ProbeContext) -> u32 {
    plain_return::<INBOUND>(&RetProbeContext::new(ctx.as_ptr()))
}

/// Where a write has come back to, likewise.
#[uprobe]
pub fn write_returned(ctx: ProbeContext) -> u32 {
    plain_return::<OUTBOUND>(&RetProbeContext::new(ctx.as_ptr()))
}

/// Return of a write.
#[uretprobe]
pub fn write_return(ctx: RetProbeContext) -> u32 {
    plain_return::<OUTBOUND>(&ctx)
}

/// `SSL_free`, `SSL_clear`: this life of the TLS object is over. One that is freed while others hold
/// a reference begins a new one with its next bytes: a call under way is then told as cancelled.
#[uprobe]
pub fn close(ctx: ProbeContext) -> u32 {
    if let Some(handle) = ctx.arg::<u64>(0) {
        end(&ctx, handle);
    }
    0
}

/// Return of `SSL_new`, where no function that ends a TLS object is known: whatever had this
/// address before has ended.
///
/// ```c
/// SSL *SSL_new(SSL_CTX *ctx);
/// ```
#[uretprobe]
pub fn opened(ctx: RetProbeContext) -> u32 {
    end(&ctx, ctx.ret::<u64>());
    0
}

/// `SSL_shutdown`: the process will write no more on this connection.
#[uprobe]
pub fn shutdown(ctx: ProbeContext) -> u32 {
    if let Some(handle) = ctx.arg::<u64>(0) {
        say_goodbye(handle);
    }
    0
}

/// The process will write no more on a connection.
#[inline(always)]
pub fn say_goodbye(handle: u64) {
    let caller = Caller::current();
    let key = caller.key(handle);
    if let Some(state) = connection::find(&key)
        && state.verdict != KernelVerdict::Ignore as u8
    {
        emit::ended(caller, &key, state, EventKind::Shutdown);
    }
}

/// This life of a TLS object is over, if it was known.
#[inline(always)]
pub fn end(ctx: &impl EbpfContext, handle: u64) {
    let caller = Caller::current();
    let key = caller.key(handle);
    if let Some(state) = connection::find(&key) {
        debug!(
            ctx,
            "close {:x} of {} after {} turns", handle, caller.tgid, state.turn
        );
        if emit::ended(caller, &key, state, EventKind::Close) {
            // Nothing to do if somebody was faster.
            let _ = CONNECTIONS.remove(&key);
        } else {
            state.closed = 1;
        }
    }
}

#[inline(always)]
fn session<const DIRECTION: usize>(ctx: &ProbeContext) -> u32 {
    if kfunc::session_is_return(ctx.as_ptr()) {
        // SAFETY: the kernel keeps the eight bytes from entry to return.
        let handle = unsafe { *kfunc::session_cookie(ctx.as_ptr()) };
        let result = RetProbeContext::new(ctx.as_ptr()).ret::<i32>();
        on_return::<DIRECTION>(ctx, handle, result);
        return 0;
    }
    let Some(handle) = ctx.arg::<u64>(0) else {
        return 1;
    };
    match on_entry::<DIRECTION>(ctx, handle) {
        Entry::Watch => {
            // SAFETY: as above.
            unsafe { *kfunc::session_cookie(ctx.as_ptr()) = handle };
            0
        }
        Entry::Skip => 1,
    }
}

#[inline(always)]
fn plain_entry<const DIRECTION: usize>(ctx: &ProbeContext) -> u32 {
    let Some(handle) = ctx.arg::<u64>(0) else {
        return 0;
    };
    if let Entry::Watch = on_entry::<DIRECTION>(ctx, handle)
        && IN_CALL.insert(&frame::at_entry(ctx), &handle, 0).is_err()
    {
        count(Counter::LostStateCalls, 1);
    }
    0
}

#[inline(always)]
fn plain_return<const DIRECTION: usize>(ctx: &RetProbeContext) -> u32 {
    let call = frame::at_return(ctx);
    let Some(handle) = IN_CALL.get_ptr(&call) else {
        return 0;
    };
    // SAFETY: only this thread writes its entries.
    let handle = unsafe { *handle };
    // It exists: it was just read.
    let _ = IN_CALL.remove(&call);
    on_return::<DIRECTION>(ctx, handle, ctx.ret::<i32>());
    0
}

/// Notes the arguments in the connection's state: a TLS object is in one call at a time.
#[inline(always)]
fn on_entry<const DIRECTION: usize>(ctx: &ProbeContext, handle: u64) -> Entry {
    let caller = Caller::current();
    let key = caller.key(handle);
    let Some(state) = connection::find_or_open(&key, || cookie(ctx).source()) else {
        count(Counter::LostStateCalls, 1);
        return Entry::Skip;
    };
    if state.verdict == KernelVerdict::Ignore as u8 {
        state.ignored += 1;
        return Entry::Skip;
    }
    if DIRECTION == OUTBOUND && state.corked != 0 {
        return Entry::Skip;
    }
    if connection::is_spent(&key, state, DIRECTION) {
        connection::skip(state, DIRECTION);
        return Entry::Skip;
    }
    if DIRECTION == OUTBOUND {
        watch::write_begins(caller, &key, state);
    }
    state.buffer[DIRECTION] = ctx.arg::<u64>(1).unwrap_or(0);
    // Both are read before one is chosen, and out of the optimiser's sight: the verifier refuses a
    // load through a context pointer that was moved to the one or the other.
    let fourth = core::hint::black_box(ctx.arg::<u64>(3).unwrap_or(0));
    let fifth = core::hint::black_box(ctx.arg::<u64>(4).unwrap_or(0));
    let cookie = cookie(ctx);
    if cookie.counts_from(CountFrom::ReturnUnlessPeeked) && fourth as u32 & PR_MSG_PEEK != 0 {
        return Entry::Skip;
    }
    state.count_at[DIRECTION] = if cookie.counts_from(CountFrom::FourthArgument) {
        fourth
    } else if cookie.counts_from(CountFrom::FifthArgument) {
        fifth
    } else {
        0
    };
    Entry::Watch
}

#[inline(always)]
pub(super) fn cookie(ctx: &ProbeContext) -> Cookie {
    // SAFETY: the helper reads the context that the kernel gave us.
    Cookie(unsafe { bpf_get_attach_cookie(ctx.as_ptr()) })
}

#[inline(always)]
fn on_return<const DIRECTION: usize>(ctx: &impl EbpfContext, handle: u64, result: i32) {
    let caller = Caller::current();
    if DIRECTION == OUTBOUND {
        watch::write_ended(caller, handle);
    }
    if result <= 0 {
        return;
    }
    let key = caller.key(handle);
    let Some(state) = connection::find(&key) else {
        warn!(ctx, "no state for {:x} of {}", handle, caller.tgid);
        count(Counter::LostStateCalls, 1);
        return;
    };
    let count_at = state.count_at[DIRECTION];
    let bytes = if count_at == 0 {
        result as u64
    } else {
        read_count(state, count_at)
    };
    if bytes == 0 {
        return;
    }
    let buffer = state.buffer[DIRECTION];
    trace!(ctx, "{:x} of {} moved {} bytes", handle, caller.tgid, bytes);
    emit::moved(caller, &key, state, DIRECTION, Moved { buffer, bytes });
}

/// The number behind a pointer; 0 if it cannot be had.
#[inline(always)]
fn read_count(state: &mut ConnState, count_at: u64) -> u64 {
    // SAFETY: a failed read is reported, not taken.
    match unsafe { bpf_probe_read_user(count_at as *const u64) } {
        Ok(bytes) => bytes,
        Err(_) => {
            // How far the stream went is not known: what follows is another life of it.
            state.generation += 1;
            count(Counter::LostStateCalls, 1);
            0
        }
    }
}
