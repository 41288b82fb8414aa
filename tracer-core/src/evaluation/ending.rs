//! What the reasons say for which answers end, in the words of every provider.

/// Why an answer ended, as far as it tells of its quality.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// At a bound on tokens.
    Length,
    /// The model declined.
    Refusal,
    /// A filter of the provider.
    Filter,
    /// A guardrail.
    Guardrail,
    /// The model wrote a call of a tool that cannot be read.
    Malformed,
    /// By itself, or for a reason that says nothing.
    Other,
}

const LENGTH: [&str; 9] = [
    "length",
    "max_tokens",
    "max_output_tokens",
    "max_completion_tokens",
    "model_length",
    "model_context_window_exceeded",
    "error_limit",
    "limit",
    "context_length",
];
/// Reasons and codes of errors by which a filter ends an answer or refuses a request.
const FILTER: [&str; 21] = [
    "content_blocked",
    "content_filter",
    "content_filtered",
    "safety",
    "recitation",
    "blocklist",
    "prohibited_content",
    "spii",
    "image_safety",
    "image_prohibited_content",
    "image_recitation",
    "model_armor",
    "jailbreak",
    "error_toxic",
    "sensitive",
    "content_policy_violation",
    "moderation_blocked",
    "data_inspection_failed",
    "responsibleaipolicyviolation",
    "input_blocked",
    "sensitive_words_detected",
];
const MALFORMED: [&str; 5] = [
    "malformed_function_call",
    "unexpected_tool_call",
    "malformed_tool_use",
    "malformed_model_output",
    "tool_use_failed",
];

impl Ending {
    /// Of a reason.
    pub(super) fn of(reason: &str) -> Self {
        let is = |names: &[&str]| names.iter().any(|name| reason.eq_ignore_ascii_case(name));
        match reason {
            _ if is(&LENGTH) => Self::Length,
            _ if is(&["refusal"]) => Self::Refusal,
            _ if is(&FILTER) => Self::Filter,
            _ if is(&["guardrail_intervened"]) => Self::Guardrail,
            _ if is(&MALFORMED) => Self::Malformed,
            _ => Self::Other,
        }
    }
}

/// Whether a filter, a guardrail or the model itself ended an answer for this reason.
pub(crate) fn is_flagged_reason(reason: &str) -> bool {
    matches!(
        Ending::of(reason),
        Ending::Refusal | Ending::Filter | Ending::Guardrail
    )
}

/// Whether an error says that a filter refused the request.
pub(crate) fn is_filtered(error_type: &str) -> bool {
    Ending::of(error_type) == Ending::Filter
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_provider_has_words_of_its_own() {
        for (reason, ending) in [
            ("length", Ending::Length),
            ("MAX_TOKENS", Ending::Length),
            ("refusal", Ending::Refusal),
            ("SAFETY", Ending::Filter),
            ("guardrail_intervened", Ending::Guardrail),
            ("GUARDRAIL_INTERVENED", Ending::Guardrail),
            ("MALFORMED_FUNCTION_CALL", Ending::Malformed),
            ("end_turn", Ending::Other),
            ("NONE", Ending::Other),
        ] {
            assert_eq!(Ending::of(reason), ending, "{reason}");
        }
        assert!(is_filtered("content_filter"));
        assert!(is_filtered("ResponsibleAIPolicyViolation"));
        assert!(!is_filtered("rate_limit_exceeded"));
    }
}
