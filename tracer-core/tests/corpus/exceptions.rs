//! The differences from the oracle that are right, from the list that the replay past the agent
//! shares.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::compare::{Place, SPAN};

/// A difference at one field of some exchanges.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exception {
    pub field: String,
    /// Ids of the exchanges.
    pub ids: Vec<String>,
    pub reason: String,
}

/// All of them.
pub static EXCEPTIONS: LazyLock<Vec<Exception>> = LazyLock::new(|| {
    #[derive(Deserialize)]
    struct List {
        exception: Vec<Exception>,
    }
    let list: List = toml::from_str(include_str!("exceptions.toml")).expect("exceptions.toml");
    list.exception
});

impl Exception {
    pub fn covers(&self, place: &Place) -> bool {
        self.field == place.field && self.ids.contains(&place.id)
    }

    /// A span that is missing has no excuse.
    pub fn is_allowed(&self) -> bool {
        self.field != SPAN
    }
}
