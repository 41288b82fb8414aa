//! Anthropic `POST …/v1/messages`, as served by Anthropic and everyone compatible.
//!
//! <https://docs.anthropic.com/en/api/messages>. Input tokens exclude cached ones on the wire. In a
//! stream `message_start` and `message_delta` each carry some of the usage: a later member replaces
//! an earlier one, and the output count of `message_start` is only its first token.

use serde::Deserialize;

use super::{
    adapter::{
        Adapter, AnswerContext, Certainty, Endpoint, RequestContext, RequestRead, StreamReader,
        has_member,
    },
    event::{Chunk, event_type},
    request_line::RequestLine,
};
use crate::{
    correlate::NamedSession,
    evaluation::{Action, Detector, Finding, Target},
    llm::{
        answer::{Answer, keep_last},
        call::{Operation, OutputType, RequestFacts},
        error_body::{ErrorField, UNNAMED},
        json::{
            Count, Filled, Flag, LongList, Money, Number, Object, Tells, Text, Texts, Tools, read,
        },
        usage::{Usage, UsageParts},
        uuid::uuid_behind,
    },
    stream::event::Event,
};

/// Messages.
#[derive(Debug)]
pub(super) struct AnthropicMessages;

impl Adapter for AnthropicMessages {
    fn name(&self) -> &'static str {
        "anthropic.messages"
    }

    fn flavour(&self) -> &'static str {
        "anthropic"
    }

    fn endpoint(&self, request: &RequestLine<'_>) -> Option<Endpoint> {
        let versioned = request.header("anthropic-version").is_some();
        let certainty = if versioned {
            Certainty::Sure
        } else {
            Certainty::OnKnownHost
        };
        let operation = match request.post()? {
            [.., "messages"] if versioned => Operation::Chat,
            // `/v1/threads/{id}/messages` is another API: there the id stands before `messages`.
            [.., "v1", "messages"] => Operation::Chat,
            [.., "messages", "count_tokens"] => Operation::CountTokens,
            _ => return None,
        };
        Some(Endpoint::new(operation).with_certainty(certainty))
    }

    fn seems(&self, body: &[u8]) -> bool {
        has_member(body, r#""messages""#)
    }

    fn read_request(&self, _: &RequestContext<'_>, body: &[u8]) -> Option<RequestRead> {
        read_request(body)
    }

    fn read_document(&self, context: &AnswerContext<'_>, body: &[u8], answer: &mut Answer) -> bool {
        let read = read_document(body, answer);
        // A prompt that was counted was not used.
        if context.endpoint.operation == Operation::CountTokens {
            answer.usage = Usage::default();
        }
        read
    }

    fn stream(&self, _: &AnswerContext<'_>) -> Box<dyn StreamReader> {
        Box::new(AnthropicStream::default())
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Request<'a> {
    #[serde(borrow)]
    model: Text<'a>,
    messages: Filled,
    stream: Flag,
    max_tokens: Count,
    temperature: Number,
    top_p: Number,
    top_k: Number,
    stop_sequences: Texts,
    service_tier: Text<'a>,
    output_config: Object<OutputConfig<'a>>,
    output_format: Object<Format<'a>>,
    tools: Tools,
    thinking: Object<Thinking>,
    metadata: Object<Metadata<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Metadata<'a> {
    #[serde(borrow)]
    user_id: Text<'a>,
}

/// Claude Code and others put the session into the id of the user, behind what tells who that is.
fn session(metadata: &Metadata<'_>) -> Option<NamedSession> {
    let id = uuid_behind(metadata.user_id.as_str()?, "session")?;
    Some(NamedSession {
        source: "metadata.user_id",
        id: id.to_owned(),
        is_drawn: true,
        agent: None,
    })
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Thinking {
    budget_tokens: Count,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct OutputConfig<'a> {
    #[serde(borrow)]
    effort: Text<'a>,
    format: Object<Format<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Format<'a> {
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
}

fn read_request(body: &[u8]) -> Option<RequestRead> {
    let body = read::<Request<'_>>(body)?;
    let has_shape = body.messages.0 && body.model.as_str().is_some();
    let config = body.output_config.0.as_ref();
    let format = config
        .and_then(|config| config.format.0.as_ref())
        .or(body.output_format.0.as_ref());
    let json = format.and_then(|format| format.kind.as_str()) == Some("json_schema");
    let facts = RequestFacts {
        model: body.model.owned(),
        stream: body.stream.0,
        max_tokens: body.max_tokens.0,
        temperature: body.temperature.0,
        top_p: body.top_p.0,
        top_k: body.top_k.0,
        stop_sequences: body.stop_sequences.0,
        output_type: json.then_some(OutputType::Json),
        service_tier: body.service_tier.owned(),
        reasoning_level: config.and_then(|config| config.effort.owned()),
        tool_count: body.tools.count,
        tool_names: body.tools.names,
        reasoning_budget: body
            .thinking
            .0
            .and_then(|thinking| thinking.budget_tokens.0),
        session: body.metadata.0.as_ref().and_then(session),
        ..RequestFacts::default()
    };
    Some(RequestRead {
        facts,
        has_shape,
        ..RequestRead::default()
    })
}

/// Usage as it is on the wire.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct WireUsage<'a> {
    input_tokens: Count,
    output_tokens: Count,
    cache_read_input_tokens: Count,
    cache_creation_input_tokens: Count,
    output_tokens_details: Object<OutputDetails>,
    cache_creation: Object<CacheCreation>,
    server_tool_use: Object<ServerToolUse>,
    #[serde(borrow)]
    service_tier: Text<'a>,
    /// OpenRouter, which speaks this API too.
    cost: Money,
}

/// The tokens written to the cache by how long they stay there.
#[derive(Debug, Default, Clone, Copy, Deserialize)]
#[serde(default)]
struct CacheCreation {
    ephemeral_1h_input_tokens: Count,
}

#[derive(Debug, Default, Clone, Copy, Deserialize)]
#[serde(default)]
struct ServerToolUse {
    web_search_requests: Count,
}

#[derive(Debug, Default, Clone, Copy, Deserialize)]
#[serde(default)]
struct OutputDetails {
    thinking_tokens: Count,
}

impl WireUsage<'_> {
    /// Whether it tells the cached input as well, where there is any.
    const fn has_all_input(&self) -> bool {
        self.input_tokens.0.is_some()
            && self.cache_read_input_tokens.0.is_some()
            && self.cache_creation_input_tokens.0.is_some()
    }
}

