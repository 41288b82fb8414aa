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
    llm::call::{Call, CallFacts, CaptureState, Operation, Released},
};

/// Values for a metric that share their attributes.
#[derive(Debug, Clone, PartialEq)]
pub struct Measurement {
    /// Which metric.
    pub metric: Metric,
    /// In the metric's unit: seconds or tokens. Each is recorded on its own; there is one, except
    /// for [`Metric::TimePerOutputChunk`], which has one per chunk after the first.
    pub values: Vec<f64>,
    /// Attributes.
    pub attributes: Attributes,
}

/// The measurements of a call. Tokens are measured only where the provider told their number, and
/// the duration where the end was seen.
pub fn measurements(call: &Call<Released>) -> Vec<Measurement> {
    let facts = call.facts();
    let common = common(facts);
    let mut all = Vec::with_capacity(5);
    for (kind, tokens) in [("input", facts.usage.input), ("output", facts.usage.output)] {
        if let Some(tokens) = tokens {
            all.push(token_usage(&common, kind, tokens));
        }
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
    if facts.capture != CaptureState::Open {
        all.push(duration(common, facts));
    }
    all
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
        _ => Metric::OperationDuration,
    };
    Measurement {
        metric,
        values: vec![value],
        attributes,
    }
}
