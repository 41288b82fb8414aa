//! What connections and streams cost in memory, counted by the allocator.
//!
//! Alone in its binary, and one test: other threads would be counted, too.

mod wire;

use std::{
    alloc::{GlobalAlloc, Layout, System},
    sync::atomic::{AtomicUsize, Ordering},
};

use tracer_core::segment::Direction;
use wire::{CHAT_ANSWER, CHAT_BODY, Player, Wire, chat_request, chat_stream, chunked, json};

/// Counts the bytes that are allocated now.
struct Counting;

static ALLOCATED: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call is handed on to the system's allocator as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATED.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promises are those of the system's allocator.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        ALLOCATED.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Connections that are averaged over, so that what all of them share does not matter.
const CONNECTIONS: u64 = 1_000;

fn allocated() -> usize {
    ALLOCATED.load(Ordering::Relaxed)
}

/// Bytes that each connection keeps after it was used.
fn kept(mut play: impl FnMut(&mut Player, &mut Wire)) -> usize {
    let mut player = Player::new();
    let before = allocated();
    let mut wires: Vec<_> = (0..CONNECTIONS).map(Wire::new).collect();
    let wire_bytes = size_of_val(wires.as_slice());
    for wire in &mut wires {
        play(&mut player, wire);
        drop(player.calls());
    }
    let kept = allocated() - before - wire_bytes;
    for wire in wires {
        player.close(wire);
        drop(player.calls());
    }
    let left = allocated() - before;
    assert!(
        left < kept / 8,
        "of {kept} bytes {left} are left when all is over"
    );
    kept / usize::try_from(CONNECTIONS).expect("small")
}

#[test]
fn connections_and_streams_stay_small() {
    let request = chat_request(CHAT_BODY);

    let idle = kept(|player, wire| player.exchange(wire, &request, &json(CHAT_ANSWER)));
    println!("an idle connection after a document: {idle} bytes");
    assert!(idle < 4 << 10, "{idle}");

    let stream = chunked("text/event-stream", &chat_stream(200));
    let idle = kept(|player, wire| player.exchange(wire, &request, &stream));
    println!("an idle connection after a stream: {idle} bytes");
    assert!(idle < 4 << 10, "{idle}");

    // Up to the last piece of text, in the middle of an event.
    let part = &stream[..stream.len() - 300];
    let open = kept(|player, wire| {
        player.send(wire, Direction::Outbound, &request);
        player.send_in(wire, Direction::Inbound, part, 700);
    });
    println!("a stream of 200 chunks under way: {open} bytes");
    assert!(open < 64 << 10, "{open}");

    let quiet = kept(|player, wire| player.send(wire, Direction::Inbound, &[7; 512]));
    println!("a connection of which nothing is known: {quiet} bytes");
    assert!(quiet < 4 << 10, "{quiet}");
}
