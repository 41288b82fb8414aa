//! The operator's policy at work: what leaves of each call, and of what calls are part of.

use super::{
    bounds::ReleaseBounds,
    content::{ContentBounds, ContentFields, ContentGrant, Passage, ReleasedContent},
    mask::{Masker, PseudonymKey, Replacement},
    never::NeverList,
    permit::Permit,
    release::{ReleasedStep, ReleasedVerdict, release_step, release_verdict_with_reason},
    rules::{Caller, Capture, Decision, PolicyFile, Rules, Subject},
    sample::{AlwaysKept, KeptFor, Rate, SampledTrace, TraceFinder},
    spoken::Spoken,
    traces::Traces,
    withheld,
};
use crate::{
    attribution::AttributionRules,
    correlate::{Step, TraceId},
    evaluation::Verdict,
    llm::{
        call::{Call, CallFacts, Captured, Released},
        content::ContentCapture,
    },
};

/// Bytes of content that are kept of a call while it is under way, for what may be let out of it.
const KEPT_BYTES: usize = 512 << 10;

/// Decides what leaves. Without a file: metadata of every call.
#[derive(Debug, Default)]
pub struct Policy {
    rules: Rules,
    always: AlwaysKept,
    masker: Option<Masker>,
    never: NeverList,
    attribution: AttributionRules,
    bounds: ContentBounds,
    finder: TraceFinder,
    /// What became of the latest traces; none if all that there is leaves.
    traces: Option<Traces>,
    /// The latest calls whose content left as it is; none where none does.
    spoken: Option<Spoken>,
}

/// What is let out of a call.
#[derive(Debug, Clone, PartialEq)]
pub enum Release {
    /// All that its rule lets out.
    Call(Call<Released>),
    /// Its measurements alone: its trace is not of the sample.
    Measured(Call<Released>),
    /// Nothing.
    Nothing,
}

impl Policy {
    /// The policy of a file. Pseudonyms are made with `key`; what calls are attributed to is found by
    /// the rules of `attribution`.
    pub fn new(file: PolicyFile, key: PseudonymKey, attribution: AttributionRules) -> Self {
        let (rules, always, never) = (file.rules.clone(), file.always.clone(), file.never.clone());
        let masker = file.into_masker().map(|(masker, pseudonyms)| {
            if pseudonyms {
                masker.replacing(Replacement::Pseudonym(key))
            } else {
                masker
            }
        });
        Self {
            traces: rules.keep_calls_back().then(Traces::default),
            spoken: (rules.want_content() && !never.has_content()).then(Spoken::default),
            rules,
            always,
            masker,
            never,
            attribution,
            bounds: ContentBounds::default(),
            finder: TraceFinder::default(),
        }
    }

    /// The same with other bounds of content.
    #[must_use]
    pub fn with_bounds(self, bounds: ContentBounds) -> Self {
        Self { bounds, ..self }
    }

    /// The same where content goes nowhere, whatever the rules let out: then reasons do not either.
    #[must_use]
    pub fn without_reasons(self) -> Self {
        Self {
            spoken: None,
            ..self
        }
    }

    /// What the core is to keep of what calls say: nothing, unless some of it may leave.
    pub fn content_capture(&self) -> ContentCapture {
        if self.rules.want_content() {
            ContentCapture::Keep {
                per_call: KEPT_BYTES.max(self.bounds.per_call),
            }
        } else {
            ContentCapture::Off
        }
    }

    /// Attributes that never leave, for whoever adds some.
    pub fn never(&self) -> NeverList {
        self.never.clone()
    }

