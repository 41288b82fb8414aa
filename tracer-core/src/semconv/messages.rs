//! Messages, tools and documents in the shapes of the conventions (`gen-ai-input-messages.json` and its
//! siblings, 1.41).

use serde::{Serialize, Serializer, ser::SerializeMap};

use super::{
    finish_reason::finish_reason,
    parts::{Parts, Whole, add_cut},
};
use crate::llm::{
    call::Outcome,
    content::{Choice, Document, Kept, Message, ToolDefinition},
};

/// Messages of a request.
pub(super) struct InputMessages<'a>(pub &'a [Message]);

impl Serialize for InputMessages<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(InputMessage))
    }
}

struct InputMessage<'a>(&'a Message);

impl Serialize for InputMessage<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Message { role, name, parts } = self.0;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("role", role_of(role))?;
        map.serialize_entry("parts", &Parts(parts))?;
        if let Some(name) = name {
            map.serialize_entry("name", name)?;
        }
        map.end()
    }
}

/// The word of the conventions for who speaks; one that they do not have stays as it is.
fn role_of(role: &str) -> &str {
    match role {
        "model" | "CHATBOT" => "assistant",
        "function" | "TOOL" => "tool",
        "USER" => "user",
        "SYSTEM" => "system",
        other => other,
    }
}

/// Messages of an answer, of a call that ended in this way.
pub(super) struct OutputMessages<'a>(pub &'a [Choice], pub &'a Outcome);

impl Serialize for OutputMessages<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(choices, outcome) = self;
        serializer.collect_seq(choices.iter().map(|choice| OutputMessage(choice, outcome)))
    }
}

struct OutputMessage<'a>(&'a Choice, &'a Outcome);

impl Serialize for OutputMessage<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Choice {
            index: _,
            parts,
            finish_reason: told,
        } = self.0;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("role", "assistant")?;
        map.serialize_entry("parts", &Parts(parts))?;
        map.serialize_entry("finish_reason", finish_reason(told.as_deref(), self.1))?;
        map.end()
    }
}

/// Tools that were offered.
pub(super) struct ToolDefinitions<'a>(pub &'a [ToolDefinition]);

impl Serialize for ToolDefinitions<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(Definition))
    }
}

struct Definition<'a>(&'a ToolDefinition);

impl Serialize for Definition<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let ToolDefinition {
            kind,
            name,
            description,
            parameters,
        } = self.0;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("type", kind)?;
        // A tool of the provider's is named by its kind.
        map.serialize_entry("name", name.as_deref().unwrap_or(kind))?;
        if let Some(description) = description {
            map.serialize_entry("description", description.text())?;
        }
        if let Some(parameters) = parameters {
            map.serialize_entry("parameters", &Whole(parameters))?;
        }
        let texts = [description, parameters].into_iter().flatten();
        add_cut(&mut map, texts.map(Kept::cut).sum())?;
        map.end()
    }
}

/// Documents. One without id or score has none here, although the schema asks for both.
pub(super) struct Documents<'a>(pub &'a [Document]);

impl Serialize for Documents<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(OneDocument))
    }
}

struct OneDocument<'a>(&'a Document);

impl Serialize for OneDocument<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Document { id, score, text } = self.0;
        let mut map = serializer.serialize_map(None)?;
        if let Some(id) = id {
            map.serialize_entry("id", id)?;
        }
        if let Some(score) = score {
            map.serialize_entry("score", score)?;
        }
        if let Some(text) = text {
            map.serialize_entry("content", &Whole(text))?;
            add_cut(&mut map, text.cut())?;
        }
        map.end()
    }
}
