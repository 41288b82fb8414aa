//! Bedrock's Converse: blocks that are told apart by their members. Nova speaks it through
//! InvokeModel, too.

use serde::Deserialize;

use super::{
    draft::{Asked, Draft, Flow, Place},
    lone,
    model::Modality,
    parts::{Head, Parts},
    tool,
    wire::{Raw, object, objects, text},
};
use crate::{
    llm::json::{Count, Object, Text, read},
    stream::event::Event,
};

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Request<'a> {
    #[serde(borrow)]
    system: Raw<'a>,
    messages: Raw<'a>,
    tool_config: Object<ToolConfig<'a>>,
    output_config: Object<OutputConfig<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct OutputConfig<'a> {
    #[serde(borrow)]
    text_format: Object<TextFormat<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct TextFormat<'a> {
    #[serde(borrow)]
    structure: Object<Structure<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Structure<'a> {
    #[serde(borrow)]
    json_schema: Object<JsonSchema<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct JsonSchema<'a> {
    #[serde(borrow)]
    schema: Raw<'a>,
}

impl<'a> OutputConfig<'a> {
    fn schema(self) -> Raw<'a> {
        self.text_format.0?.structure.0?.json_schema.0?.schema
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ToolConfig<'a> {
    #[serde(borrow)]
    tools: Raw<'a>,
    #[serde(rename = "toolChoice")]
    tool_choice: Raw<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Message<'a> {
    #[serde(borrow)]
    role: Text<'a>,
    content: Raw<'a>,
}

/// A block, or a delta of one.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Block<'a> {
    #[serde(borrow)]
    text: Text<'a>,
    json: Raw<'a>,
    image: Object<Media<'a>>,
    document: Object<Media<'a>>,
    video: Object<Media<'a>>,
    audio: Object<Media<'a>>,
    tool_use: Object<ToolUse<'a>>,
    tool_result: Object<ToolResult<'a>>,
    reasoning_content: Object<Reasoning<'a>>,
    guard_content: Object<Guarded<'a>>,
    citations_content: Object<Message<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Media<'a> {
    #[serde(borrow)]
    format: Text<'a>,
    source: Object<Source<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Source<'a> {
    #[serde(borrow)]
    bytes: Text<'a>,
    text: Text<'a>,
    s3_location: Object<S3Location<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct S3Location<'a> {
    #[serde(borrow)]
    uri: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ToolUse<'a> {
    #[serde(borrow)]
    tool_use_id: Text<'a>,
    name: Text<'a>,
    input: Raw<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ToolResult<'a> {
    #[serde(borrow)]
    tool_use_id: Text<'a>,
    content: Raw<'a>,
    status: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Reasoning<'a> {
    #[serde(borrow)]
    reasoning_text: Object<Texted<'a>>,
    /// In a delta.
    text: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Texted<'a> {
    #[serde(borrow)]
    text: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Guarded<'a> {
    #[serde(borrow)]
    text: Object<Texted<'a>>,
}

/// Reads a request.
pub(super) fn request(body: &[u8], asked: &mut Asked) -> bool {
    let Some(request) = read::<Request<'_>>(body) else {
        return false;
    };
    asked.system(|parts| tell_blocks(request.system, parts));
    objects(request.messages, |message: Message<'_>| {
        let role = message.role.as_str().unwrap_or_default();
        asked.message(role, None, |parts| tell_blocks(message.content, parts));
    });
    let config = request.tool_config.0.unwrap_or_default();
    tool::tell(config.tools, asked);
    asked.wanted.choose(config.tool_choice);
    let output = request.output_config.0.unwrap_or_default();
    asked.wanted.schema(output.schema());
    true
}

fn tell_blocks(content: Raw<'_>, parts: &mut Parts<'_>) {
    if let Some(text) = text(content) {
        parts.text(&text);
    }
    objects(content, |block: Block<'_>| block.tell(parts));
}

impl Block<'_> {
    fn tell(&self, parts: &mut Parts<'_>) {
        parts.text(self.text.as_str().unwrap_or_default());
        parts.json(self.json);
        if let Some(reasoning) = &self.reasoning_content.0 {
            parts.reasoning(reasoning.text().unwrap_or_default());
        }
        if let Some(guarded) = &self.guard_content.0 {
            let text = guarded.text.0.as_ref().and_then(|text| text.text.as_str());
            parts.text(text.unwrap_or_default());
        }
        if let Some(cited) = &self.citations_content.0 {
            objects(cited.content, |text: Texted<'_>| {
                parts.text(text.text.as_str().unwrap_or_default());
            });
        }
        for (modality, media) in [
            (Modality::Image, &self.image.0),
            (Modality::Document, &self.document.0),
            (Modality::Video, &self.video.0),
            (Modality::Audio, &self.audio.0),
        ] {
            if let Some(media) = media {
                media.tell(modality, parts);
            }
        }
        if let Some(tool) = &self.tool_use.0 {
            parts.tool_call(tool.tool_use_id.as_str(), tool.name.as_str(), tool.input);
        }
        if let Some(result) = &self.tool_result.0 {
            let head = Head {
                id: result.tool_use_id.as_str(),
                name: None,
                is_error: result.status.as_str().map(|status| status == "error"),
            };
            parts.tool_response(head, |inner| tell_blocks(result.content, inner));
        }
    }
}

