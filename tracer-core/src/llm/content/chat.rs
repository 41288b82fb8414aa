//! Messages with a role: chat completions, and those who took over their words.

use serde::Deserialize;

use super::{
    block,
    draft::{Asked, Draft},
    model::Modality,
    parts::{Head, Parts},
    prompt, tool,
    wanted::Wanted,
    wire::{Raw, each, object, objects, text, text_or_json},
};
use crate::llm::json::{Count, Object, Text, read};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Request<'a> {
    #[serde(borrow)]
    messages: Raw<'a>,
    tools: Raw<'a>,
    /// The older name of tools.
    functions: Raw<'a>,
    /// Cohere: what the answer may be based on.
    documents: Raw<'a>,
    tool_choice: Raw<'a>,
    response_format: Raw<'a>,
    /// Ollama.
    format: Raw<'a>,
    /// vLLM.
    guided_json: Raw<'a>,
    structured_outputs: Raw<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Structured<'a> {
    #[serde(borrow)]
    json: Raw<'a>,
}

impl Request<'_> {
    /// What the answer shall be like.
    fn want(&self, wanted: &mut Wanted) {
        wanted.choose(self.tool_choice);
        wanted.form(self.response_format);
        match text(self.format).as_deref() {
            Some("json") => wanted.json(),
            Some(_) => {}
            None => wanted.schema(self.format),
        }
        wanted.schema(self.guided_json);
        let structured = object::<Structured<'_>>(self.structured_outputs);
        wanted.schema(structured.and_then(|structured| structured.json));
    }
}

/// A message of a request or an answer, or a piece of one.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Message<'a> {
    #[serde(borrow)]
    role: Text<'a>,
    name: Text<'a>,
    content: Raw<'a>,
    reasoning_content: Text<'a>,
    reasoning: Text<'a>,
    /// Ollama.
    thinking: Text<'a>,
    /// Cohere.
    tool_plan: Text<'a>,
    refusal: Text<'a>,
    tool_calls: Raw<'a>,
    function_call: Raw<'a>,
    tool_call_id: Text<'a>,
    /// Ollama.
    tool_name: Text<'a>,
    images: Raw<'a>,
    audio: Raw<'a>,
}

/// A tool call, or a piece of one.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ToolCall<'a> {
    pub(super) index: Count,
    #[serde(borrow)]
    pub(super) id: Text<'a>,
    function: Raw<'a>,
    custom: Raw<'a>,
    /// Cohere, version 1.
    name: Text<'a>,
    parameters: Raw<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Function<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    arguments: Raw<'a>,
    /// Of a custom tool.
    input: Raw<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Audio<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    data: Text<'a>,
    transcript: Text<'a>,
}

/// Reads a request.
pub(super) fn request(body: &[u8], asked: &mut Asked) -> bool {
    let Some(request) = read::<Request<'_>>(body) else {
        return false;
    };
    objects(request.messages, |message: Message<'_>| message.ask(asked));
    tool::tell(request.tools, asked);
    tool::tell(request.functions, asked);
    tell_documents(request.documents, asked);
    request.want(&mut asked.wanted);
    if request.messages.is_none() {
        return prompt::request(body, asked);
    }
    true
}

/// Documents of a request: texts, or objects with an id and any members.
pub(super) fn tell_documents<'a>(documents: Raw<'a>, asked: &mut Asked) {
    each(documents, |document: Raw<'a>| {
        let id = object::<Named<'_>>(document).unwrap_or_default().id;
        if let Some(text) = text_or_json(document) {
            asked.document(id.as_str(), &text);
        }
    });
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Named<'a> {
    #[serde(borrow)]
    id: Text<'a>,
}

/// An answer in one piece. Cohere and Ollama answer with a message and no choices.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Completion<'a> {
    #[serde(borrow)]
    choices: Raw<'a>,
    message: Object<Message<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Choice<'a> {
    index: Count,
    #[serde(borrow)]
    message: Object<Message<'a>>,
    /// Legacy completions.
    text: Text<'a>,
}

