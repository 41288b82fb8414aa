//! Plans for small libraries assembled here after real builds.

use std::path::Path;

use super::super::plan::{CountLocation, ProbeCost, ProbeRole, Returns};
use super::fixture::{CODE_OFFSET, Fixture, image};
use super::{ElfError, ElfImage, Machine, NotTraceable, plan};

/// `sub $8,%rsp; call …; xor %edx,%edx; test %eax,%eax; cmovs %edx,%eax; add $8,%rsp; ret`
const EXTENDED: &[u8] =
    b"\x48\x83\xec\x08\xe8\0\0\0\0\x31\xd2\x85\xc0\x0f\x48\xc2\x48\x83\xc4\x08\xc3";
/// `sub $0x18,%rsp; test %edx,%edx; js 1f; mov %rsp,%rcx; movslq %edx,%rdx; call …;
/// add $0x18,%rsp; ret; 1: mov $-1,%eax; add $0x18,%rsp; ret`
const PLAIN: &[u8] = b"\x48\x83\xec\x18\x85\xd2\x78\x10\x48\x89\xe1\x48\x63\xd2\xe8\0\0\0\0\
    \x48\x83\xc4\x18\xc3\xb8\xff\xff\xff\xff\x48\x83\xc4\x18\xc3";
/// The same, with the pointer in the fifth argument and zero flags in the fourth:
/// `… js 1f; xor %ecx,%ecx; movslq %edx,%rdx; lea 8(%rsp),%r8; call …`
const PLAIN_FLAGS: &[u8] =
    b"\x48\x83\xec\x18\x85\xd2\x78\x14\x31\xc9\x48\x63\xd2\x4c\x8d\x44\x24\x08\
    \xe8\0\0\0\0\x48\x83\xc4\x18\xc3\xb8\xff\xff\xff\xff\x48\x83\xc4\x18\xc3";
/// `push %r15; push %r14; sub $0x38,%rsp; ret`
const PUSHES: &[u8] = b"\x41\x57\x41\x56\x48\x83\xec\x38\xc3";
/// `test %rdi,%rdi; je 1f; nop; 1: ret`
const NULL_CHECK: &[u8] = b"\x48\x85\xff\x74\x01\x90\xc3";
const ENDBR64: &[u8] = b"\xf3\x0f\x1e\xfa";
const EXTENDED_CALL_END: u64 = 9;
const PLAIN_CALL_END: u64 = 19;
const PLAIN_FLAGS_CALL_END: u64 = 23;

/// A library whose readers and writers share one internal function each, as in OpenSSL 1.1.1 and
/// 3.0, every function beginning with `prefix`. Returns the offsets of the internal functions.
pub(super) fn shared_internals(prefix: &[u8], internal: &[u8]) -> (Fixture, u64, u64) {
    let with = |code: &[u8]| [prefix, code].concat();
    let skip = prefix.len() as u64;
    let mut fixture = Fixture::default();
    let read = fixture.place(&with(internal));
    let write = fixture.place(&with(internal));
    for (plain, extended, internal) in [
        ("SSL_read", "SSL_read_ex", read),
        ("SSL_write", "SSL_write_ex", write),
    ] {
        let at = fixture.function(plain, &with(PLAIN));
        fixture.link(at + skip + PLAIN_CALL_END, internal);
        let at = fixture.function(extended, &with(EXTENDED));
        fixture.link(at + skip + EXTENDED_CALL_END, internal);
    }
    fixture.function("SSL_free", &with(NULL_CHECK));
    (fixture, read, write)
}

pub(super) fn points(fixture: &Fixture, role: ProbeRole) -> Vec<(u64, CountLocation, ProbeCost)> {
    let points = plan(&fixture.image(), Returns::Probed)
        .expect("plan")
        .points;
    let of_role = points.iter().filter(|point| point.role == role);
    of_role
        .map(|point| (point.file_offset - CODE_OFFSET, point.count, point.cost))
        .collect()
}

#[test]
fn one_probe_on_the_shared_internal_function() {
    let (fixture, read, write) = shared_internals(b"", PUSHES);
    use CountLocation::FourthArgument;
    use ProbeCost::Emulated;
    assert_eq!(
        points(&fixture, ProbeRole::Read),
        [(read, FourthArgument, Emulated)]
    );
    assert_eq!(
        points(&fixture, ProbeRole::Write),
        [(write, FourthArgument, Emulated)]
    );
    let plan = plan(&fixture.image(), Returns::Probed).expect("plan");
    assert_eq!(
        plan.points[0].name,
        "ssl_read_internal (from SSL_read_ex+0x4)"
    );
}

#[test]
fn a_landing_pad_is_stepped_over() {
    let (fixture, read, _) = shared_internals(ENDBR64, PUSHES);
    let expected = (read + 4, CountLocation::FourthArgument, ProbeCost::Emulated);
    assert_eq!(points(&fixture, ProbeRole::Read), [expected]);
}

