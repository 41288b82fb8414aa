//! What an arm64 function does: constants and arguments followed through its registers, on every
//! path, to a fixed point. What is kept on the stack is not followed.
//!
//! Instructions that are not understood leave unknown what most of them name as destination.

use std::collections::{BTreeMap, HashSet};

use super::super::elf::ElfImage;
use super::super::x86_64_frame::{Value, low};
use super::conduct::{ARGUMENTS, Branch, BranchKind, Conduct, MAX_INSTRUCTIONS};

const REGISTERS: usize = 32;
/// As a base register; as a source it reads zero.
const STACK_POINTER: usize = 31;
/// `x0` to `x18` and the link register: a callee may leave them changed.
const SCRATCH: [usize; 20] = [
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 30,
];

/// Follows the function at `entry`, whose code ends before `end`.
pub fn conduct(image: &ElfImage, entry: u64, end: u64) -> Option<Conduct> {
    let length = usize::try_from(end.checked_sub(entry)?).ok()?;
    let code = image.code_at(entry, length.min(4 * MAX_INSTRUCTIONS));
    let body = Body::follow(&code, entry)?;
    let mut conduct = Conduct::default();
    for (&at, (word, state)) in &body.places {
        let next = at.wrapping_add(4);
        conduct.instructions.push((at, next));
        let kind = match Flow::of(*word, at) {
            Flow::Call(Some(target)) => BranchKind::Call(target),
            Flow::Call(None) => BranchKind::IndirectCall,
            Flow::Jump(_) | Flow::Conditional(_) => BranchKind::Jump,
            Flow::End => continue,
            Flow::Next => {
                conduct.stores |= state.is_stored_through(*word);
                if body.targets.contains(&next) {
                    // Other paths join behind it: what only this one knows is lost from there on.
                    let mut behind = state.clone();
                    behind.step(*word, at);
                    conduct.branches.push(behind.branch(BranchKind::Jump));
                }
                continue;
            }
        };
        conduct.branches.push(state.branch(kind));
    }
    Some(conduct)
}

/// Every instruction of a function that can be reached, with the state before it.
#[derive(Default)]
struct Body {
    places: BTreeMap<u64, (u32, State)>,
    /// Where branches lead.
    targets: HashSet<u64>,
}

impl Body {
    /// Follows `code`, which begins at `entry`. Where a branch leaves it is another part of the
    /// function, or another function: not followed.
    fn follow(code: &[u8], entry: u64) -> Option<Self> {
        let word_at = |at: u64| {
            let offset = usize::try_from(at.checked_sub(entry)?).ok()?;
            Some(u32::from_le_bytes(*code.get(offset..)?.first_chunk()?))
        };
        let mut body = Self::default();
        let mut open = vec![(entry, State::at_entry())];
        while let Some((mut at, mut state)) = open.pop() {
            while let Some(word) = word_at(at) {
                if !body.reach(at, word, &mut state)? {
                    break;
                }
                match Flow::of(word, at) {
                    Flow::Next => state.step(word, at),
                    Flow::Call(_) => state.call(),
                    Flow::Conditional(target) => {
                        body.targets.insert(target);
                        open.push((target, state.clone()));
                    }
                    Flow::Jump(target) => {
                        body.targets.insert(target);
                        at = target;
                        continue;
                    }
                    Flow::End => break,
                }
                at = at.wrapping_add(4);
            }
        }
        Some(body)
    }

    /// Joins `state` into what is known of the place, and gives the outcome back in it. False if
    /// that brought nothing new, `None` if there are too many places.
    fn reach(&mut self, at: u64, word: u32, state: &mut State) -> Option<bool> {
        if let Some((_, known)) = self.places.get_mut(&at) {
            let changed = known.join(state);
            state.clone_from(known);
            return Some(changed);
        }
        if self.places.len() >= MAX_INSTRUCTIONS {
            return None;
        }
        self.places.insert(at, (word, state.clone()));
        Some(true)
    }
}

enum Flow {
    Next,
    Conditional(u64),
    Jump(u64),
    /// Of a function, or of what a register holds.
    Call(Option<u64>),
    /// A return, a jump to what a register holds, a trap.
    End,
}

impl Flow {
    fn of(word: u32, at: u64) -> Self {
        let to = |bits, shift| at.wrapping_add_signed(signed(word, bits, shift) * 4);
        if word & 0xfc00_0000 == 0x1400_0000 {
            Self::Jump(to(26, 0))
        } else if word & 0xfc00_0000 == 0x9400_0000 {
            Self::Call(Some(to(26, 0)))
        } else if word & 0xff00_0000 == 0x5400_0000 || word & 0x7e00_0000 == 0x3400_0000 {
            Self::Conditional(to(19, 5))
        } else if word & 0x7e00_0000 == 0x3600_0000 {
            Self::Conditional(to(14, 5))
        } else if word & 0xfe60_0000 == 0xd620_0000 {
            Self::Call(None)
        } else if word & 0xfe00_0000 == 0xd600_0000
            || word & 0xffe0_001f == 0xd420_0000
            || word & 0xffff_0000 == 0
        {
            Self::End
        } else {
            Self::Next
        }
    }
}

/// What the registers hold before one instruction.
#[derive(Debug, Clone, PartialEq, Eq)]
struct State([Value; REGISTERS]);

impl State {
    fn at_entry() -> Self {
        let mut state = Self([Value::Unknown; REGISTERS]);
        for (index, argument) in (0..ARGUMENTS).zip(0..) {
            state.set(index, Value::Argument(argument));
        }
        state
    }

    fn branch(&self, kind: BranchKind) -> Branch {
        Branch {
            kind,
            arguments: std::array::from_fn::<_, ARGUMENTS, _>(|index| self.get(index)),
        }
    }

