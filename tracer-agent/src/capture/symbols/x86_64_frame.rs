//! What the registers and the stack of one x86-64 function hold at one place in it.
//!
//! The System V calling convention is taken for granted: a callee leaves `rbx`, `rbp`, `rsp` and
//! `r12` to `r15` as they were. Of the stack no more is believed than what was stored since the
//! last call, through the stack or frame pointer.

use iced_x86::{Instruction, InstructionInfoFactory, Mnemonic, OpAccess, OpKind, Register};

/// Registers of the first six arguments, in order.
pub const ARGUMENT_REGISTERS: [Register; 6] = [
    Register::RDI,
    Register::RSI,
    Register::RDX,
    Register::RCX,
    Register::R8,
    Register::R9,
];
/// Registers that a callee may leave changed.
pub const SCRATCH: [Register; 9] = [
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

/// What a register or an eight byte slot of the stack holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value {
    /// The argument of this index (from 0).
    Argument(u8),
    /// The low 32 bits of it.
    Low(u8),
    /// A number, or an address in the file.
    Constant(i64),
    /// The address this far from where the stack pointer was at the entry.
    Stack(i64),
    /// What lies this far into some structure.
    Field(i64),
    /// What the call in question returned.
    Result,
    /// Anything else.
    Unknown,
}

/// The state before one instruction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    registers: [Value; 16],
    /// Slots by distance from the stack pointer at the entry.
    slots: Vec<(i64, Value)>,
}

impl Frame {
    /// The state at the entry of a function.
    pub fn at_entry() -> Self {
        let mut frame = Self {
            registers: [Value::Unknown; 16],
            slots: Vec::new(),
        };
        for (index, register) in (0..).zip(ARGUMENT_REGISTERS) {
            frame.set(register, Value::Argument(index));
        }
        frame.set(Register::RSP, Value::Stack(0));
        frame
    }

    /// What a general register holds.
    pub fn get(&self, register: Register) -> Value {
        index(register)
            .and_then(|at| self.registers.get(at).copied())
            .unwrap_or(Value::Unknown)
    }

    /// What the slot at the stack pointer holds: of a call, its seventh argument.
    pub fn top(&self) -> Value {
        match self.get(Register::RSP) {
            Value::Stack(at) => self.load(at),
            _ => Value::Unknown,
        }
    }

    /// Whether the stack pointer is where it was at the entry, at the return address.
    pub fn at_return_address(&self) -> bool {
        self.get(Register::RSP) == Value::Stack(0)
    }

    /// Keeps what this state and that of another path to the same place have in common. Whether
    /// anything changed.
    pub fn join(&mut self, other: &Self) -> bool {
        let mut changed = false;
        for (mine, theirs) in self.registers.iter_mut().zip(other.registers) {
            if *mine != theirs && *mine != Value::Unknown {
                *mine = Value::Unknown;
                changed = true;
            }
        }
        let before = self.slots.len();
        self.slots.retain(|slot| other.slots.contains(slot));
        changed || self.slots.len() != before
    }

    /// Passes a call that comes back with `result`. What the stack holds is forgotten: a pointer to
    /// it may have been handed out.
    pub fn call(&mut self, result: Value) {
        self.call_apart(result);
        self.slots.clear();
    }

    /// Passes a call that is taken to leave the stack of its caller alone but for what it is told
    /// to write. True of registers that compilers save there, but not proven.
    pub fn call_apart(&mut self, result: Value) {
        for register in SCRATCH {
            self.set(register, Value::Unknown);
        }
        self.set(Register::RAX, result);
    }

    /// Passes an instruction that goes on to the next.
    pub fn step(&mut self, instruction: &Instruction, info: &mut InstructionInfoFactory) {
        match instruction.mnemonic() {
            Mnemonic::Push => self.push(instruction),
            Mnemonic::Pop => self.pop(instruction),
            _ => {
                let moved = self.moved(instruction);
                self.forget_written(instruction, info);
                if let Some(value) = moved {
                    self.write(instruction, value);
                }
            }
        }
    }

    fn push(&mut self, instruction: &Instruction) {
        let value = self.operand(instruction, 0);
        let pointer = self.moved_pointer(instruction);
        self.set(Register::RSP, pointer);
        match pointer {
            Value::Stack(at) => self.store(at, value),
            _ => self.slots.clear(),
        }
    }

    fn pop(&mut self, instruction: &Instruction) {
        let value = self.top();
        let pointer = self.moved_pointer(instruction);
        self.set(Register::RSP, pointer);
        if instruction.op0_kind() == OpKind::Register && instruction.op0_register().is_gpr64() {
            self.set(instruction.op0_register(), value);
        } else {
            self.slots.clear();
        }
    }

    fn moved_pointer(&self, instruction: &Instruction) -> Value {
        match self.get(Register::RSP) {
            Value::Stack(at) => at
                .checked_add(i64::from(instruction.stack_pointer_increment()))
                .map_or(Value::Unknown, Value::Stack),
            _ => Value::Unknown,
        }
    }

