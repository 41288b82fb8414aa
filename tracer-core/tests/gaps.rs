//! Whatever is lost of a streamed answer, no count of tokens comes out wrong: each is that of the
//! whole answer, or absent, and the call says that something is missing.

mod formats;
#[path = "http2/frames.rs"]
#[expect(dead_code, reason = "not all of a peer is needed here")]
mod frames;
#[expect(dead_code, reason = "not all of it is needed here")]
mod wire;

use std::{ops::Range, slice};

use formats::{Format, INPUT};
use frames::{Compression, PREFACE, SETTINGS, frame};
use proptest::prelude::*;
use tracer_core::{
    llm::{
        call::{CallFacts, CaptureState},
        usage::Usage,
    },
    segment::Direction,
};
use wire::{Player, Wire};

/// Pieces of each answer; counts that run along have one digit and two.
const PIECES: usize = 12;

/// What each side of a connection sends.
struct Traffic {
    name: String,
    out: Vec<u8>,
    inbound: Vec<u8>,
    /// Where each event of the answer ends.
    ends: Vec<usize>,
}

fn all() -> Vec<Traffic> {
    let formats = formats::all(PIECES);
    let chunked = formats.iter().map(chunked);
    let whole = formats.iter().map(whole);
    let http2 = formats.iter().map(http2);
    chunked.chain(whole).chain(http2).collect()
}

fn chunked(format: &Format) -> Traffic {
    let inbound = format.chunked();
    Traffic {
        name: format!("{}, chunked", format.name),
        out: format.request(),
        ends: ends(&format.events, b"\r\n\r\n", &inbound),
        inbound,
    }
}

/// With its length: here a reader finds what follows a loss.
fn whole(format: &Format) -> Traffic {
    let inbound = format.whole(None, &format.events.concat());
    Traffic {
        name: format!("{}, with its length", format.name),
        out: format.request(),
        ends: ends(&format.events, b"\r\n\r\n", &inbound),
        inbound,
    }
}

fn http2(format: &Format) -> Traffic {
    let mut out = [PREFACE, &frame(SETTINGS, 0, 0, b"")].concat();
    let fields = [
        (":method", "POST"),
        (":scheme", "https"),
        (":authority", format.host),
        (":path", format.path),
    ];
    out.extend(Compression::default().headers(1, &fields, 0));
    out.extend(frame(0, 1, 1, format.body.as_bytes()));
    let mut inbound = frame(SETTINGS, 0, 0, b"");
    let fields = [(":status", "200"), ("content-type", format.content_type)];
    inbound.extend(Compression::default().headers(1, &fields, 0));
    let head = inbound.clone();
    for event in &format.events {
        inbound.extend(frame(0, 0, 1, event));
    }
    inbound.extend(frame(0, 1, 1, b""));
    Traffic {
        name: format!("{}, HTTP/2", format.name),
        out,
        ends: ends(&format.events, &head, &inbound),
        inbound,
    }
}

/// Where each of the events ends on the wire, behind what the head ends with.
fn ends(events: &[Vec<u8>], head_end: &[u8], wire: &[u8]) -> Vec<usize> {
    let find = |needle: &[u8], from: usize| {
        let at = wire[from..]
            .windows(needle.len())
            .position(|window| window == needle);
        from + at.expect("it is there") + needle.len()
    };
    let mut at = find(head_end, 0);
    let mut ends = vec![at];
    for event in events {
        at = find(event, at);
        ends.push(at);
    }
    ends
}

/// The call of a connection on which these parts of the answer are lost.
fn call(traffic: &Traffic, lost: &[Range<usize>]) -> Option<CallFacts> {
    let mut player = Player::new();
    let mut wire = Wire::new(1);
    player.send(&mut wire, Direction::Outbound, &traffic.out);
    let mut at = 0;
    for lost in lost {
        if lost.start > at {
            let seen = &traffic.inbound[at..lost.start];
            player.send(&mut wire, Direction::Inbound, seen);
        }
        let from = lost.start.max(at);
        if lost.end > from {
            player.lose(&mut wire, Direction::Inbound, lost.end - from);
            at = lost.end;
        }
    }
    if at < traffic.inbound.len() {
        player.send(&mut wire, Direction::Inbound, &traffic.inbound[at..]);
    }
    player.close(wire);
    player.calls().pop().map(|call| call.facts().clone())
}

fn assert_no_count_is_wrong(traffic: &Traffic, whole: Usage, lost: &[Range<usize>]) {
    let Some(call) = call(traffic, lost) else {
        return;
    };
    let told = call.usage;
    for (name, told, whole) in [
        ("input", told.input, whole.input),
        ("output", told.output, whole.output),
        ("cache_read", told.cache_read, whole.cache_read),
        ("cache_creation", told.cache_creation, whole.cache_creation),
        ("reasoning", told.reasoning, whole.reasoning),
    ] {
        assert!(
            told.is_none() || told == whole,
            "{}: {name} is {told:?} instead of {whole:?} without {lost:?}",
            traffic.name
        );
    }
    assert_ne!(call.capture, CaptureState::Complete, "{}", traffic.name);
}

/// What the others compare with is right.
#[test]
fn nothing_lost_and_all_is_told() {
    for traffic in all() {
        let call = call(&traffic, &[]).expect("a call");
        let usage = call.usage;
        assert_eq!(
            (usage.input, usage.output),
            (Some(INPUT), Some(PIECES as u64)),
            "{}",
            traffic.name
        );
        assert_eq!(call.capture, CaptureState::Complete, "{}", traffic.name);
    }
}

/// Any events in a row, which a reader may not even miss.
#[test]
fn whole_events_are_lost() {
    for traffic in all() {
        let usage = call(&traffic, &[]).expect("a call").usage;
        for (at, from) in traffic.ends.iter().enumerate() {
            for to in traffic.ends.iter().skip(at + 1) {
                assert_no_count_is_wrong(&traffic, usage, slice::from_ref(&(*from..*to)));
            }
        }
    }
}

/// Everything behind some byte, of all kinds.
#[test]
fn the_rest_is_lost() {
    for traffic in all() {
        let usage = call(&traffic, &[]).expect("a call").usage;
        let length = traffic.inbound.len();
        for from in (0..length).step_by(7) {
            assert_no_count_is_wrong(&traffic, usage, slice::from_ref(&(from..length)));
        }
    }
}

/// What comes last still counts: a loss in the middle costs no count that is told behind it.
#[test]
fn counts_behind_a_loss_are_told() {
    for format in formats::all(PIECES) {
        let traffic = whole(&format);
        let lost = traffic.ends[5]..traffic.ends[9];
        let usage = call(&traffic, slice::from_ref(&lost))
            .expect("a call")
            .usage;
        assert_eq!(
            (usage.input, usage.output),
            (Some(INPUT), Some(PIECES as u64)),
            "{}",
            traffic.name
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_parts_are_lost(places in prop::collection::vec(any::<prop::sample::Index>(), 2..8)) {
        for traffic in all() {
            let usage = call(&traffic, &[]).expect("a call").usage;
            let length = traffic.inbound.len() + 1;
            let mut places: Vec<_> = places.iter().map(|place| place.index(length)).collect();
            places.sort_unstable();
            let lost: Vec<_> = places
                .chunks_exact(2)
                .filter(|pair| pair[0] < pair[1])
                .map(|pair| pair[0]..pair[1])
                .collect();
            if !lost.is_empty() {
                assert_no_count_is_wrong(&traffic, usage, &lost);
            }
        }
    }
}
