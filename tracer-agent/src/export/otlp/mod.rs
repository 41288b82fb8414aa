//! Spans and metrics to a collector, by the OpenTelemetry protocol over gRPC or HTTP.
//!
//! ```text
//! spans ────────► traces  ─ grouped by process ─┐
//! measurements ─► metrics ─ a meter per process ┴► transport (retries, TLS, gzip) ─► collector
//! ```
//!
//! One OTLP resource per observed process. While the collector is away the transport retries with
//! back-off and what comes is kept up to the bounds of [`settings::OtlpSettings`].
//!
//! Messages, their encoding and both transports are libraries'; the exporters of `opentelemetry-otlp`
//! are not used, for they keep to themselves why an attempt failed and what of an export a collector
//! rejected, and both decide what is said of a delivery.

mod answer;
pub mod error;
mod grpc;
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
