//! Go's `crypto/tls`, from Go 1.17 on.
//!
//! ```go
//! func (c *Conn) Read(b []byte) (int, error)
//! func (c *Conn) writeRecordLocked(typ recordType, data []byte) (int, error)
//! func (c *Conn) Close() error
//! ```
//!
//! All writes come through `writeRecordLocked`, one at a time, behind all checks, and a write that
//! fails ends the connection: so what is written is told at the entry, before an answer to it can
//! be read on another thread. Reads are told where their count is known. A `*Conn` is an object of
//! the heap, which does not move.

use aya_ebpf::{
    EbpfContext, helpers::generated::bpf_get_attach_cookie, macros::uprobe, programs::ProbeContext,
};
use aya_log_ebpf::{debug, trace};
use tracer_common::{
    conn::{INBOUND, OUTBOUND},
    counters::Counter,
    event::EventKind,
    go::{APPLICATION_DATA, GoCookie},
    verdict::KernelVerdict,
};

use crate::{
    connection::{self, Caller},
    emit::{self, Moved},
    goroutine,
    maps::{CONNECTIONS, IN_GO_CALL, count},
};

/// Entry of `writeRecordLocked`.
#[uprobe]
pub fn go_write(ctx: ProbeContext) -> u32 {
    let Some([conn, kind, buffer, bytes]) = goroutine::entered(&ctx) else {
        return 0;
    };
    if kind as u8 == APPLICATION_DATA {
        moved::<OUTBOUND>(&ctx, conn, Moved { buffer, bytes });
    }
    0
}

/// Within `Read`, where the number of bytes read is known and nothing else can happen to it.
#[uprobe]
pub fn go_read_result(ctx: ProbeContext) -> u32 {
    let place = cookie(&ctx).place();
    let bytes = goroutine::register(&ctx, place.count);
    match goroutine::spilled(&ctx, place.frame) {
        Some([conn, buffer]) => moved::<INBOUND>(&ctx, conn, Moved { buffer, bytes }),
        None => count(Counter::LostStateCalls, 1),
    }
    0
}

/// Entry of `Read`, where its result is seen at its returns.
#[uprobe]
pub fn go_read_entry(ctx: ProbeContext) -> u32 {
    let Some([conn, buffer, ..]) = goroutine::entered(&ctx) else {
        return 0;
    };
    let caller = Caller::current();
    let Some(state) = connection::find_or_open(&caller.key(conn), || cookie(&ctx).source()) else {
        count(Counter::LostStateCalls, 1);
        return 0;
    };
    if state.verdict == KernelVerdict::Ignore as u8 {
        state.ignored += 1;
        return 0;
    }
    if state.buffer[INBOUND] != 0 {
        // The one before was not seen to return.
        connection::skip(state, INBOUND);
    }
    let noted = goroutine::call(&ctx, caller)
        .is_some_and(|call| IN_GO_CALL.insert(&call, &conn, 0).is_ok());
    if !noted {
        count(Counter::LostStateCalls, 1);
    }
    state.buffer[INBOUND] = buffer;
    0
}

/// Each place where `Read` returns.
#[uprobe]
pub fn go_read_return(ctx: ProbeContext) -> u32 {
    let caller = Caller::current();
    let Some(call) = goroutine::call(&ctx, caller) else {
        return 0;
    };
    let Some(conn) = IN_GO_CALL.get_ptr(&call) else {
        return 0;
    };
    // SAFETY: only the goroutine of this call writes its entries.
    let conn = unsafe { *conn };
    // It exists: it was just read.
    let _ = IN_GO_CALL.remove(&call);
    let Some(state) = connection::find(&caller.key(conn)) else {
        return 0;
    };
    let buffer = state.buffer[INBOUND];
    state.buffer[INBOUND] = 0;
    let bytes = goroutine::returned(&ctx);
    moved::<INBOUND>(&ctx, conn, Moved { buffer, bytes });
    0
}

/// Entry of `Close`: the connection is over.
#[uprobe]
pub fn go_close(ctx: ProbeContext) -> u32 {
    let Some([conn, ..]) = goroutine::entered(&ctx) else {
        return 0;
    };
    let caller = Caller::current();
    let key = caller.key(conn);
    let Some(state) = connection::find(&key) else {
        return 0;
    };
    debug!(
        &ctx,
        "close {:x} of {} after {} turns", conn, caller.tgid, state.turn
    );
    if emit::ended(caller, &key, state, EventKind::Close) {
        // Nothing to do if somebody was faster.
        let _ = CONNECTIONS.remove(&key);
    } else {
        state.closed = 1;
    }
    0
}

#[inline(always)]
fn moved<const DIRECTION: usize>(ctx: &ProbeContext, conn: u64, moved: Moved) {
    // A count is an `int`.
    if moved.bytes as i64 <= 0 {
        return;
    }
    let caller = Caller::current();
    let key = caller.key(conn);
    let Some(state) = connection::find_or_open(&key, || cookie(ctx).source()) else {
        count(Counter::LostStateCalls, 1);
        return;
    };
    if state.verdict == KernelVerdict::Ignore as u8 {
        state.ignored += 1;
        return;
    }
    trace!(
        ctx,
        "{:x} of {} moved {} bytes", conn, caller.tgid, moved.bytes
    );
    emit::moved(caller, &key, state, DIRECTION, moved);
}

#[inline(always)]
fn cookie(ctx: &ProbeContext) -> GoCookie {
    // SAFETY: the helper reads the context that the kernel gave us.
    GoCookie(unsafe { bpf_get_attach_cookie(ctx.as_ptr()) })
}
