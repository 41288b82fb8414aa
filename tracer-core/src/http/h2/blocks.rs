//! Header blocks: what opens a stream, answers it and stands behind its bodies.

use super::{H2Connection, Peer, fields::codings, message::Stage, side::Block};
use crate::{
    http::exchange::{ExchangeEventKind as Kind, Sink},
    time::Timestamp,
};

impl H2Connection {
    /// A header block is complete.
    pub(super) fn block(&mut self, peer: Peer, block: Block, time: Timestamp, sink: &mut Sink<'_>) {
        let (number, ends_stream) = (block.stream, block.ends_stream);
        match peer {
            Peer::Client => self.request_block(block, time, sink),
            Peer::Server => self.response_block(block, time, sink),
        }
        if ends_stream {
            self.end_message(peer, number, time, sink);
        }
    }

    fn request_block(&mut self, block: Block, time: Timestamp, sink: &mut Sink<'_>) {
        let number = block.stream;
        if !self.numbers.can_begin(number) {
            return;
        }
        let Some(head) = block.fields.into_request() else {
            return;
        };
        let lost = self.numbers.request(number);
        self.counts.lose(lost);
        self.counts.incomplete_heads += u32::from(head.unknown_fields > 0);
        self.streams.expire(time, sink);
        if self.streams.len() >= self.limits.streams {
            self.streams.give_oldest_up(time, sink);
        }
        let codings = codings(&head.headers, head.unknown_fields);
        self.streams.open(number, time);
        self.streams.with(number, |stream| {
            stream.request.begin(codings.as_ref(), &self.limits);
            stream.tell(block.started, Kind::RequestHead(Box::new(head)), sink);
        });
    }

    fn response_block(&mut self, block: Block, time: Timestamp, sink: &mut Sink<'_>) {
        let Block {
            stream: number,
            started,
            fields,
            ..
        } = block;
        if !self.streams.has(number) {
            let lost = self.numbers.answer(number);
            if lost > 0 {
                self.counts.lose(lost);
                self.client.lose_block();
            }
            return;
        }
        self.counts.incomplete_heads += u32::from(fields.unknown > 0);
        let limits = &self.limits;
        self.streams.with(number, |stream| {
            stream.seen = time;
            match (&stream.response.stage, fields.status) {
                (Stage::Head, Some(100..=199)) => {}
                (Stage::Head, Some(_)) => {
                    stream.respond(started, Box::new(fields.into_response()), limits, sink);
                }
                (Stage::Head, None) if fields.unknown > 0 => {
                    stream.may_respond(started, Box::new(fields.into_response()));
                }
                (Stage::Body(_), None) => {
                    let trailers = Box::new(fields.into_trailers());
                    stream.tell(started, Kind::ResponseTrailers(trailers), sink);
                }
                (Stage::Head, None) | (Stage::Body(_), Some(_)) | (Stage::Over, _) => {}
            }
        });
    }
}
