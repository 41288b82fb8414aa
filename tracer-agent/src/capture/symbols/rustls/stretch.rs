//! What registers hold along a straight stretch of code, told by what they held at its start.
//!
//! Branches that leave the stretch are passed over. Where one leads into it from elsewhere, what is
//! said here does not hold; whoever uses it asks for so much that this would be noticed.

use iced_x86::{
    FlowControl, Instruction, InstructionInfoFactory, Mnemonic, OpAccess, OpKind, Register,
};

/// Registers that a callee may leave changed.
const SCRATCH: [Register; 9] = [
    Register::RAX,
    Register::RCX,
    Register::RDX,
    Register::RSI,
    Register::RDI,
    Register::R8,
    Register::R9,
    Register::R10,
    Register::R11,
];

/// What a register holds. Registers in it mean what those held at the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// The sum of a register and a number.
    Sum(Register, i64),
    /// The eight bytes in memory at such a sum.
    Loaded(Register, i64),
    /// One more than that.
    LoadedNext(Register, i64),
    /// One byte of memory at such a sum.
    Byte(Register, i64),
    /// The eight bytes so far (the second number) behind where such a loaded pointer leads.
    Member(Register, i64, i64),
    /// Anything else.
    Unknown,
}

impl Held {
    /// One more.
    pub fn next(self) -> Self {
        match self {
            Self::Sum(register, sum) => Self::Sum(register, sum.wrapping_add(1)),
            Self::Loaded(register, sum) => Self::LoadedNext(register, sum),
            _ => Self::Unknown,
        }
    }
}

/// A write to memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Store {
    /// Where: a [`Held::Sum`], if it is known.
    pub to: Held,
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
            stretch.set(register, Held::Sum(register, 0));
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

    /// A register that now leads to where `sum` does, and how far from it; those that calls
    /// preserve before others.
    pub fn leading_to(&self, base: Register, sum: i64) -> Option<(usize, i64)> {
        let leads = |at: usize| match self.registers.get(at)? {
            Held::Sum(register, own) if *register == base => Some((at, sum.checked_sub(*own)?)),
            _ => None,
        };
        const BY_LASTING: [usize; 16] = [3, 12, 13, 14, 15, 5, 4, 0, 1, 2, 6, 7, 8, 9, 10, 11];
        BY_LASTING.into_iter().find_map(leads)
    }

    /// What an operand holds: a register, a number, or memory.
    pub fn operand(&self, instruction: &Instruction, operand: u32) -> Held {
        match instruction.op_kind(operand) {
            OpKind::Register => self.get(instruction.op_register(operand)),
            OpKind::Memory => self.memory(instruction),
            _ => Held::Unknown,
        }
    }

    /// Where the memory operand is.
    pub fn address(&self, instruction: &Instruction) -> Held {
        match self.field(instruction) {
            Some((Held::Sum(register, sum), distance)) => {
                Held::Sum(register, sum.wrapping_add(distance))
            }
            _ => Held::Unknown,
        }
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
            self.set(Register::RSP, pointer);
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
        let first = self.operand(instruction, 0);
        match instruction.mnemonic() {
            Mnemonic::Mov => self.operand(instruction, 1),
            Mnemonic::Movzx if instruction.op1_kind() == OpKind::Memory => {
                match (self.address(instruction), instruction.memory_size().size()) {
                    (Held::Sum(register, sum), 1) => Held::Byte(register, sum),
                    _ => Held::Unknown,
                }
            }
            Mnemonic::Lea if instruction.op0_register().size() == 8 => {
                match self.field(instruction) {
                    Some((held @ Held::Loaded(..), 1)) => held.next(),
                    _ => self.address(instruction),
                }
            }
            Mnemonic::Inc => first.next(),
            Mnemonic::Add | Mnemonic::Sub => {
                let Some(by) = number_operand(instruction) else {
                    return Held::Unknown;
                };
                let by = match instruction.mnemonic() {
                    Mnemonic::Add => by,
                    _ => by.wrapping_neg(),
                };
                match first {
                    Held::Sum(register, sum) => Held::Sum(register, sum.wrapping_add(by)),
                    _ if by == 1 => first.next(),
                    _ => Held::Unknown,
                }
            }
            _ => Held::Unknown,
        }
    }

    /// Where the stack pointer is behind a push or pop.
    fn moved_pointer(&self, instruction: &Instruction) -> Option<Held> {
        let moves = matches!(instruction.mnemonic(), Mnemonic::Push | Mnemonic::Pop);
        let by = i64::from(instruction.stack_pointer_increment());
        match self.get(Register::RSP) {
            Held::Sum(register, sum) if moves => Some(Held::Sum(register, sum.wrapping_add(by))),
            _ => None,
        }
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
            to: if whole {
                self.address(instruction)
            } else {
                Held::Unknown
            },
            value: if whole { result } else { Held::Unknown },
        });
    }

    fn memory(&self, instruction: &Instruction) -> Held {
        if instruction.memory_size().size() != 8 {
            return Held::Unknown;
        }
        match self.field(instruction) {
            Some((Held::Sum(register, sum), distance)) => {
                Held::Loaded(register, sum.wrapping_add(distance))
            }
            Some((Held::Loaded(register, sum), distance)) => Held::Member(register, sum, distance),
            _ => Held::Unknown,
        }
    }

    /// The register that the memory operand is a fixed distance from, and the distance.
    fn field(&self, instruction: &Instruction) -> Option<(Held, i64)> {
        let base = instruction.memory_base();
        let plain = base.size() == 8
            && base.is_gpr()
            && instruction.memory_index() == Register::None
            && instruction.segment_prefix() == Register::None;
        let distance = instruction.memory_displacement64().cast_signed();
        plain.then(|| (self.get(base), distance))
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
