//! One line per call to a stream such as standard output, from a thread of its own.
//!
//! A reader that is slow fills the queue; one that is gone ends the output. Neither is felt by
//! the capture thread.

use std::{
    io::{self, Write},
    sync::Arc,
    thread,
    time::Duration,
};

use tokio::sync::oneshot;
use tracer_core::{
    correlate::{SpanId, TraceId},
    llm::call::{Call, Released},
    semconv::{Event, Span},
};

use super::{
    delivery::{Delivery, Work},
    ids::SpanIds,
    queue::{self, Bounds, Receiver, Sender},
};
use crate::{
    host::process::ProcessInfo,
    telemetry::{Telemetry, export::SignalMetrics},
};

/// Bounds of the queue in front of the writing thread.
const BOUNDS: Bounds = Bounds {
    bytes: 4 * 1024 * 1024,
    items: 16 * 1024,
};
/// Lines are written together up to this size.
const BLOCK: usize = 64 * 1024;
/// After a write, calls are left to gather this long: it bounds how often the thread wakes.
const REST: Duration = Duration::from_millis(20);

/// What becomes a line.
#[derive(Debug, Clone)]
pub enum Line {
    /// A span.
    Span(Box<LineItem>),
    /// What was found of a span that has left.
    Event(LineEvent),
}

impl From<LineItem> for Line {
    fn from(item: LineItem) -> Self {
        Self::Span(Box::new(item))
    }
}

/// What was found of a span that has left.
#[derive(Debug, Clone)]
pub struct LineEvent {
    /// Whose span.
    pub process: Arc<ProcessInfo>,
    /// The trace.
    pub trace: TraceId,
    /// The span.
    pub span: SpanId,
    /// What was found.
    pub event: Event,
}

/// One call, for people or for a pipe.
#[derive(Debug, Clone)]
pub struct LineItem {
    /// Whose call.
    pub process: Arc<ProcessInfo>,
    /// The facts of a call; none of what is beside calls.
    pub call: Option<Arc<Call<Released>>>,
    /// The span.
    pub span: Span,
    /// What happened in it, or was found of it.
    pub events: Vec<Event>,
    /// Its ids.
    pub ids: SpanIds,
}

/// How a call becomes a line.
pub trait LineFormat: Send + 'static {
    /// What stands above all lines.
    fn header(&mut self, out: &mut Vec<u8>);
    /// One call, with its line feed.
    fn line(&mut self, item: &LineItem, out: &mut Vec<u8>);
    /// What was found of a call later, with its line feed.
    fn event(&mut self, event: &LineEvent, out: &mut Vec<u8>);
}

/// Starts a thread that writes calls to `writer`.
///
/// # Errors
///
/// When the system refuses a thread.
pub fn start(
    name: &'static str,
    format: impl LineFormat,
    writer: impl Write + Send + 'static,
    telemetry: &Telemetry,
) -> io::Result<(Sender<Line>, Delivery)> {
    let metrics = telemetry.export.signal(name, "calls");
    let gauges = telemetry.export.queue(name, "calls");
    let (sender, receiver) = queue::bounded(BOUNDS, gauges.clone(), metrics.dropped.clone());
    let (end, ended) = oneshot::channel();
    let mut worker = Worker {
        format,
        writer,
        receiver,
        metrics: metrics.clone(),
    };
    thread::Builder::new()
        .name(format!("out-{name}"))
        .spawn(move || {
            let result = worker.write_all();
            worker.drop_rest();
            // From here on what is offered is dropped, and counted so.
            drop(worker);
            // Nobody may be waiting.
            let _ = end.send(result);
        })?;
    let what = format!("the {name} output");
    let delivery = Delivery::new(what, Work::Thread(ended), gauges, metrics);
    Ok((sender, delivery))
}

struct Worker<F, W> {
    format: F,
    writer: W,
    receiver: Receiver<Line>,
    metrics: SignalMetrics,
}

