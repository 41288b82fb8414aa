//! One output at work: how it ended, and what it lost.

use std::{
    future::poll_fn,
    io,
    pin::Pin,
    task::{Context, Poll},
};

use tokio::{
    sync::oneshot,
    task::JoinHandle,
    time::{Instant, timeout_at},
};

use crate::telemetry::export::{QueueMetrics, SignalMetrics};

/// The receiving half of an output, from its start to its end.
#[derive(Debug)]
pub struct Delivery {
    /// What it delivers, for messages: `spans`, `calls to standard output as json`.
    pub what: String,
    work: Work,
    queue: QueueMetrics,
    metrics: SignalMetrics,
    /// What was lost up to here is told by the metrics alone.
    told: u64,
}

/// What runs an output.
#[derive(Debug)]
pub enum Work {
    /// A task of the runtime.
    Task(JoinHandle<()>),
    /// A thread, which tells how it ended.
    Thread(oneshot::Receiver<io::Result<()>>),
}

/// How an output ended.
#[derive(Debug)]
pub enum End {
    /// Nobody offers it anything any more, and all that was offered has been dealt with.
    Done,
    /// Its stream takes nothing more.
    Failed(io::Error),
    /// By a panic.
    Panicked,
}

impl Delivery {
    /// An output that `work` runs, behind the queue whose gauges are `queue`.
    pub fn new(what: String, work: Work, queue: QueueMetrics, metrics: SignalMetrics) -> Self {
        let told = lost(&metrics);
        Self {
            what,
            work,
            queue,
            metrics,
            told,
        }
    }

    /// How it ended, once it has. Not to be asked again after that.
    pub fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        match &mut self.work {
            Work::Task(task) => Pin::new(task).poll(cx).map(|ended| match ended {
                Ok(()) => End::Done,
                Err(_) => End::Panicked,
            }),
            Work::Thread(ended) => Pin::new(ended).poll(cx).map(|ended| match ended {
                Ok(Ok(())) => End::Done,
                Ok(Err(error)) => End::Failed(error),
                Err(_) => End::Panicked,
            }),
        }
    }

    /// Leaves what was lost until now to the metrics: [`Delivery::finish`] tells what is lost from
    /// here on.
    pub fn forget_losses(&mut self) {
        self.told = lost(&self.metrics);
    }

    /// Waits until all that was offered is dealt with, at most until `deadline`. What was not
    /// delivered is counted and told, with the reason where there is one.
    pub async fn finish(mut self, deadline: Instant) -> Option<String> {
        let what = self.what.clone();
        match timeout_at(deadline, poll_fn(|cx| self.poll_end(cx))).await {
            Ok(End::Done) => {
                let lost = lost(&self.metrics).saturating_sub(self.told);
                (lost > 0).then(|| format!("{what} ({lost} refused or dropped)"))
            }
            Ok(End::Failed(error)) if is_reader_gone(&error) => None,
            Ok(End::Failed(error)) => Some(format!("{what} ({error})")),
            Ok(End::Panicked) => Some(format!("{what} (a panic; please report this)")),
            Err(_) => Some(format!("{what} ({} left)", self.give_up())),
        }
    }

    /// Ends what is not done; returns how many items it leaves, which are counted as failed.
    fn give_up(self) -> u64 {
        // Metrics that are collected but not sent are in no queue.
        let left = u64::try_from(self.queue.items.get()).unwrap_or(0).max(1);
        self.metrics.failed.inc_by(left);
        if let Work::Task(task) = self.work {
            task.abort();
        }
        left
    }
}

/// Nobody reads any more: `tracer-agent run | head` ends like this. Whoever left had what they wanted,
/// so it is no failure.
pub fn is_reader_gone(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::BrokenPipe
}

fn lost(metrics: &SignalMetrics) -> u64 {
    metrics.failed.get().saturating_add(metrics.dropped.get())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::telemetry::Telemetry;

    fn delivery(work: Work) -> Delivery {
        let telemetry = Telemetry::new();
        let (queue, metrics) = (
            telemetry.export.queue("otlp", "traces"),
            telemetry.export.signal("otlp", "traces"),
        );
        Delivery::new("spans".to_owned(), work, queue, metrics)
    }

    async fn finish(delivery: Delivery) -> Option<String> {
        delivery
            .finish(Instant::now() + Duration::from_secs(5))
            .await
    }

    #[tokio::test]
    async fn a_panic_is_no_delivery() {
        let task = tokio::spawn(async { panic!("on purpose") });
        let told = finish(delivery(Work::Task(task))).await;
        assert_eq!(told.as_deref(), Some("spans (a panic; please report this)"));
        let (end, ended) = oneshot::channel();
        drop(end);
        assert!(finish(delivery(Work::Thread(ended))).await.is_some());
    }

    #[tokio::test]
    async fn a_stream_that_fails_is_no_delivery_unless_its_reader_left() {
        for (kind, told) in [
            (io::ErrorKind::StorageFull, true),
            (io::ErrorKind::BrokenPipe, false),
        ] {
            let (end, ended) = oneshot::channel();
            end.send(Err(kind.into())).unwrap();
            let said = finish(delivery(Work::Thread(ended))).await;
            assert_eq!(said.is_some(), told, "{kind}: {said:?}");
        }
    }

    #[tokio::test]
    async fn losses_count_from_the_moment_that_is_asked_for() {
        let lossy = || {
            let delivery = delivery(Work::Task(tokio::spawn(async {})));
            delivery.metrics.failed.inc_by(2);
            delivery.metrics.dropped.inc();
            delivery
        };
        let told = finish(lossy()).await;
        assert_eq!(told.as_deref(), Some("spans (3 refused or dropped)"));
        let mut delivery = lossy();
        delivery.forget_losses();
        assert_eq!(finish(delivery).await, None);
    }
}
