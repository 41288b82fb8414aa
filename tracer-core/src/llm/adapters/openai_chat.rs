//! OpenAI `POST …/chat/completions`, as spoken by OpenAI, Azure and everyone compatible.
//!
//! <https://platform.openai.com/docs/api-reference/chat>. A stream's chunks have the shape of the
//! whole answer with `delta` in place of `message`, so one set of types reads both, and those of
//! the legacy completions as well.

use serde::{
    Deserialize,
    de::{IgnoredAny, MapAccess},
};

use super::{
    adapter::{
        Adapter, AnswerContext, Certainty, Endpoint, RequestContext, RequestRead, StreamReader,
        has_member,
    },
    filter_results::{FilterResults, PromptFilters, tell_prompts},
    moderation_result::BothSides,
    openai_chat_request::read_request,
    openai_chat_stream::ChatStream,
    openai_path,
    openai_usage::{OpenAiUsage, ReasoningRule, ServerTimes},
    request_line::RequestLine,
};
use crate::{
    evaluation::Target,
    http::percent::percent_decoded,
    llm::{
        answer::{Answer, keep_last},
        call::{Operation, Provider},
        error_body::ErrorField,
        json::{Count, Filled, Lenient, List, Object, Text, lenient, read},
        usage::Usage,
    },
};

/// Chat completions.
#[derive(Debug)]
pub(super) struct OpenAiChat;

impl Adapter for OpenAiChat {
    fn name(&self) -> &'static str {
        "openai.chat"
    }

    fn flavour(&self) -> &'static str {
        "openai"
    }

    fn endpoint(&self, request: &RequestLine<'_>) -> Option<Endpoint> {
        let operation = match *request.post()? {
            // Mistral's agents answer in the same shape.
            [.., "chat" | "agents", "completions"] => Operation::Chat,
            [.., "fim", "completions"] => Operation::TextCompletion,
            [.., "v1", "chat"] if request.provider() == Some("writer") => Operation::Chat,
            // Databricks: a name may stand for any kind of model.
            [.., "serving-endpoints", name, "invocations"] => {
                let endpoint =
                    Endpoint::new(Operation::Chat).with_model(Some(percent_decoded(name)));
                return Some(endpoint.with_certainty(Certainty::NeedsShape));
            }
            _ => return None,
        };
        Some(openai_path::endpoint(request, operation))
    }

    fn seems(&self, body: &[u8]) -> bool {
        has_member(body, r#""messages""#)
    }

    fn read_request(&self, _: &RequestContext<'_>, body: &[u8]) -> Option<RequestRead> {
        read_request(body)
    }

    fn read_document(&self, context: &AnswerContext<'_>, body: &[u8], answer: &mut Answer) -> bool {
        read_document(body, answer, reasoning_rule(context.provider))
    }

    fn stream(&self, context: &AnswerContext<'_>) -> Box<dyn StreamReader> {
        Box::new(ChatStream::new(reasoning_rule(context.provider)))
    }
}

fn reasoning_rule(provider: &Provider) -> ReasoningRule {
    if provider.0 == "x_ai" {
        ReasoningRule::Beside
    } else {
        ReasoningRule::Within
    }
}

/// A whole answer or one chunk of it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Completion<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    model: Text<'a>,
    /// IBM's word for it.
    model_id: Text<'a>,
    service_tier: Text<'a>,
    system_fingerprint: Text<'a>,
    choices: List<Object<Choice<'a>>>,
    usage: Object<OpenAiUsage>,
    x_groq: Object<XGroq>,
    /// Cerebras.
    time_info: Object<ServerTimes>,
    /// OpenRouter: who answered.
    provider: Text<'a>,
    /// The whole chunk, where a server wraps it.
    data: Option<Box<Object<Completion<'a>>>>,
    error: ErrorField<'a>,
    /// Azure.
    #[serde(alias = "prompt_annotations")]
    prompt_filter_results: PromptFilters<'a>,
    moderation: Object<BothSides<'a>>,
}

/// Where older Groq servers put the usage of a stream.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct XGroq {
    usage: Object<OpenAiUsage>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Choice<'a> {
    index: Count,
    #[serde(borrow)]
    finish_reason: Text<'a>,
    delta: Message<'a>,
    message: Message<'a>,
    /// Legacy completions.
    text: Filled,
    /// Azure.
    #[serde(borrow)]
    content_filter_results: FilterResults<'a>,
}

/// A message or a piece of one. Servers call reasoning and other output by many names, so any
/// member but the role that holds something counts as output.
#[derive(Debug, Default)]
struct Message<'a> {
    tool_calls: List<Object<Tool<'a>>>,
    function_call: Object<Named<'a>>,
    has_output: bool,
}

