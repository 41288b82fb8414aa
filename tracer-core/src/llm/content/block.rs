//! Blocks that name their type: `{"type":"text","text":…}`. OpenAI, Anthropic, Cohere, Mistral and
//! all who follow them use the same words, so one set of members reads them all.

use serde::Deserialize;

use super::{
    model::Modality,
    parts::{Head, Parts},
    wire::{Raw, each, object, objects, text},
};
use crate::llm::json::{Flag, Text};

/// The blocks of a member `content`: a string, a block, or a list of either.
pub(super) fn tell<'a>(content: Raw<'a>, parts: &mut Parts<'_>) {
    if let Some(text) = text(content) {
        return parts.text(&text);
    }
    each(content, |item: Raw<'a>| match text(item) {
        Some(text) => parts.text(&text),
        None => {
            if let Some(block) = object::<Block<'_>>(item) {
                block.tell(parts);
            }
        }
    });
}

/// A block of any API.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Block<'a> {
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
    text: Raw<'a>,
    refusal: Text<'a>,
    /// Anthropic: a text. Mistral: a list of blocks.
    thinking: Raw<'a>,
    /// An address, or an object with one.
    image_url: Raw<'a>,
    video_url: Raw<'a>,
    audio_url: Raw<'a>,
    document_url: Raw<'a>,
    file_url: Text<'a>,
    file_data: Text<'a>,
    file_id: Text<'a>,
    input_audio: Raw<'a>,
    file: Raw<'a>,
    /// Anthropic's media.
    source: Raw<'a>,
    /// Google's media.
    data: Text<'a>,
    uri: Text<'a>,
    mime_type: Text<'a>,
    /// MCP spells it so.
    #[serde(rename = "mimeType")]
    mime_type_camel: Text<'a>,
    resource: Raw<'a>,
    transcript: Text<'a>,
    id: Text<'a>,
    tool_use_id: Text<'a>,
    name: Text<'a>,
    input: Raw<'a>,
    content: Raw<'a>,
    is_error: Flag,
}

/// Where Anthropic's media are.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Source<'a> {
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
    media_type: Text<'a>,
    data: Text<'a>,
    url: Text<'a>,
    file_id: Text<'a>,
    content: Raw<'a>,
}

/// Media as members of an object of their own.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Nested<'a> {
    #[serde(borrow)]
    url: Text<'a>,
    data: Text<'a>,
    format: Text<'a>,
    file_id: Text<'a>,
    file_data: Text<'a>,
    text: Text<'a>,
    blob: Text<'a>,
    uri: Text<'a>,
    #[serde(rename = "mimeType")]
    mime_type: Text<'a>,
}

