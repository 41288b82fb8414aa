//! Reads seen at their result, on functions written for the purpose.

use tracer_common::cookie::{ReadRegisters, SavedRegister};

use super::super::plan::{CountLocation, ProbeCost, ProbeRole};
use super::fixture::{CODE_ADDRESS, Fixture};
use super::tests::{points, shared_internals};

/// `(ssl, buf, num, &count)`: keeps them in rbx, rbp, r12 and r13, and reads once or twice.
///
/// ```text
///  00  push %rbx; push %rbp; push %r12; push %r13; push %r14
///  08  mov %rdi,%rbx; mov %rsi,%rbp; mov %rdx,%r12; mov %rcx,%r13
///  14  push %r13; xor %r9d,%r9d; mov %r12,%r8; mov %rbp,%rcx; xor %edx,%edx; mov $23,%esi;
///      mov %rbx,%rdi; mov 8(%rbx),%rax
///  2d  call *0x68(%rax); pop %rcx; cmp $-1,%eax
///  34  je 3f
///  36  pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx; ret
///  3f  push %r13; … the same call
///  58  call *0x68(%rax); pop %rcx
///  5c  jmp 36
/// ```
pub const READER: &[u8] = b"\x53\x55\x41\x54\x41\x55\x41\x56\
    \x48\x89\xfb\x48\x89\xf5\x49\x89\xd4\x49\x89\xcd\
    \x41\x55\x45\x31\xc9\x4d\x89\xe0\x48\x89\xe9\x31\xd2\xbe\x17\x00\x00\x00\x48\x89\xdf\x48\x8b\x43\x08\
    \xff\x50\x68\x59\x83\xf8\xff\
    \x74\x09\
    \x41\x5e\x41\x5d\x41\x5c\x5d\x5b\xc3\
    \x41\x55\x45\x31\xc9\x4d\x89\xe0\x48\x89\xe9\x31\xd2\xbe\x17\x00\x00\x00\x48\x89\xdf\x48\x8b\x43\x08\
    \xff\x50\x68\x59\
    \xeb\xd8";
const FIRST_RESULT: u64 = 0x34;
const SECOND_RESULT: u64 = 0x5c;
/// Where the constant 23 of the second call is.
const SECOND_KIND: usize = 0x4d;

/// `(ssl, buf, num, peek, &count)`: keeps them in rbx, rbp, r12, r14 and r13.
///
/// ```text
///  00  push %rbx; push %rbp; push %r12; push %r13; push %r14
///  08  mov %rdi,%rbx; mov %rsi,%rbp; mov %rdx,%r12; mov %r8,%r13; mov %ecx,%r14d
///  17  push %r13; mov %r14d,%r9d; mov %r12,%r8; mov %rbp,%rcx; xor %edx,%edx; mov $23,%esi;
///      mov %rbx,%rdi; mov 8(%rbx),%rax
///  30  call *0x68(%rax); pop %rcx; test %eax,%eax
///  36  jle 39
///  38  nop
///  39  pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx; ret
/// ```
const SHARED_WITH_PEEK: &[u8] = b"\x53\x55\x41\x54\x41\x55\x41\x56\
    \x48\x89\xfb\x48\x89\xf5\x49\x89\xd4\x4d\x89\xc5\x41\x89\xce\
    \x41\x55\x45\x89\xf1\x4d\x89\xe0\x48\x89\xe9\x31\xd2\xbe\x17\x00\x00\x00\x48\x89\xdf\x48\x8b\x43\x08\
    \xff\x50\x68\x59\x85\xc0\
    \x7e\x01\
    \x90\
    \x41\x5e\x41\x5d\x41\x5c\x5d\x5b\xc3";
const SHARED_RESULT: u64 = 0x36;

/// `mov %rcx,%r8; xor %ecx,%ecx; jmp …`
const TO_READ: &[u8] = b"\x49\x89\xc8\x31\xc9\xe9\0\0\0\0";
/// `mov %rcx,%r8; mov $1,%ecx; jmp …`
const TO_PEEK: &[u8] = b"\x49\x89\xc8\xb9\x01\0\0\0\xe9\0\0\0\0";
/// Hands its arguments on: `push %rbx; mov %rdi,%rbx; mov 8(%rdi),%rax; mov 0x38(%rax),%rax;
/// pop %rbx; jmp *%rax`
const INTERNAL: &[u8] = b"\x53\x48\x89\xfb\x48\x8b\x47\x08\x48\x8b\x40\x38\x5b\xff\xe0";
/// The entry of the table that [`INTERNAL`] calls.
const READ_ENTRY: u64 = 7;
const PEEK_ENTRY: u64 = 9;

const KEPT: ReadRegisters = ReadRegisters {
    object: SavedRegister::Rbx,
    buffer: SavedRegister::Rbp,
    count: SavedRegister::R13,
    peek: None,
};

/// Adds `TLS_method` (`lea table(%rip),%rax; ret`) over an empty table, and returns its address.
fn add_table(fixture: &mut Fixture) -> u64 {
    let table = fixture.place(&[0; 128]);
    let method = fixture.function("TLS_method", b"\x48\x8d\x05\0\0\0\0\xc3");
    fixture.link(method + 7, table);
    CODE_ADDRESS + table
}

