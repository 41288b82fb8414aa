//! The operator's policy, from the file that `policy.file` names.

use std::path::{Path, PathBuf};

use thiserror::Error;
use tracer_core::policy::{PolicyFile, PolicyFileError};

use crate::bounded_file;

/// Longest file that is read: it may hold lists of names.
const MAX_BYTES: u64 = 8 << 20;

/// Why a policy is not taken.
#[derive(Debug, Error)]
pub enum PolicyError {
    /// It cannot be read.
    #[error("cannot read the policy {}: {cause}; check the path and its permissions", .path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        cause: std::io::Error,
    },
    /// It is no text.
    #[error("{} is not UTF-8 text: save it as such", .0.display())]
    NotUtf8(PathBuf),
    /// What is in it makes no sense.
    #[error("{}:{}:{}: {}", .path.display(), .cause.line, .cause.column, .cause.problem)]
    Bad {
        /// Which file.
        path: PathBuf,
        /// Why.
        cause: PolicyFileError,
    },
}

/// Reads the policy in a file; without one, metadata of every call leave.
///
/// # Errors
/// If the file cannot be read, or does not make sense: says where, and what to write instead.
pub fn load(path: Option<&Path>) -> Result<PolicyFile, PolicyError> {
    path.map_or_else(|| Ok(PolicyFile::default()), read)
}

/// Reads the policy in a file.
///
/// # Errors
/// As [`load`].
pub fn read(path: &Path) -> Result<PolicyFile, PolicyError> {
    let named = || path.to_owned();
    let bytes = bounded_file::read(path, MAX_BYTES).map_err(|cause| PolicyError::Unreadable {
        path: named(),
        cause,
    })?;
    let text = std::str::from_utf8(&bytes).map_err(|_| PolicyError::NotUtf8(named()))?;
    PolicyFile::parse(text).map_err(|cause| PolicyError::Bad {
        path: named(),
        cause,
    })
}
