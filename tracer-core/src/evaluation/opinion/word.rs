//! The words that judges judge by.

/// A word of a closed list: what else a judge writes may be what it judges.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Word(&'static str);

/// All of them. Judges of Phoenix, MLflow, ragas, `DeepEval`, `OpenAI`'s evals, autoevals, Inspect and
/// promptfoo use these; letters are the grades of some, and choices of others.
pub(in crate::evaluation) const WORDS: [&str; 92] = [
    "pass",
    "fail",
    "passed",
    "failed",
    "true",
    "false",
    "yes",
    "no",
    "idk",
    "unknown",
    "partial",
    "partially",
    "partly",
    "tie",
    "correct",
    "incorrect",
    "partially_correct",
    "wrong",
    "right",
    "accurate",
    "inaccurate",
    "valid",
    "invalid",
    "relevant",
    "irrelevant",
    "unrelated",
    "partially_relevant",
    "factual",
    "nonfactual",
    "hallucinated",
    "hallucination",
    "grounded",
    "ungrounded",
    "faithful",
    "unfaithful",
    "supported",
    "unsupported",
    "partially_supported",
    "contradicted",
    "contradiction",
    "entailment",
    "neutral",
    "consistent",
    "inconsistent",
    "complete",
    "incomplete",
    "concise",
    "verbose",
    "helpful",
    "unhelpful",
    "coherent",
    "incoherent",
    "fluent",
    "toxic",
    "non-toxic",
    "safe",
    "unsafe",
    "harmful",
    "harmless",
    "biased",
    "unbiased",
    "refused",
    "answered",
    "pii_detected",
    "no_pii_detected",
    "friction",
    "no_friction",
    "appropriate",
    "inappropriate",
    "acceptable",
    "unacceptable",
    "approved",
    "rejected",
    "good",
    "bad",
    "poor",
    "fair",
    "excellent",
    "low",
    "medium",
    "high",
    "n/a",
    "a",
    "b",
    "c",
    "d",
    "e",
    "f",
    "g",
    "i",
    "p",
    "n",
];

impl Word {
    /// The word, if it is one.
    pub(super) fn of(text: &str) -> Option<Self> {
        let text = text.trim().trim_end_matches('.');
        let is_same = |word: &&&str| {
            word.len() == text.len()
                && word.bytes().zip(text.bytes()).all(|(of_word, of_text)| {
                    let of_text = of_text.to_ascii_lowercase();
                    of_word == of_text || (of_word == b'_' && matches!(of_text, b' ' | b'-'))
                })
        };
        WORDS.iter().find(is_same).map(|word| Self(word))
    }

    /// Of what is or is not.
    pub(super) const fn of_flag(is: bool) -> Self {
        if is { Self("true") } else { Self("false") }
    }

    /// Of what passes or does not.
    pub(super) const fn of_pass(passes: bool) -> Self {
        if passes { Self("pass") } else { Self("fail") }
    }

    /// Whether a statement of which it is said holds; `None` if it does not say.
    pub(super) fn holds(self) -> Option<bool> {
        match self.0 {
            "yes" | "true" | "pass" | "passed" | "correct" | "supported" | "relevant" => Some(true),
            "no" | "false" | "fail" | "failed" | "incorrect" | "unsupported" | "irrelevant" => {
                Some(false)
            }
            _ => None,
        }
    }

    /// Its name, `gen_ai.evaluation.score.label`.
    pub const fn name(self) -> &'static str {
        self.0
    }
}
