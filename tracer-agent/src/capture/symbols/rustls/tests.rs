//! Record layers assembled here, as compilers leave them: in functions of their own, and inlined
//! into others.

use tracer_common::record::{CountsPlace, LayerPlace, Place, RecordPlaces};

use super::super::super::plan::{
    CountLocation, Implementation, Located, ProbeCost, ProbeRole, Returns, TlsFamily,
};
use super::super::fixture::{CODE_ADDRESS, CODE_OFFSET, CONSTANTS_ADDRESS, Fixture, image};
use super::super::{NotTraceable, plan};

/// The layer in `rsi`, the message in `rdx`:
///
/// ```text
/// push rbp; mov rbp, rsp; push rbx; sub rsp, 0x48; mov rbx, rdi; mov rcx, [rsi+0x38]
/// cmp rcx, -2; jae panic; lea rax, [rcx+1]; mov [rsi+0x38], rax; mov rax, [rsi+0x10]
/// mov r8, [rsi+0x18]; lea rdi, [rbp-0x50]; mov rsi, rax; call [r8+0x18]
/// add rsp, 0x48; pop rbx; pop rbp; ret; panic: ud2
/// ```
const WRITE: &[u8] = b"\x55\x48\x89\xe5\x53\x48\x83\xec\x48\x48\x89\xfb\x48\x8b\x4e\x38\
    \x48\x83\xf9\xfe\x73\x22\x48\x8d\x41\x01\x48\x89\x46\x38\x48\x8b\x46\x10\x4c\x8b\x46\x18\
    \x48\x8d\x7d\xb0\x48\x89\xc6\x41\xff\x50\x18\x48\x83\xc4\x48\x5b\x5d\xc3\x0f\x0b";
const WRITE_LIMIT: usize = 0x13;
const WRITE_BRANCH: u64 = 0x14;
const WRITE_COUNTER: usize = 0x1d;

/// The layer 0x100 bytes behind `r15`, the message on the stack, the other way round compared:
///
/// ```text
/// push r15; push r14; sub rsp, 0x108; mov r15, rdi; mov byte ptr [rsp+0x88], 3
/// mov rcx, [r15+0x138]; cmp rcx, -3; ja 0; lea rax, [rcx+1]; mov [r15+0x138], rax
/// mov rsi, [r15+0x110]; mov rax, [r15+0x118]; mov r9, [rax+0x18]; lea rdi, [rsp+0xa0]
/// lea rdx, [rsp+0x68]; call r9; add rsp, 0x108; pop r14; pop r15; ret
/// ```
const WRITE_INLINED: &[u8] = b"\x41\x57\x41\x56\x48\x81\xec\x08\x01\0\0\x49\x89\xff\
    \xc6\x84\x24\x88\0\0\0\x03\x49\x8b\x8f\x38\x01\0\0\x48\x83\xf9\xfd\x77\xdd\x48\x8d\x41\x01\
    \x49\x89\x87\x38\x01\0\0\x49\x8b\xb7\x10\x01\0\0\x49\x8b\x87\x18\x01\0\0\x4c\x8b\x48\x18\
    \x48\x8d\xbc\x24\xa0\0\0\0\x48\x8d\x54\x24\x68\x41\xff\xd1\x48\x81\xc4\x08\x01\0\0\
    \x41\x5e\x41\x5f\xc3";
const WRITE_INLINED_BRANCH: u64 = 0x21;

/// ```text
/// push rbp; mov rbp, rsp; push r15; push r14; push r12; push rbx; sub rsp, 0x60; mov rbx, rdi
/// cmp byte ptr [rsi+0x4a], 2; jne 1f; mov r14, rsi; mov r15, [rsi+0x40]; mov rsi, [rsi+0x20]
/// mov rax, [r14+0x28]; mov r8, [rax+0x18]; lea r12, [rbp-0x68]; mov rdi, r12; mov rcx, r15
/// call r8; movzx eax, byte ptr [r12]; cmp eax, 6; je 1f; cmp eax, 0x16; jne 1f
/// lea rcx, [r15+1]; mov [r14+0x40], rcx; cmp r15, -0x10000; sete byte ptr [rbx+0x20]
/// 1: add rsp, 0x60; pop rbx; pop r12; pop r14; pop r15; pop rbp; ret
/// ```
const READ: &[u8] = b"\x55\x48\x89\xe5\x41\x57\x41\x56\x41\x54\x53\x48\x83\xec\x60\x48\x89\xfb\
    \x80\x7e\x4a\x02\x75\x42\x49\x89\xf6\x4c\x8b\x7e\x40\x48\x8b\x76\x20\x49\x8b\x46\x28\
    \x4c\x8b\x40\x18\x4c\x8d\x65\x98\x4c\x89\xe7\x4c\x89\xf9\x41\xff\xd0\x41\x0f\xb6\x04\x24\
    \x83\xf8\x06\x74\x18\x83\xf8\x16\x75\x13\x49\x8d\x4f\x01\x49\x89\x4e\x40\
    \x49\x81\xff\0\0\xff\xff\x0f\x94\x43\x20\x48\x83\xc4\x60\x5b\x41\x5c\x41\x5e\x41\x5f\x5d\xc3";
