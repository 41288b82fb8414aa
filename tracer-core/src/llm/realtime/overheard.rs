//! A session whose handshake was not seen: which API it is, its messages tell.
//!
//! Bias: towards no. Only messages that no other API is known to have count. A WebSocket of which
//! none was such after [`PATIENCE`] messages is left, and so is one whose messages are compressed
//! against what went by before: it may be a session, and nobody can tell.

use serde::Deserialize;

use super::{
    handshake::{Kind, Recognised},
    session::Session,
};
use crate::{
    llm::{
        builder::BuilderContext,
        json::{Filled, Skeleton, Text, read},
    },
    segment::ConnectionId,
    stream::websocket::{Part, Sender},
    time::Timestamp,
};

/// Messages after which a WebSocket is none of models.
const PATIENCE: u32 = 64;

/// The messages of a connection that may be a session.
#[derive(Debug)]
pub(crate) struct Overheard {
    connection: ConnectionId,
    client: Message,
    server: Message,
    /// Messages that said nothing.
    strange: u32,
}

#[derive(Debug)]
struct Message {
    text: Skeleton,
    began: Timestamp,
}

impl Overheard {
    /// A connection of which nothing was seen yet.
    pub(crate) fn new(connection: ConnectionId, context: BuilderContext<'_>) -> Self {
        let message = || Message {
            text: Skeleton::new(context.limits.event_bytes),
            began: Timestamp::default(),
        };
        Self {
            connection,
            client: message(),
            server: message(),
            strange: 0,
        }
    }

    /// Takes a part of a message; returns the session once it is known, with that message in it.
    pub(crate) fn part(
        &mut self,
        sender: Sender,
        part: Part<'_>,
        time: Timestamp,
        context: BuilderContext<'_>,
    ) -> Option<Session> {
        let message = match sender {
            Sender::Client => &mut self.client,
            Sender::Server => &mut self.server,
        };
        match part {
            Part::Begin => {
                message.text.clear();
                message.began = time;
            }
            Part::Data(bytes) => message.text.feed(bytes),
            Part::Close(_) => {}
            Part::Broken(_) => {
                message.text.clear();
                self.strange = self.strange.saturating_add(1);
            }
            Part::End => {
                let text = message.text.text().unwrap_or_default();
                if let Some(kind) = kind(sender, text) {
                    let recognised = Recognised::overheard(kind);
                    let mut session = Session::attached(self.connection, recognised, context);
                    session.part(sender, Part::Begin, message.began);
                    session.part(sender, Part::Data(text), time);
                    session.part(sender, Part::End, time);
                    return Some(session);
                }
                message.text.clear();
                self.strange = self.strange.saturating_add(1);
            }
        }
        None
    }

    /// It is no session that can be read.
    pub(crate) const fn is_refuted(&self) -> bool {
        self.strange >= PATIENCE
    }

    /// Bytes that it holds of messages.
    pub(crate) fn held(&self) -> usize {
        self.client.text.held() + self.server.text.held()
    }

    /// Gives them back: the messages under way go unread.
    pub(crate) fn shed(&mut self) {
        self.client.text.shed();
        self.server.text.shed();
    }
}

/// What tells messages of the APIs apart.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Marks<'a> {
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
    /// Of an event of the Responses API.
    #[serde(rename = "sequence_number")]
    sequence_number: Filled,
    /// Of a request of the Responses API.
    input: Filled,
    server_content: Filled,
    usage_metadata: Filled,
    #[serde(alias = "client_content")]
    client_content: Filled,
    #[serde(alias = "realtime_input")]
    realtime_input: Filled,
}

/// Types of messages, or their beginnings, that only the Realtime API has.
const OF_REALTIME_SERVERS: &[&str] = &[
    "conversation.item.",
    "input_audio_buffer.",
    "output_audio_buffer.",
    "rate_limits.updated",
    "response.",
    "session.created",
    "session.updated",
];
const OF_REALTIME_CLIENTS: &[&str] = &["input_audio_buffer.", "response.create"];

fn kind(sender: Sender, message: &[u8]) -> Option<Kind> {
    let marks = read::<Marks<'_>>(message)?;
    let Some(name) = marks.kind.as_str() else {
        let of_google = match sender {
            Sender::Client => marks.client_content.0 || marks.realtime_input.0,
            Sender::Server => marks.server_content.0 || marks.usage_metadata.0,
        };
        return of_google.then_some(Kind::GoogleLive);
    };
    let of_responses = match sender {
        Sender::Client => name == "response.create" && marks.input.0,
        Sender::Server => name.starts_with("response.") && marks.sequence_number.0,
    };
    if of_responses {
        return Some(Kind::OpenAiResponses);
    }
    let known = match sender {
        Sender::Client => OF_REALTIME_CLIENTS,
        Sender::Server => OF_REALTIME_SERVERS,
    };
    let is_known = known.iter().any(|known| name.starts_with(known));
    is_known.then_some(Kind::OpenAiRealtime)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_tell_the_api() {
        use Kind::{GoogleLive, OpenAiRealtime, OpenAiResponses};
        use Sender::{Client, Server};
        for (sender, message, expected) in [
            (
                Server,
                r#"{"type":"response.done","response":{}}"#,
                Some(OpenAiRealtime),
            ),
            (
                Server,
                r#"{"type":"session.created"}"#,
                Some(OpenAiRealtime),
            ),
            (
                Client,
                r#"{"type":"input_audio_buffer.append","audio":""}"#,
                Some(OpenAiRealtime),
            ),
            (
                Client,
                r#"{"type":"response.create"}"#,
                Some(OpenAiRealtime),
            ),
            (
                Client,
                r#"{"type":"response.create","input":[1]}"#,
                Some(OpenAiResponses),
            ),
            (
                Server,
                r#"{"type":"response.created","sequence_number":0}"#,
                Some(OpenAiResponses),
            ),
            (
                Server,
                r#"{"serverContent":{"turnComplete":true}}"#,
                Some(GoogleLive),
            ),
            (
                Client,
                r#"{"realtime_input":{"text":"x"}}"#,
                Some(GoogleLive),
            ),
            (Client, r#"{"type":"session.created"}"#, None),
            (Server, r#"{"type":"price"}"#, None),
            (Server, r#"{"id":1}"#, None),
            (Server, "", None),
        ] {
            assert_eq!(kind(sender, message.as_bytes()), expected, "{message}");
        }
    }
}
