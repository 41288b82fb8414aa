use std::io::Write as _;

use proptest::prelude::*;

use super::{
    frames::{
        CONTINUATION, Compression, DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, PADDED, PING,
        PRIORITY, PUSH_PROMISE, RST_STREAM, SETTINGS, WINDOW_UPDATE, data, frame,
    },
    fuzz::fuzz_h2,
    *,
};
use crate::{
    http::{
        exchange::{ExchangeEvent, ExchangeEventKind},
        exchange_log::Log,
    },
    segment::Direction::{Inbound, Outbound},
};

/// What happens on a connection.
#[derive(Clone)]
enum Op {
    Piece(Direction, Vec<u8>),
    Gap(Direction, u64),
    Close,
}

fn out(bytes: impl AsRef<[u8]>) -> Op {
    Op::Piece(Outbound, bytes.as_ref().to_vec())
}

fn inn(bytes: impl AsRef<[u8]>) -> Op {
    Op::Piece(Inbound, bytes.as_ref().to_vec())
}

fn connection(role: Role, start: Start) -> H2Connection {
    let list = Arc::new(AllowList::default());
    H2Connection::new(role, start, Limits::default(), list)
}

fn arrival(direction: Direction, nanos: u64) -> Arrival {
    Arrival {
        direction,
        time: Timestamp::from_unix_nanos(nanos),
        turn: 0,
    }
}

/// Runs the operations with all pieces cut to `cut` bytes.
fn run(mut connection: H2Connection, operations: &[Op], cut: usize) -> (String, Counts) {
    let mut log = Log::default();
    for operation in operations {
        let mut sink = |event: ExchangeEvent<'_>| log.add(&event);
        match operation {
            Op::Piece(direction, bytes) => {
                for piece in bytes.chunks(cut) {
                    connection.piece(arrival(*direction, 0), piece, &mut sink);
                }
            }
            Op::Gap(direction, missing) => {
                connection.gap(arrival(*direction, 0), Some(*missing), &mut sink);
            }
            Op::Close => connection.close(Timestamp::default(), &mut sink),
        }
    }
    (log.text(), connection.take_counts())
}

/// The events of a connection are these, however its pieces are cut.
#[track_caller]
fn assert_events_of(role: Role, start: Start, operations: &[Op], expected: &str) -> Counts {
    let expected: String = expected
        .lines()
        .map(|line| line.trim_start().to_owned() + "\n")
        .collect();
    let mut counts = Counts::default();
    for cut in (1..40).chain([1000, 1 << 20]) {
        let (text, counted) = run(connection(role, start), operations, cut);
        assert_eq!(text, expected, "in pieces of {cut}");
        counts = counted;
    }
    counts
}

/// A client's connection from its beginning.
#[track_caller]
fn assert_events(operations: &[Op], expected: &str) -> Counts {
    let preface = [out(PREFACE), out(frame(SETTINGS, 0, 0, b""))];
    let operations = [&preface, operations].concat();
    assert_events_of(Role::Client, Start::Preface, &operations, expected)
}

/// Both directions' compression.
#[derive(Default)]
struct Pair {
    client: Compression,
    server: Compression,
}

impl Pair {
    fn get(&mut self, stream: u32, path: &str) -> Vec<u8> {
        let fields = [
            (":method", "GET"),
            (":scheme", "https"),
            (":authority", "api.example"),
            (":path", path),
        ];
        self.client.headers(stream, &fields, END_STREAM)
    }

    fn post(&mut self, stream: u32, body: &[u8], size: usize) -> Vec<u8> {
        let fields = [
            (":method", "POST"),
            (":scheme", "https"),
            (":authority", "api.example"),
            (":path", "/v1/messages?key=canary"),
            ("authorization", "Bearer canary"),
        ];
        [
            self.client.headers(stream, &fields, 0),
            data(stream, body, size),
        ]
        .concat()
    }

