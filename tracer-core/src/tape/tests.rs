use std::time::Duration;

use super::*;
use crate::{
    segment::{ConnectionId, Direction, FinalCounts, ProcessKey, Segment},
    time::Timestamp,
};

const START: Timestamp = Timestamp::from_unix_nanos(1_000_000_000);
const CONNECTION: ConnectionId = ConnectionId {
    process: ProcessKey(7),
    handle: 0x7f00,
    generation: 3,
};

#[test]
fn what_is_written_is_read_again() {
    let writer = Writer::new(START);
    let later = START.after(Duration::from_micros(1500));
    let segment = |direction, time, bytes| Segment {
        connection: CONNECTION,
        direction,
        offset: 5,
        time,
        turn: 2,
        bytes,
    };
    let counts = FinalCounts {
        outbound: 9,
        inbound: 7,
        turns: 2,
    };
    let tape = [
        writer.header("two pieces"),
        writer.segment(&segment(Direction::Outbound, START, b"GET /\r\n")),
        writer.segment(&segment(Direction::Inbound, later, b"\xff\x00")),
        writer.close(CONNECTION, later, Some(counts)),
        writer.close(CONNECTION, later, None),
    ]
    .concat();

    let piece = |direction, time, bytes: &[u8]| Entry::Segment {
        connection: CONNECTION,
        direction,
        offset: 5,
        time,
        turn: 2,
        bytes: bytes.to_vec(),
    };
    assert_eq!(
        read(&tape, START).expect("a tape"),
        [
            piece(Direction::Outbound, START, b"GET /\r\n"),
            piece(Direction::Inbound, later, b"\xff\x00"),
            Entry::Close {
                connection: CONNECTION,
                time: later,
                counts: Some(counts)
            },
            Entry::Close {
                connection: CONNECTION,
                time: later,
                counts: None
            },
        ]
    );
}

#[test]
fn errors_name_the_line() {
    let error = |tape: &str| read(tape, START).expect_err("no tape").to_string();
    assert_eq!(
        error(""),
        "line 1 is no header of a tape: expected `{\"tape\": 1}`"
    );
    assert_eq!(
        error(r#"{"tape":9}"#),
        "the tape has version 9, this program reads 1: record it again"
    );
    let line = "{\"tape\":1}\n{\"at\":0,\"connection\":[1,1,1],\"text\":\"x\"}";
    assert_eq!(error(line), "line 2 lacks `direction`");
    assert!(
        error("{\"tape\":1}\n\n{\"what\":1}")
            .starts_with("line 3 is no entry of a tape: unknown field")
    );
}