const READ_BRANCH: u64 = 0x40;
const READ_BOX: usize = 0x22;

/// The layer's address put aside on the stack, and another number for success:
///
/// ```text
/// sub rsp, 0x500; mov [rsp+8], rdi; mov rcx, [rsp+8]; mov rbx, [rcx+0x40]; mov rsi, [rcx+0x20]
/// mov rcx, [rcx+0x28]; mov r8, [rcx+0x18]; lea rdi, [rsp+0x2d0]; lea rdx, [rsp+0x438]
/// mov rcx, rbx; call r8; movzx eax, byte ptr [rsp+0x2d0]; cmp eax, 6; je 1f; cmp eax, 0xff
/// mov rsi, [rsp+8]; jne 1f; lea rax, [rbx+1]; mov [rsi+0x40], rax; cmp rbx, -0x10000
/// sete al; 1: add rsp, 0x500; ret
/// ```
const READ_INLINED: &[u8] =
    b"\x48\x81\xec\0\x05\0\0\x48\x89\x7c\x24\x08\x48\x8b\x4c\x24\x08\x48\x8b\x59\x40\x48\x8b\
    \x71\x20\x48\x8b\x49\x28\x4c\x8b\x41\x18\x48\x8d\xbc\x24\xd0\x02\0\0\x48\x8d\x94\x24\x38\
    \x04\0\0\x48\x89\xd9\x41\xff\xd0\x0f\xb6\x84\x24\xd0\x02\0\0\x83\xf8\x06\x74\x1e\x3d\xff\
    \0\0\0\x48\x8b\x74\x24\x08\x75\x12\x48\x8d\x43\x01\x48\x89\x46\x40\x48\x81\xfb\0\0\xff\
    \xff\x0f\x94\xc0\x48\x81\xc4\0\x05\0\0\xc3";
const READ_INLINED_BRANCH: u64 = 0x42;

/// The comparison moved away from the call, in front of the function; code for processors of 2013 on:
///
/// ```text
/// 2: cmp rbx, -0x10000; sete al; jmp 1f
/// sub rsp, 0x500; mov [rsp+8], rdi; mov rcx, [rsp+8]; mov rbx, [rcx+0x40]; mov rsi, [rcx+0x20]
/// mov rcx, [rcx+0x28]; lea rdi, [rsp+0x2d0]; lea rdx, [rsp+0x438]; mov rax, rcx; mov rcx, rbx
/// vzeroupper; call [rax+0x18]; movzx eax, byte ptr [rsp+0x2d0]; cmp eax, 6; je 1f; cmp eax, 0xff
/// mov rcx, [rsp+8]; jne 1f; lea rax, [rbx+1]; mov [rcx+0x40], rax; cmp byte ptr [rcx+0x48], 0
/// jne 2b; mov rax, [rsp+8]; mov byte ptr [rax+0x48], 1; jmp 2b; 1: add rsp, 0x500; ret
/// ```
const READ_AWAY: &[u8] = b"\x48\x81\xfb\0\0\xff\xff\x0f\x94\xc0\xeb\x6b\x48\x81\xec\0\x05\0\0\
    \x48\x89\x7c\x24\x08\x48\x8b\x4c\x24\x08\x48\x8b\x59\x40\x48\x8b\x71\x20\x48\x8b\x49\x28\
    \x48\x8d\xbc\x24\xd0\x02\0\0\x48\x8d\x94\x24\x38\x04\0\0\x48\x89\xc8\x48\x89\xd9\xc5\xf8\x77\
    \xff\x50\x18\x0f\xb6\x84\x24\xd0\x02\0\0\x83\xf8\x06\x74\x25\x3d\xff\0\0\0\x48\x8b\x4c\x24\x08\
    \x75\x19\x48\x8d\x43\x01\x48\x89\x41\x40\x80\x79\x48\0\x75\x94\x48\x8b\x44\x24\x08\
    \xc6\x40\x48\x01\xeb\x89\x48\x81\xc4\0\x05\0\0\xc3";
