//! Says who processes are: to the capture thread when their connections show up, from what was noted
//! of them before, when they mapped a TLS library.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use prometheus_client::metrics::counter::Counter;

use super::{
    process::{Inspector, ProcessFacts},
    procfs::ProcFs,
    programs::{Learnt, Noted, Programs},
    rules::{Admission, Selection},
};
use crate::capture::clock::monotonic_nanos;

/// Shared by the thread that is told of programs and the one that is told of calls. Times are
/// monotonic nanoseconds.
#[derive(Debug, Clone)]
pub struct Witness {
    inspector: Inspector,
    selection: Selection,
    own_pid: u32,
    programs: Arc<Mutex<Programs>>,
    unidentified: Counter,
}

impl Witness {
    /// Of the processes under `proc` that `selection` admits. Those that its rules could not be applied
    /// to are counted in `unidentified`.
    pub fn new(proc: ProcFs, selection: Selection, unidentified: Counter) -> Self {
        Self {
            inspector: Inspector::new(proc),
            selection,
            own_pid: std::process::id(),
            programs: Arc::default(),
            unidentified,
        }
    }

    /// A process was seen at `time` to have what it takes to make calls: notes who it is. Costs some
    /// file reads, once per program.
    pub fn may_call(&self, pid: u32, time: u64) {
        if self.programs().at(pid, time) != Noted::Nothing {
            return;
        }
        let began = monotonic_nanos();
        // The last that is in place when a program starts, and gone with the process.
        if self.proc().command_line(pid).concat().is_empty() {
            return;
        }
        let (admission, facts) = self.look(pid);
        let learnt = self.learnt(admission, facts);
        let read = [began, monotonic_nanos()];
        self.programs().learn(pid, time, read, learnt);
    }

    /// Whether the rules speak against a process as it is now: nothing need be done for its sake.
    pub fn leaves_alone(&self, pid: u32) -> bool {
        pid == self.own_pid || self.selection.judge_pid(self.proc(), pid) == Admission::Refused
    }

    /// A process began to run another program.
    pub fn executed(&self, pid: u32, time: u64) {
        self.programs().executed(pid, time);
    }

    /// A process ended.
    pub fn exited(&self, pid: u32, time: u64) {
        self.programs().exited(pid, time);
    }

    /// News were missed: what was noted may be out of date.
    pub fn missed_news(&self) {
        self.programs().forget();
    }

    /// Who made a call at `time`; `None` if it is to be left alone.
    pub fn identify(&self, pid: u32, time: u64) -> Learnt {
        if pid == self.own_pid {
            return None;
        }
        match self.noted(pid, time) {
            Noted::Learnt(learnt) if self.is_still(pid, &learnt) => return learnt,
            Noted::Learnt(_) | Noted::Nothing | Noted::Replaced => {}
        }
        let (admission, facts) = self.look(pid);
        // Asked behind the look: it may have been replaced until then.
        if self.noted(pid, time) == Noted::Replaced {
            let admission = self.selection.judge_around_program(self.proc(), pid);
            let wanted = admission == Admission::Admitted;
            let facts = wanted.then(|| self.inspector.inspect_around_program(pid));
            return self.learnt(admission, facts);
        }
        self.learnt(admission, facts)
    }

    /// Whether another program, or another process, was told of between two times.
    pub fn changed(&self, pid: u32, since: u64, until: u64) -> bool {
        self.programs().changed(pid, since, until)
    }

    /// Where the facts are read.
    pub const fn proc(&self) -> &ProcFs {
        self.inspector.proc()
    }

    /// What the rules say, and the facts if they are wanted; both as of now.
    fn look(&self, pid: u32) -> (Admission, Option<ProcessFacts>) {
        if pid == self.own_pid {
            return (Admission::Refused, None);
        }
        let admission = self.selection.judge_pid(self.proc(), pid);
        let wanted = admission == Admission::Admitted;
        (admission, wanted.then(|| self.inspector.inspect(pid)))
    }

    fn learnt(&self, admission: Admission, facts: Option<ProcessFacts>) -> Learnt {
        if admission == Admission::Unidentified {
            self.unidentified.inc();
        }
        facts.map(Arc::new)
    }