#[test]
fn a_return_probe_never_sits_below_the_return_address() {
    // sub $0x38,%rsp; test %rdi,%rdi; je +0; ret
    let internal = b"\x48\x83\xec\x38\x48\x85\xff\x74\x00\xc3";
    let (fixture, read, _) = shared_internals(b"", internal);
    let expected = (
        read,
        CountLocation::FourthArgument,
        ProbeCost::SingleStepped,
    );
    assert_eq!(points(&fixture, ProbeRole::Read), [expected]);
}

#[test]
fn a_probe_sits_before_its_arguments_are_overwritten() {
    // mov %rdi,%rax; xor %ecx,%ecx; push %rbx; ret
    let internal = b"\x48\x89\xf8\x31\xc9\x53\xc3";
    let (fixture, read, _) = shared_internals(b"", internal);
    let expected = (
        read,
        CountLocation::FourthArgument,
        ProbeCost::SingleStepped,
    );
    assert_eq!(points(&fixture, ProbeRole::Read), [expected]);
}

#[test]
fn a_loop_back_into_the_prologue_keeps_the_probe_at_the_entry() {
    // mov %rdi,%rax; 1: test %rsi,%rsi; je 2f; dec %rax; jmp 1b; 2: ret
    let internal = b"\x48\x89\xf8\x48\x85\xf6\x74\x05\x48\xff\xc8\xeb\xf6\xc3";
    let (fixture, read, _) = shared_internals(b"", internal);
    let expected = (
        read,
        CountLocation::FourthArgument,
        ProbeCost::SingleStepped,
    );
    assert_eq!(points(&fixture, ProbeRole::Read), [expected]);
}

/// OpenSSL 3.3: `SSL_write_ex` is a tail jump to `SSL_write_ex2`, which has flags before the
/// pointer to the count. `link_ex2` false leaves the internal call indirect, hence unknown.
fn with_write_ex2(through_plt: bool, direct_internal: bool) -> (Fixture, u64, u64) {
    let mut fixture = Fixture::default();
    let internal = fixture.place(PUSHES);
    // jmp *slot(%rip), after a landing pad
    let plt = fixture.place(b"\xf3\x0f\x1e\xfa\xff\x25\0\0\0\0");
    let slot_displacement = 0x2000;
    fixture.code[plt as usize + 6..plt as usize + 10]
        .copy_from_slice(&u32::to_le_bytes(slot_displacement));
    let at = fixture.function("SSL_write", PLAIN_FLAGS);
    fixture.link(at + PLAIN_FLAGS_CALL_END, internal);
    let ex2 = if direct_internal {
        let at = fixture.function("SSL_write_ex2", EXTENDED);
        fixture.link(at + EXTENDED_CALL_END, internal);
        at
    } else {
        // call *8(%rdi); ret
        fixture.function("SSL_write_ex2", b"\xff\x57\x08\xc3")
    };
    // mov %rcx,%r8; xor %ecx,%ecx; jmp …
    let ex = fixture.function("SSL_write_ex", b"\x49\x89\xc8\x31\xc9\xe9\0\0\0\0");
    fixture.link(ex + 10, if through_plt { plt } else { ex2 });
    let slot = super::fixture::CODE_ADDRESS + plt + 10 + u64::from(slot_displacement);
    fixture.slots.push((slot, 1));
    (fixture, internal, ex2)
}

#[test]
fn flags_move_the_count_to_the_fifth_argument() {
    for through_plt in [false, true] {
        let (fixture, internal, _) = with_write_ex2(through_plt, true);
        let expected = (internal, CountLocation::FifthArgument, ProbeCost::Emulated);
        assert_eq!(
            points(&fixture, ProbeRole::Write),
            [expected],
            "plt: {through_plt}"
        );
    }
}

#[test]
fn a_wrapper_over_a_probed_function_is_not_probed_itself() {
    for through_plt in [false, true] {
        let (fixture, _, ex2) = with_write_ex2(through_plt, false);
        let counts: Vec<_> = points(&fixture, ProbeRole::Write);
        assert_eq!(counts.len(), 2, "plt: {through_plt}");
        assert_eq!(counts[0].1, CountLocation::Return);
        assert_eq!(
            (counts[1].0, counts[1].1),
            (ex2, CountLocation::FifthArgument)
        );
    }
}

#[test]
fn a_callee_that_only_one_wrapper_reaches_is_not_taken() {
    let (mut fixture, _, write) = shared_internals(b"", PUSHES);
    let extended = fixture.symbols[1].1;
    fixture.link(extended + EXTENDED_CALL_END, write);
    let counts: Vec<_> = points(&fixture, ProbeRole::Read)
        .iter()
        .map(|point| point.1)
        .collect();
    assert_eq!(
        counts,
        [CountLocation::Return, CountLocation::FourthArgument]
    );
}

