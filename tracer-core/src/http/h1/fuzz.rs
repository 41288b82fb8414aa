//! Any bytes in any pieces with any losses: the events keep their order and do not depend on how
//! the pieces were cut.

use std::sync::Arc;

use super::H1Connection;
use crate::{
    detect::Role,
    http::{allow_list::AllowList, exchange_log::Log},
    limits::Limits,
    segment::{Arrival, Direction},
    time::Timestamp,
};

/// One thing that happens to a connection.
enum Operation<'a> {
    Piece(Arrival, &'a [u8]),
    Gap(Arrival, u64),
}

/// Reads a program: a byte of what to do, a byte of how much, then the bytes of a piece.
fn operations(mut data: &[u8]) -> Vec<Operation<'_>> {
    let mut operations = Vec::new();
    let mut turn = 0;
    while let [what, amount, rest @ ..] = data {
        turn += u32::from(what & 2 != 0);
        let direction = if what & 1 == 0 {
            Direction::Outbound
        } else {
            Direction::Inbound
        };
        let arrival = Arrival {
            direction,
            time: Timestamp::default(),
            turn,
        };
        if what & 4 != 0 && what & 8 != 0 {
            operations.push(Operation::Gap(arrival, u64::from(*amount)));
            data = rest;
            continue;
        }
        // Most pieces are short; a long one lets a whole message through.
        let length = if what & 16 == 0 {
            usize::from(*amount)
        } else {
            usize::from(*amount) * 8
        };
        let (piece, after) = rest.split_at(length.min(rest.len()));
        operations.push(Operation::Piece(arrival, piece));
        data = after;
    }
    operations
}

fn run(role: Role, operations: &[Operation<'_>], cut: usize) -> String {
    let limits = Limits {
        head_bytes: 300,
        open_exchanges: 3,
        decoded_bytes: 1 << 16,
        ..Limits::default()
    };
    let mut connection = H1Connection::new(role, limits, Arc::new(AllowList::default()));
    let mut log = Log::default();
    for operation in operations {
        match operation {
            Operation::Piece(arrival, bytes) => {
                for piece in bytes.chunks(cut) {
                    connection.piece(*arrival, piece, &mut |event| log.add(&event));
                }
            }
            Operation::Gap(arrival, missing) => {
                connection.gap(*arrival, *missing, &mut |event| log.add(&event))
            }
        }
    }
    assert!(connection.open_exchanges() <= limits.open_exchanges);
    connection.close(Timestamp::default(), &mut |event| log.add(&event));
    assert!(log.all_over(), "the end of a connection ends its exchanges");
    format!("{}{:?}", log.text(), connection.upgraded())
}

/// Runs a program on a connection, as it is and with its pieces cut smaller.
pub fn fuzz_h1(data: &[u8]) {
    let [role, cut, program @ ..] = data else {
        return;
    };
    let role = if role % 2 == 0 {
        Role::Client
    } else {
        Role::Server
    };
    let operations = operations(program);
    let whole = run(role, &operations, usize::MAX);
    let pieces = run(role, &operations, usize::from(cut % 16) + 1);
    // How much of the data before an error comes out is up to the decoder.
    let coded = data
        .windows(9)
        .any(|bytes| bytes.eq_ignore_ascii_case(b"-encoding"));
    if !(coded && whole.contains("undecodable")) {
        assert_eq!(whole, pieces);
    }
}
