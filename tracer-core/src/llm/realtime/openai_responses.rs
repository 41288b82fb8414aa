//! OpenAI's Responses API over a WebSocket.
//!
//! <https://platform.openai.com/docs/guides/websocket-mode>. `response.create` is the body of a
//! request with a type; what comes back are the events of a stream. Where there are several at a
//! time, both name the same `stream_id`.

use serde::Deserialize;

use super::{
    dialect::{Dialect, Moment},
    turns::{Turn, Turns},
};
use crate::{
    llm::{
        adapters::{
            event::Chunk,
            openai_responses::{read_event, read_request},
        },
        json::{Text, read},
    },
    stream::event::Event,
};

/// A session of the Responses API.
#[derive(Debug, Default)]
pub(super) struct OpenAiResponses;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Message<'a> {
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
    stream_id: Text<'a>,
}

impl Dialect for OpenAiResponses {
    fn sent(&mut self, message: &[u8], moment: Moment, turns: &mut Turns) {
        let head = read::<Message<'_>>(message).unwrap_or_default();
        if head.kind.as_str() == Some("response.create")
            && let Some(body) = read_request(message)
        {
            let mut turn = Turn::asked(moment, body.facts);
            turn.key = head.stream_id.owned();
            turns.begin(turn);
        }
    }

    fn received(&mut self, message: &[u8], moment: Moment, turns: &mut Turns) {
        let head = read::<Message<'_>>(message).unwrap_or_default();
        let key = head.stream_id.as_str();
        let Some(turn) = turns.find(key) else { return };
        turn.came(moment);
        let event = Event {
            event: head.kind.as_str().unwrap_or_default().as_bytes(),
            data: message,
            ..Event::default()
        };
        if read_event(&event, &mut turn.answer) == Chunk::Output {
            turn.times.record(moment.ended);
        }
        if turn.answer.ended || turn.answer.error.is_some() {
            turns.end(key);
        }
    }

    fn abandon(&mut self, _: &mut Turns) {}
}

#[cfg(test)]
#[path = "openai_responses_tests.rs"]
mod tests;