#[test]
fn a_callee_that_peeking_reaches_is_not_taken_for_reading() {
    let (mut fixture, read, _) = shared_internals(b"", PUSHES);
    let at = fixture.function("SSL_peek_ex", EXTENDED);
    fixture.link(at + EXTENDED_CALL_END, read);
    let counts: Vec<_> = points(&fixture, ProbeRole::Read)
        .iter()
        .map(|point| point.1)
        .collect();
    assert_eq!(
        counts,
        [CountLocation::Return, CountLocation::FourthArgument]
    );
}

#[test]
fn boringssl_reads_are_probed_at_ssl_read_though_it_peeks() {
    let mut fixture = Fixture::default();
    // push %rbp; mov %rsp,%rbp; call …; pop %rbp; ret
    let read = fixture.function("SSL_read", b"\x55\x48\x89\xe5\xe8\0\0\0\0\x5d\xc3");
    let peek = fixture.function("SSL_peek", PUSHES);
    fixture.link(read + 9, peek);
    let expected = (read, CountLocation::Return, ProbeCost::Emulated);
    assert_eq!(points(&fixture, ProbeRole::Read), [expected]);
}

#[test]
fn the_end_of_a_connection_is_seen_at_the_null_check() {
    let (fixture, ..) = shared_internals(b"", PUSHES);
    let free = fixture.symbols.last().expect("SSL_free").1;
    let expected = (free + 3, CountLocation::None, ProbeCost::Emulated);
    assert_eq!(points(&fixture, ProbeRole::Close), [expected]);
}

#[test]
fn arm64_wrappers_lead_to_the_entry_of_the_internal_function() {
    let words = |words: &[u32]| {
        words
            .iter()
            .flat_map(|w| w.to_le_bytes())
            .collect::<Vec<_>>()
    };
    let mut fixture = Fixture {
        machine: Some(183),
        ..Fixture::default()
    };
    // stp x29, x30, [sp, #-32]!; ret
    let internal = fixture.place(&words(&[0xa9be_7bfd, 0xd65f_03c0]));
    let call = |at: u64| 0x9400_0000 | ((internal.wrapping_sub(at) as u32 >> 2) & 0x03ff_ffff);
    // stp x29, x30, [sp, #-32]!; mov x29, sp; tbnz w2, #31, .+20; sxtw x2, w2;
    // add x3, sp, #24; bl …; ret; mov w0, #-1; ret
    let head = [
        0xa9be_7bfd,
        0x9100_03fd,
        0x37f8_00a2,
        0x9340_7c42,
        0x9100_63e3,
    ];
    let at = fixture.code.len().next_multiple_of(16) as u64 + 20;
    let tail = [call(at), 0xd65f_03c0, 0x1280_0000, 0xd65f_03c0];
    fixture.function("SSL_read", &words(&[&head[..], &tail].concat()));
    let at = fixture.code.len().next_multiple_of(16) as u64 + 8;
    let code = [0xa9bf_7bfd, 0x9100_03fd, call(at), 0xd65f_03c0];
    fixture.function("SSL_read_ex", &words(&code));
    let expected = (
        internal,
        CountLocation::FourthArgument,
        ProbeCost::SingleStepped,
    );
    assert_eq!(points(&fixture, ProbeRole::Read), [expected]);
}

#[test]
fn files_without_tls_say_why() {
    let nothing = Fixture {
        sections: vec![".text"],
        ..Fixture::default()
    };
    assert_eq!(
        plan(&nothing.image(), Returns::Probed),
        Err(NotTraceable::NoTlsSymbols)
    );
    let go = Fixture {
        sections: vec![".go.buildinfo"],
        ..Fixture::default()
    };
    assert_eq!(plan(&go.image(), Returns::Probed), Err(NotTraceable::Go));
    let mut risc_v = Fixture {
        machine: Some(243),
        ..Fixture::default()
    };
    risc_v.function("SSL_read", PUSHES);
    let reason = NotTraceable::WrongArchitecture(Machine::Other(243));
    assert_eq!(plan(&risc_v.image(), Returns::Probed), Err(reason));
    assert!(matches!(image(b"#!/bin/sh\n"), Err(ElfError::NotElf)));
    assert!(matches!(
        ElfImage::open(Path::new("/dev/null")),
        Err(ElfError::NotRegular)
    ));
}

#[test]
fn damaged_files_never_panic() {
    let mut fixture = with_write_ex2(true, true).0;
    super::read_result_tests::add_reader(&mut fixture, super::read_result_tests::READER);
    let bytes = fixture.bytes();
    for length in (0..bytes.len()).step_by(7) {
        let _ = image(&bytes[..length]).map(|image| plan(&image, Returns::Probed));
    }
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    for _ in 0..3000 {
        let mut damaged = bytes.clone();
        for _ in 0..8 {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            // Headers and tables matter most: skip the padding before the code.
            let at = random as usize % (bytes.len() - 0xf00);
            let at = if at < 0x100 { at } else { at + 0xf00 };
            damaged[at] = (random >> 32) as u8;
        }
        if let Ok(image) = image(&damaged) {
            let _ = image.build_id();
            let _ = plan(&image, Returns::Probed).map_err(|reason| reason.explain(&image));
        }
    }
}
