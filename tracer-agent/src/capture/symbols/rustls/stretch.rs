//! What registers hold along a straight stretch of code, told by what they held at its start.
//!
//! Branches that leave the stretch are passed over. Where one leads into it from elsewhere, what is
//! said here does not hold; whoever uses it asks for so much that this would be noticed.

use iced_x86::{
    FlowControl, Instruction, InstructionInfoFactory, Mnemonic, OpAccess, OpKind, Register,
};

use super::super::x86_64_frame::SCRATCH;

/// Most pointers followed from a register.
const MAX_HOPS: usize = 3;

/// A number: what a register held at the start, pointers followed from there, and a number added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sum {
    /// The register.
    pub base: Register,
    hops: [i64; MAX_HOPS],
    followed: usize,
    /// What is added in the end.
    pub plus: i64,
}

impl Sum {
    /// What a register held.
    pub fn start(base: Register) -> Self {
        Self {
            base,
            hops: [0; MAX_HOPS],
            followed: 0,
            plus: 0,
        }
    }

    /// More.
    pub fn plus(self, number: i64) -> Self {
        Self {
            plus: self.plus.wrapping_add(number),
            ..self
        }
    }

    /// The eight bytes in memory there.
    pub fn loaded(self) -> Option<Self> {
        let mut loaded = self;
        *loaded.hops.get_mut(self.followed)? = self.plus;
        loaded.followed += 1;
        loaded.plus = 0;
        Some(loaded)
    }

    /// Where these bytes were loaded from.
    pub fn loaded_from(self) -> Option<Self> {
        let mut from = self;
        from.followed = self.followed.checked_sub(1)?;
        let hop = from.hops.get_mut(from.followed)?;
        from.plus = std::mem::take(hop);
        (self.plus == 0).then_some(from)
    }

    /// The same without what is added.
    pub fn pointer(self) -> Self {
        Self { plus: 0, ..self }
    }
}

/// What a register holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// Such a number.
    Sum(Sum),
    /// One byte of memory there.
    Byte(Sum),
    /// Anything else.
    Unknown,
}

/// A write to memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Store {
    /// Where, if it is known.
    pub to: Option<Sum>,
    /// What.
    pub value: Held,
}

/// The state at one place.
#[derive(Debug, Clone)]
pub struct Stretch {
    registers: [Held; 16],
    /// What was written on the way.
    pub stores: Vec<Store>,
}

impl Stretch {
    /// At the start.
    pub fn start() -> Self {
        let mut stretch = Self {
            registers: [Held::Unknown; 16],
            stores: Vec::new(),
        };
        for register in (Register::RAX as u32..=Register::R15 as u32).filter_map(general) {
            stretch.set(register, Held::Sum(Sum::start(register)));
        }
        stretch
    }

    /// What a register holds; nothing is known of parts of one.
    pub fn get(&self, register: Register) -> Held {
        if register.size() != 8 {
            return Held::Unknown;
        }
        number(register)
            .and_then(|at| self.registers.get(at).copied())
            .unwrap_or(Held::Unknown)
    }

    /// What the register that `register` is a part of holds.
    pub fn whole(&self, register: Register) -> Held {
        self.get(register.full_register())
    }

    /// The number that a register holds.
    pub fn sum(&self, register: Register) -> Option<Sum> {
        match self.get(register) {
            Held::Sum(sum) => Some(sum),
            _ => None,
        }
    }

    /// A register that holds `sum` but for what is added, and how much more that is; those that calls
    /// preserve before others.
    pub fn leading_to(&self, sum: Sum) -> Option<(usize, i64)> {
        let leads = |at: usize| match self.registers.get(at)? {
            Held::Sum(own) if own.pointer() == sum.pointer() => {
                Some((at, sum.plus.checked_sub(own.plus)?))
            }
            _ => None,
        };
        const BY_LASTING: [usize; 16] = [3, 12, 13, 14, 15, 5, 4, 0, 1, 2, 6, 7, 8, 9, 10, 11];
        BY_LASTING.into_iter().find_map(leads)
    }

    /// What an operand holds: a register or memory.
    pub fn operand(&self, instruction: &Instruction, operand: u32) -> Held {
        match instruction.op_kind(operand) {
            OpKind::Register => self.get(instruction.op_register(operand)),
            OpKind::Memory if instruction.memory_size().size() == 8 => self
                .address(instruction)
                .and_then(Sum::loaded)
                .map_or(Held::Unknown, Held::Sum),
            _ => Held::Unknown,
        }
    }

