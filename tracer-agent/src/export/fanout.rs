//! One record to every active output.
//!
//! ```text
//!                      ┌─ spans ────────► otlp::traces  (tokio task)
//! capture ─► Outputs ──┼─ measurements ─► otlp::metrics (tokio task)
//!                      └─ calls ────────► lines         (thread)
//! ```
//!
//! Each output has a bounded queue of its own, so none waits for another. The outputs end by
//! themselves once the last [`Outputs`] is dropped and all is delivered; [`Running::finish`]
//! waits for that.

use std::{future::pending, io, time::Duration};

use tokio::time::{Instant, timeout_at};
use tracer_core::segment::ProcessKey;

use super::{
    ids::SpanIds,
    lines::{self, LineFormat, LineItem, LineOutput},
    otlp::{
        self,
        settings::OtlpSettings,
        worker::{OtlpOutput, OtlpSender},
    },
    queue::Sender,
    record::Record,
    size,
};
use crate::telemetry::Telemetry;

/// What the capture thread holds: offers records, never blocks. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Outputs {
    otlp: Option<OtlpSender>,
    lines: Vec<Sender<LineItem>>,
}

/// The other side: the outputs at work.
#[derive(Debug, Default)]
pub struct Running {
    otlp: Option<OtlpOutput>,
    lines: Vec<LineOutput>,
}

/// A stream that lines were written to takes nothing more.
#[derive(Debug, thiserror::Error)]
#[error("cannot write the {name} output: {error}; check where standard output goes")]
pub struct OutputFailed {
    /// Which output.
    pub name: &'static str,
    /// Why.
    pub error: io::Error,
}

impl OutputFailed {
    /// Nobody reads any more: `tracer-agent run | head` ends like this, and it is no failure.
    pub fn reader_left(&self) -> bool {
        self.error.kind() == io::ErrorKind::BrokenPipe
    }
}

/// Calls that were not delivered before the deadline.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} not delivered in time; see llm_tracer_export_failed_total", .outputs.join(", "))]
pub struct FlushError {
    /// What was left, one phrase for each output.
    pub outputs: Vec<String>,
}

impl Outputs {
    /// Gives a record to every output. What an output has no room for is dropped there and
    /// counted in `llm_tracer_export_dropped_total`.
    pub fn offer(&self, record: Record) {
        let ids = SpanIds::for_span(&record.span);
        for sender in &self.lines {
            offer_line(sender, &record, ids);
        }
        if let Some(otlp) = &self.otlp {
            otlp.offer(record, ids);
        }
    }

    /// Whether every output has room for many more records.
    pub fn has_room(&self) -> bool {
        self.lines.iter().all(Sender::has_room)
            && self.otlp.as_ref().is_none_or(OtlpSender::has_room)
    }

    /// A process is gone and will make no more calls: its histograms are exported once more, then
    /// forgotten.
    pub fn process_ended(&self, process: ProcessKey) {
        if let Some(otlp) = &self.otlp {
            otlp.process_ended(process);
        }
    }

    /// Nothing is active: records would go nowhere.
    pub fn is_empty(&self) -> bool {
        self.otlp.is_none() && self.lines.is_empty()
    }

    /// Adds the OTLP output, unless its settings send nothing anywhere. Must be called inside a tokio runtime, which then runs it.
    ///
    /// # Errors
    ///
    /// When an endpoint, a header or a key file is not usable.
    pub fn add_otlp(
        &mut self,
        running: &mut Running,
        settings: &OtlpSettings,
        telemetry: &Telemetry,
    ) -> Result<(), otlp::error::StartError> {
        if settings.is_off() {
            tracing::info!(
                "no collector is configured (OTEL_EXPORTER_OTLP_ENDPOINT): nothing is sent"
            );
            return Ok(());
        }
        let (sender, output) = otlp::worker::start(settings, telemetry)?;
        self.otlp = Some(sender);
        running.otlp = Some(output);
        Ok(())
    }

    /// Adds an output of lines to `writer`, known as `name` in metrics and messages.
    ///
    /// # Errors
    ///
    /// When the system refuses a thread.
    pub fn add_lines(
        &mut self,
        running: &mut Running,
        name: &'static str,
        format: impl LineFormat,
        writer: impl io::Write + Send + 'static,
        telemetry: &Telemetry,
    ) -> io::Result<()> {
        let (queue, output) = lines::start(name, format, writer, telemetry)?;
        self.lines.push(queue);
        running.lines.push(output);
        Ok(())
    }
}

fn offer_line(queue: &Sender<LineItem>, record: &Record, ids: SpanIds) {
    let bytes = size::of_span(&record.span) + size::of_call(record.call.facts());
    let item = LineItem {
        process: record.process.clone(),
        call: record.call.clone(),
        span: record.span.clone(),
        ids,
    };
    // What is dropped is counted by the queue.
    let _ = queue.offer(item, bytes);
}

impl Running {
    /// Waits until there is no output left that works, for ever if there is one over the network,
    /// which goes on trying. An output that fails beside others is told of in the log.
    pub async fn all_failed(&mut self) -> OutputFailed {
        while let Some(LineOutput { name, ended }) = self.lines.first_mut() {
            let (name, ended) = (*name, ended.await);
            self.lines.remove(0);
            let Ok(Err(error)) = ended else { continue };
            let failed = OutputFailed { name, error };
            if self.otlp.is_none() && self.lines.is_empty() {
                return failed;
            }
            if failed.reader_left() {
                tracing::info!("the reader of the {name} output is gone: it gets no more lines");
            } else {
                tracing::warn!("{failed}; it gets no more lines");
            }
        }
        pending().await
    }

    /// Waits until everything offered is delivered, at most for `patience`. Drop all [`Outputs`]
    /// first, or nothing ends.
    ///
    /// # Errors
    ///
    /// When something was not delivered; it is counted as failed.
    pub async fn finish(self, patience: Duration) -> Result<(), FlushError> {
        let deadline = Instant::now() + patience;
        let mut outputs = Vec::new();
        if let Some(otlp) = self.otlp {
            outputs.extend(otlp.finish(deadline).await);
        }
        for LineOutput { name, ended } in self.lines {
            if timeout_at(deadline, ended).await.is_err() {
                outputs.push(format!("lines of the {name} output"));
            }
        }
        if outputs.is_empty() {
            Ok(())
        } else {
            Err(FlushError { outputs })
        }
    }
}
