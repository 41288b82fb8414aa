//! Where a read is seen by one plain probe: behind the call that did it.
//!
//! OpenSSL's `ssl3_read(ssl, buf, num, &count)`, or the function it leaves to, calls the record
//! layer through the method of the connection:
//!
//! ```c
//! ret = s->method->ssl_read_bytes(s, SSL3_RT_APPLICATION_DATA, NULL, buf, len, peek, readbytes);
//! ```
//!
//! Seven arguments with a constant between them leave no doubt about which call that is. It may be
//! made again, so its callers keep the arguments in registers that calls preserve, and the first
//! emulated instruction behind it sees them and the result together.

use iced_x86::{FlowControl, Instruction, InstructionInfoFactory, OpKind, Register};
use tracer_common::cookie::{ReadRegisters, SavedRegister};

use super::elf::ElfImage;
use super::x86_64::{decoder, is_emulated};
use super::x86_64_body::Body;
use super::x86_64_frame::{ARGUMENT_REGISTERS, Frame, Value, low};

/// `SSL3_RT_APPLICATION_DATA`.
const APPLICATION_DATA: i64 = 23;
/// Instructions from a call to the probe behind it.
const MAX_BEHIND: usize = 8;
/// Instructions of a function that only leaves to another.
const MAX_TRAMPOLINE: usize = 8;

/// A place that a read runs through once it is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResultPoint {
    /// Virtual address of an instruction that the kernel emulates.
    pub address: u64,
    /// Where the arguments are there; the result is in `eax`.
    pub registers: ReadRegisters,
}

/// The points of a function `(ssl, buf, num, &count)` that together see each of its reads once, or
/// nothing if that is not certain.
pub fn result_points(image: &ElfImage, function: u64) -> Option<Vec<ResultPoint>> {
    let (entry, passed) = through_trampoline(image, function);
    let body = Body::follow(image, entry, |frame| {
        read_arguments(frame, &passed).is_some()
    })?;
    let calls: Vec<(&Instruction, Option<ReadArguments>)> = body
        .places
        .values()
        .filter(|(instruction, _)| is_call(instruction))
        .map(|(instruction, frame)| (instruction, read_arguments(frame, &passed)))
        .collect();
    let is_read = |callee: Callee| {
        let of_callee = |call: &Instruction| Callee::of(call) == callee;
        calls
            .iter()
            .any(|(call, read)| read.is_some() && of_callee(call))
    };
    let mut points = Vec::new();
    for (call, read) in &calls {
        match read {
            Some(read) => points.push(point_behind(&body, call, *read)?),
            // Of calls through a pointer any may be a read, and of others those that were one.
            None if Callee::of(call) == Callee::Pointer || is_read(Callee::of(call)) => {
                return None;
            }
            None => {}
        }
    }
    let leaves_by_pointer = body
        .places
        .values()
        .any(|(instruction, _)| instruction.flow_control() == FlowControl::IndirectBranch);
    (!points.is_empty() && !leaves_by_pointer).then_some(points)
}

/// Whether a function hands its first four arguments on, as they are, to the function that a
/// structure holds at this offset.
pub fn hands_on(image: &ElfImage, function: u64, offset: u64) -> bool {
    let Some(body) = Body::follow(image, function, |_| false) else {
        return false;
    };
    let is_member = |frame: &Frame, branch: &Instruction| match branch.op0_kind() {
        OpKind::Register => frame.get(branch.op0_register()) == Value::Field(offset as i64),
        OpKind::Memory => {
            branch.memory_base() != Register::None
                && branch.memory_index() == Register::None
                && branch.memory_displacement64() == offset
        }
        _ => false,
    };
    body.places.values().any(|(instruction, frame)| {
        matches!(
            instruction.flow_control(),
            FlowControl::IndirectCall | FlowControl::IndirectBranch
        ) && is_member(frame, instruction)
            && (0..)
                .zip(ARGUMENT_REGISTERS)
                .take(4)
                .all(|(index, register)| frame.get(register) == Value::Argument(index))
    })
}

/// What is called, as far as calls of one function can be told from those of others.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Callee {
    /// A function of this file, or an import by its stub.
    Direct(u64),
    /// An import, by its slot.
    Import(u64),
    /// Whatever a register or a structure holds.
    Pointer,
}

impl Callee {
    fn of(call: &Instruction) -> Self {
        if call.flow_control() == FlowControl::Call {
            Self::Direct(call.near_branch_target())
        } else if call.op0_kind() == OpKind::Memory && call.is_ip_rel_memory_operand() {
            Self::Import(call.ip_rel_memory_address())
        } else {
            Self::Pointer
        }
    }
}

