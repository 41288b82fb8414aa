//! Where records are about to be encrypted: behind the comparison of their count with its limit.

use iced_x86::{FlowControl, Instruction, InstructionInfoFactory};
use tracer_common::record::{LayerPlace, Place};

use super::super::elf::ElfImage;
use super::super::x86_64::{decoder, is_emulated};
use super::limits::{HARD, compares};
use super::site::{BoxCall, layer_place, place};
use super::stretch::{Held, Stretch};

/// Instructions from the comparison to the call.
const MAX_INSTRUCTIONS: usize = 32;
/// Bytes of them.
const MAX_CODE: usize = 15 * MAX_INSTRUCTIONS;
/// Bytes of a message.
const MESSAGE: i64 = 40;

/// A place that every record runs through once before it is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    /// Virtual address of an instruction that the kernel emulates.
    pub probe: u64,
    /// Where the encrypter's box is.
    pub layer: LayerPlace,
    /// Where the message is.
    pub message: Place,
    /// How far behind the box the count of records is, in bytes.
    pub counted_at: i64,
}

/// The site whose comparison is at `address`, if it is one.
pub fn written(image: &ElfImage, address: u64) -> Option<Written> {
    let code = image.code_at(address, MAX_CODE);
    let mut stretch = Stretch::start();
    let mut info = InstructionInfoFactory::new();
    let mut compared = None;
    for instruction in decoder(&code, address).into_iter().take(MAX_INSTRUCTIONS) {
        match (instruction.flow_control(), compared) {
            (FlowControl::Next, None) => {
                compared = Some(compares(&instruction, &HARD, &stretch)?);
            }
            (FlowControl::Next, Some(_)) => stretch.step(&instruction, &mut info),
            (FlowControl::ConditionalBranch, Some(compared)) => {
                let within = instruction.is_jcc_short_or_near() && is_emulated(&instruction);
                let limit = Limit {
                    branch: instruction,
                    at_branch: stretch,
                    compared,
                };
                let ways = [instruction.next_ip(), instruction.near_branch_target()];
                return ways
                    .into_iter()
                    .filter(|_| within)
                    .find_map(|way| limit.to_call(image, way));
            }
            _ => return None,
        }
    }
    None
}

/// The branch behind the comparison, which every record comes by.
struct Limit {
    branch: Instruction,
    at_branch: Stretch,
    compared: Held,
}

impl Limit {
    /// Follows one of its ways to the call.
    fn to_call(&self, image: &ElfImage, way: u64) -> Option<Written> {
        let code = image.code_at(way, MAX_CODE);
        let mut stretch = self.at_branch.clone();
        let mut info = InstructionInfoFactory::new();
        for instruction in decoder(&code, way).into_iter().take(MAX_INSTRUCTIONS) {
            match instruction.flow_control() {
                FlowControl::Next => stretch.step(&instruction, &mut info),
                // What leaves here panics.
                FlowControl::ConditionalBranch => {}
                FlowControl::IndirectCall => return self.site(&instruction, &stretch),
                _ => return None,
            }
        }
        None
    }

    fn site(&self, call: &Instruction, stretch: &Stretch) -> Option<Written> {
        let boxed = BoxCall::of(call, stretch)?;
        let counted_at = boxed.counted_at(stretch)?;
        let message = boxed.message?;
        // The message must be complete where the probe sits, and the layer is not a part of it.
        let in_message = message.plus..message.plus.saturating_add(MESSAGE);
        let untouched = stretch.stores.iter().all(|store| match store.to {
            Some(to) if to.pointer() == message.pointer() => !in_message.contains(&to.plus),
            Some(to) => to.pointer() == boxed.boxed.pointer(),
            None => false,
        });
        let counter = boxed.boxed.plus(counted_at).loaded();
        let counts = self.compared == Held::Sum(boxed.sequence)
            || counter.is_some_and(|counter| self.compared == Held::Sum(counter));
        (untouched && counts).then_some(Written {
            probe: self.branch.ip(),
            layer: layer_place(&self.at_branch, boxed.boxed)?,
            message: place(&self.at_branch, message)?,
            counted_at,
        })
    }
}
