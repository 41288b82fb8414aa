//! What a connection makes of operations on it, however its pieces are cut; the cases by idea.

mod attached;
mod breakage;
mod losses;
mod messages;

use std::sync::Arc;

use proptest::prelude::*;

use super::{fuzz::fuzz_h1, *};
use crate::{
    http::{
        exchange::{ExchangeEvent, ExchangeEventKind as Kind},
        exchange_log::Log,
    },
    segment::Direction::{self, Inbound, Outbound},
};

/// What happens on a connection.
#[derive(Clone, Copy)]
enum Op<'a> {
    /// A piece, by direction and turn.
    Piece(Direction, u32, &'a [u8]),
    Gap(Direction, u32, u64),
    Close,
}

fn out(turn: u32, bytes: &str) -> Op<'_> {
    Op::Piece(Outbound, turn, bytes.as_bytes())
}

fn inn(turn: u32, bytes: &str) -> Op<'_> {
    Op::Piece(Inbound, turn, bytes.as_bytes())
}

fn connection(role: Role) -> H1Connection {
    H1Connection::new(role, Limits::default(), Arc::new(AllowList::default()))
}

fn arrival(direction: Direction, turn: u32, nanos: u64) -> Arrival {
    Arrival {
        direction,
        time: Timestamp::from_unix_nanos(nanos),
        turn,
    }
}

/// Runs the operations with all pieces cut to `cut` bytes.
fn run(role: Role, operations: &[Op<'_>], cut: usize) -> String {
    let mut connection = connection(role);
    let mut log = Log::default();
    for operation in operations {
        let mut sink = |event: ExchangeEvent<'_>| log.add(&event);
        match *operation {
            Op::Piece(direction, turn, bytes) => {
                for piece in bytes.chunks(cut) {
                    connection.piece(arrival(direction, turn, 0), piece, &mut sink);
                }
            }
            Op::Gap(direction, turn, missing) => {
                connection.gap(arrival(direction, turn, 0), missing, &mut sink)
            }
            Op::Close => connection.close(Timestamp::default(), &mut sink),
        }
    }
    log.text()
}

/// The events of a client's connection are these, however its pieces are cut.
#[track_caller]
fn assert_events(operations: &[Op<'_>], expected: &str) {
    assert_events_of(Role::Client, operations, expected);
}

#[track_caller]
fn assert_events_of(role: Role, operations: &[Op<'_>], expected: &str) {
    let expected: String = expected
        .lines()
        .map(|line| line.trim_start().to_owned() + "\n")
        .collect();
    for cut in (1..40).chain([1000]) {
        assert_eq!(run(role, operations, cut), expected, "in pieces of {cut}");
    }
}

const POST: &str =
    "POST /v1/messages HTTP/1.1\r\nHost: Api.example:443\r\nContent-Length: 4\r\n\r\nbody";
const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
const POSTED: &str = "> POST api.example/v1/messages\n>body body\n>end complete\n";
const ANSWERED: &str = "< 200\n<body hi\n<end complete";

proptest! {
    /// Programs of message parts, in any order.
    #[test]
    fn any_cut_of_messages_gives_the_same_events(
        role in 0u8..2,
        cut in 0u8..16,
        parts in proptest::collection::vec((0u8..16, any::<prop::sample::Index>()), 0..30),
    ) {
        const PARTS: [&str; 14] = [
            POST, OK, "GET / HTTP/1.1\r\n\r\n", "HEAD / HTTP/1.1\r\n", "Transfer-Encoding: chunked\r\n\r\n",
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", "5\r\nhello\r\n", "0\r\n\r\n", "\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n",
            "HTTP/1.1 101 Switching Protocols\r\n\r\n", "Content-Encoding: gzip\r\n", "P",
        ];
        let mut program = vec![role, cut];
        for (what, part) in parts {
            let part = part.get(&PARTS).as_bytes();
            program.push(what);
            program.push(u8::try_from(part.len()).unwrap());
            program.extend_from_slice(part);
        }
        fuzz_h1(&program);
    }

    #[test]
    fn any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        fuzz_h1(&bytes);
    }
}
