//! Spans as Langfuse reads them: the rules of its ingestion, applied to what it is sent.

use std::collections::BTreeMap;

use super::{
    super::{Backend::Langfuse, samples},
    *,
};
use crate::semconv::value::Attributes;

/// An observation as Langfuse keeps it.
#[derive(Debug, Default, PartialEq)]
struct Observation {
    kind: String,
    model: Option<String>,
    usage: BTreeMap<String, u64>,
    cost: Option<f64>,
    session: Option<String>,
    user: Option<String>,
    environment: String,
    tags: Vec<String>,
    completion_start: Option<String>,
}

/// What is sent, by the order in which Langfuse asks.
struct Sent(Attributes);

impl Sent {
    fn of(span: &Span) -> Self {
        let mut sent = span.attributes.clone();
        sent.extend(Langfuse.additions(span));
        Self(sent)
    }

    fn first(&self, names: &[&str]) -> Option<String> {
        names.iter().find_map(|name| match self.get(name)? {
            Value::Str(text) if !text.is_empty() => Some(text.to_string()),
            _ => None,
        })
    }

    fn get(&self, name: &str) -> Option<&Value> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, v)| v)
    }

    fn json(&self, name: &str) -> Option<serde_json::Map<String, serde_json::Value>> {
        let text = self.first(&[name])?;
        Some(serde_json::from_str(&text).expect("an object"))
    }

    /// Its own attribute first, then the operation, then a tool, then a model.
    fn kind(&self) -> String {
        let by_operation = |operation: &str| match operation {
            "chat" | "text_completion" | "generate_content" => Some("generation"),
            "embeddings" => Some("embedding"),
            "invoke_agent" => Some("agent"),
            "execute_tool" => Some("tool"),
            _ => None,
        };
        let told = self.first(&["langfuse.observation.type"]);
        let operation = self.first(&["gen_ai.operation.name"]);
        let operation = operation.as_deref().and_then(by_operation);
        let tool = self.first(&["gen_ai.tool.name"]).map(|_| "tool");
        let model = self.first(&["gen_ai.request.model", "gen_ai.response.model"]);
        let model = model.map(|_| "generation");
        told.unwrap_or_else(|| operation.or(tool).or(model).unwrap_or("span").to_owned())
    }

    fn read(&self) -> Observation {
        let usage = self.json("langfuse.observation.usage_details");
        let cost = self.json("langfuse.observation.cost_details");
        Observation {
            kind: self.kind(),
            model: self.first(&["gen_ai.response.model", "gen_ai.request.model"]),
            usage: usage
                .into_iter()
                .flatten()
                .filter_map(|(name, tokens)| Some((name, tokens.as_u64()?)))
                .collect(),
            cost: cost.and_then(|cost| cost.get("total")?.as_f64()),
            session: self.first(&[
                "langfuse.session.id",
                "session.id",
                "gen_ai.conversation.id",
            ]),
            user: self.first(&["langfuse.user.id", "user.id"]),
            environment: self
                .first(&["langfuse.environment"])
                .unwrap_or_else(|| "default".to_owned()),
            tags: match self.get("langfuse.trace.tags") {
                Some(Value::StrList(tags)) => tags.clone(),
                _ => Vec::new(),
            },
            completion_start: self.first(&["langfuse.observation.completion_start_time"]),
        }
    }
}

#[test]
fn a_call_is_read_as_it_was() {
    let wanted = Observation {
        kind: "generation".into(),
        model: Some("served-2".into()),
        usage: BTreeMap::from(
            [
                ("input", 30),
                ("input_cached_tokens", 60),
                ("input_cache_creation", 10),
                ("output", 30),
                ("output_reasoning_tokens", 20),
            ]
            .map(|(name, tokens)| (name.to_owned(), tokens)),
        ),
        cost: Some(0.0125),
        session: Some("session-1".into()),
        user: Some("jane".into()),
        environment: "prod-eu".into(),
        tags: vec!["app:shop".into(), "team:search".into()],
        completion_start: Some("2026-03-04T05:06:07.250Z".into()),
    };
    assert_eq!(Sent::of(&samples::chat()).read(), wanted);
}

#[test]
fn no_token_is_counted_twice() {
    let read = Sent::of(&samples::chat()).read();
    // Langfuse adds up all that is named after the side it is of.
    assert_eq!(read.usage.values().sum::<u64>(), 100 + 50);
}

#[test]
fn what_was_not_told_is_not_read() {
    let bare = Observation {
        kind: "generation".into(),
        environment: "default".into(),
        ..Observation::default()
    };
    assert_eq!(Sent::of(&samples::operation("chat")).read(), bare);
    let mut cut = samples::operation("chat");
    let seen = (names::GEN_AI_USAGE_INPUT_TOKENS.into(), Value::Int(7));
    cut.attributes.push(seen);
    let usage = Sent::of(&cut).read().usage;
    assert_eq!(usage, BTreeMap::from([("input".to_owned(), 7)]));
}

#[test]
fn steps_are_what_they_are() {
    let kind = |operation| Sent::of(&samples::operation(operation)).read().kind;
    assert_eq!(kind("invoke_agent"), "agent");
    assert_eq!(kind("execute_tool"), "tool");
    assert_eq!(kind("embeddings"), "embedding");
    assert_eq!(kind("retrieval"), "retriever");
    assert_eq!(kind("moderation"), "guardrail");
    assert_eq!(kind("image_generation"), "generation");
    assert_eq!(Sent::of(&samples::attempts()).read().kind, "chain");
    // It names a model, but nothing is generated.
    let mut counted = samples::operation("count_tokens");
    let model = (names::GEN_AI_REQUEST_MODEL.into(), word("asked-1"));
    counted.attributes.push(model);
    assert_eq!(Sent::of(&counted).read().kind, "span");
}

#[test]
fn a_failure_says_why() {
    let mut span = samples::operation("chat");
    let error = (names::ERROR_TYPE.into(), word("rate_limit_exceeded"));
    span.attributes.push(error);
    assert_eq!(
        Langfuse.tells(&span, "langfuse.observation.status_message"),
        Some(word("rate_limit_exceeded"))
    );
}

#[test]
fn environments_that_would_be_refused_are_left_out() {
    for refused in ["langfuse-lab", "Straße", "a b"] {
        let environment = [(names::LLM_TRACER_ENVIRONMENT_NAME, word(refused))];
        let span = samples::span("chat", &environment);
        assert_eq!(Langfuse.tells(&span, "langfuse.environment"), None);
    }
}
