//! By what a call left.

use super::{attributes as names, build::Builder};
use crate::policy::{Capture, Permit, Rate};

/// Adds the rule that let a call out, and what it lets out beyond metadata.
pub(super) fn add_permit(add: &mut Builder, permit: Option<&Permit>) {
    let Some(Permit {
        rule,
        capture,
        rate,
        kept_for,
        may_be_quoted: _,
    }) = permit
    else {
        return;
    };
    add.text(names::LLM_TRACER_POLICY_RULE, rule.as_deref());
    if *capture != Capture::Metadata {
        add.label(names::LLM_TRACER_POLICY_CAPTURE, capture.name());
    }
    if *rate != Rate::ALL {
        add.double(names::LLM_TRACER_POLICY_SAMPLE_RATE, Some(rate.share()));
    }
    if let Some(reason) = kept_for {
        add.label(names::LLM_TRACER_POLICY_KEPT_FOR, reason.name());
    }
}
