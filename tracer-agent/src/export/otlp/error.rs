//! Why the OTLP output cannot start.

use std::{io, path::PathBuf};

use opentelemetry_otlp::ExporterBuildError;

use super::settings::Endpoint;

/// A setting of the OTLP output that cannot work. Nothing here depends on whether the collector
/// is there: that is found out, and waited for, later.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Not an address.
    #[error("the {signal} endpoint `{endpoint}` is not an address: {advice}")]
    Endpoint {
        /// `traces`, `metrics` or `logs`.
        signal: &'static str,
        /// The address as configured.
        endpoint: Endpoint,
        /// What to write.
        advice: &'static str,
    },
    /// A header that HTTP does not allow. Its value is not shown.
    #[error("the header `{name}` for the {signal} endpoint is not allowed in HTTP")]
    Header {
        /// `traces`, `metrics` or `logs`.
        signal: &'static str,
        /// Its name as configured.
        name: String,
    },
    /// A key or certificate file that cannot be read.
    #[error("cannot read the {what} {}: {error}; check the path and its permissions", .path.display())]
    Read {
        /// What the file should hold.
        what: &'static str,
        /// Which file.
        path: PathBuf,
        /// Why not.
        #[source]
        error: io::Error,
    },
    /// A key or certificate file that holds something else.
    #[error(
        "{} holds no {what} in PEM form; name a file with `-----BEGIN {label}-----`, or convert this one",
        .path.display()
    )]
    Pem {
        /// What the file should hold.
        what: &'static str,
        /// Which file.
        path: PathBuf,
        /// What PEM calls it.
        label: &'static str,
    },
    /// A client certificate without its key, or the other way round.
    #[error("a client certificate needs both its chain and its key; {missing} is not set")]
    HalfIdentity {
        /// The setting that is missing.
        missing: &'static str,
    },
    /// Keys or trust that the TLS library refuses.
    #[error("cannot set up TLS for the {signal} endpoint: {reason}")]
    Tls {
        /// `traces`, `metrics` or `logs`.
        signal: &'static str,
        /// Why not.
        reason: String,
    },
    /// Refused by the exporter.
    #[error("cannot set up the export of {signal}: {error}")]
    Build {
        /// `traces`, `metrics` or `logs`.
        signal: &'static str,
        /// Why not.
        #[source]
        error: ExporterBuildError,
    },
}
