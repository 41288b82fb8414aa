//! What the core says, done: verdicts to the kernel, calls to the outputs, counts to the metrics.

use std::time::Instant;

use tracer_common::counters::Counter;
use tracer_core::{
    correlate::Step,
    llm::call::{Call, Captured},
    pipeline::Output,
    policy,
    segment::ConnectionId,
    verdict::Verdict,
};

use super::{Driver, Resolve};
use crate::{
    export::record::Record,
    telemetry::{capture::LossReason, label::raise_to},
};

impl<R: Resolve> Driver<R> {
    /// Does all that the core wants done by now.
    pub(super) fn act(&mut self) {
        while let Some(output) = self.pipeline.poll() {
            match output {
                Output::Verdict(connection, verdict) => self.judge(connection, verdict),
                Output::Call(call) => self.report(*call),
                Output::Step(step) => self.report_step(*step),
                Output::LostExchanges(_, count) => {
                    self.telemetry.calls.lost_exchanges.inc_by(u64::from(count));
                }
            }
        }
    }

    fn judge(&mut self, connection: ConnectionId, verdict: Verdict) {
        self.telemetry.capture.connections.of(verdict.into()).inc();
        let Some(holder) = self.roster.holder(connection) else {
            return;
        };
        let key = holder.key;
        if verdict == Verdict::Ignore {
            self.ignored.judged(key, connection.generation);
        }
        if let Err(error) = self.tables.judge(key, connection.generation, verdict) {
            tracing::warn!(pid = key.tgid, "cannot tell the kernel a verdict: {error}");
        }
        self.judged(connection, key, verdict, self.thread);
    }

    fn report(&mut self, mut call: Call<Captured>) {
        self.prices.price(&mut call);
        let released = policy::release(call);
        self.telemetry.calls.count(released.facts());
        let Some(holder) = self.roster.holder(released.facts().connection) else {
            return;
        };
        if let Some(source) = holder.source {
            self.sources.count_call(source);
        }
        let record = Record::new(holder.process.clone(), released, self.content);
        self.outputs.offer(record, Instant::now());
    }

    fn report_step(&mut self, step: Step) {
        let Some(process) = self.roster.info(step.process) else {
            return;
        };
        let record = Record::of_step(process.clone(), &policy::release_step(step));
        self.outputs.offer(record, Instant::now());
    }

    /// Shows what the kernel half and the core have counted.
    pub(super) fn publish_counters(&self) {
        self.telemetry.core.publish(self.pipeline.stats());
        let capture = &self.telemetry.capture;
        let of = |counter| self.tables.counter(counter);
        raise_to(&capture.counted_bytes, of(Counter::CountedBytes));
        raise_to(&capture.skipped_bytes, of(Counter::SkippedBytes));
        raise_to(
            capture.lost_bytes.of(LossReason::RingFull),
            of(Counter::LostRingBytes),
        );
        raise_to(
            capture.lost_events.of(LossReason::RingFull),
            of(Counter::LostRingEvents),
        );
        raise_to(
            capture.lost_bytes.of(LossReason::MemoryFault),
            of(Counter::LostFaultBytes),
        );
        raise_to(
            capture.lost_events.of(LossReason::NoState),
            of(Counter::LostStateCalls),
        );
        raise_to(
            capture.lost_bytes.of(LossReason::NoBuffer),
            of(Counter::LostBufferBytes),
        );
    }
}
