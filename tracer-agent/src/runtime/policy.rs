//! The operator's policy, ready to be asked.

use std::path::Path;

use tracer_core::{policy::Policy, semconv::ContentPlace};

use super::salt::Salted;
use crate::config::policy::{self, PolicyError};

/// Reads the policy and says what is odd about it.
///
/// # Errors
/// If the file cannot be read, or makes no sense.
pub(super) fn load(
    path: Option<&Path>,
    content: ContentPlace,
    salted: &Salted,
) -> Result<Policy, PolicyError> {
    let file = policy::load(path)?;
    for warning in file.warnings() {
        tracing::warn!("policy: {warning}");
    }
    let (key, attribution) = (salted.pseudonyms.clone(), salted.attribution.clone());
    Ok(for_place(Policy::new(file, key, attribution), content))
}

/// The policy where content goes there.
pub(super) fn for_place(policy: Policy, content: ContentPlace) -> Policy {
    match content {
        ContentPlace::None => policy.without_reasons(),
        ContentPlace::Span | ContentPlace::Event | ContentPlace::Both => policy,
    }
}