    /// Where the memory operand is.
    pub fn address(&self, instruction: &Instruction) -> Option<Sum> {
        let base = instruction.memory_base();
        let plain = base.size() == 8
            && base.is_gpr()
            && instruction.memory_index() == Register::None
            && instruction.segment_prefix() == Register::None;
        let distance = instruction.memory_displacement64().cast_signed();
        plain.then(|| Some(self.sum(base)?.plus(distance)))?
    }

    /// Passes a call.
    pub fn call(&mut self) {
        for register in SCRATCH {
            self.set(register, Held::Unknown);
        }
    }

    /// Passes an instruction that goes on to the next.
    pub fn step(&mut self, instruction: &Instruction, info: &mut InstructionInfoFactory) {
        debug_assert_eq!(instruction.flow_control(), FlowControl::Next);
        let result = self.result(instruction);
        self.note_store(instruction, result, info);
        let pointer = self.moved_pointer(instruction);
        for used in info.info(instruction).used_registers() {
            if !matches!(
                used.access(),
                OpAccess::Read | OpAccess::CondRead | OpAccess::NoMemAccess | OpAccess::None
            ) {
                self.set(used.register().full_register(), Held::Unknown);
            }
        }
        if let Some(pointer) = pointer {
            self.set(Register::RSP, Held::Sum(pointer));
        }
        if instruction.op0_kind() == OpKind::Register {
            let register = instruction.op0_register();
            match (register.size(), result) {
                (8, _) | (4, Held::Byte(..)) if result != Held::Unknown => {
                    self.set(register.full_register(), result);
                }
                _ => {}
            }
        }
    }

    /// What the first operand holds behind the instruction, where that is understood.
    fn result(&self, instruction: &Instruction) -> Held {
        let added = |number: Option<i64>| match (self.operand(instruction, 0), number) {
            (Held::Sum(sum), Some(number)) => Held::Sum(sum.plus(number)),
            _ => Held::Unknown,
        };
        match instruction.mnemonic() {
            Mnemonic::Mov => self.operand(instruction, 1),
            Mnemonic::Movzx if instruction.op1_kind() == OpKind::Memory => {
                match (self.address(instruction), instruction.memory_size().size()) {
                    (Some(at), 1) => Held::Byte(at),
                    _ => Held::Unknown,
                }
            }
            Mnemonic::Lea if instruction.op0_register().size() == 8 => {
                self.address(instruction).map_or(Held::Unknown, Held::Sum)
            }
            Mnemonic::Inc => added(Some(1)),
            Mnemonic::Add => added(number_operand(instruction)),
            Mnemonic::Sub => added(number_operand(instruction).and_then(i64::checked_neg)),
            _ => Held::Unknown,
        }
    }

    /// Where the stack pointer is behind a push or pop.
    fn moved_pointer(&self, instruction: &Instruction) -> Option<Sum> {
        let moves = matches!(instruction.mnemonic(), Mnemonic::Push | Mnemonic::Pop);
        let by = i64::from(instruction.stack_pointer_increment());
        moves.then(|| Some(self.sum(Register::RSP)?.plus(by)))?
    }

    fn note_store(
        &mut self,
        instruction: &Instruction,
        result: Held,
        info: &mut InstructionInfoFactory,
    ) {
        let writes = info.info(instruction).used_memory().iter().any(|memory| {
            matches!(
                memory.access(),
                OpAccess::Write
                    | OpAccess::CondWrite
                    | OpAccess::ReadWrite
                    | OpAccess::ReadCondWrite
            )
        });
        if !writes {
            return;
        }
        let whole = instruction.op0_kind() == OpKind::Memory;
        self.stores.push(Store {
            to: whole.then(|| self.address(instruction)).flatten(),
            value: if whole { result } else { Held::Unknown },
        });
    }

    fn set(&mut self, register: Register, held: Held) {
        if let Some(slot) = number(register).and_then(|at| self.registers.get_mut(at)) {
            *slot = held;
        }
    }
}

/// The number that an instruction adds, subtracts or compares with.
pub fn number_operand(instruction: &Instruction) -> Option<i64> {
    match instruction.op1_kind() {
        OpKind::Immediate8
        | OpKind::Immediate8to16
        | OpKind::Immediate8to32
        | OpKind::Immediate8to64
        | OpKind::Immediate16
        | OpKind::Immediate32
        | OpKind::Immediate32to64
        | OpKind::Immediate64 => Some(instruction.immediate(1).cast_signed()),
        _ => None,
    }
}

fn number(register: Register) -> Option<usize> {
    register.is_gpr().then(|| register.full_register().number())
}

fn general(number: u32) -> Option<Register> {
    Register::try_from(number as usize).ok()
}
