//! What whole exchanges look like: streams, heads, bodies, times.

use super::*;

#[test]
fn exchanges_follow_each_other_and_share_a_table() {
    let mut on = Pair::default();
    let operations = [
        out(on.post(1, b"body", 2)),
        inn(frame(SETTINGS, 0, 0, b"\0\x05\0\0\x80\0")),
        inn(on.answer(1, b"{}")),
        out(frame(SETTINGS, 1, 0, b"")),
        out(on.post(3, b"body", 100)),
        inn(on.answer(3, b"{}")),
        out(on.get(5, "/")),
        inn(on.server.headers(5, &[(":status", "404")], END_STREAM)),
        Op::Close,
    ];
    let expected = format!(
        "0:\n{POSTED}{ANSWERED}\n1:\n{POSTED}{ANSWERED}\n2:\n> GET api.example/\n>end complete\n< 404\n<end complete"
    );
    let counts = assert_events(&operations, &expected);
    assert_eq!(counts, Counts::default());
}

#[test]
fn a_server_sees_the_same() {
    let mut on = Pair::default();
    let operations = [
        inn(PREFACE),
        inn(frame(SETTINGS, 0, 0, b"")),
        inn(on.post(1, b"body", 2)),
        out(frame(SETTINGS, 0, 0, b"")),
        out(on.answer(1, b"{}")),
    ];
    let expected = format!("0:\n{POSTED}{ANSWERED}");
    assert_events_of(Role::Server, Start::Preface, &operations, &expected);
}

#[test]
fn a_hundred_streams_interleave() {
    let mut on = Pair::default();
    let streams: Vec<u32> = (0..200).map(|number| 2 * number + 1).collect();
    let mut operations = Vec::new();
    for stream in &streams {
        operations.push(out(on.post(*stream, b"body", 100)));
    }
    for stream in streams.iter().rev() {
        operations.push(inn(on.head(*stream, &[])));
    }
    for part in [&b"{"[..], b"}"] {
        for stream in &streams {
            operations.push(inn(frame(DATA, 0, *stream, part)));
        }
    }
    for stream in &streams {
        operations.push(inn(frame(DATA, END_STREAM, *stream, b"")));
    }
    let expected: String = (0..200)
        .map(|number| format!("{number}:\n{POSTED}{ANSWERED}\n"))
        .collect();
    assert_events(&operations, &expected);
}

#[test]
fn padding_priority_and_continuation() {
    let mut on = Pair::default();
    let block = on.client.block(&[
        (":method", "POST"),
        (":path", "/v1/messages"),
        (":authority", "api.example"),
    ]);
    let (first, rest) = block.split_at(5);
    let (second, third) = rest.split_at(3);
    let padded = [b"\x03\x80\0\0\0\x10", first, b"\0\0\0"].concat();
    let answer = on.server.block(&[(":status", "200")]);
    let operations = [
        out(frame(HEADERS, PADDED | PRIORITY, 1, &padded)),
        out(frame(CONTINUATION, 0, 1, second)),
        out(frame(CONTINUATION, 0, 1, b"")),
        out(frame(CONTINUATION, END_HEADERS, 1, third)),
        out(frame(DATA, PADDED, 1, b"\x05body12345")),
        out(frame(DATA, PADDED | END_STREAM, 1, b"\x02\0\0")),
        inn(frame(0x10, 0xff, 0, b"an extension")),
        inn(frame(
            HEADERS,
            END_HEADERS | PADDED,
            1,
            &[b"\x01", answer.as_slice(), b"\0"].concat(),
        )),
        inn(frame(DATA, PADDED, 1, b"\0{}")),
        inn(frame(DATA, END_STREAM, 1, b"")),
    ];
    assert_events(&operations, &format!("0:\n{POSTED}{ANSWERED}"));
}

#[test]
fn interim_responses_and_trailers() {
    let mut on = Pair::default();
    let operations = [
        out(on.get(1, "/")),
        inn(on.server.headers(1, &[(":status", "100")], 0)),
        inn(on
            .server
            .headers(1, &[(":status", "103"), ("link", "</a>")], 0)),
        inn(on.head(1, &[("content-type", "application/grpc")])),
        inn(frame(DATA, 0, 1, b"{}")),
        inn(on.server.headers(
            1,
            &[("grpc-status", "8"), ("grpc-message", "canary")],
            END_STREAM,
        )),
    ];
    assert_events(
        &operations,
        "0:\n> GET api.example/\n>end complete\n< 200\n<body {}\n<trailers grpc-status: 8\n<end complete",
    );
}

