//! Bytes that one system call moved from or to several buffers.

use core::ffi::c_void;

use aya_ebpf::helpers::{bpf_probe_read_kernel, generated::bpf_loop};
use tracer_common::{
    counters::Counter,
    event::{EventHeader, MAX_PIECES, PIECE},
};

use crate::{
    emit::{self, Charged},
    maps::count,
    syscall,
};

/// Most vectors of a call (`UIO_MAXIOV`).
const MAX_VECTORS: usize = 1024;

/// Vectors on their way out. Constant over the loop but for the place, see [`place`].
#[repr(C)]
struct Vectors {
    header: EventHeader,
    array: u64,
    vectors: u64,
    forward: u64,
    flags: u64,
    place: Place,
}

/// How far the loop has come.
#[derive(Clone, Copy)]
#[repr(C)]
struct Place {
    /// Vectors that are done.
    index: u64,
    /// Bytes of the next one that are done.
    within: u64,
    /// Bytes that are done in all.
    done: u64,
}

/// Copies what is to be forwarded of a move from the vectors, as one event or more for each.
#[inline(always)]
pub fn forward(charged: &Charged<'_>, array: u64, vectors: u64) {
    if charged.forward > 0 {
        let mut context = Vectors {
            header: charged.header(),
            array,
            vectors,
            forward: charged.forward,
            flags: charged.flags(),
            place: Place {
                index: 0,
                within: 0,
                done: 0,
            },
        };
        // SAFETY: the callback has the helper's prototype, and `context` outlives the call.
        unsafe {
            bpf_loop(
                (MAX_VECTORS + MAX_PIECES) as u32,
                next_part as *mut c_void,
                (&raw mut context).cast(),
                0,
            )
        };
        if let Some(place) = place(&raw const context)
            && place.done < charged.forward
        {
            count(Counter::LostFaultBytes, charged.forward - place.done);
        }
    }
    charged.tell_beyond();
}

/// `bpf_loop` callback: one piece of one vector; 1 ends the loop.
extern "C" fn next_part(_index: u64, context: *mut Vectors) -> u64 {
    let Some(place) = place(context) else {
        return 1;
    };
    // SAFETY: the caller's live stack variable, see `forward`.
    let vectors = unsafe { &mut *context };
    if place.index >= vectors.vectors || place.done >= vectors.forward {
        return 1;
    }
    let Some(vector) = syscall::vector(vectors.array, place.index) else {
        return 1;
    };
    let in_vector = vector.len.saturating_sub(place.within);
    if in_vector == 0 {
        vectors.place = Place {
            index: place.index + 1,
            within: 0,
            done: place.done,
        };
        return 0;
    }
    let left = vectors.forward - place.done;
    let len = least(least(in_vector, left), PIECE as u64);
    let header = EventHeader {
        offset: vectors.header.offset + place.done,
        len: len as u32,
        // What was not copied comes behind the last piece.
        rest: if len < left { 0 } else { vectors.header.rest },
        ..vectors.header
    };
    emit::sized(
        &header,
        vector.base.wrapping_add(place.within),
        vectors.flags,
    );
    vectors.place = Place {
        index: place.index,
        within: place.within + len,
        done: place.done + len,
    };
    0
}

/// Reads the place without the verifier following its value from one round to the next: each round
/// then looks like every other.
#[inline(always)]
fn place(context: *const Vectors) -> Option<Place> {
    // SAFETY: the caller's live stack variable; a failed read is reported, not taken.
    unsafe { bpf_probe_read_kernel(&raw const (*context).place) }.ok()
}

#[inline(always)]
fn least(one: u64, other: u64) -> u64 {
    if one < other { one } else { other }
}
