//! Arize Phoenix: attributes of OpenInference.
//!
//! Phoenix reads the conventions and makes attributes of OpenInference of them, unless a span has
//! these already. Rows are for what it makes nothing of. It adds up tokens of the kind `LLM` alone,
//! and prices them by its own list.

use super::{
    super::{
        attributes::{self as names, Kind},
        resource,
        span::Span,
        value::Value,
    },
    rule::{Rule, copy, dollars, text, user, word},
    sort::Sort,
};

/// The project that a resource's spans are filed under.
pub(super) const PROJECT: (&str, &str) = ("openinference.project.name", resource::SERVICE_NAME);

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "openinference.span.kind",
        kind: Kind::String,
        description: "What the span is of, also where the conventions have no operation: attempts at a call, what a model makes beside text, checks, reranking.",
        value: |span| Some(word(kind(Sort::of(span)))),
    },
    Rule {
        name: "llm.model_name",
        kind: Kind::String,
        description: "The model that answered, by which Phoenix prices the call; else the one that was asked for.",
        value: |span| {
            let answered = of_model(span, names::GEN_AI_RESPONSE_MODEL);
            answered.or_else(|| of_model(span, names::GEN_AI_REQUEST_MODEL))
        },
    },
    Rule {
        name: "llm.request.model_name",
        kind: Kind::String,
        description: "The model that was asked for.",
        value: |span| of_model(span, names::GEN_AI_REQUEST_MODEL),
    },
    Rule {
        name: "llm.response.model_name",
        kind: Kind::String,
        description: "The model that answered.",
        value: |span| of_model(span, names::GEN_AI_RESPONSE_MODEL),
    },
    Rule {
        name: "llm.provider",
        kind: Kind::String,
        description: "Who served it, where Phoenix has a word of its own for what the conventions do not name.",
        value: provider,
    },
    Rule {
        name: "llm.token_count.completion_details.reasoning",
        kind: Kind::Int,
        description: "Output tokens that were spent on reasoning; Phoenix prices them as such.",
        value: |span| copy(span, names::GEN_AI_USAGE_REASONING_OUTPUT_TOKENS),
    },
    Rule {
        name: "llm.cost.total",
        kind: Kind::Double,
        description: "What the call costs in dollars. Phoenix shows it with the span; its sums are of its own prices.",
        value: |span| dollars(span).map(Value::Double),
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
        Sort::Chat | Sort::Generation => "LLM",
        Sort::Embedding => "EMBEDDING",
        Sort::Retrieval => "RETRIEVER",
        Sort::Rerank => "RERANKER",
        Sort::Agent => "AGENT",
        Sort::Tool => "TOOL",
        Sort::Check => "GUARDRAIL",
        Sort::Attempts | Sort::Other => "CHAIN",
    }
}

/// The name of a model; models of embeddings have an attribute of their own, which Phoenix fills in.
fn of_model(span: &Span, name: &str) -> Option<Value> {
    (Sort::of(span) != Sort::Embedding)
        .then(|| copy(span, name))
        .flatten()
}

fn provider(span: &Span) -> Option<Value> {
    Some(word(match text(span, names::GEN_AI_PROVIDER_NAME)? {
        "fireworks_ai" => "fireworks",
        "together_ai" => "together",
        "moonshot_ai" => "moonshot",
        "cerebras" => "cerebras",
        "ollama" => "ollama",
        _ => return None,
    }))
}

#[cfg(test)]
mod tests {
    use super::{
        super::{Backend::Phoenix, samples},
        *,
    };

    #[test]
    fn a_call_has_its_models_its_cost_and_its_user() {
        let span = samples::chat();
        let text = |name| Phoenix.tells(&span, name);
        assert_eq!(text("openinference.span.kind"), Some(word("LLM")));
        assert_eq!(text("llm.model_name"), Some(word("served-2")));
        assert_eq!(text("llm.request.model_name"), Some(word("asked-1")));
        assert_eq!(text("llm.response.model_name"), Some(word("served-2")));
        assert_eq!(text("llm.cost.total"), Some(Value::Double(0.0125)));
        assert_eq!(text("user.id"), Some(word("jane")));
        let reasoning = "llm.token_count.completion_details.reasoning";
        assert_eq!(text(reasoning), Some(Value::Int(20)));
        // Phoenix has a word for it already.
        assert_eq!(text("llm.provider"), None);
    }

    #[test]
    fn kinds_are_told_where_the_conventions_have_none() {
        let kind = |operation| {
            let span = samples::operation(operation);
            Phoenix.tells(&span, "openinference.span.kind")
        };
        assert_eq!(kind("image_generation"), Some(word("LLM")));
        assert_eq!(kind("moderation"), Some(word("GUARDRAIL")));
        assert_eq!(kind("rerank"), Some(word("RERANKER")));
        assert_eq!(kind("retrieval"), Some(word("RETRIEVER")));
        assert_eq!(kind("count_tokens"), Some(word("CHAIN")));
        let attempts = samples::attempts();
        assert_eq!(
            Phoenix.tells(&attempts, "openinference.span.kind"),
            Some(word("CHAIN"))
        );
    }

    #[test]
    fn a_model_of_embeddings_is_no_model_of_language() {
        let mut span = samples::operation("embeddings");
        let model = (names::GEN_AI_REQUEST_MODEL.into(), word("vectors-1"));
        span.attributes.push(model);
        assert_eq!(Phoenix.tells(&span, "llm.model_name"), None);
        assert_eq!(Phoenix.tells(&span, "llm.request.model_name"), None);
    }

    #[test]
    fn other_money_is_not_taken_for_dollars() {
        let span = samples::in_currency("EUR");
        assert_eq!(Phoenix.tells(&span, "llm.cost.total"), None);
    }

    #[test]
    fn providers_have_the_words_of_open_inference() {
        let served = |provider| {
            let provider = [(names::GEN_AI_PROVIDER_NAME, word(provider))];
            Phoenix.tells(&samples::span("chat", &provider), "llm.provider")
        };
        assert_eq!(served("together_ai"), Some(word("together")));
        assert_eq!(served("openai"), None);
    }
}
