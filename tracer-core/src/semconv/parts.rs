//! Parts of messages in the shapes of the conventions (`gen-ai-input-messages.json` and its siblings,
//! 1.41).
//!
//! What the schemas have no part for is a generic one: `refusal`, `json`, `media` (of which nothing but
//! its kind is known), `lost` (bytes of the answer were not seen here), or the provider's own word.
//! Where text was cut, its part says how many bytes are missing.

use serde::{Serialize, Serializer, ser::SerializeMap};

use super::{attributes::LLM_TRACER_CONTENT_TRUNCATED_BYTES, document::Embedded};
use crate::llm::content::{Kept, Media, MediaSource, Modality, Part, ToolCall, ToolResponse};

/// Parts of a message; instructions are parts without one.
pub(super) struct Parts<'a>(pub &'a [Part]);

impl Serialize for Parts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(OnePart))
    }
}

struct OnePart<'a>(&'a Part);

impl Serialize for OnePart<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        match self.0 {
            Part::Text(text) => say(&mut map, "text", text)?,
            Part::Reasoning(text) => say(&mut map, "reasoning", text)?,
            Part::Refusal(text) => say(&mut map, "refusal", text)?,
            Part::ToolCall(call) => {
                map.serialize_entry("type", "tool_call")?;
                name_call(&mut map, call)?;
                add_arguments(&mut map, &call.arguments)?;
                add_cut(&mut map, call.arguments.cut())?;
            }
            Part::ToolResponse(response) => {
                map.serialize_entry("type", "tool_call_response")?;
                name_response(&mut map, response)?;
                map.serialize_entry("response", &Outcomes(&response.response))?;
                add_cut(&mut map, Outcomes(&response.response).cut())?;
            }
            Part::ServerToolCall(call) => {
                map.serialize_entry("type", "server_tool_call")?;
                name_call(&mut map, call)?;
                map.serialize_entry("server_tool_call", &ServerCall(call))?;
                add_cut(&mut map, call.arguments.cut())?;
            }
            Part::ServerToolResponse(response) => {
                map.serialize_entry("type", "server_tool_call_response")?;
                name_response(&mut map, response)?;
                map.serialize_entry("server_tool_call_response", &ServerResponse(response))?;
                add_cut(&mut map, Outcomes(&response.response).cut())?;
            }
            Part::Media(media) => show(&mut map, media)?,
            Part::Json(json) => {
                map.serialize_entry("type", "json")?;
                map.serialize_entry("content", &Whole(json))?;
                add_cut(&mut map, json.cut())?;
            }
            Part::Other { kind } => map.serialize_entry("type", kind)?,
            Part::Lost => map.serialize_entry("type", "lost")?,
        }
        map.end()
    }
}

fn say<M: SerializeMap>(map: &mut M, kind: &str, text: &Kept) -> Result<(), M::Error> {
    map.serialize_entry("type", kind)?;
    map.serialize_entry("content", text.text())?;
    add_cut(map, text.cut())
}

pub(super) fn add_cut<M: SerializeMap>(map: &mut M, bytes: u64) -> Result<(), M::Error> {
    if bytes > 0 {
        map.serialize_entry(LLM_TRACER_CONTENT_TRUNCATED_BYTES, &bytes)?;
    }
    Ok(())
}

/// The schemas ask for a name, and a provider may have sent none.
fn name_call<M: SerializeMap>(map: &mut M, call: &ToolCall) -> Result<(), M::Error> {
    if let Some(id) = &call.id {
        map.serialize_entry("id", id)?;
    }
    map.serialize_entry("name", call.name.as_deref().unwrap_or_default())
}

fn add_arguments<M: SerializeMap>(map: &mut M, arguments: &Kept) -> Result<(), M::Error> {
    if !arguments.text().is_empty() {
        map.serialize_entry("arguments", &Whole(arguments))?;
    }
    Ok(())
}

fn name_response<M: SerializeMap>(map: &mut M, response: &ToolResponse) -> Result<(), M::Error> {
    if let Some(id) = &response.id {
        map.serialize_entry("id", id)?;
    }
    if let Some(name) = &response.name {
        map.serialize_entry("name", name)?;
    }
    if let Some(is_error) = response.is_error {
        map.serialize_entry("is_error", &is_error)?;
    }
    Ok(())
}

/// What a tool of the provider's is called with: its type is its name.
struct ServerCall<'a>(&'a ToolCall);

/// The type of a tool of the provider's that has no name.
const UNKNOWN_TOOL: &str = "unknown";

impl Serialize for ServerCall<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("type", self.0.name.as_deref().unwrap_or(UNKNOWN_TOOL))?;
        add_arguments(&mut map, &self.0.arguments)?;
        map.end()
    }
}

/// What such a tool gave.
struct ServerResponse<'a>(&'a ToolResponse);

impl Serialize for ServerResponse<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("type", self.0.name.as_deref().unwrap_or(UNKNOWN_TOOL))?;
        map.serialize_entry("response", &Outcomes(&self.0.response))?;
        map.end()
    }
}

/// What a tool gave: a text or a document if it is nothing else, `null` if there is nothing, else its
/// parts.
pub(super) struct Outcomes<'a>(pub &'a [Part]);

impl Outcomes<'_> {
    /// What is missing of a text that stands alone; parts say it themselves.
    pub(super) fn cut(&self) -> u64 {
        match self.0 {
            [Part::Text(text) | Part::Json(text)] => text.cut(),
            _ => 0,
        }
    }
}

impl Serialize for Outcomes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            [] => serializer.serialize_unit(),
            [Part::Text(text)] => text.text().serialize(serializer),
            [Part::Json(json)] => Whole(json).serialize(serializer),
            parts => Parts(parts).serialize(serializer),
        }
    }
}

/// A document if it is all there, else the text that is left of it.
pub(super) struct Whole<'a>(pub &'a Kept);

impl Serialize for Whole<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.cut() == 0 {
            Embedded(self.0.text()).serialize(serializer)
        } else {
            self.0.text().serialize(serializer)
        }
    }
}

/// Media are told by kind, type and size; the `content` of a `blob`, which the schemas ask for, is
/// empty.
fn show<M: SerializeMap>(map: &mut M, media: &Media) -> Result<(), M::Error> {
    let Media {
        modality,
        mime_type,
        source,
    } = media;
    let kind = match source {
        MediaSource::Inline { .. } => "blob",
        MediaSource::Uri(_) => "uri",
        MediaSource::File(_) => "file",
        MediaSource::Unknown => "media",
    };
    map.serialize_entry("type", kind)?;
    map.serialize_entry("modality", modality_of(*modality))?;
    if let Some(mime_type) = mime_type {
        map.serialize_entry("mime_type", mime_type)?;
    }
    match source {
        MediaSource::Inline { bytes, .. } => {
            map.serialize_entry("content", "")?;
            map.serialize_entry("byte_size", bytes)
        }
        MediaSource::Uri(uri) => {
            map.serialize_entry("uri", uri.text())?;
            add_cut(map, uri.cut())
        }
        MediaSource::File(id) => map.serialize_entry("file_id", id),
        MediaSource::Unknown => Ok(()),
    }
}

const fn modality_of(modality: Modality) -> &'static str {
    match modality {
        Modality::Image => "image",
        Modality::Audio => "audio",
        Modality::Video => "video",
        Modality::Document => "document",
    }
}
