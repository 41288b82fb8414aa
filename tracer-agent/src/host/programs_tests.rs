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
    programs.executed(7, 60 * MS);
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
    programs.executed(7, 20 * MS);
    assert_eq!(programs.at(7, 15 * MS), Noted::Replaced);
    assert_eq!(programs.at(7, 25 * MS), known("curl"));
    // And in the other: another processor tells of the mapping.
    let mut programs = Programs::default();
    programs.executed(7, 20 * MS);
    programs.learn(7, 10 * MS, [30 * MS, 31 * MS], learnt("curl"));
    assert_eq!(programs.at(7, 15 * MS), Noted::Replaced);
    assert_eq!(programs.at(7, 25 * MS), Noted::Nothing);
}

#[test]
fn what_was_read_while_the_program_changed_is_of_neither() {
    for read in [[19 * MS, 21 * MS], [18 * MS, 19 * MS]] {
        let mut programs = Programs::default();
        programs.learn(7, 10 * MS, read, learnt("python or curl"));
        programs.executed(7, 20 * MS);
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
    programs.executed(7, 20);
    assert!(programs.changed(7, 19, 20));
    assert!(!programs.changed(7, 20, 30));
    assert!(!programs.changed(7, 10, 19));
    programs.exited(7, 40);
    assert!(!programs.changed(7, 20, 39));
    assert!(programs.changed(7, 20, 45));
    programs.executed(7, 60);
    assert!(programs.changed(7, 30, 50), "the end before");
}

#[test]
fn those_left_alone_are_noted_as_well() {
    let mut programs = Programs::default();
    programs.learn(7, 10 * MS, [11 * MS, 12 * MS], None);
    programs.executed(7, 20 * MS);
    assert_eq!(programs.at(7, 15 * MS), Noted::Learnt(None));
}

#[test]
fn it_is_bounded_and_can_forget() {
    let mut programs = Programs::default();
    for pid in 0..3000 {
        programs.executed(pid, 20);
    }
    assert_eq!(programs.histories.len(), REMEMBERED.get());
    assert_eq!(programs.at(2999, 10), Noted::Replaced);
    assert_eq!(programs.at(0, 10), Noted::Nothing);
    programs.forget();
    assert_eq!(programs.at(2999, 10), Noted::Nothing);
}
