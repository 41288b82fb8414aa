//! What leaves the pipeline, and the counting of it.

use std::{collections::VecDeque, sync::Arc};

use super::{
    background::BackgroundRuns, both_ends::BothEnds, config::PipelineConfig, processes::Processes,
    stats::Stats,
};
use crate::{
    correlate::{Correlator, Relations, Step},
    detect::Role,
    evaluation::{self, Checker, Checks, Seen},
    http::allow_list::AllowList,
    llm::{
        call::{Call, CaptureState, Captured, Outcome},
        mcp::Sessions,
        unfinished::Unfinished,
    },
    segment::ConnectionId,
    socket::KnownSocket,
    verdict::Verdict,
};

/// What the pipeline has to say.
#[derive(Debug)]
pub enum Output {
    /// Tell the kernel how to treat a connection.
    Verdict(ConnectionId, Verdict),
    /// A call is over.
    Call(Box<Call<Captured>>),
    /// Something is over that calls tell of, and no exchange is: a turn, a tool.
    Step(Box<Step>),
    /// Something was found of a span that has left.
    Evaluation(Box<evaluation::Verdict>),
    /// Exchanges of an LLM connection that were lost whole: made, but never reported.
    LostExchanges(ConnectionId, u32),
}

/// Where the parts of one connection report to.
pub(super) struct Report<'p> {
    pub(super) connection: ConnectionId,
    /// The socket of that connection, where it is known.
    pub(super) socket: Option<KnownSocket>,
    pub(super) config: &'p PipelineConfig,
    pub(super) headers: &'p Arc<AllowList>,
    pub(super) stats: &'p mut Stats,
    pub(super) sessions: &'p mut Sessions,
    pub(super) unfinished: &'p mut Unfinished,
    pub(super) background: &'p mut BackgroundRuns,
    pub(super) both_ends: &'p mut BothEnds,
    pub(super) processes: &'p mut Processes,
    pub(super) correlator: &'p mut Correlator,
    pub(super) checker: &'p mut Checker,
    pub(super) outputs: &'p mut VecDeque<Output>,
    /// Where verdicts on what a tunnel carries go: the kernel knows nothing of it.
    pub(super) tunnel: Option<&'p mut Option<Verdict>>,
}

/// What has ended beside calls, and what was found of spans that have left, as far as that is wanted.
pub(super) fn steps(correlator: &mut Correlator, checks: Checks) -> impl Iterator<Item = Output> {
    let steps = correlator.take_steps().into_iter();
    let steps = steps.map(move |mut step| {
        step.evaluations.retain(|found| checks.has(found.check));
        Output::Step(Box::new(step))
    });
    let verdicts = correlator.take_verdicts().into_iter();
    let wanted = verdicts.filter(move |verdict| checks.has(verdict.evaluation.check));
    steps.chain(wanted.map(|verdict| Output::Evaluation(Box::new(verdict))))
}

impl Report<'_> {
    pub(super) fn verdict(&mut self, verdict: Verdict) {
        if let Some(of_tunnel) = &mut self.tunnel {
            **of_tunnel = Some(verdict);
            return;
        }
        match verdict {
            Verdict::Ignore => self.stats.verdicts_ignore += 1,
            Verdict::Watch => self.stats.verdicts_watch += 1,
            Verdict::HeadOnly | Verdict::HeadOnlyServed => self.stats.verdicts_head_only += 1,
            Verdict::Full => self.stats.verdicts_full += 1,
        }
        self.outputs
            .push_back(Output::Verdict(self.connection, verdict));
    }

    /// For what a tunnel carries, whose last verdict is written to `verdict`.
    pub(super) fn in_tunnel<'r>(&'r mut self, verdict: &'r mut Option<Verdict>) -> Report<'r> {
        Report {
            connection: self.connection,
            socket: self.socket,
            config: self.config,
            headers: self.headers,
            stats: self.stats,
            sessions: self.sessions,
            unfinished: self.unfinished,
            background: self.background,
            both_ends: self.both_ends,
            processes: self.processes,
            correlator: self.correlator,
            checker: self.checker,
            outputs: self.outputs,
            tunnel: Some(verdict),
        }
    }

    /// It is for what a tunnel carries.
    pub(super) const fn is_in_tunnel(&self) -> bool {
        self.tunnel.is_some()
    }

    /// Notes the socket on a call of this connection; one that came from another connection has its
    /// own.
    pub(super) fn stamp(&self, call: &mut Call<Captured>) {
        if self.socket.is_some() && call.facts().connection == self.connection {
            call.set_socket(self.socket);
        }
    }

    pub(super) fn call(&mut self, mut call: Box<Call<Captured>>) {
        self.stamp(&mut call);
        if call.facts().role == Role::Client {
            self.processes.asked(call.facts());
        }
        if !self.background.admit(call.facts()) {
            self.stats.repeated_fetches += 1;
            let facts = call.facts();
            self.correlator.forget((facts.connection, facts.exchange));
            self.steps();
            return;
        }
        self.stats.calls += 1;
        match call.facts().capture {
            CaptureState::Complete => {}
            CaptureState::Headers => self.stats.calls_without_headers += 1,
            CaptureState::Open => self.stats.calls_open += 1,
            CaptureState::Truncated => self.stats.calls_truncated += 1,
            CaptureState::Gap => self.stats.calls_with_gap += 1,
            CaptureState::Undecodable => self.stats.calls_undecodable += 1,
        }
        self.stats.calls_cancelled += u64::from(call.facts().outcome == Outcome::Cancelled);
        self.evaluate(&mut call);
        self.correlator.answered(&mut call);
        let checks = self.config.evaluations;
        call.keep_evaluations(|evaluation| checks.has(evaluation.check));
        self.outputs.push_back(Output::Call(call));
        self.steps();
    }

    /// Notes what is found of a call by itself.
    fn evaluate(&mut self, call: &mut Call<Captured>) {
        let checks = self.config.evaluations;
        let checkable = call.take_checkable();
        // Where texts are not those that were said, nothing follows from them.
        let has_texts = self.config.relations != Relations::ByIds;
        let seen = if has_texts {
            call.seen()
        } else {
            Seen::default()
        };
        call.add_evaluations(evaluation::of_call(call.facts(), seen, checks));
        if let Some(checkable) = checkable.filter(|_| has_texts)
            && !call.facts().is_counted_elsewhere()
        {
            call.add_evaluations(self.checker.check(&checkable, checks));
        }
    }

    /// Reports what has ended beside calls.
    pub(super) fn steps(&mut self) {
        let checks = self.config.evaluations;
        self.outputs.extend(steps(self.correlator, checks));
    }

    /// Reports the calls that other exchanges had something to say of, and are over.
    pub(super) fn joined(&mut self) {
        let calls = self.sessions.take_over().into_iter();
        for call in calls.chain(self.unfinished.take_over()) {
            self.call(Box::new(call));
        }
        for call in self.both_ends.take_over() {
            self.call(call);
        }
    }

    pub(super) fn lost(&mut self, count: u32) {
        if count > 0 {
            self.stats.lost_exchanges += u64::from(count);
            self.outputs
                .push_back(Output::LostExchanges(self.connection, count));
        }
    }
}
