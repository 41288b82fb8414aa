//! Data flow through the whole of one x86-64 function, to a fixed point: at each instruction holds
//! what is true on every path to it.

use std::collections::{BTreeMap, HashSet};

use iced_x86::{FlowControl, Instruction, InstructionInfoFactory};

use super::elf::ElfImage;
use super::x86_64::decoder;
use super::x86_64_frame::{Frame, Value};

/// Instructions of a function; those that matter here have about a hundred.
const MAX_INSTRUCTIONS: usize = 400;
/// Bytes of code read at once.
const WINDOW: usize = 512;

/// Every instruction that can be reached, with the state before it.
pub struct Body {
    /// By address.
    pub places: BTreeMap<u64, (Instruction, Frame)>,
    /// Where direct branches lead.
    pub targets: HashSet<u64>,
}

impl Body {
    /// Follows a function from its entry. `None` if it is not understood: it is too long, or jumps
    /// where that is not known (leaving by a jump, its frame taken down, is understood).
    ///
    /// `is_sought` tells by the state before a call whether its result is a [`Value::Result`].
    pub fn follow(
        image: &ElfImage,
        entry: u64,
        is_sought: impl Fn(&Frame) -> bool,
    ) -> Option<Self> {
        let mut body = Self {
            places: BTreeMap::new(),
            targets: HashSet::new(),
        };
        let mut info = InstructionInfoFactory::new();
        let mut open = vec![(entry, Frame::at_entry())];
        while let Some((start, mut frame)) = open.pop() {
            let code = image.code_at(start, WINDOW);
            for instruction in &mut decoder(&code, start) {
                if instruction.is_invalid() {
                    // The end of the window, unless nothing at all could be decoded.
                    if instruction.ip() == start {
                        return None;
                    }
                    open.push((instruction.ip(), frame));
                    break;
                }
                if !body.reach(&instruction, &mut frame)? {
                    break;
                }
                match instruction.flow_control() {
                    FlowControl::Next => frame.step(&instruction, &mut info),
                    FlowControl::Call | FlowControl::IndirectCall => {
                        frame.call(if is_sought(&frame) {
                            Value::Result
                        } else {
                            Value::Unknown
                        });
                    }
                    FlowControl::ConditionalBranch => {
                        body.targets.insert(instruction.near_branch_target());
                        open.push((instruction.near_branch_target(), frame.clone()));
                    }
                    FlowControl::UnconditionalBranch => {
                        body.targets.insert(instruction.near_branch_target());
                        open.push((instruction.near_branch_target(), frame));
                        break;
                    }
                    FlowControl::IndirectBranch if !frame.at_return_address() => return None,
                    _ => break,
                }
            }
        }
        Some(body)
    }

    /// Joins `frame` into what is known of the place, and gives the outcome back in it. False if
    /// that brought nothing new, `None` if there are too many places.
    fn reach(&mut self, instruction: &Instruction, frame: &mut Frame) -> Option<bool> {
        if let Some((_, known)) = self.places.get_mut(&instruction.ip()) {
            let changed = known.join(frame);
            frame.clone_from(known);
            return Some(changed);
        }
        if self.places.len() >= MAX_INSTRUCTIONS {
            return None;
        }
        self.places
            .insert(instruction.ip(), (*instruction, frame.clone()));
        Some(true)
    }
}
