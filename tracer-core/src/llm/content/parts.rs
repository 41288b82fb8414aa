//! Gathers the parts of one message.

use super::{
    digest::TextDigest,
    error_text::seems_error,
    kept::{Kept, Room},
    model::{Media, MediaSource, Modality, Part, ToolCall, ToolResponse},
    wire::{Raw, text_or_json},
};

/// How deep parts may stand in parts: tool results in messages, documents in tool results.
const DEPTH: u8 = 4;

/// The parts of a message while it is read.
#[derive(Debug)]
pub(super) struct Parts<'r> {
    room: &'r mut Room,
    depth: u8,
    parts: Vec<Part>,
    /// The first text begins like an error.
    seems_error: bool,
}

impl<'r> Parts<'r> {
    /// No parts yet; there are as many as there is `room`.
    pub(super) const fn new(room: &'r mut Room) -> Self {
        Self {
            room,
            depth: 0,
            parts: Vec::new(),
            seems_error: false,
        }
    }

    /// All of them.
    pub(super) fn finish(self) -> Vec<Part> {
        self.parts
    }

    pub(super) fn text(&mut self, text: &str) {
        self.flow(Part::Text, text);
    }

    pub(super) fn reasoning(&mut self, text: &str) {
        self.flow(Part::Reasoning, text);
    }

    pub(super) fn refusal(&mut self, text: &str) {
        self.flow(Part::Refusal, text);
    }

    pub(super) fn json(&mut self, json: Raw<'_>) {
        if let Some(json) = json {
            self.flow(Part::Json, json.get());
        }
    }

    fn flow(&mut self, part: fn(Kept) -> Part, text: &str) {
        if !text.is_empty() && self.room.admits_item() {
            if self.depth > 0 && self.parts.is_empty() {
                self.seems_error = seems_error(text);
            }
            let kept = self.room.keep(text);
            self.parts.push(part(kept));
        }
    }

    /// A tool that the caller shall run. Arguments may be a string that holds JSON, or JSON.
    pub(super) fn tool_call(&mut self, id: Option<&str>, name: Option<&str>, arguments: Raw<'_>) {
        if self.room.admits_item() {
            let call = self.call(id, name, arguments);
            self.parts.push(Part::ToolCall(call));
        }
    }

    /// A tool that the provider ran.
    pub(super) fn server_tool_call(
        &mut self,
        id: Option<&str>,
        name: Option<&str>,
        arguments: Raw<'_>,
    ) {
        if self.room.admits_item() {
            let call = self.call(id, name, arguments);
            self.parts.push(Part::ServerToolCall(call));
        }
    }

    fn call(&mut self, id: Option<&str>, name: Option<&str>, arguments: Raw<'_>) -> ToolCall {
        ToolCall {
            id: id.map(|id| self.room.name(id)),
            name: name.map(|name| self.room.name(name)),
            arguments: text_or_json(arguments)
                .map(|text| self.room.keep_arguments(&text))
                .unwrap_or_default(),
        }
    }

