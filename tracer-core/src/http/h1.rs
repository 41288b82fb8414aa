//! One HTTP/1 connection: pieces of both directions in, events of its exchanges out.
//!
//! Each direction is a side: it reads heads and bodies by their framing for as long as that
//! holds. Where it does not (attached in the middle, a loss of which the framing cannot tell what
//! follows, nonsense) the side is adrift and waits for the next turn that begins with a head.
//!
//! Bias, when adrift: towards absence. A response is only taken for that of an exchange if its turn
//! says so and no other exchange shares that turn; what cannot be told apart ends with
//! [`BodyEnd::Gap`]. This costs pipelined exchanges around a loss, which no client of a model makes.

mod crowded;
pub(crate) mod head;
mod message;
mod open;
mod requests;
mod responses;
mod side;

use std::sync::Arc;

use self::{
    open::OpenExchanges,
    side::{Side, State},
};
use crate::{
    detect::{Look, Role, looks},
    http::{
        allow_list::AllowList,
        exchange::{BodyEnd, Sink},
    },
    limits::Limits,
    segment::Arrival,
    time::Timestamp,
};

/// One HTTP/1 connection, seen from either side.
#[derive(Debug)]
pub struct H1Connection {
    role: Role,
    limits: Limits,
    allow_list: Arc<AllowList>,
    requests: Side,
    responses: Side,
    open: OpenExchanges,
    upgraded: Option<Upgrade>,
}

/// What follows HTTP/1 on a connection that has left it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Upgrade {
    /// Another connection from its beginning, of any protocol: behind a CONNECT, or `h2c`.
    Tunnel,
    /// WebSocket.
    WebSocket,
    /// Something that is not understood here.
    Other,
}

impl H1Connection {
    /// A connection of which nothing was seen yet; it need not be at its beginning.
    pub fn new(role: Role, limits: Limits, allow_list: Arc<AllowList>) -> Self {
        Self {
            role,
            limits,
            allow_list,
            requests: Side::default(),
            responses: Side::default(),
            open: OpenExchanges::default(),
            upgraded: None,
        }
    }

    /// Takes the next bytes of a direction. Returns how many of them were HTTP: all, except where
    /// an upgrade ends it, see [`upgraded`](Self::upgraded).
    pub fn piece(&mut self, arrival: Arrival, bytes: &[u8], sink: &mut Sink<'_>) -> usize {
        if self.upgraded.is_some() || bytes.is_empty() {
            return 0;
        }
        let side = self.side(arrival);
        let fresh = side.turn.replace(arrival.turn) != Some(arrival.turn);
        if fresh {
            self.settle(arrival, sink);
        }
        let side = self.side(arrival);
        let rest = if let Some((first, mut gathered)) = side.undecided.take() {
            gathered.extend_from_slice(bytes);
            self.begin_turn(first, &gathered, sink)
        } else if fresh {
            self.begin_turn(arrival, bytes, sink)
        } else {
            self.read(arrival, bytes, sink)
        };
        bytes.len().saturating_sub(rest)
    }

    /// `missing` bytes of a direction were lost before the piece that came with `arrival`.
    pub fn gap(&mut self, arrival: Arrival, missing: u64, sink: &mut Sink<'_>) {
        if self.upgraded.is_some() || missing == 0 {
            return;
        }
        self.settle(arrival, sink);
        if self.is_request(arrival) {
            self.lose_request(missing, sink);
        } else {
            self.lose_response(missing, sink);
        }
    }

    /// The connection is over: ends whatever is open. Bytes lost at its end are to be reported
    /// through [`gap`](Self::gap) before.
    pub fn close(&mut self, time: Timestamp, sink: &mut Sink<'_>) {
        while let Some(exchange) = self.open.front() {
            let (responding, lost, seen) = (exchange.responding, exchange.lost, exchange.seen);
            let end = match (&mut self.responses.state, lost) {
                (_, Some(missing)) => BodyEnd::Gap { missing },
                (State::Body(body), None) if responding => body.close(),
                _ => BodyEnd::Cut,
            };
            // A caller that gave up did so now; else the last byte tells when it was over.
            let (time, request) = match end {
                BodyEnd::Cut => (time, BodyEnd::Cut),
                _ => (seen, self.requests.unseen()),
            };
            self.open.end_front(end, request, time, sink);
        }
        self.drift();
    }

    /// Ends whatever is open and waits for the next request: what was not lost before ends as
    /// `end`.
    pub fn give_up(&mut self, end: BodyEnd, sink: &mut Sink<'_>) {
        while let Some(exchange) = self.open.front() {
            let (responding, lost, seen) = (exchange.responding, exchange.lost, exchange.seen);
            let response = match (&self.responses.state, lost) {
                (State::Body(body), None) if responding => body.given_up(end),
                (_, Some(missing)) => BodyEnd::Gap { missing },
                (_, None) => end,
            };
            let request = self.requests.given_up(end);
            self.open.end_front(response, request, seen, sink);
        }
        self.drift();
    }

    /// Bytes held for what is under way.
    pub fn held(&self) -> usize {
        self.requests.held() + self.responses.held()
    }

    /// Gives them back: coded bodies go on undecoded, and a head whose beginning is forgotten is
    /// never read.
    pub fn shed(&mut self) {
        self.requests.shed();
        self.responses.shed();
    }

    /// Exchanges whose response has not ended.
    pub fn open_exchanges(&self) -> usize {
        self.open.len()
    }

    /// What follows on the connection, if it has left HTTP/1.
    pub fn upgraded(&self) -> Option<Upgrade> {
        self.upgraded
    }

    fn is_request(&self, arrival: Arrival) -> bool {
        arrival.direction == self.role.requests()
    }

    fn side(&mut self, arrival: Arrival) -> &mut Side {
        if self.is_request(arrival) {
            &mut self.requests
        } else {
            &mut self.responses
        }
    }

    fn drift(&mut self) {
        self.requests.drift(None);
        self.responses.drift(None);
    }

    /// The first bytes of a turn: if the side is out of step, they may bring it back into it.
    /// Returns how many bytes were left over, as does all that reads.
    fn begin_turn(&mut self, arrival: Arrival, bytes: &[u8], sink: &mut Sink<'_>) -> usize {
        let is_request = self.is_request(arrival);
        if !is_request && matches!(self.responses.state, State::Adrift(_)) {
            self.end_overdue(arrival, sink);
        }
        let out_of_step = if is_request {
            self.requests_out_of_step()
        } else {
            self.responses_out_of_step(arrival)
        };
        if out_of_step {
            match looks(bytes) {
                Look::Partial => {
                    self.side(arrival).undecided = Some((arrival, bytes.to_vec()));
                    return 0;
                }
                Look::Request if is_request => self.requests.restart(),
                Look::Response if !is_request => self.restart_responses(arrival, sink),
                _ => {}
            }
        }
        self.read(arrival, bytes, sink)
    }

    /// The first bytes of a turn were too few to be the beginning of a head, and no more come.
    fn settle(&mut self, arrival: Arrival, sink: &mut Sink<'_>) {
        if let Some((first, bytes)) = self.side(arrival).undecided.take() {
            self.read(first, &bytes, sink);
        }
    }

    fn read(&mut self, arrival: Arrival, bytes: &[u8], sink: &mut Sink<'_>) -> usize {
        if self.is_request(arrival) {
            self.read_requests(arrival, bytes, sink)
        } else {
            self.read_responses(arrival, bytes, sink)
        }
    }
}

#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzz;
#[cfg(test)]
mod tests;
