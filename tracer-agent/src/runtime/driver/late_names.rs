//! Reports of processes of whose program nothing is known yet.
//!
//! News of processes come another way than what these did, and may come later: whoever tells them may
//! wait for a processor. A process that is gone by then cannot be looked at. What there is to report of
//! it waits here, in order and before any policy judges it, until its name is known, or news show that
//! it will not be; never for long. Who reads the ring need not wait.

use std::{
    collections::VecDeque,
    sync::Arc,
    time::{Duration, Instant},
};

use tracer_core::{
    correlate::Step,
    evaluation::Verdict,
    llm::call::{Call, Captured},
    segment::ProcessKey,
};

use super::{Driver, Resolve};
use crate::{
    export::size,
    host::{process::ProcessInfo, table::Naming},
};

/// Longest time that a report waits.
const LONGEST: Duration = Duration::from_secs(2);
/// How often it is asked whose names are known.
const PACE: Duration = Duration::from_millis(20);
/// Reports that wait, and their estimated memory; with more, the oldest goes as it is.
const MOST: usize = 1024;
const MOST_BYTES: usize = 8 << 20;

/// What there is to report of a process.
#[derive(Debug)]
pub(super) enum Report {
    Call(Box<Call<Captured>>),
    Step(Box<Step>),
    Verdict(Box<Verdict>),
    /// It is gone: nothing follows.
    End,
}

impl Report {
    /// Its memory, at most.
    fn bytes(&self) -> usize {
        match self {
            Self::Call(call) => {
                let facts = call.facts();
                let bodies = facts
                    .request
                    .body_bytes
                    .saturating_add(facts.response.body_bytes);
                size::of_call(facts).saturating_add(usize::try_from(bodies).unwrap_or(usize::MAX))
            }
            Self::Step(step) => size_of_val(&**step),
            Self::Verdict(verdict) => size_of_val(&**verdict),
            Self::End => 0,
        }
    }
}

/// The reports that wait, the oldest first.
#[derive(Debug, Default)]
pub(super) struct LateNames {
    waiting: VecDeque<Waiting>,
    bytes: usize,
    /// When they were last looked at.
    looked: Option<Instant>,
}

#[derive(Debug)]
struct Waiting {
    process: Arc<ProcessInfo>,
    report: Report,
    bytes: usize,
    until: Instant,
}

impl LateNames {
    fn holds(&self, process: ProcessKey) -> bool {
        self.waiting.iter().any(|it| it.process.key == process)
    }

    fn push(&mut self, process: Arc<ProcessInfo>, report: Report, now: Instant) {
        let bytes = report.bytes();
        self.bytes = self.bytes.saturating_add(bytes);
        self.waiting.push_back(Waiting {
            process,
            report,
            bytes,
            until: now + LONGEST,
        });
    }

    /// The oldest, if there are too many.
    fn pop_surplus(&mut self) -> Option<(Arc<ProcessInfo>, Report)> {
        if self.waiting.len() <= MOST && self.bytes <= MOST_BYTES {
            return None;
        }
        let oldest = self.waiting.pop_front()?;
        self.bytes = self.bytes.saturating_sub(oldest.bytes);
        Some((oldest.process, oldest.report))
    }

    /// What need not wait any longer, as its process's as far as that is known by now.
    fn take_due(
        &mut self,
        now: Instant,
        mut ask: impl FnMut(ProcessKey) -> Naming,
    ) -> Vec<(Arc<ProcessInfo>, Report)> {
        let mut due = Vec::new();
        for waiting in std::mem::take(&mut self.waiting) {
            let process = match ask(waiting.process.key) {
                Naming::Known(process) => process,
                Naming::Expected if now < waiting.until => {
                    self.waiting.push_back(waiting);
                    continue;
                }
                Naming::Expected | Naming::Unknown => waiting.process,
            };
            self.bytes = self.bytes.saturating_sub(waiting.bytes);
            due.push((process, waiting.report));
        }
        due
    }

