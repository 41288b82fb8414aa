//! What a stream of HTTP/2 carries behind a CONNECT: another connection (RFC 9113 section 8.5), or a
//! WebSocket (RFC 8441).
//!
//! A connection in a tunnel is followed like any other, but that the kernel knows nothing of it: what
//! is found there speaks for or against the connection that carries it. TLS in a tunnel is seen by the
//! probes of its own library, and left alone here. Tunnels within tunnels are not followed.

use super::{
    connection::Connection, handshake::Handshake, judge::Evidence, output::Report,
    websocket::RealtimeConnection,
};
use crate::{
    http::{
        exchange::{BodyEnd, ExchangeEventKind as Kind, ExchangeId},
        head::{HttpVersion, RequestHead, ResponseHead},
    },
    segment::{Arrival, Direction, Segment},
    time::Timestamp,
    verdict::Verdict,
};

/// One tunnel, of which the process is the client.
#[derive(Debug)]
pub(super) struct Tunnel {
    pub(super) exchange: ExchangeId,
    state: State,
    /// Bytes that it carried.
    outbound: u64,
    inbound: u64,
    /// How often it turned from reading to writing.
    turn: u32,
    read: bool,
}

#[derive(Debug)]
enum State {
    /// Nothing but the request was seen.
    Asked(Option<Box<Handshake>>),
    Session(Box<RealtimeConnection>),
    Connection(Box<Connection>),
    /// It is not followed.
    Left,
}

impl Tunnel {
    /// The tunnel that a request asks for, if what it is to carry may be read.
    pub(super) fn of_request(
        exchange: ExchangeId,
        head: &RequestHead,
        time: Timestamp,
        report: &Report<'_>,
    ) -> Option<Self> {
        if head.method != "CONNECT" || head.version != HttpVersion::H2 || report.is_in_tunnel() {
            return None;
        }
        let handshake = match head.headers.get("upgrade") {
            None => None,
            Some(_) => Some(Handshake::of_request(exchange, head, time, report.config)?),
        };
        Some(Self {
            exchange,
            state: State::Asked(handshake),
            outbound: 0,
            inbound: 0,
            turn: 0,
            read: false,
        })
    }

    /// A session with a model is to go through it.
    pub(super) const fn is_handshake(&self) -> bool {
        matches!(self.state, State::Asked(Some(_)))
    }

    /// Nothing more will come of it.
    pub(super) const fn is_left(&self) -> bool {
        matches!(self.state, State::Left)
    }

    /// Takes an event of its exchange, except the first and the last. Returns what it says about the
    /// connection that carries it.
    pub(super) fn event(
        &mut self,
        kind: &Kind<'_>,
        time: Timestamp,
        report: &mut Report<'_>,
    ) -> Option<Evidence> {
        match *kind {
            Kind::ResponseHead(ref head) => self.answered(head, time, report),
            Kind::RequestBody(bytes) => self.piece(Direction::Outbound, bytes, time, report),
            Kind::ResponseBody(bytes) => self.piece(Direction::Inbound, bytes, time, report),
            Kind::RequestGap(missing) => self.gap(Direction::Outbound, missing, time, report),
            Kind::ResponseGap(missing) => self.gap(Direction::Inbound, missing, time, report),
            Kind::RequestHead(_)
            | Kind::RequestEnd(_)
            | Kind::ResponseTrailers(_)
            | Kind::ResponseEnd(_) => None,
        }
    }

    /// Its stream is over.
    pub(super) fn end(mut self, end: BodyEnd, time: Timestamp, report: &mut Report<'_>) {
        let mut verdict = None;
        match (&mut self.state, end) {
            (State::Session(session), BodyEnd::Complete | BodyEnd::Cut) => {
                session.close(time, report);
            }
            (State::Session(session), end) => session.give_up(end, report),
            (State::Connection(inner), BodyEnd::Complete | BodyEnd::Cut) => {
                inner.close(time, None, &mut report.in_tunnel(&mut verdict));
            }
            (State::Connection(inner), end) => {
                inner.give_up(end, &mut report.in_tunnel(&mut verdict));
            }
            (State::Asked(_) | State::Left, _) => {}
        }
    }

