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
//! The attach cookie tells where layer and message are (`tracer_common::record`). rustc chooses how
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
    record::{RecordPlaces, Registers},
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
    let registers = frame::registers(&ctx);
    let cookie = cookie(&ctx);
    let places = RecordPlaces::of(cookie);
    let Some(handle) = layer(places, &registers) else {
        count(Counter::LostStateCalls, 1);
        return 0;
    };
    let message = places.message.address(&registers);
    // SAFETY: a failed read is reported, not taken.
    let Ok(outbound) = (unsafe { bpf_probe_read_user(message as *const Outbound) }) else {
        count(Counter::LostStateCalls, 1);
        return 0;
    };
    match content(outbound.typ_version) {
        // The first record under a key: what had this address before has ended.
        Content::Handshake if is_first(handle, places) => end(&ctx, handle),
        Content::Alert => say_goodbye(handle),
        Content::Data => {
            trace!(&ctx, "{:x} writes a record", handle);
            write(cookie, handle, message, &outbound);
        }
        _ => {}
    }
    0
}

/// A record was decrypted, or could not be.
#[uprobe]
pub fn record_read(ctx: ProbeContext) -> u32 {
    let registers = frame::registers(&ctx);
    let cookie = cookie(&ctx);
    let places = RecordPlaces::of(cookie);
    let Some(handle) = layer(places, &registers) else {
        count(Counter::LostStateCalls, 1);
        return 0;
    };
    let result = places.message.address(&registers);
    // SAFETY: as above.
    let Ok(inbound) = (unsafe { bpf_probe_read_user(result as *const Inbound) }) else {
        count(Counter::LostStateCalls, 1);
        return 0;
    };
    if inbound.tag as u8 != places.detail {
        return 0;
    }
    match content(inbound.typ_version) {
        Content::Alert if is_final(&inbound) => end(&ctx, handle),
        Content::Data => {
            trace!(&ctx, "{:x} reads {} bytes", handle, inbound.bytes);
            read(cookie, handle, &inbound);
        }
        _ => {}
    }
    0
}

/// Where the record layer is.
#[inline(always)]
fn layer(places: RecordPlaces, registers: &Registers) -> Option<u64> {
    let address = places.layer.address(registers);
    match places.layer.distance() {
        None => Some(address),
        Some(distance) => {
            // SAFETY: a failed read is reported, not taken.
            let pointer = unsafe { bpf_probe_read_user(address as *const u64) };
            pointer.ok().map(|pointer| pointer.wrapping_add(distance))
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

/// Whether no record has been encrypted under this key.
#[inline(always)]
fn is_first(handle: u64, places: RecordPlaces) -> bool {
    let counter = handle.wrapping_add(u64::from(places.detail) * 8);
    // SAFETY: a failed read is reported, not taken.
    let records = unsafe { bpf_probe_read_user(counter as *const u64) };
    records == Ok(0)
}

/// Whether an alert ends the connection: "close notify", or any that is fatal.
#[inline(always)]
fn is_final(alert: &Inbound) -> bool {
    // SAFETY: a failed read is reported, not taken.
    let read = unsafe { bpf_probe_read_user(alert.buffer as *const [u8; 2]) };
    matches!(read, Ok([2, _] | [_, 0]))
}

#[inline(always)]
fn read(cookie: Cookie, handle: u64, inbound: &Inbound) {
    let caller = Caller::current();
    let key = caller.key(handle);
    if inbound.bytes == 0 || inbound.bytes > PIECE as u64 {
        return;
    }
    if let Some(state) = wanted(&key, cookie, INBOUND) {
        let moved = Moved {
            buffer: inbound.buffer,
            bytes: inbound.bytes,
        };
        emit::record_moved(caller, &key, state, INBOUND, moved);
    }
}

#[inline(always)]
fn write(cookie: Cookie, handle: u64, message: u64, outbound: &Outbound) {
    let caller = Caller::current();
    let key = caller.key(handle);
    if wanted(&key, cookie, OUTBOUND).is_none() {
        return;
    }
    let [first, second, third, fourth] = outbound.payload;
    let mut chunks = if first == 0 {
        Chunks {
            caller,
            key,
            // The slice in the message itself is a list of one.
            list: message + 8,
            skipped: 0,
            left: third,
        }
    } else {
        Chunks {
            caller,
            key,
            list: first,
            skipped: third,
            left: fourth.saturating_sub(third),
        }
    };
    let slices = if first == 0 { 1 } else { second };
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
        && let Some(state) = connection::find(&key)
    {
        // Beyond what is looked at: a gap of known length.
        state.offset[OUTBOUND] = state.offset[OUTBOUND].wrapping_add(chunks.left);
        count(Counter::LostFaultBytes, chunks.left);
    }
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
    // SAFETY: a failed read is reported, not taken.
    let Ok(slice) = (unsafe { bpf_probe_read_user(at as *const Slice) }) else {
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

/// The state of a connection whose bytes are wanted in this direction.
#[inline(always)]
fn wanted(key: &ConnKey, cookie: Cookie, direction: usize) -> Option<&'static mut ConnState> {
    let Some(state) = connection::find_or_open(key, || cookie.source()) else {
        count(Counter::LostStateCalls, 1);
        return None;
    };
    if state.verdict == KernelVerdict::Ignore as u8 {
        state.ignored += 1;
        return None;
    }
    if connection::is_spent(key, state, direction) {
        connection::skip(state, direction);
        return None;
    }
    Some(state)
}
