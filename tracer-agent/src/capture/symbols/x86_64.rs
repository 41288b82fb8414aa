//! Straight-line analysis of x86-64 code.
//!
//! The kernel replaces the probed instruction by `int3`. Some instructions it emulates in the trap
//! handler; of all others it single-steps a copy, which costs a second trap. The list is that of
//! `arch/x86/kernel/uprobes.c` (`branch_setup_xol_ops`, `push_setup_xol_ops`).

use iced_x86::{
    Code, Decoder, DecoderOptions, FlowControl, Instruction, InstructionInfoFactory, Mnemonic,
    OpAccess, OpKind, Register,
};

use super::super::plan::ProbeCost;
use super::elf::ElfImage;
use super::flow::{ARGUMENTS, Arguments, Call, Need, Point, Value};

/// The System V calling convention.
const ARGUMENT_REGISTERS: [Register; ARGUMENTS] = [
    Register::RDI,
    Register::RSI,
    Register::RDX,
    Register::RCX,
    Register::R8,
];
/// Instructions followed from the entry for a probe point.
const MAX_PROLOGUE: usize = 24;
/// Instructions followed on one path to the first call.
const MAX_PATH: usize = 64;
/// Paths followed from one entry.
const MAX_PATHS: usize = 8;
/// Bytes searched for branches back into a prologue.
const MAX_BODY: u64 = 16 * 1024;
/// Bytes taken for the body of a function of unknown size.
const UNKNOWN_BODY: u64 = 2 * 1024;
/// The longest instruction.
const MAX_INSTRUCTION: usize = 15;

/// The cheapest instruction at or after `entry` where `need` holds: the first emulated one on the
/// straight line that every call runs through exactly once, else the entry itself.
pub fn cheapest_point(image: &ElfImage, entry: u64, size: u64, need: Need) -> Point {
    let code = image.code_at(entry, MAX_PROLOGUE * MAX_INSTRUCTION);
    let mut registers = Registers::at_entry();
    for instruction in decoder(&code, entry).into_iter().take(MAX_PROLOGUE) {
        if instruction.is_invalid() || !registers.satisfy(need) {
            break;
        }
        if is_emulated(&instruction) {
            let address = instruction.ip();
            if address != entry && is_branched_into(image, entry, size, address) {
                break;
            }
            return Point {
                address,
                cost: ProbeCost::Emulated,
            };
        }
        if instruction.flow_control() != FlowControl::Next {
            break;
        }
        registers.step(&instruction);
    }
    Point {
        address: entry,
        cost: ProbeCost::SingleStepped,
    }
}

/// The first call or tail jump on each path from `entry`, with the argument registers there, when
/// the function is entered with `arguments`.
pub fn first_calls(image: &ElfImage, entry: u64, size: u64, arguments: Arguments) -> Vec<Call> {
    let body = entry..entry.saturating_add(body_size(size));
    let mut calls = Vec::new();
    let mut paths = vec![(entry, Registers::with(arguments))];
    let mut followed = 0;
    while let Some((start, mut registers)) = paths.pop() {
        followed += 1;
        if followed > MAX_PATHS {
            break;
        }
        let code = image.code_at(start, MAX_PATH * MAX_INSTRUCTION);
        for instruction in decoder(&code, start).into_iter().take(MAX_PATH) {
            let site = instruction.ip();
            let arguments = registers.arguments();
            match instruction.flow_control() {
                FlowControl::Next => registers.step(&instruction),
                FlowControl::ConditionalBranch => {
                    paths.push((instruction.near_branch_target(), registers.clone()));
                }
                FlowControl::UnconditionalBranch
                    if body.contains(&instruction.near_branch_target()) =>
                {
                    paths.push((instruction.near_branch_target(), registers));
                    break;
                }
                FlowControl::UnconditionalBranch | FlowControl::Call => {
                    let target = through_plt(image, instruction.near_branch_target());
                    calls.push(Call {
                        site,
                        target,
                        arguments,
                    });
                    break;
                }
                FlowControl::IndirectCall | FlowControl::IndirectBranch => {
                    let target = slot(&instruction).and_then(|slot| image.import_at(slot));
                    calls.extend(target.map(|to| Call {
                        site,
                        target: to.address,
                        arguments,
                    }));
                    break;
                }
                _ => break,
            }
        }
    }
    calls
}

/// Whether the kernel emulates this instruction.
///
/// Multi-byte nops are left out: 6.18 emulates them, kernels before single-step them, and some
/// refuse a probe on the form with an operand-size prefix.
pub(super) fn is_emulated(instruction: &Instruction) -> bool {
    match instruction.code() {
        Code::Call_rel32_64 | Code::Jmp_rel8_64 | Code::Jmp_rel32_64 => instruction.len() <= 5,
        // One byte, or two with the prefix that selects r8 to r15.
        Code::Push_r64 => instruction.len() == 1 + instruction.op0_register().number() / 8,
        Code::Nopd => instruction.len() == 1,
        _ => instruction.is_jcc_short_or_near() && matches!(instruction.len(), 2 | 6),
    }
}