const READ_AWAY_BRANCH: u64 = 0x50;
/// How far both jumps to the comparison lead.
const READ_AWAY_DISTANCES: [usize; 2] = [0x6b, 0x76];
/// Which register is compared.
const READ_AWAY_COMPARED: usize = 2;
const CMP_RBP: u8 = 0xfd;

/// Numbers of registers in instructions.
const RDX: usize = 2;
const RSP: usize = 4;
const RSI: usize = 6;
const R12: usize = 12;
const R14: usize = 14;
const R15: usize = 15;

fn with_rustls() -> Fixture {
    let mut fixture = Fixture {
        constants: b"\0/vendor/rustls/src/record_layer.rs\0".to_vec(),
        ..Fixture::default()
    };
    // Room for what is read in front of the first function.
    fixture.place(&[0xcc; 256]);
    fixture
}

/// How far behind the first box all of these count.
const COUNTED_AT: i64 = 0x28;

fn places(layer: (usize, i64), message: (usize, i64), success: u8) -> CountLocation {
    CountLocation::Record(RecordPlaces {
        layer: LayerPlace::direct(Place::new(layer.0, layer.1).expect("layer")),
        message: Place::new(message.0, message.1).expect("message"),
        counts: CountsPlace::new(COUNTED_AT).expect("counts"),
        success,
    })
}

/// Behind the pointer at a place.
fn behind(pointer: (usize, i64), distance: i64) -> LayerPlace {
    let place = Place::new(pointer.0, pointer.1).expect("pointer");
    LayerPlace::behind(place, distance).expect("layer")
}

#[test]
fn a_layer_is_found_by_a_pointer_on_the_stack() {
    let mut fixture = with_rustls();
    fixture.place(WRITE);
    let read = fixture.place(READ_INLINED);
    let plan = plan(&fixture.image(), Returns::Plain).expect("plan");
    let point = &plan.points[1];
    assert_eq!(point.file_offset - CODE_OFFSET, read + READ_INLINED_BRANCH);
    let places = RecordPlaces {
        layer: behind((RSP, 8), 0x10),
        message: Place::new(RSP, 0x2d0).expect("result"),
        counts: CountsPlace::new(COUNTED_AT).expect("counts"),
        success: 0xff,
    };
    assert_eq!(point.count, CountLocation::Record(places));
}

#[test]
fn a_comparison_that_was_moved_away_is_found_by_the_jumps_to_it() {
    let mut fixture = with_rustls();
    fixture.place(WRITE);
    let read = fixture.place(READ_AWAY);
    let plan = plan(&fixture.image(), Returns::Plain).expect("plan");
    let [_, point] = &plan.points[..] else {
        panic!("both ways to the comparison come from one call: {plan:?}")
    };
    assert_eq!(point.file_offset - CODE_OFFSET, read + READ_AWAY_BRANCH);
    let places = RecordPlaces {
        layer: behind((RSP, 8), 0x10),
        message: Place::new(RSP, 0x2d0).expect("result"),
        counts: CountsPlace::new(COUNTED_AT).expect("counts"),
        success: 0xff,
    };
    assert_eq!(point.count, CountLocation::Record(places));
}

#[test]
fn two_calls_may_share_a_comparison() {
    // The first call leads to the comparison of the second, which lies as far behind its own.
    let between = READ_AWAY.len().next_multiple_of(16) as u8;
    let mut first = READ_AWAY.to_vec();
    first[READ_AWAY_COMPARED] = CMP_RBP;
    for distance in READ_AWAY_DISTANCES {
        first[distance] = first[distance].wrapping_add(between);
    }
    let mut fixture = with_rustls();
    fixture.place(WRITE);
    let at = fixture.place(&first);
    let other = fixture.place(READ_AWAY);
    let plan = plan(&fixture.image(), Returns::Plain).expect("plan");
    let probed: Vec<u64> = plan
        .points
        .iter()
        .filter(|point| point.role == ProbeRole::RecordRead)
        .map(|point| point.file_offset - CODE_OFFSET)
        .collect();
    assert_eq!(probed.len(), 2);
    for start in [at, other] {
        assert!(probed.contains(&(start + READ_AWAY_BRANCH)), "{probed:x?}");
    }
}

#[test]
fn a_comparison_of_another_number_is_no_sign() {
    let mut read = READ_AWAY.to_vec();
    read[READ_AWAY_COMPARED] = CMP_RBP;
    let mut fixture = with_rustls();
    fixture.place(WRITE);
    fixture.place(&read);
    assert_eq!(refusal(&fixture), NotTraceable::Rustls);
}

fn refusal(fixture: &Fixture) -> NotTraceable {
    plan(&fixture.image(), Returns::Probed).expect_err("a refusal")
}

