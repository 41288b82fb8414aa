//! What both directions have in common: the call of the first method of a boxed trait object that
//! lies in the record layer, with the count of records so far among the arguments.

use iced_x86::{FlowControl, Instruction, OpKind, Register};
use tracer_common::record::{LayerPlace, Place};

use super::stretch::{Held, Stretch, Sum};

/// Size of a pointer.
const WORD: i64 = 8;
/// What lies in front of the first method in the table of a trait object: how to drop it, its size
/// and alignment (the layout that rustc has had since 2015).
const FIRST_METHOD: i64 = 3 * WORD;

/// Such a call, its arguments named by what registers held at the start of the stretch.
#[derive(Debug, Clone, Copy)]
pub struct BoxCall {
    /// Where the box is.
    pub boxed: Sum,
    /// The count of records.
    pub sequence: Sum,
    /// Where the result goes.
    pub result: Sum,
    /// Where the message is.
    pub message: Option<Sum>,
}

impl BoxCall {
    /// Reads a call, `(result, box, message, sequence)`; `None` if it is another.
    pub fn of(call: &Instruction, stretch: &Stretch) -> Option<Self> {
        let method = callee(call, stretch)?.loaded_from()?;
        if method.plus != FIRST_METHOD {
            return None;
        }
        let boxed = method.pointer().loaded_from()?.plus(-WORD);
        (stretch.sum(Register::RSI) == boxed.loaded()).then_some(Self {
            boxed,
            sequence: stretch.sum(Register::RCX)?,
            result: stretch.sum(Register::RDI)?,
            message: stretch.sum(Register::RDX),
        })
    }

    /// How far behind the box the count is kept: where one more than the count passed is stored,
    /// in the same structure.
    pub fn counted_at(&self, stretch: &Stretch) -> Option<i64> {
        let next = Held::Sum(self.sequence.plus(1));
        let mut stores = stretch.stores.iter().filter(|store| store.value == next);
        let to = stores.next()?.to?;
        // A count that was loaded in the stretch was loaded from there.
        let loaded_here = self.sequence.loaded_from();
        let elsewhere = loaded_here.is_some_and(|from| from != to);
        let same = to.pointer() == self.boxed.pointer() && stores.next().is_none() && !elsewhere;
        let distance = to.plus.checked_sub(self.boxed.plus)?;
        (same && distance % WORD == 0).then_some(distance)
    }
}

/// Where to find what `sum` leads to, by the registers alone.
pub fn place(stretch: &Stretch, sum: Sum) -> Option<Place> {
    let (register, distance) = stretch.leading_to(sum)?;
    Place::new(register, distance)
}

/// The same, or by a pointer that was put aside on the stack.
pub fn layer_place(stretch: &Stretch, sum: Sum) -> Option<LayerPlace> {
    if let Some(place) = place(stretch, sum) {
        return Some(LayerPlace::direct(place));
    }
    let slot = sum.pointer().loaded_from()?;
    let untouched = stretch.stores.iter().all(|store| store.to != Some(slot));
    untouched.then(|| LayerPlace::behind(place(stretch, slot)?, sum.plus))?
}

/// What an indirect call leads to.
fn callee(call: &Instruction, stretch: &Stretch) -> Option<Sum> {
    let by_pointer = call.flow_control() == FlowControl::IndirectCall
        && matches!(call.op0_kind(), OpKind::Register | OpKind::Memory);
    match stretch.operand(call, 0) {
        Held::Sum(sum) if by_pointer => Some(sum),
        _ => None,
    }
}
