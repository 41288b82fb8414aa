//! One direction of a connection being masked: where its bytes stand on the tape.
//!
//! What is left out stays a gap: the place on the tape moves on without a line. Only bodies that
//! are written decoded change the length of anything.

use super::body::{BodyMask, Reading};
use crate::{
    http::h1::head::HeadReader,
    reassembly::Reassembly,
    segment::{Arrival, Segment},
};

/// One direction.
#[derive(Debug, Default)]
pub(super) struct Side {
    /// On the wire.
    pub(super) wire: Reassembly,
    /// Offset on the tape of what comes next.
    tape: u64,
    pub(super) state: State,
    /// Pieces of the head under way, whose bytes are not written yet.
    held: Vec<Held>,
    /// What is written of the segment at hand: more than one piece where some of it is left out.
    pieces: Vec<Piece>,
    turn: Option<u32>,
}

/// What comes next.
#[derive(Debug, Default)]
pub(super) enum State {
    /// It is unknown: nothing is written until a turn begins with a head.
    #[default]
    Lost,
    /// A head.
    Head(HeadReader),
    /// A body, or the rest of one.
    Body(BodyMask),
}

/// Bytes of a segment for the tape.
#[derive(Debug)]
pub(super) struct Piece {
    pub(super) arrival: Arrival,
    pub(super) offset: u64,
    pub(super) bytes: Vec<u8>,
}

#[derive(Debug)]
struct Held {
    arrival: Arrival,
    length: usize,
}

impl Side {
    /// A segment of this direction came; whether it begins a turn.
    pub(super) fn begins_turn(&mut self, segment: &Segment<'_>) -> bool {
        self.turn.replace(segment.turn) != Some(segment.turn)
    }

    /// `missing` bytes were lost.
    pub(super) fn lose(&mut self, missing: u64) {
        let goes_on = match &mut self.state {
            State::Body(body) => body.lose(missing),
            State::Head(_) | State::Lost => false,
        };
        if !goes_on {
            self.give_up();
        }
        self.leave_out(missing);
    }

    /// What comes is unknown from here on.
    pub(super) fn give_up(&mut self) {
        let held: usize = self.held.drain(..).map(|held| held.length).sum();
        self.leave_out(held as u64);
        self.state = State::Lost;
    }

    /// So many bytes are not written.
    pub(super) const fn leave_out(&mut self, bytes: u64) {
        self.tape = self.tape.saturating_add(bytes);
    }

    /// A piece of a head came with `arrival`.
    pub(super) fn hold(&mut self, arrival: Arrival, length: usize) {
        self.held.push(Held { arrival, length });
    }

    /// The head whose pieces were held is written as `bytes`: each piece gets its length of them,
    /// the last one the rest. The last piece belongs to the segment at hand.
    pub(super) fn write_head(&mut self, mut bytes: &[u8], sink: &mut impl FnMut(Piece)) {
        let mut held = std::mem::take(&mut self.held);
        let Some(last) = held.pop() else { return };
        for Held { arrival, length } in held {
            let (part, rest) = bytes.split_at(length.min(bytes.len()));
            bytes = rest;
            if !part.is_empty() {
                sink(Piece {
                    arrival,
                    offset: self.tape,
                    bytes: part.to_vec(),
                });
                self.tape += part.len() as u64;
            }
        }
        self.write(last.arrival, bytes);
    }

    /// Takes bytes off for the body under way; the body, and whether it is over.
    pub(super) fn read_body(&mut self, arrival: Arrival, bytes: &mut &[u8]) -> Reading {
        let State::Body(body) = &mut self.state else {
            return Reading::Nonsense;
        };
        let before = bytes.len();
        let mut out = Vec::new();
        let reading = body.read(bytes, &mut out);
        let passed_over = out.is_empty() && !body.is_decoded();
        let cut = reading == Reading::End && body.is_cut();
        if !out.is_empty() {
            self.write(arrival, &out);
        }
        if passed_over {
            self.leave_out((before - bytes.len()) as u64);
        } else if cut {
            // Some gap, for the end of the chunks is missing.
            self.leave_out(1);
        }
        reading
    }

    /// The segment at hand is over: what is written of it. If that is nothing but `marks` is set,
    /// an empty piece marks where its direction has come.
    pub(super) fn end_segment(&mut self, arrival: Arrival, marks: bool) -> Vec<Piece> {
        if self.pieces.is_empty() && marks {
            self.begin_piece(arrival);
        }
        std::mem::take(&mut self.pieces)
    }

    /// How many bytes it moved by the tape, if `total` moved on the wire.
    pub(super) fn total(&self, total: u64) -> u64 {
        let held: usize = self.held.iter().map(|held| held.length).sum();
        let unseen = total.saturating_sub(self.wire.next_offset());
        self.tape.saturating_add(held as u64).saturating_add(unseen)
    }

    fn write(&mut self, arrival: Arrival, bytes: &[u8]) {
        let goes_on = |piece: &Piece| piece.offset + piece.bytes.len() as u64 == self.tape;
        if !self.pieces.last().is_some_and(goes_on) {
            self.begin_piece(arrival);
        }
        if let Some(piece) = self.pieces.last_mut() {
            piece.bytes.extend_from_slice(bytes);
        }
        self.tape += bytes.len() as u64;
    }

    fn begin_piece(&mut self, arrival: Arrival) {
        self.pieces.push(Piece {
            arrival,
            offset: self.tape,
            bytes: Vec::new(),
        });
    }
}