    fn get(&self, register: usize) -> Value {
        self.0.get(register).copied().unwrap_or(Value::Unknown)
    }

    fn set(&mut self, register: usize, value: Value) {
        if let Some(slot) = self.0.get_mut(register) {
            *slot = value;
        }
    }

    /// Keeps what two paths have in common; whether anything changed.
    fn join(&mut self, other: &Self) -> bool {
        let mut changed = false;
        for (mine, theirs) in self.0.iter_mut().zip(other.0) {
            if *mine != theirs && *mine != Value::Unknown {
                *mine = Value::Unknown;
                changed = true;
            }
        }
        changed
    }

    fn call(&mut self) {
        for register in SCRATCH {
            self.set(register, Value::Unknown);
        }
    }

    /// As a source: the last register is zero.
    fn source(&self, register: usize) -> Value {
        if register == STACK_POINTER {
            Value::Constant(0)
        } else {
            self.get(register)
        }
    }

    /// As a base: the last register is the stack pointer.
    fn base(&self, register: usize) -> Value {
        if register == STACK_POINTER {
            Value::Stack(0)
        } else {
            self.get(register)
        }
    }

    fn step(&mut self, word: u32, at: u64) {
        if word & 0x0a00_0000 == 0x0800_0000 {
            self.load_or_store(word);
            return;
        }
        // Hints such as `nop` and `bti`.
        if word & 0xffff_f01f == 0xd503_201f {
            return;
        }
        let destination = field(word, 0);
        let value = self.computed(word, at);
        if destination != STACK_POINTER {
            self.set(destination, value);
        }
    }

    fn computed(&self, word: u32, at: u64) -> Value {
        let (first, second) = (field(word, 5), field(word, 16));
        let immediate = i64::from(word >> 10 & 0xfff);
        let wide = word >> 31 != 0;
        let cut = |value| if wide { value } else { low(value) };
        if word & 0x1f00_0000 == 0x1000_0000 {
            // adr, adrp
            let distance = signed(word, 19, 5) * 4 + i64::from(word >> 29 & 3);
            let address = if wide {
                (at & !0xfff).wrapping_add_signed(distance << 12)
            } else {
                at.wrapping_add_signed(distance)
            };
            Value::Constant(address as i64)
        } else if word & 0x7f80_0000 == 0x1100_0000 {
            // add with an immediate
            let by = if word & 1 << 22 == 0 {
                immediate
            } else {
                immediate << 12
            };
            match self.base(first) {
                Value::Constant(number) => cut(Value::Constant(number.wrapping_add(by))),
                Value::Stack(offset) if wide => Value::Stack(offset.wrapping_add(by)),
                value if by == 0 => cut(value),
                _ => Value::Unknown,
            }
        } else if word & 0xff80_0000 == 0xd100_0000 && self.base(first) == Value::Stack(0) {
            // sub from the stack pointer
            Value::Stack(0)
        } else if word & 0x7fe0_ffe0 == 0x2a00_03e0 {
            // mov from a register
            cut(self.source(second))
        } else if word & 0x7f80_0000 == 0x5280_0000 {
            // movz
            let shift = (word >> 21 & 3) * 16;
            Value::Constant(i64::from(word >> 5 & 0xffff) << shift)
        } else if word & 0x7f80_0000 == 0x1280_0000 {
            // movn
            let shift = (word >> 21 & 3) * 16;
            cut(Value::Constant(!(i64::from(word >> 5 & 0xffff) << shift)))
        } else {
            Value::Unknown
        }
    }

    fn load_or_store(&mut self, word: u32) {
        let (register, base, second) = (field(word, 0), field(word, 5), field(word, 10));
        let vector = word & 1 << 26 != 0;
        let pair = word & 0x3800_0000 == 0x2800_0000;
        let indexed = word & 0x3800_0000 == 0x3800_0000 && word & 0x0120_0400 == 0x0000_0400;
        // Before or behind the access, the base moves.
        if base != STACK_POINTER && (pair && word & 1 << 23 != 0 && word & 3 << 23 != 2 << 23)
            || indexed && base != STACK_POINTER
        {
            self.set(base, Value::Unknown);
        }
        if is_load(word) && !vector {
            self.set(register, Value::Unknown);
            if pair {
                self.set(second, Value::Unknown);
            }
        } else if word & 0x3f00_0000 == 0x0800_0000 {
            // Exclusive and atomic accesses write a status or the value before.
            self.set(register, Value::Unknown);
            self.set(field(word, 16), Value::Unknown);
        }
    }

    /// Whether an instruction writes to memory through a pointer, and not to the function's frame.
    fn is_stored_through(&self, word: u32) -> bool {
        let is_access = word & 0x0a00_0000 == 0x0800_0000;
        let base = field(word, 5);
        let own = matches!(self.base(base), Value::Stack(_)) || base == 29;
        is_access && !is_load(word) && !own
    }
}

/// Whether a load or store is a load.
fn is_load(word: u32) -> bool {
    let literal = word & 0x3b00_0000 == 0x1800_0000;
    let pair = word & 0x3800_0000 == 0x2800_0000;
    let exclusive = word & 0x3f00_0000 == 0x0800_0000;
    if literal {
        true
    } else if pair || exclusive {
        word & 1 << 22 != 0
    } else if word & 1 << 26 != 0 {
        // Of vectors, 128 bits are stored as `10`.
        word & 1 << 22 != 0
    } else {
        word & 3 << 22 != 0
    }
}

fn field(word: u32, shift: u32) -> usize {
    (word >> shift & 0x1f) as usize
}

fn signed(word: u32, bits: u32, shift: u32) -> i64 {
    let unused = 32 - bits;
    i64::from((word >> shift << unused).cast_signed() >> unused)
}
