//! The place within `(*Conn).Read` at which one plain probe sees a read.
//!
//! ```go
//! n, _ := c.input.Read(b)                       // copies what was decrypted
//! if n != 0 && c.input.Len() == 0 && … {        // this branch
//!     if err := c.readRecord(); err != nil { return n, err }
//! }
//! return n, nil
//! ```
//!
//! The kernel emulates the branch, and whatever is read comes by it. That it is this branch is
//! proven by following the function on all paths: before the branch something copies; a return that
//! is reached without it returns zero; each return behind it returns the register that it tests,
//! nothing is copied there, and it is not come by again. The receiver and the buffer must be where
//! the caller left room for them: the compiler keeps them there over the calls before.

use std::collections::{BTreeMap, HashSet};

use iced_x86::{
    FlowControl, Instruction, InstructionInfoFactory, Mnemonic, OpAccess, OpKind, Register,
};
use tracer_common::go::{ReadPlace, SPILLED};

use super::super::x86_64::is_emulated;
use super::x86_64::Listing;

/// Instructions passed until nothing new is learned; a few hundred are usual.
const MAX_STEPS: usize = 20_000;

/// What is called, as far as it matters here.
pub struct Callees {
    /// Never come back: they panic.
    pub endless: HashSet<u64>,
    /// Copy to the caller's buffer.
    pub copying: HashSet<u64>,
}

/// Where to probe `Read`: the address of the branch, and what lies where there.
pub fn read_place(read: &Listing, callees: &Callees) -> Option<(u64, ReadPlace)> {
    let tested = read.0.windows(2).filter_map(|pair| {
        let [test, branch] = pair else { return None };
        let register = test.op0_register();
        let tests = test.mnemonic() == Mnemonic::Test
            && register.is_gpr64()
            && test.op1_kind() == OpKind::Register
            && test.op1_register() == register;
        let branches = matches!(branch.mnemonic(), Mnemonic::Je | Mnemonic::Jne);
        (tests && branches && is_emulated(branch)).then_some((branch, register))
    });
    tested
        .filter_map(|(branch, register)| {
            let place = proven(read, callees, branch, register)?;
            Some((branch.ip(), place))
        })
        .next()
}

fn proven(
    read: &Listing,
    callees: &Callees,
    branch: &Instruction,
    register: Register,
) -> Option<ReadPlace> {
    let entry = read.0.first()?.ip();
    let before = Flow::follow(read, callees, vec![(entry, State::at_entry())], branch.ip())?;
    let mut state = before.reached.get(&branch.ip())?.clone();
    let arguments = [0, 1].map(|index| state.slot(SPILLED as i64 + 8 * i64::from(index)));
    let is_told = arguments == [Value::Argument(0), Value::Argument(1)]
        && state.get(register) == Value::Unknown
        && before.copies
        && before.returned.iter().all(|value| *value == Value::Zero);
    if !is_told {
        return None;
    }
    let frame = u16::try_from(state.depth).ok()?;
    state.set(register, Value::Count);
    let ways = vec![
        (branch.next_ip(), state.clone()),
        (branch.near_branch_target(), state),
    ];
    let behind = Flow::follow(read, callees, ways, branch.ip())?;
    let returns = !behind.returned.is_empty()
        && behind.returned.iter().all(|value| *value == Value::Count)
        && !behind.copies
        && !behind.reached.contains_key(&branch.ip());
    returns.then_some(ReadPlace {
        frame,
        count: u8::try_from(register.number()).ok()?,
    })
}

/// What a register or eight bytes of the stack hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Value {
    /// A word of the arguments: the receiver is the first, the buffer's address the second.
    Argument(u8),
    Zero,
    /// The number of bytes read.
    Count,
    Unknown,
}

/// The state before an instruction.
#[derive(Debug, Clone, PartialEq, Eq)]
struct State {
    registers: [Value; 16],
    /// By their distance from the return address, upwards.
    slots: BTreeMap<i64, Value>,
    /// Bytes from the stack pointer to the return address.
    depth: i64,
}

