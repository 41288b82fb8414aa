//! Where records have been decrypted: behind the call that did it.

use std::collections::BTreeSet;

use iced_x86::{FlowControl, Instruction, InstructionInfoFactory, Mnemonic, OpKind};
use tracer_common::record::{LayerPlace, Place};

use super::super::elf::ElfImage;
use super::super::x86_64::{decoder, is_emulated};
use super::limits::{SOFT, compares};
use super::site::{BoxCall, layer_place, place};
use super::stretch::{Held, Stretch, number_operand};
use super::ways::{Way, before, ways_to};

/// Bytes in which the call may be: before the comparison, or before a jump to it.
const BEFORE: u64 = 288;
/// Bytes that are read from the comparison on.
const BEHIND: usize = 224;
/// The longest instruction.
const MAX_INSTRUCTION: usize = 15;
/// Starts tried: an instruction may begin at any byte, but soon they agree on where.
const STARTS: u64 = 48;
/// Instructions from the call to the probe behind it.
const MAX_BEHIND: usize = 6;
/// Most instructions from the start of the stretch to the call.
const MAX_BEFORE: usize = 40;
/// Size of a box of a trait object: those of both directions lie side by side.
const BOX: i64 = 16;

/// A place that every record runs through once it is decrypted, or could not be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Read {
    /// Virtual address of an instruction that the kernel emulates.
    pub probe: u64,
    /// Where the encrypter's box is, which the decrypter's lies behind.
    pub layer: LayerPlace,
    /// Where the result is.
    pub result: Place,
    /// The first byte of a result that is no error.
    pub success: u8,
    /// How far behind the decrypter's box the count of records is, in bytes.
    pub counted_at: i64,
}

/// The sites whose comparison is at `address`: where several copies of the call share one, all of them.
pub fn reads(image: &ElfImage, address: u64) -> Vec<Read> {
    let mut found: Vec<Read> = Vec::new();
    for way in ways_to(image, address) {
        if let Some(read) = along(image, way, address)
            && found.iter().all(|other| other.probe != read.probe)
        {
            found.push(read);
        }
    }
    found
}

/// The site on one way to the comparison at `address`, if it is one.
fn along(image: &ElfImage, way: Way, address: u64) -> Option<Read> {
    let first = before(image, way.end, BEFORE);
    let length = usize::try_from(way.end - first).ok()?;
    let before = image.code_at(first, length + MAX_INSTRUCTION);
    let behind = image.code_at(way.then, BEHIND);
    let behind: Vec<Instruction> = decoder(&behind, way.then).into_iter().collect();
    // Soon a start comes upon instructions of one before it, and would say the same from there on.
    let mut seen = BTreeSet::new();
    (0..STARTS).find_map(|skipped| {
        let start = first.checked_add(skipped)?;
        let code = before.get(usize::try_from(skipped).ok()?..)?;
        let mut line = Vec::new();
        for instruction in decoder(code, start).into_iter() {
            if !seen.insert(instruction.ip()) {
                return None;
            }
            line.push(instruction);
        }
        let end = line.iter().position(|it| it.ip() == way.end)?;
        // A branch that was taken says no more than one that was not.
        let taken = line.get(end)?.flow_control() == FlowControl::ConditionalBranch;
        line.truncate(end + usize::from(taken));
        let calls = line.len();
        line.extend_from_slice(&behind);
        let limit = line.iter().rposition(|it| it.ip() == address)?;
        line.iter()
            .enumerate()
            .take(calls)
            .filter(|(_, instruction)| instruction.flow_control() == FlowControl::IndirectCall)
            .find_map(|(call, _)| from_starts(&line, call, limit))
    })
}

/// Tries stretches from the shortest on: the less lies before the call, the fewer pointers are
/// followed to name what it is given.
fn from_starts(line: &[Instruction], call: usize, limit: usize) -> Option<Read> {
    (0..=call).rev().take(MAX_BEFORE).find_map(|start| {
        let line = line.get(start..)?;
        site(line, call.checked_sub(start)?, limit.checked_sub(start)?)
    })
}

/// Reads the line of instructions as one that calls at index `call`, and compares at `limit`.
fn site(line: &[Instruction], call: usize, limit: usize) -> Option<Read> {
    let mut info = InstructionInfoFactory::new();
    let mut stretch = Stretch::start();
    let mut boxed = None;
    let mut compared = Held::Unknown;
    let mut probe = None;
    let mut tag = Tag::default();
    for (at, instruction) in line.iter().enumerate() {
        if at == limit {
            compared = compares(instruction, &SOFT, &stretch)?;
        }
        if let Some(boxed) = &boxed {
            tag.see(instruction, &stretch, boxed);
        }
        match instruction.flow_control() {
            FlowControl::Next => stretch.step(instruction, &mut info),
            FlowControl::ConditionalBranch => {
                if let Some(boxed) = &boxed
                    && probe.is_none()
                    && at <= call + MAX_BEHIND
                    && is_emulated(instruction)
                {
                    probe = Some(found(instruction, &stretch, boxed)?);
                }
            }
            FlowControl::IndirectCall if at == call => {
                boxed = Some(BoxCall::of(instruction, &stretch)?);
                stretch.call();
                stretch.stores.clear();
            }
            FlowControl::Call | FlowControl::IndirectCall => stretch.call(),
            // Another piece of code begins.
            _ if boxed.is_none() => {
                stretch = Stretch::start();
                compared = Held::Unknown;
            }
            _ => break,
        }
        if let (Some(boxed), Some((probe, layer, result))) = (&boxed, probe)
            && compared != Held::Unknown
            && let Some(counted_at) = boxed.counted_at(&stretch)
        {
            return (compared == Held::Sum(boxed.sequence)).then_some(Read {
                probe,
                layer,
                result,
                success: tag.success?,
                counted_at,
            });
        }
    }
    None
}

/// Where things are at the probe, which comes before the record is counted.
fn found(
    instruction: &Instruction,
    stretch: &Stretch,
    boxed: &BoxCall,
) -> Option<(u64, LayerPlace, Place)> {
    if boxed.counted_at(stretch).is_some() {
        return None;
    }
    Some((
        instruction.ip(),
        layer_place(stretch, boxed.boxed.plus(-BOX))?,
        place(stretch, boxed.result)?,
    ))
}

/// How the first byte of the result tells success from errors: the straight way behind the call is
/// the one on which it went well.
#[derive(Default)]
struct Tag {
    compared: Option<u8>,
    success: Option<u8>,
}

impl Tag {
    fn see(&mut self, instruction: &Instruction, stretch: &Stretch, boxed: &BoxCall) {
        match instruction.mnemonic() {
            Mnemonic::Cmp => {
                let first = match instruction.op0_kind() {
                    OpKind::Register => stretch.whole(instruction.op0_register()),
                    OpKind::Memory if instruction.memory_size().size() == 1 => {
                        let at = stretch.address(instruction);
                        at.map_or(Held::Unknown, Held::Byte)
                    }
                    _ => Held::Unknown,
                };
                let number = number_operand(instruction).and_then(|it| u8::try_from(it).ok());
                self.compared = number.filter(|_| first == Held::Byte(boxed.result));
            }
            // Not equal leaves: equal is success.
            Mnemonic::Jne => self.success = self.success.or(self.compared.take()),
            _ if instruction.flow_control() != FlowControl::Next => self.compared = None,
            _ => {}
        }
    }
}