#[test]
fn both_directions_name_a_connection_by_the_same_address() {
    let mut fixture = with_rustls();
    let write = fixture.place(WRITE);
    let inlined = fixture.place(WRITE_INLINED);
    let read = fixture.place(READ);
    // Nothing here needs return probes.
    let plan = plan(&fixture.image(), Returns::Plain).expect("plan");
    let rustls = Implementation {
        family: TlsFamily::Rustls,
        located: Located::RecordLayer,
    };
    assert_eq!(plan.found, [rustls]);
    let points: Vec<_> = plan
        .points
        .iter()
        .map(|point| (point.role, point.file_offset - CODE_OFFSET, point.count))
        .collect();
    let expected = [
        (
            ProbeRole::RecordWritten,
            write + WRITE_BRANCH,
            places((RSI, 0x10), (RDX, 0), 0),
        ),
        (
            ProbeRole::RecordWritten,
            inlined + WRITE_INLINED_BRANCH,
            places((R15, 0x110), (RSP, 0x68), 0),
        ),
        (
            ProbeRole::RecordRead,
            read + READ_BRANCH,
            places((R14, 0x10), (R12, 0), 0x16),
        ),
    ];
    assert_eq!(points, expected);
    let emulated = |cost| cost == ProbeCost::Emulated;
    assert!(plan.points.iter().all(|point| emulated(point.cost)));
}

#[test]
fn one_direction_alone_is_not_probed() {
    for code in [WRITE, READ] {
        let mut fixture = with_rustls();
        fixture.place(code);
        assert_eq!(refusal(&fixture), NotTraceable::Rustls);
    }
}

#[test]
fn directions_that_disagree_on_the_layout_are_not_probed() {
    let mut read = READ.to_vec();
    // The first word of the box, loaded from elsewhere than before the second.
    read[READ_BOX] = 0x28;
    let mut write = WRITE.to_vec();
    // Another counter than the one that is compared.
    write[WRITE_COUNTER] = 0x30;
    let mut limit = WRITE.to_vec();
    limit[WRITE_LIMIT] = 0xfb;
    for (write, read) in [(WRITE, &read[..]), (&write, READ), (&limit, READ)] {
        let mut fixture = with_rustls();
        fixture.place(write);
        fixture.place(read);
        assert_eq!(refusal(&fixture), NotTraceable::Rustls);
    }
}

/// `lea rdx, [rip + location]; ud2`, as code that panics does.
fn panic(fixture: &mut Fixture, location: u64) {
    const PANIC: &[u8] = b"\x48\x8d\x15\0\0\0\0\x0f\x0b";
    const END: u64 = 7;
    let at = fixture.place(PANIC);
    fixture.link(at + END, location - CODE_ADDRESS);
}

#[test]
fn a_write_that_was_missed_is_told_by_its_panics() {
    let path = b"/vendor/rustls/src/record_layer.rs";
    let with_panics = |count: usize| {
        let mut fixture = with_rustls();
        fixture.constants = [&b"\0\0\0\0\0\0"[..], path].concat();
        let location = CONSTANTS_ADDRESS + fixture.constants.len() as u64;
        fixture.pointers = vec![(location, CONSTANTS_ADDRESS + 6)];
        fixture.constants.extend([0; 8]);
        fixture.constants.extend((path.len() as u64).to_le_bytes());
        fixture
            .constants
            .extend([112u32, 9].map(u32::to_le_bytes).concat());
        fixture.place(WRITE);
        fixture.place(READ);
        (0..count).for_each(|_| panic(&mut fixture, location));
        plan(&fixture.image(), Returns::Plain)
    };
    assert!(with_panics(1).is_ok());
    assert_eq!(with_panics(2), Err(NotTraceable::Rustls));
}

#[test]
fn such_code_without_rustls_is_nothing() {
    let mut fixture = with_rustls();
    fixture.constants = b"\0nothing\0".to_vec();
    fixture.place(WRITE);
    fixture.place(READ);
    assert_eq!(refusal(&fixture), NotTraceable::NoTlsSymbols);
}

/// Whatever is wrong with a file, it is refused; a plan stays within the file.
#[test]
fn damaged_files_are_harmless() {
    let mut fixture = with_rustls();
    for code in [WRITE, WRITE_INLINED, READ, READ_AWAY] {
        fixture.place(code);
    }
    let bytes = fixture.bytes();
    for (round, at) in (0..bytes.len()).step_by(13).enumerate() {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1 << (round % 8);
        damaged[(at * 31) % bytes.len()] = round as u8;
        if let Ok(image) = image(&damaged)
            && let Ok(plan) = plan(&image, Returns::Plain)
        {
            let end = bytes.len() as u64;
            assert!(plan.points.iter().all(|point| point.file_offset < end));
        }
    }
}
