//! A handshake that may open a session with a model.

use crate::{
    http::{
        exchange::ExchangeId,
        head::{RequestHead, ResponseHead},
    },
    llm::{
        builder::BuilderContext,
        call::{Call, Captured},
        realtime::{
            handshake::{Recognised, recognise},
            session::Session,
        },
    },
    segment::ConnectionId,
    stream::websocket::PerMessageDeflate,
    time::Timestamp,
};

use super::config::PipelineConfig;

/// Status of an answer that opens a session.
const SWITCHING_PROTOCOLS: u16 = 101;

/// One that was begun, and what is known of its end.
#[derive(Debug)]
pub(super) struct Handshake {
    pub(super) exchange: ExchangeId,
    head: RequestHead,
    recognised: Recognised,
    start: Timestamp,
    answer: Option<Answer>,
}

#[derive(Debug)]
struct Answer {
    status: Option<u16>,
    deflate: Option<PerMessageDeflate>,
    time: Timestamp,
}

impl Handshake {
    /// The handshake that a request begins, if it is one.
    pub(super) fn of_request(
        exchange: ExchangeId,
        head: &RequestHead,
        start: Timestamp,
        config: &PipelineConfig,
    ) -> Option<Box<Self>> {
        let recognised = recognise(head, &config.hosts)?;
        Some(Box::new(Self {
            exchange,
            head: head.clone(),
            recognised,
            start,
            answer: None,
        }))
    }

    /// The response to it.
    pub(super) fn answered(&mut self, head: &ResponseHead, time: Timestamp) {
        let extensions = head
            .headers
            .iter()
            .filter_map(|(name, value)| (name == "sec-websocket-extensions").then_some(value));
        self.answer = Some(Answer {
            status: head.status,
            deflate: PerMessageDeflate::settled(extensions),
            time,
        });
    }

    /// The connection of HTTP/1 speaks WebSocket from here on.
    pub(super) fn is_accepted(&self) -> bool {
        let status = self.answer.as_ref().and_then(|answer| answer.status);
        status == Some(SWITCHING_PROTOCOLS)
    }

    /// The session that it opened, and how its messages are compressed.
    pub(super) fn session(
        self,
        connection: ConnectionId,
        context: BuilderContext<'_>,
    ) -> (Session, Option<PerMessageDeflate>) {
        let status = self.answer.as_ref().and_then(|answer| answer.status);
        let session = Session::new(
            connection,
            self.exchange,
            self.head,
            self.recognised,
            status.unwrap_or(SWITCHING_PROTOCOLS),
            context,
        );
        (session, self.answer.and_then(|answer| answer.deflate))
    }

    /// The call that it would have led to, if it was refused with an error.
    pub(super) fn refused(
        mut self,
        connection: ConnectionId,
        context: BuilderContext<'_>,
    ) -> Option<Box<Call<Captured>>> {
        let answer = self.answer.take()?;
        let status = answer.status.filter(|&status| status >= 400)?;
        let start = self.start;
        let (mut session, _) = self.session(connection, context);
        Some(session.refused(status, start, answer.time))
    }
}