impl Block<'_> {
    /// What it is called.
    pub(super) fn kind(&self) -> &str {
        self.kind.as_str().unwrap_or_default()
    }

    /// Its text, or what it says.
    pub(super) fn text(&self) -> Option<std::borrow::Cow<'_, str>> {
        text(self.text)
    }

    pub(super) fn tell(&self, parts: &mut Parts<'_>) {
        match self.kind() {
            "thinking" | "reasoning" | "reasoning_text" | "summary_text" | "thought" => {
                self.tell_thought(parts);
            }
            "refusal" => parts.refusal(self.refusal.as_str().unwrap_or_default()),
            "tool_use" => parts.tool_call(self.id.as_str(), self.name.as_str(), self.input),
            "server_tool_use" | "mcp_tool_use" => {
                parts.server_tool_call(self.id.as_str(), self.name.as_str(), self.input);
            }
            "tool_result" => parts.tool_response(self.head(), |inner| tell(self.content, inner)),
            kind if kind.ends_with("_tool_result") => {
                parts.server_tool_response(self.head(), |inner| inner.json(self.content));
            }
            _ if self.text.is_some() => parts.text(&self.text().unwrap_or_default()),
            kind => self.tell_media(kind, parts),
        }
    }

    fn head(&self) -> Head<'_> {
        Head {
            id: self.tool_use_id.as_str(),
            name: self.name.as_str(),
            is_error: self.is_error.0,
        }
    }

    fn tell_thought(&self, parts: &mut Parts<'_>) {
        if let Some(text) = text(self.text) {
            return parts.reasoning(&text);
        }
        self.thoughts(|text| parts.reasoning(text));
    }

    /// The texts of a thought.
    pub(super) fn thoughts(&self, mut take: impl FnMut(&str)) {
        if let Some(text) = text(self.thinking) {
            return take(&text);
        }
        objects(self.thinking, |block: Block<'_>| {
            if let Some(text) = text(block.text) {
                take(&text);
            }
        });
    }

    fn tell_media(&self, kind: &str, parts: &mut Parts<'_>) {
        let modality = modality(kind);
        let mime_type = self.mime_type.as_str().or(self.mime_type_camel.as_str());
        if let Some(source) = object::<Source<'_>>(self.source) {
            return source.tell(modality, parts);
        }
        let nested = [self.input_audio, self.file, self.resource];
        if let Some(nested) = nested.into_iter().find_map(object::<Nested<'_>>) {
            return nested.tell(modality, parts);
        }
        let addresses = [
            (Modality::Image, self.image_url),
            (Modality::Video, self.video_url),
            (Modality::Audio, self.audio_url),
            (Modality::Document, self.document_url),
        ];
        for (modality, address) in addresses {
            if let Some(url) = text(address) {
                return parts.media_at(modality, mime_type, &url);
            }
            if let Some(nested) = object::<Nested<'_>>(address) {
                return nested.tell(modality, parts);
            }
        }
        if let Some(url) = self.file_url.as_str().or(self.uri.as_str()) {
            parts.media_at(modality, mime_type, url);
        } else if let Some(id) = self.file_id.as_str() {
            parts.media_file(modality, mime_type, id);
        } else if let Some(data) = self.file_data.as_str() {
            tell_data(modality, mime_type, data, parts);
        } else if let Some(data) = self.data.as_str().filter(|_| kind != "redacted_thinking") {
            tell_data(modality, mime_type, data, parts);
        } else if let Some(transcript) = self.transcript.as_str() {
            parts.text(transcript);
        } else if !kind.is_empty() {
            parts.other(kind);
        }
    }
}

impl Source<'_> {
    fn tell(&self, modality: Modality, parts: &mut Parts<'_>) {
        let mime_type = self.media_type.as_str();
        match (self.kind.as_str(), self.data.as_str()) {
            (Some("text"), Some(data)) => parts.text(data),
            (_, Some(data)) => parts.media_in(modality, mime_type, data),
            (_, None) => match (self.url.as_str(), self.file_id.as_str()) {
                (Some(url), _) => parts.media_at(modality, mime_type, url),
                (_, Some(id)) => parts.media_file(modality, mime_type, id),
                _ if self.content.is_some() => {
                    // A document in blocks of text.
                    objects(self.content, |block: Block<'_>| {
                        if let Some(text) = text(block.text) {
                            parts.text(&text);
                        }
                    });
                }
                _ => parts.media_somewhere(modality),
            },
        }
    }
}

impl Nested<'_> {
    fn tell(&self, modality: Modality, parts: &mut Parts<'_>) {
        let of_format = self.format.as_str().map(|format| format!("audio/{format}"));
        let mime_type = self.mime_type.as_str().or(of_format.as_deref());
        if let Some(text) = self.text.as_str() {
            parts.text(text);
        } else if let Some(data) = self.data.as_str().or(self.blob.as_str()) {
            tell_data(modality, mime_type, data, parts);
        } else if let Some(data) = self.file_data.as_str() {
            tell_data(modality, mime_type, data, parts);
        } else if let Some(url) = self.url.as_str().or(self.uri.as_str()) {
            parts.media_at(modality, mime_type, url);
        } else if let Some(id) = self.file_id.as_str() {
            parts.media_file(modality, mime_type, id);
        } else {
            parts.media_somewhere(modality);
        }
    }
}

/// Base64, or an address that holds it.
fn tell_data(modality: Modality, mime_type: Option<&str>, data: &str, parts: &mut Parts<'_>) {
    if data.starts_with("data:") {
        parts.media_at(modality, mime_type, data);
    } else {
        parts.media_in(modality, mime_type, data);
    }
}

fn modality(kind: &str) -> Modality {
    if kind.contains("image") || kind.contains("screenshot") {
        Modality::Image
    } else if kind.contains("audio") {
        Modality::Audio
    } else if kind.contains("video") {
        Modality::Video
    } else {
        Modality::Document
    }
}
