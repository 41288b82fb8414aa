//! What the core says, done: verdicts to the kernel, calls to the outputs, counts to the metrics.

use std::{sync::Arc, time::Instant};

use tracer_common::{counters::Counter, socket};
use tracer_core::{
    correlate::Step,
    evaluation,
    llm::call::{Call, Captured},
    pipeline::Output,
    policy::{Caller, Release},
    segment::ConnectionId,
    semconv,
    verdict::Verdict,
};

use super::{Driver, Resolve, late_names::Report};
use crate::{
    export::record::Record,
    host::process::ProcessInfo,
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
                Output::Evaluation(verdict) => self.report_verdict(*verdict),
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

    fn report(&mut self, call: Call<Captured>) {
        self.roster.know_better(call.facts().connection.process);
        let Some(holder) = self.roster.holder(call.facts().connection) else {
            // Nobody to report it of.
            let release = self.judged_by_policy(call, &Caller::UNKNOWN);
            self.count(&release);
            return;
        };
        if let Some(source) = holder.source {
            self.sources.count_call(source);
        }
        if let Some(born) = holder.born {
            let at_socket = holder.source == Some(socket::SOURCE);
            let processes = &self.telemetry.processes;
            processes.count(holder.process.pid, born, at_socket);
        }
        let process = Arc::clone(holder.process);
        self.tell(process, Report::Call(Box::new(call)));
    }

    fn report_step(&mut self, step: Step) {
        self.roster.know_better(step.process);
        if let Some(process) = self.roster.info(step.process) {
            self.tell(Arc::clone(process), Report::Step(Box::new(step)));
        }
    }

    fn report_verdict(&mut self, verdict: evaluation::Verdict) {
        self.roster.know_better(verdict.process);
        if let Some(process) = self.roster.info(verdict.process) {
            self.tell(Arc::clone(process), Report::Verdict(Box::new(verdict)));
        }
    }

    /// Hands on what the policy lets out of a report.
    pub(super) fn release(&mut self, process: Arc<ProcessInfo>, report: Report) {
        match report {
            Report::Call(call) => self.release_call(process, *call),
            Report::Step(step) => self.release_step(process, *step),
            Report::Verdict(verdict) => self.release_verdict(process, *verdict),
            Report::End => self.outputs.process_ended(process.key),
        }
    }

    fn release_call(&mut self, process: Arc<ProcessInfo>, call: Call<Captured>) {
        let (known, is_settled) = self.outputs.known(&process);
        let caller = Caller {
            resource: &known.resource,
            is_settled,
        };
        let release = self.judged_by_policy(call, &caller);
        self.count(&release);
        if let Some(record) = Record::of_release(process, release, self.content) {
            let record = record.with_evaluations(self.evaluations);
            self.outputs.offer(record, Instant::now());
        }
    }

    fn judged_by_policy(&mut self, mut call: Call<Captured>, caller: &Caller<'_>) -> Release {
        self.prices.price(&mut call);
        self.policy.release(call, caller)
    }

    /// Counts a call as far as the policy lets it out.
    fn count(&self, release: &Release) {
        self.telemetry.policy.count(release);
        if let Release::Call(call) | Release::Measured(call) = release {
            self.telemetry.calls.count(call.facts());
            self.telemetry.evaluations.count(&call.facts().evaluations);
        }
    }

    fn release_step(&mut self, process: Arc<ProcessInfo>, step: Step) {
        if let Some(step) = self.policy.release_step(step) {
            self.telemetry.evaluations.count(&step.step().evaluations);
            let record = Record::of_step(process, &step).with_evaluations(self.evaluations);
            self.outputs.offer(record, Instant::now());
        }
    }

    fn release_verdict(&mut self, process: Arc<ProcessInfo>, verdict: evaluation::Verdict) {
        let found = verdict.evaluation.clone();
        if let Some(verdict) = self.policy.release_verdict(verdict) {
            self.telemetry.evaluations.count(&[found]);
            let event = semconv::verdict_event(&verdict);
            self.outputs.offer_event(process, event);
        } else {
            self.telemetry.evaluations.withheld.inc();
        }
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
