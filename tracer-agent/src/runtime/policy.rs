//! The operator's policy, ready to be asked.

use std::path::Path;

use tracer_core::policy::Policy;

use super::salt::Salted;
use crate::config::policy::{self, PolicyError};

/// Reads the policy and says what is odd about it.
///
/// # Errors
/// If the file cannot be read, or makes no sense.
pub(super) fn load(path: Option<&Path>, salted: &Salted) -> Result<Policy, PolicyError> {
    let file = policy::load(path)?;
    for warning in file.warnings() {
        tracing::warn!("policy: {warning}");
    }
    let (key, attribution) = (salted.pseudonyms.clone(), salted.attribution.clone());
    Ok(Policy::new(file, key, attribution))
}
