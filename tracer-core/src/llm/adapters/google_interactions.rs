//! Google `POST …/interactions`: turns with a model or an agent that the server remembers.
//!
//! <https://ai.google.dev/api/interactions-api>. The total is the sum of input, output, thoughts and
//! use of the provider's tools; cached tokens are part of the input. An interaction has a status and
//! no finish reason. `GET …/interactions/{id}` fetches one again, as a stream with `stream=true`.

use memchr::memmem;
use serde::Deserialize;

use super::{
    adapter::{
        Adapter, AnswerContext, Endpoint, RequestContext, RequestRead, StreamReader, has_member,
    },
    event::{Chunk, is_done},
    google_error,
    google_usage::{Modalities, of_modality},
    request_line::RequestLine,
};
use crate::{
    llm::{
        answer::{Answer, keep_last},
        call::{Operation, OutputType, RequestFacts},
        error_body::{ErrorField, UNNAMED},
        json::{
            Count, Filled, Flag, Integer, LongList, Number, Object, Tells, Text, Texts, Tools, read,
        },
        usage::{Usage, UsageParts},
    },
    stream::event::Event,
};

/// Interactions.
#[derive(Debug)]
pub(super) struct GoogleInteractions;

impl Adapter for GoogleInteractions {
    fn name(&self) -> &'static str {
        "google.interactions"
    }

    fn flavour(&self) -> &'static str {
        "gcp.gen_ai"
    }

    fn endpoint(&self, request: &RequestLine<'_>) -> Option<Endpoint> {
        let of_google = matches!(request.provider(), Some("gcp.gemini" | "gcp.vertex_ai"));
        match (request.method(), request.path()) {
            ("POST", [.., "interactions"]) => Some(Endpoint::new(Operation::GenerateContent)),
            ("GET", [.., "interactions", _]) if of_google => Some(
                Endpoint::new(Operation::FetchResponse)
                    .with_stream(request.query("stream") == Some("true")),
            ),
            _ => None,
        }
    }

    fn seems(&self, body: &[u8]) -> bool {
        has_member(body, r#""input""#)
    }

    fn read_request(&self, _: &RequestContext<'_>, body: &[u8]) -> Option<RequestRead> {
        Some(read::<Request<'_>>(body)?.into_read())
    }

    fn read_document(&self, _: &AnswerContext<'_>, body: &[u8], answer: &mut Answer) -> bool {
        read::<Interaction<'_>>(body).is_some_and(|interaction| {
            interaction.tell(answer);
            true
        })
    }

    fn read_error(&self, _: &AnswerContext<'_>, body: &[u8], answer: &mut Answer) {
        answer.error = google_error::error_type(body);
    }

    fn stream(&self, _: &AnswerContext<'_>) -> Box<dyn StreamReader> {
        Box::new(InteractionStream)
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Request<'a> {
    #[serde(borrow)]
    model: Text<'a>,
    agent: Text<'a>,
    input: Filled,
    stream: Flag,
    previous_interaction_id: Text<'a>,
    generation_config: Object<Config<'a>>,
    response_mime_type: Text<'a>,
    service_tier: Text<'a>,
    tools: Tools,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Config<'a> {
    max_output_tokens: Count,
    temperature: Number,
    top_p: Number,
    stop_sequences: Texts,
    seed: Integer,
    #[serde(borrow)]
    thinking_level: Text<'a>,
}

impl Request<'_> {
    fn into_read(self) -> RequestRead {
        let config = self.generation_config.0.unwrap_or_default();
        let json = self.response_mime_type.as_str() == Some("application/json");
        let is_agent = self.model.as_str().is_none() && self.agent.as_str().is_some();
        let facts = RequestFacts {
            model: self.model.owned(),
            stream: self.stream.0,
            max_tokens: config.max_output_tokens.0,
            temperature: config.temperature.0,
            top_p: config.top_p.0,
            stop_sequences: config.stop_sequences.0,
            seed: config.seed.0,
            output_type: json.then_some(OutputType::Json),
            service_tier: self.service_tier.owned(),
            reasoning_level: config.thinking_level.owned(),
            previous_response_id: self.previous_interaction_id.owned(),
            tool_count: self.tools.count,
            tool_names: self.tools.names,
            ..RequestFacts::default()
        };
        RequestRead {
            facts,
            has_shape: self.input.0 && (is_agent || self.model.as_str().is_some()),
            operation: is_agent.then_some(Operation::InvokeAgent),
            ..RequestRead::default()
        }
    }
}

/// An interaction: the whole answer, or its state in an event.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Interaction<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    model: Text<'a>,
    status: Text<'a>,
    service_tier: Text<'a>,
    steps: LongList<Object<Step<'a>>>,
    usage: Object<InteractionUsage<'a>>,
    error: ErrorField<'a>,
}

