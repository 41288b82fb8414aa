//! What a connection makes of operations on it, however its pieces are cut; the cases by idea.

mod bounds;
mod conversations;
mod ends;
mod exchanges;
mod losses;

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

proptest! {
    #[test]
    fn any_program(data in proptest::collection::vec(any::<u8>(), 0..400)) {
        fuzz_h2(&data);
    }
}