impl State {
    fn at_entry() -> Self {
        let mut state = Self {
            registers: [Value::Unknown; 16],
            slots: BTreeMap::new(),
            depth: 0,
        };
        state.set(Register::RAX, Value::Argument(0));
        state.set(Register::RBX, Value::Argument(1));
        state
    }

    fn get(&self, register: Register) -> Value {
        let at = register.full_register();
        let value = at.is_gpr().then(|| self.registers.get(at.number()));
        value.flatten().copied().unwrap_or(Value::Unknown)
    }

    fn set(&mut self, register: Register, value: Value) {
        let at = register.full_register();
        if at.is_gpr()
            && let Some(slot) = self.registers.get_mut(at.number())
        {
            *slot = value;
        }
    }

    fn slot(&self, at: i64) -> Value {
        self.slots.get(&at).copied().unwrap_or(Value::Unknown)
    }

    /// Keeps what this state and that of another way to the same place have in common. Whether
    /// anything changed; `None` if their stacks differ, which is no code that a compiler makes.
    fn join(&mut self, other: &Self) -> Option<bool> {
        if self.depth != other.depth {
            return None;
        }
        let before = (self.registers, self.slots.len());
        for (mine, theirs) in self.registers.iter_mut().zip(other.registers) {
            if *mine != theirs {
                *mine = Value::Unknown;
            }
        }
        self.slots
            .retain(|at, value| other.slots.get(at) == Some(value));
        Some(before != (self.registers, self.slots.len()))
    }

    /// Where a memory operand lies on the stack, by its distance from the return address. Compilers
    /// of Go use nothing but the stack pointer to get there.
    fn place(&self, instruction: &Instruction) -> Option<i64> {
        (instruction.memory_base() == Register::RSP && instruction.memory_index() == Register::None)
            .then(|| (instruction.memory_displacement64() as i64).wrapping_sub(self.depth))
    }

    fn operand(&self, instruction: &Instruction, operand: u32) -> Value {
        match instruction.op_kind(operand) {
            OpKind::Register if instruction.op_register(operand).is_gpr64() => {
                self.get(instruction.op_register(operand))
            }
            // Always zero, by the register ABI.
            OpKind::Register if instruction.op_register(operand) == Register::XMM15 => Value::Zero,
            OpKind::Memory if instruction.memory_size().size() == 8 => self
                .place(instruction)
                .map_or(Value::Unknown, |at| self.slot(at)),
            OpKind::Immediate32 | OpKind::Immediate32to64 | OpKind::Immediate64
                if instruction.immediate(operand) == 0 =>
            {
                Value::Zero
            }
            _ => Value::Unknown,
        }
    }

    /// Passes an instruction that goes on to the next; `None` if the stack pointer goes where that
    /// is not known.
    fn step(&mut self, instruction: &Instruction, info: &mut InstructionInfoFactory) -> Option<()> {
        let moved = self.moved(instruction);
        let place = self.place(instruction);
        let depth = self.depth_behind(instruction)?;
        let is_write = |access| {
            !matches!(
                access,
                OpAccess::Read | OpAccess::CondRead | OpAccess::None | OpAccess::NoMemAccess
            )
        };
        let info = info.info(instruction);
        for used in info
            .used_memory()
            .iter()
            .filter(|one| is_write(one.access()))
        {
            match (used.base(), used.index()) {
                (Register::RSP, Register::None) => {
                    let at = (used.displacement() as i64).wrapping_sub(self.depth);
                    let size = used.memory_size().size().max(1) as i64;
                    self.slots
                        .retain(|slot, _| slot + 8 <= at || at + size <= *slot);
                }
                (Register::RSP | Register::RBP, _) => self.slots.clear(),
                _ => {}
            }
        }
        for used in info.used_registers() {
            if is_write(used.access()) {
                self.set(used.register(), Value::Unknown);
            }
        }
        match (moved, place) {
            (Some(value), _) if instruction.op0_kind() == OpKind::Register => {
                self.set(instruction.op0_register(), value);
            }
            (Some(value), Some(at)) if instruction.op0_kind() == OpKind::Memory => {
                for word in 0..instruction.memory_size().size() as i64 / 8 {
                    self.slots.insert(at + 8 * word, value);
                }
            }
            _ => {}
        }
        self.depth = depth;
        Some(())
    }

