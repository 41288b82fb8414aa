//! One connection behind its handshake: frames of both directions in, calls of a session out.

use super::{handshake::Handshake, output::Report};
use crate::{
    http::exchange::BodyEnd,
    llm::{
        builder::BuilderContext,
        realtime::{overheard::Overheard, session::Session},
    },
    segment::{Arrival, Direction},
    stream::websocket::{Part, Sender, WebSocket},
    time::Timestamp,
};

/// A WebSocket that carries a session with a model, or may, of which the process is the client.
#[derive(Debug)]
pub(super) struct RealtimeConnection {
    outbound: WebSocket,
    inbound: WebSocket,
    talk: Talk,
}

/// What is said on it.
#[derive(Debug)]
enum Talk {
    Session(Box<Session>),
    /// The handshake was not seen, and no message yet that tells.
    Overheard(Box<Overheard>),
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
            talk: Talk::Session(Box::new(session)),
        }
    }

    /// A connection that was opened before the agent came.
    pub(super) fn attached(report: &Report<'_>) -> Self {
        let context = report.config.builder_context();
        let overheard = Overheard::new(report.connection, context);
        Self {
            outbound: WebSocket::attached(Sender::Client, &context.limits),
            inbound: WebSocket::attached(Sender::Server, &context.limits),
            talk: Talk::Overheard(Box::new(overheard)),
        }
    }

    /// It is known what is said.
    pub(super) const fn is_session(&self) -> bool {
        matches!(self.talk, Talk::Session(_))
    }

    /// It is no session with a model, or none that can be read.
    pub(super) const fn is_refuted(&self) -> bool {
        match &self.talk {
            Talk::Session(_) => false,
            Talk::Overheard(overheard) => overheard.is_refuted(),
        }
    }

    /// Takes the next bytes of a direction.
    pub(super) fn piece(&mut self, arrival: Arrival, bytes: &[u8], report: &mut Report<'_>) {
        let context = report.config.builder_context();
        let (sender, direction, talk) = self.direction(arrival.direction);
        direction.feed(bytes, &mut |part| {
            talk.part(sender, part, arrival.time, context);
        });
        self.report(report);
    }

    /// Bytes of a direction were lost.
    pub(super) fn gap(&mut self, arrival: Arrival, missing: u64, report: &mut Report<'_>) {
        let context = report.config.builder_context();
        let (sender, direction, talk) = self.direction(arrival.direction);
        if let Talk::Session(session) = talk {
            session.gap();
        }
        direction.gap(missing, &mut |part| {
            talk.part(sender, part, arrival.time, context);
        });
        self.report(report);
    }

    /// The connection is over.
    pub(super) fn close(&mut self, time: Timestamp, report: &mut Report<'_>) {
        if let Talk::Session(session) = &mut self.talk {
            session.close(time);
        }
        self.report(report);
    }

    /// Reports the calls under way as they are: they end as `end`.
    pub(super) fn give_up(&mut self, end: BodyEnd, report: &mut Report<'_>) {
        if let Talk::Session(session) = &mut self.talk {
            session.give_up(end);
        }
        self.report(report);
    }

    /// Bytes that it holds.
    pub(super) fn held(&self) -> usize {
        let messages = match &self.talk {
            Talk::Session(session) => session.held(),
            Talk::Overheard(overheard) => overheard.held(),
        };
        self.outbound.held() + self.inbound.held() + messages
    }

    /// Gives back what it holds of messages.
    pub(super) fn shed(&mut self) {
        match &mut self.talk {
            Talk::Session(session) => session.shed(),
            Talk::Overheard(overheard) => overheard.shed(),
        }
    }

    fn direction(&mut self, direction: Direction) -> (Sender, &mut WebSocket, &mut Talk) {
        match direction {
            Direction::Outbound => (Sender::Client, &mut self.outbound, &mut self.talk),
            Direction::Inbound => (Sender::Server, &mut self.inbound, &mut self.talk),
        }
    }

    fn report(&mut self, report: &mut Report<'_>) {
        if let Talk::Session(session) = &mut self.talk {
            for call in session.take_calls() {
                report.call(call);
            }
        }
    }
}

impl Talk {
    fn part(
        &mut self,
        sender: Sender,
        part: Part<'_>,
        time: Timestamp,
        context: BuilderContext<'_>,
    ) {
        match self {
            Self::Session(session) => session.part(sender, part, time),
            Self::Overheard(overheard) => {
                if let Some(session) = overheard.part(sender, part, time, context) {
                    *self = Self::Session(Box::new(session));
                }
            }
        }
    }
}
