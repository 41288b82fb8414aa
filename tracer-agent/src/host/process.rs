//! A process as telemetry sees it.

use tracer_core::{segment::ProcessKey, semconv::Attributes};

/// Facts of one process, read once when its first LLM connection shows up.
#[derive(Debug, Clone, PartialEq)]
pub struct ProcessInfo {
    /// The capture side's number for (pid, start time).
    pub key: ProcessKey,
    /// Process id in the root pid namespace.
    pub pid: u32,
    /// Short name for people: script or binary.
    pub name: String,
    /// Resource attributes: `service.name`, `process.*`, `container.id` …
    pub resource: Attributes,
}
