//! Says who processes are: to the capture thread when their connections show up, from what was noted
//! of them before, when they mapped a TLS library.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use prometheus_client::metrics::counter::Counter;

use super::{
    process::{Inspector, ProcessFacts},
    procfs::ProcFs,
    programs::{Beginning, Learnt, Noted, Programs},
    rules::{Admission, Candidate, Selection},
};
use crate::capture::clock::monotonic_nanos;

/// Longest time that is waited for news of processes that are gone already, all of them together, while
/// there are events that nobody took. They come within a millisecond or two, if whoever takes them gets a
/// processor; who a process was is asked again when a call of it is reported.
const NEWS_TAKE: Duration = Duration::from_millis(20);
/// Pause between two looks for them.
const NEWS_PAUSE: Duration = Duration::from_micros(300);
/// How far back is asked who began a process that nothing is known of.
const GENERATIONS: u32 = 4;

/// Shared by the thread that is told of programs and the one that is told of calls. Times are
/// monotonic nanoseconds.
#[derive(Debug, Clone)]
pub struct Witness {
    inspector: Inspector,
    selection: Selection,
    own_pid: u32,
    programs: Arc<Mutex<Programs>>,
    news: Arc<News>,
    unidentified: Counter,
}

/// How far news of processes have come.
#[derive(Debug)]
struct News {
    /// What happened before was noted.
    heard: AtomicU64,
    /// The same when they were last waited for in vain: whoever tells them is busy.
    stuck: AtomicU64,
    /// How long may be waited for them, nanoseconds.
    patience: AtomicU64,
}

