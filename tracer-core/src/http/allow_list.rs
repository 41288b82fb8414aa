//! Which headers and query parameters may be kept.

/// The names of headers that may be kept.
#[derive(Debug, Clone, Default)]
pub struct AllowList {
    extra: Vec<Box<str>>,
}

/// An operator asked for a header that must not be kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AllowListError {
    /// It may carry a credential.
    #[error("header `{0}` may carry a credential and is never kept: remove it from the list")]
    Secret(String),
    /// It is no name of a header.
    #[error("`{0}` is not the name of a header: use letters, digits and dashes")]
    Malformed(String),
}

impl AllowList {
    /// The built-in list and the `extra` names that an operator asked for, in any case.
    pub fn with<N: AsRef<str>>(extra: impl IntoIterator<Item = N>) -> Result<Self, AllowListError> {
        let extra = extra.into_iter().map(|name| name.as_ref().to_ascii_lowercase().into()).collect();
        Ok(Self { extra })
    }

    /// The names that an operator asked for, lower case.
    pub fn extra(&self) -> impl Iterator<Item = &str> {
        self.extra.iter().map(|name| &**name)
    }
}
