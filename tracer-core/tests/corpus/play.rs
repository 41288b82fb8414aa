//! Plays recordings through a pipeline, several to a connection.

use std::{collections::HashMap, time::Duration};

use tracer_core::{
    correlate::{IdKey, Relations},
    llm::{
        call::{Call, Captured},
        content::ContentCapture,
    },
    pipeline::{Output, Pipeline, PipelineConfig},
    segment::{ConnectionId, Direction, FinalCounts, ProcessKey, Segment},
    tape::mask::Mask,
    time::Timestamp,
};

use crate::{
    coding::recoded,
    http1, http2,
    random::Random,
    recording::Recording,
    way::{Cut, Http, Way},
};

/// Exchanges of one connection at most.
const AT_ONCE: usize = 4;

/// The calls that each recording gave.
pub fn play(recordings: &[Recording], way: Way) -> Vec<Vec<Call<Captured>>> {
    play_through(recordings, way, PipelineConfig::default(), None)
}

/// The same, where calls are not joined: which of two texts or ids are equal, a mask may hide.
pub fn play_alone(recordings: &[Recording], way: Way) -> Vec<Vec<Call<Captured>>> {
    play_through(recordings, way, alone(), None)
}

fn alone() -> PipelineConfig {
    PipelineConfig {
        relations: Relations::Off,
        ..PipelineConfig::default()
    }
}

/// The same, if what the pipeline is given is masked as for a tape.
pub fn play_masked(recordings: &[Recording], way: Way) -> Vec<Vec<Call<Captured>>> {
    let config = alone();
    let mask = Some(Mask::new(&config));
    play_through(recordings, way, config, mask)
}

/// The same with content.
pub fn play_keeping(recordings: &[Recording], way: Way) -> Vec<Vec<Call<Captured>>> {
    let config = PipelineConfig {
        content: ContentCapture::Keep { per_call: 8 << 20 },
        ..PipelineConfig::default()
    };
    play_through(recordings, way, config, None)
}

fn play_through(
    recordings: &[Recording],
    way: Way,
    config: PipelineConfig,
    mask: Option<Mask>,
) -> Vec<Vec<Call<Captured>>> {
    let mut random = Random(way.seed);
    let mut player = Player {
        pipeline: Pipeline::new(PipelineConfig {
            ids: IdKey::Fixed(1),
            ..config
        }),
        mask,
        connection: 0,
        places: FinalCounts::default(),
        now: 1_700_000_000_000_000_000,
    };
    // Which recording an exchange of a connection is.
    let mut places = HashMap::new();
    let mut rest = recordings.iter().enumerate().filter(|(_, it)| it.is_http());
    loop {
        let batch: Vec<_> = rest.by_ref().take(random.below(AT_ONCE) + 1).collect();
        if batch.is_empty() {
            break;
        }
        for (number, (index, _)) in (0_u32..).zip(&batch) {
            places.insert((player.connection, number), *index);
        }
        let batch: Vec<_> = batch.into_iter().map(|(_, recording)| recording).collect();
        match way.http {
            Http::One => player.one_by_one(&batch, way, &mut random),
            Http::Two => player.at_once(&batch, way, &mut random),
        }
        player.close();
    }
    let mut calls: Vec<Vec<_>> = recordings.iter().map(|_| Vec::new()).collect();
    while let Some(output) = player.pipeline.poll() {
        if let Output::Call(call) = output {
            let facts = call.facts();
            let index = places[&(facts.connection.handle, facts.exchange.0)];
            calls[index].push(*call);
        }
    }
    assert_eq!(player.pipeline.stats().lost_exchanges, 0);
    calls
}

struct Player {
    pipeline: Pipeline,
    mask: Option<Mask>,
    connection: u64,
    places: FinalCounts,
    now: u64,
}

impl Player {
    fn one_by_one(&mut self, batch: &[&Recording], way: Way, random: &mut Random) {
        for recording in batch {
            let answer = recoded(recording.response(), way.coding);
            self.send(
                Direction::Outbound,
                &http1::request(&recording.request),
                way.cut,
                random,
            );
            for piece in http1::response(&answer, way.cut, random) {
                self.send(Direction::Inbound, &piece, way.cut, random);
            }
            self.places.turns += 1;
        }
    }

    fn at_once(&mut self, batch: &[&Recording], way: Way, random: &mut Random) {
        let mut connection = http2::Connection::default();
        let (out, inbound) = http2::Connection::greetings();
        self.send(Direction::Outbound, &out, way.cut, random);
        self.send(Direction::Inbound, &inbound, way.cut, random);
        let mut answers = Vec::new();
        for (number, recording) in (0..).zip(batch) {
            let request = connection.request(number, &recording.request);
            self.send(Direction::Outbound, &request, way.cut, random);
        }
        for (number, recording) in (0..).zip(batch) {
            let answer = recoded(recording.response(), way.coding);
            let frames = connection.response(number, &answer, way.cut, random);
            answers.push(frames.into_iter());
        }
        // Heads share the table of their compression, so they come in the order they were written.
        for answer in &mut answers {
            if let Some(head) = answer.next() {
                self.send(Direction::Inbound, &head, way.cut, random);
            }
        }
        while !answers.is_empty() {
            let at = random.below(answers.len());
            match answers[at].next() {
                Some(frame) => self.send(Direction::Inbound, &frame, way.cut, random),
                None => drop(answers.swap_remove(at)),
            }
        }
    }

    fn send(&mut self, direction: Direction, bytes: &[u8], cut: Cut, random: &mut Random) {
        let connection = self.id();
        for piece in cut.reads(bytes, random) {
            let place = match direction {
                Direction::Outbound => &mut self.places.outbound,
                Direction::Inbound => &mut self.places.inbound,
            };
            let segment = Segment {
                connection,
                direction,
                offset: *place,
                time: Timestamp::from_unix_nanos(self.now),
                turn: self.places.turns,
                bytes: piece,
            };
            *place += piece.len() as u64;
            self.now += 1_000_000;
            match &mut self.mask {
                Some(mask) => mask.segment(&segment, &mut |masked| self.pipeline.segment(masked)),
                None => self.pipeline.segment(&segment),
            }
        }
    }

    /// Ends the connection; the next one begins.
    fn close(&mut self) {
        let id = self.id();
        let counts = Some(FinalCounts {
            turns: self.places.turns.saturating_sub(1),
            ..self.places
        });
        let counts = match &mut self.mask {
            Some(mask) => mask.close(id, counts),
            None => counts,
        };
        let time = Timestamp::from_unix_nanos(self.now).after(Duration::from_millis(1));
        self.pipeline.close(id, time, counts);
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
