//! What can go wrong between the agent and the Kubernetes API.

use std::{io, path::PathBuf, time::Duration};

use crate::telemetry::kubernetes::FailureReason;

/// Why the API did not tell.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The token or the authority cannot be read.
    #[error("cannot read {}: {error}; mount a token of the service account (automountServiceAccountToken)", path.display())]
    Credentials {
        /// Which file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The authority, or the address, is of no use.
    #[error("{0}")]
    Settings(String),
    /// There is no connection.
    #[error("cannot connect: {0}")]
    Connect(String),
    /// The server is not who it should be.
    #[error("its certificate is not trusted: {0}; `ca.crt` must be that of this cluster")]
    Tls(String),
    /// It takes too long.
    #[error("it does not answer within {} s", .0.as_secs())]
    Timeout(Duration),
    /// The token is not taken.
    #[error("it refuses the service account's token (401)")]
    Unauthorized,
    /// The service account has no right to it.
    #[error(
        "it forbids to look at pods (403): bind a ClusterRole with `list` and `watch` on `pods`"
    )]
    Forbidden,
    /// What a watch or a page was to go on from is forgotten.
    #[error("it has forgotten where the watch was (410)")]
    Expired,
    /// Another refusal.
    #[error("it answers {status}")]
    Status {
        /// As of HTTP.
        status: u16,
        /// When to come again, if it says so.
        after: Option<Duration>,
    },
    /// What it sends is not what it should.
    #[error("its answer is not understood: {0}")]
    Malformed(String),
    /// A stream or a body ended in the middle.
    #[error("its answer broke off: {0}")]
    BrokenOff(String),
}

impl Failure {
    /// By the status of an answer, and the seconds of its `Retry-After`.
    pub fn of_status(status: u16, after: Option<Duration>) -> Self {
        match status {
            401 => Self::Unauthorized,
            403 => Self::Forbidden,
            410 => Self::Expired,
            _ => Self::Status { status, after },
        }
    }

    /// How long it asks to be left alone.
    pub const fn asked(&self) -> Option<Duration> {
        match self {
            Self::Status { after, .. } => *after,
            _ => None,
        }
    }

    /// As a label of metrics.
    pub const fn reason(&self) -> FailureReason {
        match self {
            Self::Credentials { .. } | Self::Settings(_) => FailureReason::Credentials,
            Self::Connect(_) | Self::Timeout(_) | Self::BrokenOff(_) => FailureReason::Network,
            Self::Tls(_) => FailureReason::Tls,
            Self::Unauthorized | Self::Forbidden => FailureReason::Refused,
            Self::Expired => FailureReason::Expired,
            Self::Status { .. } => FailureReason::Server,
            Self::Malformed(_) => FailureReason::Malformed,
        }
    }
}