impl Default for News {
    fn default() -> Self {
        Self {
            heard: AtomicU64::new(0),
            // Nothing was waited for yet.
            stuck: AtomicU64::new(u64::MAX),
            patience: AtomicU64::new(NEWS_TAKE.as_nanos() as u64),
        }
    }
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
            news: Arc::default(),
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
        if !self.is_in_place(pid) {
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

    /// Whether the rules may admit processes that are not there yet.
    pub fn takes_newcomers(&self) -> bool {
        self.selection.takes_newcomers()
    }

    /// A process was begun by another one, and runs its program.
    pub fn forked(&self, pid: u32, parent: u32, time: u64) {
        self.programs().forked(pid, parent, time);
    }

    /// A process began to run another program, which the kernel calls `name`.
    pub fn executed(&self, pid: u32, time: u64, name: &str) {
        self.programs().executed(pid, time, name);
    }

    /// The program that a process began to run is the file at `path`.
    pub fn mapped(&self, pid: u32, time: u64, path: &str) {
        self.programs().mapped(pid, time, path);
    }

    /// What happened to processes before `time` was told.
    pub fn heard(&self, time: u64) {
        self.news.heard.store(time, Ordering::Release);
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
        // Asked behind the look: it may have ended or been replaced until then.
        let gone = !self.is_in_place(pid) && self.proc().exe(pid).is_none();
        // Where no rule judges it, its name may come later.
        if gone && !self.selection.is_unconditional() {
            self.wait_for_news(time);
        }
        let replaced = self.noted(pid, time) == Noted::Replaced;
        if (gone || replaced)
            && let Some((admission, facts)) = self.recall(pid, time, GENERATIONS)
        {
            return self.learnt(admission, facts);
        }
        if replaced {
            let admission = self.selection.judge_around_program(self.proc(), pid);
            let wanted = admission == Admission::Admitted;
            let facts = wanted.then(|| self.inspector.inspect_around_program(pid));
            return self.learnt(admission, facts);
        }
        self.learnt(admission, facts)
    }

    /// The facts of a process that made a call at `time` and is gone, if more became known of it since
    /// nothing was; `None` if not.
    pub fn identify_again(&self, pid: u32, time: u64) -> Learnt {
        let (_, facts) = self.recall(pid, time, GENERATIONS)?;
        facts.filter(|facts| !facts.is_nameless).map(Arc::new)
    }

    /// Who ran in a process that cannot be looked at, by what was told of its beginning; `None` if
    /// nothing was, or the one that began it is not known either.
    fn recall(
        &self,
        pid: u32,
        time: u64,
        generations: u32,
    ) -> Option<(Admission, Option<ProcessFacts>)> {
        let (began, lives) = {
            let programs = self.programs();
            (programs.beginning(pid, time)?, programs.lives(pid, time))
        };
        let parent = began.parent;
        let parent = parent.and_then(|parent| self.facts_at(parent, began.time, generations));
        let facts = match (&began.name, parent.as_deref()) {
            (Some(name), _) if lives => self.inspector.recall_replaced(pid, &began, name),
            (Some(name), parent) => self.inspector.recall_program(pid, &began, name, parent),
            (None, Some(parent)) => self.inspector.recall_child(pid, &began, parent),
            (None, None) => return None,
        };
        let admission = self.judge_gone(&facts, &began);
        Some((
            admission,
            (admission == Admission::Admitted).then_some(facts),
        ))
    }

    /// The facts of a process at a time, if they are known or can be read.
    fn facts_at(&self, pid: u32, time: u64, generations: u32) -> Learnt {
        let generations = generations.checked_sub(1)?;
        if let Noted::Learnt(learnt) = self.noted(pid, time)
            && self.is_still(pid, &learnt)
        {
            return learnt;
        }
        let facts = self.inspector.inspect(pid);
        if self.is_in_place(pid) && self.noted(pid, time) != Noted::Replaced {
            return Some(Arc::new(facts));
        }
        self.recall(pid, time, generations)?.1.map(Arc::new)
    }

    /// What the rules say of a process that has ended. Its control group is not known.
    fn judge_gone(&self, facts: &ProcessFacts, began: &Beginning) -> Admission {
        let exe = facts.executable_path();
        self.selection.judge(&Candidate {
            pid: facts.pid,
            name: began.name.as_deref(),
            exe: exe.as_deref(),
            cgroup: None,
        })
    }

    /// Whether a program can be read of in full: its command line is the last that is in place when it
    /// starts, and gone with the process.
    fn is_in_place(&self, pid: u32) -> bool {
        !self.proc().command_line(pid).concat().is_empty()
    }

    /// News of a time may be on their way: waits for them, but not for long and not again and again. Who
    /// waits takes no events meanwhile, so all that is waited until it has [caught up](Self::caught_up)
    /// is bounded: the more it is behind, the more processes are gone.
    pub fn wait_for_news(&self, time: u64) {
        let News {
            heard,
            stuck,
            patience,
        } = &*self.news;
        let heard = || heard.load(Ordering::Acquire);
        let began = monotonic_nanos();
        let left = patience.load(Ordering::Relaxed);
        let mut waited = 0;
        while heard() < time && heard() != stuck.load(Ordering::Relaxed) {
            waited = monotonic_nanos() - began;
            if waited >= left {
                stuck.store(heard(), Ordering::Relaxed);
                break;
            }
            thread::sleep(NEWS_PAUSE);
        }
        patience.store(left.saturating_sub(waited), Ordering::Relaxed);
    }

    /// Whoever takes events has taken all: there is time again to wait.
    pub fn caught_up(&self) {
        let patience = NEWS_TAKE.as_nanos() as u64;
        self.news.patience.store(patience, Ordering::Relaxed);
    }

    /// Whether news of a time are still to come.
    pub fn is_behind(&self, time: u64) -> bool {
        self.news.heard.load(Ordering::Acquire) < time
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
        thread::sleep(Duration::from_millis(5));
        run(root.path(), "curl");
        let replaced = monotonic_nanos();
        witness.executed(7, replaced, "curl");
        assert_eq!(name(&witness, called).as_deref(), Some("asker"));
        assert_eq!(name(&witness, replaced + 1).as_deref(), Some("curl"));
        assert!(witness.changed(7, called, replaced));
    }

    #[test]
    fn of_a_program_that_nobody_looked_at_in_time_no_other_is_told() {
        let root = tempfile::tempdir().unwrap();
        let witness = witness_of(root.path(), Selection::default());
        run(root.path(), "curl");
        witness.executed(7, 1000, "curl");
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

    #[test]
    fn a_child_that_is_gone_ran_what_its_parent_runs() {
        let root = tempfile::tempdir().unwrap();
        let witness = witness_of(root.path(), Selection::default());
        run(root.path(), "server");
        witness.forked(8, 7, 100);
        witness.exited(8, 200);
        let facts = witness.identify(8, 150).unwrap();
        assert_eq!((facts.name.as_str(), facts.pid), ("server", 8));
        let told = format!("{facts:?}");
        assert!(told.contains("/usr/bin/server"), "{told}");
        assert!(told.contains("(\"process.parent_pid\", Int(7))"), "{told}");
        assert!(told.contains("(\"process.pid\", Int(8))"), "{told}");
        // What its parent runs later is not what it ran.
        witness.executed(7, 120, "curl");
        run(root.path(), "curl");
        witness.forked(9, 7, 110);
        assert_eq!(witness.identify(9, 115).unwrap().name, "pid 9");
    }

    #[test]
    fn a_program_that_is_gone_is_told_by_its_exec() {
        let root = tempfile::tempdir().unwrap();
        let witness = witness_of(root.path(), Selection::default());
        run(root.path(), "sh");
        witness.forked(8, 7, 100);
        witness.executed(8, 110, "curl");
        witness.mapped(8, 111, "/usr/bin/curl");
        witness.exited(8, 200);
        let facts = witness.identify(8, 150).unwrap();
        assert_eq!(facts.name, "curl");
        let told = format!("{facts:?}");
        assert!(told.contains("/usr/bin/curl"), "{told}");
        assert!(told.contains("(\"process.parent_pid\", Int(7))"), "{told}");
    }

    #[test]
    fn news_that_come_after_the_call_give_the_name() {
        let root = tempfile::tempdir().unwrap();
        let witness = witness_of(root.path(), Selection::default());
        let first = witness.identify(8, 150).unwrap();
        assert!(first.is_nameless, "{first:?}");
        assert_eq!(witness.identify_again(8, 150), None);
        witness.executed(8, 110, "curl");
        witness.mapped(8, 111, "/usr/bin/curl");
        witness.exited(8, 200);
        let known = witness.identify_again(8, 150).unwrap();
        assert_eq!((&*known.name, known.is_nameless), ("curl", false));
        assert_eq!(witness.identify_again(8, 250), None, "of another time");
    }

    #[test]
    fn rules_hold_for_those_that_are_gone() {
        let root = tempfile::tempdir().unwrap();
        for (rule, admitted) in [
            ("name:curl", false),
            ("exe:*/sh", true),
            ("cgroup:*a*", false),
        ] {
            let exclude = vec![Rule::from_text(rule).unwrap()];
            let selection = Selection {
                exclude,
                ..Selection::default()
            };
            let witness = witness_of(root.path(), selection);
            witness.executed(8, 110, "curl");
            witness.mapped(8, 111, "/usr/bin/curl");
            witness.exited(8, 200);
            assert_eq!(witness.identify(8, 150).is_some(), admitted, "{rule}");
        }
    }

    /// A witness whose rules ask for names.
    fn strict_witness_of(root: &Path) -> Witness {
        let exclude = vec![Rule::from_text("name:asker").unwrap()];
        let selection = Selection {
            exclude,
            ..Selection::default()
        };
        witness_of(root, selection)
    }

    #[test]
    fn late_news_are_waited_for_where_a_rule_judges_but_not_again_and_again() {
        let root = tempfile::tempdir().unwrap();
        let witness = strict_witness_of(root.path());
        witness.heard(90);
        let teller = witness.clone();
        let told = thread::spawn(move || {
            thread::sleep(Duration::from_millis(1));
            teller.executed(8, 100, "curl");
            teller.heard(200);
        });
        assert_eq!(witness.identify(8, 150).unwrap().name, "curl");
        told.join().unwrap();
        let began = monotonic_nanos();
        // Whoever tells news is slow, but not stuck.
        for pid in 100..200 {
            assert_eq!(witness.identify(pid, 1000), None);
            witness.heard(u64::from(pid) + 200);
        }
        let took = Duration::from_nanos(monotonic_nanos() - began);
        assert!(took < 20 * NEWS_TAKE, "{took:?}");
        assert_eq!(witness.news.patience.load(Ordering::Relaxed), 0);
        witness.caught_up();
        let patience = witness.news.patience.load(Ordering::Relaxed);
        assert_eq!(u128::from(patience), NEWS_TAKE.as_nanos());
    }

    #[test]
    fn a_name_is_not_waited_for_where_no_rule_asks() {
        let root = tempfile::tempdir().unwrap();
        let witness = witness_of(root.path(), Selection::default());
        assert_eq!(witness.identify(8, 150).unwrap().name, "pid 8");
        let patience = witness.news.patience.load(Ordering::Relaxed);
        assert_eq!(u128::from(patience), NEWS_TAKE.as_nanos());
        assert!(witness.is_behind(150));
        witness.heard(150);
        assert!(!witness.is_behind(150));
    }

    /// Whatever can be read when a call is seen: nothing, or another program.
    #[test]
    fn who_is_excluded_by_a_rule_is_left_alone_though_it_has_gone() {
        let root = tempfile::tempdir().unwrap();
        let witness = strict_witness_of(root.path());
        assert_eq!(witness.identify(7, 900), None);
        assert_eq!(witness.unidentified.get(), 1);
        run(root.path(), "curl");
        witness.executed(7, 1000, "curl");
        assert_eq!(witness.identify(7, 900), None);
        assert_eq!(witness.unidentified.get(), 2);
        assert_eq!(name(&witness, 1001).as_deref(), Some("curl"));
    }
}
