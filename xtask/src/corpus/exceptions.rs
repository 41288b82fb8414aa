//! The differences from the oracle that are right: one list for the core alone and for the agent.

use std::fs;

use anyhow::{Context as _, Result};
use serde::Deserialize;

use super::harness::Difference;
use crate::paths::workspace_root;

/// All of them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exceptions {
    exception: Vec<Exception>,
    turn: Vec<Turn>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Turn {
    ids: Vec<String>,
    reason: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Exception {
    field: String,
    ids: Vec<String>,
    reason: String,
}

impl Exceptions {
    /// Those that the test of the core has.
    ///
    /// # Errors
    /// If the list cannot be read.
    pub fn read() -> Result<Self> {
        let path = workspace_root().join("tracer-core/tests/corpus/exceptions.toml");
        let name = || format!("cannot read {}", path.display());
        let text = fs::read_to_string(&path).with_context(name)?;
        toml::from_str(&text).with_context(name)
    }

    /// Why a difference is right, if it is.
    pub fn reason(&self, difference: &Difference) -> Option<&str> {
        let Difference { id, field, .. } = difference;
        if field == "turn" {
            let turn = self.turn.iter().find(|it| it.ids.contains(id))?;
            return Some(&turn.reason);
        }
        let mut all = self.exception.iter();
        let exception = all.find(|it| it.field == *field && it.ids.contains(id))?;
        Some(&exception.reason)
    }
}
