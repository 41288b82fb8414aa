//! What becomes of things on a tape.

use tracer_core::policy::{Capture, KeptFor};

use crate::export::fields::Fields;

/// What becomes of something on the tape.
#[derive(Debug)]
pub enum Explained {
    /// A process and the agent, as told with all that leaves of the process.
    Origin(ExplainedOrigin),
    /// A call.
    Call(Box<ExplainedCall>),
    /// Something that calls are part of, or that was found of one of them later.
    Step(ExplainedStep),
    /// All that was measured of the calls of a process.
    Metrics(ExplainedMetrics),
}

/// What all that leaves of a process has in common. It is told before the first that has it.
#[derive(Debug)]
pub struct ExplainedOrigin {
    /// Its number, by which the rest names it.
    pub number: usize,
    /// What leaves.
    pub leaves: Fields,
    /// What does not.
    pub stays: Vec<Stays>,
}

/// What does not leave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stays {
    /// A field, or what it is of.
    pub what: String,
    /// Why.
    pub why: String,
}

/// What becomes of a call.
#[derive(Debug)]
pub struct ExplainedCall {
    /// Its place on the tape, from 1.
    pub number: u64,
    /// What was called.
    pub name: String,
    /// Whose it is.
    pub process: String,
    /// Who served it.
    pub provider: String,
    /// The rule that decides, unless it is the default.
    pub rule: Option<String>,
    /// How much leaves.
    pub capture: Capture,
    /// The rule decides since nobody knows whether it matches.
    pub is_cautious: bool,
    /// Its trace is kept.
    pub is_sampled: bool,
    /// Why, if not by the sample.
    pub kept_for: Option<KeptFor>,
    /// What leaves.
    pub told: Told,
}

/// What becomes of a turn, a tool, a call with all attempts at it, or of what was found of one of them
/// later.
#[derive(Debug)]
pub struct ExplainedStep {
    /// What it is.
    pub what: &'static str,
    /// What leaves.
    pub told: Told,
}

/// What was measured.
#[derive(Debug)]
pub struct ExplainedMetrics {
    /// What they have in common with all that leaves of their process.
    pub origin: usize,
    /// What leaves: points of histograms, each with its attributes.
    pub leaves: Fields,
}

/// What leaves of something, and what does not.
#[derive(Debug, Default)]
pub struct Told {
    /// What it has in common with all that leaves of its process, if anything leaves.
    pub origin: Option<usize>,
    /// What leaves, field by field: its span, and log records beside it.
    pub leaves: Fields,
    /// What does not.
    pub stays: Vec<Stays>,
}

impl Stays {
    pub(super) fn new(what: impl Into<String>, why: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            why: why.into(),
        }
    }
}

impl Told {
    pub(super) fn nothing(why: &str) -> Self {
        Self {
            stays: vec![Stays::new("all", why)],
            ..Self::default()
        }
    }
}
