//! What recorded calls say, against what their metadata tells: the two are read apart, so that each
//! checks the other.

use std::{collections::BTreeMap, fmt};

use tracer_core::llm::{
    call::{Call, CallFacts, CaptureState, Captured, Operation, Outcome},
    content::{Content, Missing, Part, ToolCall},
};

use crate::recording::Recording;

/// What was found, by API.
#[derive(Debug, Default)]
pub struct Said {
    apis: BTreeMap<&'static str, Counts>,
    pub differences: Vec<String>,
}

#[derive(Debug, Default)]
struct Counts {
    calls: usize,
    asked: usize,
    answered: usize,
    unread: usize,
}

impl Said {
    /// The call of a recording, with content and without.
    pub fn compare(
        &mut self,
        recording: &Recording,
        with: &Call<Captured>,
        without: &Call<Captured>,
    ) {
        let (facts, place) = (
            with.facts(),
            format!("{} {}", recording.id, recording.request.url),
        );
        if facts != without.facts() {
            self.differences.push(format!("{place}: other metadata"));
        }
        // Its answer is fetched later: a call that waits holds no content.
        if facts.api.0 == "replicate.predictions" {
            return;
        }
        let Some(content) = with.content() else {
            self.differences.push(format!("{place}: no content"));
            return;
        };
        let counts = self.apis.entry(facts.api.0).or_default();
        counts.calls += 1;
        let asks = !content.input.is_empty() || content.query.is_some();
        counts.asked += usize::from(asks || !content.system.is_empty());
        let speaks = content.output.iter().any(|choice| !choice.parts.is_empty());
        counts.answered += usize::from(speaks || !content.found.is_empty());
        counts.unread += usize::from(content.answer.missing == Some(Missing::Unread));
        if let Some(difference) = difference(facts, content) {
            self.differences.push(format!("{place}: {difference}"));
        }
    }
}

/// Where content does not say what metadata tells of it.
fn difference(facts: &CallFacts, content: &Content) -> Option<String> {
    let is_whole = facts.capture == CaptureState::Complete && facts.outcome == Outcome::Success;
    if !is_whole || facts.operation == Operation::FetchResponse {
        return None;
    }
    let parts = content.output.iter().flat_map(|choice| &choice.parts);
    let mut said: Vec<_> = parts
        .filter_map(|part| match part {
            Part::ToolCall(ToolCall { id, name, .. }) => Some((name.clone()?, id.clone())),
            _ => None,
        })
        .collect();
    let told = facts.response.tool_calls.iter();
    let mut told: Vec<_> = told
        .map(|tool| (tool.name.clone(), tool.id.clone()))
        .collect();
    said.sort();
    told.sort();
    (said != told).then(|| format!("{} calls {told:?}, says {said:?}", facts.api.0))
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:32}{:>8}{:>8}{:>9}{:>8}",
            "api", "calls", "asked", "answered", "unread"
        )?;
        for (api, counts) in &self.apis {
            let Counts {
                calls,
                asked,
                answered,
                unread,
            } = counts;
            writeln!(f, "{api:32}{calls:>8}{asked:>8}{answered:>9}{unread:>8}")?;
        }
        Ok(())
    }
}