/// One step of an interaction; its output beside tool calls is not looked at.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Step<'a> {
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
    id: Text<'a>,
    name: Text<'a>,
}

impl Tells for Step<'_> {
    /// A call that the caller has to carry out.
    fn tells(&self) -> bool {
        self.kind.as_str() == Some("function_call") && self.name.as_str().is_some()
    }
}

impl Step<'_> {
    fn tell(&self, answer: &mut Answer) {
        if self.tells() {
            answer.next_tool(0, self.id.as_str(), self.name.as_str());
        }
    }
}

impl Interaction<'_> {
    fn tell(&self, answer: &mut Answer) {
        answer.identify(self.id.as_str(), self.model.as_str());
        answer.is_pending = self.status.as_str() == Some("in_progress");
        keep_last(&mut answer.service_tier, self.service_tier.as_str());
        if let Some(usage) = self.usage.0.as_ref().and_then(InteractionUsage::normalise) {
            answer.usage = usage;
        }
        for step in self.steps.0.iter().filter_map(|step| step.0.as_ref()) {
            step.tell(answer);
        }
        if self.error.is_present() || self.status.as_str() == Some("failed") {
            answer.error = Some(self.error.kind_or_unnamed());
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct InteractionUsage<'a> {
    total_tokens: Count,
    total_input_tokens: Count,
    total_output_tokens: Count,
    total_thought_tokens: Count,
    total_tool_use_tokens: Count,
    total_cached_tokens: Count,
    #[serde(borrow)]
    input_tokens_by_modality: Modalities<'a>,
    cached_tokens_by_modality: Modalities<'a>,
    output_tokens_by_modality: Modalities<'a>,
}

impl InteractionUsage<'_> {
    fn normalise(&self) -> Option<Usage> {
        let (input, output) = (self.total_input_tokens.0, self.total_output_tokens.0);
        input.or(output)?;
        let input = plus(input, self.total_tool_use_tokens.0);
        // Thoughts are counted beside the output, unless the total has no room for them.
        let has_no_room =
            self.total_tokens.0.is_some() && self.total_tokens.0 == plus(input, output);
        let thoughts = self.total_thought_tokens.0;
        let output = if has_no_room {
            output
        } else {
            plus(output, thoughts)
        };
        Some(Usage {
            input,
            output,
            cache_read: self
                .total_cached_tokens
                .0
                .filter(|&part| input.is_none_or(|whole| part <= whole)),
            cache_creation: None,
            reasoning: thoughts.map(|part| output.map_or(part, |whole| part.min(whole))),
            parts: UsageParts {
                input_audio: of_modality(&self.input_tokens_by_modality, "audio"),
                cache_read_audio: of_modality(&self.cached_tokens_by_modality, "audio"),
                input_image: of_modality(&self.input_tokens_by_modality, "image"),
                cache_read_image: of_modality(&self.cached_tokens_by_modality, "image"),
                output_audio: of_modality(&self.output_tokens_by_modality, "audio"),
                output_image: of_modality(&self.output_tokens_by_modality, "image"),
                ..UsageParts::default()
            },
        })
    }
}

fn plus(whole: Option<u64>, part: Option<u64>) -> Option<u64> {
    whole?.checked_add(part.unwrap_or(0))
}

/// The members of all events that are parsed.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Data<'a> {
    #[serde(borrow)]
    event_type: Text<'a>,
    interaction: Object<Interaction<'a>>,
    step: Object<Step<'a>>,
    error: ErrorField<'a>,
}

/// Reads a stream of events.
#[derive(Debug)]
struct InteractionStream;

impl StreamReader for InteractionStream {
    fn event(&mut self, event: &Event<'_>, answer: &mut Answer) -> Chunk {
        if is_done(event.data) {
            answer.ended = true;
            return Chunk::Other;
        }
        if event.event == b"step.delta" || is_delta(event.data) {
            return Chunk::Output;
        }
        let Some(data) = read::<Data<'_>>(event.data) else {
            if event.event == b"error" {
                answer.error = Some(UNNAMED.to_owned());
            }
            return Chunk::Other;
        };
        if let Some(interaction) = &data.interaction.0 {
            interaction.tell(answer);
        }
        if let Some(step) = &data.step.0 {
            step.tell(answer);
        }
        let kind = data.event_type.as_str().map(str::as_bytes);
        match kind.unwrap_or(event.event) {
            b"error" => answer.error = Some(data.error.kind_or_unnamed()),
            b"interaction.completed" => answer.ended = true,
            _ => {}
        }
        Chunk::Other
    }
}

