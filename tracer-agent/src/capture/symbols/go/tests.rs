//! The locator on hand-made programs: one way to get it right, and the ways to refuse.

use tracer_common::go::ReadPlace;

use super::super::super::plan::{
    CountLocation, Located, ProbeCost, ProbePlan, ProbeRole, Returns, TlsFamily,
};
use super::super::fixture::{CODE_OFFSET, image};
use super::super::{NotTraceable, plan};
use super::fixture::{
    CHECK, CLOSE, Code, LEAVE, MORESTACK, Program, READ, RECORD, TESTED, WRITE, read, write,
};
use super::function_table::Format;

fn planned(program: &Program) -> Result<ProbePlan, NotTraceable> {
    plan(&program.build().0.image(), Returns::Plain)
}

/// Offsets in the file of all probes with this role.
fn offsets(plan: &ProbePlan, role: ProbeRole) -> Vec<u64> {
    let points = plan.points.iter().filter(|point| point.role == role);
    points.map(|point| point.file_offset).collect()
}

fn start(program: &Program, name: &str) -> u64 {
    let at = program
        .functions
        .iter()
        .position(|(other, _)| *other == name);
    CODE_OFFSET + program.build().1[at.expect("function")]
}

#[test]
fn a_program_without_symbols_is_probed_at_cheap_places() {
    let program = Program::default();
    let found = planned(&program).expect("plan");
    assert_eq!(
        (found.found[0].family, found.found[0].located),
        (TlsFamily::Go, Located::FunctionTable)
    );
    let check = |name| vec![start(&program, name) + CHECK];
    assert_eq!(offsets(&found, ProbeRole::GoWrite), check(RECORD));
    assert_eq!(offsets(&found, ProbeRole::GoClose), check(CLOSE));
    let [reads] = &offsets(&found, ProbeRole::GoReadResult)[..] else {
        panic!("{found:?}")
    };
    // The branch behind the last test of `rcx`.
    let code = program.build().0.bytes();
    let at = *reads as usize;
    assert_eq!(code[at - TESTED.len()..at], *TESTED);
    assert_eq!(code[at], 0x74);
    assert_eq!(found.points.len(), 3);
    let point = found
        .points
        .iter()
        .find(|point| point.role == ProbeRole::GoReadResult);
    // 32 bytes of the frame and 8 of rbp; rcx.
    let place = ReadPlace {
        frame: 40,
        count: 1,
    };
    assert_eq!(
        point.map(|point| point.count),
        Some(CountLocation::Within(place))
    );
    assert!(
        found
            .points
            .iter()
            .all(|point| point.cost == ProbeCost::Emulated)
    );
}

#[test]
fn the_start_of_the_code_is_found_by_what_the_runtime_starts_from() {
    let whole = planned(&Program::default()).expect("plan");
    for text_start in [0, 0x50000] {
        let program = Program {
            text_start,
            module: true,
            ..Program::default()
        };
        assert_eq!(planned(&program).expect("plan"), whole);
        let program = Program {
            text_start,
            ..Program::default()
        };
        assert_eq!(planned(&program), Err(NotTraceable::Go));
    }
}

#[test]
fn the_format_of_go_1_17_holds_addresses() {
    let program = Program {
        format: Format::Go116,
        ..Program::default()
    };
    let newer = planned(&Program::default()).expect("plan");
    assert_eq!(planned(&program).expect("plan"), newer);
}

#[test]
fn releases_that_pass_arguments_on_the_stack_are_refused() {
    // mov rcx, fs:[-8]; cmp rsp, [rcx+16]; jbe
    let mut old = Code::default().then(&[0x64, 0x48, 0x8b, 0x0c, 0x25, 0xf8, 0xff, 0xff, 0xff]);
    old = old.then(&[0x48, 0x3b, 0x61, 0x10, 0x76, 0x01, 0xc3, 0xc3]);
    let program = Program {
        format: Format::Go116,
        ..Program::default()
    };
    assert_eq!(planned(&program.with(READ, old)), Err(NotTraceable::OldGo));
    let program = Program {
        format: Format::Go12,
        ..Program::default()
    };
    assert_eq!(planned(&program), Err(NotTraceable::OldGo));
}

#[test]
fn programs_without_crypto_tls_are_none_of_ours() {
    let program = Program::default().without(READ);
    assert_eq!(planned(&program), Err(NotTraceable::NoTlsSymbols));
}

#[test]
fn a_read_whose_result_is_not_certain_is_seen_at_its_returns() {
    // test rcx, rdx; test rcx, rcx without a branch of its own; and a result that is another.
    let other = read(TESTED);
    let mut changed = other.clone();
    let at = changed
        .bytes
        .windows(3)
        .position(|code| code == [0x48, 0x89, 0xc8]);
    // mov rax, rdx
    changed.bytes[at.expect("result") + 2] = 0xd0;
    for code in [read(&[0x48, 0x85, 0xd1]), changed] {
        let program = Program::default().with(READ, code.clone());
        let found = planned(&program).expect("plan");
        let begin = start(&program, READ);
        assert_eq!(offsets(&found, ProbeRole::GoRead), [begin + CHECK]);
        let returns: Vec<u64> = (0..)
            .zip(code.bytes.windows(LEAVE.len()))
            .filter(|(_, bytes)| *bytes == LEAVE)
            .map(|(at, _): (u64, _)| begin + at + LEAVE.len() as u64 - 1)
            .collect();
        assert_eq!(returns.len(), 2);
        assert_eq!(offsets(&found, ProbeRole::GoReadReturned), returns);
        assert!(offsets(&found, ProbeRole::GoReadResult).is_empty());
    }
}

#[test]
fn what_the_code_does_not_confirm_is_refused() {
    let without_check = |name| Program::default().with(name, Code::default().then(LEAVE));
    // test rcx, rdx; jne +5; jmp to another function
    let leaving = read(&[0x48, 0x85, 0xd1, 0x75, 0x05, 0xe9, 0, 0x10, 0, 0]);
    for (case, program) in [
        ("reads", without_check(READ)),
        ("writes", without_check(RECORD)),
        ("ends", without_check(CLOSE)),
        ("handshakes only", Program::default().with(WRITE, write(22))),
        ("no growth", Program::default().without(MORESTACK)),
        ("a jump out", Program::default().with(READ, leaving)),
    ] {
        let found = planned(&program);
        let refused = matches!(found, Err(NotTraceable::Go | NotTraceable::NoTlsSymbols));
        assert!(refused, "{case}: {found:?}");
    }
}

#[test]
fn damaged_programs_never_panic() {
    let program = Program {
        module: true,
        text_start: 0,
        ..Program::default()
    };
    let bytes = program.build().0.bytes();
    for length in (0..bytes.len()).step_by(11) {
        let _ = image(&bytes[..length]).map(|image| plan(&image, Returns::Probed));
    }
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    for _ in 0..2000 {
        let mut damaged = bytes.clone();
        for _ in 0..6 {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            // Past the padding before the code, and that behind it.
            let at = CODE_OFFSET as usize + random as usize % (bytes.len() - CODE_OFFSET as usize);
            damaged[at] = (random >> 32) as u8;
        }
        if let Ok(image) = image(&damaged) {
            let _ = plan(&image, Returns::Probed);
        }
    }
}
