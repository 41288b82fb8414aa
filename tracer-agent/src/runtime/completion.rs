//! Between the policy and the outputs: adds to a call's process what is known of its pod.
//!
//! A container may make its first call before the API has told of it. Such calls are held back, in
//! order, until the pod is known, at most for a short time and only where it may become known at all;
//! then they go with what is known. A process whose pod did not become known in time is not waited
//! for again. While the API is away no call waits.

use std::{
    collections::{HashSet, VecDeque},
    num::NonZeroUsize,
    sync::Arc,
    time::{Duration, Instant},
};

use lru::LruCache;
use tracer_core::{segment::ProcessKey, semconv::Event};

use crate::{
    export::{fanout::Outputs, record::Record, size},
    host::{
        kubernetes::{
            complete::complete,
            directory::{Directory, Reach},
        },
        process::ProcessInfo,
    },
    telemetry::{Telemetry, kubernetes::PodLabel},
};

/// Most calls that are held back, and their estimated memory.
const MAX_HELD: usize = 4096;
const MAX_HELD_BYTES: usize = 8 << 20;
/// Processes whose pods are remembered; another one is looked up again.
const REMEMBERED: NonZeroUsize = NonZeroUsize::new(4096).unwrap();

/// The outputs, with what pods have to do with them.
#[derive(Debug)]
pub struct Completion {
    outputs: Outputs,
    pods: Option<Pods>,
}

/// What the option needs.
#[derive(Debug)]
struct Pods {
    directory: Directory,
    wait: Duration,
    telemetry: Telemetry,
    members: LruCache<ProcessKey, Member>,
    held: VecDeque<Held>,
    held_bytes: usize,
    /// The directory's changes when what is held was last looked at.
    seen: u64,
}

/// A process of a pod.
#[derive(Debug)]
struct Member {
    /// The process with what is known of its pod.
    process: Option<Arc<ProcessInfo>>,
    /// Whether that is all there is to know.
    whole: bool,
    /// The directory's changes when this was found out.
    seen: u64,
    /// Nobody waits for it any more.
    given_up: bool,
}

/// What waits, in order.
#[derive(Debug)]
enum Held {
    Call {
        record: Box<Record>,
        bytes: usize,
        until: Instant,
    },
    /// The end of a process whose calls may wait before it.
    End(ProcessKey),
}

/// What to do with a call.
enum Judgement {
    /// It goes, as this process's if that is another one.
    Go(Option<Arc<ProcessInfo>>, PodLabel),
    /// Its pod may become known.
    Wait,
}

impl Completion {
    /// Hands everything on as it is.
    pub const fn none(outputs: Outputs) -> Self {
        Self {
            outputs,
            pods: None,
        }
    }

    /// Adds what `directory` knows; holds a call back for `wait` at most, to within the pace of
    /// [`Completion::look`].
    pub fn of_pods(
        outputs: Outputs,
        directory: Directory,
        wait: Duration,
        telemetry: Telemetry,
    ) -> Self {
        Self {
            outputs,
            pods: Some(Pods {
                seen: directory.changes(),
                directory,
                wait,
                telemetry,
                members: LruCache::new(REMEMBERED),
                held: VecDeque::new(),
                held_bytes: 0,
            }),
        }
    }

    /// Gives a call to the outputs, now or a little later.
    pub fn offer(&mut self, record: Record, now: Instant) {
        match &mut self.pods {
            Some(pods) if pods.may_be_of_a_pod(&record.process) => {
                if let Some(record) = pods.take(record, now) {
                    self.outputs.offer(record);
                }
            }
            _ => self.outputs.offer(record),
        }
    }

    /// The process with what is known of its pod by now, and whether that is all that calls of it will
    /// be reported with.
    pub fn known(&mut self, process: &Arc<ProcessInfo>) -> (Arc<ProcessInfo>, bool) {
        let Some(pods) = &mut self.pods else {
            return (Arc::clone(process), true);
        };
        if !pods.may_be_of_a_pod(process) {
            return (Arc::clone(process), true);
        }
        match pods.judge(process) {
            Judgement::Go(Some(known), _) => (known, true),
            // It is of a pod of which nothing is known.
            Judgement::Go(None, label) => {
                let is_of_none = process.placement.pod_uid.is_none() && label == PodLabel::Unknown;
                (Arc::clone(process), is_of_none)
            }
            Judgement::Wait => (Arc::clone(process), false),
        }
    }

    /// Gives an event of a span that was offered before to the outputs.
    pub fn offer_event(&self, process: Arc<ProcessInfo>, event: Event) {
        let pods = self.pods.as_ref();
        let member = pods.and_then(|pods| pods.members.peek(&process.key));
        let completed = member.and_then(|member| member.process.clone());
        let process = completed.unwrap_or(process);
        self.outputs.offer_event(process, event);
    }

    /// A process is gone, and all of its calls were offered.
    pub fn process_ended(&mut self, process: ProcessKey) {
        match &mut self.pods {
            Some(pods) if !pods.held.is_empty() => pods.held.push_back(Held::End(process)),
            Some(pods) => pods.end(process, &self.outputs),
            None => self.outputs.process_ended(process),
        }
    }

