//! The shapes that content comes in. A row of the table of adapters names the shape of its API.

use super::{
    chat, chat_stream, cohere, contents, converse,
    draft::{Asked, Draft},
    inputs, invoke, items, items_stream, messages, ollama, prompt, rpc, runs, search,
};
use crate::stream::event::Event;

/// How the content of an API is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::llm) enum Shape {
    /// Messages with a role, answered by choices; prompts, where there are no messages.
    Chat,
    /// Anthropic's blocks.
    Messages,
    /// Gemini's contents.
    Contents,
    /// Bedrock's blocks.
    Converse,
    /// The same with the names of events inside of them.
    Nova,
    /// Items of Responses.
    Responses,
    /// Items of Google's interactions and Mistral's conversations.
    Steps,
    /// Cohere's chats.
    Cohere,
    /// Ollama's chats and prompts.
    Ollama,
    /// Prompts answered by texts.
    Prompt,
    /// Texts answered by vectors, judgements or media; media answered by texts.
    Inputs,
    /// Queries answered by documents.
    Search,
    /// Messages of the Model Context Protocol.
    Rpc,
    /// Runs of assistants.
    Runs,
    /// Any of these, told by the body.
    Invoke,
    /// Not read: binary messages, and what carries no content.
    Unread,
}

impl Shape {
    /// Whether models are asked something in words, and answer in words.
    pub(super) const fn converses(self) -> bool {
        !matches!(
            self,
            Self::Inputs | Self::Search | Self::Rpc | Self::Runs | Self::Unread
        )
    }

    /// Reads the body of a request; false if it is none.
    pub(super) fn request(self, body: &[u8], asked: &mut Asked) -> bool {
        match self {
            Self::Chat | Self::Ollama => chat::request(body, asked),
            Self::Messages => messages::request(body, asked),
            Self::Contents => contents::request(body, asked),
            Self::Converse | Self::Nova => converse::request(body, asked),
            Self::Responses | Self::Steps => items::request(body, asked),
            Self::Cohere => cohere::request(body, asked),
            Self::Prompt => prompt::request(body, asked),
            Self::Inputs => inputs::request(body, asked),
            Self::Search => search::request(body, asked),
            Self::Rpc => rpc::request(body, asked),
            Self::Runs => runs::request(body, asked),
            Self::Invoke => match invoke::of_request(body) {
                Self::Invoke => false,
                shape => shape.request(body, asked),
            },
            Self::Unread => false,
        }
    }

    /// Reads an answer in one piece; false if it is none.
    pub(super) fn document(self, body: &[u8], draft: &mut Draft) -> bool {
        match self {
            Self::Chat => chat::document(body, draft),
            Self::Messages => messages::document(body, draft),
            Self::Contents => contents::document(body, draft),
            Self::Converse | Self::Nova => converse::document(body, draft),
            Self::Responses | Self::Steps => items::document(body, draft),
            Self::Cohere => cohere::document(body, draft),
            Self::Ollama => ollama::document(body, draft),
            Self::Prompt => prompt::document(body, draft),
            Self::Inputs => inputs::document(body, draft),
            Self::Search => search::document(body, draft),
            Self::Rpc => rpc::document(body, draft),
            Self::Invoke => match invoke::of_answer(body) {
                None | Some(Self::Invoke) => false,
                Some(shape) => shape.document(body, draft),
            },
            // What a run says comes as events, or is fetched as messages of its thread.
            Self::Runs => true,
            Self::Unread => false,
        }
    }

    /// Takes the next event of an answer. Those of [`Shape::Invoke`] are told by what is in them.
    pub(super) fn event(self, event: &Event<'_>, draft: &mut Draft) {
        match self {
            Self::Chat => chat_stream::event(event, draft),
            Self::Messages => messages::event(event, draft),
            Self::Contents => contents::event(event, draft),
            Self::Converse => converse::event(event, draft),
            Self::Nova => converse::named_event(event.data, draft),
            Self::Responses => items_stream::event(event, draft),
            Self::Steps => items_stream::step_event(event, draft),
            Self::Cohere => cohere::event(event, draft),
            Self::Ollama => ollama::event(event, draft),
            Self::Prompt => prompt::event(event, draft),
            Self::Inputs => inputs::event(event, draft),
            Self::Rpc => rpc::event(event, draft),
            Self::Runs => runs::event(event, draft),
            Self::Search | Self::Invoke | Self::Unread => {}
        }
    }
}
