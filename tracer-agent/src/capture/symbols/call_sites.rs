//! Where the calls of one function come back to: all of them, or nothing.
//!
//! A plain probe at each of these places does what a return probe at the function would, without
//! changing a return address. That holds only if no call comes from elsewhere, so it is taken only if
//! all of this is proven from the file:
//!
//! 1. Every place in the code that could be a reference to the function (four bytes that, taken as a
//!    displacement from their own end, lead to it) is the operand of a direct call, at the boundary of
//!    an instruction of a function that the unwind table knows.
//! 2. No short jump of a function in reach leads to it, and no pointer in the data.

use std::ops::Range;

use iced_x86::{Code, FlowControl, Instruction, InstructionInfoFactory, OpAccess, Register};

use super::super::plan::ProbeCost;
use super::elf::{ElfImage, Machine};
use super::unwind_index::UnwindIndex;
use super::x86_64::{decoder, is_emulated};

/// A place where a call has come back with its result in `rax`, and the stack pointer behind the
/// return address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Return {
    /// Virtual address of the instruction.
    pub address: u64,
    /// What the kernel does with it.
    pub cost: ProbeCost,
    /// Virtual address of the call.
    pub site: u64,
}

/// Calls of one function that are believed: OpenSSL has three.
const MAX_CALLS: usize = 16;
/// Bytes of one function.
const MAX_FUNCTION: u64 = 64 << 10;
/// How far a short jump reaches, in bytes.
const SHORT_JUMP: u64 = 130;
/// Instructions from a call to the probe behind it.
const MAX_BEHIND: usize = 8;
/// Length of a call, its operand last.
const CALL: u64 = 5;
const OPERAND: u64 = 4;

/// Where all calls of a function come back to; `None` if that is not certain.
pub fn returns(image: &ElfImage, function: u64) -> Option<Vec<Return>> {
    if image.machine() != Machine::X86_64 || image.points_to(function) {
        return None;
    }
    let functions = UnwindIndex::of(image)?;
    let own = functions.function_at(function)?;
    if own.start != function || jumped_to(image, &functions, function) {
        return None;
    }
    let operands = image.displacements_to(function, MAX_CALLS)?;
    let returns: Option<Vec<Return>> = operands
        .into_iter()
        .map(|operand| {
            let site = operand.checked_sub(CALL - OPERAND)?;
            let caller = functions.function_at(site)?;
            let call = instruction_at(image, &caller, site)?;
            let is_call = call.code() == Code::Call_rel32_64
                && u64::try_from(call.len()) == Ok(CALL)
                && call.near_branch_target() == function
                && !own.contains(&site);
            is_call.then(|| behind(image, &caller, &call))?
        })
        .collect();
    returns.filter(|returns| !returns.is_empty())
}

/// The first emulated instruction on the straight line behind a call, as long as its result and the
/// stack pointer are untouched; else the one right behind it.
fn behind(image: &ElfImage, caller: &Range<u64>, call: &Instruction) -> Option<Return> {
    let start = call.next_ip();
    let at = |address, cost| Return {
        address,
        cost,
        site: call.ip(),
    };
    let code = image.code_at(start, MAX_BEHIND * 15);
    let mut info = InstructionInfoFactory::new();
    for instruction in decoder(&code, start).into_iter().take(MAX_BEHIND) {
        if instruction.is_invalid() || !caller.contains(&instruction.ip()) {
            break;
        }
        if is_emulated(&instruction) {
            return Some(at(instruction.ip(), ProbeCost::Emulated));
        }
        let straight = instruction.flow_control() == FlowControl::Next;
        if !straight || writes_result_or_stack(&instruction, &mut info) {
            break;
        }
    }
    // A call that never comes back has nothing behind it.
    let first = decoder(&code, start).into_iter().next()?;
    (!first.is_invalid() && caller.contains(&start)).then(|| at(start, ProbeCost::SingleStepped))
}

fn writes_result_or_stack(instruction: &Instruction, info: &mut InstructionInfoFactory) -> bool {
    info.info(instruction).used_registers().iter().any(|used| {
        let writes = !matches!(
            used.access(),
            OpAccess::None | OpAccess::Read | OpAccess::CondRead | OpAccess::NoMemAccess
        );
        writes && [Register::RAX, Register::RSP].contains(&used.register().full_register())
    })
}

/// The instruction at an address, if one begins there.
fn instruction_at(image: &ElfImage, function: &Range<u64>, address: u64) -> Option<Instruction> {
    instructions(image, function)?
        .into_iter()
        .take_while(|instruction| instruction.ip() <= address)
        .find(|instruction| instruction.ip() == address)
}

/// Whether a function near by leaves to this one by a short jump.
fn jumped_to(image: &ElfImage, functions: &UnwindIndex<'_>, function: u64) -> bool {
    let mut at = function.saturating_sub(SHORT_JUMP);
    while at <= function.saturating_add(SHORT_JUMP) {
        let Some(near) = functions.function_at(at) else {
            at += 1;
            continue;
        };
        at = near.end.max(at + 1);
        if near.start == function {
            continue;
        }
        let Some(code) = instructions(image, &near) else {
            return true; // not known: as good as yes
        };
        let leads_here = |instruction: &Instruction| {
            (instruction.is_jmp_short() || instruction.is_jcc_short())
                && instruction.near_branch_target() == function
        };
        if code.iter().any(leads_here) {
            return true;
        }
    }
    false
}

/// All instructions of a function, one behind the other: compilers put no data between them.
fn instructions(image: &ElfImage, function: &Range<u64>) -> Option<Vec<Instruction>> {
    let length = function.end.checked_sub(function.start)?;
    if length > MAX_FUNCTION {
        return None;
    }
    let code = image.code_at(function.start, usize::try_from(length).ok()?);
    let instructions: Vec<Instruction> = decoder(&code, function.start).into_iter().collect();
    let sound = instructions
        .iter()
        .all(|instruction| !instruction.is_invalid());
    sound.then_some(instructions)
}

#[cfg(test)]
#[path = "call_sites_tests.rs"]
mod tests;
