//! The exchanges of a connection whose response has not ended, oldest first.

use std::collections::VecDeque;

use crate::{
    detect::Role,
    http::{
        exchange::{BodyEnd, ExchangeEvent, ExchangeEventKind, ExchangeId, Sink},
        h1::head::Method,
    },
    time::Timestamp,
};

/// Responses come in the order of the requests (RFC 9112 section 9.3.2), so the response under way
/// is that of the front and the request under way that of the back.
#[derive(Debug, Default)]
pub(super) struct OpenExchanges {
    queue: VecDeque<Exchange>,
    next: u32,
}

/// An exchange whose response has not ended.
#[derive(Debug)]
pub(super) struct Exchange {
    pub(super) id: ExchangeId,
    pub(super) method: Method,
    /// The turn in which its request was last seen.
    pub(super) turn: u32,
    /// More of its request may come.
    pub(super) request_open: bool,
    /// When a byte of its request was last seen.
    pub(super) request_seen: Timestamp,
    /// Its response has begun.
    pub(super) responding: bool,
    /// Bytes of its response that were lost where the framing could not follow.
    pub(super) lost: Option<u64>,
    /// When a byte of it was last seen.
    pub(super) seen: Timestamp,
}

impl Exchange {
    /// Reports something of this exchange.
    pub(super) fn tell(&self, time: Timestamp, kind: ExchangeEventKind<'_>, sink: &mut Sink<'_>) {
        sink(ExchangeEvent {
            exchange: self.id,
            time,
            kind,
        });
    }

    /// The turn in which its response is due: a client reads it in the turn in which it wrote the
    /// request, a server turns to writing first.
    pub(super) fn due(&self, role: Role) -> u32 {
        match role {
            Role::Client => self.turn,
            Role::Server => self.turn.wrapping_add(1),
        }
    }
}

impl OpenExchanges {
    pub(super) fn len(&self) -> usize {
        self.queue.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Exchange> {
        self.queue.iter()
    }

    /// A request has begun, with the last byte of its head at `time`.
    pub(super) fn begin(&mut self, method: Method, turn: u32, time: Timestamp) -> Exchange {
        let id = ExchangeId(self.next);
        self.next = self.next.wrapping_add(1);
        Exchange {
            id,
            method,
            turn,
            request_open: true,
            request_seen: time,
            responding: false,
            lost: None,
            seen: time,
        }
    }

    /// Its response comes after those of all before it.
    pub(super) fn push(&mut self, exchange: Exchange) {
        self.queue.push_back(exchange);
    }

    /// The exchange whose response is due or under way.
    pub(super) fn front(&mut self) -> Option<&mut Exchange> {
        self.queue.front_mut()
    }

    /// The exchange whose response is under way.
    pub(super) fn responding(&mut self) -> Option<&mut Exchange> {
        self.queue
            .front_mut()
            .filter(|exchange| exchange.responding)
    }

    /// The exchange whose request is under way.
    pub(super) fn requesting(&mut self) -> Option<&mut Exchange> {
        self.queue
            .back_mut()
            .filter(|exchange| exchange.request_open)
    }

    /// The request under way is over.
    pub(super) fn end_request(&mut self, end: BodyEnd, sink: &mut Sink<'_>) {
        if let Some(exchange) = self.requesting() {
            exchange.request_open = false;
            exchange.tell(
                exchange.request_seen,
                ExchangeEventKind::RequestEnd(end),
                sink,
            );
        }
    }

    /// The front is over; its request as well: if it was not seen to its end, it ends as `request`
    /// says.
    pub(super) fn end_front(
        &mut self,
        end: BodyEnd,
        request: BodyEnd,
        time: Timestamp,
        sink: &mut Sink<'_>,
    ) {
        if let Some(exchange) = self.queue.pop_front() {
            if exchange.request_open {
                exchange.tell(
                    exchange.request_seen,
                    ExchangeEventKind::RequestEnd(request),
                    sink,
                );
            }
            exchange.tell(time, ExchangeEventKind::ResponseEnd(end), sink);
        }
    }

    /// Bytes of responses were lost, the first of them those of the front.
    pub(super) fn lose(&mut self, missing: u64) {
        let mut missing = missing;
        for exchange in &mut self.queue {
            let lost = exchange.lost.get_or_insert(0);
            *lost = lost.saturating_add(std::mem::take(&mut missing));
        }
    }
}
