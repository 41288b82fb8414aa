//! To whom a call belongs, on spans and measurements.

use std::borrow::Cow;

use super::{
    attributes as names,
    value::{Attributes, Value},
};
use crate::{attribution::Dimension, confidence::Confidence};

/// What takes the place of a value on measurements where there are too many.
pub const OTHER_VALUE: &str = "_OTHER";

/// Names of the value, its source and its confidence.
const fn of(dimension: Dimension) -> [&'static str; 3] {
    match dimension {
        Dimension::App => [
            names::LLM_TRACER_APP_NAME,
            names::LLM_TRACER_APP_SOURCE,
            names::LLM_TRACER_APP_CONFIDENCE,
        ],
        Dimension::Environment => [
            names::LLM_TRACER_ENVIRONMENT_NAME,
            names::LLM_TRACER_ENVIRONMENT_SOURCE,
            names::LLM_TRACER_ENVIRONMENT_CONFIDENCE,
        ],
        Dimension::Workspace => [
            names::LLM_TRACER_WORKSPACE_NAME,
            names::LLM_TRACER_WORKSPACE_SOURCE,
            names::LLM_TRACER_WORKSPACE_CONFIDENCE,
        ],
        Dimension::Feature => [
            names::LLM_TRACER_FEATURE_NAME,
            names::LLM_TRACER_FEATURE_SOURCE,
            names::LLM_TRACER_FEATURE_CONFIDENCE,
        ],
        Dimension::User => [
            names::LLM_TRACER_USER_ID,
            names::LLM_TRACER_USER_SOURCE,
            names::LLM_TRACER_USER_CONFIDENCE,
        ],
        Dimension::Team => [
            names::LLM_TRACER_TEAM_NAME,
            names::LLM_TRACER_TEAM_SOURCE,
            names::LLM_TRACER_TEAM_CONFIDENCE,
        ],
    }
}

/// Adds a value with its source and confidence, as a span has it.
pub fn attribute_span(
    to: &mut Attributes,
    dimension: Dimension,
    value: &str,
    source: &str,
    confidence: Confidence,
) {
    let [value_name, source_name, confidence_name] = of(dimension);
    let text = |text: &str| Value::Str(Cow::Owned(text.to_owned()));
    to.push((value_name.into(), text(value)));
    to.push((source_name.into(), text(source)));
    let confidence = Value::Str(Cow::Borrowed(confidence.name()));
    to.push((confidence_name.into(), confidence));
}

/// Adds a value, as a measurement has it.
pub fn attribute_measurement(to: &mut Attributes, dimension: Dimension, value: &str) {
    let [name, ..] = of(dimension);
    to.push((name.into(), Value::Str(Cow::Owned(value.to_owned()))));
}
