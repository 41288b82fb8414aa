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
    event::{Chunk, is_done},
    openai_path,
    openai_prefilter::chunk_has_metadata,
    openai_usage::{OpenAiUsage, ReasoningRule, ServerTimes},
    request_line::{RequestLine, percent_decoded},
};
use crate::{
    llm::{
        answer::{Answer, keep_last},
        call::{Operation, OutputType, Provider, RequestFacts},
        error_body::ErrorField,
        json::{
            Count, Filled, Flag, Integer, Lenient, List, Number, Object, Text, Texts, Tools,
            lenient, read,
        },
    },
    stream::event::Event,
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

/// Chunks that are parsed in search of id and model before a server is held to never send them.
const IDENTITY_CHUNKS: u8 = 16;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Request<'a> {
    #[serde(borrow)]
    model: Text<'a>,
    messages: Filled,
    stream: Flag,
    max_completion_tokens: Count,
    max_tokens: Count,
    temperature: Number,
    top_p: Number,
    top_k: Number,
    frequency_penalty: Number,
    presence_penalty: Number,
    stop: Texts,
    seed: Integer,
    /// Mistral.
    random_seed: Integer,
    n: Count,
    response_format: Object<Format<'a>>,
    modalities: Texts,
    service_tier: Text<'a>,
    reasoning_effort: Text<'a>,
    /// OpenRouter.
    reasoning: Object<Reasoning<'a>>,
    tools: Tools,
    /// What tools were called before there were tools.
    functions: Tools,
}

/// Where an output format is asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Format<'a> {
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
}

/// Where the effort of reasoning is asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::llm) struct Reasoning<'a> {
    #[serde(borrow)]
    pub(in crate::llm) effort: Text<'a>,
    /// OpenRouter.
    max_tokens: Count,
}

impl Format<'_> {
    pub(super) fn output_type(&self) -> Option<OutputType> {
        match self.kind.as_str() {
            Some("json_object" | "json_schema") => Some(OutputType::Json),
            Some("text") => Some(OutputType::Text),
            _ => None,
        }
    }
}

fn read_request(body: &[u8]) -> Option<RequestRead> {
    let body = read::<Request<'_>>(body)?;
    let speech = body
        .modalities
        .0
        .iter()
        .any(|modality| modality == "audio")
        .then_some(OutputType::Speech);
    let reasoning = body.reasoning.0.as_ref();
    let tools = if body.tools.count.is_some() {
        body.tools
    } else {
        body.functions
    };
    let facts = RequestFacts {
        model: body.model.owned(),
        stream: body.stream.0,
        max_tokens: body.max_completion_tokens.0.or(body.max_tokens.0),
        temperature: body.temperature.0,
        top_p: body.top_p.0,
        top_k: body.top_k.0,
        frequency_penalty: body.frequency_penalty.0,
        presence_penalty: body.presence_penalty.0,
        stop_sequences: body.stop.0,
        seed: body.seed.0.or(body.random_seed.0),
        choice_count: body.n.0,
        output_type: speech.or_else(|| {
            body.response_format
                .0
                .as_ref()
                .and_then(Format::output_type)
        }),
        service_tier: body.service_tier.owned(),
        reasoning_level: body
            .reasoning_effort
            .owned()
            .or_else(|| reasoning.and_then(|reasoning| reasoning.effort.owned())),
        reasoning_budget: reasoning.and_then(|reasoning| reasoning.max_tokens.0),
        tool_count: tools.count,
        tool_names: tools.names,
        ..RequestFacts::default()
    };
    Some(RequestRead {
        facts,
        has_shape: body.messages.0,
        ..RequestRead::default()
    })
}

/// A whole answer or one chunk of it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Completion<'a> {
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
}