    /// Whether it is time to look at them.
    fn is_time(&mut self, now: Instant) -> bool {
        if self.waiting.is_empty() {
            return false;
        }
        let is_time = self
            .looked
            .is_none_or(|looked| now.saturating_duration_since(looked) >= PACE);
        if is_time {
            self.looked = Some(now);
        }
        is_time
    }
}

impl<R: Resolve> Driver<R> {
    /// Reports of a process, now or once its name is known.
    pub(super) fn tell(&mut self, process: Arc<ProcessInfo>, report: Report) {
        let waits = self.late_names.holds(process.key)
            || (process.is_nameless && matches!(self.roster.naming(process.key), Naming::Expected));
        if !waits {
            self.release(process, report);
            return;
        }
        self.late_names.push(process, report, Instant::now());
        while let Some((process, report)) = self.late_names.pop_surplus() {
            self.release(process, report);
        }
    }

    /// Reports what need not wait any longer; to be called every few milliseconds.
    pub(super) fn look_for_names(&mut self, now: Instant) {
        if self.late_names.is_time(now) {
            self.release_due(now);
        }
    }

    /// No name will come any more.
    pub(super) fn give_up_names(&mut self) {
        self.release_due(Instant::now() + LONGEST);
    }

    fn release_due(&mut self, now: Instant) {
        let Self {
            late_names, roster, ..
        } = self;
        for (process, report) in late_names.take_due(now, |key| roster.naming(key)) {
            self.release(process, report);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process(key: u64) -> Arc<ProcessInfo> {
        let name = format!("pid {key}");
        Arc::new(ProcessInfo::new(ProcessKey(key), 7, name, Vec::new()))
    }

    fn keys(told: &[(Arc<ProcessInfo>, Report)]) -> Vec<u64> {
        told.iter().map(|(process, _)| process.key.0).collect()
    }

    #[test]
    fn reports_wait_in_order_for_the_name_of_their_own_process() {
        let start = Instant::now();
        let mut names = LateNames::default();
        for key in [1, 2, 1] {
            names.push(process(key), Report::End, start);
        }
        let named = ProcessInfo::new(ProcessKey(1), 7, "curl".to_owned(), Vec::new());
        let named = Arc::new(named);
        let due = names.take_due(start, |key| match key.0 {
            1 => Naming::Known(Arc::clone(&named)),
            _ => Naming::Expected,
        });
        assert_eq!(keys(&due), [1, 1]);
        assert!(due.iter().all(|(process, _)| process.name == "curl"));
        assert!(names.holds(ProcessKey(2)) && !names.holds(ProcessKey(1)));
    }

    #[test]
    fn nobody_waits_for_news_that_came_or_for_long() {
        let start = Instant::now();
        let mut names = LateNames::default();
        names.push(process(1), Report::End, start);
        names.push(process(2), Report::End, start);
        let ask = |key: ProcessKey| match key.0 {
            1 => Naming::Unknown,
            _ => Naming::Expected,
        };
        assert_eq!(keys(&names.take_due(start, ask)), [1]);
        assert!(names.take_due(start + LONGEST / 2, ask).is_empty());
        assert_eq!(keys(&names.take_due(start + LONGEST, ask)), [2]);
        assert!(!names.is_time(start), "nothing is left");
    }

    #[test]
    fn with_too_many_the_oldest_goes_as_it_is() {
        let start = Instant::now();
        let mut names = LateNames::default();
        for key in 0..=MOST as u64 {
            assert!(names.pop_surplus().is_none());
            names.push(process(key), Report::End, start);
        }
        let surplus = names.pop_surplus().expect("one too many");
        assert_eq!(surplus.0.key, ProcessKey(0));
        assert!(names.pop_surplus().is_none());
    }

    #[test]
    fn looks_are_paced() {
        let start = Instant::now();
        let mut names = LateNames::default();
        names.push(process(1), Report::End, start);
        assert!(names.is_time(start));
        assert!(!names.is_time(start + PACE / 2));
        assert!(names.is_time(start + PACE));
    }
}
