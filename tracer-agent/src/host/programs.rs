//! Which program ran in a process, and when.
//!
//! `/proc` tells of the program that runs now. An event is read some time after it happened, and by
//! then the process may have replaced its program (exec) or ended. So what is learnt of a process
//! early, when it maps a TLS library, is noted here with the time, and holds for events of that time.
//! Nothing is ever told of one program that may have been read of another one.

use std::{num::NonZeroUsize, sync::Arc};

use lru::LruCache;

use super::process::ProcessFacts;

/// Processes remembered. Beyond it the one that was not heard of for longest is forgotten; its facts
/// are then read when they are needed.
const REMEMBERED: NonZeroUsize = NonZeroUsize::new(4096).unwrap();

/// How long before an exec is told the new program may have been there, nanoseconds: the kernel
/// replaces the memory first, then closes files, then tells.
const EXEC_TAKES: u64 = 2_000_000;

/// What was learnt of a process: its facts, or that the operator wants it left alone.
pub type Learnt = Option<Arc<ProcessFacts>>;

/// What is known of a process at some time.
#[derive(Debug, Clone, PartialEq)]
pub enum Noted {
    /// This.
    Learnt(Learnt),
    /// Nothing, but as far as is known the program of then runs now.
    Nothing,
    /// Nothing, and the program of then is gone: what can be read now is of another one.
    Replaced,
}

/// How a program came to run in a process, as the kernel told.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Beginning {
    /// When, monotonic nanoseconds.
    pub time: u64,
    /// The process that forked this one.
    pub parent: Option<u32>,
    /// The program's name as the kernel has it. `None`: the parent's program goes on in this process.
    pub name: Option<Arc<str>>,
    /// Path of its file.
    pub path: Option<Arc<str>>,
}

/// The programs of processes. All times are monotonic nanoseconds.
#[derive(Debug)]
pub struct Programs {
    histories: LruCache<u32, History>,
}

/// The latest programs of a process: events of older ones are not on their way any more.
#[derive(Debug)]
struct History {
    now: Program,
    before: Option<Program>,
}

#[derive(Debug)]
struct Program {
    /// When it was started; 0 if that was not seen.
    from: u64,
    parent: Option<u32>,
    name: Option<Arc<str>>,
    path: Option<Arc<str>>,
    /// When it ended or was replaced.
    until: u64,
    note: Option<Note>,
}

#[derive(Debug)]
struct Note {
    learnt: Learnt,
    /// When reading began and ended.
    read: [u64; 2],
}

impl Default for Programs {
    fn default() -> Self {
        Self {
            histories: LruCache::new(REMEMBERED),
        }
    }
}

impl Programs {
    /// What is known of the program that ran in a process at a time.
    pub fn at(&self, pid: u32, time: u64) -> Noted {
        let Some(history) = self.histories.peek(&pid) else {
            return Noted::Nothing;
        };
        let Some(program) = history.at(time) else {
            // Before all that is known; or after the end, when the number has gone to another one.
            return if time < history.now.from {
                Noted::Replaced
            } else {
                Noted::Nothing
            };
        };
        match &program.note {
            Some(note) => Noted::Learnt(note.learnt.clone()),
            None if program.until == u64::MAX => Noted::Nothing,
            None => Noted::Replaced,
        }
    }

    /// How the program began that ran in a process at a time, if that was told.
    pub fn beginning(&self, pid: u32, time: u64) -> Option<Beginning> {
        let program = self.histories.peek(&pid)?.at(time)?;
        let told = program.parent.is_some() || program.name.is_some();
        told.then(|| Beginning {
            time: program.from,
            parent: program.parent,
            name: program.name.clone(),
            path: program.path.clone(),
        })
    }

    /// Whether the process that had this number at a time has it still, as far as is known.
    pub fn lives(&self, pid: u32, time: u64) -> bool {
        self.histories.peek(&pid).is_some_and(|history| {
            let replaced = history.now.name.is_some()
                && history
                    .before
                    .as_ref()
                    .is_some_and(|before| before.ran_at(time) && before.until == history.now.from);
            history.now.until == u64::MAX && (history.now.ran_at(time) || replaced)
        })
    }

