//! rustls, at its record layer.
//!
//! ```text
//! fn encrypt_outgoing(&mut self, plain: OutboundPlainMessage<'_>) -> OutboundOpaqueMessage;
//! fn decrypt_incoming<'a>(&mut self, encr: InboundOpaqueMessage<'a>)
//!     -> Result<Option<Decrypted<'a>>, Error>;
//! // which call, through boxes in `self`:
//! fn encrypt(&mut self, msg: OutboundPlainMessage<'_>, seq: u64)
//!     -> Result<OutboundOpaqueMessage, Error>;
//! fn decrypt<'a>(&mut self, msg: InboundOpaqueMessage<'a>, seq: u64)
//!     -> Result<InboundPlainMessage<'a>, Error>;
//! ```
//!
//! The attach cookie tells where layer and message are (`tracer_common::record`, which also says why
//! a connection is named by its encrypter and not by its layer). rustc chooses how
//! these messages are laid out; it has put what needs the strictest alignment first for years:
//!
//! ```text
//! OutboundPlainMessage  0: payload, either 0, &[u8] or &[&[u8]], start, end   32: typ, version
//! Ok(InboundPlainMessage)  0: tag   8: payload, &[u8]   24: typ, version
//! ```
//!
//! `typ` and `version` are numbers of variants. A pair that makes no sense says that the layout is
//! another one, and nothing is taken from it.

use core::ffi::c_void;

use aya_ebpf::{
    helpers::{bpf_probe_read_user, generated::bpf_loop},
    macros::uprobe,
    programs::ProbeContext,
};
use aya_log_ebpf::trace;
use tracer_common::{
    conn::{ConnKey, ConnState, INBOUND, OUTBOUND},
    cookie::Cookie,
    counters::Counter,
    event::PIECE,
    record::{self, RecordCounts, RecordPlaces, Registers},
    verdict::KernelVerdict,
};

use super::openssl::{cookie, end, say_goodbye};
use crate::{
    connection::{self, Caller},
    emit::{self, Moved},
    frame,
    maps::count,
};

/// Pieces of one record that are looked at; programs write a head and a body at once, or a few
/// frames.
const MAX_CHUNKS: u32 = 128;

/// What a record holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Content {
    Alert,
    Handshake,
    Data,
    Other,
}

/// A message that is about to be encrypted.
#[repr(C)]
#[derive(Clone, Copy)]
struct Outbound {
    payload: [u64; 4],
    typ_version: u64,
}

/// A message that was decrypted, or an error.
#[repr(C)]
#[derive(Clone, Copy)]
struct Inbound {
    tag: u64,
    buffer: u64,
    bytes: u64,
    typ_version: u64,
}

/// A slice of bytes.
#[repr(C)]
#[derive(Clone, Copy)]
struct Slice {
    buffer: u64,
    bytes: u64,
}

/// A record is about to be encrypted.
#[uprobe]
pub fn record_written(ctx: ProbeContext) -> u32 {
    let Some((record, outbound)) = Record::met::<Outbound>(&ctx) else {
        return 0;
    };
    record.begin(&ctx);
    match content(outbound.typ_version) {
        Content::Alert => say_goodbye(record.key.handle),
        Content::Data => {
            trace!(&ctx, "{:x} writes a record", record.key.handle);
            record.write(&outbound);
        }
        _ => record.pass(OUTBOUND),
    }
    0
}

/// A record was decrypted, or could not be.
#[uprobe]
pub fn record_read(ctx: ProbeContext) -> u32 {
    let Some((record, inbound)) = Record::met::<Inbound>(&ctx) else {
        return 0;
    };
    if inbound.tag as u8 != record.success {
        return 0;
    }
    record.begin(&ctx);
    match content(inbound.typ_version) {
        Content::Alert if is_final(&inbound) => end(&ctx, record.key.handle),
        Content::Data => {
            let handle = record.key.handle;
            trace!(&ctx, "{:x} reads {} bytes", handle, inbound.bytes);
            record.read(&inbound);
        }
        _ => record.pass(INBOUND),
    }
    0
}