impl<F: LineFormat, W: Write> Worker<F, W> {
    fn write_all(&mut self) -> io::Result<()> {
        let mut block = Vec::new();
        self.format.header(&mut block);
        if !block.is_empty() {
            self.write(&block, 0)?;
        }
        while let Some(first) = self.receiver.blocking_recv() {
            block.clear();
            self.add(&first.item, &mut block);
            let mut calls = 1;
            while block.len() < BLOCK
                && let Some(next) = self.receiver.try_recv()
            {
                self.add(&next.item, &mut block);
                calls += 1;
            }
            self.write(&block, calls)?;
            if !self.receiver.is_closed() {
                thread::sleep(REST);
            }
        }
        Ok(())
    }

    fn add(&mut self, line: &Line, block: &mut Vec<u8>) {
        match line {
            Line::Span(item) => self.format.line(item, block),
            Line::Event(event) => self.format.event(event, block),
        }
    }

    /// Counts what waited for a stream that takes nothing more.
    fn drop_rest(&mut self) {
        while self.receiver.try_recv().is_some() {
            self.metrics.dropped.inc();
        }
    }

    fn write(&mut self, block: &[u8], calls: u64) -> io::Result<()> {
        let result = self
            .writer
            .write_all(block)
            .and_then(|()| self.writer.flush());
        match &result {
            Ok(()) => self.metrics.sent.inc_by(calls),
            Err(_) => self.metrics.failed.inc_by(calls),
        };
        result
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;
    use crate::export::{
        delivery::{End, is_reader_gone},
        jsonl::JsonLines,
        samples,
    };

    fn ended(mut delivery: Delivery) -> End {
        let runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = { runtime }.build().unwrap();
        runtime.block_on(std::future::poll_fn(|cx| delivery.poll_end(cx)))
    }

    /// Passes what is written on; when the test has gone away, the pipe is broken. A write waits
    /// for the test to take it.
    struct Pipe(mpsc::SyncSender<Vec<u8>>);

    impl Write for Pipe {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let sent = self.0.send(bytes.to_vec());
            sent.map_err(|_| io::ErrorKind::BrokenPipe)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn json(pipe: Pipe) -> (Sender<Line>, Delivery, SignalMetrics) {
        let telemetry = Telemetry::new();
        let (sender, output) = start("json", JsonLines, pipe, &telemetry).unwrap();
        (sender, output, telemetry.export.signal("json", "calls"))
    }

    #[test]
    fn everything_is_written_before_the_end() {
        let (pipe, reader) = mpsc::sync_channel(100);
        let (sender, output, metrics) = json(Pipe(pipe));
        for item in samples::all() {
            sender.offer(item.into(), 1).unwrap();
        }
        drop(sender);
        assert!(matches!(ended(output), End::Done));
        let text: Vec<u8> = reader.try_iter().flatten().collect();
        assert_eq!(text.split(|&byte| byte == b'\n').count(), 6);
        assert_eq!(metrics.sent.get(), 5);
    }

    #[test]
    fn a_reader_that_stands_still_costs_calls_but_no_time() {
        let (pipe, _reader) = mpsc::sync_channel(0);
        let (sender, _output, metrics) = json(Pipe(pipe));
        let item = samples::item(samples::chat());
        let quarter = BOUNDS.bytes / 4;
        let taken = (0..100)
            .filter(|_| sender.offer(item.clone().into(), quarter).is_ok())
            .count();
        // Four fill the queue; up to a few more fit if the thread had already taken some to write.
        assert!((4..10).contains(&taken), "{taken}");
        assert_eq!(metrics.dropped.get(), 100 - taken as u64);
    }

    #[test]
    fn a_reader_that_is_gone_ends_the_output() {
        let (pipe, reader) = mpsc::sync_channel(100);
        drop(reader);
        let (sender, output, metrics) = json(Pipe(pipe));
        let item = samples::item(samples::chat());
        sender.offer(item.clone().into(), 1).unwrap();
        assert!(matches!(ended(output), End::Failed(error) if is_reader_gone(&error)));
        assert_eq!(metrics.failed.get(), 1);
        assert!(sender.offer(item.into(), 1).is_err());
        assert_eq!(metrics.dropped.get(), 1);
    }
}