/// Where older Groq servers put the usage of a stream.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct XGroq {
    usage: Object<OpenAiUsage>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Choice<'a> {
    index: Count,
    #[serde(borrow)]
    finish_reason: Text<'a>,
    delta: Message<'a>,
    message: Message<'a>,
    /// Legacy completions.
    text: Filled,
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
    fn tell(&self, answer: &mut Answer, rule: ReasoningRule) {
        let model = self.model.as_str().or_else(|| self.model_id.as_str());
        answer.identify(self.id.as_str(), model);
        keep_last(&mut answer.upstream_provider, self.provider.as_str());
        keep_last(&mut answer.service_tier, self.service_tier.as_str());
        keep_last(
            &mut answer.system_fingerprint,
            self.system_fingerprint.as_str(),
        );
        if self.error.is_present() {
            answer.error = Some(self.error.kind_or_unnamed());
        }
        let groq = || {
            self.x_groq
                .0
                .as_ref()
                .and_then(|groq| groq.usage.0.as_ref())
        };
        if let Some(usage) = self
            .usage
            .0
            .as_ref()
            .or_else(groq)
            .and_then(|usage| usage.normalise(rule))
        {
            answer.usage = usage;
        }
        let times = self.usage.0.as_ref().or_else(groq).map(OpenAiUsage::times);
        if let Some(times) = self.time_info.0.or(times) {
            times.tell(answer);
        }
        for choice in self.choices() {
            choice.tell(answer);
        }
    }

    /// The chunk itself, where a server puts it into an envelope.
    fn unwrapped(self) -> Self {
        match self.data {
            Some(inner) if self.choices.0.is_empty() => inner.0.unwrap_or_default(),
            data => Self { data, ..self },
        }
    }

    fn choices(&self) -> impl Iterator<Item = &Choice<'_>> {
        self.choices.0.iter().filter_map(|choice| choice.0.as_ref())
    }

    fn has_output(&self) -> bool {
        self.choices()
            .any(|choice| choice.text.0 || choice.delta.has_output || choice.message.has_output)
    }
}

impl Choice<'_> {
    fn tell(&self, answer: &mut Answer) {
        let choice = self.index.0.unwrap_or(0);
        if let Some(reason) = self.finish_reason.as_str() {
            answer.finish(choice, reason);
        }
        for tool in self
            .message
            .tool_calls
            .0
            .iter()
            .filter_map(|tool| tool.0.as_ref())
        {
            answer.next_tool(choice, tool.id.as_str(), tool.name());
        }
        for (at, tool) in self.delta.tool_calls.0.iter().enumerate() {
            if let Some(tool) = &tool.0 {
                let index = tool.index.0.unwrap_or(at as u64);
                answer.tool(choice, index, tool.id.as_str(), tool.name());
            }
        }
        for message in [&self.message, &self.delta] {
            if let Some(call) = &message.function_call.0 {
                answer.tool(choice, 0, None, call.name.as_str());
            }
        }
    }
}

/// Reads an answer in one piece; `false` if it is not one.
pub(super) fn read_document(body: &[u8], answer: &mut Answer, rule: ReasoningRule) -> bool {
    let Some(completion) = read::<Completion<'_>>(body) else {
        return false;
    };
    completion.tell(answer, rule);
    true
}

/// Reads a stream of chunks.
#[derive(Debug)]
pub(super) struct ChatStream {
    rule: ReasoningRule,
    looked_at: u8,
    had_output: bool,
}

impl ChatStream {
    pub(super) const fn new(rule: ReasoningRule) -> Self {
        Self {
            rule,
            looked_at: 0,
            had_output: false,
        }
    }

    fn knows_enough(&self, answer: &Answer) -> bool {
        let identified = answer.id.is_some() && answer.model.is_some();
        self.had_output && (identified || self.looked_at >= IDENTITY_CHUNKS)
    }
}

impl StreamReader for ChatStream {
    fn event(&mut self, event: &Event<'_>, answer: &mut Answer) -> Chunk {
        if is_done(event.data) {
            answer.ended = true;
            return Chunk::Other;
        }
        if event.event == b"error" {
            return read_error(event.data, answer);
        }
        if self.knows_enough(answer) && !chunk_has_metadata(event.data) {
            return Chunk::Output;
        }
        self.looked_at = self.looked_at.saturating_add(1);
        let Some(completion) = read::<Completion<'_>>(event.data) else {
            return Chunk::Other;
        };
        let completion = completion.unwrapped();
        completion.tell(answer, self.rule);
        if completion.has_output() {
            self.had_output = true;
            return Chunk::Output;
        }
        Chunk::Other
    }
}

/// The data of an `event: error`.
fn read_error(data: &[u8], answer: &mut Answer) -> Chunk {
    let error = read::<ErrorField<'_>>(data).unwrap_or_default();
    answer.error = Some(error.kind_or_unnamed());
    Chunk::Other
}