    /// The result of a tool: its parts are those that `tell` gives.
    pub(super) fn tool_response(&mut self, head: Head<'_>, tell: impl FnOnce(&mut Parts<'_>)) {
        if self.room.admits_item() {
            let response = self.response(head, tell);
            self.parts.push(Part::ToolResponse(response));
        }
    }

    /// The result of a tool of the provider.
    pub(super) fn server_tool_response(
        &mut self,
        head: Head<'_>,
        tell: impl FnOnce(&mut Parts<'_>),
    ) {
        if self.room.admits_item() {
            let response = self.response(head, tell);
            self.parts.push(Part::ServerToolResponse(response));
        }
    }

    fn response(&mut self, head: Head<'_>, tell: impl FnOnce(&mut Parts<'_>)) -> ToolResponse {
        let mut inner = Parts {
            depth: self.depth + 1,
            parts: Vec::new(),
            seems_error: false,
            room: &mut *self.room,
        };
        if inner.depth < DEPTH {
            tell(&mut inner);
        } else {
            inner.room.lose_item();
        }
        let (response, seems_error) = (inner.parts, inner.seems_error);
        ToolResponse {
            id: head.id.map(|id| self.room.name(id)),
            name: head.name.map(|name| self.room.name(name)),
            is_error: head.is_error,
            seems_error,
            response,
        }
    }

    /// Media by reference: an address, which may hold the media itself.
    pub(super) fn media_at(&mut self, modality: Modality, mime_type: Option<&str>, url: &str) {
        let Some(data) = url.strip_prefix("data:") else {
            let source = |room: &mut Room| MediaSource::Uri(room.keep(url));
            return self.media(modality, mime_type, source);
        };
        let (head, data) = data.split_once(',').unwrap_or((data, ""));
        let (told, coding) = head.split_once(';').unwrap_or((head, ""));
        let bytes = if coding.ends_with("base64") {
            decoded_bytes(data)
        } else {
            data.len() as u64
        };
        let told = Some(told).filter(|told| !told.is_empty());
        let mark = mark_of(data);
        self.media(modality, mime_type.or(told), |_| MediaSource::Inline {
            bytes,
            mark,
        });
    }

    /// Media in base64, of which only the size is kept.
    pub(super) fn media_in(&mut self, modality: Modality, mime_type: Option<&str>, base64: &str) {
        let (bytes, mark) = (decoded_bytes(base64), mark_of(base64));
        self.media(modality, mime_type, |_| MediaSource::Inline { bytes, mark });
    }

    /// Media that the provider stores.
    pub(super) fn media_file(&mut self, modality: Modality, mime_type: Option<&str>, id: &str) {
        let source = |room: &mut Room| MediaSource::File(room.name(id));
        self.media(modality, mime_type, source);
    }

    /// Media of which nothing is known but that it is there.
    pub(super) fn media_somewhere(&mut self, modality: Modality) {
        self.media(modality, None, |_| MediaSource::Unknown);
    }

    fn media(
        &mut self,
        modality: Modality,
        mime_type: Option<&str>,
        source: impl FnOnce(&mut Room) -> MediaSource,
    ) {
        if self.room.admits_item() {
            let mime_type = mime_type.map(|name| self.room.name(name));
            let of_type = mime_type.as_deref().and_then(modality_of);
            let source = source(self.room);
            self.parts.push(Part::Media(Media {
                modality: of_type.unwrap_or(modality),
                mime_type,
                source,
            }));
        }
    }

    /// Something that has no place in the model.
    pub(super) fn other(&mut self, kind: &str) {
        if self.room.admits_item() {
            let kind = self.room.name(kind);
            self.parts.push(Part::Other { kind });
        }
    }
}

/// What stands above the result of a tool.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Head<'a> {
    pub(super) id: Option<&'a str>,
    pub(super) name: Option<&'a str>,
    pub(super) is_error: Option<bool>,
}

/// The size of what base64 stands for.
pub(super) fn decoded_bytes(base64: &str) -> u64 {
    let padding = base64
        .bytes()
        .rev()
        .take_while(|&byte| byte == b'=')
        .count();
    (base64.len().saturating_sub(padding) as u64).saturating_mul(3) / 4
}

/// Pieces of media that are looked at, and their length in bytes: media are packed, and those that
/// differ do so everywhere. Their head and their end are among them.
const PIECES: usize = 16;
const PIECE_BYTES: usize = 64;

/// The digest of what media are told apart by.
fn mark_of(data: &str) -> u64 {
    let data = data.as_bytes();
    if data.len() <= PIECES * PIECE_BYTES {
        return TextDigest::of(data).value();
    }
    let last = data.len() - PIECE_BYTES;
    let mut digest = TextDigest::default();
    for piece in 0..PIECES {
        let start = last / (PIECES - 1) * piece;
        let start = if piece + 1 == PIECES { last } else { start };
        digest.feed(data.get(start..start + PIECE_BYTES).unwrap_or_default());
    }
    digest.value()
}

/// The kind that a media type names.
fn modality_of(mime_type: &str) -> Option<Modality> {
    Some(match mime_type.split_once('/')?.0 {
        "image" => Modality::Image,
        "audio" => Modality::Audio,
        "video" => Modality::Video,
        _ => Modality::Document,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_are_told_by_type_and_size() {
        let mut room = Room::new(10_000);
        let mut parts = Parts::new(&mut room);
        parts.media_at(Modality::Document, None, "data:image/png;base64,aGVsbG8=");
        parts.media_at(Modality::Image, None, "https://example.com/a.png");
        parts.media_in(Modality::Image, Some("application/pdf"), "aGVsbG8=");
        let media = |modality, mime_type: Option<&str>, source| {
            Part::Media(Media {
                modality,
                mime_type: mime_type.map(str::to_owned),
                source,
            })
        };
        let inline = MediaSource::Inline {
            bytes: 5,
            mark: mark_of("aGVsbG8="),
        };
        let address = Room::new(100).keep("https://example.com/a.png");
        assert_eq!(
            parts.finish(),
            [
                media(Modality::Image, Some("image/png"), inline.clone()),
                media(Modality::Image, None, MediaSource::Uri(address)),
                media(Modality::Document, Some("application/pdf"), inline),
            ]
        );
    }
}
