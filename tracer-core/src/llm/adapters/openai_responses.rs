//! OpenAI `POST …/responses`.
//!
//! <https://platform.openai.com/docs/api-reference/responses>. The last event of a stream carries
//! the whole answer, so the others need not be parsed: of each only its type is looked at.

use serde::{Deserialize, de::MapAccess};

use super::{
    adapter::{
        Adapter, AnswerContext, Certainty, Endpoint, RequestContext, RequestRead, StreamReader,
        has_member,
    },
    event::{Chunk, event_type, is_done},
    filter_results::SideFilter,
    moderation_result::BothSides,
    openai_chat_request::{Format, Reasoning},
    openai_path,
    openai_usage::OpenAiUsage,
    request_line::RequestLine,
};
use crate::{
    llm::{
        answer::{Answer, keep_last},
        call::{Operation, RequestFacts},
        error_body::ErrorField,
        json::{
            Count, Filled, Flag, Lenient, List, LongList, Number, Object, Tells, Text, Tools,
            lenient, read,
        },
    },
    stream::event::Event,
};

/// Responses.
#[derive(Debug)]
pub(super) struct OpenAiResponses;

impl Adapter for OpenAiResponses {
    fn name(&self) -> &'static str {
        "openai.responses"
    }

    fn flavour(&self) -> &'static str {
        "openai"
    }

    fn endpoint(&self, request: &RequestLine<'_>) -> Option<Endpoint> {
        if let Some(id) = stored(request) {
            let endpoint = openai_path::endpoint(request, Operation::FetchResponse);
            return Some(match (id.starts_with("resp_"), request.query("stream")) {
                (true, Some("true")) => endpoint.with_certainty(Certainty::Sure).with_stream(true),
                (true, _) => endpoint.with_certainty(Certainty::Sure),
                (false, _) => endpoint,
            });
        }
        let operation = match request.post()? {
            [.., "responses"] => Operation::Chat,
            [.., "responses", "compact"] => Operation::Compact,
            [.., "responses", "input_tokens"] => Operation::CountTokens,
            _ => return None,
        };
        Some(openai_path::endpoint(request, operation))
    }

    fn seems(&self, body: &[u8]) -> bool {
        has_member(body, r#""input""#)
    }

    fn read_request(&self, _: &RequestContext<'_>, body: &[u8]) -> Option<RequestRead> {
        read_request(body)
    }

    fn read_document(&self, _: &AnswerContext<'_>, body: &[u8], answer: &mut Answer) -> bool {
        read::<Response<'_>>(body).is_some_and(|response| {
            response.tell(answer);
            true
        })
    }

    fn stream(&self, _: &AnswerContext<'_>) -> Box<dyn StreamReader> {
        Box::new(ResponsesStream)
    }
}

/// The id of a stored answer that is fetched again.
fn stored<'a>(request: &RequestLine<'a>) -> Option<&'a str> {
    match *request.path() {
        [.., "responses", id] if request.method() == "GET" => Some(id),
        _ => None,
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Request<'a> {
    #[serde(borrow)]
    model: Text<'a>,
    input: Filled,
    prompt: Object<Prompt<'a>>,
    stream: Flag,
    max_output_tokens: Count,
    temperature: Number,
    top_p: Number,
    text: Object<TextOptions<'a>>,
    reasoning: Object<Reasoning<'a>>,
    previous_response_id: Text<'a>,
    conversation: Conversation<'a>,
    service_tier: Text<'a>,
    tools: Tools,
}

/// A prompt that OpenAI stores.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Prompt<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    version: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct TextOptions<'a> {
    #[serde(borrow)]
    format: Object<Format<'a>>,
}

/// An id, or an object with one.
#[derive(Debug, Default)]
struct Conversation<'a>(Text<'a>);

impl<'de: 'a, 'a> Lenient<'de> for Conversation<'a> {
    fn text(value: std::borrow::Cow<'de, str>) -> Self {
        Self(Lenient::text(value))
    }
    fn map<A: MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
        let mut id = Text::default();
        while let Some(key) = map.next_key::<Text<'a>>()? {
            let value = map.next_value::<Text<'a>>()?;
            if key.as_str() == Some("id") {
                id = value;
            }
        }
        Ok(Self(id))
    }
}

lenient!(Conversation<'a>);

pub(in crate::llm) fn read_request(body: &[u8]) -> Option<RequestRead> {
    let body = read::<Request<'_>>(body)?;
    let prompt = body.prompt.0.as_ref();
    let has_shape = prompt.is_some() || (body.input.0 && body.model.as_str().is_some());
    let format = body.text.0.as_ref().and_then(|text| text.format.0.as_ref());
    let facts = RequestFacts {
        model: body.model.owned(),
        stream: body.stream.0,
        max_tokens: body.max_output_tokens.0,
        temperature: body.temperature.0,
        top_p: body.top_p.0,
        output_type: format.and_then(Format::output_type),
        service_tier: body.service_tier.owned(),
        reasoning_level: body
            .reasoning
            .0
            .as_ref()
            .and_then(|reasoning| reasoning.effort.owned()),
        previous_response_id: body.previous_response_id.owned(),
        conversation_id: body.conversation.0.owned(),
        tool_count: body.tools.count,
        tool_names: body.tools.names,
        prompt_id: prompt.and_then(|prompt| prompt.id.owned()),
        prompt_version: prompt.and_then(|prompt| prompt.version.owned()),
        ..RequestFacts::default()
    };
    Some(RequestRead {
        facts,
        has_shape,
        ..RequestRead::default()
    })
}

/// The answer, as a document and inside the events of a stream.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Response<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    model: Text<'a>,
    status: Text<'a>,
    service_tier: Text<'a>,
    error: ErrorField<'a>,
    incomplete_details: Object<Incomplete<'a>>,
    output: LongList<Object<Item<'a>>>,
    usage: Object<OpenAiUsage>,
    /// Azure.
    content_filters: List<Object<SideFilter<'a>>>,
    moderation: Object<BothSides<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Incomplete<'a> {
    #[serde(borrow)]
    reason: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Item<'a> {
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
    name: Text<'a>,
    call_id: Text<'a>,
}

