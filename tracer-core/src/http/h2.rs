//! One HTTP/2 connection: pieces of both directions in, events of its exchanges out.
//!
//! Each direction is a sequence of frames with header compression of its own, read by a [`Side`];
//! its frames meet in the streams, one exchange each. Nothing is gathered: data passes through as
//! slices of the pieces, header blocks are decoded as they come.
//!
//! **What is not seen.** A loss of known length within the payload of a frame costs only the stream
//! that the frame belongs to. Any other loss hides frames of an unknown number: the direction is
//! adrift until two frames in a row are recognised, every open message of that direction has a gap,
//! and the older part of its header table is unknown (see `hpack`), unless the numbers of the streams
//! show that no request was lost. Attaching in the middle of a connection is the same case for both
//! directions. From then on
//!
//! - heads name what is known and count the [unknown
//!   fields](crate::http::head::RequestHead::unknown_fields),
//! - a body without a known head passes with a head of unknown status, and its coding is told by its
//!   first bytes,
//! - a stream whose request head was not seen gives no exchange; where such numbers are skipped
//!   behind a loss they are [lost exchanges](Counts::lost_exchanges).
//!
//! Bias: towards absence. A block without a method is no request even if fields of it are unknown:
//! encoders take methods from the static table, which is always known.
//!
//! Pushed streams are passed over, as are the server's promises of them; their headers count for the
//! table. After an upgrade from HTTP/1.1 (`h2c`) the answer to the request that asked for it comes on
//! stream 1 and is passed over too.

mod blocks;
mod fields;
mod frame;
mod message;
mod numbers;
mod probe;
mod reader;
mod search;
mod side;
mod streams;

use std::sync::Arc;

use self::{
    frame::{FrameHeader, FrameKind},
    numbers::StreamNumbers,
    reader::{Loss, Step},
    side::Side,
    streams::Streams,
};
pub(crate) use self::{
    probe::{FrameProbe, Probed},
    reader::PREFACE,
};
use crate::{
    detect::Role,
    http::{
        allow_list::AllowList,
        exchange::{BodyEnd, Sink},
    },
    limits::Limits,
    segment::{Arrival, Direction},
    time::Timestamp,
};

/// One HTTP/2 connection, seen from either side.
#[derive(Debug)]
pub struct H2Connection {
    role: Role,
    limits: Limits,
    allow_list: Arc<AllowList>,
    client: Side,
    server: Side,
    streams: Streams,
    numbers: StreamNumbers,
    counts: Counts,
}

/// From where on a connection was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Start {
    /// From its preface on.
    Preface,
    /// From somewhere in the middle, where a frame begins in this direction.
    Frame(Direction),
}

/// What went wrong on a connection; each only grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Exchanges whose request was lost.
    pub lost_exchanges: u32,
    /// How often a direction was adrift.
    pub adrift: u32,
    /// Heads with unknown fields.
    pub incomplete_heads: u32,
}

impl Counts {
    fn lose(&mut self, exchanges: u32) {
        self.lost_exchanges = self.lost_exchanges.saturating_add(exchanges);
    }
}

/// Who sent a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Peer {
    Client,
    Server,
}

impl H2Connection {
    /// A connection of which nothing was seen yet but what `start` says.
    pub fn new(role: Role, start: Start, limits: Limits, allow_list: Arc<AllowList>) -> Self {
        let (client, server) = match start {
            Start::Preface => (Side::at_preface(), Side::at_first_frame()),
            Start::Frame(direction) if direction == role.requests() => {
                (Side::at_some_frame(), Side::adrift())
            }
            Start::Frame(_) => (Side::adrift(), Side::at_some_frame()),
        };
        Self {
            role,
            limits,
            allow_list,
            client,
            server,
            streams: Streams::default(),
            numbers: StreamNumbers::new(start),
            counts: Counts::default(),
        }
    }

