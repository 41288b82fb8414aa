//! The door out of the core, as everything passes it.

use super::{
    bounds::ReleaseBounds,
    content::{ContentGrant, ReleasedContent},
};
use crate::{
    correlate::Step,
    evaluation::Verdict,
    llm::call::{Call, Captured, Released},
};

/// Bytes of the reason of a model that judges.
const REASON_BYTES: usize = 4 << 10;

/// Lets a call out as metadata, as a policy without rules does: no type in [`CallFacts`] holds prompts, answers, tool arguments or
/// credentials, and every string in it is bounded and free of control characters from here on.
///
/// [`CallFacts`]: crate::llm::call::CallFacts
pub fn release(call: Call<Captured>) -> Call<Released> {
    call.release_with(|facts| facts.bound(&ReleaseBounds), |_| None, None)
}

/// Lets a call out with what a policy grants of its content, if that was kept.
pub fn release_with_content(call: Call<Captured>, grant: &ContentGrant<'_>) -> Call<Released> {
    call.release_with(
        |facts| facts.bound(&ReleaseBounds),
        |content| Some(ReleasedContent::new(content, grant)),
        None,
    )
}

/// A step that the policy let out.
#[derive(Debug, Clone, PartialEq)]
pub struct ReleasedStep(Step);

impl ReleasedStep {
    /// The step. It cannot be changed any more.
    pub const fn step(&self) -> &Step {
        &self.0
    }
}

/// Lets a step out as a policy without rules does: it holds names, ids and times, bounded from here on.
pub fn release_step(mut step: Step) -> ReleasedStep {
    step.bound(&ReleaseBounds);
    ReleasedStep(step)
}

/// An evaluation of a span that has left, as the policy let it out.
#[derive(Debug, Clone, PartialEq)]
pub struct ReleasedVerdict(Verdict);

impl ReleasedVerdict {
    /// The verdict. It cannot be changed any more.
    pub const fn verdict(&self) -> &Verdict {
        &self.0
    }
}

/// Lets a verdict out as a policy without rules does: it holds names, ids and numbers, bounded from here on.
pub fn release_verdict(verdict: Verdict) -> ReleasedVerdict {
    release_verdict_with_reason(Verdict {
        reason: None,
        ..verdict
    })
}

/// The same with the words of a model that judges, if they are there: content.
pub(super) fn release_verdict_with_reason(mut verdict: Verdict) -> ReleasedVerdict {
    verdict.bound(&ReleaseBounds);
    if let Some(reason) = &mut verdict.reason {
        reason.text = bounded(&reason.text);
    }
    ReleasedVerdict(verdict)
}

/// What is left of a reason.
fn bounded(reason: &str) -> Box<str> {
    reason
        .get(..reason.floor_char_boundary(REASON_BYTES))
        .unwrap_or_default()
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::llm::strings::sample::call_of;

    #[test]
    fn all_that_is_let_out_is_short_and_clean() {
        let hostile = format!("{}\u{7}", "~".repeat(5_000));
        let call = release(Call::captured(call_of(&hostile, 1_000)));
        let facts = format!("{:?}", call.facts());
        assert!(!facts.contains("\\u{7}"));
        let longest = facts.split(|c| c != '~').map(str::len).max();
        assert_eq!(longest, Some(1_024));
        assert_eq!(
            call.facts().request.stop_sequences,
            vec!["~".repeat(64); 16]
        );
        assert_eq!(call.facts().request.tool_names, vec!["~".repeat(256); 128]);
    }
}