impl Tells for Item<'_> {
    /// A call that the caller has to carry out; the provider's own tools are none.
    fn tells(&self) -> bool {
        matches!(
            self.kind.as_str(),
            Some("function_call" | "custom_tool_call")
        )
    }
}

impl Response<'_> {
    fn tell(&self, answer: &mut Answer) {
        answer.identify(self.id.as_str(), None);
        answer.is_pending = matches!(self.status.as_str(), Some("queued" | "in_progress"));
        keep_last(&mut answer.model, self.model.as_str());
        keep_last(&mut answer.service_tier, self.service_tier.as_str());
        if let Some(usage) = &self.usage.0 {
            usage.tell(answer);
        }
        if self.error.is_present() || self.status.as_str() == Some("failed") {
            answer.error = Some(self.error.kind().unwrap_or_else(|| "failed".to_owned()));
        }
        for filter in self
            .content_filters
            .0
            .iter()
            .filter_map(|filter| filter.0.as_ref())
        {
            filter.tell(&mut answer.findings);
        }
        if let Some(moderation) = &self.moderation.0 {
            moderation.tell(&mut answer.findings);
        }
        if let Some(reason) = self.finish_reason() {
            answer.finish(0, reason);
        }
        let tools: Vec<_> = self
            .output
            .0
            .iter()
            .filter_map(|item| item.0.as_ref())
            .filter(|item| item.tells())
            .collect();
        if !self.output.0.is_empty() {
            answer.clear_tools();
        }
        for tool in tools {
            answer.next_tool(0, tool.call_id.as_str(), tool.name.as_str());
        }
    }

    /// There is no finish reason, but a status and perhaps why it is not `completed`.
    fn finish_reason(&self) -> Option<&str> {
        match self.status.as_str()? {
            "completed" => Some("completed"),
            "incomplete" => {
                let details = self.incomplete_details.0.as_ref();
                Some(
                    details
                        .and_then(|details| details.reason.as_str())
                        .unwrap_or("incomplete"),
                )
            }
            _ => None,
        }
    }
}

/// The members of all events that are parsed.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Data<'a> {
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
    response: Object<Response<'a>>,
    item: Object<Item<'a>>,
    output_index: Count,
}

/// Reads a stream of events.
#[derive(Debug)]
struct ResponsesStream;

impl StreamReader for ResponsesStream {
    fn event(&mut self, event: &Event<'_>, answer: &mut Answer) -> Chunk {
        read_event(event, answer)
    }
}

pub(in crate::llm) fn read_event(event: &Event<'_>, answer: &mut Answer) -> Chunk {
    if is_done(event.data) {
        answer.ended = true;
        return Chunk::Other;
    }
    let kind = event_type(event);
    match kind {
        Some(kind) if kind.ends_with(b".delta") || kind.ends_with(b".partial_image") => {
            return Chunk::Output;
        }
        Some(b"error") => {
            let error = read::<ErrorField<'_>>(event.data).unwrap_or_default();
            answer.error = Some(error.kind_or_unnamed());
            return Chunk::Other;
        }
        Some(kind) if !matters(kind) => return Chunk::Other,
        _ => {}
    }
    let Some(data) = read::<Data<'_>>(event.data) else {
        return Chunk::Other;
    };
    let kind = data
        .kind
        .as_str()
        .map(str::as_bytes)
        .or(kind)
        .unwrap_or_default();
    tell(kind, &data, answer);
    Chunk::Other
}

/// Whether an event of this type says anything that is not said again.
fn matters(kind: &[u8]) -> bool {
    matches!(
        kind,
        b"response.created" | b"response.output_item.done" | b"message"
    ) || is_last(kind)
}

fn is_last(kind: &[u8]) -> bool {
    matches!(
        kind,
        b"response.completed" | b"response.incomplete" | b"response.failed" | b"response.cancelled"
    )
}

fn tell(kind: &[u8], data: &Data<'_>, answer: &mut Answer) {
    if let Some(response) = &data.response.0 {
        response.tell(answer);
        answer.ended |= is_last(kind);
    }
    if let Some(item) = &data.item.0
        && kind == b"response.output_item.done"
        && item.tells()
    {
        answer.tool(
            0,
            data.output_index.0.unwrap_or(0),
            item.call_id.as_str(),
            item.name.as_str(),
        );
    }
}

#[cfg(test)]
#[path = "openai_responses_tests.rs"]
mod tests;