    /// What the first operand holds behind an instruction that moves something.
    fn moved(&self, instruction: &Instruction) -> Option<Value> {
        let is_same = instruction.op1_kind() == OpKind::Register
            && instruction.op0_register() == instruction.op1_register();
        match instruction.mnemonic() {
            Mnemonic::Mov | Mnemonic::Movups | Mnemonic::Movq => Some(self.operand(instruction, 1)),
            Mnemonic::Xor if is_same && instruction.op0_register().size() >= 4 => Some(Value::Zero),
            _ => None,
        }
    }

    fn depth_behind(&self, instruction: &Instruction) -> Option<i64> {
        let by = match instruction.mnemonic() {
            Mnemonic::Push | Mnemonic::Pop => -i64::from(instruction.stack_pointer_increment()),
            Mnemonic::Sub | Mnemonic::Add if instruction.op0_register() == Register::RSP => {
                let by = match instruction.op1_kind() {
                    OpKind::Register | OpKind::Memory => return None,
                    _ => instruction.immediate(1) as i64,
                };
                if instruction.mnemonic() == Mnemonic::Sub {
                    by
                } else {
                    -by
                }
            }
            _ => {
                let writes = instruction.op0_kind() == OpKind::Register
                    && instruction.op0_register().full_register() == Register::RSP;
                let compares = matches!(instruction.mnemonic(), Mnemonic::Cmp | Mnemonic::Test);
                return (!writes || compares).then_some(self.depth);
            }
        };
        self.depth.checked_add(by)
    }

    /// Passes a call: no register survives it, and the stack of its caller does.
    fn call(&mut self) {
        self.registers = [Value::Unknown; 16];
    }
}

/// What is true on all ways through a part of a function.
struct Flow {
    /// The state before each instruction that is reached.
    reached: BTreeMap<u64, State>,
    /// What each return that is reached gives back first.
    returned: Vec<Value>,
    /// Whether something is called that copies.
    copies: bool,
}

impl Flow {
    /// Follows the function from some places until it returns, or comes by `stop`. `None` if it is
    /// not understood.
    fn follow(
        read: &Listing,
        callees: &Callees,
        mut open: Vec<(u64, State)>,
        stop: u64,
    ) -> Option<Self> {
        let mut flow = Self {
            reached: BTreeMap::new(),
            returned: Vec::new(),
            copies: false,
        };
        let mut info = InstructionInfoFactory::new();
        let mut steps = 0;
        while let Some((address, mut state)) = open.pop() {
            for instruction in read.0.get(read.at(address)?..)? {
                steps += 1;
                if steps > MAX_STEPS {
                    return None;
                }
                if !flow.reach(instruction.ip(), &mut state)? || instruction.ip() == stop {
                    break;
                }
                let target = instruction.near_branch_target();
                match instruction.flow_control() {
                    FlowControl::Next => state.step(instruction, &mut info)?,
                    FlowControl::Call if callees.endless.contains(&target) => break,
                    FlowControl::Call | FlowControl::IndirectCall => {
                        flow.copies |= instruction.flow_control() == FlowControl::Call
                            && callees.copying.contains(&target);
                        state.call();
                    }
                    FlowControl::ConditionalBranch => open.push((target, state.clone())),
                    FlowControl::UnconditionalBranch => {
                        open.push((target, state));
                        break;
                    }
                    FlowControl::Return | FlowControl::Exception | FlowControl::Interrupt => break,
                    _ => return None,
                }
            }
        }
        let returns = read
            .0
            .iter()
            .filter(|one| one.flow_control() == FlowControl::Return);
        flow.returned = returns
            .filter_map(|one| Some(flow.reached.get(&one.ip())?.get(Register::RAX)))
            .collect();
        Some(flow)
    }

    /// Joins `state` into what is known of the place, and gives the outcome back in it. False if
    /// that brought nothing new.
    fn reach(&mut self, address: u64, state: &mut State) -> Option<bool> {
        if let Some(known) = self.reached.get_mut(&address) {
            let changed = known.join(state)?;
            state.clone_from(known);
            return Some(changed);
        }
        self.reached.insert(address, state.clone());
        Some(true)
    }
}
