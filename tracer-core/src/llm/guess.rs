//! A request whose path is unknown: which API it speaks is told by its body and the answer.
//!
//! Only HTTP/2 has such: attached in the middle of a connection, or behind a loss, a path may refer to
//! what was never seen. What comes is held until the beginning of the answer names the API, since
//! requests of several APIs look alike; then it goes to the call as if it came only now.
//!
//! Bias: towards absence. Only APIs that mark their answers are guessed, and the request must have
//! their shape. An answer that does not begin with a mark costs the call.

use memchr::memmem;

use super::{
    adapters::guessed::{MARKS, Mark},
    builder::{BuilderContext, CallBuilder},
    origin::Origin,
    recognise::Recognised,
};
use crate::{
    http::{
        exchange::{BodyEnd, ExchangeEventKind as Kind, ExchangeId},
        head::{RequestHead, ResponseHead},
    },
    time::Timestamp,
};

/// Bytes of an answer in which a mark is looked for.
const ANSWER_BYTES: usize = 16 << 10;

/// An exchange that may be a call.
#[derive(Debug)]
pub(crate) struct Guess {
    origin: Origin,
    head: Box<RequestHead>,
    start: Timestamp,
    /// What came since, in order.
    events: Vec<(Timestamp, Held)>,
    /// Bytes of the request in them.
    request_bytes: usize,
    answer: Vec<u8>,
    /// Nothing will come of it.
    given_up: bool,
}

/// An event that is held.
#[derive(Debug)]
enum Held {
    RequestBody(Vec<u8>),
    RequestGap(u64),
    RequestEnd(BodyEnd),
    ResponseHead(Box<ResponseHead>),
    ResponseBody(Vec<u8>),
    ResponseGap(u64),
}

impl Guess {
    /// Whether a request with this head may be a call whose path is unknown.
    pub(super) fn is_possible(head: &RequestHead) -> bool {
        let content_type = head.headers.get("content-type");
        let may_be_json = content_type.is_none_or(|value| value.contains("json"));
        head.target_is_unknown() && head.method == "POST" && may_be_json
    }

    pub(super) fn new(origin: Origin, head: Box<RequestHead>, start: Timestamp) -> Self {
        Self {
            origin,
            head,
            start,
            events: Vec::new(),
            request_bytes: 0,
            answer: Vec::new(),
            given_up: false,
        }
    }

    /// To which exchange it belongs.
    pub(super) const fn exchange(&self) -> ExchangeId {
        self.origin.exchange
    }

    /// Takes an event of the exchange; returns the call once it is known what it is.
    pub(super) fn event(
        &mut self,
        kind: Kind<'_>,
        time: Timestamp,
        context: BuilderContext<'_>,
    ) -> Option<CallBuilder> {
        if self.given_up {
            return None;
        }
        let searched = matches!(kind, Kind::ResponseBody(_));
        self.hold(kind, time, context.body_bytes);
        if !searched {
            return None;
        }
        let mark = self.mark();
        if mark.is_none() && self.answer.len() >= ANSWER_BYTES {
            self.give_up();
        }
        Some(self.call(mark?, context))
    }

    /// Bytes held.
    pub(super) fn held(&self) -> usize {
        let of = |(_, event): &(Timestamp, Held)| match event {
            Held::RequestBody(bytes) | Held::ResponseBody(bytes) => bytes.capacity(),
            _ => 0,
        };
        self.events.iter().map(of).sum::<usize>() + self.answer.capacity()
    }

    /// Gives them back: nothing will come of it.
    pub(super) fn give_up(&mut self) {
        self.given_up = true;
        self.events = Vec::new();
        self.answer = Vec::new();
    }

    fn hold(&mut self, kind: Kind<'_>, time: Timestamp, bound: usize) {
        let last = self.events.last_mut().map(|(_, event)| event);
        let event = match kind {
            Kind::RequestBody(bytes) => {
                let room = bound.saturating_sub(self.request_bytes);
                let (kept, beyond) = bytes.split_at(room.min(bytes.len()));
                self.request_bytes += kept.len();
                if !beyond.is_empty() {
                    self.events
                        .push((time, Held::RequestGap(beyond.len() as u64)));
                    return;
                }
                if let Some(Held::RequestBody(held)) = last {
                    return held.extend_from_slice(kept);
                }
                Held::RequestBody(kept.to_vec())
            }
            Kind::RequestGap(missing) => Held::RequestGap(missing),
            Kind::RequestEnd(end) => Held::RequestEnd(end),
            Kind::ResponseHead(head) => Held::ResponseHead(head),
            Kind::ResponseBody(bytes) => {
                let room = ANSWER_BYTES.saturating_sub(self.answer.len());
                self.answer
                    .extend_from_slice(bytes.get(..room).unwrap_or(bytes));
                Held::ResponseBody(bytes.to_vec())
            }
            Kind::ResponseGap(missing) => Held::ResponseGap(missing),
            Kind::RequestHead(_) | Kind::ResponseTrailers(_) | Kind::ResponseEnd(_) => return,
        };
        self.events.push((time, event));
    }

    /// The mark that the answer comes to first, of an API whose shape the request has.
    fn mark(&self) -> Option<&'static Mark> {
        MARKS
            .iter()
            .filter(|mark| self.request_has(mark.request))
            .filter_map(|mark| {
                let at = memmem::find(&self.answer, mark.answer.as_bytes())?;
                Some((at + mark.answer.len(), mark))
            })
            .min_by_key(|(end, _)| *end)
            .map(|(_, mark)| mark)
    }

    fn request_has(&self, member: &str) -> bool {
        self.events.iter().any(|(_, event)| match event {
            Held::RequestBody(bytes) => memmem::find(bytes, member.as_bytes()).is_some(),
            _ => false,
        })
    }

    /// The call that it turned out to be, with all that came.
    fn call(&mut self, mark: &Mark, context: BuilderContext<'_>) -> CallBuilder {
        let recognised = Recognised::guessed(&self.head, mark, context.hosts);
        let mut call = CallBuilder::new(
            self.origin,
            self.head.clone(),
            recognised,
            self.start,
            context,
        );
        for (time, event) in std::mem::take(&mut self.events) {
            let kind = match &event {
                Held::RequestBody(bytes) => Kind::RequestBody(bytes),
                Held::RequestGap(missing) => Kind::RequestGap(*missing),
                Held::RequestEnd(end) => Kind::RequestEnd(*end),
                Held::ResponseHead(head) => Kind::ResponseHead(head.clone()),
                Held::ResponseBody(bytes) => Kind::ResponseBody(bytes),
                Held::ResponseGap(missing) => Kind::ResponseGap(*missing),
            };
            call.event(kind, time);
        }
        call
    }
}

#[cfg(test)]
#[path = "guess_tests.rs"]
mod tests;