/// Adds a reader, its table and `TLS_method`. Returns where the reader is in the code.
pub fn add_reader(fixture: &mut Fixture, reader: &[u8]) -> u64 {
    let at = fixture.place(reader);
    let table = add_table(fixture);
    let entry = (table + 8 * READ_ENTRY, CODE_ADDRESS + at);
    fixture.pointers.push(entry);
    at
}

fn library(reader: &[u8]) -> (Fixture, u64) {
    let (mut fixture, ..) = shared_internals(b"", INTERNAL);
    let at = add_reader(&mut fixture, reader);
    (fixture, at)
}

/// The points of a library whose reads are seen by entry and return.
fn falls_back(fixture: &Fixture) -> bool {
    points(fixture, ProbeRole::ReadResult).is_empty() && points(fixture, ProbeRole::Read).len() == 1
}

#[test]
fn a_read_is_seen_behind_each_call_that_does_it() {
    let (fixture, reader) = library(READER);
    let count = CountLocation::Registers(KEPT);
    let expected =
        [FIRST_RESULT, SECOND_RESULT].map(|result| (reader + result, count, ProbeCost::Emulated));
    assert_eq!(points(&fixture, ProbeRole::ReadResult), expected);
    assert_eq!(points(&fixture, ProbeRole::Read), []);
}

#[test]
fn a_table_that_is_not_moved_holds_its_pointers_itself() {
    let (mut fixture, reader) = library(READER);
    let (address, target) = fixture.pointers.remove(0);
    let at = (address - CODE_ADDRESS) as usize;
    fixture.code[at..at + 8].copy_from_slice(&target.to_le_bytes());
    let found = points(&fixture, ProbeRole::ReadResult);
    assert_eq!(found[0].0, reader + FIRST_RESULT);
}

#[test]
fn code_shared_with_peeking_is_told_by_a_register() {
    let (mut fixture, ..) = shared_internals(b"", INTERNAL);
    let shared = fixture.place(SHARED_WITH_PEEK);
    let read = fixture.place(TO_READ);
    fixture.link(read + 10, shared);
    let peek = fixture.place(TO_PEEK);
    fixture.link(peek + 13, shared);
    let table = add_table(&mut fixture);
    for (entry, target) in [(READ_ENTRY, read), (PEEK_ENTRY, peek)] {
        let pointer = (table + 8 * entry, CODE_ADDRESS + target);
        fixture.pointers.push(pointer);
    }
    let registers = ReadRegisters {
        peek: Some(SavedRegister::R14),
        ..KEPT
    };
    let expected = (
        shared + SHARED_RESULT,
        CountLocation::Registers(registers),
        ProbeCost::Emulated,
    );
    assert_eq!(points(&fixture, ProbeRole::ReadResult), [expected]);
}

#[test]
fn a_call_that_may_be_a_read_and_is_not_known_to_be_one_is_not_passed_over() {
    let mut reader = READER.to_vec();
    reader[SECOND_KIND] = 22;
    assert!(falls_back(&library(&reader).0));
}

#[test]
fn a_result_that_is_also_reached_otherwise_is_not_taken() {
    // The second call's path ends in a jump to the first call's comparison.
    let mut reader = READER.to_vec();
    reader[SECOND_RESULT as usize + 1] = (0x31_i64 - 0x5e) as u8;
    assert!(falls_back(&library(&reader).0));
}

#[test]
fn a_result_behind_which_nothing_is_emulated_is_not_taken() {
    // `je` becomes two single-byte instructions that the kernel single-steps: `clc; clc`, and the
    // first read returns.
    let mut reader = READER.to_vec();
    reader[FIRST_RESULT as usize..][..2].copy_from_slice(b"\xf8\xf8");
    assert!(falls_back(&library(&reader).0));
}

#[test]
fn a_register_that_no_longer_holds_its_argument_is_not_taken() {
    // `pop %rcx` behind the first call becomes `pop %rbx`.
    let mut reader = READER.to_vec();
    reader[FIRST_RESULT as usize - 4] = 0x5b;
    assert!(falls_back(&library(&reader).0));
}

#[test]
fn a_reader_that_the_library_does_not_come_to_is_not_taken() {
    let (mut fixture, _) = library(READER);
    fixture.pointers[0].0 += 8;
    assert!(falls_back(&fixture));
}

#[test]
fn two_readers_are_one_too_many() {
    let (mut fixture, _) = library(READER);
    let (address, target) = fixture.pointers[0];
    fixture.pointers.push((address + 16, target));
    assert!(falls_back(&fixture));
}

#[test]
fn a_method_that_does_more_than_return_an_address_is_not_understood() {
    let (mut fixture, _) = library(READER);
    // `lea` becomes `mov table(%rip),%rax`.
    let method = fixture.symbols.last().expect("TLS_method").1 as usize;
    fixture.code[method + 1] = 0x8b;
    assert!(falls_back(&fixture));
}
