//! Why an answer ended, in the five words of the conventions.

use crate::llm::call::Outcome;

/// Of an answer that does not say why it ended.
const UNKNOWN: &str = "unknown";

/// The word for a provider's; one that is not known stays as it is. An answer that did not come to its
/// end ended by an error.
pub(super) fn finish_reason<'a>(told: Option<&'a str>, outcome: &Outcome) -> &'a str {
    let Some(told) = told else {
        return match outcome {
            Outcome::Success => UNKNOWN,
            Outcome::Failed { .. } | Outcome::Cancelled => "error",
        };
    };
    match told.to_ascii_lowercase().as_str() {
        "stop" | "end_turn" | "stop_sequence" | "pause_turn" | "complete" | "completed"
        | "eos_token" | "eos" | "finish" | "endoftext" | "completion" => "stop",
        "length"
        | "max_tokens"
        | "max_output_tokens"
        | "max_length"
        | "model_context_window_exceeded"
        | "model_length"
        | "token_limit" => "length",
        "content_filter"
        | "content_filtered"
        | "refusal"
        | "safety"
        | "recitation"
        | "blocklist"
        | "prohibited_content"
        | "spii"
        | "image_safety"
        | "image_prohibited_content"
        | "guardrail_intervened"
        | "language" => "content_filter",
        "tool_calls" | "tool_call" | "tool_use" | "function_call" => "tool_call",
        "error"
        | "error_toxic"
        | "error_limit"
        | "failed"
        | "cancelled"
        | "malformed_function_call"
        | "unexpected_tool_call"
        | "malformed_model_output"
        | "malformed_tool_use"
        | "network_error" => "error",
        _ => told,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_providers_are_mapped() {
        let of = |told| finish_reason(Some(told), &Outcome::Success);
        for (told, word) in [
            ("stop", "stop"),
            ("STOP", "stop"),
            ("end_turn", "stop"),
            ("COMPLETE", "stop"),
            ("max_tokens", "length"),
            ("MAX_TOKENS", "length"),
            ("tool_calls", "tool_call"),
            ("tool_use", "tool_call"),
            ("TOOL_CALL", "tool_call"),
            ("SAFETY", "content_filter"),
            ("refusal", "content_filter"),
            ("guardrail_intervened", "content_filter"),
            ("MALFORMED_FUNCTION_CALL", "error"),
            ("ERROR_TOXIC", "error"),
            (
                "insufficient_system_resource",
                "insufficient_system_resource",
            ),
        ] {
            assert_eq!(of(told), word);
        }
    }

    #[test]
    fn what_is_not_told_is_not_made_up() {
        assert_eq!(finish_reason(None, &Outcome::Success), "unknown");
        assert_eq!(finish_reason(None, &Outcome::Cancelled), "error");
    }
}
