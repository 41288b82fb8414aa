//! From a finished call to events in the ring buffer: each byte is copied once, from the
//! process's memory into the record.

use core::ffi::c_void;

use aya_ebpf::helpers::generated::{bpf_ktime_get_ns, bpf_loop, bpf_probe_read_user};
use tracer_common::{
    conn::{ConnKey, ConnState, INBOUND, OUTBOUND},
    counters::Counter,
    endpoints::Endpoints,
    event::{CAPACITIES, EventHeader, EventKind, MAX_PIECES, PIECE},
    verdict::KernelVerdict,
};

use crate::{
    connection::{self, Caller},
    endpoints,
    maps::{EVENTS, control, count},
    watch,
};

const BPF_RB_NO_WAKEUP: u64 = 1;
const BPF_RB_FORCE_WAKEUP: u64 = 2;

/// A record of fixed capacity.
#[repr(C)]
struct Record<const CAPACITY: usize> {
    header: EventHeader,
    bytes: [u8; CAPACITY],
}

/// What all pieces of one call share.
struct Call<'a> {
    state: &'a ConnState,
    key: &'a ConnKey,
    tid: u32,
    time: u64,
    direction: u8,
    flags: u64,
}

/// Bytes that a call moved.
#[derive(Clone, Copy)]
pub struct Moved {
    /// Where they are in the process.
    pub buffer: u64,
    /// How many; more than 0.
    pub bytes: u64,
}

/// A move of bytes that the connection was charged with, and that is to be told.
pub struct Charged<'a> {
    call: Call<'a>,
    /// Of its first byte.
    pub offset: u64,
    /// How many of its bytes are copied, from the first on.
    pub forward: u64,
    /// How many follow these.
    pub beyond: u64,
}

/// A call moved bytes.
#[inline(always)]
pub fn moved(caller: Caller, key: &ConnKey, state: &mut ConnState, direction: usize, moved: Moved) {
    let Moved { buffer, bytes } = moved;
    if let Some(charged) = charge(caller, key, state, direction, bytes) {
        charged.forward(buffer);
    }
}

/// A part of a record was moved: at most [`PIECE`] bytes, which is what a record can hold.
#[inline(always)]
pub fn record_moved(
    caller: Caller,
    key: &ConnKey,
    state: &mut ConnState,
    direction: usize,
    moved: Moved,
) {
    let Moved { buffer, bytes } = moved;
    if let Some(charged) = charge(caller, key, state, direction, bytes) {
        charged.forward_piece(buffer);
    }
}

/// Counts bytes that moved; nothing if nobody wants to hear of them.
#[inline(always)]
pub fn charge<'a>(
    caller: Caller,
    key: &'a ConnKey,
    state: &'a mut ConnState,
    direction: usize,
    bytes: u64,
) -> Option<Charged<'a>> {
    connection::turn(key, state, direction);
    watch::moved(caller, key, state);
    let offset = state.offset[direction & 1];
    state.offset[direction & 1] = offset.wrapping_add(bytes);
    if state.verdict == KernelVerdict::Ignore as u8 {
        return None;
    }
    let left = u64::from(state.left[direction & 1]);
    let forward = if bytes < left { bytes } else { left };
    state.left[direction & 1] = (left - forward) as u32;
    let call = Call {
        state,
        key,
        tid: caller.tid,
        // SAFETY: a helper without arguments.
        time: unsafe { bpf_ktime_get_ns() },
        direction: direction as u8,
        flags: wake_flags(),
    };
    Some(Charged {
        call,
        offset,
        forward,
        beyond: bytes - forward,
    })
}

impl Charged<'_> {
    /// Copies the bytes from one buffer.
    #[inline(always)]
    pub fn forward(&self, buffer: u64) {
        if self.forward > 0 {
            forward_bytes(&self.call, buffer, self.offset, self.forward, self.beyond);
        }
        self.tell_beyond();
    }

    /// Copies the bytes of a record, at most [`PIECE`], from one buffer.
    #[inline(always)]
    pub fn forward_piece(&self, buffer: u64) {
        let len = if self.forward < PIECE as u64 {
            self.forward as u32
        } else {
            PIECE as u32
        };
        if len > 0 {
            piece(&self.call, buffer, self.offset, len, self.beyond);
        }
        self.tell_beyond();
    }

    /// What is not copied is told where it must be.
    #[inline(always)]
    pub fn tell_beyond(&self) {
        if self.beyond > 0 {
            let offset = self.offset + self.forward;
            beyond_cap(&self.call, offset, self.beyond, self.forward > 0);
        }
    }

    /// The bytes are out of reach: that they moved is all that can be told.
    #[inline(always)]
    pub fn lose(&self) {
        count(Counter::LostBufferBytes, self.forward);
        if self.call.state.verdict == KernelVerdict::Full as u8 {
            tell_size(&self.call, self.offset, self.forward + self.beyond);
        }
    }

    /// The header that pieces of the bytes have in common.
    #[inline(always)]
    pub fn header(&self) -> EventHeader {
        header(&self.call, self.offset, 0, self.beyond)
    }

    /// Whether the reader is to be woken, for [`sized`].
    #[inline(always)]
    pub fn flags(&self) -> u64 {
        self.call.flags
    }
}