    /// Bytes that it holds for what is under way.
    pub(super) fn held(&self) -> usize {
        match &self.state {
            State::Session(session) => session.held(),
            State::Connection(inner) => inner.held(),
            State::Asked(_) | State::Left => 0,
        }
    }

    /// Gives them back.
    pub(super) fn shed(&mut self) {
        match &mut self.state {
            State::Session(session) => session.shed(),
            State::Connection(inner) => inner.shed(),
            State::Asked(_) | State::Left => {}
        }
    }

    fn answered(
        &mut self,
        head: &ResponseHead,
        time: Timestamp,
        report: &mut Report<'_>,
    ) -> Option<Evidence> {
        let State::Asked(handshake) = std::mem::replace(&mut self.state, State::Left) else {
            return None;
        };
        let is_open = head
            .status
            .is_some_and(|status| (200..300).contains(&status));
        let Some(mut handshake) = handshake else {
            if !is_open {
                return Some(Evidence::Other);
            }
            self.state = State::Connection(Box::new(Connection::new()));
            return None;
        };
        handshake.answered(head, time);
        if is_open {
            let session = RealtimeConnection::new(*handshake, report);
            self.state = State::Session(Box::new(session));
            return Some(Evidence::Llm);
        }
        let context = report.config.builder_context();
        let refused = handshake.refused(report.connection, context);
        let evidence = refused.as_ref().map_or(Evidence::Other, |_| Evidence::Llm);
        refused.into_iter().for_each(|call| report.call(call));
        Some(evidence)
    }

    fn piece(
        &mut self,
        direction: Direction,
        bytes: &[u8],
        time: Timestamp,
        report: &mut Report<'_>,
    ) -> Option<Evidence> {
        match direction {
            Direction::Outbound => self.turn += u32::from(std::mem::take(&mut self.read)),
            Direction::Inbound => self.read = true,
        }
        let arrival = self.arrival(direction, time);
        let place = self.place(direction);
        let offset = *place;
        *place = offset.saturating_add(bytes.len() as u64);
        match &mut self.state {
            State::Session(session) => {
                session.piece(arrival, bytes, report);
                None
            }
            State::Connection(inner) => {
                let mut verdict = None;
                let segment = Segment {
                    connection: report.connection,
                    direction,
                    offset,
                    time,
                    turn: arrival.turn,
                    bytes,
                };
                inner.segment(&segment, &mut report.in_tunnel(&mut verdict));
                self.weigh(verdict?)
            }
            State::Asked(_) | State::Left => None,
        }
    }

    /// So many bytes of a direction were lost, or an unknown number (0).
    fn gap(
        &mut self,
        direction: Direction,
        missing: u64,
        time: Timestamp,
        report: &mut Report<'_>,
    ) -> Option<Evidence> {
        let arrival = self.arrival(direction, time);
        match &mut self.state {
            State::Session(session) => {
                let missing = if missing == 0 { u64::MAX } else { missing };
                session.gap(arrival, missing, report);
                None
            }
            State::Connection(inner) if missing == 0 => {
                let end = BodyEnd::Gap { missing };
                inner.give_up(end, &mut report.in_tunnel(&mut None));
                self.state = State::Left;
                None
            }
            // The next piece tells.
            State::Connection(_) => {
                let place = self.place(direction);
                *place = place.saturating_add(missing);
                None
            }
            State::Asked(_) | State::Left => None,
        }
    }

    fn weigh(&mut self, verdict: Verdict) -> Option<Evidence> {
        match verdict {
            Verdict::Full => Some(Evidence::Candidate),
            Verdict::HeadOnly | Verdict::HeadOnlyServed | Verdict::Watch => None,
            Verdict::Ignore => {
                self.state = State::Left;
                Some(Evidence::Other)
            }
        }
    }

    const fn arrival(&self, direction: Direction, time: Timestamp) -> Arrival {
        Arrival {
            direction,
            time,
            turn: self.turn,
        }
    }

    const fn place(&mut self, direction: Direction) -> &mut u64 {
        match direction {
            Direction::Outbound => &mut self.outbound,
            Direction::Inbound => &mut self.inbound,
        }
    }
}
