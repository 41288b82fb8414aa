//! From a released call to values for the metrics.

use super::{
    attributes as names,
    build::Builder,
    metrics::Metric,
    span::{add_identity, add_openai_response, error_type},
    value::{Attributes, Value},
};
use crate::{
    detect::Role,
    llm::call::{Call, CallFacts, CaptureState, Operation, Outcome, Released},
    pricing::{Cost, KnownCost},
};

/// Values for a metric that share their attributes.
#[derive(Debug, Clone, PartialEq)]
pub struct Measurement {
    /// Which metric.
    pub metric: Metric,
    /// In the metric's unit: seconds, tokens or units of a currency. Each is recorded on its own; there is one, except
    /// for [`Metric::TimePerOutputChunk`], which has one per chunk after the first.
    pub values: Vec<f64>,
    /// Attributes.
    pub attributes: Attributes,
}

/// The measurements of a call: metrics of clients from calls that were made, of servers from those that
/// were served, so that a call which is seen at both ends is in each of them once. Tokens are measured only where the provider told their number, and
/// the duration where the end was seen.
pub fn measurements(call: &Call<Released>) -> Vec<Measurement> {
    let facts = call.facts();
    let common = common(facts);
    let mut all = Vec::with_capacity(5);
    match (facts.role, facts.operation) {
        (Role::Client, _) => add_made(&mut all, &common, facts),
        (Role::Server, Operation::Mcp) => {}
        (Role::Server, _) => add_served(&mut all, &common, facts),
    }
    if facts.capture != CaptureState::Open {
        all.push(duration(common, facts));
    }
    all
}

fn add_made(all: &mut Vec<Measurement>, common: &Attributes, facts: &CallFacts) {
    let is_counted = !facts.is_counted_elsewhere();
    for (kind, tokens) in [("input", facts.usage.input), ("output", facts.usage.output)] {
        if let Some(tokens) = tokens.filter(|_| is_counted) {
            all.push(token_usage(common, kind, tokens));
        }
    }
    if let Cost::Known(known) = &facts.cost {
        all.push(cost(common, known));
    }
    if let Some(first) = facts.timing.first_chunk {
        all.push(Measurement {
            metric: Metric::TimeToFirstChunk,
            values: vec![first.since(facts.timing.start).as_secs_f64()],
            attributes: common.clone(),
        });
    }
    if !facts.timing.chunk_gaps.is_empty() {
        all.push(Measurement {
            metric: Metric::TimePerOutputChunk,
            values: facts
                .timing
                .chunk_gaps
                .iter()
                .map(|&micros| f64::from(micros) / 1e6)
                .collect(),
            attributes: common.clone(),
        });
    }
}

fn add_served(all: &mut Vec<Measurement>, common: &Attributes, facts: &CallFacts) {
    let Some(first) = facts.timing.first_chunk else {
        return;
    };
    if facts.outcome != Outcome::Success {
        return;
    }
    let mut add = |metric, value| {
        all.push(Measurement {
            metric,
            values: vec![value],
            attributes: common.clone(),
        });
    };
    let waited = first.since(facts.timing.start).as_secs_f64();
    add(Metric::ServerTimeToFirstToken, waited);
    if let Some(value) = time_per_token(facts) {
        add(Metric::ServerTimePerOutputToken, value);
    }
}

/// Seconds for each token of a stream after the first; `None` if not all of them were streamed, or
/// seen.
fn time_per_token(facts: &CallFacts) -> Option<f64> {
    let (first, last) = (facts.timing.first_chunk?, facts.timing.last_chunk?);
    let tokens = facts.usage.output?.checked_sub(1).filter(|&n| n > 0)?;
    let is_whole = facts.capture <= CaptureState::Headers;
    let is_shown = facts.usage.reasoning.is_none_or(|tokens| tokens == 0);
    let is_streamed = facts.response.chunks > 1;
    #[expect(
        clippy::cast_precision_loss,
        reason = "token counts are far below 2^53"
    )]
    let value = last.since(first).as_secs_f64() / tokens as f64;
    (is_whole && is_shown && is_streamed).then_some(value)
}

fn common(facts: &CallFacts) -> Attributes {
    let mut add = Builder::with_capacity(10);
    add_identity(&mut add, facts);
    add_openai_response(&mut add, facts);
    add.finish()
}

fn token_usage(common: &Attributes, kind: &'static str, tokens: u64) -> Measurement {
    let mut attributes = common.clone();
    attributes.push((names::GEN_AI_TOKEN_TYPE.into(), Value::Str(kind.into())));
    #[expect(
        clippy::cast_precision_loss,
        reason = "token counts are far below 2^53"
    )]
    let value = tokens as f64;
    Measurement {
        metric: Metric::TokenUsage,
        values: vec![value],
        attributes,
    }
}

fn cost(common: &Attributes, known: &KnownCost) -> Measurement {
    let mut attributes = common.clone();
    let currency = known.currency.code().to_owned();
    let source = known.source.name();
    attributes.push((
        names::LLM_TRACER_COST_CURRENCY.into(),
        Value::Str(currency.into()),
    ));
    attributes.push((
        names::LLM_TRACER_COST_SOURCE.into(),
        Value::Str(source.into()),
    ));
    Measurement {
        metric: Metric::Cost,
        values: vec![known.amount.as_f64()],
        attributes,
    }
}

fn duration(mut attributes: Attributes, facts: &CallFacts) -> Measurement {
    if let Some(error) = error_type(facts) {
        attributes.push((
            names::ERROR_TYPE.into(),
            Value::Str(error.to_owned().into()),
        ));
    }
    let value = facts.timing.end.since(facts.timing.start).as_secs_f64();
    let metric = match facts.operation {
        Operation::Mcp => match facts.role {
            Role::Client => Metric::McpClientOperationDuration,
            Role::Server => Metric::McpServerOperationDuration,
        },
        _ => match facts.role {
            Role::Client => Metric::OperationDuration,
            Role::Server => Metric::ServerRequestDuration,
        },
    };
    Measurement {
        metric,
        values: vec![value],
        attributes,
    }
}
