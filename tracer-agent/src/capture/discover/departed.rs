//! Who still maps files that are deleted: found by a look at one process at a time, for there may be
//! thousands.

use std::{
    collections::{HashMap, HashSet},
    io,
    path::Path,
    time::Instant,
};

use super::mapped::{maps_inodes, process_ids};

/// Lists of processes that are gone through. Behind the first, each is of those that were begun during the
/// one before, perhaps by somebody who maps a file and has ended.
const ROUNDS: usize = 8;

/// A look under way.
#[derive(Debug)]
pub(super) struct Departed {
    begun: Instant,
    /// Inode numbers, as maps show them, of files that no user is found of yet.
    wanted: HashSet<u64>,
    users: HashMap<u64, u32>,
    /// Processes to look at next.
    next: Vec<u32>,
    looked_at: HashSet<u32>,
    rounds: usize,
}

/// What a look has come to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// There is more to look at.
    GoesOn,
    /// A user of each file, or nobody.
    Over(HashMap<u64, Option<u32>>),
    /// The list of processes cannot be read: nobody knows.
    Unknown,
}

impl Departed {
    /// For files by their inode numbers, each with who was seen with it last: most of them still are.
    /// `None` if there is nothing to look for.
    pub(super) fn begin(
        files: impl IntoIterator<Item = (u64, Option<u32>)>,
        now: Instant,
    ) -> Option<Self> {
        let (wanted, witnesses): (HashSet<u64>, Vec<Option<u32>>) = files.into_iter().unzip();
        (!wanted.is_empty()).then(|| Self {
            begun: now,
            wanted,
            users: HashMap::new(),
            next: witnesses.into_iter().flatten().collect(),
            looked_at: HashSet::new(),
            rounds: 0,
        })
    }

    /// When.
    pub(super) const fn begun(&self) -> Instant {
        self.begun
    }

    /// Looks at one process, or lists them.
    pub(super) fn step(&mut self, proc_root: &Path) -> Progress {
        self.step_among(
            |pid, wanted| maps_inodes(proc_root, pid, wanted),
            || process_ids(proc_root),
        )
    }

    fn step_among(
        &mut self,
        maps: impl Fn(u32, &HashSet<u64>) -> HashSet<u64>,
        list: impl Fn() -> io::Result<Vec<u32>>,
    ) -> Progress {
        if let Some(pid) = self.next.pop() {
            if self.looked_at.insert(pid) {
                for inode in maps(pid, &self.wanted) {
                    self.wanted.remove(&inode);
                    self.users.insert(inode, pid);
                }
            }
        } else if self.rounds < ROUNDS {
            let Ok(mut processes) = list() else {
                return Progress::Unknown;
            };
            processes.retain(|pid| !self.looked_at.contains(pid));
            let none_new = processes.is_empty();
            self.rounds = if none_new { ROUNDS } else { self.rounds + 1 };
            self.next = processes;
        } else {
            return self.result();
        }
        if self.wanted.is_empty() {
            self.result()
        } else {
            Progress::GoesOn
        }
    }

    fn result(&mut self) -> Progress {
        let unused = self.wanted.drain().map(|inode| (inode, None));
        let used = self.users.drain().map(|(inode, pid)| (inode, Some(pid)));
        Progress::Over(used.chain(unused).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(departed: &mut Departed, maps: &[(u32, u64)], lists: &[&[u32]]) -> (Progress, usize) {
        let listed = std::cell::Cell::new(0);
        for step in 1..1000 {
            let progress = departed.step_among(
                |pid, wanted| {
                    let mine = maps.iter().filter(|(user, _)| *user == pid);
                    let mine = mine.map(|(_, inode)| *inode);
                    mine.filter(|inode| wanted.contains(inode)).collect()
                },
                || {
                    let list = lists[listed.get().min(lists.len() - 1)];
                    listed.set(listed.get() + 1);
                    Ok(list.to_vec())
                },
            );
            if progress != Progress::GoesOn {
                return (progress, step);
            }
        }
        panic!("it has no end");
    }

    #[test]
    fn who_was_seen_with_a_file_is_looked_at_first_and_then_no_other() {
        let mut departed =
            Departed::begin([(7, Some(1)), (8, Some(2))], Instant::now()).expect("files");
        let all: Vec<u32> = (1..500).collect();
        let (progress, steps) = run(&mut departed, &[(1, 7), (2, 8)], &[&all]);
        let users = HashMap::from([(7, Some(1)), (8, Some(2))]);
        assert_eq!((progress, steps), (Progress::Over(users), 2));
    }

    #[test]
    fn who_was_begun_meanwhile_is_looked_at_as_well() {
        let mut departed =
            Departed::begin([(7, Some(1)), (8, Some(1))], Instant::now()).expect("files");
        // 3 was begun by 1, which has ended, after the first list.
        let (progress, _) = run(&mut departed, &[(3, 7)], &[&[2], &[2, 3]]);
        let users = HashMap::from([(7, Some(3)), (8, None)]);
        assert_eq!(progress, Progress::Over(users));
    }

    #[test]
    fn without_a_list_nobody_knows() {
        let mut departed = Departed::begin([(7, None)], Instant::now()).expect("a file");
        let refused = || Err(io::ErrorKind::PermissionDenied.into());
        let progress = departed.step_among(|_, _| HashSet::new(), refused);
        assert_eq!(progress, Progress::Unknown);
        assert!(Departed::begin([], Instant::now()).is_none());
    }
}
