//! Returns of calls, on functions written for the purpose.

use super::super::super::plan::{ProbePoint, ProbeRole, Returns};
use super::super::fixture::{CODE_ADDRESS, CODE_OFFSET, Fixture};
use super::super::tests::shared_internals;
use super::super::{NotTraceable, plan};
use super::*;

/// `push %r15; push %r14; sub $0x38,%rsp; ret`
const CALLED: &[u8] = b"\x41\x57\x41\x56\x48\x83\xec\x38\xc3";
/// `call …; test %eax,%eax; jle +0; ret`
const JUMPS: &[u8] = b"\xe8\0\0\0\0\x85\xc0\x7e\x00\xc3";
/// `sub $8,%rsp; call …; xor %edx,%edx; test %eax,%eax; cmovs %edx,%eax; add $8,%rsp; ret`
const CHANGES_RESULT: &[u8] =
    b"\x48\x83\xec\x08\xe8\0\0\0\0\x31\xd2\x85\xc0\x0f\x48\xc2\x48\x83\xc4\x08\xc3";
/// `call …; mov %eax,%ebp; push %rbp; ret`
const PUSHES: &[u8] = b"\xe8\0\0\0\0\x89\xc5\x55\xc3";
/// `jmp …`
const LEAVES: &[u8] = b"\xe9\0\0\0\0";
/// `lea …(%rip),%rax; ret`
const TAKES_ADDRESS: &[u8] = b"\x48\x8d\x05\0\0\0\0\xc3";
/// `mov $…,%rax; ret`, with what looks like a call in the constant
const CONSTANT: &[u8] = b"\x48\xb8\xe8\0\0\0\0\0\0\0\xc3";

/// A library of one function and its callers: their code, and where a reference to it ends.
fn library(callers: &[(&[u8], u64)]) -> (Fixture, u64, Vec<u64>) {
    let mut fixture = Fixture::default();
    let called = fixture.framed(CALLED);
    let places = callers
        .iter()
        .map(|(code, end)| {
            let at = fixture.framed(code);
            fixture.link(at + end, called);
            at
        })
        .collect();
    (fixture, called, places)
}

fn found(fixture: &Fixture, function: u64) -> Option<Vec<(u64, ProbeCost)>> {
    let returns = returns(&fixture.image(), CODE_ADDRESS + function)?;
    let place = |it: &Return| (it.address - CODE_ADDRESS, it.cost);
    Some(returns.iter().map(place).collect())
}

#[test]
fn each_call_comes_back_to_the_first_emulated_instruction_or_right_behind() {
    let (fixture, called, at) = library(&[(JUMPS, 5), (CHANGES_RESULT, 9), (PUSHES, 5)]);
    let expected = [
        (at[0] + 7, ProbeCost::Emulated),
        (at[1] + 9, ProbeCost::SingleStepped),
        (at[2] + 7, ProbeCost::Emulated),
    ];
    assert_eq!(found(&fixture, called).as_deref(), Some(&expected[..]));
}

#[test]
fn a_function_that_is_left_to_or_pointed_to_may_come_back_anywhere() {
    for other in [(LEAVES, 5), (TAKES_ADDRESS, 7)] {
        let (fixture, called, _) = library(&[(JUMPS, 5), other]);
        assert_eq!(found(&fixture, called), None);
    }
    let (mut fixture, called, _) = library(&[(JUMPS, 5)]);
    fixture.pointers.push((0x50000, CODE_ADDRESS + called));
    assert_eq!(found(&fixture, called), None);
    let (fixture, called, _) = library(&[]);
    assert_eq!(found(&fixture, called), None, "nobody calls it");
}

#[test]
fn what_only_looks_like_a_call_is_not_probed() {
    let (fixture, called, _) = library(&[(JUMPS, 5), (CONSTANT, 7)]);
    assert_eq!(found(&fixture, called), None);
    // In code of which nobody says where functions begin.
    let (mut fixture, called, _) = library(&[(JUMPS, 5)]);
    let at = fixture.place(JUMPS);
    fixture.link(at + 5, called);
    assert_eq!(found(&fixture, called), None);
}

#[test]
fn a_short_jump_from_near_by_is_noticed() {
    let (mut fixture, called, _) = library(&[(JUMPS, 5)]);
    // jmp -N: two bytes long.
    let at = fixture.framed(b"\xeb\0");
    fixture.code[at as usize + 1] = (called as i64 - at as i64 - 2) as u8;
    assert_eq!(found(&fixture, called), None);
}

#[test]
fn without_a_table_of_functions_nothing_is_certain() {
    let mut fixture = Fixture::default();
    let called = fixture.place(CALLED);
    let at = fixture.place(JUMPS);
    fixture.link(at + 5, called);
    assert_eq!(found(&fixture, called), None);
}

#[test]
fn cut_files_and_broken_tables_are_no_panic() {
    let (fixture, called, _) = library(&[(JUMPS, 5), (PUSHES, 5)]);
    let bytes = fixture.bytes();
    for length in (0..bytes.len()).step_by(7) {
        if let Ok(image) = super::super::fixture::image(&bytes[..length]) {
            let _ = returns(&image, CODE_ADDRESS + called);
        }
    }
    for at in CODE_OFFSET as usize..bytes.len() {
        let mut bytes = bytes.clone();
        bytes[at] ^= 0xff;
        if let Ok(image) = super::super::fixture::image(&bytes) {
            let _ = returns(&image, CODE_ADDRESS + called);
        }
    }
}

#[test]
fn a_plan_without_return_probes_sees_all_returns_or_is_none() {
    let (fixture, _, _) = shared_internals(b"", CALLED);
    let refused = plan(&fixture.image(), Returns::Plain);
    assert_eq!(refused, Err(NotTraceable::NeedsReturnProbes));
    let (mut fixture, read, write) = shared_internals(b"", CALLED);
    fixture.frame_all(&[read, write]);
    let plan = plan(&fixture.image(), Returns::Plain).expect("plan");
    let of =
        |role| -> Vec<&ProbePoint> { plan.points.iter().filter(|it| it.role == role).collect() };
    for (entry, returned) in [
        (ProbeRole::Read, ProbeRole::ReadReturned),
        (ProbeRole::Write, ProbeRole::WriteReturned),
    ] {
        assert_eq!((of(entry).len(), of(returned).len()), (1, 2), "{plan:?}");
    }
}