#[test]
fn promises_count_for_the_table_alone() {
    let mut on = Pair::default();
    let promised = on.server.block(&[
        (":method", "GET"),
        (":path", "/pushed"),
        ("x-request-id", "r"),
    ]);
    let operations = [
        out(on.get(1, "/")),
        inn(frame(
            PUSH_PROMISE,
            END_HEADERS,
            1,
            &[b"\0\0\0\x02", promised.as_slice()].concat(),
        )),
        inn(on.head(2, &[("server", "s")])),
        inn(frame(DATA, END_STREAM, 2, b"pushed")),
        inn(on.head(1, &[("server", "s"), ("x-request-id", "r")])),
        inn(frame(DATA, END_STREAM, 1, b"{}")),
    ];
    let events = "0:\n> GET api.example/\n>end complete\n< 200\n<body {}\n<end complete";
    assert_eq!(assert_events(&operations, events), Counts::default());
}

#[test]
fn content_codings_are_undone() {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(b"{}").expect("memory");
    let coded = encoder.finish().expect("memory");
    let mut on = Pair::default();
    let operations = [
        out(on.get(1, "/")),
        inn(on.head(1, &[("content-encoding", "gzip")])),
        inn(data(1, &coded, 3)),
    ];
    let expected = format!("0:\n> GET api.example/\n>end complete\n{ANSWERED}");
    assert_events(&operations, &expected);
    // One that is not known, as the header was seen before the agent came, shows itself.
    let mut on = Pair::default();
    on.head(1, &[("content-encoding", "gzip")]);
    let operations = [
        out(on.get(3, "/")),
        inn(frame(PING, 0, 0, b"pingpong")),
        inn(on.head(3, &[("content-encoding", "gzip")])),
        inn(data(3, &coded, 3)),
    ];
    let expected = format!(
        "0:\n> GET api.example/\n>end complete\n{}",
        ANSWERED.replace("200", "200 ?1")
    );
    assert_events_of(Role::Client, Start::Frame(Outbound), &operations, &expected);
}

#[test]
fn times_are_those_of_the_first_and_last_bytes() {
    let mut on = Pair::default();
    let mut connection = connection(Role::Client, Start::Preface);
    let mut times = Vec::new();
    let post = on.post(1, b"body", 100);
    let answer = on.answer(1, b"{}");
    let mut nanos = 0;
    for (direction, bytes) in [(Outbound, PREFACE), (Outbound, &post), (Inbound, &answer)] {
        for piece in bytes.chunks(10) {
            nanos += 1;
            connection.piece(arrival(direction, nanos), piece, &mut |event| {
                if !matches!(
                    event.kind,
                    ExchangeEventKind::RequestBody(_) | ExchangeEventKind::ResponseBody(_)
                ) {
                    times.push(event.time.unix_nanos());
                }
            });
        }
    }
    let pieces = |bytes: &[u8]| bytes.chunks(10).len() as u64;
    let (preface, post, answer) = (pieces(PREFACE), pieces(&post), pieces(&answer));
    assert_eq!(
        times,
        [
            preface + 1,
            preface + post,
            preface + post + 1,
            preface + post + answer
        ]
    );
}

#[test]
fn no_credential_is_held() {
    let mut on = Pair::default();
    let mut connection = connection(Role::Client, Start::Preface);
    let mut seen = String::new();
    let mut sink = |event: ExchangeEvent<'_>| seen += &format!("{event:?}");
    connection.piece(arrival(Outbound, 0), PREFACE, &mut sink);
    for stream in [1, 3] {
        connection.piece(
            arrival(Outbound, 0),
            &on.post(stream, b"body", 9),
            &mut sink,
        );
        let head = on.head(stream, &[("set-cookie", "canary")]);
        connection.piece(arrival(Inbound, 0), &head, &mut sink);
    }
    assert!(seen.contains("/v1/messages"));
    assert!(!seen.contains("canary"), "{seen}");
    assert!(!format!("{connection:?}").contains("canary"));
}
