use super::*;

/// One of whose program nothing is known at first.
const NAMELESS: u32 = 77;

/// One that began to run another program at time 10.
const REPLACED: u32 = 1_000_000;

/// Processes below 100 are traced; those in the list have ended.
#[derive(Default)]
struct Numbers(Vec<u32>);

impl Resolve for Numbers {
    fn resolve(&mut self, pid: u32, _time: u64) -> Option<Arc<ProcessInfo>> {
        (pid < 100).then(|| {
            let key = ProcessKey(u64::from(pid) * 10);
            let info = ProcessInfo::new(key, pid, format!("p{pid}"), Vec::new());
            let is_nameless = pid == NAMELESS;
            Arc::new(ProcessInfo {
                is_nameless,
                ..info
            })
        })
    }

    fn naming(&mut self, process: ProcessKey) -> Naming {
        let pid = u32::try_from(process.0 / 10).unwrap();
        let known = ProcessInfo::new(process, pid, "late".to_owned(), Vec::new());
        Naming::Known(Arc::new(known))
    }

    fn caught_up(&mut self) {}

    fn changed(&self, pid: u32, time: u64) -> bool {
        pid == REPLACED && time < 10
    }

    fn gone(&mut self, _pid: u32) {}

    fn born(&self, pid: u32) -> Option<u64> {
        (!self.0.contains(&pid)).then_some(1)
    }
}

fn key(tgid: u32, handle: u64) -> ConnKey {
    ConnKey {
        tgid,
        zero: 0,
        handle,
    }
}

#[test]
fn a_reused_object_ends_the_life_before() {
    let mut roster = Roster::new(Numbers::default());
    let first = ConnectionId {
        process: ProcessKey(70),
        handle: 1,
        generation: 5,
    };
    assert_eq!(
        roster.place(key(7, 1), 5, 0),
        Place::Connection {
            id: first,
            replaces: None
        }
    );
    assert_eq!(
        roster.place(key(7, 1), 5, 0),
        Place::Connection {
            id: first,
            replaces: None
        }
    );
    let second = ConnectionId {
        generation: 6,
        ..first
    };
    assert_eq!(
        roster.place(key(7, 1), 6, 0),
        Place::Connection {
            id: second,
            replaces: Some(first)
        }
    );
    assert_eq!(roster.end(key(7, 1), 6), Some(second));
    assert_eq!(roster.connections(7), vec![]);
}

#[test]
fn excluded_processes_are_asked_about_once() {
    let mut roster = Roster::new(Numbers::default());
    assert_eq!(roster.place(key(100, 1), 1, 0), Place::NewlyExcluded);
    assert_eq!(roster.place(key(100, 2), 1, 0), Place::Excluded);
    assert_eq!(roster.end(key(100, 1), 1), None);
    roster.place(key(7, 1), 1, 0);
    assert!(roster.excludes(100) && !roster.excludes(7) && !roster.excludes(8));
}

/// What is still in the ring of a program that is left alone says nothing of the one that runs now.
#[test]
fn a_program_that_is_over_excludes_no_other() {
    let mut roster = Roster::new(Numbers::default());
    assert_eq!(roster.place(key(REPLACED, 1), 9, 0), Place::Over);
    assert!(!roster.knows(REPLACED) && roster.excluded().is_empty());
    let later = roster.place(key(REPLACED, 1), 11, 0);
    assert_eq!(later, Place::NewlyExcluded);
    assert_eq!(roster.excluded(), [REPLACED]);
}

#[test]
fn late_news_are_told_by_their_time() {
    let mut roster = Roster::new(Numbers::default());
    roster.place(key(7, 1), 50, 0);
    assert!(!roster.is_older(7, 40));
    assert!(roster.is_older(7, 60));
}

#[test]
fn a_process_that_ends_gives_back_what_it_had_open() {
    let mut roster = Roster::new(Numbers::default());
    roster.place(key(7, 1), 5, 0);
    roster.place(key(7, 2), 6, 0);
    let mut open: Vec<u64> = roster
        .connections(7)
        .iter()
        .map(|(key, _)| key.handle)
        .collect();
    open.sort_unstable();
    assert_eq!(open, [1, 2]);
    roster.end(key(7, 1), 5);
    assert!(roster.remove_idle(7).is_none());
    roster.end(key(7, 2), 6);
    assert!(roster.remove_idle(7).is_some());
    assert!(!roster.knows(7));
}

#[test]
fn processes_that_ended_unnoticed_are_found() {
    let mut roster = Roster::new(Numbers::default());
    roster.place(key(7, 1), 5, 0);
    roster.place(key(8, 1), 5, 0);
    roster.place(key(100, 1), 5, 0);
    assert_eq!(roster.departed(), Vec::<u32>::new());
    roster.resolver.0.extend([7, 100]);
    let mut departed = roster.departed();
    departed.sort_unstable();
    assert_eq!(departed, [7, 100]);
}

#[test]
fn it_is_full_of_connections_and_of_processes() {
    let mut roster = Roster::new(Numbers::default());
    for handle in 0..MANY_CONNECTIONS as u64 {
        assert!(!roster.is_full());
        roster.place(key(7, handle), 5, 0);
        roster.place(key(7, handle), 5, 0); // the same one again
    }
    assert!(roster.is_full());
    roster.end(key(7, 0), 5);
    assert!(!roster.is_full());
    for pid in 100..100 + MANY_PROCESSES as u32 {
        roster.place(key(pid, 1), 5, 0);
    }
    assert!(roster.is_full());
    let mut idle = roster.idle();
    idle.sort_unstable();
    assert_eq!((idle.len(), idle[0]), (MANY_PROCESSES, 100));
    for pid in idle {
        assert!(roster.remove_idle(pid).is_none());
    }
    assert!(!roster.is_full());
}

#[test]
fn the_holder_of_a_connection_is_known_until_it_is_removed() {
    let mut roster = Roster::new(Numbers::default());
    roster.place(key(7, 1), 5, 3);
    let id = ConnectionId {
        process: ProcessKey(70),
        handle: 1,
        generation: 5,
    };
    let holder = roster.holder(id).unwrap();
    assert_eq!((holder.key, holder.source), (key(7, 1), Some(3)));
    roster.end(key(7, 1), 5);
    assert_eq!(roster.holder(id).unwrap().source, None);
    roster.remove_idle(7);
    assert!(roster.holder(id).is_none());
}

#[test]
fn without_room_a_new_connection_takes_the_place_of_another() {
    let mut roster = Roster::new(Numbers::default());
    for handle in 0..MAX_CONNECTIONS as u64 {
        roster.place(key(7, handle), 5, 0);
    }
    let place = roster.place(key(7, u64::MAX), 5, 0);
    let Place::Connection {
        id,
        replaces: Some(old),
    } = place
    else {
        panic!("{place:?}")
    };
    assert_eq!(id.handle, u64::MAX);
    assert_ne!(old.handle, u64::MAX);
    assert_eq!(roster.connections(7).len(), MAX_CONNECTIONS);
}

#[test]
fn who_was_nameless_is_asked_for_again_and_no_other() {
    let mut roster = Roster::new(Numbers::default());
    for pid in [NAMELESS, 7] {
        roster.place(key(pid, 1), 5, 0);
        roster.know_better(ProcessKey(u64::from(pid) * 10));
    }
    let name = |pid: u64| &roster.info(ProcessKey(pid * 10)).unwrap().name;
    assert_eq!(name(NAMELESS.into()), "late");
    assert_eq!(name(7), "p7");
}