/// Whether a direct branch of the function leads to an instruction after its first, up to
/// `point`: a probe there would count one call several times.
fn is_branched_into(image: &ElfImage, entry: u64, size: u64, point: u64) -> bool {
    let code = image.code_at(entry, body_size(size) as usize);
    decoder(&code, entry).into_iter().any(|instruction| {
        let branches = matches!(
            instruction.flow_control(),
            FlowControl::ConditionalBranch | FlowControl::UnconditionalBranch
        );
        branches && (entry + 1..=point).contains(&instruction.near_branch_target())
    })
}

fn body_size(size: u64) -> u64 {
    if size == 0 {
        UNKNOWN_BODY
    } else {
        size.min(MAX_BODY)
    }
}

/// Follows `target` when it is a PLT entry (`[endbr64] jmp *slot(%rip)`) bound within this file.
fn through_plt(image: &ElfImage, target: u64) -> u64 {
    let code = image.code_at(target, 2 * MAX_INSTRUCTION);
    decoder(&code, target)
        .into_iter()
        .find(|instruction| instruction.mnemonic() != Mnemonic::Endbr64)
        .filter(|jump| jump.flow_control() == FlowControl::IndirectBranch)
        .and_then(|jump| slot(&jump))
        .and_then(|slot| image.import_at(slot))
        .map_or(target, |function| function.address)
}

/// The GOT slot that an indirect call or jump reads.
fn slot(instruction: &Instruction) -> Option<u64> {
    (instruction.op0_kind() == OpKind::Memory && instruction.is_ip_rel_memory_operand())
        .then(|| instruction.ip_rel_memory_address())
}

pub(super) fn decoder(code: &[u8], address: u64) -> Decoder<'_> {
    Decoder::with_ip(64, code, address, DecoderOptions::NONE)
}

/// The general registers by what they hold, and whether the stack pointer is still where the call
/// left it.
#[derive(Clone)]
struct Registers {
    values: [Value; 16],
    stack_untouched: bool,
}

impl Registers {
    fn at_entry() -> Self {
        Self::with(super::flow::ENTRY)
    }

    fn with(arguments: Arguments) -> Self {
        let mut registers = Self {
            values: [Value::Unknown; 16],
            stack_untouched: true,
        };
        for (register, value) in ARGUMENT_REGISTERS.into_iter().zip(arguments) {
            registers.set(register, value);
        }
        registers.set(Register::RSP, Value::Stack);
        registers
    }

    fn arguments(&self) -> Arguments {
        ARGUMENT_REGISTERS.map(|register| self.get(register))
    }

    fn satisfy(&self, need: Need) -> bool {
        let live = self
            .arguments()
            .iter()
            .zip(super::flow::ENTRY)
            .take(need.arguments)
            .all(|(now, at_entry)| *now == at_entry);
        live && (self.stack_untouched || !need.return_address)
    }

    /// Applies an instruction that goes on to the next.
    fn step(&mut self, instruction: &Instruction) {
        let copied = self.copied(instruction);
        let mut info = InstructionInfoFactory::new();
        for used in info.info(instruction).used_registers() {
            if !matches!(
                used.access(),
                OpAccess::Read | OpAccess::CondRead | OpAccess::None
            ) {
                let register = used.register().full_register();
                if register == Register::RSP {
                    self.stack_untouched = false;
                } else {
                    self.set(register, Value::Unknown);
                }
            }
        }
        if let Some(value) = copied {
            self.set(instruction.op0_register().full_register(), value);
        }
    }

    /// What the destination register holds after a move that is understood.
    fn copied(&self, instruction: &Instruction) -> Option<Value> {
        if instruction.op0_kind() != OpKind::Register {
            return None;
        }
        let source = instruction.op1_register();
        let same = source == instruction.op0_register();
        match instruction.mnemonic() {
            Mnemonic::Mov if source.is_gpr64() => Some(self.get(source)),
            // Only the length is widened; a pointer cut to 32 bits is no pointer any more.
            Mnemonic::Mov | Mnemonic::Movsxd if source.is_gpr32() => match self.get(source) {
                value @ (Value::Argument(2) | Value::Zero) => Some(value),
                _ => None,
            },
            Mnemonic::Xor | Mnemonic::Sub if same && source.size() >= 4 => Some(Value::Zero),
            Mnemonic::Mov if is_zero_immediate(instruction) => Some(Value::Zero),
            Mnemonic::Lea if self.get(instruction.memory_base()) == Value::Stack => {
                Some(Value::Stack)
            }
            _ => None,
        }
    }

    fn get(&self, register: Register) -> Value {
        index(register)
            .and_then(|at| self.values.get(at).copied())
            .unwrap_or(Value::Unknown)
    }

    fn set(&mut self, register: Register, value: Value) {
        if let Some(slot) = index(register).and_then(|at| self.values.get_mut(at)) {
            *slot = value;
        }
    }
}

fn is_zero_immediate(instruction: &Instruction) -> bool {
    matches!(
        instruction.op1_kind(),
        OpKind::Immediate32 | OpKind::Immediate32to64 | OpKind::Immediate64
    ) && instruction.immediate(1) == 0
}

fn index(register: Register) -> Option<usize> {
    register.is_gpr().then(|| register.full_register().number())
}
