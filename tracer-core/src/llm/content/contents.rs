//! Gemini's contents: parts that are told apart by their members.

use std::sync::LazyLock;

use memchr::memmem::Finder;
use serde::Deserialize;

use super::{
    draft::{Asked, Draft, Flow},
    lone,
    model::Modality,
    parts::{Head, Parts},
    tool,
    wanted::Wanted,
    wire::{Raw, object, objects, text},
};
use crate::{
    llm::json::{Count, Flag, Object, Text, read},
    stream::event::Event,
};

static PARTS: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(r#""parts""#));
static INDEX: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(r#""index""#));

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Request<'a> {
    #[serde(borrow, alias = "system_instruction")]
    system_instruction: Raw<'a>,
    contents: Raw<'a>,
    tools: Raw<'a>,
    #[serde(alias = "tool_config")]
    tool_config: Raw<'a>,
    #[serde(alias = "generation_config")]
    generation_config: Raw<'a>,
    /// A request to count tokens may wrap the whole.
    generate_content_request: Raw<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct GenerationConfig<'a> {
    #[serde(borrow, alias = "response_mime_type")]
    response_mime_type: Text<'a>,
    #[serde(alias = "response_schema")]
    response_schema: Raw<'a>,
    #[serde(alias = "response_json_schema")]
    response_json_schema: Raw<'a>,
}

impl GenerationConfig<'_> {
    fn want(&self, wanted: &mut Wanted) {
        if self.response_mime_type.as_str() == Some("application/json") {
            wanted.json();
            wanted.schema_of_google(self.response_schema);
            wanted.schema(self.response_json_schema);
        }
    }
}

/// A content: parts of one role.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Content<'a> {
    #[serde(borrow)]
    role: Text<'a>,
    parts: Raw<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Part<'a> {
    #[serde(borrow)]
    text: Text<'a>,
    thought: Flag,
    #[serde(alias = "inline_data")]
    inline_data: Raw<'a>,
    #[serde(alias = "file_data")]
    file_data: Raw<'a>,
    #[serde(alias = "function_call")]
    function_call: Raw<'a>,
    #[serde(alias = "function_response")]
    function_response: Raw<'a>,
    #[serde(alias = "executable_code")]
    executable_code: Raw<'a>,
    #[serde(alias = "code_execution_result")]
    code_execution_result: Raw<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Data<'a> {
    #[serde(borrow, alias = "mime_type")]
    mime_type: Text<'a>,
    data: Text<'a>,
    #[serde(alias = "file_uri")]
    file_uri: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Function<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    name: Text<'a>,
    args: Raw<'a>,
    response: Raw<'a>,
}

/// Reads a request.
pub(super) fn request(body: &[u8], asked: &mut Asked) -> bool {
    let Some(request) = read::<Request<'_>>(body) else {
        return false;
    };
    let request = object::<Request<'_>>(request.generate_content_request).unwrap_or(request);
    asked.system(|parts| tell_content(request.system_instruction, parts));
    if let Some(text) = text(request.contents) {
        asked.message("user", None, |parts| parts.text(&text));
    }
    objects(request.contents, |content: Content<'_>| {
        let role = content.role.as_str().unwrap_or("user");
        asked.message(role, None, |parts| tell_parts(content.parts, parts));
    });
    tool::tell_groups(request.tools, asked);
    asked.wanted.choose(request.tool_config);
    let config = object::<GenerationConfig<'_>>(request.generation_config);
    config.unwrap_or_default().want(&mut asked.wanted);
    true
}

/// A content: a text, parts under a role, or parts alone.
pub(super) fn tell_content(content: Raw<'_>, parts: &mut Parts<'_>) {
    if let Some(text) = text(content) {
        parts.text(&text);
    } else if let Some(content) = object::<Content<'_>>(content) {
        tell_parts(content.parts, parts);
    }
}

fn tell_parts(list: Raw<'_>, parts: &mut Parts<'_>) {
    objects(list, |part: Part<'_>| part.tell(parts));
}

impl Part<'_> {
    fn tell(&self, parts: &mut Parts<'_>) {
        let text = self.text.as_str().unwrap_or_default();
        if self.thought.0 == Some(true) {
            parts.reasoning(text);
        } else {
            parts.text(text);
        }
        self.tell_rest(parts);
    }

    /// All but text.
    fn tell_rest(&self, parts: &mut Parts<'_>) {
        for data in [self.inline_data, self.file_data] {
            let Some(data) = object::<Data<'_>>(data) else {
                continue;
            };
            let mime_type = data.mime_type.as_str();
            match data.file_uri.as_str() {
                Some(uri) => parts.media_at(Modality::Document, mime_type, uri),
                None => {
                    let data = data.data.as_str().unwrap_or_default();
                    parts.media_in(Modality::Document, mime_type, data);
                }
            }
        }
        if let Some(call) = object::<Function<'_>>(self.function_call) {
            parts.tool_call(call.id.as_str(), call.name.as_str(), call.args);
        }
        if let Some(result) = object::<Function<'_>>(self.function_response) {
            let head = Head {
                id: result.id.as_str(),
                name: result.name.as_str(),
                is_error: None,
            };
            parts.tool_response(head, |inner| inner.json(result.response));
        }
        if self.executable_code.is_some() {
            parts.server_tool_call(None, Some("code_execution"), self.executable_code);
        }
        if self.code_execution_result.is_some() {
            let head = Head {
                name: Some("code_execution"),
                ..Head::default()
            };
            parts.server_tool_response(head, |inner| inner.json(self.code_execution_result));
        }
    }
}

/// A whole answer or one chunk of it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Response<'a> {
    #[serde(borrow)]
    candidates: Raw<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Candidate<'a> {
    index: Count,
    #[serde(borrow)]
    content: Object<Content<'a>>,
}

/// Reads an answer in one piece.
pub(super) fn document(body: &[u8], draft: &mut Draft) -> bool {
    candidates(body, |index, part| {
        draft.whole(index, 0, |parts| part.tell(parts))
    })
}

/// Takes the next chunk: a text goes on in the next one, until a part of another kind comes.
pub(super) fn event(event: &Event<'_>, draft: &mut Draft) {
    // Of one candidate only the parts are parsed.
    let parts = lone::only(&PARTS, event.data).filter(|_| lone::is_zero(&INDEX, event.data));
    if let Some(list) = parts.and_then(read::<Raw<'_>>) {
        objects(list, |part: Part<'_>| part.append(0, draft));
    } else {
        candidates(event.data, |index, part| part.append(index, draft));
    }
}

impl Part<'_> {
    /// A part of a stream.
    fn append(&self, choice: u64, draft: &mut Draft) {
        let flow = if self.thought.0 == Some(true) {
            Flow::Reasoning
        } else {
            Flow::Text
        };
        draft.flow(choice, flow, self.text.as_str().unwrap_or_default());
        draft.whole(choice, 0, |parts| self.tell_rest(parts));
    }
}

fn candidates(body: &[u8], mut take: impl FnMut(u64, &Part<'_>)) -> bool {
    let Some(response) = read::<Response<'_>>(body) else {
        return false;
    };
    let mut next = 0;
    objects(response.candidates, |candidate: Candidate<'_>| {
        let index = candidate.index.0.unwrap_or(next);
        next = index.saturating_add(1);
        let content = candidate.content.0.unwrap_or_default();
        objects(content.parts, |part: Part<'_>| take(index, &part));
    });
    true
}
