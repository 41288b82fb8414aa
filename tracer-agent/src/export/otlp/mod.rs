//! Spans, events and metrics to a collector, by the OpenTelemetry protocol over gRPC or HTTP.
//!
//! ```text
//! spans ────────► traces  ─ grouped by process ─┐
//! events ───────► logs    ─ grouped by process ─┤
//! measurements ─► metrics ─ a meter per process ┴► transport (retries, TLS, gzip) ─► collector
//! late evaluations ─► annotations ─ one by one ──► an interface of the backend, if it has one
//! ```
//!
//! One OTLP resource per observed process. While the collector is away the transport retries with
//! back-off and what comes is kept up to the bounds of [`settings::OtlpSettings`].
//!
//! Requests are made, encoded and sent by the exporters of `opentelemetry-otlp`. Why an attempt
//! failed and what of an export a collector rejected is seen beside them (`seen.rs`), for both decide
//! what is said of a delivery.

mod address;
mod annotations;
mod answer;
mod batches;
mod encoded;
pub mod error;
mod event;
mod exporter_log;
mod grpc;
mod http;
mod logs;
mod message;
mod meters;
mod metrics;
mod outage;
mod resource;
mod seen;
pub mod settings;
mod span;
mod tls;
mod traces;
mod transport;
pub mod unsent;
pub mod worker;

#[cfg(test)]
mod tests;