    /// The end of a process may not have been told.
    fn is_still(&self, pid: u32, learnt: &Learnt) -> bool {
        let Some(facts) = learnt else {
            return true;
        };
        let now = self.proc().stat(pid).map(|stat| stat.start_ticks);
        now.is_none() || now == facts.start_ticks
    }

    fn noted(&self, pid: u32, time: u64) -> Noted {
        self.programs().at(pid, time)
    }

    fn programs(&self) -> MutexGuard<'_, Programs> {
        self.programs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::symlink, path::Path};

    use super::*;
    use crate::{config::setting::Scalar as _, host::rules::Rule};

    /// Makes process 7 under `root` run `program`.
    fn run(root: &Path, program: &str) {
        let process = root.join("7");
        let _ = fs::remove_dir_all(&process);
        fs::create_dir_all(&process).unwrap();
        symlink(format!("/usr/bin/{program}"), process.join("exe")).unwrap();
        fs::write(process.join("cmdline"), format!("{program}\0")).unwrap();
        let stat = format!("7 ({program}) S 1 1 1 0 -1 0 9 0 0 0 1 2 3 4 20 0 1 0 5 1 1\n");
        fs::write(process.join("stat"), stat).unwrap();
    }

    fn witness_of(root: &Path, selection: Selection) -> Witness {
        Witness::new(ProcFs::new(root), selection, Counter::default())
    }

    fn name(witness: &Witness, time: u64) -> Option<String> {
        Some(witness.identify(7, time)?.name.clone())
    }

    #[test]
    fn a_call_is_told_of_the_program_that_made_it() {
        let root = tempfile::tempdir().unwrap();
        let witness = witness_of(root.path(), Selection::default());
        run(root.path(), "asker");
        let called = monotonic_nanos();
        witness.may_call(7, called);
        std::thread::sleep(std::time::Duration::from_millis(5));
        run(root.path(), "curl");
        let replaced = monotonic_nanos();
        witness.executed(7, replaced);
        assert_eq!(name(&witness, called).as_deref(), Some("asker"));
        assert_eq!(name(&witness, replaced + 1).as_deref(), Some("curl"));
        assert!(witness.changed(7, called, replaced));
    }

    #[test]
    fn of_a_program_that_nobody_looked_at_in_time_no_other_is_told() {
        let root = tempfile::tempdir().unwrap();
        let witness = witness_of(root.path(), Selection::default());
        run(root.path(), "curl");
        witness.executed(7, 1000);
        let facts = witness.identify(7, 900).unwrap();
        assert_eq!(facts.name, "pid 7");
        let told = format!("{facts:?}");
        assert!(
            !told.contains("curl") && told.contains("service.name"),
            "{told}"
        );
        witness.missed_news();
        assert_eq!(
            name(&witness, 900).as_deref(),
            Some("curl"),
            "as good as known"
        );
    }

    #[test]
    fn a_process_that_starts_or_ends_right_now_is_not_noted() {
        let root = tempfile::tempdir().unwrap();
        let witness = witness_of(root.path(), Selection::default());
        run(root.path(), "asker");
        fs::write(root.path().join("7/cmdline"), "").unwrap();
        witness.may_call(7, 1000);
        assert_eq!(witness.noted(7, 1000), Noted::Nothing);
    }

    /// Whatever can be read when a call is seen: nothing, or another program.
    #[test]
    fn who_is_excluded_by_a_rule_is_left_alone_though_it_has_gone() {
        let root = tempfile::tempdir().unwrap();
        let exclude = vec![Rule::from_text("name:asker").unwrap()];
        let selection = Selection {
            exclude,
            ..Selection::default()
        };
        let witness = witness_of(root.path(), selection);
        assert_eq!(witness.identify(7, 900), None);
        assert_eq!(witness.unidentified.get(), 1);
        run(root.path(), "curl");
        witness.executed(7, 1000);
        assert_eq!(witness.identify(7, 900), None);
        assert_eq!(witness.unidentified.get(), 2);
        assert_eq!(name(&witness, 1001).as_deref(), Some("curl"));
    }
}