impl<'de: 'a, 'a> Lenient<'de> for Message<'a> {
    fn map<A: MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
        let mut message = Self::default();
        while let Some(key) = map.next_key::<Text<'a>>()? {
            match key.as_str() {
                Some("role") => drop(map.next_value::<IgnoredAny>()?),
                Some("tool_calls") => message.tool_calls = map.next_value()?,
                Some("function_call") => message.function_call = map.next_value()?,
                _ => message.has_output |= map.next_value::<Filled>()?.0,
            }
        }
        message.has_output |= !message.tool_calls.0.is_empty() || message.function_call.0.is_some();
        Ok(message)
    }
}

lenient!(Message<'a>);

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Tool<'a> {
    index: Count,
    #[serde(borrow)]
    id: Text<'a>,
    function: Object<Named<'a>>,
    custom: Object<Named<'a>>,
}

/// What stands for the index of the one call that there was before there were tools: it comes behind
/// all others.
const FUNCTION_CALL: u64 = u64::MAX;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Named<'a> {
    #[serde(borrow)]
    name: Text<'a>,
}

impl Tool<'_> {
    fn name(&self) -> Option<&str> {
        let named = self.function.0.as_ref().or(self.custom.0.as_ref())?;
        named.name.as_str()
    }
}

impl Completion<'_> {
    pub(super) fn tell(&self, answer: &mut Answer) {
        let model = self.model.as_str().or_else(|| self.model_id.as_str());
        answer.identify(self.id.as_str(), model);
        keep_last(&mut answer.upstream_provider, self.provider.as_str());
        keep_last(&mut answer.service_tier, self.service_tier.as_str());
        keep_last(
            &mut answer.system_fingerprint,
            self.system_fingerprint.as_str(),
        );
        answer.fail(&self.error);
        let times = self.wire_usage().map(OpenAiUsage::times);
        tell_prompts(&self.prompt_filter_results, &mut answer.findings);
        if let Some(moderation) = &self.moderation.0 {
            moderation.tell(&mut answer.findings);
        }
        if let Some(times) = self.time_info.0.or(times) {
            times.tell(answer);
        }
        for (at, choice) in (0..).zip(&self.choices.0) {
            if let Some(choice) = &choice.0 {
                choice.tell(at, answer);
            }
        }
    }

    pub(super) fn usage(&self, rule: ReasoningRule) -> Option<Usage> {
        self.wire_usage()?.normalise(rule)
    }

    fn wire_usage(&self) -> Option<&OpenAiUsage> {
        let groq = || self.x_groq.0.as_ref()?.usage.0.as_ref();
        self.usage.0.as_ref().or_else(groq)
    }

    /// The chunk itself, where a server puts it into an envelope.
    pub(super) fn unwrapped(self) -> Self {
        match self.data {
            Some(inner) if self.choices.0.is_empty() => inner.0.unwrap_or_default(),
            data => Self { data, ..self },
        }
    }

    pub(super) fn choices(&self) -> impl Iterator<Item = &Choice<'_>> {
        self.choices.0.iter().filter_map(|choice| choice.0.as_ref())
    }

    pub(super) fn has_output(&self) -> bool {
        self.choices()
            .any(|choice| choice.text.0 || choice.delta.has_output || choice.message.has_output)
    }
}

impl Choice<'_> {
    /// Tells of the choice that stands `at` this place of its list: some servers leave the index out.
    fn tell(&self, at: u64, answer: &mut Answer) {
        let choice = self.index.0.unwrap_or(at);
        if let Some(reason) = self.finish_reason.as_str() {
            answer.finish(choice, reason);
        }
        let filtered = &self.content_filter_results;
        filtered.tell(Some(Target::Output), &mut answer.findings);
        let pieces = &self.delta.tool_calls.0;
        // Writer repeats the pieces of a stream as a message.
        let whole = (self.message.tool_calls.0.iter()).filter(|_| pieces.is_empty());
        for tool in whole.filter_map(|tool| tool.0.as_ref()) {
            answer.next_tool(choice, tool.id.as_str(), tool.name());
        }
        for (at, tool) in pieces.iter().enumerate() {
            if let Some(tool) = &tool.0 {
                let index = tool.index.0.unwrap_or(at as u64);
                answer.tool(choice, index, tool.id.as_str(), tool.name());
            }
        }
        for message in [&self.message, &self.delta] {
            if let Some(call) = &message.function_call.0 {
                answer.tool(choice, FUNCTION_CALL, None, call.name.as_str());
            }
        }
    }
}

/// Reads an answer in one piece; `false` if it is not one.
pub(super) fn read_document(body: &[u8], answer: &mut Answer, rule: ReasoningRule) -> bool {
    let Some(completion) = read::<Completion<'_>>(body) else {
        return false;
    };
    completion.tell(answer);
    if let Some(usage) = completion.usage(rule) {
        answer.usage = usage;
    }
    true
}

#[cfg(test)]
#[path = "openai_chat_tests.rs"]
mod tests;