    fn head(&mut self, stream: u32, fields: &[(&str, &str)]) -> Vec<u8> {
        let fields = [&[(":status", "200")], fields].concat();
        self.server.headers(stream, &fields, 0)
    }

    fn answer(&mut self, stream: u32, body: &[u8]) -> Vec<u8> {
        let head = self.head(stream, &[("content-type", "application/json")]);
        [head, data(stream, body, 16_384)].concat()
    }
}

const POSTED: &str = "> POST api.example/v1/messages\n>body body\n>end complete\n";
const ANSWERED: &str = "< 200\n<body {}\n<end complete";

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
fn too_many_streams_cost_the_oldest() {
    let limits = Limits {
        streams: 2,
        ..Limits::default()
    };
    let list = Arc::new(AllowList::default());
    let connection = H2Connection::new(Role::Client, Start::Preface, limits, list);
    let mut on = Pair::default();
    let operations = [
        out(PREFACE),
        out(on.get(1, "/")),
        out(on.get(3, "/")),
        out(on.get(5, "/")),
        inn(on.answer(1, b"{}")),
        inn(on.answer(5, b"{}")),
    ];
    let (text, _) = run(connection, &operations, 1000);
    let get = "> GET api.example/\n>end complete\n";
    assert_eq!(
        text,
        format!("0:\n{get}<end truncated\n1:\n{get}2:\n{get}{ANSWERED}\n")
    );
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
fn a_reset_stream_is_cut() {
    let mut on = Pair::default();
    let cancel = frame(RST_STREAM, 0, 1, b"\0\0\0\x08");
    let operations = [
        out(on.post(1, b"body", 100)),
        inn(on.head(1, &[])),
        inn(frame(DATA, 0, 1, b"{")),
        out(&cancel),
        // What was on its way.
        inn(frame(DATA, END_STREAM, 1, b"}")),
        out(on.get(3, "/")),
        inn(on.answer(3, b"{}")),
        inn(frame(RST_STREAM, 0, 3, b"\0\0\0\0")),
    ];
    assert_events(
        &operations,
        &format!(
            "0:\n{POSTED}< 200\n<body {{\n<end cut\n1:\n> GET api.example/\n>end complete\n{ANSWERED}"
        ),
    );
}

#[test]
fn a_server_that_goes_away_finishes_what_it_has_taken() {
    let mut on = Pair::default();
    let operations = [
        out(on.get(1, "/")),
        out(on.get(3, "/")),
        inn(frame(GOAWAY, 0, 0, b"\0\0\0\x01\0\0\0\0a reason")),
        inn(on.answer(1, b"{}")),
    ];
    let get = "> GET api.example/\n>end complete\n";
    assert_events(
        &operations,
        &format!("0:\n{get}{ANSWERED}\n1:\n{get}<end cut"),
    );
}

#[test]
fn an_early_answer_ends_a_request() {
    let mut on = Pair::default();
    let post = on.post(1, b"body", 100);
    let (begun, rest) = post.split_at(post.len() - 9);
    let operations = [out(begun), inn(on.answer(1, b"{}")), out(rest)];
    assert_events(
        &operations,
        &format!(
            "0:\n> POST api.example/v1/messages\n>body body\n{}",
            ANSWERED.replace("<end", ">end cut\n<end")
        ),
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
fn attached_in_the_middle() {
    let mut on = Pair::default();
    on.post(1, b"body", 100);
    on.server
        .headers(1, &[(":status", "529"), ("request-id", "r")], 0);
    let operations = [
        // Authority, path and credential were added before; then all is known but the authority.
        out(on.post(7, b"body", 100)),
        out(on.get(9, "/new")),
        out(on.get(11, "/new")),
        inn(b"the rest of some data frame"),
        inn(frame(WINDOW_UPDATE, 0, 0, b"\0\0\x10\0")),
        inn(on
            .server
            .headers(7, &[(":status", "529"), ("request-id", "r")], 0)),
        inn(data(7, b"{}", 100)),
        inn(on.answer(9, b"{}")),
        inn(on.answer(11, b"{}")),
    ];
    let counts = assert_events_of(
        Role::Client,
        Start::Frame(Outbound),
        &operations,
        &format!(
            "0:\n> POST  ?3\n>body body\n>end complete\n{}\n1:\n> GET /new ?1\n>end complete\n{ANSWERED}\n2:\n> GET /new ?1\n>end complete\n{ANSWERED}",
            ANSWERED.replace("200", "? ?2")
        ),
    );
    assert_eq!((counts.incomplete_heads, counts.lost_exchanges), (4, 0));
}

#[test]
fn a_loss_within_data_costs_its_stream_alone() {
    let mut on = Pair::default();
    let operations = [
        out(on.get(1, "/")),
        out(on.get(3, "/")),
        inn(on.head(1, &[])),
        inn(&frame(DATA, 0, 1, b"0123456789")[..12]),
        Op::Gap(Inbound, 4),
        inn(b"789"),
        inn(on.answer(3, b"{}")),
        inn(frame(DATA, END_STREAM, 1, b"last")),
    ];
    let get = "> GET api.example/\n>end complete\n";
    let counts = assert_events(
        &operations,
        &format!("0:\n{get}< 200\n<body 012\n<gap 7\n<body last\n<end gap 7\n1:\n{get}{ANSWERED}"),
    );
    assert_eq!(counts.adrift, 0);
}

#[test]
fn a_loss_of_another_length_than_told_is_found_out() {
    let mut on = Pair::default();
    let operations = [
        out(on.get(1, "/")),
        out(on.get(3, "/")),
        inn(on.head(1, &[])),
        inn(&frame(DATA, 0, 1, &[b'x'; 100])[..20]),
        // Told as one byte, but all the rest of the frame and a part of the next one.
        Op::Gap(Inbound, 1),
        inn([b'y'; 300]),
        inn(frame(PING, 0, 0, b"pingpong")),
        inn(frame(DATA, END_STREAM, 1, b"last")),
        inn(on.answer(3, b"{}")),
    ];
    let get = "> GET api.example/\n>end complete\n";
    let counts = assert_events(
        &operations,
        &format!(
            "0:\n{get}< 200\n<body xxxxxxxxxxx\n<gap 89\n<gap 0\n<body last\n<end gap 89\n1:\n{get}< 200\n<body {{}}\n<end gap 0"
        ),
    );
    assert_eq!(counts.adrift, 1);
}

#[test]
fn lost_frames_leave_gaps_and_unknown_fields() {
    let mut on = Pair::default();
    let post = on.post(1, b"body", 100);
    let operations = [
        out(post),
        inn(on.head(1, &[("request-id", "r")])),
        inn(frame(DATA, 0, 1, b"first")),
        Op::Gap(Inbound, 1000),
        inn(b"data: lost\n\n"),
        inn(frame(DATA, 0, 1, b"third")),
        inn(frame(DATA, END_STREAM, 1, b"")),
        out(on.get(3, "/")),
        inn(on.head(3, &[("request-id", "r")])),
        inn(frame(DATA, END_STREAM, 3, b"{}")),
    ];
    let counts = assert_events(
        &operations,
        &format!(
            "0:\n{POSTED}< 200\n<body first\n<gap 0\n<body third\n<end gap 0\n1:\n> GET api.example/\n>end complete\n{}",
            ANSWERED.replace("200", "200 ?1")
        ),
    );
    assert_eq!((counts.adrift, counts.lost_exchanges), (1, 0));
}

#[test]
fn a_body_without_its_head_has_an_unknown_status() {
    let mut on = Pair::default();
    let head = on.head(1, &[]);
    let operations = [
        out(on.get(1, "/")),
        Op::Gap(Inbound, head.len() as u64),
        inn(frame(DATA, 0, 1, b"{}")),
        inn(frame(DATA, END_STREAM, 1, b"")),
    ];
    assert_events(
        &operations,
        "0:\n> GET api.example/\n>end complete\n< ? ?1\n<body {}\n<end gap 0",
    );
}

#[test]
fn lost_requests_are_counted_by_the_numbers_of_their_streams() {
    let mut on = Pair::default();
    let get = on.get(1, "/");
    let lost = [on.get(3, "/"), on.get(5, "/")].concat();
    let operations = [
        out(&get),
        inn(on.answer(1, b"{}")),
        Op::Gap(Outbound, lost.len() as u64),
        // The answer to one of them tells of both.
        inn(on.answer(5, b"{}")),
        out(frame(WINDOW_UPDATE, 0, 0, b"\0\0\x10\0")),
        out(on.get(9, "/new")),
        inn(on.answer(9, b"{}")),
    ];
    let counts = assert_events(
        &operations,
        &format!(
            "0:\n> GET api.example/\n>end complete\n{ANSWERED}\n1:\n> GET /new ?1\n>end complete\n{ANSWERED}"
        ),
    );
    assert_eq!(counts.lost_exchanges, 3);
    // Numbers that are skipped where nothing was lost are nobody's.
    let mut on = Pair::default();
    let counts = assert_events(
        &[out(on.get(3, "/")), out(on.get(9, "/"))],
        "0:\n> GET api.example/\n>end complete\n1:\n> GET api.example/\n>end complete",
    );
    assert_eq!(counts.lost_exchanges, 0);
}

#[test]
fn what_is_lost_between_requests_costs_no_header() {
    let ping = frame(PING, 0, 0, b"pingpong");
    let lost = Op::Gap(Outbound, 13);
    let mut on = Pair::default();
    let operations = [
        out(on.post(1, b"body", 100)),
        inn(on.answer(1, b"{}")),
        lost.clone(),
        out(&ping),
        out(on.post(3, b"body", 100)),
        inn(on.answer(3, b"{}")),
    ];
    let expected = format!("0:\n{POSTED}{ANSWERED}\n1:\n{POSTED}{ANSWERED}");
    let counts = assert_events(&operations, &expected);
    assert_eq!((counts.adrift, counts.lost_exchanges), (1, 0));
    // Within a request it may have been anything.
    let mut on = Pair::default();
    let post = on.post(1, b"body", 100);
    let (begun, rest) = post.split_at(post.len() - 9);
    let operations = [
        out(begun),
        lost,
        out(&ping),
        out(rest),
        inn(on.answer(1, b"{}")),
        out(on.post(3, b"body", 100)),
    ];
    assert_events(
        &operations,
        &format!(
            "0:\n> POST api.example/v1/messages\n>body body\n>gap 0\n>end gap 0\n{ANSWERED}\n1:\n> POST  ?3\n>body body\n>end complete"
        ),
    );
}

#[test]
fn an_answer_to_a_lost_request_tells_that_its_headers_were_lost() {
    let mut on = Pair::default();
    let first = on.post(1, b"body", 100);
    let lost = on.post(3, b"body", 100);
    let ping = frame(PING, 0, 0, b"pingpong");
    let operations = [
        out(first),
        inn(on.answer(1, b"{}")),
        Op::Gap(Outbound, lost.len() as u64),
        out(&ping),
        inn(on.answer(3, b"{}")),
        // Now stream 5 is the next one, but not as if nothing had been lost before it.
        Op::Gap(Outbound, 17),
        out(&ping),
        out(on.post(5, b"body", 100)),
    ];
    let counts = assert_events(
        &operations,
        &format!("0:\n{POSTED}{ANSWERED}\n1:\n> POST  ?3\n>body body\n>end complete"),
    );
    assert_eq!((counts.adrift, counts.lost_exchanges), (2, 1));
}

#[test]
fn a_head_that_was_lost_in_part_says_so() {
    let mut on = Pair::default();
    let get = on.get(1, "/path");
    let operations = [
        out(&get[..get.len() - 3]),
        Op::Gap(Outbound, 2),
        out(&get[get.len() - 1..]),
        out(on.get(3, "/path")),
        inn(on.answer(1, b"{}")),
    ];
    assert_events(
        &operations,
        &format!(
            "0:\n> GET api.example ?1\n>end complete\n{ANSWERED}\n1:\n> GET  ?2\n>end complete"
        ),
    );
}

#[test]
fn what_the_end_of_a_connection_cuts() {
    let mut on = Pair::default();
    let get = on.get(1, "/");
    let post = on.post(3, b"body", 100);
    let operations = [
        out(get),
        inn(on.head(1, &[])),
        out(&post[..post.len() - 11]),
        Op::Close,
    ];
    assert_events(
        &operations,
        "0:\n> GET api.example/\n>end complete\n< 200\n<end cut\n1:\n> POST api.example/v1/messages\n>body bo\n>end cut\n<end cut",
    );
}

#[test]
fn a_flood_of_headers_is_bounded_and_the_next_exchange_right() {
    let mut on = Pair::default();
    let huge = "x".repeat(1 << 20);
    let mut flood = vec![(":method", "GET"), (":path", "/"), ("user-agent", &huge)];
    flood.extend([("accept", "a"); 1000]);
    let block = on.client.block(&flood);
    let mut frames = frame(HEADERS, END_STREAM, 1, b"");
    for piece in block.chunks(16_384) {
        frames.extend(frame(CONTINUATION, 0, 1, piece));
    }
    for _ in 0..10_000 {
        frames.extend(frame(CONTINUATION, 0, 1, b""));
    }
    frames.extend(frame(CONTINUATION, END_HEADERS, 1, b""));
    let operations = [
        out(PREFACE),
        out(frames),
        out(on.get(3, "/new")),
        inn(on.answer(3, b"{}")),
    ];
    for cut in [100, 16_384] {
        let (text, _) = run(connection(Role::Client, Start::Preface), &operations, cut);
        let expected = format!(
            "0:\n> GET / ?874\n>end complete\n1:\n> GET api.example/new\n>end complete\n{ANSWERED}\n"
        );
        assert_eq!(text, expected, "{cut}");
    }
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
fn streams_that_ended_unseen_are_given_up() {
    let mut on = Pair::default();
    let mut connection = connection(Role::Client, Start::Preface);
    let mut log = Log::default();
    let mut sink = |event: ExchangeEvent<'_>| log.add(&event);
    let hour = 3_600_000_000_000;
    connection.piece(arrival(Outbound, 0), PREFACE, &mut sink);
    connection.piece(arrival(Outbound, 0), &on.get(1, "/"), &mut sink);
    connection.piece(arrival(Outbound, hour), &on.get(3, "/"), &mut sink);
    assert_eq!(connection.open_exchanges(), 1);
    assert!(log.text().contains("<end gap 0"));
}

#[test]
fn an_idle_connection_is_small() {
    let mut on = Pair::default();
    let mut connection = connection(Role::Client, Start::Preface);
    let mut sink = |_: ExchangeEvent<'_>| {};
    connection.piece(arrival(Outbound, 0), PREFACE, &mut sink);
    for number in 0..100 {
        let stream = 2 * number + 1;
        connection.piece(
            arrival(Outbound, 0),
            &on.post(stream, b"body", 9),
            &mut sink,
        );
        connection.piece(arrival(Inbound, 0), &on.answer(stream, b"{}"), &mut sink);
    }
    assert_eq!(connection.open_exchanges(), 0);
    assert!(
        size_of::<H2Connection>() < 1024,
        "{}",
        size_of::<H2Connection>()
    );
}

proptest! {
    #[test]
    fn any_program(data in proptest::collection::vec(any::<u8>(), 0..400)) {
        fuzz_h2(&data);
    }
}
