//! Functions of Go as its compiler makes them for x86-64, from Go 1.17 on: arguments and results in
//! registers, `r14` is the goroutine.

use std::ops::Range;

use iced_x86::{Code, FlowControl, Instruction, Mnemonic, OpKind, Register};
use tracer_common::go::APPLICATION_DATA;

use super::super::super::plan::ProbeCost;
use super::super::elf::ElfImage;
use super::super::flow::Point;
use super::super::x86_64::{decoder, is_emulated};

/// Longest function looked at: bytes.
const MAX_FUNCTION: u64 = 64 << 10;
/// `stackguard0` in `runtime.g`, behind the two ends of the stack.
const STACK_GUARD: u64 = 16;
/// Instructions that enlarge the stack: arguments saved, the call, arguments taken back, the jump.
const MAX_GROWTH: usize = 40;
/// Instructions before a call that set its arguments.
const MAX_ARGUMENTS: usize = 8;

/// All instructions of a function.
pub struct Listing(pub Vec<Instruction>);

impl Listing {
    /// Decodes a function; `None` if its bytes are not instructions from end to end.
    pub fn of(image: &ElfImage, function: &Range<u64>) -> Option<Self> {
        let length = function.end.checked_sub(function.start)?;
        let code = image.code_at(function.start, length.min(MAX_FUNCTION) as usize);
        let instructions: Vec<_> = decoder(&code, function.start).into_iter().collect();
        let is_whole = code.len() as u64 == length && !instructions.is_empty();
        let is_sound = instructions.iter().all(|one| !one.is_invalid());
        (is_whole && is_sound).then_some(Self(instructions))
    }

    /// The index of the instruction at an address.
    pub fn at(&self, address: u64) -> Option<usize> {
        self.0.binary_search_by_key(&address, Instruction::ip).ok()
    }

    /// The place at which each call of the function passes once, all arguments in their registers:
    /// the conditional jump of the check whether the stack has room, which `morestack` enlarges. As
    /// long as it jumps the function begins again.
    ///
    /// Nothing if the function does not begin with such a check: then it is no function of Go with
    /// arguments in registers, whatever its name says.
    pub fn stack_check(&self, morestack: u64) -> Option<Point> {
        let start = self.0.first()?.ip();
        let mut line = self.0.iter();
        let mut next = line.next()?;
        let mut pointer = Register::RSP;
        if next.mnemonic() == Mnemonic::Lea && next.memory_base() == Register::RSP {
            pointer = next.op0_register();
            next = line.next()?;
        }
        let compares = next.mnemonic() == Mnemonic::Cmp
            && next.op0_kind() == OpKind::Register
            && next.op0_register() == pointer
            && next.op1_kind() == OpKind::Memory
            && next.memory_base() == Register::R14
            && next.memory_index() == Register::None
            && next.memory_displacement64() == STACK_GUARD;
        let jump = line.next()?;
        let jumps = matches!(jump.code(), Code::Jbe_rel8_64 | Code::Jbe_rel32_64);
        if !compares || !jumps {
            return None;
        }
        let growth = self.0.get(self.at(jump.near_branch_target())?..)?;
        let mut calls = false;
        for instruction in growth.iter().take(MAX_GROWTH) {
            match instruction.flow_control() {
                FlowControl::Next => {}
                FlowControl::Call if !calls && instruction.near_branch_target() == morestack => {
                    calls = true;
                }
                FlowControl::UnconditionalBranch
                    if calls && instruction.near_branch_target() == start =>
                {
                    let cost = if is_emulated(jump) {
                        ProbeCost::Emulated
                    } else {
                        ProbeCost::SingleStepped
                    };
                    return Some(Point {
                        address: jump.ip(),
                        cost,
                    });
                }
                _ => return None,
            }
        }
        None
    }

    /// Where the function returns. Nothing if it may leave in another way.
    pub fn returns(&self) -> Option<Vec<u64>> {
        let mut returns = Vec::new();
        for instruction in &self.0 {
            match instruction.flow_control() {
                FlowControl::Return => returns.push(instruction.ip()),
                FlowControl::ConditionalBranch | FlowControl::UnconditionalBranch => {
                    self.at(instruction.near_branch_target())?;
                }
                FlowControl::IndirectBranch | FlowControl::XbeginXabortXend => return None,
                _ => {}
            }
        }
        (!returns.is_empty()).then_some(returns)
    }

    /// Whether the function calls `callee`, each time with the content type of application data as
    /// the second argument.
    pub fn writes_application_data_by(&self, callee: u64) -> bool {
        let sites: Vec<usize> = (0..self.0.len())
            .filter(|at| {
                let call = self.0.get(*at);
                call.is_some_and(|call| {
                    call.flow_control() == FlowControl::Call && call.near_branch_target() == callee
                })
            })
            .collect();
        let is_written = |site: &usize| {
            let before = self.0.get(..*site).unwrap_or_default();
            let line = before
                .iter()
                .rev()
                .take(MAX_ARGUMENTS)
                .take_while(|one| one.flow_control() == FlowControl::Next);
            let set = line
                .filter(|one| one.op0_kind() == OpKind::Register)
                .find(|one| one.op0_register().full_register() == Register::RBX);
            set.is_some_and(|one| {
                one.mnemonic() == Mnemonic::Mov
                    && matches!(
                        one.op1_kind(),
                        OpKind::Immediate8 | OpKind::Immediate32 | OpKind::Immediate32to64
                    )
                    && one.immediate(1) == u64::from(APPLICATION_DATA)
            })
        };
        !sites.is_empty() && sites.iter().all(is_written)
    }
}
