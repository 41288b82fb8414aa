//! Life and state of connections: found or opened at entry, charged at return, ended on free.

use aya_ebpf::helpers::{bpf_get_current_pid_tgid, generated::bpf_ktime_get_ns};
use tracer_common::{
    conn::{ConnKey, ConnState, INBOUND, OUTBOUND},
    verdict::KernelVerdict,
};

use crate::maps::{CONNECTIONS, EXCLUDED, VERDICTS, control};

/// Put into a map whatever is there.
const BPF_ANY: u64 = 0;
/// Put into a map only what is not there.
const BPF_NOEXIST: u64 = 1;

/// Which process and thread is running.
#[derive(Clone, Copy)]
pub struct Caller {
    pub tgid: u32,
    pub tid: u32,
}

impl Caller {
    #[inline(always)]
    pub fn current() -> Self {
        let id = bpf_get_current_pid_tgid();
        Self {
            tgid: (id >> 32) as u32,
            tid: id as u32,
        }
    }

    #[inline(always)]
    pub fn key(self, handle: u64) -> ConnKey {
        ConnKey {
            tgid: self.tgid,
            zero: 0,
            handle,
        }
    }
}

/// The state of a connection, opened if this is its first call (and ignored from the start if the
/// process is excluded); `None` if there is no room.
#[inline(always)]
pub fn find_or_open(key: &ConnKey, source: impl FnOnce() -> u16) -> Option<&'static mut ConnState> {
    match find(key) {
        Some(state) if state.closed == 0 => Some(state),
        Some(_) => open(key, source(), BPF_ANY),
        None => open(key, source(), BPF_NOEXIST),
    }
}

/// The state of a known connection.
#[inline(always)]
pub fn find(key: &ConnKey) -> Option<&'static mut ConnState> {
    let state = CONNECTIONS.get_ptr_mut(key)?;
    // SAFETY: the pointer is valid while the program runs. A TLS object is never used by two
    // threads at once (its library forbids it), so nobody else writes. Go alone reads and writes at
    // once: what belongs to one direction is then written by one of the two, and what both write
    // (turn, budget, verdict) is a judgement of cost, not of bytes. An evicted element is reused at once: in
    // that race another connection's state gets a wrong count, which its generation does not show.
    Some(unsafe { &mut *state })
}

/// Who reads and who writes may both be the first: whoever comes second takes the state that is there
/// by then. With one of its own the two directions would be those of two connections.
#[inline(never)]
fn open(key: &ConnKey, source: u16, flags: u64) -> Option<&'static mut ConnState> {
    let control = control()?;
    let excluded = key.tgid == control.own_tgid || EXCLUDED.get_ptr(key.tgid).is_some();
    let verdict = if excluded {
        KernelVerdict::Ignore
    } else {
        KernelVerdict::Unknown
    };
    let state = ConnState {
        // SAFETY: a helper without arguments.
        generation: unsafe { bpf_ktime_get_ns() },
        left: control.head,
        verdict: verdict as u8,
        last: OUTBOUND as u8,
        source,
        ..ConnState::default()
    };
    // Fails where there is no room, and then none is found; or where somebody was faster.
    let _ = CONNECTIONS.insert(key, &state, flags);
    find(key).filter(|state| state.closed == 0)
}

/// Whether this turn's head has been forwarded and nothing else is wanted of it. User space judges
/// such a connection by heads, so no more than that is paid for until it turns or is judged.
#[inline(always)]
pub fn is_spent(key: &ConnKey, state: &mut ConnState, direction: usize) -> bool {
    if state.left[direction & 1] != 0
        || state.last != direction as u8
        || state.verdict == KernelVerdict::Full as u8
    {
        return false;
    }
    if state.verdict == KernelVerdict::Unknown as u8 {
        adopt_verdict(key, state, false);
    }
    state.left[direction & 1] == 0 && state.verdict != KernelVerdict::Full as u8
}

/// A call whose result is not looked at: how far the stream goes on is not known, but that it does
/// shows as a gap.
#[inline(always)]
pub fn skip(state: &mut ConnState, direction: usize) {
    state.offset[direction & 1] = state.offset[direction & 1].wrapping_add(1);
}

/// Takes note of a move of bytes in `direction`: turns, and what user space has decided since.
#[inline(always)]
pub fn turn(key: &ConnKey, state: &mut ConnState, direction: usize) {
    let turned = direction == OUTBOUND && state.last == INBOUND as u8;
    state.last = direction as u8;
    if turned {
        state.turn = state.turn.wrapping_add(1);
        if state.verdict == KernelVerdict::Unknown as u8
            && let Some(control) = control()
        {
            // Not judged by what was forwarded so far: the next request gets a new chance.
            state.left = control.head;
        }
    }
    // A full verdict can only be taken back at a turn; all others may change at any time.
    if turned || state.verdict != KernelVerdict::Full as u8 {
        adopt_verdict(key, state, turned);
    }
}

#[inline(always)]
fn adopt_verdict(key: &ConnKey, state: &mut ConnState, turned: bool) {
    let Some(entry) = VERDICTS.get_ptr(key) else {
        return;
    };
    // SAFETY: valid while the program runs; a torn read is impossible for the fields' size, and
    // an entry for another generation is recognised.
    let entry = unsafe { *entry };
    if entry.generation != state.generation {
        return;
    }
    let changed = state.verdict != entry.verdict as u8;
    if changed || turned {
        state.verdict = entry.verdict as u8;
        state.left = entry.caps;
    }
}
