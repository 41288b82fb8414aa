//! Spans and metrics to a collector, by the OpenTelemetry protocol.

pub mod settings;