/// What is known of a record in either direction, beside what it holds.
struct Record {
    cookie: Cookie,
    caller: Caller,
    key: ConnKey,
    counts: RecordCounts,
    /// Where the message is, or the result.
    message: u64,
    /// See `RecordPlaces`.
    success: u8,
}

impl Record {
    /// The record that a probe has met, and its message or result; `None` and counted if it cannot be
    /// read.
    #[inline(always)]
    fn met<Message: Copy>(ctx: &ProbeContext) -> Option<(Self, Message)> {
        let met = Self::try_met(ctx);
        if met.is_none() {
            count(Counter::LostStateCalls, 1);
        }
        met
    }

    #[inline(always)]
    fn try_met<Message: Copy>(ctx: &ProbeContext) -> Option<(Self, Message)> {
        let registers = frame::registers(ctx);
        let cookie = cookie(ctx);
        let places = RecordPlaces::of(cookie);
        let layer = layer(places, &registers)?;
        let caller = Caller::current();
        let record = Self {
            cookie,
            caller,
            // What lies in the first box: the encrypter.
            key: caller.key(peek(layer)?),
            counts: peek(places.counts.address(layer))?,
            message: places.message.address(&registers),
            success: places.success,
        };
        let message = peek(record.message)?;
        Some((record, message))
    }

    /// What was named the same before has ended, if this is the first record under its keys.
    #[inline(always)]
    fn begin(&self, ctx: &ProbeContext) {
        if self.counts.is_first() {
            end(ctx, self.key.handle);
        }
    }

    /// A record that holds no plaintext counts as well.
    #[inline(always)]
    fn pass(&self, direction: usize) {
        if let Some(state) = connection::find(&self.key) {
            self.follow(state, direction);
        }
    }

    /// Notes the record's number; those that were missed are a gap.
    #[inline(always)]
    fn follow(&self, state: &mut ConnState, direction: usize) {
        let number = if direction == OUTBOUND {
            self.counts.written
        } else {
            self.counts.read
        };
        let expected = &mut state.count_at[direction & 1];
        let skips = record::skips(*expected, number);
        *expected = number.wrapping_add(1);
        if skips {
            connection::skip(state, direction);
        }
    }

    /// The state of the connection, if its bytes are wanted in this direction.
    #[inline(always)]
    fn wanted(&self, direction: usize) -> Option<&'static mut ConnState> {
        let Some(state) = connection::find_or_open(&self.key, || self.cookie.source()) else {
            count(Counter::LostStateCalls, 1);
            return None;
        };
        if state.verdict == KernelVerdict::Ignore as u8 {
            state.ignored += 1;
            return None;
        }
        self.follow(state, direction);
        if connection::is_spent(&self.key, state, direction) {
            connection::skip(state, direction);
            return None;
        }
        Some(state)
    }

    #[inline(always)]
    fn read(&self, inbound: &Inbound) {
        if inbound.bytes == 0 || inbound.bytes > PIECE as u64 {
            return;
        }
        if let Some(state) = self.wanted(INBOUND) {
            let moved = Moved {
                buffer: inbound.buffer,
                bytes: inbound.bytes,
            };
            emit::record_moved(self.caller, &self.key, state, INBOUND, moved);
        }
    }

    #[inline(always)]
    fn write(&self, outbound: &Outbound) {
        if self.wanted(OUTBOUND).is_none() {
            return;
        }
        let [first, second, third, fourth] = outbound.payload;
        let mut chunks = Chunks {
            caller: self.caller,
            key: self.key,
            list: first,
            skipped: third,
            left: fourth.saturating_sub(third),
        };
        let mut slices = second;
        if first == 0 {
            // The slice in the message itself is a list of one.
            chunks.list = self.message + 8;
            chunks.skipped = 0;
            chunks.left = third;
            slices = 1;
        }
        let most = if slices < u64::from(MAX_CHUNKS) {
            slices as u32
        } else {
            MAX_CHUNKS
        };
        if chunks.left > PIECE as u64 {
            return;
        }
        // SAFETY: the callback has the helper's prototype, and `chunks` outlives the call.
        unsafe {
            bpf_loop(
                most,
                next_chunk as *mut c_void,
                (&raw mut chunks) as *mut c_void,
                0,
            )
        };
        if chunks.left > 0
            && let Some(state) = connection::find(&self.key)
        {
            // Beyond what is looked at: a gap of known length.
            state.offset[OUTBOUND] = state.offset[OUTBOUND].wrapping_add(chunks.left);
            count(Counter::LostFaultBytes, chunks.left);
        }
    }
}