/// The counts of a message so far.
#[derive(Debug, Default, Clone, Copy)]
struct Counts {
    input: Option<u64>,
    output: Option<u64>,
    cache_read: Option<u64>,
    cache_creation: Option<u64>,
    thinking: Option<u64>,
    parts: UsageParts,
}

impl Counts {
    /// Every count that `usage` gives replaces the one before.
    fn merge(&mut self, usage: &WireUsage<'_>) {
        let thinking = usage
            .output_tokens_details
            .0
            .as_ref()
            .and_then(|details| details.thinking_tokens.0);
        self.input = usage.input_tokens.0.or(self.input);
        self.output = usage.output_tokens.0.or(self.output);
        self.cache_read = usage.cache_read_input_tokens.0.or(self.cache_read);
        self.cache_creation = usage.cache_creation_input_tokens.0.or(self.cache_creation);
        self.thinking = thinking.or(self.thinking);
        let for_an_hour = usage.cache_creation.0;
        let searches = usage.server_tool_use.0;
        self.parts = UsageParts {
            cache_creation_1h: for_an_hour
                .and_then(|written| written.ephemeral_1h_input_tokens.0)
                .or(self.parts.cache_creation_1h),
            web_searches: searches
                .and_then(|used| used.web_search_requests.0)
                .or(self.parts.web_searches),
            reported_cost: usage.cost.0.or(self.parts.reported_cost),
            ..self.parts
        };
    }

    fn normalise(self) -> Usage {
        let mut cached = [self.cache_read, self.cache_creation].into_iter().flatten();
        Usage {
            input: self
                .input
                .and_then(|input| cached.try_fold(input, u64::checked_add)),
            output: self.output,
            cache_read: self.cache_read,
            cache_creation: self.cache_creation,
            reasoning: self
                .thinking
                .map(|part| self.output.map_or(part, |whole| part.min(whole))),
            parts: self.parts,
        }
    }
}

/// A message, as a document and in `message_start`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Message<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    model: Text<'a>,
    stop_reason: Text<'a>,
    stop_details: Object<StopDetails<'a>>,
    content: LongList<Object<Block<'a>>>,
    usage: Object<WireUsage<'a>>,
    #[serde(rename = "type")]
    kind: Text<'a>,
    error: ErrorField<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Block<'a> {
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
    id: Text<'a>,
    name: Text<'a>,
}

impl Tells for Block<'_> {
    /// A call that the caller has to carry out; the provider's own tools are none.
    fn tells(&self) -> bool {
        self.kind.as_str() == Some("tool_use")
    }
}

impl Block<'_> {
    fn tell(&self, answer: &mut Answer) {
        if self.tells() {
            answer.next_tool(0, self.id.as_str(), self.name.as_str());
        }
    }

    /// Some blocks come whole with their start: redacted thinking, results of the provider's tools.
    fn comes_in_deltas(&self) -> bool {
        matches!(
            self.kind.as_str(),
            Some("text" | "thinking" | "tool_use" | "server_tool_use" | "mcp_tool_use")
        )
    }
}

