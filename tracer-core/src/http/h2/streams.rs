//! The open streams of a connection: exchanges whose response has not ended.

use std::time::Duration;

use super::{
    fields::codings,
    message::{Message, Stage},
};
use crate::{
    http::{
        exchange::{BodyEnd, ExchangeEvent, ExchangeEventKind as Kind, ExchangeId, Sink},
        head::{Headers, ResponseHead},
    },
    limits::Limits,
    time::Timestamp,
};

/// A stream that is silent for so long on a connection that is not has ended unseen.
const SILENCE: Duration = Duration::from_mins(10);

/// Streams by their number, which is also the order of their requests.
#[derive(Debug, Default)]
pub(super) struct Streams {
    open: Vec<Stream>,
    next: u32,
    /// Memory that they hold for their bodies.
    held: usize,
    /// Some were over before their requests were, of which more may come.
    left_requests: bool,
}

/// One exchange under way.
#[derive(Debug)]
pub(super) struct Stream {
    number: u32,
    exchange: ExchangeId,
    pub(super) request: Message,
    pub(super) response: Message,
    /// A head of which the status is unknown, until it is clear that no other one comes, and when it
    /// came.
    unclear: Option<(Timestamp, Box<ResponseHead>)>,
    /// When a byte of its request was last seen.
    pub(super) request_seen: Timestamp,
    /// When a byte of it was last seen.
    pub(super) seen: Timestamp,
}

impl Streams {
    pub(super) fn len(&self) -> usize {
        self.open.len()
    }

    /// Opens the stream of a request whose head was seen to its end at `time`.
    pub(super) fn open(&mut self, number: u32, time: Timestamp) {
        let exchange = ExchangeId(self.next);
        self.next = self.next.wrapping_add(1);
        let place = self.open.partition_point(|stream| stream.number < number);
        self.open.insert(
            place,
            Stream {
                number,
                exchange,
                request: Message::default(),
                response: Message::default(),
                unclear: None,
                request_seen: time,
                seen: time,
            },
        );
    }

    /// Ends the streams of which nothing was seen for [`SILENCE`]: their ends were lost.
    pub(super) fn expire(&mut self, now: Timestamp, sink: &mut Sink<'_>) {
        let silent = |stream: &Stream| now.since(stream.seen) > SILENCE;
        if self.open.iter().any(silent) {
            let gap = BodyEnd::Gap { missing: 0 };
            self.end_all(silent, gap, |_, seen| seen, sink);
        }
    }

    /// Whether a stream is open.
    pub(super) fn has(&self, number: u32) -> bool {
        self.place(number).is_some()
    }

    /// Does something with a stream, if it is open.
    pub(super) fn with<R>(&mut self, number: u32, act: impl FnOnce(&mut Stream) -> R) -> Option<R> {
        let place = self.place(number)?;
        let stream = self.open.get_mut(place)?;
        let before = stream.held();
        let result = act(stream);
        self.held = self.held.saturating_sub(before) + stream.held();
        Some(result)
    }

    /// Whether no request is under way.
    pub(super) fn have_requests_over(&self) -> bool {
        !self.left_requests && self.open.iter().all(|stream| stream.request.is_over())
    }

    /// Does something with all of them.
    pub(super) fn with_all(&mut self, mut act: impl FnMut(&mut Stream)) {
        self.open.iter_mut().for_each(&mut act);
        self.held = self.open.iter().map(Stream::held).sum();
    }

    /// Memory that they hold for their bodies.
    pub(super) const fn held(&self) -> usize {
        self.held
    }

    /// Lets the bodies of the stream that holds most go on undecoded; false if none holds anything.
    pub(super) fn shed(&mut self) -> bool {
        let largest = self.open.iter_mut().max_by_key(|stream| stream.held());
        let Some(stream) = largest.filter(|stream| stream.held() > 0) else {
            return false;
        };
        self.held = self.held.saturating_sub(stream.held());
        stream.request.shed();
        stream.response.shed();
        self.held += stream.held();
        true
    }

    /// The exchange of a stream is over.
    pub(super) fn end(
        &mut self,
        number: u32,
        end: BodyEnd,
        request: BodyEnd,
        time: Timestamp,
        sink: &mut Sink<'_>,
    ) {
        if let Some(place) = self.place(number) {
            let stream = self.open.remove(place);
            self.held = self.held.saturating_sub(stream.held());
            self.left_requests |= !stream.request.is_over();
            if self.open.is_empty() {
                self.open = Vec::new();
            }
            stream.end(end, request, time, sink);
        }
    }

    /// The exchange of the oldest stream is given up: there are too many.
    pub(super) fn give_oldest_up(&mut self, time: Timestamp, sink: &mut Sink<'_>) {
        if let Some(oldest) = self.open.first().map(|stream| stream.number) {
            let end = BodyEnd::Truncated;
            self.end(oldest, end, end, time, sink);
        }
    }

    /// Ends the streams that `ends` accepts, by their numbers, as cut off at `time` where nothing was lost of them, and
    /// else when they were last seen.
    pub(super) fn cut(&mut self, ends: impl Fn(u32) -> bool, time: Timestamp, sink: &mut Sink<'_>) {
        let when = |end, seen| if end == BodyEnd::Cut { time } else { seen };
        self.end_all(|stream| ends(stream.number), BodyEnd::Cut, when, sink);
    }

    /// Ends all streams when they were last seen: as `end`, unless some of them was lost.
    pub(super) fn give_up(&mut self, end: BodyEnd, sink: &mut Sink<'_>) {
        self.end_all(|_| true, end, |_, seen| seen, sink);
    }

