//! Langfuse: attributes of its own SDKs, which win over all others.
//!
//! Langfuse reads models, parameters and the session from the conventions. Of tokens it takes every
//! attribute under `gen_ai.usage.` for a kind of its own; what it is told in one object it takes as
//! that is, parts that exclude each other.

use std::time::Duration;

use super::{
    super::{
        attributes::{self as names, Kind},
        span::Span,
        value::Value,
    },
    rule::{Rule, copy, count, dollars, double, object, text, user, word},
    sort::Sort,
};

/// Spans are shown at once with this, else only after minutes.
pub(super) const HEADERS: &[(&str, &str)] = &[("x-langfuse-ingestion-version", "4")];

/// What marks environments that are Langfuse's own.
const RESERVED: &str = "langfuse";

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "langfuse.observation.type",
        kind: Kind::String,
        description: "What the span is of. Without it, Langfuse takes for a generation whatever names a model.",
        value: |span| Some(word(kind(Sort::of(span)))),
    },
    Rule {
        name: "langfuse.observation.usage_details",
        kind: Kind::String,
        description: "Tokens, as JSON: `input` and `output` without what `input_cached_tokens`, `input_cache_creation` and `output_reasoning_tokens` count.",
        value: usage,
    },
    Rule {
        name: "langfuse.observation.cost_details",
        kind: Kind::String,
        description: "What the call costs, as JSON: `total` in dollars. Without it Langfuse prices the call itself.",
        value: |span| object([("total", dollars(span)?.into())]),
    },
    Rule {
        name: "langfuse.observation.completion_start_time",
        kind: Kind::String,
        description: "When the first chunk with output came, in UTC.",
        value: first_chunk,
    },
    Rule {
        name: "langfuse.observation.status_message",
        kind: Kind::String,
        description: "Why it failed: `error.type`.",
        value: |span| copy(span, names::ERROR_TYPE),
    },
    Rule {
        name: "langfuse.environment",
        kind: Kind::String,
        description: "The environment, as `attribution.environment` tells it, in lower case; absent if Langfuse would refuse it.",
        value: environment,
    },
    Rule {
        name: "langfuse.trace.tags",
        kind: Kind::StringList,
        description: "App, feature and team, as `attribution` tells them: `app:shop`.",
        value: tags,
    },
    Rule {
        name: "user.id",
        kind: Kind::String,
        description: "The user, as `attribution.user` tells it.",
        value: user,
    },
];

const fn kind(sort: Sort) -> &'static str {
    match sort {
        Sort::Chat | Sort::Generation => "generation",
        Sort::Embedding => "embedding",
        Sort::Retrieval | Sort::Rerank => "retriever",
        Sort::Agent => "agent",
        Sort::Tool => "tool",
        Sort::Check => "guardrail",
        Sort::Attempts => "chain",
        Sort::Other => "span",
    }
}

fn usage(span: &Span) -> Option<Value> {
    let told = |name| count(span, name);
    let cached = told(names::GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS);
    let created = told(names::GEN_AI_USAGE_CACHE_CREATION_INPUT_TOKENS);
    let reasoning = told(names::GEN_AI_USAGE_REASONING_OUTPUT_TOKENS);
    let rest = |all: Option<u64>, parts: &[Option<u64>]| {
        let parts = parts.iter().flatten();
        all.map(|all| parts.fold(all, |left, part| left.saturating_sub(*part)))
    };
    let input = told(names::GEN_AI_USAGE_INPUT_TOKENS);
    let output = told(names::GEN_AI_USAGE_OUTPUT_TOKENS);
    let members = [
        ("input", rest(input, &[cached, created])),
        ("input_cached_tokens", cached),
        ("input_cache_creation", created),
        ("output", rest(output, &[reasoning])),
        ("output_reasoning_tokens", reasoning),
    ];
    object(
        members
            .into_iter()
            .filter_map(|(name, tokens)| Some((name, tokens?.into()))),
    )
}

fn first_chunk(span: &Span) -> Option<Value> {
    let waited = double(span, names::GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK)?;
    let at = span
        .start
        .after(Duration::try_from_secs_f64(waited).ok()?)
        .unix_nanos();
    let at = jiff::Timestamp::from_nanosecond(at.into()).ok()?;
    Some(Value::Str(format!("{at:.3}").into()))
}

fn environment(span: &Span) -> Option<Value> {
    let environment = text(span, names::LLM_TRACER_ENVIRONMENT_NAME)?.to_ascii_lowercase();
    let is_allowed = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_');
    let is_taken = !environment.starts_with(RESERVED) && environment.bytes().all(is_allowed);
    is_taken.then(|| Value::Str(environment.into()))
}

fn tags(span: &Span) -> Option<Value> {
    let dimensions = [
        ("app", names::LLM_TRACER_APP_NAME),
        ("feature", names::LLM_TRACER_FEATURE_NAME),
        ("team", names::LLM_TRACER_TEAM_NAME),
    ];
    let tags: Vec<_> = dimensions
        .into_iter()
        .filter_map(|(word, name)| Some(format!("{word}:{}", text(span, name)?)))
        .collect();
    (!tags.is_empty()).then_some(Value::StrList(tags))
}

#[cfg(test)]
#[path = "langfuse_tests.rs"]
mod tests;