/// What lies in the process's memory.
#[inline(always)]
fn peek<T: Copy>(address: u64) -> Option<T> {
    // SAFETY: a failed read is reported, not taken; all that is read here is made of numbers.
    unsafe { bpf_probe_read_user(address as *const T) }.ok()
}

/// Where the record layer is.
#[inline(always)]
fn layer(places: RecordPlaces, registers: &Registers) -> Option<u64> {
    let address = places.layer.address(registers);
    match places.layer.distance() {
        None => Some(address),
        Some(distance) => {
            let pointer = peek::<u64>(address)?;
            Some(pointer.wrapping_add(distance))
        }
    }
}

/// The kind of a message by `ContentType` and `ProtocolVersion`, two enums with a number for what
/// they do not know: one byte each, and two bytes each. Which of them comes first is told by what
/// makes sense; both TLS 1.2 and TLS 1.3 do.
#[inline(always)]
fn content(typ_version: u64) -> Content {
    let is_version = |number: u16| matches!(number, 4 | 5);
    let typ = if is_version((typ_version >> 16) as u16) {
        typ_version as u8
    } else if is_version(typ_version as u16) {
        (typ_version >> 32) as u8
    } else {
        return Content::Other;
    };
    match typ {
        1 => Content::Alert,
        2 => Content::Handshake,
        3 => Content::Data,
        _ => Content::Other,
    }
}

/// Whether an alert ends the connection: "close notify", or any that is fatal.
#[inline(always)]
fn is_final(alert: &Inbound) -> bool {
    matches!(peek::<[u8; 2]>(alert.buffer), Some([2, _] | [_, 0]))
}

/// What of a list of slices is one record.
#[repr(C)]
struct Chunks {
    caller: Caller,
    key: ConnKey,
    /// Where the list is.
    list: u64,
    /// Bytes that belong to records before.
    skipped: u64,
    /// Bytes still to come.
    left: u64,
}

/// `bpf_loop` callback (Linux 5.17); 1 ends the loop.
extern "C" fn next_chunk(index: u64, chunks: *mut Chunks) -> u64 {
    // SAFETY: the caller's live stack variable, see `write`.
    let chunks = unsafe { &mut *chunks };
    if chunks.left == 0 {
        return 1;
    }
    let at = chunks.list.wrapping_add(index * 16);
    let Some(slice) = peek::<Slice>(at) else {
        return 1;
    };
    if slice.bytes <= chunks.skipped {
        chunks.skipped -= slice.bytes;
        return 0;
    }
    let rest = slice.bytes - chunks.skipped;
    let bytes = if rest < chunks.left {
        rest
    } else {
        chunks.left
    };
    let buffer = slice.buffer.wrapping_add(chunks.skipped);
    chunks.skipped = 0;
    chunks.left -= bytes;
    let Some(state) = connection::find(&chunks.key) else {
        count(Counter::LostStateCalls, 1);
        return 1;
    };
    let moved = Moved { buffer, bytes };
    emit::record_moved(chunks.caller, &chunks.key, state, OUTBOUND, moved);
    0
}
