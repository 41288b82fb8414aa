//! Compares what masked traffic tells with what the traffic told.

use tracer_core::semconv::Span;

use crate::recording::Recording;

/// Attributes that a masked tape may lack: texts of the caller, and ids that stand in a path only.
const NOT_SHOWN: [&str; 5] = [
    "aws.bedrock.knowledge_base.id",
    "gen_ai.agent.id",
    "gen_ai.conversation.id",
    "gen_ai.data_source.id",
    "gen_ai.request.stop_sequences",
];
/// A framing that is not masked in place: such a body is not shown.
const NOT_MASKED: &str = "application/vnd.amazon.eventstream";

/// Adds what differs.
pub fn compare(recording: &Recording, whole: &[Span], masked: &[Span], out: &mut Vec<String>) {
    let place = format!("{} {}", recording.id, recording.request.url);
    if whole.len() != masked.len() {
        out.push(format!("{place}: {} became {}", whole.len(), masked.len()));
    }
    if recording.is_http() && recording.response().content_type() == Some(NOT_MASKED) {
        return;
    }
    for (whole, masked) in whole.iter().zip(masked) {
        for (name, value) in &whole.attributes {
            let got = masked.attribute(name);
            if got != Some(value) && !NOT_SHOWN.contains(&&**name) {
                out.push(format!("{place} {name}: {value:?} became {got:?}"));
            }
        }
    }
}
