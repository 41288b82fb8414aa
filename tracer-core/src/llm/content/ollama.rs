//! Ollama's chats and prompts: a message or a text, whole or line by line.

use std::sync::LazyLock;

use memchr::memmem::Finder;
use serde::Deserialize;

use super::{
    chat::Message,
    chat_stream,
    draft::{Draft, Flow, Place},
    lone,
};
use crate::{
    llm::json::{Object, Text, read},
    stream::event::Event,
};

static MESSAGE: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(r#""message""#));

/// A whole answer or one line of it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Line<'a> {
    #[serde(borrow)]
    message: Object<Message<'a>>,
    response: Text<'a>,
    thinking: Text<'a>,
}

/// Reads an answer in one piece.
pub(super) fn document(body: &[u8], draft: &mut Draft) -> bool {
    read::<Line<'_>>(body).is_some_and(|line| {
        draft.whole(0, 0, |parts| {
            if let Some(message) = &line.message.0 {
                message.tell(parts);
            }
            parts.reasoning(line.thinking.as_str().unwrap_or_default());
            parts.text(line.response.as_str().unwrap_or_default());
        });
        true
    })
}

/// Takes the next line. Tool calls come whole, and their numbers begin anew in each line.
pub(super) fn event(event: &Event<'_>, draft: &mut Draft) {
    if let Some(text) = lone::only(&MESSAGE, event.data).and_then(lone::text) {
        return draft.append(0, Place::default(), Flow::Text, &text);
    }
    let Some(line) = read::<Line<'_>>(event.data) else {
        return;
    };
    if let Some(message) = &line.message.0 {
        if message.tool_calls().is_some() {
            draft.whole(0, 1, |parts| message.tell(parts));
        } else {
            chat_stream::tell(0, message, draft);
        }
    }
    for (flow, piece) in [
        (Flow::Reasoning, &line.thinking),
        (Flow::Text, &line.response),
    ] {
        let piece = piece.as_str().unwrap_or_default();
        draft.append(0, Place::default(), flow, piece);
    }
}
