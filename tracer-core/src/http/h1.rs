//! One HTTP/1 connection: pieces of both directions in, events of its exchanges out.

use std::sync::Arc;

use crate::{
    detect::{Protocol, Role},
    http::{allow_list::AllowList, exchange::ExchangeEvent},
    limits::Limits,
    segment::Arrival,
    time::Timestamp,
};

/// Where the events of a connection go, in the order in which they happened.
pub type Sink<'s> = dyn FnMut(ExchangeEvent<'_>) + 's;

/// One HTTP/1 connection, seen from either side.
#[derive(Debug)]
pub struct H1Connection {
    role: Role,
    limits: Limits,
    allow_list: Arc<AllowList>,
}

impl H1Connection {
    /// A connection of which nothing was seen yet; it need not be at its beginning.
    pub fn new(role: Role, limits: Limits, allow_list: Arc<AllowList>) -> Self {
        Self {
            role,
            limits,
            allow_list,
        }
    }

    /// Takes the next bytes of a direction. Returns how many of them were HTTP: all, except where
    /// an upgrade ends it, see [`upgraded`](Self::upgraded).
    pub fn piece(&mut self, arrival: Arrival, bytes: &[u8], sink: &mut Sink<'_>) -> usize {
        let _ = (arrival, sink, &self.allow_list, self.role, self.limits);
        bytes.len()
    }

    /// `missing` bytes of a direction were lost before the piece that came with `arrival`.
    pub fn gap(&mut self, arrival: Arrival, missing: u64, sink: &mut Sink<'_>) {
        let _ = (arrival, missing, sink);
    }

    /// The connection is over: ends whatever is open. Bytes lost at its end are to be reported
    /// through [`gap`](Self::gap) before.
    pub fn close(&mut self, time: Timestamp, sink: &mut Sink<'_>) {
        let _ = (time, sink);
    }

    /// Ends whatever is open, as after a loss, and waits for the next request.
    pub fn give_up(&mut self, sink: &mut Sink<'_>) {
        let _ = sink;
    }

    /// Exchanges whose response has not ended.
    pub fn open_exchanges(&self) -> usize {
        0
    }

    /// What the connection speaks now, if it has left HTTP/1.
    pub fn upgraded(&self) -> Option<Protocol> {
        None
    }
}