impl Message<'_> {
    fn tell(&self, answer: &mut Answer) {
        answer.identify(self.id.as_str(), self.model.as_str());
        if let Some(reason) = self.stop_reason.as_str() {
            answer.finish(0, reason);
        }
        if let Some(details) = &self.stop_details.0 {
            details.tell(answer);
        }
        for block in self.content.0.iter().filter_map(|block| block.0.as_ref()) {
            block.tell(answer);
        }
        let tier = self
            .usage
            .0
            .as_ref()
            .and_then(|usage| usage.service_tier.as_str());
        keep_last(&mut answer.service_tier, tier);
    }
}

fn read_document(body: &[u8], answer: &mut Answer) -> bool {
    let Some(message) = read::<Message<'_>>(body) else {
        return false;
    };
    if message.error.is_present() || message.kind.as_str() == Some("error") {
        answer.error = Some(message.error.kind_or_unnamed());
        return true;
    }
    message.tell(answer);
    if let Some(usage) = &message.usage.0 {
        let mut counts = Counts::default();
        counts.merge(usage);
        answer.usage = counts.normalise();
    }
    true
}

/// The members of all events that are parsed.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Data<'a> {
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
    message: Object<Message<'a>>,
    content_block: Object<Block<'a>>,
    delta: Object<Delta<'a>>,
    usage: Object<WireUsage<'a>>,
    error: ErrorField<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Delta<'a> {
    #[serde(borrow)]
    stop_reason: Text<'a>,
    stop_details: Object<StopDetails<'a>>,
}

/// More on why an answer ended: of a refusal its category.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct StopDetails<'a> {
    #[serde(borrow)]
    category: Text<'a>,
}

impl StopDetails<'_> {
    fn tell(&self, answer: &mut Answer) {
        if let Some(category) = self.category.as_str() {
            let found = Finding::new(Detector::Model, category, Action::Blocked);
            answer.findings.add(found.of(Some(Target::Output)));
        }
    }
}

/// Reads a stream of events.
#[derive(Debug, Default)]
struct AnthropicStream {
    counts: Counts,
    has_started: bool,
    /// Events were lost.
    is_torn: bool,
}

impl StreamReader for AnthropicStream {
    fn event(&mut self, event: &Event<'_>, answer: &mut Answer) -> Chunk {
        let named = event_type(event);
        match named {
            Some(b"content_block_delta") => return Chunk::Output,
            Some(b"content_block_stop" | b"ping") => return Chunk::Other,
            _ => {}
        }
        let Some(data) = read::<Data<'_>>(event.data) else {
            if named == Some(b"error") {
                answer.error = Some(UNNAMED.to_owned());
            }
            return Chunk::Other;
        };
        let kind = data
            .kind
            .as_str()
            .map(str::as_bytes)
            .or(named)
            .unwrap_or_default();
        self.tell(kind, &data, answer)
    }

    /// With tools of the provider the input grows as well: no count is told before those of the end.
    fn gap(&mut self, answer: &mut Answer) {
        if !answer.ended {
            self.is_torn = true;
            answer.usage = Usage::default();
        }
    }
}

impl AnthropicStream {
    fn tell(&mut self, kind: &[u8], data: &Data<'_>, answer: &mut Answer) -> Chunk {
        match kind {
            b"message_start" => self.start(data, answer),
            b"content_block_start" => return start_block(data, answer),
            b"content_block_delta" => return Chunk::Output,
            b"message_delta" => self.delta(data, answer),
            b"message_stop" => answer.ended = true,
            b"error" => answer.error = Some(data.error.kind_or_unnamed()),
            _ => {}
        }
        Chunk::Other
    }

    fn start(&mut self, data: &Data<'_>, answer: &mut Answer) {
        let Some(message) = &data.message.0 else {
            return;
        };
        self.has_started = true;
        message.tell(answer);
        if let Some(usage) = &message.usage.0 {
            self.counts.merge(usage);
            answer.usage = self.counts.normalise().of_input();
        }
    }

    fn delta(&mut self, data: &Data<'_>, answer: &mut Answer) {
        if let Some(delta) = &data.delta.0 {
            if let Some(reason) = delta.stop_reason.as_str() {
                answer.finish(0, reason);
            }
            if let Some(details) = &delta.stop_details.0 {
                details.tell(answer);
            }
        }
        let usage = data.usage.0.as_ref();
        if let Some(usage) = usage {
            self.counts.merge(usage);
        }
        if !self.is_torn {
            answer.usage = self.counts.normalise();
        } else if let Some(usage) = usage {
            answer.usage = self.counts.normalise();
            if !self.has_started && !usage.has_all_input() {
                answer.usage.input = None;
            }
        }
    }
}

fn start_block(data: &Data<'_>, answer: &mut Answer) -> Chunk {
    let Some(block) = &data.content_block.0 else {
        return Chunk::Other;
    };
    block.tell(answer);
    if block.comes_in_deltas() {
        Chunk::Other
    } else {
        Chunk::Output
    }
}

#[cfg(test)]
#[path = "anthropic_tests.rs"]
mod tests;
