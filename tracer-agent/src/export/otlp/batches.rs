//! Items of one signal: gathered into batches, grouped by process, sent.

use std::{sync::Arc, time::Duration};

use opentelemetry::InstrumentationScope;
use opentelemetry_sdk::Resource;
use tokio::time::{Instant, sleep};
use tracer_core::segment::ProcessKey;

use super::{
    encoded::REQUEST_BYTES,
    resource::ResourceBase,
    settings::BatchSettings,
    transport::{Refused, Transport},
};
use crate::{
    export::queue::{Held, Receiver},
    host::process::ProcessInfo,
    telemetry::export::SignalMetrics,
};

/// How often the queue is looked at while a batch gathers. The capture thread wakes this task
/// only for the first item of a batch, not for each.
const LOOK: Duration = Duration::from_millis(200);
/// How many batches are taken from the queue together. A request holds the items of one process,
/// so with many processes and a backlog, larger rounds make fuller requests.
const ROUND: usize = 16;

/// An item that travels with others: a span, an event.
pub(super) trait Batched: Sized + Send + Sync + 'static {
    /// What exports them.
    type Exporter: Send + Sync;

    /// Whose it is.
    fn process(&self) -> &Arc<ProcessInfo>;

    /// Bytes that it takes in a request, without compression; rather more than less.
    fn encoded_bytes(&self) -> usize;

    /// Whose items are exported from now on.
    fn set_resource(transport: &mut Transport<Self::Exporter>, resource: &Resource);

    /// Exports items of one process; returns how many the collector rejected.
    fn export(
        group: &[Held<Self>],
        transport: &Transport<Self::Exporter>,
        scope: &InstrumentationScope,
    ) -> impl Future<Output = Result<u64, Refused>> + Send;
}

/// Sends items until the queue has ended.
pub(super) struct BatchWorker<T: Batched> {
    pub(super) transport: Transport<T::Exporter>,
    pub(super) queue: Receiver<T>,
    pub(super) batch: BatchSettings,
    pub(super) resources: ResourceBase,
    pub(super) scope: InstrumentationScope,
    pub(super) metrics: SignalMetrics,
}

/// Whose resource an item has.
fn resource_key<T: Batched>(held: &Held<T>) -> (ProcessKey, u32) {
    let process = held.item.process();
    (process.key, process.revision)
}

impl<T: Batched> BatchWorker<T> {
    pub(super) async fn run(mut self) {
        while let Some(first) = self.queue.recv().await {
            let mut round = self.gather(first).await;
            // Stable: the items of a process stay in order.
            round.sort_by_key(resource_key);
            while !round.is_empty() {
                let end = self.one_request(&round);
                self.export(round.drain(..end).collect()).await;
            }
        }
    }

    /// What is there once a batch is full, but no later than [`BatchSettings::schedule_delay`].
    async fn gather(&mut self, first: Held<T>) -> Vec<Held<T>> {
        let enough = self.batch.max_export_batch_size;
        let mut round = vec![first];
        let deadline = Instant::now() + self.batch.schedule_delay;
        loop {
            while round.len() < enough.saturating_mul(ROUND)
                && let Some(next) = self.queue.try_recv()
            {
                round.push(next);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if round.len() >= enough || left.is_zero() || self.queue.is_closed() {
                return round;
            }
            sleep(left.min(LOOK)).await;
        }
    }

    /// How many of the first go together: those of one process that a collector takes at once.
    fn one_request(&self, round: &[Held<T>]) -> usize {
        let most = self.batch.max_export_batch_size.max(1);
        let mut bytes = 0_usize;
        let fits = |held: &&Held<T>| {
            bytes = bytes.saturating_add(held.item.encoded_bytes());
            bytes <= REQUEST_BYTES
        };
        let key = round.first().map(resource_key);
        let of_process = round
            .iter()
            .take(most)
            .take_while(|held| Some(resource_key(held)) == key);
        // One that is too large alone goes alone.
        of_process.take_while(fits).count().max(1)
    }

    /// Sends items of one process.
    async fn export(&mut self, group: Vec<Held<T>>) {
        let Some(first) = group.first() else { return };
        let resource = self.resources.of(first.item.process());
        T::set_resource(&mut self.transport, &resource);
        let count = u64::try_from(group.len()).unwrap_or(u64::MAX);
        let lost = match T::export(&group, &self.transport, &self.scope).await {
            Ok(rejected) => rejected.min(count),
            Err(Refused) => count,
        };
        self.metrics.sent.inc_by(count - lost);
        self.metrics.failed.inc_by(lost);
    }
}