/// The type stands last in the data of a delta.
fn is_delta(data: &[u8]) -> bool {
    let tail = data.get(data.len().saturating_sub(32)..).unwrap_or(data);
    memmem::find(tail, br#""step.delta""#).is_some()
        && memmem::find(tail, b"\"event_type\"").is_some()
}

#[cfg(test)]
mod tests {
    use super::{super::testing as support, *};

    #[test]
    fn thoughts_and_tools_are_counted_beside_input_and_output() {
        let seen = support::document(
            &GoogleInteractions,
            r#"{"id":"v1_a","status":"completed","model":"gemini-3","service_tier":"standard",
              "usage":{"total_tokens":100,"total_input_tokens":10,"total_output_tokens":20,
                "total_thought_tokens":65,"total_tool_use_tokens":5,"total_cached_tokens":0},
              "steps":[{"type":"thought","signature":"eA=="},
                {"type":"function_call","id":"f1","name":"look_up","arguments":{}},
                {"type":"model_output","content":[{"type":"text","text":"hi"}]}]}"#,
        );
        let usage = Usage {
            input: Some(15),
            output: Some(85),
            cache_read: Some(0),
            cache_creation: None,
            reasoning: Some(65),
            parts: UsageParts::default(),
        };
        assert_eq!(seen.usage, usage);
        assert_eq!(seen.tools(), [("look_up", Some("f1"))]);
        assert_eq!(seen.facts.id.as_deref(), Some("v1_a"));
    }

    #[test]
    fn a_stream_ends_with_the_whole_state() {
        let seen = support::events(
            &GoogleInteractions,
            &[
                (
                    "interaction.created",
                    r#"{"interaction":{"id":"v1_b","model":"gemini-3"},"event_type":"interaction.created"}"#,
                ),
                (
                    "step.start",
                    r#"{"index":0,"step":{"id":"f1","type":"function_call","name":"go","arguments":{}},"event_type":"step.start"}"#,
                ),
                (
                    "step.delta",
                    r#"{"index":0,"delta":{"arguments":"{}","type":"arguments_delta"},"event_type":"step.delta"}"#,
                ),
                (
                    "",
                    r#"{"index":0,"delta":{"text":"x","type":"text"},"event_type":"step.delta"}"#,
                ),
                (
                    "interaction.completed",
                    r#"{"interaction":{"id":"v1_b","status":"completed","usage":{"total_tokens":9,"total_input_tokens":4,"total_output_tokens":5},"model":"gemini-3"},"event_type":"interaction.completed"}"#,
                ),
                ("done", "[DONE]"),
            ],
        );
        assert_eq!(seen.tokens(), (Some(4), Some(5)));
        assert_eq!(seen.tools(), [("go", Some("f1"))]);
        assert_eq!((seen.outputs, seen.ended), (2, true));
        assert_eq!(seen.error, None);
    }

    #[test]
    fn an_interaction_is_fetched_again_from_google() {
        let path = "/v1beta/interactions/v1_a";
        let endpoint = |provider| {
            support::endpoint_of(&GoogleInteractions, provider, "GET", path)
                .map(|endpoint| endpoint.operation)
        };
        assert_eq!(endpoint("gcp.gemini"), Some(Operation::FetchResponse));
        assert_eq!(endpoint(""), None);
    }

    #[test]
    fn an_interaction_in_the_background_goes_on() {
        let goes_on = |body| {
            support::document(&GoogleInteractions, body)
                .facts
                .is_pending
        };
        assert!(goes_on(r#"{"id":"v1_a","status":"in_progress"}"#));
        assert!(!goes_on(r#"{"id":"v1_a","status":"requires_action"}"#));
    }

    #[test]
    fn errors_in_a_stream() {
        let seen = support::events(
            &GoogleInteractions,
            &[(
                "error",
                r#"{"error":{"code":"gateway_timeout","message":"m"},"event_type":"error"}"#,
            )],
        );
        assert_eq!(seen.error.as_deref(), Some("gateway_timeout"));
    }

    #[test]
    fn an_agent_is_invoked_and_a_model_generates() {
        let read = |body| support::request(&GoogleInteractions, "/v1beta/interactions", body);
        let model = read(r#"{"model":"gemini-3","input":"hi","previous_interaction_id":"v1_a"}"#);
        assert_eq!(model.operation, None);
        assert_eq!(model.facts.previous_response_id.as_deref(), Some("v1_a"));
        let agent = read(r#"{"agent":"deep-research","input":"hi","background":true}"#);
        assert_eq!(agent.operation, Some(Operation::InvokeAgent));
        assert!(agent.has_shape);
    }
}
