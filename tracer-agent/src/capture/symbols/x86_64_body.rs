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

/// How far a function is followed.
#[derive(Debug, Clone, Copy)]
pub struct Extent {
    /// Past its last byte, if that is known: code that lies behind is not run into, only jumped to.
    /// A function may end in a call that does not come back, and another one begins there.
    pub end: Option<u64>,
    /// Most instructions; a longer function is not understood.
    pub instructions: usize,
    /// Whether registers saved on the stack are believed to be the same behind a call: good enough
    /// to recognise a function, not to prove where its arguments are.
    pub trusts_stack: bool,
}

impl Extent {
    const SMALL: Self = Self {
        end: None,
        instructions: MAX_INSTRUCTIONS,
        trusts_stack: false,
    };

    /// Whether a branch goes on to another function: out of this one, its frame taken down.
    fn is_left(self, entry: u64, target: u64, frame: &Frame) -> bool {
        self.end.is_some_and(|end| !(entry..end).contains(&target)) && frame.at_return_address()
    }

    /// Whether straight on from `from` leads out of the function at `address`.
    fn ends_before(self, from: u64, address: u64) -> bool {
        self.end.is_some_and(|end| from < end && address >= end)
    }
}

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
        Self::follow_within(image, entry, Extent::SMALL, is_sought)
    }

    /// The same, as far as `extent` goes.
    pub fn follow_within(
        image: &ElfImage,
        entry: u64,
        extent: Extent,
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
            'line: {
                for instruction in &mut decoder(&code, start) {
                    if instruction.is_invalid() {
                        // Cut off by the end of the window, unless nothing at all can be decoded.
                        if instruction.ip() == start {
                            return None;
                        }
                        if !extent.ends_before(start, instruction.ip()) {
                            open.push((instruction.ip(), frame));
                        }
                        break 'line;
                    }
                    if extent.ends_before(start, instruction.ip())
                        || !body.reach(&instruction, &mut frame, extent.instructions)?
                    {
                        break 'line;
                    }
                    let target = instruction.near_branch_target();
                    match instruction.flow_control() {
                        FlowControl::Next => frame.step(&instruction, &mut info),
                        FlowControl::Call | FlowControl::IndirectCall => {
                            let result = if is_sought(&frame) {
                                Value::Result
                            } else {
                                Value::Unknown
                            };
                            if extent.trusts_stack {
                                frame.call_apart(result);
                            } else {
                                frame.call(result);
                            }
                        }
                        FlowControl::ConditionalBranch => {
                            if !extent.is_left(entry, target, &frame) {
                                body.targets.insert(target);
                                open.push((target, frame.clone()));
                            }
                        }
                        FlowControl::UnconditionalBranch => {
                            if !extent.is_left(entry, target, &frame) {
                                body.targets.insert(target);
                                open.push((target, frame));
                            }
                            break 'line;
                        }
                        FlowControl::IndirectBranch if !frame.at_return_address() => return None,
                        _ => break 'line,
                    }
                }
                // The window ends between two instructions.
                let next = start.checked_add(code.len() as u64)?;
                if code.is_empty() {
                    return None;
                }
                if !extent.ends_before(start, next) {
                    open.push((next, frame));
                }
            }
        }
        Some(body)
    }

    /// Joins `frame` into what is known of the place, and gives the outcome back in it. False if
    /// that brought nothing new, `None` if there are too many places.
    fn reach(&mut self, instruction: &Instruction, frame: &mut Frame, most: usize) -> Option<bool> {
        if let Some((_, known)) = self.places.get_mut(&instruction.ip()) {
            let changed = known.join(frame);
            frame.clone_from(known);
            return Some(changed);
        }
        if self.places.len() >= most {
            return None;
        }
        self.places
            .insert(instruction.ip(), (*instruction, frame.clone()));
        Some(true)
    }
}
