//! Which threads use connections whose sockets are wanted, and what these threads do on sockets.
//!
//! A TLS library that writes to a socket does so within the write to the connection, by the same thread:
//! then it is certain which socket it is. One that writes to memory leaves it to the program, which as a
//! rule writes to the socket right after, and has read from it right before: these moves are told, and
//! user space joins them.

use aya_ebpf::helpers::generated::bpf_ktime_get_ns;
use tracer_common::{
    conn::{ConnKey, ConnState, INBOUND, OUTBOUND},
    verdict::KernelVerdict,
    watch::{SIGHTINGS, SocketSearch, Watch},
};

use crate::{
    connection::{self, Caller},
    emit::{self, SocketMove},
    endpoints,
    maps::{VERDICTS, WATCHED, control},
};

/// A write that takes longer to come to its socket may have been left by a jump: what its thread sends
/// then says nothing.
const LONGEST_WAY: u64 = 1_000_000_000;

/// A write to a connection begins that ends in this thread.
#[inline(always)]
pub fn write_begins(caller: Caller, key: &ConnKey, state: &mut ConnState) {
    if is_wanted(key, state) {
        // SAFETY: a helper without arguments.
        watch(caller, key, state, unsafe { bpf_ktime_get_ns() });
    }
}

/// The write to a connection is over, whatever came of it.
#[inline(always)]
pub fn write_ended(caller: Caller, handle: u64) {
    if control().is_none_or(|control| control.sockets == 0) {
        return;
    }
    if let Some(watch) = WATCHED.get_ptr_mut(caller.tid) {
        // SAFETY: only this thread and its creation by user space write its entry.
        let watch = unsafe { &mut *watch };
        if watch.handle == handle {
            watch.writing_since = 0;
        }
    }
}

/// A connection moved bytes: what the thread does next on sockets, or did last, may belong to it.
#[inline(always)]
pub fn moved(caller: Caller, key: &ConnKey, state: &mut ConnState) {
    if is_wanted(key, state) {
        watch(caller, key, state, 0);
    }
}

/// A socket moved bytes, which may be wanted to know: the part of a program that has more to do.
#[inline(always)]
pub fn sighted_if_wanted<const DIRECTION: usize>(socket: u64, result: i32) {
    if control().is_some_and(|control| control.sockets != 0) {
        sighted_apart(socket, i64::from(result), DIRECTION as u64);
    }
}

/// A function of its own, for what it needs of the stack.
#[inline(never)]
fn sighted_apart(socket: u64, result: i64, direction: u64) {
    if direction == OUTBOUND as u64 {
        sighted::<OUTBOUND>(socket, result);
    } else {
        sighted::<INBOUND>(socket, result);
    }
}

/// A socket moved bytes.
#[inline(always)]
pub fn sighted<const DIRECTION: usize>(socket: u64, result: i64) {
    if result <= 0 {
        return;
    }
    let caller = Caller::current();
    let Some(watch) = WATCHED.get_ptr_mut(caller.tid) else {
        return;
    };
    // SAFETY: as above.
    let watch = unsafe { &mut *watch };
    if watch.left == 0 {
        return;
    }
    if !endpoints::is_known(socket) {
        return;
    }
    watch.seen += 1;
    watch.left -= 1;
    let is_last = watch.left == 0;
    // SAFETY: a helper without arguments.
    let time = unsafe { bpf_ktime_get_ns() };
    let writes = DIRECTION == OUTBOUND
        && watch.writing_since != 0
        && time.wrapping_sub(watch.writing_since) < LONGEST_WAY;
    let mut told = SocketMove {
        caller,
        time,
        socket,
        bytes: result as u64,
        direction: DIRECTION as u8,
        handle: 0,
        generation: watch.since,
        seen: watch.seen,
        left: watch.left,
    };
    if writes
        && let Some(state) = connection::find(&caller.key(watch.handle))
        && state.generation == watch.generation
    {
        told.handle = watch.handle;
        told.generation = watch.generation;
        told.left = 0;
        if emit::socket(&told) {
            state.socket = SocketSearch::Over as u8;
        }
        forget(caller);
        return;
    }
    emit::socket(&told);
    if is_last {
        forget(caller);
    }
}

/// Nothing more is wanted of this thread: it takes no room until it uses another connection.
#[inline(always)]
fn forget(caller: Caller) {
    // An entry that went for newer ones needs no removal.
    let _ = WATCHED.remove(caller.tid);
}

/// Whether the socket of a connection is to be found: of each one while it is not judged and in its
/// first turn, after that of those that are followed in full.
#[inline(always)]
fn is_wanted(key: &ConnKey, state: &mut ConnState) -> bool {
    if state.socket != SocketSearch::Wanted as u8 || control().is_none_or(|it| it.sockets == 0) {
        return false;
    }
    if state.verdict == KernelVerdict::Unknown as u8 {
        return state.turn == 0;
    }
    if state.verdict != KernelVerdict::Full as u8 {
        return false;
    }
    if let Some(entry) = VERDICTS.get_ptr(key) {
        // SAFETY: valid while the program runs.
        let entry = unsafe { &*entry };
        if entry.generation == state.generation && entry.socket != SocketSearch::Wanted as u32 {
            state.socket = SocketSearch::Over as u8;
            return false;
        }
    }
    true
}

#[inline(always)]
fn watch(caller: Caller, key: &ConnKey, state: &ConnState, writing_since: u64) {
    // SAFETY: a helper without arguments.
    let mut since = unsafe { bpf_ktime_get_ns() };
    let mut seen = 0;
    if let Some(before) = WATCHED.get_ptr(caller.tid) {
        // SAFETY: only this thread and its creation by user space write its entry.
        let before = unsafe { &*before };
        since = before.since;
        seen = before.seen;
    }
    let watch = Watch {
        handle: key.handle,
        generation: state.generation,
        writing_since,
        since,
        left: SIGHTINGS,
        seen,
    };
    // Without room, the socket is found at another time or not at all.
    let _ = WATCHED.insert(caller.tid, watch, 0);
}