impl Reasoning<'_> {
    fn text(&self) -> Option<&str> {
        let whole = self.reasoning_text.0.as_ref();
        whole
            .and_then(|whole| whole.text.as_str())
            .or_else(|| self.text.as_str())
    }
}

impl Media<'_> {
    /// Formats are names like `png` and `pdf`.
    fn tell(&self, modality: Modality, parts: &mut Parts<'_>) {
        let family = match modality {
            Modality::Image => "image",
            Modality::Audio => "audio",
            Modality::Video => "video",
            Modality::Document => "application",
        };
        let mime_type = self
            .format
            .as_str()
            .map(|format| format!("{family}/{format}"));
        let mime_type = mime_type.as_deref();
        let Some(source) = &self.source.0 else {
            return parts.media_somewhere(modality);
        };
        let uri = source.s3_location.0.as_ref().and_then(|at| at.uri.as_str());
        match (uri, source.text.as_str()) {
            (Some(uri), _) => parts.media_at(modality, mime_type, uri),
            (None, Some(text)) => parts.text(text),
            (None, None) => {
                let bytes = source.bytes.as_str().unwrap_or_default();
                parts.media_in(modality, mime_type, bytes);
            }
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Response<'a> {
    #[serde(borrow)]
    output: Object<Output<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Output<'a> {
    #[serde(borrow)]
    message: Object<Message<'a>>,
}

/// Reads an answer in one piece.
pub(super) fn document(body: &[u8], draft: &mut Draft) -> bool {
    let Some(response) = read::<Response<'_>>(body) else {
        return false;
    };
    let message = response.output.0.and_then(|output| output.message.0);
    let content = message.unwrap_or_default().content;
    draft.whole(0, 0, |parts| tell_blocks(content, parts));
    true
}

/// A frame, or what Nova puts under the frame's name.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Data<'a> {
    content_block_index: Count,
    #[serde(borrow)]
    start: Raw<'a>,
    delta: Raw<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Named<'a> {
    #[serde(borrow)]
    content_block_start: Object<Data<'a>>,
    content_block_delta: Object<Data<'a>>,
}

/// Takes the next frame.
pub(super) fn event(event: &Event<'_>, draft: &mut Draft) {
    if let b"contentBlockDelta" | b"contentBlockStart" = event.event
        && let Some(data) = read::<Data<'_>>(event.data)
    {
        data.tell(draft);
    }
}

/// Takes the next event of Nova.
pub(super) fn named_event(data: &[u8], draft: &mut Draft) {
    if let Some(named) = read::<Named<'_>>(data)
        && let Some(data) = named.content_block_delta.0.or(named.content_block_start.0)
    {
        data.tell(draft);
    }
}

impl Data<'_> {
    fn tell(&self, draft: &mut Draft) {
        let place = Place {
            item: self.content_block_index.0.unwrap_or(0),
            part: 0,
        };
        if let Some(start) = object::<Block<'_>>(self.start) {
            draft.whole(0, place.item, |parts| start.tell(parts));
        }
        if let Some(text) = lone::of_raw(self.delta) {
            return draft.append(0, place, Flow::Text, &text);
        }
        let Some(delta) = object::<Block<'_>>(self.delta) else {
            return;
        };
        let said = delta.text.as_str().unwrap_or_default();
        draft.append(0, place, Flow::Text, said);
        if let Some(reasoning) = &delta.reasoning_content.0 {
            let thought = reasoning.text().unwrap_or_default();
            draft.append(0, place, Flow::Reasoning, thought);
        }
        if let Some(tool) = &delta.tool_use.0 {
            let piece = text(tool.input).unwrap_or_default();
            draft.append(0, place, Flow::Arguments, &piece);
        }
    }
}