    /// What the first operand holds behind an instruction that is understood.
    fn moved(&self, instruction: &Instruction) -> Option<Value> {
        let is_wide =
            instruction.op0_kind() != OpKind::Register || instruction.op0_register().is_gpr64();
        let is_register =
            instruction.op0_kind() == OpKind::Register && instruction.op0_register().size() >= 4;
        let same = instruction.op1_kind() == OpKind::Register
            && instruction.op0_register() == instruction.op1_register();
        match instruction.mnemonic() {
            Mnemonic::Mov => Some(self.operand(instruction, 1)),
            Mnemonic::Xor | Mnemonic::Sub if is_register && same => Some(Value::Constant(0)),
            Mnemonic::Lea if is_wide => self.address(instruction),
            Mnemonic::Add | Mnemonic::Sub if is_register && is_wide => {
                let Value::Stack(at) = self.get(instruction.op0_register()) else {
                    return None;
                };
                let Value::Constant(by) = self.operand(instruction, 1) else {
                    return None;
                };
                let sum = if instruction.mnemonic() == Mnemonic::Add {
                    at.checked_add(by)
                } else {
                    at.checked_sub(by)
                };
                sum.map(Value::Stack)
            }
            _ => None,
        }
    }

    fn operand(&self, instruction: &Instruction, operand: u32) -> Value {
        match instruction.op_kind(operand) {
            OpKind::Register => {
                let register = instruction.op_register(operand);
                match register.size() {
                    8 => self.get(register),
                    4 => low(self.get(register)),
                    _ => Value::Unknown,
                }
            }
            OpKind::Memory if instruction.memory_size().size() == 8 => {
                match self.address(instruction) {
                    Some(Value::Stack(at)) => self.load(at),
                    Some(_) => Value::Unknown,
                    None if is_field(instruction) => {
                        Value::Field(instruction.memory_displacement64() as i64)
                    }
                    None => Value::Unknown,
                }
            }
            OpKind::Immediate8
            | OpKind::Immediate8to32
            | OpKind::Immediate8to64
            | OpKind::Immediate32
            | OpKind::Immediate32to64
            | OpKind::Immediate64 => Value::Constant(instruction.immediate(operand) as i64),
            _ => Value::Unknown,
        }
    }

    /// The address of the memory operand, when it is on the stack or fixed in the file.
    fn address(&self, instruction: &Instruction) -> Option<Value> {
        if instruction.is_ip_rel_memory_operand() {
            return Some(Value::Constant(instruction.ip_rel_memory_address() as i64));
        }
        match self.get(instruction.memory_base()) {
            Value::Stack(at) if is_field(instruction) => at
                .checked_add(instruction.memory_displacement64() as i64)
                .map(Value::Stack),
            _ => None,
        }
    }

    fn write(&mut self, instruction: &Instruction, value: Value) {
        match instruction.op0_kind() {
            OpKind::Register => {
                let register = instruction.op0_register();
                match register.size() {
                    8 => self.set(register, value),
                    4 => self.set(register, low(value)),
                    _ => {}
                }
            }
            OpKind::Memory if instruction.memory_size().size() == 8 => {
                if let Some(Value::Stack(at)) = self.address(instruction) {
                    self.store(at, value);
                }
            }
            _ => {}
        }
    }

    fn forget_written(&mut self, instruction: &Instruction, info: &mut InstructionInfoFactory) {
        let writes = |access| {
            !matches!(
                access,
                OpAccess::Read | OpAccess::CondRead | OpAccess::NoMemAccess | OpAccess::None
            )
        };
        let info = info.info(instruction);
        for memory in info.used_memory().iter().filter(|m| writes(m.access())) {
            match (self.get(memory.base()), memory.index()) {
                (Value::Stack(at), Register::None) => {
                    let from = at.saturating_add(memory.displacement() as i64);
                    let size = memory.memory_size().size() as i64;
                    self.forget(from, from.saturating_add(size.max(1)));
                }
                // What the caller handed in lies outside of this function's frame.
                (Value::Argument(_), Register::None) => {}
                _ => self.slots.clear(),
            }
        }
        for register in info.used_registers() {
            if writes(register.access()) {
                self.set(register.register().full_register(), Value::Unknown);
            }
        }
    }

    fn load(&self, at: i64) -> Value {
        self.slots
            .iter()
            .find(|(slot, _)| *slot == at)
            .map_or(Value::Unknown, |(_, value)| *value)
    }

    fn store(&mut self, at: i64, value: Value) {
        self.forget(at, at.saturating_add(8));
        if value != Value::Unknown {
            self.slots.push((at, value));
        }
    }

    fn forget(&mut self, from: i64, to: i64) {
        self.slots
            .retain(|(slot, _)| slot.saturating_add(8) <= from || *slot >= to);
    }

    fn set(&mut self, register: Register, value: Value) {
        if let Some(slot) = index(register).and_then(|at| self.registers.get_mut(at)) {
            *slot = value;
        }
    }
}

/// The low 32 bits of a value, the others zero.
pub fn low(value: Value) -> Value {
    match value {
        Value::Argument(index) | Value::Low(index) => Value::Low(index),
        Value::Constant(number) => Value::Constant(i64::from(number as u32)),
        _ => Value::Unknown,
    }
}

/// Whether the memory operand is a fixed distance from one register.
fn is_field(instruction: &Instruction) -> bool {
    instruction.memory_base() != Register::None
        && instruction.memory_index() == Register::None
        && instruction.segment_prefix() == Register::None
}

fn index(register: Register) -> Option<usize> {
    register.is_gpr().then(|| register.full_register().number())
}
