use proptest::prelude::*;

use super::*;

/// A frame with these headers, which are text.
fn frame(headers: &[(&str, &str)], payload: &[u8]) -> Vec<u8> {
    let mut wire = Vec::new();
    for (name, value) in headers {
        wire.push(u8::try_from(name.len()).unwrap());
        wire.extend_from_slice(name.as_bytes());
        wire.push(7);
        wire.extend_from_slice(&u16::try_from(value.len()).unwrap().to_be_bytes());
        wire.extend_from_slice(value.as_bytes());
    }
    seal(&wire, payload)
}

/// A frame with headers as they are on the wire.
fn seal(headers: &[u8], payload: &[u8]) -> Vec<u8> {
    let total = u32::try_from(headers.len() + payload.len() + 16).unwrap();
    let mut frame = total.to_be_bytes().to_vec();
    frame.extend_from_slice(&u32::try_from(headers.len()).unwrap().to_be_bytes());
    frame.extend_from_slice(&crc32fast::hash(&frame).to_be_bytes());
    frame.extend_from_slice(headers);
    frame.extend_from_slice(payload);
    frame.extend_from_slice(&crc32fast::hash(&frame).to_be_bytes());
    frame
}

fn event(kind: &str, payload: &str) -> Vec<u8> {
    frame(
        &[
            (":event-type", kind),
            (":content-type", "application/json"),
            (":message-type", "event"),
        ],
        payload.as_bytes(),
    )
}

type Owned = (String, String, bool);

fn owned(event: Event<'_>) -> Owned {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(event.event), text(event.data), event.is_error)
}

fn parse(stream: &[u8], size: usize, limits: &Limits) -> (Vec<Owned>, u64) {
    let mut parser = EventStream::new(limits);
    let mut events = Vec::new();
    for piece in stream.chunks(size) {
        parser.feed(piece, &mut |event| events.push(owned(event)));
    }
    (events, parser.skipped())
}

/// Vectors of the format's published test suite, written out: an empty frame, and one with a
/// header and a payload.
#[test]
fn published_vectors() {
    const EMPTY: [u8; 16] = [
        0x00, 0x00, 0x00, 0x10, 0x00, 0x00, 0x00, 0x00, 0x05, 0xc2, 0x48, 0xeb, 0x7d, 0x98, 0xc8,
        0xff,
    ];
    const PAYLOAD: [u8; 29] = [
        0x00, 0x00, 0x00, 0x1d, 0x00, 0x00, 0x00, 0x00, 0xfd, 0x52, 0x8c, 0x5a, 0x7b, 0x27, 0x66,
        0x6f, 0x6f, 0x27, 0x3a, 0x27, 0x62, 0x61, 0x72, 0x27, 0x7d, 0xc3, 0x65, 0x39, 0x36,
    ];
    let limits = Limits::default();
    assert_eq!(
        parse(&EMPTY, 3, &limits),
        (vec![(String::new(), String::new(), false)], 0)
    );
    assert_eq!(
        parse(&PAYLOAD, 5, &limits),
        (vec![(String::new(), "{'foo':'bar'}".into(), false)], 0)
    );
}

