use super::*;
use crate::host::cgroup::Placement;

const MS: u64 = 1_000_000;

fn learnt(name: &str) -> Learnt {
    Some(Arc::new(ProcessFacts {
        pid: 7,
        start_ticks: Some(1),
        name: name.to_owned(),
        resource: Vec::new(),
        said: Vec::new(),
        placement: Placement::default(),
        is_nameless: false,
    }))
}

fn known(name: &str) -> Noted {
    Noted::Learnt(learnt(name))
}

#[test]
fn what_was_read_in_time_is_told_of_the_program_that_was_replaced() {
    let mut programs = Programs::default();
    assert_eq!(programs.at(7, 50 * MS), Noted::Nothing);
    programs.learn(7, 10 * MS, [11 * MS, 12 * MS], learnt("python"));
    assert_eq!(programs.at(7, 50 * MS), known("python"));
    programs.executed(7, 60 * MS, "program");
    assert_eq!(programs.at(7, 50 * MS), known("python"));
    assert_eq!(programs.at(7, 60 * MS), Noted::Nothing, "read it yourself");
    programs.learn(7, 70 * MS, [71 * MS, 72 * MS], learnt("curl"));
    programs.exited(7, 90 * MS);
    assert_eq!(programs.at(7, 50 * MS), known("python"));
    assert_eq!(programs.at(7, 80 * MS), known("curl"));
    assert_eq!(programs.at(7, 90 * MS), Noted::Nothing, "another process");
}

#[test]
fn what_was_read_too_late_is_of_the_next_program() {
    let mut programs = Programs::default();
    // Mapped at 10, replaced at 20, read at 30; the news come in this order.
    programs.learn(7, 10 * MS, [30 * MS, 31 * MS], learnt("curl"));
    programs.executed(7, 20 * MS, "program");
    assert_eq!(programs.at(7, 15 * MS), Noted::Replaced);
    assert_eq!(programs.at(7, 25 * MS), known("curl"));
    // And in the other: another processor tells of the mapping.
    let mut programs = Programs::default();
    programs.executed(7, 20 * MS, "program");
    programs.learn(7, 10 * MS, [30 * MS, 31 * MS], learnt("curl"));
    assert_eq!(programs.at(7, 15 * MS), Noted::Replaced);
    assert_eq!(programs.at(7, 25 * MS), Noted::Nothing);
}

#[test]
fn what_was_read_while_the_program_changed_is_of_neither() {
    for read in [[19 * MS, 21 * MS], [18 * MS, 19 * MS]] {
        let mut programs = Programs::default();
        programs.learn(7, 10 * MS, read, learnt("python or curl"));
        programs.executed(7, 20 * MS, "program");
        assert_eq!(programs.at(7, 15 * MS), Noted::Replaced);
        assert_eq!(programs.at(7, 25 * MS), Noted::Nothing);
    }
}

#[test]
fn the_dead_are_not_read() {
    let mut programs = Programs::default();
    programs.learn(7, 10 * MS, [11 * MS, 12 * MS], learnt("curl"));
    programs.exited(7, 20 * MS);
    programs.learn(7, 15 * MS, [30 * MS, 31 * MS], learnt("pid 7"));
    assert_eq!(programs.at(7, 15 * MS), known("curl"));
    // A fork that was given the number runs its parent's program: no exec is told.
    programs.learn(7, 40 * MS, [41 * MS, 42 * MS], learnt("worker"));
    assert_eq!(programs.at(7, 15 * MS), known("curl"));
    assert_eq!(programs.at(7, 45 * MS), known("worker"));
}

#[test]
fn a_change_is_told_by_its_time() {
    let mut programs = Programs::default();
    assert!(!programs.changed(7, 0, 100));
    programs.executed(7, 20, "program");
    assert!(programs.changed(7, 19, 20));
    assert!(!programs.changed(7, 20, 30));
    assert!(!programs.changed(7, 10, 19));
    programs.exited(7, 40);
    assert!(!programs.changed(7, 20, 39));
    assert!(programs.changed(7, 20, 45));
    programs.executed(7, 60, "program");
    assert!(programs.changed(7, 30, 50), "the end before");
}

#[test]
fn those_left_alone_are_noted_as_well() {
    let mut programs = Programs::default();
    programs.learn(7, 10 * MS, [11 * MS, 12 * MS], None);
    programs.executed(7, 20 * MS, "program");
    assert_eq!(programs.at(7, 15 * MS), Noted::Learnt(None));
}

#[test]
fn it_is_bounded_and_can_forget() {
    let mut programs = Programs::default();
    for pid in 0..5000 {
        programs.executed(pid, 20, "program");
    }
    assert_eq!(programs.histories.len(), REMEMBERED.get());
    assert_eq!(programs.at(4999, 10), Noted::Replaced);
    assert_eq!(programs.at(0, 10), Noted::Nothing);
    programs.forget();
    assert_eq!(programs.at(4999, 10), Noted::Nothing);
}

#[test]
fn how_a_program_began_is_told_in_any_order() {
    let began = |told: [u8; 3]| {
        let mut programs = Programs::default();
        for what in told {
            match what {
                0 => programs.forked(7, 3, 10),
                1 => programs.executed(7, 20, "sh"),
                _ => programs.exited(7, 90),
            }
        }
        [5, 15, 25].map(|time| programs.beginning(7, time))
    };
    let parent = Some(3);
    let fork = Beginning {
        time: 10,
        parent,
        ..Beginning::default()
    };
    let exec = Beginning {
        time: 20,
        parent,
        name: Some("sh".into()),
        path: None,
    };
    for order in [[0, 1, 2], [1, 0, 2], [1, 2, 0]] {
        let expected = [None, Some(fork.clone()), Some(exec.clone())];
        assert_eq!(began(order), expected, "{order:?}");
    }
}

#[test]
fn a_child_is_no_longer_its_former_owner_of_the_number() {
    let mut programs = Programs::default();
    programs.learn(7, 10 * MS, [11 * MS, 12 * MS], learnt("curl"));
    programs.forked(7, 3, 30 * MS);
    assert_eq!(programs.at(7, 15 * MS), known("curl"));
    assert_eq!(programs.at(7, 35 * MS), Noted::Nothing);
    // Read before its fork was told of.
    let mut programs = Programs::default();
    programs.learn(7, 31 * MS, [32 * MS, 33 * MS], learnt("worker"));
    programs.forked(7, 3, 30 * MS);
    assert_eq!(programs.at(7, 35 * MS), known("worker"));
}

#[test]
fn the_path_of_a_program_is_not_that_of_the_next() {
    let mut programs = Programs::default();
    programs.executed(7, 20, "sh");
    programs.mapped(7, 21, "/bin/sh");
    programs.executed(7, 40, "curl");
    let path = |programs: &Programs, time| programs.beginning(7, time).and_then(|it| it.path);
    assert_eq!(path(&programs, 30).as_deref(), Some("/bin/sh"));
    assert_eq!(path(&programs, 50), None);
    programs.mapped(7, 30, "/bin/late");
    assert_eq!(path(&programs, 50), None);
}
