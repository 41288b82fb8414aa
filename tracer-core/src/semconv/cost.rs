//! What a call costs, on spans.

use super::{attributes as names, build::Builder};
use crate::pricing::{Cost, KnownCost};

pub(super) fn add_cost(add: &mut Builder, cost: &Cost) {
    match cost {
        Cost::None => {}
        Cost::Unknown(why) => add.label(names::LLM_TRACER_COST_UNKNOWN, why.name()),
        Cost::Known(KnownCost {
            amount,
            currency,
            source,
            confidence,
        }) => {
            add.double(names::LLM_TRACER_COST_AMOUNT, Some(amount.as_f64()));
            add.text(names::LLM_TRACER_COST_CURRENCY, Some(currency.code()));
            add.label(names::LLM_TRACER_COST_SOURCE, source.name());
            add.label(names::LLM_TRACER_COST_CONFIDENCE, confidence.name());
        }
    }
}
