//! Which traces are kept: a part of them, decided by their ids, and those that are worth it.
//!
//! The decision is that of OpenTelemetry's consistent probability sampling
//! (<https://opentelemetry.io/docs/specs/otel/trace/tracestate-probability-sampling/>): 56 bits of
//! randomness against a threshold, so that every agent, collector and process that keeps the same part
//! keeps the same traces, and a trace that is kept at a rate is kept at every higher one.

use std::{
    hash::{BuildHasher as _, RandomState},
    time::Duration,
};

use crate::{
    evaluation::{Action, Finding, is_filtered, is_flagged_reason},
    llm::call::{CallFacts, OtherEnd, Outcome, TraceParent},
    money::{Amount, Currency},
    pricing::Cost,
};

/// Randomness and thresholds have so many values.
const RANGE: u64 = 1 << 56;

/// A part of all traces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Traces with less randomness are rejected.
    threshold: u64,
}

impl Rate {
    /// All of them.
    pub const ALL: Self = Self { threshold: 0 };

    /// A share from 0 to 1.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        clippy::cast_sign_loss,
        reason = "a share of 2^56, rounded to 53 bits"
    )]
    pub fn of(share: f64) -> Self {
        let rejected = (1.0 - share.clamp(0.0, 1.0)) * RANGE as f64;
        Self {
            threshold: rejected as u64,
        }
    }

    /// The share that is kept.
    #[expect(clippy::cast_precision_loss, reason = "rounded to 53 bits")]
    pub fn share(self) -> f64 {
        (RANGE.saturating_sub(self.threshold)) as f64 / RANGE as f64
    }

    /// Whether a trace is of the part.
    pub(super) const fn keeps(self, randomness: u64) -> bool {
        randomness >= self.threshold
    }
}

/// Calls whose traces are kept in any case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlwaysKept {
    /// Those that failed.
    pub errors: bool,
    /// Those that a content filter or the model itself refused.
    pub flagged: bool,
    /// Those that took longer.
    pub slower_than: Option<Duration>,
    /// Those that cost more.
    pub costlier_than: Option<(Amount, Currency)>,
}

impl Default for AlwaysKept {
    fn default() -> Self {
        Self {
            errors: true,
            flagged: true,
            slower_than: None,
            costlier_than: None,
        }
    }
}

/// Why a trace is kept that is not of the sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeptFor {
    /// The call failed.
    Error,
    /// It was refused.
    Flagged,
    /// It took long.
    Slow,
    /// It cost much.
    Costly,
    /// A call before it in the trace was kept.
    Trace,
}

impl KeptFor {
    /// Its name in attributes.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Flagged => "flagged",
            Self::Slow => "slow",
            Self::Costly => "costly",
            Self::Trace => "trace",
        }
    }
}

impl AlwaysKept {
    /// Why this call is kept, if it is.
    pub(super) fn reason(&self, call: &CallFacts) -> Option<KeptFor> {
        let took = || call.timing.end.since(call.timing.start);
        let is_costly = |(most, currency): &(Amount, Currency)| match &call.cost {
            Cost::Known(cost) => cost.currency == *currency && cost.amount > *most,
            _ => false,
        };
        if self.errors && matches!(call.outcome, Outcome::Failed { .. }) {
            Some(KeptFor::Error)
        } else if self.flagged && is_flagged(call) {
            Some(KeptFor::Flagged)
        } else if self.slower_than.is_some_and(|most| took() > most) {
            Some(KeptFor::Slow)
        } else if self.costlier_than.as_ref().is_some_and(is_costly) {
            Some(KeptFor::Costly)
        } else {
            None
        }
    }
}

