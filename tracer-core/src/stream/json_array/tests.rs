use proptest::prelude::*;

use super::*;

fn elements(stream: &str, size: usize) -> Vec<String> {
    let mut parser = JsonArray::new(&Limits::default());
    let mut elements = Vec::new();
    for piece in stream.as_bytes().chunks(size) {
        parser.feed(piece, &mut |event| {
            elements.push(String::from_utf8_lossy(event.data).into_owned());
        });
    }
    assert_eq!(parser.skipped(), 0);
    elements
}

fn assert_elements(stream: &str, expected: &[&str]) {
    for size in 1..=stream.len() {
        assert_eq!(
            elements(stream, size),
            expected,
            "{stream:?} in pieces of {size}"
        );
    }
}

/// Gemini's line breaks: `[{`, CR LF `,` CR LF `{`, `]`.
#[test]
fn elements_as_gemini_writes_them() {
    assert_elements(
        "[{\n  \"a\": [1, {\"b\": \"]}\"}]\n}\n,\r\n{\n  \"c\": \"\\\"}\\\\\"\n}\n]\n",
        &[
            "{\n  \"a\": [1, {\"b\": \"]}\"}]\n}",
            "{\n  \"c\": \"\\\"}\\\\\"\n}",
        ],
    );
}

#[test]
fn elements_of_any_kind() {
    assert_elements("[]", &[]);
    assert_elements(" \r\n[ ] trailing", &[]);
    assert_elements(
        "[1,true ,\"a,b\",[2,[3]],{}]",
        &["1", "true", "\"a,b\"", "[2,[3]]", "{}"],
    );
    assert_elements("[{\"a\":1},{\"b\":", &["{\"a\":1}"]);
    assert_elements("{\"a\":[{},{}]}", &[]);
}

#[test]
fn an_element_comes_out_with_its_last_byte() {
    let mut parser = JsonArray::new(&Limits::default());
    let mut events = 0;
    parser.feed(b"[{\"a\":{}}", &mut |_| events += 1);
    assert_eq!(events, 1);
}

#[test]
fn an_element_within_a_piece_is_not_copied() {
    let stream = b"[{\"a\":1}]";
    JsonArray::new(&Limits::default()).feed(stream, &mut |event| {
        assert!(std::ptr::eq(event.data, &stream[1..8]));
    });
}

#[test]
fn what_is_too_long_or_too_deep_is_left_out_and_counted() {
    let limits = Limits {
        event_bytes: 400,
        ..Limits::default()
    };
    let long = format!("{{\"a\":\"{}\"}}", "x".repeat(400));
    let deep = format!("{}{}", "[".repeat(150), "]".repeat(150));
    let stream = format!("[1,{long},{deep},2]");
    for size in 1..=stream.len() {
        let mut parser = JsonArray::new(&limits);
        let mut data = String::new();
        for piece in stream.as_bytes().chunks(size) {
            parser.feed(piece, &mut |event| {
                data.push_str(&String::from_utf8_lossy(event.data));
            });
        }
        assert_eq!(
            (data.as_str(), parser.skipped()),
            ("12", 2),
            "in pieces of {size}"
        );
    }
}

/// The text behind the loss looks like borders, but stands in a string or deeper.
#[test]
fn after_a_loss_the_next_line_that_begins_with_a_comma_is_a_border() {
    let behind = "lost\\n,\\n{\"x\"},{\"y\":1},\n    {\"z\":1}\n}\n,\r\n{\n\"b\":2}\n]";
    for size in 1..=behind.len() {
        let mut parser = JsonArray::new(&Limits::default());
        let mut elements = Vec::new();
        let mut keep =
            |event: Event<'_>| elements.push(String::from_utf8_lossy(event.data).into_owned());
        parser.feed(b"[{\"a\":1}\n,\r\n{\"t\":\"", &mut keep);
        parser.gap();
        for piece in behind.as_bytes().chunks(size) {
            parser.feed(piece, &mut keep);
        }
        assert_eq!(
            elements,
            ["{\"a\":1}", "{\n\"b\":2}"],
            "in pieces of {size}"
        );
        assert_eq!(parser.skipped(), 1);
    }
}

proptest! {
    /// What `serde_json` writes and reads as an array has these elements.
    #[test]
    fn elements_are_those_of_a_json_parser(
        texts in proptest::collection::vec(any::<String>(), 0..8),
        size in 1_usize..20,
        pretty in any::<bool>(),
    ) {
        let values: Vec<_> = texts
            .iter()
            .map(|text| serde_json::json!({"t": text, "l": [text, 1, null]}))
            .collect();
        let stream = if pretty {
            serde_json::to_string_pretty(&values)
        } else {
            serde_json::to_string(&values)
        };
        let read: Vec<serde_json::Value> = elements(&stream.unwrap(), size)
            .iter()
            .map(|element| serde_json::from_str(element).unwrap())
            .collect();
        prop_assert_eq!(read, values);
    }

    #[test]
    fn any_bytes_in_any_pieces(bytes in proptest::collection::vec(
        prop_oneof![
            Just(b'['), Just(b']'), Just(b'{'), Just(b'}'), Just(b','), Just(b'"'), Just(b'\\'),
            Just(b'\n'), any::<u8>(),
        ],
        0..300,
    )) {
        fuzz_json_array(&bytes);
    }
}
