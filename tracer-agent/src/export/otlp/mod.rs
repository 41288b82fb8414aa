//! Spans and metrics to a collector, by the OpenTelemetry protocol over gRPC or HTTP.
//!
//! ```text
//! spans ────────► traces  ─ grouped by process ─┐
//! measurements ─► metrics ─ a meter per process ┴► transport (retries, TLS, gzip) ─► collector
//! ```
//!
//! One OTLP resource per observed process. While the collector is away the transport retries with
//! back-off and what comes is kept up to the bounds of [`settings::OtlpSettings`]; the exporters
//! of `opentelemetry-otlp` decide what is worth a retry and honour `Retry-After` and `RetryInfo`.

pub mod error;
mod http;
mod meters;
mod metrics;
mod outage;
mod resource;
pub mod settings;
mod span;
mod tls;
mod traces;
mod transport;
pub mod worker;

#[cfg(test)]
mod tests;