/// The connection is gone, or the process says that it will write no more. False if nobody could be told.
#[inline(always)]
pub fn ended(caller: Caller, key: &ConnKey, state: &ConnState, kind: EventKind) -> bool {
    // SAFETY: a helper without arguments.
    let time = unsafe { bpf_ktime_get_ns() };
    let Some(mut record) = EVENTS.reserve::<EventHeader>(0) else {
        count(Counter::LostRingEvents, 1);
        return false;
    };
    record.write(EventHeader {
        time,
        handle: key.handle,
        generation: state.generation,
        offset: state.offset[OUTBOUND],
        rest: state.offset[INBOUND],
        tgid: key.tgid,
        tid: caller.tid,
        len: state.ignored,
        turn: state.turn,
        kind: kind as u8,
        direction: 0,
        source: state.source,
        zero: [0; 4],
    });
    record.submit(wake_flags());
    true
}

/// What a thread did on a socket.
pub struct SocketMove {
    pub caller: Caller,
    pub time: u64,
    /// Its address in the kernel.
    pub socket: u64,
    pub bytes: u64,
    pub direction: u8,
    /// The connection that it belongs to; 0 if that is to be found out.
    pub handle: u64,
    /// Of that connection.
    pub generation: u64,
    /// See `tracer_common::watch::Watch`.
    pub seen: u32,
    /// Likewise.
    pub left: u32,
}

/// A header and the ends of a socket.
#[repr(C)]
struct SocketRecord {
    header: EventHeader,
    endpoints: Endpoints,
}

/// Tells the ends of a socket that moved bytes, if it [has any](endpoints::is_known). False if nobody
/// could be told.
#[inline(always)]
pub fn socket(told: &SocketMove) -> bool {
    let Some(mut record) = EVENTS.reserve::<SocketRecord>(0) else {
        count(Counter::LostRingEvents, 1);
        return false;
    };
    let header = EventHeader {
        time: told.time,
        handle: told.handle,
        generation: told.generation,
        offset: told.socket,
        rest: told.bytes,
        tgid: told.caller.tgid,
        tid: told.caller.tid,
        len: size_of::<Endpoints>() as u32,
        turn: told.seen,
        kind: EventKind::Socket as u8,
        direction: told.direction,
        source: told.left as u16,
        zero: [0; 4],
    };
    let place = record.as_mut_ptr();
    // SAFETY: fields of the record that was reserved, of plain numbers, each of which is written before
    // it is told; in parts, as the whole would not fit on the stack.
    let read = unsafe {
        (&raw mut (*place).header).write(header);
        endpoints::read(told.socket, &mut (*place).endpoints)
    };
    if read.is_none() {
        record.discard(0);
        return false;
    }
    record.submit(wake_flags());
    true
}

/// Nobody is woken while the reader polls; a sleeping reader is woken by every event, since one
/// that was committed without waking it would hide the others from the kernel's own judgement.
#[inline(always)]
fn wake_flags() -> u64 {
    match control() {
        Some(control) if control.wake == 0 => BPF_RB_NO_WAKEUP,
        _ => BPF_RB_FORCE_WAKEUP,
    }
}

#[inline(always)]
fn forward_bytes(call: &Call<'_>, buffer: u64, offset: u64, forward: u64, beyond: u64) {
    if forward <= PIECE as u64 {
        piece(call, buffer, offset, forward as u32, beyond);
        return;
    }
    let pieces = Pieces {
        header: header(call, offset, 0, beyond),
        buffer,
        forward,
        flags: call.flags,
    };
    // SAFETY: the callback has the helper's prototype, and `pieces` outlives the call.
    unsafe {
        bpf_loop(
            MAX_PIECES as u32,
            next_piece as *mut c_void,
            (&raw const pieces) as *mut c_void,
            0,
        )
    };
    let most = (MAX_PIECES * PIECE) as u64;
    if forward > most {
        count(Counter::CountedBytes, forward - most);
    }
}

/// A long buffer on its way out, piece by piece. Constant over the loop: the verifier then needs
/// to look at one piece, and not at every number of pieces.
#[repr(C)]
struct Pieces {
    header: EventHeader,
    buffer: u64,
    forward: u64,
    flags: u64,
}

