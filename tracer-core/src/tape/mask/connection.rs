//! One connection being masked: its requests, and the responses that belong to them.

use std::collections::VecDeque;

use super::{
    body::Reading,
    head::{Asked, HeadRules, MaskedHead, Unframed, mask_request, mask_response},
    side::{Piece, Side, State},
};
use crate::{
    detect::{Look, looks},
    http::h1::head::{HeadReader, HeadStep, Method, without_blank_lines},
    segment::{Direction, FinalCounts, Segment},
};

/// Requests that wait for their response; with more, nothing is known of the oldest.
const WAITING: usize = 64;

/// One connection.
#[derive(Debug, Default)]
pub(super) struct ConnectionMask {
    requests: Side,
    responses: Side,
    waiting: VecDeque<Waiting>,
    /// It left HTTP/1.
    over: bool,
}

#[derive(Debug)]
struct Waiting {
    asked: Asked,
    turn: u32,
}

impl ConnectionMask {
    /// Takes a segment and reports the pieces that are written.
    pub(super) fn segment(
        &mut self,
        segment: &Segment<'_>,
        rules: &HeadRules,
        sink: &mut impl FnMut(Piece),
    ) {
        let side = self.side(segment.direction);
        let piece = side.wire.accept(segment.offset, segment.bytes);
        if piece.missing > 0 {
            side.lose(piece.missing);
        }
        let fresh = side.begins_turn(segment);
        if fresh && matches!(side.state, State::Lost) {
            let expected = expected(segment.direction);
            // As many of them as the reader of heads passes over.
            let begins = without_blank_lines(piece.bytes);
            if [expected, Look::Partial].contains(&looks(begins)) {
                side.state = State::Head(HeadReader::default());
            }
        }
        let mut bytes = piece.bytes;
        while !bytes.is_empty() {
            bytes = self.read(segment, bytes, rules, sink);
        }
        let marks = piece.bytes.is_empty() && piece.missing > 0 && !self.over;
        let side = self.side(segment.direction);
        side.end_segment(segment.arrival(), marks)
            .into_iter()
            .for_each(sink);
    }

    /// What the kernel counted, by the tape.
    pub(super) fn counts(&self, counts: FinalCounts) -> FinalCounts {
        FinalCounts {
            outbound: self.requests.total(counts.outbound),
            inbound: self.responses.total(counts.inbound),
            turns: counts.turns,
        }
    }

    /// A process is the client of the models it asks: what it serves is none of our business.
    fn side(&mut self, direction: Direction) -> &mut Side {
        match direction {
            Direction::Outbound => &mut self.requests,
            Direction::Inbound => &mut self.responses,
        }
    }

    /// Takes the next part of a segment and returns the rest.
    fn read<'s>(
        &mut self,
        segment: &Segment<'_>,
        mut bytes: &'s [u8],
        rules: &HeadRules,
        sink: &mut impl FnMut(Piece),
    ) -> &'s [u8] {
        let over = self.over;
        let side = self.side(segment.direction);
        let length = bytes.len();
        match &mut side.state {
            State::Head(reader) if !over => {
                let look = expected(segment.direction);
                let step = reader.read(segment.time, &mut bytes, look, rules.limits.head_bytes);
                side.hold(segment.arrival(), length - bytes.len());
                match step {
                    HeadStep::More => {}
                    HeadStep::Head(head, _) => self.head(segment, &head, rules, sink),
                    HeadStep::Cut(..) | HeadStep::Strange => side.give_up(),
                }
                bytes
            }
            State::Body(_) if !over => {
                match side.read_body(segment.arrival(), &mut bytes) {
                    Reading::More => {}
                    Reading::End => side.state = State::Head(HeadReader::default()),
                    Reading::Nonsense => side.give_up(),
                }
                bytes
            }
            _ => {
                side.leave_out(length as u64);
                &[]
            }
        }
    }

    fn head(
        &mut self,
        segment: &Segment<'_>,
        head: &[u8],
        rules: &HeadRules,
        sink: &mut impl FnMut(Piece),
    ) {
        match segment.direction {
            Direction::Outbound => {
                let masked = mask_request(head, rules);
                if let Some(asked) = masked.as_ref().map(|masked| masked.about) {
                    self.ask(asked, segment.turn);
                }
                follow(&mut self.requests, masked, sink);
            }
            Direction::Inbound => {
                let asked = self.asked(segment.turn);
                let masked = mask_response(head, asked, rules);
                match masked.as_ref().map(|masked| masked.about) {
                    Some(100 | 102..=199) => {}
                    status => {
                        self.waiting.pop_front();
                        let tunnel = asked.is_some_and(|asked| asked.method == Method::Connect)
                            && matches!(status, Some(200..=299));
                        self.over = status == Some(101) || tunnel;
                    }
                }
                follow(&mut self.responses, masked, sink);
            }
        }
    }

    fn ask(&mut self, asked: Asked, turn: u32) {
        if self.waiting.len() == WAITING {
            self.waiting.pop_front();
        }
        self.waiting.push_back(Waiting { asked, turn });
    }

    /// What a response in `turn` answers. Requests of earlier turns were left without an answer if
    /// there is one of this turn.
    fn asked(&mut self, turn: u32) -> Option<Asked> {
        if self.waiting.iter().any(|waiting| waiting.turn == turn) {
            while self.waiting.front().is_some_and(|first| first.turn < turn) {
                self.waiting.pop_front();
            }
        }
        self.waiting.front().map(|waiting| waiting.asked)
    }
}

const fn expected(direction: Direction) -> Look {
    match direction {
        Direction::Outbound => Look::Request,
        Direction::Inbound => Look::Response,
    }
}

/// Writes a head and goes on with what follows it.
fn follow<T>(side: &mut Side, masked: Option<MaskedHead<T>>, sink: &mut impl FnMut(Piece)) {
    let Some(masked) = masked else {
        return side.give_up();
    };
    side.write_head(&masked.bytes, sink);
    side.state = match masked.body {
        Ok(Some(body)) => State::Body(body),
        Ok(None) => State::Head(HeadReader::default()),
        Err(Unframed) => State::Lost,
    };
}