    /// Takes the next bytes of a direction.
    pub fn piece(&mut self, arrival: Arrival, bytes: &[u8], sink: &mut Sink<'_>) {
        let (peer, time) = (self.peer(arrival), arrival.time);
        let mut bytes = bytes;
        loop {
            self.read(peer, time, &mut bytes, sink);
            let Some(found) = self.side(peer).reader.search(time, &mut bytes) else {
                return;
            };
            for (time, mut piece) in found.pieces() {
                self.read(peer, time, &mut piece, sink);
                self.side(peer).reader.hold(time, piece);
            }
        }
    }

    /// Bytes of a direction were lost before the piece that came with `arrival`: so many, or if
    /// `missing` is `None` an unknown number.
    pub fn gap(&mut self, arrival: Arrival, missing: Option<u64>, sink: &mut Sink<'_>) {
        let peer = self.peer(arrival);
        let loss = missing.map_or(Loss::Adrift, |missing| self.side(peer).reader.lose(missing));
        match loss {
            Loss::Nothing => {}
            Loss::Within(frame, missing) => self.lose_within(peer, frame, missing, sink),
            Loss::Adrift => self.adrift(peer, sink),
        }
    }

    /// The connection is over: ends whatever is open. Bytes lost at its end are to be reported
    /// through [`gap`](Self::gap) before.
    pub fn close(&mut self, time: Timestamp, sink: &mut Sink<'_>) {
        self.streams.cut(|_| true, time, sink);
    }

    /// Ends whatever is open: what was not lost before ends as `end`.
    pub fn give_up(&mut self, end: BodyEnd, sink: &mut Sink<'_>) {
        self.streams.give_up(end, sink);
    }

    /// Bytes held for what is under way.
    pub fn held(&self) -> usize {
        self.streams.held() + self.client.held() + self.server.held()
    }

    /// Gives some of them back: the coded bodies of one stream go on undecoded, or heads and frames
    /// under way are never read.
    pub fn shed(&mut self) {
        if !self.streams.shed() {
            self.client.shed();
            self.server.shed();
        }
    }

    /// Exchanges whose response has not ended.
    pub fn open_exchanges(&self) -> usize {
        self.streams.len()
    }

    /// What went wrong since the last time this was asked.
    pub fn take_counts(&mut self) -> Counts {
        std::mem::take(&mut self.counts)
    }

    fn peer(&self, arrival: Arrival) -> Peer {
        if arrival.direction == self.role.requests() {
            Peer::Client
        } else {
            Peer::Server
        }
    }

    fn side(&mut self, peer: Peer) -> &mut Side {
        match peer {
            Peer::Client => &mut self.client,
            Peer::Server => &mut self.server,
        }
    }

    /// Reads frames until the bytes are used up or the direction is adrift.
    fn read(&mut self, peer: Peer, time: Timestamp, bytes: &mut &[u8], sink: &mut Sink<'_>) {
        while let Some(step) = self.side(peer).reader.next(time, bytes) {
            match step {
                Step::Begin(frame) => self.side(peer).begin_frame(&frame),
                Step::Content(frame, content) => self.content(peer, frame, content, time, sink),
                Step::End(frame) => self.end(peer, frame, time, sink),
                Step::Lost => self.adrift(peer, sink),
            }
        }
    }

    fn content(
        &mut self,
        peer: Peer,
        frame: FrameHeader,
        content: &[u8],
        time: Timestamp,
        sink: &mut Sink<'_>,
    ) {
        let (side, other) = match peer {
            Peer::Client => (&mut self.client, &mut self.server),
            Peer::Server => (&mut self.server, &mut self.client),
        };
        match frame.kind {
            FrameKind::Data => self.data(peer, frame.stream, content, time, sink),
            FrameKind::Headers | FrameKind::PushPromise | FrameKind::Continuation => {
                side.block_bytes(content, &self.allow_list, &self.limits);
            }
            FrameKind::Settings => {
                if let Some(max_length) = side.settings(content) {
                    other.reader.allow(max_length);
                }
            }
            FrameKind::GoAway => side.go_away(content),
            FrameKind::Priority
            | FrameKind::RstStream
            | FrameKind::Ping
            | FrameKind::WindowUpdate
            | FrameKind::Other => {}
        }
    }

