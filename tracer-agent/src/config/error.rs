//! What can be wrong with a configuration, told in one line.

use std::{io, path::PathBuf};

use super::layers::Origin;

/// A configuration that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the configuration file {}: {cause}; check the path and its permissions", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        cause: io::Error,
    },
    /// The file is no text.
    #[error("{origin}: bytes that are not UTF-8; save the file as text in that encoding")]
    NotUtf8 {
        /// Where.
        origin: Origin,
    },
    /// The file is not TOML.
    #[error("{origin}: {message}; the file must be valid TOML")]
    Syntax {
        /// Where.
        origin: Origin,
        /// What the parser said.
        message: String,
    },
    /// A key that does not exist.
    #[error("{origin}: unknown key `{key}`; {hint}")]
    UnknownKey {
        /// Where.
        origin: Origin,
        /// The key as written, with its sections.
        key: String,
        /// The nearest key, or those allowed there.
        hint: String,
    },
    /// A value where a section belongs.
    #[error("{origin}: `{section}` is a section, not a key; {hint}")]
    SectionIsNoKey {
        /// Where.
        origin: Origin,
        /// The section.
        section: String,
        /// The keys allowed in it.
        hint: String,
    },
    /// A value that its key does not accept.
    #[error("{origin}: {value} is no valid value of `{key}`: {reason}; expected {expects}")]
    BadValue {
        /// Where.
        origin: Origin,
        /// Which key.
        key: &'static str,
        /// The value as written, unless it is secret.
        value: String,
        /// Why not.
        reason: String,
        /// What is allowed.
        expects: String,
    },
    /// Two values that do not go together.
    #[error("{origin}: {conflict}")]
    Conflict {
        /// Where the one to change is.
        origin: Origin,
        /// What is wrong and what to do.
        conflict: String,
    },
}
