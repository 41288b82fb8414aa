//! The whole core with a few connections of two processes at a time: their ends and second lives,
//! losses and repetitions, and time that passes.

use crate::{
    pipeline::{Pipeline, PipelineConfig},
    segment::{ConnectionId, Direction, ProcessKey, Segment},
    time::Timestamp,
};

/// Connections of a program.
const CONNECTIONS: usize = 4;

/// Runs a program: a byte of what to do, a byte of how much, then the bytes of a piece.
pub fn fuzz_connections(mut data: &[u8]) {
    let mut pipeline = Pipeline::new(PipelineConfig::default());
    let mut lives = [Life::default(); CONNECTIONS];
    let mut now = 1_u64 << 60;
    while let [what, amount, rest @ ..] = data {
        now += u64::from(*amount) * 1_000_000;
        let time = Timestamp::from_unix_nanos(now);
        let handle = usize::from(what >> 6);
        let Some(life) = lives.get_mut(handle) else {
            return;
        };
        let connection = ConnectionId {
            process: ProcessKey(handle as u64 % 2),
            handle: handle as u64,
            generation: life.generation,
        };
        match what & 0b11_1000 {
            0b11_1000 => {
                pipeline.close(connection, time, None);
                *life = Life {
                    generation: life.generation + 1,
                    ..Life::default()
                };
                data = rest;
            }
            0b11_0000 => {
                pipeline.advance(Timestamp::from_unix_nanos(
                    now + u64::from(*amount) * 10_000_000_000,
                ));
                data = rest;
            }
            0b10_1000 => {
                life.offsets[usize::from(what & 1)] += u64::from(*amount);
                data = rest;
            }
            large => {
                let length = if large == 0b10_0000 {
                    usize::from(*amount) * 16
                } else {
                    usize::from(*amount)
                };
                let (bytes, after) = rest.split_at(length.min(rest.len()));
                life.turn += u32::from(what & 2 != 0);
                let direction = if what & 1 == 0 {
                    Direction::Outbound
                } else {
                    Direction::Inbound
                };
                let offset = &mut life.offsets[usize::from(what & 1)];
                pipeline.segment(&Segment {
                    connection,
                    direction,
                    offset: *offset,
                    time,
                    turn: life.turn,
                    bytes,
                });
                // Now and then the same bytes come again.
                if what & 4 == 0 {
                    *offset += bytes.len() as u64;
                }
                data = after;
            }
        }
        while pipeline.poll().is_some() {}
    }
}

/// One life of a handle.
#[derive(Debug, Clone, Copy, Default)]
struct Life {
    generation: u64,
    turn: u32,
    offsets: [u64; 2],
}