    /// Lets go what need not wait any longer; to be called every now and then.
    pub fn look(&mut self, now: Instant) {
        if let Some(pods) = &mut self.pods {
            pods.look(now, &self.outputs);
        }
    }

    /// Lets everything go.
    pub fn flush(&mut self) {
        if let Some(pods) = &mut self.pods {
            // No call waits beyond this.
            pods.look(Instant::now() + pods.wait, &self.outputs);
        }
    }
}

impl Pods {
    fn may_be_of_a_pod(&self, process: &ProcessInfo) -> bool {
        process.placement.pod_uid.is_some() || process.placement.container_id.is_some()
    }

    /// The call as it is to go, or nothing if it waits.
    fn take(&mut self, mut record: Record, now: Instant) -> Option<Record> {
        match self.judge(&record.process) {
            Judgement::Go(process, label) => {
                if process.is_some() || record.process.placement.pod_uid.is_some() {
                    self.telemetry.kubernetes.calls.of(label).inc();
                }
                record.process = process.unwrap_or(record.process);
                Some(record)
            }
            Judgement::Wait => {
                let bytes = size::of_span(&record.span)
                    + size::of_measurements(&record.measurements)
                    + size::of_record_call(&record);
                if self.held.len() >= MAX_HELD || self.held_bytes + bytes > MAX_HELD_BYTES {
                    self.telemetry.kubernetes.calls.of(PodLabel::NoRoom).inc();
                    return Some(record);
                }
                self.held_bytes += bytes;
                self.held.push_back(Held::Call {
                    record: Box::new(record),
                    bytes,
                    until: now + self.wait,
                });
                self.count_held();
                None
            }
        }
    }

    fn judge(&mut self, process: &Arc<ProcessInfo>) -> Judgement {
        let seen = self.directory.changes();
        let given_up = match self.members.get(&process.key) {
            Some(member) if member.whole || member.seen == seen => {
                return self.judged(process.key);
            }
            Some(member) => member.given_up,
            // Outside of Kubernetes, a container is of no pod.
            None => process.placement.pod_uid.is_none(),
        };
        let found = self.directory.find(&process.placement);
        let before = self.members.pop(&process.key).and_then(|it| it.process);
        let member = match found {
            Some(found) => {
                let whole = found.container().is_some();
                let base = before.as_ref().unwrap_or(process);
                let completed = complete(base, &found);
                // A new resource is one that says something new.
                let same = before.filter(|old| old.resource == completed.resource);
                Member {
                    process: Some(same.unwrap_or_else(|| Arc::new(completed))),
                    whole,
                    seen,
                    given_up,
                }
            }
            None => Member {
                process: before,
                whole: false,
                seen,
                given_up,
            },
        };
        self.members.put(process.key, member);
        self.judged(process.key)
    }

    /// By what is noted of a process.
    fn judged(&mut self, process: ProcessKey) -> Judgement {
        let Self {
            directory, members, ..
        } = self;
        let is_away = || directory.reach() == Reach::Away;
        let Some(member) = members.get(&process) else {
            return Judgement::Go(None, PodLabel::Unknown);
        };
        match &member.process {
            Some(known) if member.whole || member.given_up || is_away() => {
                Judgement::Go(Some(Arc::clone(known)), PodLabel::Known)
            }
            None if is_away() => Judgement::Go(None, PodLabel::Away),
            None if member.given_up => Judgement::Go(None, PodLabel::Unknown),
            _ => Judgement::Wait,
        }
    }

    fn look(&mut self, now: Instant, outputs: &Outputs) {
        let overdue = match self.held.front() {
            None => return,
            Some(Held::Call { until, .. }) => *until <= now,
            Some(Held::End(_)) => true,
        };
        let changes = self.directory.changes();
        if !overdue && changes == self.seen {
            return;
        }
        self.seen = changes;
        let mut waiting = HashSet::new();
        for held in std::mem::take(&mut self.held) {
            match held {
                Held::End(process) if waiting.contains(&process) => self.held.push_back(held),
                Held::End(process) => self.end(process, outputs),
                Held::Call {
                    mut record,
                    bytes,
                    until,
                } => {
                    let key = record.process.key;
                    let mut judgement = self.judge(&record.process);
                    if until <= now && matches!(judgement, Judgement::Wait) {
                        if let Some(member) = self.members.get_mut(&key) {
                            member.given_up = true;
                        }
                        judgement = self.judged(key);
                    }
                    let Judgement::Go(process, label) = judgement else {
                        waiting.insert(key);
                        self.held.push_back(Held::Call {
                            record,
                            bytes,
                            until,
                        });
                        continue;
                    };
                    let label = match label {
                        PodLabel::Known => PodLabel::Late,
                        other => other,
                    };
                    self.telemetry.kubernetes.calls.of(label).inc();
                    self.held_bytes -= bytes;
                    record.process = process.unwrap_or(record.process);
                    outputs.offer(*record);
                }
            }
        }
        self.count_held();
    }

    fn end(&mut self, process: ProcessKey, outputs: &Outputs) {
        self.members.pop(&process);
        outputs.process_ended(process);
    }

    fn count_held(&self) {
        let held = i64::try_from(self.held.len()).unwrap_or(i64::MAX);
        self.telemetry.kubernetes.held.set(held);
    }
}

#[cfg(test)]
#[path = "completion_tests.rs"]
mod tests;