    /// Whether another program, or another process under the same number, began after `since` and
    /// not after `until`.
    pub fn changed(&self, pid: u32, since: u64, until: u64) -> bool {
        self.histories.peek(&pid).is_some_and(|history| {
            let programs = [Some(&history.now), history.before.as_ref()];
            let mut changes = programs
                .into_iter()
                .flatten()
                .flat_map(|it| [it.from, it.until]);
            changes.any(|change| since < change && change <= until)
        })
    }

    /// Notes what was learnt of the program that ran in a process at `time`, by reading from
    /// `read[0]` to `read[1]`.
    pub fn learn(&mut self, pid: u32, time: u64, read: [u64; 2], learnt: Learnt) {
        let history = self.history(pid);
        if time >= history.now.until {
            history.next(history.now.until);
        }
        let [began, ended] = read;
        let now = &mut history.now;
        if time >= now.from && began >= now.from && ended < now.until {
            now.note = Some(Note { learnt, read });
        }
    }

    /// A process was begun by another one, and runs its program.
    pub fn forked(&mut self, pid: u32, parent: u32, time: u64) {
        let history = self.history(pid);
        if time > history.now.from {
            history.change(time, 0);
        } else {
            // Another processor has told of its exec before.
            let until = history.now.from;
            let mut first = Program::since(time);
            first.until = until;
            first.parent = Some(parent);
            let note = history.before.take().and_then(|it| it.note);
            first.note = note.filter(|note| note.read[0] >= time && note.read[1] < until);
            history.before = Some(first);
        }
        history.now.parent = Some(parent);
    }

    /// A process began to run another program, which the kernel calls `name`.
    pub fn executed(&mut self, pid: u32, time: u64, name: &str) {
        let history = self.history(pid);
        if time <= history.now.from {
            return;
        }
        let parent = history.now.parent.filter(|_| history.now.ran_at(time));
        history.change(time, EXEC_TAKES);
        history.now.parent = parent;
        history.now.name = Some(name.into());
    }

    /// The program that a process began to run is the file at `path`.
    pub fn mapped(&mut self, pid: u32, time: u64, path: &str) {
        if let Some(history) = self.histories.peek_mut(&pid)
            && history.now.ran_at(time)
        {
            history.now.path = Some(path.into());
        }
    }

    /// A process ended.
    pub fn exited(&mut self, pid: u32, time: u64) {
        let Some(history) = self.histories.peek_mut(&pid) else {
            return;
        };
        if time > history.now.from {
            history.now.until = history.now.until.min(time);
        }
    }

    /// Programs were replaced that nobody told of: nothing that was noted is certain.
    pub fn forget(&mut self) {
        self.histories.clear();
    }

    fn history(&mut self, pid: u32) -> &mut History {
        self.histories.get_or_insert_mut(pid, || History {
            now: Program::since(0),
            before: None,
        })
    }
}

impl History {
    /// The program of a time.
    fn at(&self, time: u64) -> Option<&Program> {
        let programs = [Some(&self.now), self.before.as_ref()];
        programs.into_iter().flatten().find(|it| it.ran_at(time))
    }

    /// Another program from `time` on, which may have been there up to `early` before.
    fn change(&mut self, time: u64, early: u64) {
        let note = self.now.note.take();
        self.next(time);
        // What was read while the program changed is of neither.
        match note {
            Some(note) if note.read[1] < time.saturating_sub(early) => {
                if let Some(before) = &mut self.before {
                    before.note = Some(note);
                }
            }
            Some(note) if note.read[0] >= time => self.now.note = Some(note),
            _ => {}
        }
    }

    /// Another program from `time` on.
    fn next(&mut self, time: u64) {
        self.now.until = self.now.until.min(time);
        self.before = Some(std::mem::replace(&mut self.now, Program::since(time)));
    }
}

impl Program {
    const fn since(from: u64) -> Self {
        Self {
            from,
            until: u64::MAX,
            parent: None,
            name: None,
            path: None,
            note: None,
        }
    }

    fn ran_at(&self, time: u64) -> bool {
        (self.from..self.until).contains(&time)
    }
}

#[cfg(test)]
#[path = "programs_tests.rs"]
mod tests;