/// A content filter or the model itself refused, as far as its metadata tells.
pub(super) fn is_flagged(call: &CallFacts) -> bool {
    let error = match &call.outcome {
        Outcome::Failed { error_type } => is_filtered(error_type) || is_flagged_reason(error_type),
        _ => false,
    };
    let response = &call.response;
    let is_blocked = |finding: &Finding| finding.action == Action::Blocked;
    let findings = response.findings.as_deref();
    let mut found = findings.iter().flat_map(|all| &all.found);
    error
        || findings.is_some_and(|findings| findings.intervened)
        || response.has_refusal
        || response
            .finish_reasons
            .iter()
            .any(|it| is_flagged_reason(it))
        || found.any(is_blocked)
}

/// The trace of a call, as far as sampling has to do with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SampledTrace {
    /// Its id, or of a call that nothing places what stands for one.
    pub(super) id: u128,
    /// 56 bits of randomness.
    pub(super) randomness: u64,
}

/// Finds the traces of calls.
#[derive(Debug, Default)]
pub(super) struct TraceFinder {
    /// For calls that get an id of a trace later on.
    keys: RandomState,
}

impl TraceFinder {
    pub(super) fn of(&self, call: &CallFacts) -> SampledTrace {
        let parent = call.parent.as_ref();
        let of_parent = || parent.map(|parent| u128::from_be_bytes(parent.trace_id));
        let place = call.lineage.as_deref().map(|lineage| lineage.trace.0);
        let id = place.or_else(of_parent).unwrap_or_else(|| self.lone(call));
        // What the caller's tracing put beside the id holds for its trace alone.
        let told = parent.filter(|_| of_parent() == Some(id));
        SampledTrace {
            id,
            randomness: told.and_then(explicit).unwrap_or_else(|| low_bits(id)),
        }
    }

    fn lone(&self, call: &CallFacts) -> u128 {
        let hash = match call.other_end {
            OtherEnd::Known(pair) => self.keys.hash_one(pair),
            OtherEnd::Unknown | OtherEnd::Unclear => {
                self.keys.hash_one((call.connection, call.exchange))
            }
        };
        hash.into()
    }
}

/// The randomness of a trace by its id alone.
#[expect(clippy::cast_possible_truncation, reason = "the low bits are wanted")]
pub(super) const fn low_bits(trace: u128) -> u64 {
    trace as u64 % RANGE
}

/// `rv` of OpenTelemetry's member of the trace state: fourteen hexadecimal digits.
fn explicit(parent: &TraceParent) -> Option<u64> {
    let state = parent.state.as_deref()?;
    let member = state.split(',').find_map(|it| it.strip_prefix("ot="))?;
    let value = member.split(';').find_map(|it| it.strip_prefix("rv:"))?;
    let is_hex = value.len() == 14 && value.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hex
        .then(|| u64::from_str_radix(value, 16).ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification: a quarter is kept above `c` and thirteen zeros.
    #[test]
    fn thresholds_are_those_of_the_specification() {
        let quarter = Rate::of(0.25);
        assert!(quarter.keeps(0xc0_0000_0000_0000));
        assert!(!quarter.keeps(0xbf_ffff_ffff_ffff));
        assert!(Rate::ALL.keeps(0));
        assert!(!Rate::of(0.0).keeps(RANGE - 1));
        assert!((Rate::of(0.1).share() - 0.1).abs() < 1e-12);
    }

    #[test]
    fn randomness_is_in_the_id_or_told_beside_it() {
        // RFC: the rightmost seven bytes of the trace id.
        assert_eq!(
            low_bits(0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736),
            0xce_929d_0e0e_4736
        );
        let parent = |state: &str| TraceParent {
            trace_id: [1; 16],
            parent_id: [2; 8],
            flags: 1,
            state: Some(state.into()),
        };
        let told = parent("vendor=x,ot=th:8;rv:6e6d1a75832a2f");
        assert_eq!(explicit(&told), Some(0x6e_6d1a_7583_2a2f));
        for bad in [
            "ot=th:8",
            "ot=rv:6e6d",
            "other=rv:6e6d1a75832a2f",
            "ot=rv:+e6d1a75832a2f",
        ] {
            assert_eq!(explicit(&parent(bad)), None, "{bad}");
        }
    }
}
