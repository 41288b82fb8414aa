//! MLflow: attributes of its own spans.
//!
//! MLflow reads model, provider, tokens and session from the conventions. A span below another one
//! that has tokens or a cost is not added to the sums of its trace, and what has no cost it prices by
//! a list of its own.

use super::{
    super::{attributes::Kind, span::Span, value::Value},
    rule::{Rule, dollars, object, user, word},
    sort::Sort,
};

/// The experiment that spans are filed under; requests without one are refused. This is the one that
/// every server has.
pub(super) const HEADERS: &[(&str, &str)] = &[("x-mlflow-experiment-id", "0")];

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "mlflow.spanType",
        kind: Kind::String,
        description: "What the span is of, also for operations that MLflow does not know: retrieval, reranking, checks, attempts at a call, what a model makes beside text.",
        value: |span| kind(Sort::of(span)).map(word),
    },
    Rule {
        name: "mlflow.llm.cost",
        kind: Kind::String,
        description: "What the call costs, as JSON: `total_cost` in dollars. Without it MLflow prices the call itself.",
        value: |span| object([("total_cost", dollars(span)?.into())]),
    },
    Rule {
        name: "mlflow.traceTag.mlflow.traceName",
        kind: Kind::String,
        description: "On the root of a trace, its name, which the trace has in lists.",
        value: trace_name,
    },
    Rule {
        name: "user.id",
        kind: Kind::String,
        description: "The user, as `attribution.user` tells it; of a trace, the first that is told.",
        value: user,
    },
];

const fn kind(sort: Sort) -> Option<&'static str> {
    match sort {
        Sort::Chat => Some("CHAT_MODEL"),
        Sort::Generation => Some("LLM"),
        Sort::Embedding => Some("EMBEDDING"),
        Sort::Retrieval => Some("RETRIEVER"),
        Sort::Rerank => Some("RERANKER"),
        Sort::Agent => Some("AGENT"),
        Sort::Tool => Some("TOOL"),
        Sort::Check => Some("GUARDRAIL"),
        Sort::Attempts => Some("CHAIN"),
        Sort::Other => None,
    }
}

fn trace_name(span: &Span) -> Option<Value> {
    let place = span.place.as_ref();
    let is_root = span.parent.is_none() && place.is_none_or(|place| place.parent.is_none());
    is_root.then(|| Value::Str(span.name.clone().into()))
}

#[cfg(test)]
mod tests {
    use super::{
        super::{Backend::Mlflow, samples},
        *,
    };
    use crate::{
        correlate::{SpanId, TraceId},
        semconv::SpanPlace,
    };

    #[test]
    fn a_call_has_its_type_its_cost_and_its_user() {
        let span = samples::chat();
        assert_eq!(
            Mlflow.tells(&span, "mlflow.spanType"),
            Some(word("CHAT_MODEL"))
        );
        assert_eq!(
            Mlflow.tells(&span, "mlflow.llm.cost"),
            Some(word(r#"{"total_cost":0.0125}"#))
        );
        assert_eq!(Mlflow.tells(&span, "user.id"), Some(word("jane")));
    }

    #[test]
    fn types_are_told_where_the_server_has_none() {
        let told = |operation| Mlflow.tells(&samples::operation(operation), "mlflow.spanType");
        assert_eq!(told("retrieval"), Some(word("RETRIEVER")));
        assert_eq!(told("moderation"), Some(word("GUARDRAIL")));
        assert_eq!(told("transcription"), Some(word("LLM")));
        assert_eq!(told("batch"), None);
        let attempts = samples::attempts();
        assert_eq!(
            Mlflow.tells(&attempts, "mlflow.spanType"),
            Some(word("CHAIN"))
        );
    }

    #[test]
    fn a_root_names_its_trace() {
        let mut span = samples::chat();
        let name = "mlflow.traceTag.mlflow.traceName";
        assert_eq!(Mlflow.tells(&span, name), Some(word("chat asked-1")));
        span.place = Some(SpanPlace {
            trace: TraceId(1),
            span: SpanId(2),
            parent: Some((SpanId(3), false)),
        });
        assert_eq!(Mlflow.tells(&span, name), None);
    }

    #[test]
    fn what_is_not_known_in_dollars_is_left_to_the_server() {
        let span = samples::in_currency("EUR");
        assert_eq!(Mlflow.tells(&span, "mlflow.llm.cost"), None);
        let span = samples::operation("chat");
        assert_eq!(Mlflow.tells(&span, "mlflow.llm.cost"), None);
    }
}
