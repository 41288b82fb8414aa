//! One record to every active output.
//!
//! ```text
//!                      ┌─ spans ────────► otlp::traces  (tokio task)
//!                      ├─ events ───────► otlp::logs    (tokio task)
//! capture ─► Outputs ──┼─ measurements ─► otlp::metrics (tokio task)
//!                      └─ calls ────────► lines         (thread)
//! ```
//!
//! Each output has a bounded queue of its own, so none waits for another. The outputs end by
//! themselves once the last [`Outputs`] is dropped and all is delivered; [`Running::finish`]
//! waits for that.

use std::{
    future::poll_fn,
    io,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use prometheus_client::metrics::counter::Counter;
use tokio::time::Instant;
use tracer_core::{
    segment::ProcessKey,
    semconv::{EVALUATION_RESULT, Event, EventSpan, drop_content},
};

use super::{
    delivery::{Delivery, End, is_reader_gone},
    finish::Finisher,
    ids::SpanIds,
    lines::{self, Line, LineEvent, LineFormat, LineItem},
    otlp::{self, settings::OtlpSettings, worker::OtlpSender},
    queue::Sender,
    recent::RecentSpans,
    record::Record,
    size,
};
use crate::{host::process::ProcessInfo, telemetry::Telemetry};

/// What the capture thread holds: offers records, never blocks. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Outputs {
    otlp: Option<OtlpSender>,
    lines: Vec<LineQueue>,
    finisher: Finisher,
    /// Where spans are noted that leave, if somebody may want to say more of them.
    recent: Option<RecentSpans>,
}

/// The queue in front of an output of lines.
#[derive(Debug, Clone)]
struct LineQueue {
    queue: Sender<Line>,
    /// Calls that went on without content.
    content_dropped: Counter,
}

/// The other side: the outputs at work.
#[derive(Debug, Default)]
pub struct Running {
    outputs: Vec<Delivery>,
}

/// An output that ended although it was not told to.
#[derive(Debug, thiserror::Error)]
pub enum OutputFailed {
    /// A stream that lines were written to takes nothing more.
    #[error("cannot write {what}: {error}; check where standard output goes")]
    Stream {
        /// What was written.
        what: String,
        /// Why not.
        error: io::Error,
    },
    /// A mistake of ours.
    #[error("the delivery of {what} ended by a panic; please report what stands above")]
    Panic {
        /// What was delivered.
        what: String,
    },
}

impl OutputFailed {
    /// Nobody reads any more: `tracer-agent run | head` ends like this, and it is no failure.
    pub fn reader_left(&self) -> bool {
        matches!(self, Self::Stream { error, .. } if is_reader_gone(error))
    }
}

/// Not everything was delivered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not delivered: {}; see what stands above", .outputs.join(", "))]
pub struct FlushError {
    /// What was not, one phrase for each output.
    pub outputs: Vec<String>,
}

impl Outputs {
    /// None yet: what they will be given is finished by this.
    pub fn new(finisher: Finisher) -> Self {
        Self {
            finisher,
            ..Self::default()
        }
    }

    /// Gives a record to every output. What an output has no room for is dropped there and
    /// counted in `llm_tracer_export_dropped_total`.
    pub fn offer(&self, mut record: Record) {
        self.finisher.attribute(&mut record);
        self.finisher.strip(&mut record);
        let ids = self.finisher.ids(&record.span);
        if record.is_sampled
            && let Some(recent) = &self.recent
        {
            let permit = record.call.as_ref().and_then(|call| call.permit());
            let may_be_quoted = permit.is_some_and(|permit| permit.may_be_quoted);
            recent.note(&record.process, &record.span, ids, may_be_quoted);
        }
        for lines in self.lines.iter().filter(|_| record.is_sampled) {
            lines.offer(&record, ids);
        }
        if let Some(otlp) = &self.otlp {
            otlp.offer(record, ids);
        }
    }

