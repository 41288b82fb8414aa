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
/// The same connection as the tape numbers it.
const FIRST: ConnectionId = ConnectionId {
    process: ProcessKey(1),
    handle: 1,
    generation: 1,
};

fn read(tape: &str) -> Result<Vec<Entry>, TapeError> {
    Reader::new(tape.as_bytes(), Timestamp::default())?.collect()
}

#[test]
fn what_is_written_is_read_again() {
    let mut writer = Writer::new(START);
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
    assert!(writer.is_new(CONNECTION.process));
    let mut lines = vec![
        writer.header("two pieces", false),
        writer.process(CONNECTION.process, 4711, "app.py"),
        writer.segment(&segment(Direction::Outbound, START, b"GET /\r\n")),
        writer.segment(&segment(Direction::Inbound, later, b"\xff\x00")),
    ];
    lines.extend(writer.close(CONNECTION, later, Some(counts)));
    assert_eq!(
        writer.leave(CONNECTION, later, None),
        None,
        "it has ended already"
    );
    lines.push(writer.segment(&segment(Direction::Inbound, later, b"")));
    lines.extend(writer.leave(CONNECTION, later, None));

    let piece = |connection, direction, time, bytes: &[u8]| Entry::Segment {
        connection,
        direction,
        offset: 5,
        time,
        turn: 2,
        bytes: bytes.to_vec(),
    };
    let second = ConnectionId { handle: 2, ..FIRST };
    assert_eq!(
        read(&lines.concat()).expect("a tape"),
        [
            Entry::Process {
                key: ProcessKey(1),
                pid: 4711,
                name: "app.py".into()
            },
            piece(FIRST, Direction::Outbound, START, b"GET /\r\n"),
            piece(FIRST, Direction::Inbound, later, b"\xff\x00"),
            Entry::Close {
                connection: FIRST,
                time: later,
                counts: Some(counts)
            },
            piece(second, Direction::Inbound, later, b""),
            Entry::Leave {
                connection: second,
                time: later,
                counts: None
            },
        ]
    );
}

#[test]
fn errors_name_the_line() {
    let error = |tape: &str| read(tape).expect_err("no tape").to_string();
    assert_eq!(
        error(""),
        "line 1 is no header of a tape: expected `{\"tape\": 1}`"
    );
    assert_eq!(
        error(r#"{"tape":9}"#),
        "the tape has version 9, this program reads 1: replay it with the program that recorded it"
    );
    let line = "{\"tape\":1}\n{\"at\":0,\"connection\":[1,1,1],\"text\":\"x\"}";
    assert_eq!(error(line), "line 2 lacks `direction`");
    assert!(
        error("{\"tape\":1}\n\n{\"what\":1}")
            .starts_with("line 3 is no entry of a tape: unknown field")
    );
    let long = format!("{{\"tape\":1}}\n\"{}\"", "x".repeat(17 << 20));
    assert_eq!(
        error(&long),
        "line 2 is longer than 16777216 bytes: this is no tape"
    );
}
