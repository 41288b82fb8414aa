//! What calls are attributed to.

use std::str::FromStr;

use thiserror::Error;

/// What calls are attributed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dimension {
    /// The application.
    App,
    /// Where it runs: production, staging.
    Environment,
    /// The account, organisation or project at the provider.
    Workspace,
    /// The part of the application.
    Feature,
    /// Who uses it.
    User,
    /// Who owns it.
    Team,
}

/// A word names no dimension.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{0}` is nothing that calls are attributed to")]
pub struct DimensionError(String);

impl Dimension {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::App,
        Self::Environment,
        Self::Workspace,
        Self::Feature,
        Self::User,
        Self::Team,
    ];

    /// Its name in the configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Self::App => "app",
            Self::Environment => "environment",
            Self::Workspace => "workspace",
            Self::Feature => "feature",
            Self::User => "user",
            Self::Team => "team",
        }
    }
}

impl FromStr for Dimension {
    type Err = DimensionError;

    fn from_str(text: &str) -> Result<Self, DimensionError> {
        let found = Self::ALL.into_iter().find(|it| it.name() == text);
        found.ok_or_else(|| DimensionError(text.to_owned()))
    }
}
