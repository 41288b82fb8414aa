//! Spans for the tests of backends.

use super::{
    super::{
        attributes as names,
        span::{Span, SpanKind},
        value::Value,
    },
    rule::word,
};
use crate::{segment::ProcessKey, time::Timestamp};

/// 2026-03-04T05:06:07Z.
const START: u64 = 1_772_600_767_000_000_000;

/// A span of a second with these attributes.
pub(super) fn span(name: &str, attributes: &[(&'static str, Value)]) -> Span {
    Span {
        process: ProcessKey(1),
        kind: SpanKind::Client,
        name: name.to_owned(),
        parent: None,
        pair: None,
        place: None,
        links: Vec::new(),
        events: Vec::new(),
        start: Timestamp::from_unix_nanos(START),
        end: Timestamp::from_unix_nanos(START + 1_000_000_000),
        error: None,
        attributes: attributes
            .iter()
            .map(|(name, value)| ((*name).into(), value.clone()))
            .collect(),
    }
}

/// A span of an operation that tells nothing else.
pub(super) fn operation(operation: &'static str) -> Span {
    span(
        operation,
        &[(names::GEN_AI_OPERATION_NAME, word(operation))],
    )
}

/// The span above two attempts.
pub(super) fn attempts() -> Span {
    span(
        "attempts",
        &[(names::LLM_TRACER_ATTEMPT_COUNT, Value::Int(2))],
    )
}

/// A streamed call that tells all that there is to tell.
pub(super) fn chat() -> Span {
    in_currency("USD")
}

/// The same, priced in a currency.
pub(super) fn in_currency(currency: &'static str) -> Span {
    span(
        "chat asked-1",
        &[
            (names::GEN_AI_OPERATION_NAME, word("chat")),
            (names::GEN_AI_PROVIDER_NAME, word("openai")),
            (names::GEN_AI_REQUEST_MODEL, word("asked-1")),
            (names::GEN_AI_RESPONSE_MODEL, word("served-2")),
            (names::GEN_AI_USAGE_INPUT_TOKENS, Value::Int(100)),
            (names::GEN_AI_USAGE_OUTPUT_TOKENS, Value::Int(50)),
            (names::GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS, Value::Int(60)),
            (
                names::GEN_AI_USAGE_CACHE_CREATION_INPUT_TOKENS,
                Value::Int(10),
            ),
            (names::GEN_AI_USAGE_REASONING_OUTPUT_TOKENS, Value::Int(20)),
            (
                names::GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK,
                Value::Double(0.25),
            ),
            (names::LLM_TRACER_COST_AMOUNT, Value::Double(0.0125)),
            (names::LLM_TRACER_COST_CURRENCY, word(currency)),
            (names::SESSION_ID, word("session-1")),
            (names::LLM_TRACER_USER_ID, word("jane")),
            (names::LLM_TRACER_APP_NAME, word("shop")),
            (names::LLM_TRACER_TEAM_NAME, word("search")),
            (names::LLM_TRACER_ENVIRONMENT_NAME, word("Prod-eu")),
        ],
    )
}