    fn end_all(
        &mut self,
        ends: impl Fn(&Stream) -> bool,
        otherwise: BodyEnd,
        when: impl Fn(BodyEnd, Timestamp) -> Timestamp,
        sink: &mut Sink<'_>,
    ) {
        let (over, open): (Vec<_>, Vec<_>) = std::mem::take(&mut self.open)
            .into_iter()
            .partition(|stream| ends(stream));
        self.open = open;
        self.held = self.open.iter().map(Stream::held).sum();
        for stream in over {
            self.left_requests |= !stream.request.is_over();
            let end = stream.response.unfinished(otherwise);
            let request = stream.request.unfinished(otherwise);
            let time = when(end, stream.seen);
            stream.end(end, request, time, sink);
        }
    }

    fn place(&self, number: u32) -> Option<usize> {
        self.open
            .binary_search_by_key(&number, |stream| stream.number)
            .ok()
    }
}

impl Stream {
    /// Memory held for its bodies.
    fn held(&self) -> usize {
        self.request.held() + self.response.held()
    }

    /// Reports something of its exchange.
    pub(super) fn tell(&self, time: Timestamp, kind: Kind<'_>, sink: &mut Sink<'_>) {
        tell(self.exchange, time, kind, sink);
    }

    /// Bytes of the body of its request came.
    pub(super) fn request_body(&mut self, bytes: &[u8], limits: &Limits, sink: &mut Sink<'_>) {
        let (exchange, time) = (self.exchange, self.seen);
        self.request.feed(bytes, limits, &mut |data| {
            tell(exchange, time, Kind::RequestBody(data), sink);
        });
    }

    /// The head of its response, of which the first byte came at `started`.
    pub(super) fn respond(
        &mut self,
        started: Timestamp,
        head: Box<ResponseHead>,
        limits: &Limits,
        sink: &mut Sink<'_>,
    ) {
        self.unclear = None;
        let codings = codings(&head.headers, head.unknown_fields);
        self.response.begin(codings.as_ref(), limits);
        self.tell(started, Kind::ResponseHead(head), sink);
    }

    /// A head that may be that of its response or an interim one.
    pub(super) fn may_respond(&mut self, started: Timestamp, head: Box<ResponseHead>) {
        self.unclear = Some((started, head));
    }

    /// Its body comes: the unclear head was that of the response, or the head was lost.
    fn clear_up(&mut self, limits: &Limits, sink: &mut Sink<'_>) {
        if !matches!(self.response.stage, Stage::Head) {
            return;
        }
        let was_lost = self.response.missing.is_some();
        let lost = || (self.seen, Box::new(lost_head()));
        if let Some((started, head)) = self.unclear.take().or_else(|| was_lost.then(lost)) {
            self.respond(started, head, limits, sink);
        }
    }

    /// Bytes of the body of its response came.
    pub(super) fn response_body(&mut self, bytes: &[u8], limits: &Limits, sink: &mut Sink<'_>) {
        self.clear_up(limits, sink);
        let (exchange, time) = (self.exchange, self.seen);
        self.response.feed(bytes, limits, &mut |data| {
            tell(exchange, time, Kind::ResponseBody(data), sink);
        });
    }

    /// Its request is complete.
    pub(super) fn end_request(&mut self, limits: &Limits, sink: &mut Sink<'_>) {
        if self.request.is_over() {
            return;
        }
        let (exchange, time) = (self.exchange, self.request_seen);
        let end = self.request.complete(limits, &mut |data| {
            tell(exchange, time, Kind::RequestBody(data), sink);
        });
        self.tell(time, Kind::RequestEnd(end), sink);
    }

    /// Its response is complete; returns how.
    pub(super) fn complete_response(&mut self, limits: &Limits, sink: &mut Sink<'_>) -> BodyEnd {
        if let Some((started, head)) = self.unclear.take() {
            self.respond(started, head, limits, sink);
        }
        let (exchange, time) = (self.exchange, self.seen);
        self.response.complete(limits, &mut |data| {
            tell(exchange, time, Kind::ResponseBody(data), sink);
        })
    }

    /// Bytes of its request were lost: so many, or an unknown number (0).
    pub(super) fn lose_request(&mut self, missing: u64, sink: &mut Sink<'_>) {
        if !self.request.is_over() {
            self.request.lose(missing);
            self.tell(self.request_seen, Kind::RequestGap(missing), sink);
        }
    }

    /// Bytes of its response were lost: so many, or an unknown number (0).
    pub(super) fn lose_response(&mut self, missing: u64, sink: &mut Sink<'_>) {
        self.response.lose(missing);
        if matches!(self.response.stage, Stage::Body(_)) {
            self.tell(self.seen, Kind::ResponseGap(missing), sink);
        }
    }

    /// The exchange is over; its request as well: if it was not seen to its end, it ends as `request`
    /// says.
    fn end(self, end: BodyEnd, request: BodyEnd, time: Timestamp, sink: &mut Sink<'_>) {
        if !self.request.is_over() {
            self.tell(self.request_seen, Kind::RequestEnd(request), sink);
        }
        self.tell(time, Kind::ResponseEnd(end), sink);
    }
}

/// The head of a response that was lost.
fn lost_head() -> ResponseHead {
    ResponseHead {
        status: None,
        headers: Headers::default(),
        unknown_fields: 1,
        wire_bytes: 0,
    }
}

fn tell(exchange: ExchangeId, time: Timestamp, kind: Kind<'_>, sink: &mut Sink<'_>) {
    sink(ExchangeEvent {
        exchange,
        time,
        kind,
    });
}