    /// What the rules say of a call.
    pub fn decide(&self, call: &CallFacts, caller: &Caller<'_>) -> Decision<'_> {
        self.rules.decide(&Subject {
            call,
            caller,
            attribution: &self.attribution,
        })
    }

    /// Lets out what the policy allows. Calls must come in the order in which they end, with their
    /// cost and place known.
    pub fn release(&mut self, call: Call<Captured>, caller: &Caller<'_>) -> Release {
        let facts = call.facts();
        let decision = self.rules.decide(&Subject {
            call: facts,
            caller,
            attribution: &self.attribution,
        });
        let mut is_beside_withheld = false;
        let mut kept_for = None;
        let mut is_sampled = true;
        if let Some(traces) = &mut self.traces {
            let trace = self.finder.of(facts);
            let fate = traces.fate_mut(trace.id);
            if decision.capture == Capture::None {
                fate.withheld = true;
                return Release::Nothing;
            }
            if !decision.rate.keeps(trace.randomness) {
                let kept = self.always.reason(facts);
                fate.kept |= kept.is_some();
                kept_for = kept.or(fate.kept.then_some(KeptFor::Trace));
                is_sampled = kept_for.is_some();
            }
            is_beside_withheld = fate.withheld;
            traces.passes(trace.id, facts, is_sampled);
        }
        let passage = match (decision.capture, &self.masker) {
            (Capture::Full, _) => Some(Passage::Full),
            (Capture::Masked, Some(masker)) => Some(Passage::Masked(masker)),
            // Without a masker nothing can be masked.
            (Capture::Masked | Capture::Metadata | Capture::None, _) => None,
        };
        let grant = passage
            .filter(|_| is_sampled && !decision.fields.is_empty())
            .map(|passage| ContentGrant {
                passage,
                fields: decision.fields,
                bounds: self.bounds,
            });
        // Reasons may repeat anything that either call says.
        let is_full = decision.capture == Capture::Full && decision.fields == ContentFields::ALL;
        let spoken = self.spoken.as_mut().filter(|_| is_full && is_sampled);
        let may_be_quoted = spoken.is_some();
        if let Some(spoken) = spoken {
            spoken.note(facts);
        }
        let permit = Permit::of(&decision, kept_for, may_be_quoted);
        let (never, traces) = (&self.never, self.traces.as_mut());
        let call = call.release_with(
            |facts| {
                never.strip_call(facts);
                if let Some(traces) = traces {
                    withheld::forget_of_call(facts, traces, is_beside_withheld);
                }
                facts.bound(&ReleaseBounds);
            },
            |content| grant.map(|grant| ReleasedContent::new(content, &grant)),
            permit,
        );
        if is_sampled {
            Release::Call(call)
        } else {
            Release::Measured(call)
        }
    }

    /// Lets out what calls are part of, or make necessary, if a call of the same trace and process has left;
    /// without names where some of the trace was held back.
    pub fn release_step(&mut self, mut step: Step) -> Option<ReleasedStep> {
        if let Some(traces) = &mut self.traces {
            if !traces.has_left(step.trace.0, step.process) {
                return None;
            }
            withheld::forget_of_step(&mut step, traces);
        }
        Some(release_step(step))
    }

    /// Lets out what was found of a call after it had left, if it has; not where some of its trace was held
    /// back, since it may be of that, nor where it is not known any more whether it was. Why a model judges so leaves where what both calls say may leave
    /// as it is.
    pub fn release_verdict(&mut self, mut verdict: Verdict) -> Option<ReleasedVerdict> {
        let has_left = self.traces.as_mut().is_none_or(|traces| {
            let origin = verdict.evaluation.origin;
            let mut may_tell = |trace: TraceId| traces.may_tell_of(trace.0);
            may_tell(verdict.trace)
                && origin.is_none_or(may_tell)
                && traces.has_left_itself(verdict.span)
        });
        let reason = verdict.reason.take();
        verdict.reason = reason.filter(|reason| {
            self.spoken.as_mut().is_some_and(|spoken| {
                spoken.has(reason.trace, reason.span) && spoken.has(verdict.trace, verdict.span)
            })
        });
        has_left.then(|| release_verdict_with_reason(verdict))
    }

    /// Whether a call's trace is of the sample, and why it is kept in any case.
    pub fn sampling(&self, call: &CallFacts, rate: Rate) -> (bool, Option<KeptFor>) {
        let SampledTrace { randomness, .. } = self.finder.of(call);
        (rate.keeps(randomness), self.always.reason(call))
    }
}

impl Release {
    /// The call, if anything of it leaves.
    pub fn into_call(self) -> Option<Call<Released>> {
        match self {
            Self::Call(call) | Self::Measured(call) => Some(call),
            Self::Nothing => None,
        }
    }
}

#[cfg(test)]
#[path = "gate_tests.rs"]
mod tests;