/// Arguments of a call of `ssl_read_bytes`, as they are named in its caller.
#[derive(Clone, Copy)]
struct ReadArguments {
    object: Value,
    buffer: Value,
    count: Value,
    /// Nothing where it is always 0.
    peek: Option<Value>,
}

/// The arguments, if this is such a call. `passed` are those that the caller itself is entered
/// with for reads; for others (peeking) they may differ.
fn read_arguments(frame: &Frame, passed: &[Value; 6]) -> Option<ReadArguments> {
    let [object, kind, kind_out, buffer, length, peek] =
        ARGUMENT_REGISTERS.map(|register| frame.get(register));
    let count = frame.top();
    let as_passed = |value: Value| match value {
        Value::Argument(index) => passed
            .get(usize::from(index))
            .copied()
            .unwrap_or(Value::Unknown),
        Value::Low(index) => passed
            .get(usize::from(index))
            .map_or(Value::Unknown, |value| low(*value)),
        other => other,
    };
    let matches = low(kind) == Value::Constant(APPLICATION_DATA)
        && kind_out == Value::Constant(0)
        && as_passed(object) == Value::Argument(0)
        && as_passed(buffer) == Value::Argument(1)
        && as_passed(length) == Value::Argument(2)
        && as_passed(count) == Value::Argument(3)
        && low(as_passed(peek)) == Value::Constant(0);
    matches.then_some(ReadArguments {
        object,
        buffer,
        count,
        peek: (low(peek) != Value::Constant(0)).then_some(peek),
    })
}

/// The first emulated instruction on the straight line behind a call, if the arguments and the
/// result are all there, and no branch leads to it but by way of the call.
fn point_behind(body: &Body, call: &Instruction, read: ReadArguments) -> Option<ResultPoint> {
    let straight = body.places.range(call.next_ip()..).take(MAX_BEHIND);
    let mut expected = call.next_ip();
    for (&address, (instruction, frame)) in straight {
        if address != expected || body.targets.contains(&address) {
            return None;
        }
        if is_emulated(instruction) {
            let registers = ReadRegisters {
                object: kept(frame, |value| value == read.object)?,
                buffer: kept(frame, |value| value == read.buffer)?,
                count: kept(frame, |value| value == read.count)?,
                peek: match read.peek {
                    Some(peek) => Some(kept(frame, |value| low(value) == low(peek))?),
                    None => None,
                },
            };
            return (frame.get(Register::RAX) == Value::Result)
                .then_some(ResultPoint { address, registers });
        }
        if instruction.flow_control() != FlowControl::Next {
            return None;
        }
        expected = instruction.next_ip();
    }
    None
}

/// A register that calls preserve with such a value.
fn kept(frame: &Frame, is_wanted: impl Fn(Value) -> bool) -> Option<SavedRegister> {
    const SAVED: [(Register, SavedRegister); 6] = [
        (Register::RBX, SavedRegister::Rbx),
        (Register::RBP, SavedRegister::Rbp),
        (Register::R12, SavedRegister::R12),
        (Register::R13, SavedRegister::R13),
        (Register::R14, SavedRegister::R14),
        (Register::R15, SavedRegister::R15),
    ];
    SAVED
        .into_iter()
        .find(|(register, _)| is_wanted(frame.get(*register)))
        .map(|(_, saved)| saved)
}

/// Where a function that only rearranges its arguments leaves to, and what it passes there; else
/// the function itself with its own arguments.
fn through_trampoline(image: &ElfImage, function: u64) -> (u64, [Value; 6]) {
    let mut frame = Frame::at_entry();
    let own = ARGUMENT_REGISTERS.map(|register| frame.get(register));
    let mut info = InstructionInfoFactory::new();
    let code = image.code_at(function, MAX_TRAMPOLINE * 15);
    for instruction in decoder(&code, function).into_iter().take(MAX_TRAMPOLINE) {
        match instruction.flow_control() {
            FlowControl::Next => frame.step(&instruction, &mut info),
            FlowControl::UnconditionalBranch if frame.at_return_address() => {
                let passed = ARGUMENT_REGISTERS.map(|register| frame.get(register));
                return (instruction.near_branch_target(), passed);
            }
            _ => break,
        }
    }
    (function, own)
}

fn is_call(instruction: &Instruction) -> bool {
    matches!(
        instruction.flow_control(),
        FlowControl::Call | FlowControl::IndirectCall
    )
}
