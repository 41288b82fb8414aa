//! One connection behind its handshake: frames of both directions in, calls of a session out.

use super::{handshake::Handshake, output::Report};
use crate::{
    http::exchange::BodyEnd,
    llm::realtime::session::Session,
    segment::{Arrival, Direction},
    stream::websocket::{Sender, WebSocket},
    time::Timestamp,
};

/// A WebSocket that carries a session with a model, of which the process is the client.
#[derive(Debug)]
pub(super) struct RealtimeConnection {
    outbound: WebSocket,
    inbound: WebSocket,
    session: Session,
}

impl RealtimeConnection {
    /// The connection that a handshake opened.
    pub(super) fn new(handshake: Handshake, report: &Report<'_>) -> Self {
        let context = report.config.builder_context();
        let (session, deflate) = handshake.session(report.connection, context);
        let direction = |sender| WebSocket::new(sender, deflate, &context.limits);
        Self {
            outbound: direction(Sender::Client),
            inbound: direction(Sender::Server),
            session,
        }
    }

    /// Takes the next bytes of a direction.
    pub(super) fn piece(&mut self, arrival: Arrival, bytes: &[u8], report: &mut Report<'_>) {
        let (sender, direction, session) = self.direction(arrival.direction);
        direction.feed(bytes, &mut |part| session.part(sender, part, arrival.time));
        self.report(report);
    }

    /// Bytes of a direction were lost.
    pub(super) fn gap(&mut self, arrival: Arrival, missing: u64, report: &mut Report<'_>) {
        let (sender, direction, session) = self.direction(arrival.direction);
        session.gap();
        direction.gap(missing, &mut |part| {
            session.part(sender, part, arrival.time)
        });
        self.report(report);
    }

    /// The connection is over.
    pub(super) fn close(&mut self, time: Timestamp, report: &mut Report<'_>) {
        self.session.close(time);
        self.report(report);
    }

    /// Reports the calls under way as they are: they end as `end`.
    pub(super) fn give_up(&mut self, end: BodyEnd, report: &mut Report<'_>) {
        self.session.give_up(end);
        self.report(report);
    }

    /// Bytes that it holds.
    pub(super) fn held(&self) -> usize {
        self.outbound.held() + self.inbound.held() + self.session.held()
    }

    /// Gives back what it holds of messages.
    pub(super) fn shed(&mut self) {
        self.session.shed();
    }

    fn direction(&mut self, direction: Direction) -> (Sender, &mut WebSocket, &mut Session) {
        match direction {
            Direction::Outbound => (Sender::Client, &mut self.outbound, &mut self.session),
            Direction::Inbound => (Sender::Server, &mut self.inbound, &mut self.session),
        }
    }

    fn report(&mut self, report: &mut Report<'_>) {
        for call in self.session.take_calls() {
            report.call(call);
        }
    }
}
