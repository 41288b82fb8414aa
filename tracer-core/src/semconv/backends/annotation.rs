//! Evaluations as backends take them that read no log records: what is found or posted after a span has
//! left goes to an interface of their own.

use serde_json::{Map, Value as Json, json};
use sha2::{Digest as _, Sha256};

use super::{
    super::{
        attributes as names,
        evaluation::EVALUATION_RESULT,
        event::{Event, EventSpan},
        value::Value,
    },
    backend::Backend,
};
use crate::{
    correlate::{SpanId, TraceId},
    evaluation::Check,
    time::Timestamp,
};

/// Who found it, in the words of both backends.
const SOURCE: &str = "llm-tracer";

/// A request to a backend, below the address that its spans are sent to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Annotation {
    /// The path, without a slash before it.
    pub path: String,
    /// The body, JSON.
    pub body: String,
}

impl Annotation {
    /// An evaluation of a span that has left, for a backend; `None` if the event is none, or the backend
    /// has no interface for it.
    pub fn of(backend: Backend, event: &Event) -> Option<Self> {
        let EventSpan::Known(trace, span) = event.span else {
            return None;
        };
        let found = Found::of(event)?;
        match backend {
            Backend::Phoenix => Some(found.for_phoenix(span)),
            Backend::Mlflow => Some(found.for_mlflow(trace, span)),
            Backend::Generic | Backend::Langfuse => None,
        }
    }
}

impl Backend {
    /// Whether evaluations of spans that have left have a way of their own to it.
    pub const fn takes_annotations(self) -> bool {
        matches!(self, Self::Phoenix | Self::Mlflow)
    }
}

/// What an event tells.
struct Found<'a> {
    event: &'a Event,
    name: &'a str,
}

impl<'a> Found<'a> {
    fn of(event: &'a Event) -> Option<Self> {
        let mut found = Self { event, name: "" };
        found.name = found.text(names::GEN_AI_EVALUATION_NAME)?;
        (event.name == EVALUATION_RESULT).then_some(found)
    }

    fn value(&self, name: &str) -> Option<&'a Value> {
        let mut attributes = self.event.attributes.iter();
        attributes.find_map(|(own, value)| (own == name).then_some(value))
    }

    fn text(&self, name: &str) -> Option<&'a str> {
        match self.value(name)? {
            Value::Str(text) => Some(text),
            _ => None,
        }
    }

    fn label(&self) -> Option<&'a str> {
        self.text(names::GEN_AI_EVALUATION_SCORE_LABEL)
    }

    fn score(&self) -> Option<f64> {
        match self.value(names::GEN_AI_EVALUATION_SCORE_VALUE)? {
            Value::Double(score) => Some(*score),
            _ => None,
        }
    }

    fn explanation(&self) -> Option<&'a str> {
        self.text(names::GEN_AI_EVALUATION_EXPLANATION)
    }

    /// A model judged it; all else is found by rules, or by programs that do not say how.
    fn is_of_model(&self) -> bool {
        self.name == Check::Judgement.name()
    }

    /// All else that the event tells: how it is known, categories, the error.
    fn rest(&self) -> Map<String, Json> {
        const TOLD: [&str; 4] = [
            names::GEN_AI_EVALUATION_NAME,
            names::GEN_AI_EVALUATION_SCORE_LABEL,
            names::GEN_AI_EVALUATION_SCORE_VALUE,
            names::GEN_AI_EVALUATION_EXPLANATION,
        ];
        let rest = self.event.attributes.iter();
        let rest = rest.filter(|(name, _)| !TOLD.contains(&&**name));
        rest.filter_map(|(name, value)| {
            let value = match value {
                Value::Str(text) => text.to_string(),
                Value::StrList(list) => list.join(", "),
                Value::Int(number) => number.to_string(),
                Value::Double(number) => number.to_string(),
                Value::Bool(flag) => flag.to_string(),
                Value::Json(_) => return None,
            };
            Some((name.to_string(), value.into()))
        })
        .collect()
    }

    /// `POST /v1/span_annotations` of Phoenix. With `sync` it says if there is no such span, and forgets
    /// what it is told of none. The identifier makes the same event the same annotation, however often it
    /// is sent, and others of the same name others: those that were found at the same time differ in what
    /// they say.
    fn for_phoenix(&self, span: SpanId) -> Annotation {
        let kind = if self.is_of_model() { "LLM" } else { "CODE" };
        let mut result = Map::new();
        result.extend(self.label().map(|label| ("label".to_owned(), label.into())));
        result.extend(self.score().map(|score| ("score".to_owned(), score.into())));
        let why = self.explanation();
        result.extend(why.map(|why| ("explanation".to_owned(), why.into())));
        let metadata = self.rest();
        let said = digest(&json!([result, metadata]));
        let data = json!({
            "span_id": format!("{:016x}", span.0),
            "name": self.name,
            "annotator_kind": kind,
            "result": result,
            "metadata": metadata,
            "identifier": format!("{SOURCE}-{}-{said:016x}", self.event.time.unix_nanos()),
        });
        Annotation {
            path: "v1/span_annotations?sync=true".to_owned(),
            body: json!({"data": [data]}).to_string(),
        }
    }

    /// `POST /api/3.0/mlflow/traces/{id}/assessments` of MLflow: feedback has one value. A word says more
    /// than a number whose measure is not told; the other of the two is with the metadata.
    fn for_mlflow(&self, trace: TraceId, span: SpanId) -> Annotation {
        let kind = if self.is_of_model() {
            "LLM_JUDGE"
        } else {
            "CODE"
        };
        let (label, score) = (self.label(), self.score());
        let mut metadata = self.rest();
        if let Some(score) = score.filter(|_| label.is_some()) {
            let name = names::GEN_AI_EVALUATION_SCORE_VALUE.to_owned();
            metadata.insert(name, score.to_string().into());
        }
        let value = label.map(Json::from).or(score.map(Json::from));
        let error = self.text(names::ERROR_TYPE);
        let mut feedback = Map::new();
        feedback.extend(value.map(|value| ("value".to_owned(), value)));
        feedback.extend(error.map(|code| ("error".to_owned(), json!({"error_code": code}))));
        let time = rfc3339(self.event.time);
        let trace = format!("tr-{:032x}", trace.0);
        let mut assessment = json!({
            "assessment_name": self.name,
            "trace_id": trace,
            "span_id": format!("{:016x}", span.0),
            "source": {"source_type": kind, "source_id": SOURCE},
            "create_time": time,
            "last_update_time": time,
            "feedback": feedback,
            "metadata": metadata,
            "valid": true,
        });
        if let Some(why) = self.explanation() {
            assessment["rationale"] = why.into();
        }
        Annotation {
            path: format!("api/3.0/mlflow/traces/{trace}/assessments"),
            body: json!({"assessment": assessment}).to_string(),
        }
    }
}