/// `bpf_loop` callback (Linux 5.17); 1 ends the loop.
extern "C" fn next_piece(index: u64, pieces: *const Pieces) -> u64 {
    // SAFETY: the caller's live stack variable, see `forward_bytes`.
    let pieces = unsafe { &*pieces };
    let done = index * PIECE as u64;
    if done >= pieces.forward {
        return 1;
    }
    let left = pieces.forward - done;
    let len = if left < PIECE as u64 {
        left
    } else {
        PIECE as u64
    };
    let header = EventHeader {
        offset: pieces.header.offset + done,
        len: len as u32,
        // What was not copied comes behind the last piece.
        rest: if left > PIECE as u64 {
            0
        } else {
            pieces.header.rest
        },
        ..pieces.header
    };
    record::<PIECE>(&header, pieces.buffer + done, pieces.flags);
    0
}

/// Bytes that are not copied. On an LLM connection their size and time are still told, so that
/// the exchange ends when it ended.
#[inline(always)]
fn beyond_cap(call: &Call<'_>, offset: u64, bytes: u64, told: bool) {
    if call.state.verdict != KernelVerdict::Full as u8 {
        count(Counter::SkippedBytes, bytes);
        return;
    }
    count(Counter::CountedBytes, bytes);
    if !told {
        tell_size(call, offset, bytes);
    }
}

/// Bytes of which only the size is told.
#[inline(always)]
fn tell_size(call: &Call<'_>, offset: u64, bytes: u64) {
    match EVENTS.reserve::<EventHeader>(0) {
        Some(mut record) => {
            record.write(header(call, offset, 0, bytes));
            record.submit(call.flags);
        }
        None => count(Counter::LostRingEvents, 1),
    }
}

/// One piece of at most [`PIECE`] bytes.
#[inline(always)]
fn piece(call: &Call<'_>, buffer: u64, offset: u64, len: u32, rest: u64) {
    sized(&header(call, offset, len, rest), buffer, call.flags);
}

/// The bytes that `header` announces, [`PIECE`] at most, in the smallest record that holds them.
#[inline(always)]
pub fn sized(header: &EventHeader, buffer: u64, flags: u64) {
    let len = header.len;
    if len <= CAPACITIES[0] as u32 {
        record::<{ CAPACITIES[0] }>(header, buffer, flags);
    } else if len <= CAPACITIES[1] as u32 {
        record::<{ CAPACITIES[1] }>(header, buffer, flags);
    } else if len <= CAPACITIES[2] as u32 {
        record::<{ CAPACITIES[2] }>(header, buffer, flags);
    } else if len <= CAPACITIES[3] as u32 {
        record::<{ CAPACITIES[3] }>(header, buffer, flags);
    } else if len <= CAPACITIES[4] as u32 {
        record::<{ CAPACITIES[4] }>(header, buffer, flags);
    } else if len <= CAPACITIES[5] as u32 {
        record::<{ CAPACITIES[5] }>(header, buffer, flags);
    } else {
        record::<{ CAPACITIES[6] }>(header, buffer, flags);
    }
}

#[inline(always)]
fn record<const CAPACITY: usize>(header: &EventHeader, buffer: u64, flags: u64) {
    let Some(mut entry) = EVENTS.reserve::<Record<CAPACITY>>(0) else {
        lost_to_full_ring(header.len);
        return;
    };
    let record = entry.as_mut_ptr();
    // The verifier wants the bound on the very register that is passed on (before Linux 6.3 also
    // if a copy of it was bounded earlier), so the optimiser must not see that it holds anyway.
    let len = core::hint::black_box(header.len);
    let len = if len > CAPACITY as u32 {
        CAPACITY as u32
    } else {
        len
    };
    // SAFETY: the record was just reserved with room for header and CAPACITY bytes.
    let failed = unsafe {
        (&raw mut (*record).header).write(*header);
        bpf_probe_read_user((&raw mut (*record).bytes).cast(), len, buffer as *const _)
    };
    if failed != 0 {
        entry.discard(flags);
        count(Counter::LostFaultBytes, u64::from(len));
        return;
    }
    entry.submit(flags);
}

#[inline(never)]
fn lost_to_full_ring(bytes: u32) {
    count(Counter::LostRingEvents, 1);
    count(Counter::LostRingBytes, u64::from(bytes));
}

#[inline(always)]
fn header(call: &Call<'_>, offset: u64, len: u32, rest: u64) -> EventHeader {
    EventHeader {
        time: call.time,
        handle: call.key.handle,
        generation: call.state.generation,
        offset,
        rest,
        tgid: call.key.tgid,
        tid: call.tid,
        len,
        turn: call.state.turn,
        kind: EventKind::Data as u8,
        direction: call.direction,
        source: call.state.source,
        zero: [0; 4],
    }
}
