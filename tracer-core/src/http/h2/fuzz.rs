//! Any frames in any pieces with any losses: the events keep their order, do not depend on how the
//! pieces were cut, and stay within the bounds.

use std::sync::Arc;

use super::{H2Connection, Start};
use crate::{
    detect::Role,
    http::{allow_list::AllowList, exchange_log::Log},
    limits::Limits,
    segment::{Arrival, Direction},
    time::Timestamp,
};

/// One thing that happens to a connection.
enum Operation {
    Piece(Direction, Vec<u8>),
    Gap(Direction, u64),
}

/// Reads a program: a byte of what to do, a byte of how much, then the bytes of a piece. Most pieces
/// are frames, of which the program gives type, flags, stream and payload.
fn operations(mut data: &[u8]) -> Vec<Operation> {
    let mut operations = Vec::new();
    while let [what, amount, rest @ ..] = data {
        let direction = if what & 1 == 0 {
            Direction::Outbound
        } else {
            Direction::Inbound
        };
        if what & 0xe0 == 0xe0 {
            operations.push(Operation::Gap(direction, u64::from(*amount)));
            data = rest;
            continue;
        }
        let (piece, after) = rest.split_at(usize::from(*amount).min(rest.len()));
        data = after;
        let bytes = match piece {
            [kind, flags, stream, payload @ ..] if what & 0x80 == 0 => {
                let header = [
                    0,
                    0,
                    payload.len() as u8,
                    kind % 12,
                    *flags,
                    0,
                    0,
                    0,
                    *stream,
                ];
                [&header, payload].concat()
            }
            _ => piece.to_vec(),
        };
        operations.push(Operation::Piece(direction, bytes));
    }
    operations
}

fn run(role: Role, start: Start, operations: &[Operation], cut: usize) -> String {
    let limits = Limits {
        head_bytes: 300,
        streams: 3,
        decoded_bytes: 1 << 16,
        ..Limits::default()
    };
    let mut connection = H2Connection::new(role, start, limits, Arc::new(AllowList::default()));
    let mut log = Log::default();
    for operation in operations {
        let arrival = |direction| Arrival {
            direction,
            time: Timestamp::default(),
            turn: 0,
        };
        match operation {
            Operation::Piece(direction, bytes) => {
                for piece in bytes.chunks(cut) {
                    connection.piece(arrival(*direction), piece, &mut |event| log.add(&event));
                }
            }
            Operation::Gap(direction, missing) => {
                let missing = Some(*missing).filter(|missing| *missing < 0xff);
                connection.gap(arrival(*direction), missing, &mut |event| log.add(&event));
            }
        }
        assert!(connection.open_exchanges() <= limits.streams);
    }
    connection.close(Timestamp::default(), &mut |event| log.add(&event));
    assert!(log.all_over(), "the end of a connection ends its exchanges");
    format!("{}{:?}", log.text(), connection.take_counts())
}

/// Runs a program on a connection, as it is and with its pieces cut smaller.
pub fn fuzz_h2(data: &[u8]) {
    let [what, cut, program @ ..] = data else {
        return;
    };
    let role = if what & 1 == 0 {
        Role::Client
    } else {
        Role::Server
    };
    let start = match what & 6 {
        0 => Start::Frame(Direction::Outbound),
        2 => Start::Frame(Direction::Inbound),
        _ => Start::Preface,
    };
    let mut operations = operations(program);
    if start == Start::Preface {
        let preface = Operation::Piece(role.requests(), super::PREFACE.to_vec());
        operations.insert(0, preface);
    }
    let whole = run(role, start, &operations, usize::MAX);
    let pieces = run(role, start, &operations, usize::from(cut % 16) + 1);
    // How much of the data before an error comes out is up to the decoder.
    if !whole.contains("undecodable") {
        assert_eq!(whole, pieces);
    }
}
