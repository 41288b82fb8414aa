//! Plays framed recordings through a pipeline, in random pieces, several to a connection.

use std::time::Duration;

use tracer_core::{
    llm::call::{Call, Captured},
    pipeline::{Output, Pipeline},
    segment::{ConnectionId, Direction, FinalCounts, ProcessKey, Segment},
    time::Timestamp,
};

use crate::{framing::frame, recording::Recording};

/// The calls that each recording gave.
pub fn play(recordings: &[Recording], seed: u64) -> Vec<Vec<Call<Captured>>> {
    let mut random = Random(seed);
    let mut pipeline = Pipeline::default();
    let mut player = Player {
        connection: 0,
        places: FinalCounts::default(),
        now: 1_700_000_000_000_000_000,
    };
    let mut calls = Vec::with_capacity(recordings.len());
    let mut left = 0;
    for recording in recordings {
        if left == 0 {
            player.close(&mut pipeline);
            left = random.below(4) + 1;
        }
        left -= 1;
        let Some((request, response)) = frame(recording, &mut random) else {
            calls.push(Vec::new());
            continue;
        };
        player.send(&mut pipeline, Direction::Outbound, &request, &mut random);
        player.send(&mut pipeline, Direction::Inbound, &response, &mut random);
        player.places.turns += 1;
        calls.push(taken(&mut pipeline));
    }
    player.close(&mut pipeline);
    assert!(
        taken(&mut pipeline).is_empty(),
        "an answer that is complete is reported at once"
    );
    assert_eq!(pipeline.stats().lost_exchanges, 0);
    calls
}

fn taken(pipeline: &mut Pipeline) -> Vec<Call<Captured>> {
    std::iter::from_fn(|| pipeline.poll())
        .filter_map(|output| match output {
            Output::Call(call) => Some(*call),
            Output::Verdict(..) | Output::LostExchanges(..) => None,
        })
        .collect()
}

struct Player {
    connection: u64,
    places: FinalCounts,
    now: u64,
}

impl Player {
    fn send(
        &mut self,
        pipeline: &mut Pipeline,
        direction: Direction,
        bytes: &[u8],
        random: &mut Random,
    ) {
        let connection = self.id();
        for piece in random.pieces(bytes) {
            let place = match direction {
                Direction::Outbound => &mut self.places.outbound,
                Direction::Inbound => &mut self.places.inbound,
            };
            let time = Timestamp::from_unix_nanos(self.now);
            let turn = self.places.turns;
            pipeline.segment(&Segment {
                connection,
                direction,
                offset: *place,
                time,
                turn,
                bytes: piece,
            });
            *place += piece.len() as u64;
            self.now += 1_000_000;
        }
    }

    /// Ends the connection; the next one begins.
    fn close(&mut self, pipeline: &mut Pipeline) {
        let counts = FinalCounts {
            turns: self.places.turns.saturating_sub(1),
            ..self.places
        };
        let time = Timestamp::from_unix_nanos(self.now);
        pipeline.close(
            self.id(),
            time.after(Duration::from_millis(1)),
            Some(counts),
        );
        self.connection += 1;
        self.places = FinalCounts::default();
    }

    fn id(&self) -> ConnectionId {
        ConnectionId {
            process: ProcessKey(1),
            handle: self.connection,
            generation: 1,
        }
    }
}

/// SplitMix64: small, seeded, good enough to cut bytes.
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % bound as u64).expect("small")
    }

    /// Cuts bytes at random places: into tiny pieces, into ones of the size of a record, or not.
    pub fn pieces<'a>(&mut self, bytes: &'a [u8]) -> Vec<&'a [u8]> {
        let most = [17, 700, 16_384, usize::MAX >> 1][self.below(4)];
        let mut pieces = Vec::new();
        let mut rest = bytes;
        while !rest.is_empty() {
            let (piece, tail) = rest.split_at(rest.len().min(1 + self.below(most)));
            pieces.push(piece);
            rest = tail;
        }
        pieces
    }
}
