//! Items in a list: OpenAI's Responses, Google's interactions, Mistral's conversations. Messages,
//! calls of tools and their results stand side by side, each with a type.

use serde::Deserialize;

use super::{
    block, contents,
    draft::{Asked, Draft},
    model::Modality,
    parts::{Head, Parts},
    tool,
    wire::{Raw, each, object, objects, text},
};
use crate::llm::json::{Text, read};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Request<'a> {
    #[serde(borrow)]
    instructions: Raw<'a>,
    /// Google's name for them.
    system_instruction: Raw<'a>,
    input: Raw<'a>,
    /// Mistral's name for it.
    inputs: Raw<'a>,
    tools: Raw<'a>,
    tool_choice: Raw<'a>,
    text: Raw<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct TextOptions<'a> {
    #[serde(borrow)]
    format: Raw<'a>,
}

/// An item of a request or an answer.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Item<'a> {
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
    role: Text<'a>,
    content: Raw<'a>,
    summary: Raw<'a>,
    id: Text<'a>,
    call_id: Text<'a>,
    /// Mistral's name for it.
    tool_call_id: Text<'a>,
    name: Text<'a>,
    arguments: Raw<'a>,
    input: Raw<'a>,
    action: Raw<'a>,
    code: Raw<'a>,
    queries: Raw<'a>,
    output: Raw<'a>,
    outputs: Raw<'a>,
    results: Raw<'a>,
    /// A result of Google's, or an image of OpenAI's.
    result: Raw<'a>,
}

/// Reads a request.
pub(super) fn request(body: &[u8], asked: &mut Asked) -> bool {
    let Some(request) = read::<Request<'_>>(body) else {
        return false;
    };
    asked.system(|parts| block::tell(request.instructions, parts));
    asked.system(|parts| contents::tell_content(request.system_instruction, parts));
    let input = request.input.or(request.inputs);
    if let Some(text) = text(input) {
        asked.message("user", None, |parts| parts.text(&text));
    }
    each(input, |item: Raw<'_>| match object::<Item<'_>>(item) {
        Some(read) => read.ask(item, asked),
        None => {
            if let Some(text) = text(item) {
                asked.message("user", None, |parts| parts.text(&text));
            }
        }
    });
    tool::tell(request.tools, asked);
    let options = object::<TextOptions<'_>>(request.text).unwrap_or_default();
    asked.wanted.choose(request.tool_choice);
    asked.wanted.form(options.format);
    true
}

/// An answer in one piece.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Response<'a> {
    #[serde(borrow)]
    output: Raw<'a>,
    outputs: Raw<'a>,
    steps: Raw<'a>,
}

/// Reads an answer in one piece.
pub(super) fn document(body: &[u8], draft: &mut Draft) -> bool {
    let Some(response) = read::<Response<'_>>(body) else {
        return false;
    };
    let items = response.output.or(response.outputs).or(response.steps);
    let mut at = 0;
    objects(items, |item: Item<'_>| {
        draft.whole(0, at, |parts| item.tell(parts));
        at += 1;
    });
    true
}

impl Item<'_> {
    fn kind(&self) -> &str {
        self.kind.as_str().unwrap_or_default()
    }

    /// An item of a request: `raw` is its text.
    fn ask(&self, raw: Raw<'_>, asked: &mut Asked) {
        let kind = self.kind();
        if kind == "item_reference" {
            return;
        }
        let is_result = is_result(kind);
        // Blocks may stand where items do.
        let is_block = self.role.as_str().is_none() && !self.is_item();
        let role = match self.role.as_str() {
            Some(role) => role,
            None if is_result => "tool",
            None if is_block || kind == "user_input" => "user",
            None => "assistant",
        };
        asked.message(role, None, |parts| {
            if is_block {
                block::tell(raw, parts);
            } else {
                self.tell(parts);
            }
        });
    }

    fn is_item(&self) -> bool {
        let kind = self.kind();
        let content_or_call = self.content.is_some() || is_result(kind);
        content_or_call
            || ["_call", ".call", ".execution"]
                .iter()
                .any(|end| kind.ends_with(end))
            || matches!(
                kind,
                "reasoning" | "thought" | "mcp_list_tools" | "mcp_approval_request"
            )
    }

    /// The call that it is or answers.
    fn id(&self) -> Option<&str> {
        let ids = [&self.call_id, &self.tool_call_id, &self.id];
        ids.into_iter().find_map(Text::as_str)
    }

    pub(super) fn tell(&self, parts: &mut Parts<'_>) {
        match self.kind() {
            "" | "message" | "message.input" | "message.output" | "model_output" | "user_input" => {
                block::tell(self.content, parts);
            }
            "reasoning" | "thought" => self.tell_thought(parts),
            "function_call" | "function.call" => {
                parts.tool_call(self.id(), self.name.as_str(), self.arguments);
            }
            "custom_tool_call" => parts.tool_call(self.id(), self.name.as_str(), self.input),
            "image_generation_call" => {
                if let Some(image) = text(self.result) {
                    parts.media_in(Modality::Image, None, &image);
                }
            }
            kind if is_result(kind) => self.tell_result(parts),
            kind if kind.ends_with("_call") || kind.ends_with(".execution") => {
                self.tell_server_call(kind, parts);
            }
            kind => parts.other(kind),
        }
    }

    fn tell_thought(&self, parts: &mut Parts<'_>) {
        for blocks in [self.summary, self.content] {
            if let Some(text) = text(blocks) {
                parts.reasoning(&text);
            }
            objects(blocks, |block: block::Block<'_>| {
                parts.reasoning(&block.text().unwrap_or_default());
            });
        }
    }

    fn tell_result(&self, parts: &mut Parts<'_>) {
        let head = Head {
            id: self.id(),
            name: self.name.as_str(),
            is_error: None,
        };
        let result = self.output.or(self.result);
        parts.tool_response(head, |inner| tell_result(result, inner));
    }

    /// A call that the provider carried out, and its result where that is told.
    fn tell_server_call(&self, kind: &str, parts: &mut Parts<'_>) {
        let name = self.name.as_str().or(kind.strip_suffix("_call"));
        let given = [
            self.arguments,
            self.action,
            self.code,
            self.queries,
            self.input,
        ];
        parts.server_tool_call(self.id(), name, given.into_iter().flatten().next());
        let got = [self.output, self.outputs, self.results];
        if let Some(result) = got.into_iter().flatten().next() {
            let head = Head {
                id: self.id(),
                name,
                is_error: None,
            };
            parts.server_tool_response(head, |inner| tell_result(Some(result), inner));
        }
    }
}

fn is_result(kind: &str) -> bool {
    ["_output", "_result", ".result"]
        .iter()
        .any(|end| kind.ends_with(end))
        && kind != "model_output"
}

/// A text, blocks, or anything else as JSON.
pub(super) fn tell_result<'a>(result: Raw<'a>, parts: &mut Parts<'_>) {
    if text(result).is_some() {
        return block::tell(result, parts);
    }
    if let Some(list) = result.filter(|list| list.get().starts_with('[')) {
        return block::tell(Some(list), parts);
    }
    match object::<block::Block<'_>>(result) {
        Some(block) if !block.kind().is_empty() => block.tell(parts),
        _ => parts.json(result),
    }
}