    fn end(&mut self, peer: Peer, frame: FrameHeader, time: Timestamp, sink: &mut Sink<'_>) {
        match frame.kind {
            FrameKind::RstStream => {
                self.streams
                    .cut(|number| number == frame.stream, time, sink);
            }
            // The server takes no more streams: those that it has not taken are over.
            FrameKind::GoAway if peer == Peer::Server => {
                if let Some(last) = self.server.last_stream() {
                    self.streams.cut(|number| number > last, time, sink);
                }
            }
            FrameKind::Data if frame.ends_stream() => {
                self.end_message(peer, frame.stream, time, sink);
            }
            _ if frame.ends_headers() => {
                if let Some(block) = self.side(peer).end_block() {
                    self.block(peer, *block, time, sink);
                }
            }
            _ => {}
        }
    }

    fn data(
        &mut self,
        peer: Peer,
        number: u32,
        content: &[u8],
        time: Timestamp,
        sink: &mut Sink<'_>,
    ) {
        let limits = &self.limits;
        self.streams.with(number, |stream| {
            stream.seen = time;
            match peer {
                Peer::Client => {
                    stream.request_seen = time;
                    stream.request_body(content, limits, sink);
                }
                Peer::Server => stream.response_body(content, limits, sink),
            }
        });
    }

    /// The message of a side is complete.
    fn end_message(&mut self, peer: Peer, number: u32, time: Timestamp, sink: &mut Sink<'_>) {
        let limits = &self.limits;
        let over = self.streams.with(number, |stream| {
            stream.seen = time;
            match peer {
                Peer::Client => {
                    stream.request_seen = time;
                    stream.end_request(limits, sink);
                    None
                }
                Peer::Server => {
                    let end = stream.complete_response(limits, sink);
                    Some((end, stream.request.unfinished(BodyEnd::Cut)))
                }
            }
        });
        if let Some((end, request)) = over.flatten() {
            self.streams.end(number, end, request, time, sink);
        }
    }

    /// Part of a frame was lost, so that `missing` bytes of it are not read.
    fn lose_within(&mut self, peer: Peer, frame: FrameHeader, missing: u64, sink: &mut Sink<'_>) {
        if frame.carries_block() {
            self.lose_headers(peer);
            self.side(peer).break_block();
        } else if frame.kind == FrameKind::Data {
            self.streams.with(frame.stream, |stream| match peer {
                Peer::Client => stream.lose_request(missing, sink),
                Peer::Server => stream.lose_response(missing, sink),
            });
        }
    }

    /// Frames of a side were lost, nobody knows how many.
    fn adrift(&mut self, peer: Peer, sink: &mut Sink<'_>) {
        self.counts.adrift = self.counts.adrift.saturating_add(1);
        // Requests are opened in order, so the next one tells whether another was lost before it. No
        // other headers come from a client whose requests are over.
        let whole = peer == Peer::Client && self.streams.have_requests_over();
        let next = self.numbers.next().filter(|_| whole);
        self.side(peer).drift(next);
        self.lose_headers(peer);
        self.streams.with_all(|stream| match peer {
            Peer::Client => stream.lose_request(0, sink),
            Peer::Server => stream.lose_response(0, sink),
        });
    }

    fn lose_headers(&mut self, peer: Peer) {
        if peer == Peer::Client {
            self.numbers.lose();
        }
    }
}

#[cfg(test)]
#[path = "../../tests/http2/frames.rs"]
pub(crate) mod frames;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzz;
#[cfg(test)]
mod tests;