    /// Gives an event to every output that takes events by themselves: one of a span that was handed
    /// over before, or is of nobody here.
    pub fn offer_event(&self, mut process: Arc<ProcessInfo>, mut event: Event) {
        self.finisher.strip_event(&mut process, &mut event);
        let is_found = event.name == EVALUATION_RESULT;
        for lines in self.lines.iter().filter(|_| is_found) {
            lines.offer_event(&process, &event);
        }
        if let Some(otlp) = &self.otlp {
            otlp.offer_event(process, event, None);
        }
    }

    /// Whether every output has room for many more records.
    pub fn has_room(&self) -> bool {
        self.lines.iter().all(|lines| lines.queue.has_room())
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

    /// Spans are noted from here on, for those who want to say more of them.
    pub fn remember(&mut self, recent: RecentSpans) {
        self.recent = Some(recent);
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
        let (sender, outputs) = otlp::worker::start(settings, telemetry)?;
        self.otlp = Some(sender);
        running.outputs.extend(outputs);
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
        let content_dropped = telemetry.export.signal(name, "calls").content_dropped;
        self.lines.push(LineQueue {
            queue,
            content_dropped,
        });
        running.outputs.push(output);
        Ok(())
    }
}

impl LineQueue {
    fn offer(&self, record: &Record, ids: SpanIds) {
        let mut item = LineItem {
            process: record.process.clone(),
            call: record.call.clone(),
            span: record.span.clone(),
            events: record.events.clone(),
            ids,
        };
        let of_call = size::of_record_call(record);
        let mut bytes = of_call + size::of_span(&item.span) + size::of_events(&item.events);
        if !self.queue.fits(bytes) {
            let had_content = drop_content(&mut item.span.attributes);
            let had_events = !std::mem::take(&mut item.events).is_empty();
            if had_content || had_events {
                self.content_dropped.inc();
                bytes = of_call + size::of_span(&item.span);
            }
        }
        // What is dropped is counted by the queue.
        let _ = self.queue.offer(item.into(), bytes);
    }

    fn offer_event(&self, process: &Arc<ProcessInfo>, event: &Event) {
        let EventSpan::Known(trace, span) = event.span else {
            return;
        };
        let line = LineEvent {
            process: Arc::clone(process),
            trace,
            span,
            event: event.clone(),
        };
        let _ = self.queue.offer(Line::Event(line), size::of_event(event));
    }
}

impl Running {
    /// Waits until there is no output left that works, or one broke by a mistake of ours; for ever if
    /// there is one over the network, which goes on trying. A stream that fails beside other outputs is
    /// told of in the log.
    pub async fn failed(&mut self) -> OutputFailed {
        loop {
            let (what, end) = poll_fn(|cx| self.poll_end(cx)).await;
            let failed = match end {
                End::Done => continue,
                End::Panicked => return OutputFailed::Panic { what },
                End::Failed(error) => OutputFailed::Stream { what, error },
            };
            if self.outputs.is_empty() {
                return failed;
            }
            if failed.reader_left() {
                tracing::info!("{failed}; it gets no more lines");
            } else {
                tracing::warn!("{failed}; it gets no more lines");
            }
        }
    }

    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<(String, End)> {
        for (index, output) in self.outputs.iter_mut().enumerate() {
            if let Poll::Ready(end) = output.poll_end(cx) {
                return Poll::Ready((self.outputs.remove(index).what, end));
            }
        }
        Poll::Pending
    }

    /// A stop begins: what was lost until now was told when it happened, and is in the metrics.
    /// [`Running::finish`] speaks of what is lost from here on.
    pub fn forget_losses(&mut self) {
        self.outputs.iter_mut().for_each(Delivery::forget_losses);
    }

    /// Waits until everything offered is dealt with, at most for `patience`. Drop all [`Outputs`]
    /// first, or nothing ends.
    ///
    /// # Errors
    ///
    /// When something was not delivered: left at the end, refused, dropped, or given to an output that
    /// broke. It is counted as failed or dropped.
    pub async fn finish(self, patience: Duration) -> Result<(), FlushError> {
        let deadline = Instant::now() + patience;
        let mut outputs = Vec::new();
        for output in self.outputs {
            outputs.extend(output.finish(deadline).await);
        }
        if outputs.is_empty() {
            Ok(())
        } else {
            Err(FlushError { outputs })
        }
    }
}
