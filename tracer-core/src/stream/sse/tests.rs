use proptest::prelude::*;

use super::*;

type Owned = (String, String, String);

fn owned(event: Event<'_>) -> Owned {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(event.event), text(event.data), text(event.id))
}

/// The events of a stream that comes in pieces of `size` bytes, and the one left at its end.
fn parse(stream: &[u8], size: usize) -> (Vec<Owned>, Option<Owned>) {
    let mut parser = Sse::new(&Limits::default());
    let mut events = Vec::new();
    for piece in stream.chunks(size) {
        parser.feed(piece, &mut |event| events.push(owned(event)));
    }
    let left = parser.finish().map(owned);
    (events, left)
}

fn assert_events(stream: &str, expected: &[(&str, &str, &str)]) {
    let expected: Vec<Owned> = expected
        .iter()
        .map(|(event, data, id)| ((*event).into(), (*data).into(), (*id).into()))
        .collect();
    for size in 1..=stream.len() {
        assert_eq!(
            parse(stream.as_bytes(), size).0,
            expected,
            "{stream:?} in pieces of {size}"
        );
    }
}

/// The examples of section 9.2.6 of the standard.
#[test]
fn examples_of_the_standard() {
    assert_events(
        "data: YHOO\ndata: +2\ndata: 10\n\n",
        &[("", "YHOO\n+2\n10", "")],
    );
    assert_events(
        ": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n",
        &[
            ("", "first event", "1"),
            ("", "second event", ""),
            ("", " third event", ""),
        ],
    );
    assert_events(
        "data\n\ndata\ndata\n\ndata:",
        &[("", "", ""), ("", "\n", "")],
    );
    assert_events(
        "data:test\n\ndata: test\n\n",
        &[("", "test", ""), ("", "test", "")],
    );
}

#[test]
fn the_three_line_ends_and_their_mixtures() {
    for stream in [
        "data: a\n\ndata: b\n\n",
        "data: a\r\n\r\ndata: b\r\n\r\n",
        "data: a\r\rdata: b\r\r",
    ] {
        assert_events(stream, &[("", "a", ""), ("", "b", "")]);
    }
    assert_events(
        "data: a\r\n\ndata: b\n\r\ndata: c\r\n\r",
        &[("", "a", ""), ("", "b", ""), ("", "c", "")],
    );
    assert_events("\n\r\n\r\rdata: a\n\n\n\n", &[("", "a", "")]);
}

/// A CR may be all of a blank line: its event must not wait for the next byte.
#[test]
fn an_event_comes_out_with_the_first_byte_of_its_blank_line() {
    let mut parser = Sse::new(&Limits::default());
    let mut events = 0;
    parser.feed(b"data: a\r\n\r", &mut |_| events += 1);
    assert_eq!(events, 1);
    parser.feed(b"\ndata: b\n\n", &mut |_| events += 1);
    assert_eq!(events, 2);
}

#[test]
fn fields_comments_and_the_byte_order_mark() {
    assert_events(
        "\u{feff}event: ping\nevent: delta\ndata: {\"a\":1}\nretry: 10\nother: x\n: OPENROUTER PROCESSING\n\n",
        &[("delta", "{\"a\":1}", "")],
    );
    assert_events("\u{feff}\ndata: a\n\n\u{feff}data: b\n\n", &[("", "a", "")]);
    assert_events("event: lost\n\ndata: a\n\n", &[("", "a", "")]);
    assert_events(
        "id: 1\n\nid: 2\0\ndata: a\n\nid:\ndata: b\n\n",
        &[("", "a", "1"), ("", "b", "")],
    );
    assert_events("Data: a\ndata : b\n data: c\ndata: d\n\n", &[("", "d", "")]);
}

#[test]
fn what_is_under_way_at_the_end_is_no_event() {
    for stream in ["data: a\n\ndata: [DONE]", "data: a\n\ndata: [DONE]\n"] {
        for size in 1..=stream.len() {
            let (events, left) = parse(stream.as_bytes(), size);
            assert_eq!(events.len(), 1);
            assert_eq!(left, Some(("".into(), "[DONE]".into(), "".into())));
        }
    }
    assert_eq!(parse(b"data: a\n\n: comment\n", 3).1, None);
}

#[test]
fn an_event_within_a_piece_is_not_copied() {
    let stream = b"data: 0123456789\n\n";
    Sse::new(&Limits::default()).feed(stream, &mut |event| {
        assert!(std::ptr::eq(event.data, &stream[6..16]))
    });
}

#[test]
fn an_event_over_the_bound_is_left_out_and_counted() {
    let limits = Limits {
        event_bytes: 32,
        ..Limits::default()
    };
    let stream = format!("data: a\n\ndata: {}\n\ndata: b\n\n", "x".repeat(100));
    for size in 1..=stream.len() {
        let mut parser = Sse::new(&limits);
        let mut data = String::new();
        for piece in stream.as_bytes().chunks(size) {
            parser.feed(piece, &mut |event| data.push_str(&owned(event).1));
        }
        assert_eq!(
            (data.as_str(), parser.skipped()),
            ("ab", 1),
            "in pieces of {size}"
        );
    }
}

#[test]
fn an_event_over_the_bound_sets_no_id() {
    let limits = Limits {
        event_bytes: 32,
        ..Limits::default()
    };
    let stream = format!("id: 1\ndata: {}\n\ndata: b\n\n", "x".repeat(100));
    for size in 1..=stream.len() {
        let mut parser = Sse::new(&limits);
        let mut ids = Vec::new();
        for piece in stream.as_bytes().chunks(size) {
            parser.feed(piece, &mut |event| ids.push(owned(event).2));
        }
        assert_eq!(ids, [""], "in pieces of {size}");
    }
}

/// The event that was hit is dropped, even if the loss ended within it or before its blank line.
#[test]
fn after_a_loss_the_next_event_is_whole() {
    for behind in [
        "lost\"}\n\ndata: b\n\n",
        "\n\ndata: b\n\n",
        "\r\n\r\ndata: b\n\n",
    ] {
        let mut parser = Sse::new(&Limits::default());
        let mut events = Vec::new();
        parser.feed(b"data: a\n\ndata: {\"x\":\"", &mut |event| {
            events.push(owned(event).1)
        });
        parser.gap();
        parser.feed(behind.as_bytes(), &mut |event| events.push(owned(event).1));
        assert_eq!(events, ["a", "b"], "{behind:?}");
        assert_eq!(parser.skipped(), 1);
    }
}

proptest! {
    #[test]
    fn any_split_gives_the_same_events(
        parts in proptest::collection::vec(
            prop_oneof![
                Just("data: x"), Just("data"), Just("data:"), Just("event: e"), Just("id: 7"), Just(":"),
                Just("\n"), Just("\r"), Just("\r\n"), Just("\n\n"), Just("\u{feff}"), Just("y"),
            ],
            0..60,
        ),
        size in 1usize..12,
    ) {
        let stream = parts.concat();
        prop_assert_eq!(parse(stream.as_bytes(), size), parse(stream.as_bytes(), usize::MAX));
    }

    #[test]
    fn any_bytes_in_any_pieces(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        fuzz_sse(&bytes);
    }
}