/// Reads an answer in one piece.
pub(super) fn document(body: &[u8], draft: &mut Draft) -> bool {
    let Some(completion) = read::<Completion<'_>>(body) else {
        return false;
    };
    let mut next = 0;
    objects(completion.choices, |choice: Choice<'_>| {
        let index = choice.index.0.unwrap_or(next);
        next = index.saturating_add(1);
        draft.whole(index, 0, |parts| {
            if let Some(message) = &choice.message.0 {
                message.tell(parts);
            }
            parts.text(choice.text.as_str().unwrap_or_default());
        });
    });
    if let Some(message) = &completion.message.0 {
        draft.whole(0, 0, |parts| message.tell(parts));
    }
    true
}

impl Message<'_> {
    /// A message of a request.
    pub(super) fn ask(&self, asked: &mut Asked) {
        let role = self.role.as_str().unwrap_or_default();
        let is_result = matches!(role, "tool" | "function");
        let name = self.name.as_str().filter(|_| !is_result);
        asked.message(role, name, |parts| {
            if is_result {
                let head = Head {
                    id: self.tool_call_id.as_str(),
                    name: self.name.as_str().or(self.tool_name.as_str()),
                    is_error: None,
                };
                parts.tool_response(head, |inner| block::tell(self.content, inner));
            } else {
                self.tell(parts);
            }
        });
    }

    pub(super) fn tell(&self, parts: &mut Parts<'_>) {
        parts.reasoning(self.thought().unwrap_or_default());
        block::tell(self.content, parts);
        parts.refusal(self.refusal.as_str().unwrap_or_default());
        self.tell_media(parts);
        objects(self.tool_calls, |call: ToolCall<'_>| call.tell(parts));
        if let Some(call) = object::<Function<'_>>(self.function_call) {
            parts.tool_call(None, call.name.as_str(), call.arguments);
        }
    }

    fn tell_media(&self, parts: &mut Parts<'_>) {
        each(self.images, |image: Raw<'_>| {
            if let Some(image) = text(image) {
                parts.media_in(Modality::Image, None, &image);
            }
        });
        if let Some(audio) = object::<Audio<'_>>(self.audio) {
            parts.text(audio.transcript.as_str().unwrap_or_default());
            match (audio.data.as_str(), audio.id.as_str()) {
                (Some(data), _) => parts.media_in(Modality::Audio, None, data),
                (None, Some(id)) => parts.media_file(Modality::Audio, None, id),
                (None, None) => {}
            }
        }
    }

    pub(super) fn thought(&self) -> Option<&str> {
        let names = [
            &self.reasoning_content,
            &self.reasoning,
            &self.thinking,
            &self.tool_plan,
        ];
        names.into_iter().find_map(Text::as_str)
    }

    pub(super) const fn content(&self) -> Raw<'_> {
        self.content
    }

    pub(super) fn refusal(&self) -> Option<&str> {
        self.refusal.as_str()
    }

    pub(super) const fn tool_calls(&self) -> Raw<'_> {
        self.tool_calls
    }

    /// The older way to call one function: its name, and its arguments or a piece of them.
    pub(super) fn function_call(&self, take: impl FnOnce(Option<&str>, Raw<'_>)) {
        if let Some(call) = object::<Function<'_>>(self.function_call) {
            take(call.name.as_str(), call.arguments);
        }
    }

    pub(super) fn transcript(&self, take: impl FnOnce(&str)) {
        if let Some(audio) = object::<Audio<'_>>(self.audio) {
            take(audio.transcript.as_str().unwrap_or_default());
        }
    }
}

impl ToolCall<'_> {
    fn tell(&self, parts: &mut Parts<'_>) {
        self.named(|name, arguments| parts.tool_call(self.id.as_str(), name, arguments));
    }

    /// Its name and its arguments, or a piece of them.
    pub(super) fn named(&self, take: impl FnOnce(Option<&str>, Raw<'_>)) {
        match object::<Function<'_>>(self.function.or(self.custom)) {
            Some(function) => take(
                function.name.as_str(),
                function.arguments.or(function.input),
            ),
            None => take(self.name.as_str(), self.parameters),
        }
    }
}