#[test]
fn events_exceptions_and_errors() {
    let stream = [
        event("messageStart", r#"{"role":"assistant"}"#),
        frame(
            &[
                (":exception-type", "throttlingException"),
                (":content-type", "application/json"),
                (":message-type", "exception"),
            ],
            br#"{"message":"slow down"}"#,
        ),
        frame(
            &[
                (":message-type", "error"),
                (":error-code", "InternalError"),
                (":error-message", "oops"),
            ],
            b"",
        ),
    ]
    .concat();
    let expected: Vec<Owned> = vec![
        (
            "messageStart".into(),
            r#"{"role":"assistant"}"#.into(),
            false,
        ),
        (
            "throttlingException".into(),
            r#"{"message":"slow down"}"#.into(),
            true,
        ),
        ("InternalError".into(), String::new(), true),
    ];
    for size in 1..=stream.len() {
        assert_eq!(
            parse(&stream, size, &Limits::default()),
            (expected.clone(), 0),
            "in pieces of {size}"
        );
    }
}

#[test]
fn headers_of_all_types() {
    let mut headers = Vec::new();
    for (kind, value) in [
        (0, &[][..]),
        (1, &[]),
        (2, &[1]),
        (3, &[1, 2]),
        (4, &[1, 2, 3, 4]),
        (5, &[1, 2, 3, 4, 5, 6, 7, 8]),
        (6, &[0, 2, 1, 2]),
        (8, &[1, 2, 3, 4, 5, 6, 7, 8]),
        (9, &[7; 16]),
        (7, &[0, 3, b'a', b'b', b'c']),
    ] {
        headers.extend_from_slice(b"\x0b:event-type");
        headers.push(kind);
        headers.extend_from_slice(value);
    }
    let (events, skipped) = parse(&seal(&headers, b"{}"), 7, &Limits::default());
    assert_eq!(events, [("abc".into(), "{}".into(), false)]);
    assert_eq!(skipped, 0);
    for broken in [
        &b"\x0b:event-type\x0a"[..],
        b"\x0b:event-type\x07\x00\x09abc",
        b"\x50",
    ] {
        assert_eq!(
            parse(&seal(broken, b"{}"), 7, &Limits::default()),
            (vec![], 1)
        );
    }
}

#[test]
fn an_event_within_a_piece_is_not_copied() {
    let stream = event("a", "{}");
    EventStream::new(&Limits::default()).feed(&stream, &mut |event| {
        assert!(stream.as_ptr_range().contains(&event.data.as_ptr()));
    });
}

#[test]
fn a_frame_that_is_too_long_or_broken_is_left_out_and_counted() {
    let limits = Limits {
        event_bytes: 100,
        ..Limits::default()
    };
    let mut broken = event("b", "{\"b\":1}");
    let last = broken.len() - 1;
    broken[last] ^= 1;
    let stream = [
        event("a", "{}"),
        event("long", &"x".repeat(200)),
        broken,
        event("c", "{}"),
    ]
    .concat();
    for size in 1..=stream.len() {
        let (events, skipped) = parse(&stream, size, &limits);
        let kinds: Vec<_> = events.iter().map(|(kind, ..)| kind.as_str()).collect();
        assert_eq!((kinds, skipped), (vec!["a", "c"], 2), "in pieces of {size}");
    }
}

/// The frame that a search finds is judged by its prelude, also if nothing follows it.
#[test]
fn a_frame_that_is_found_is_judged_at_once() {
    let limits = Limits {
        event_bytes: 64,
        ..Limits::default()
    };
    let too_long = event("chunk", &"x".repeat(100));
    let stream = [&[0xff; PRELUDE_BYTES][..], &too_long[..PRELUDE_BYTES]].concat();
    for size in 1..=stream.len() {
        assert_eq!(parse(&stream, size, &limits), (Vec::new(), 2), "{size}");
    }
}

#[test]
fn after_a_loss_the_next_frame_is_found_by_its_checksums() {
    let (first, hit, last) = (
        event("a", "{}"),
        event("hit", "{\"x\":1}"),
        event("b", "{}"),
    );
    for cut in 0..hit.len() {
        let behind = [&hit[cut..], &last].concat();
        for size in [1, 2, 5, 11, 12, 13, 40, behind.len()] {
            let mut parser = EventStream::new(&Limits::default());
            let mut kinds = Vec::new();
            let mut keep = |event: Event<'_>| kinds.push(owned(event).0);
            parser.feed(&first, &mut keep);
            parser.feed(&hit[..cut / 2], &mut keep);
            parser.gap();
            for piece in behind.chunks(size) {
                parser.feed(piece, &mut keep);
            }
            let expected = if cut == 0 {
                vec!["a", "hit", "b"]
            } else {
                vec!["a", "b"]
            };
            assert_eq!(kinds, expected, "cut at {cut}, in pieces of {size}");
        }
    }
}

proptest! {
    #[test]
    fn any_split_with_noise_between_frames(
        parts in proptest::collection::vec(
            prop_oneof![
                Just(event("a", "{}")),
                Just(event("b", "{\"b\":[1,2,3]}")),
                proptest::collection::vec(any::<u8>(), 0..20),
            ],
            0..8,
        ),
        size in 1_usize..40,
    ) {
        let stream = parts.concat();
        let limits = Limits::default();
        prop_assert_eq!(parse(&stream, size, &limits), parse(&stream, usize::MAX, &limits));
    }

    #[test]
    fn any_bytes_in_any_pieces(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        fuzz_event_stream(&bytes);
    }
}