/// The same for the same words, in every run.
fn digest(said: &Json) -> u64 {
    let hash = Sha256::digest(said.to_string());
    hash.first_chunk().copied().map_or(0, u64::from_be_bytes)
}

/// In UTC, to the millisecond.
fn rfc3339(time: Timestamp) -> String {
    let time = jiff::Timestamp::from_nanosecond(time.unix_nanos().into()).unwrap_or_default();
    format!("{time:.3}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::semconv::{PostedEvaluation, posted_event};

    fn event(error_type: Option<&str>) -> Event {
        let posted = PostedEvaluation {
            name: "Relevance",
            score: Some(0.9),
            label: error_type.is_none().then_some("relevant"),
            explanation: Some("it is to the point"),
            error_type,
            response_id: Some("chatcmpl-1"),
        };
        let time = Timestamp::from_unix_nanos(1_772_600_767_123_000_000);
        posted_event(TraceId(0x11), SpanId(0x22), time, &posted)
    }

    fn body(annotation: &Annotation) -> Json {
        serde_json::from_str(&annotation.body).expect("json")
    }

    #[test]
    fn phoenix_is_told_by_the_span() {
        let told = Annotation::of(Backend::Phoenix, &event(None)).expect("an annotation");
        assert_eq!(told.path, "v1/span_annotations?sync=true");
        assert_eq!(
            body(&told),
            json!({"data": [{
                "span_id": "0000000000000022",
                "name": "Relevance",
                "annotator_kind": "CODE",
                "result": {"label": "relevant", "score": 0.9, "explanation": "it is to the point"},
                "metadata": {
                    "gen_ai.response.id": "chatcmpl-1",
                    "llm_tracer.evaluation.confidence": "observed",
                    "llm_tracer.evaluation.source": "posted",
                },
                "identifier": "llm-tracer-1772600767123000000-dba69167d0675454",
            }]})
        );
    }

    /// Phoenix keeps one annotation of a span by name and identifier.
    #[test]
    fn what_differs_is_another_annotation_and_the_same_is_the_same() {
        let identifier = |event: &Event| {
            let told = Annotation::of(Backend::Phoenix, event).expect("an annotation");
            body(&told)["data"][0]["identifier"].to_string()
        };
        let (one, other) = (event(None), event(Some("timeout")));
        assert_eq!(one.time, other.time);
        assert_ne!(identifier(&one), identifier(&other));
        assert_eq!(identifier(&one), identifier(&one.clone()));
    }

    #[test]
    fn mlflow_is_told_by_the_trace() {
        let told = Annotation::of(Backend::Mlflow, &event(None)).expect("an annotation");
        let trace = "tr-00000000000000000000000000000011";
        assert_eq!(
            told.path,
            format!("api/3.0/mlflow/traces/{trace}/assessments")
        );
        let told = body(&told);
        let told = &told["assessment"];
        assert_eq!(told["feedback"], json!({"value": "relevant"}));
        assert_eq!(told["metadata"]["gen_ai.evaluation.score.value"], "0.9");
        assert_eq!(told["create_time"], "2026-03-04T05:06:07.123Z");
        assert_eq!(told["source"]["source_type"], "CODE");
        let failed = Annotation::of(Backend::Mlflow, &event(Some("timeout"))).expect("one");
        let failed = &body(&failed)["assessment"];
        assert_eq!(
            failed["feedback"],
            json!({"value": 0.9, "error": {"error_code": "timeout"}})
        );
    }

    #[test]
    fn others_are_told_nothing() {
        for backend in [Backend::Generic, Backend::Langfuse] {
            assert_eq!(Annotation::of(backend, &event(None)), None);
            assert!(!backend.takes_annotations());
        }
        let other = Event {
            name: "another.event",
            ..event(None)
        };
        assert_eq!(Annotation::of(Backend::Phoenix, &other), None);
        let unknown = Event {
            span: EventSpan::Unknown,
            ..event(None)
        };
        assert_eq!(Annotation::of(Backend::Phoenix, &unknown), None);
    }
}
