//! What both directions have in common: the call of the first method of a boxed trait object that
//! lies in the record layer, with the count of records so far among the arguments.

use iced_x86::{FlowControl, Instruction, OpKind, Register};
use tracer_common::record::Place;

use super::stretch::{Held, Stretch};

/// Size of a pointer.
const WORD: i64 = 8;
/// What lies in front of the first method in the table of a trait object: how to drop it, its size
/// and alignment (the layout that rustc has had since 2015).
const FIRST_METHOD: i64 = 3 * WORD;

/// Such a call, its arguments named by what registers held at the start of the stretch.
#[derive(Debug, Clone, Copy)]
pub struct BoxCall {
    /// What the layer is found by.
    pub base: Register,
    /// The box, so far from there.
    pub boxed: i64,
    /// The count of records.
    pub sequence: Held,
    /// Where the result goes: a sum.
    pub result: (Register, i64),
    /// The message, where its address is a sum.
    pub message: Held,
}

impl BoxCall {
    /// Reads a call, `(result, box, message, sequence)`; `None` if it is another.
    pub fn of(call: &Instruction, stretch: &Stretch) -> Option<Self> {
        let Held::Member(base, table, FIRST_METHOD) = callee(call, stretch) else {
            return None;
        };
        let boxed = table.checked_sub(WORD)?;
        let Held::Sum(result, sum) = stretch.get(Register::RDI) else {
            return None;
        };
        (stretch.get(Register::RSI) == Held::Loaded(base, boxed)).then_some(Self {
            base,
            boxed,
            sequence: stretch.get(Register::RCX),
            result: (result, sum),
            message: stretch.get(Register::RDX),
        })
    }

    /// How far behind the box the count is kept: where one more than the count passed is stored,
    /// in the same structure.
    pub fn counted_at(&self, stretch: &Stretch) -> Option<i64> {
        let next = self.sequence.next();
        let counts = |value: Held| value == next && value != Held::Unknown;
        let mut stores = stretch.stores.iter().filter(|store| counts(store.value));
        let store = stores.next()?;
        let Held::Sum(base, at) = store.to else {
            return None;
        };
        // A count that was loaded was loaded from there.
        let loaded_elsewhere = match self.sequence {
            Held::Loaded(from, sum) => (from, sum) != (base, at),
            _ => false,
        };
        let same = base == self.base && stores.next().is_none() && !loaded_elsewhere;
        let distance = at.checked_sub(self.boxed)?;
        (same && distance % WORD == 0).then_some(distance)
    }
}

/// Where a sum is to be found in registers.
pub fn place(stretch: &Stretch, base: Register, sum: i64) -> Option<Place> {
    let (register, distance) = stretch.leading_to(base, sum)?;
    Place::new(register, distance)
}

/// What an indirect call reads the address of its target from.
fn callee(call: &Instruction, stretch: &Stretch) -> Held {
    match (call.flow_control(), call.op0_kind()) {
        (FlowControl::IndirectCall, OpKind::Register | OpKind::Memory) => stretch.operand(call, 0),
        _ => Held::Unknown,
    }
}
