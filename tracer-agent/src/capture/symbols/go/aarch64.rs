//! Functions of Go as its compiler makes them for arm64, from Go 1.18 on: arguments and results in
//! registers, `x28` is the goroutine.

use std::ops::Range;

use tracer_common::go::APPLICATION_DATA;

use super::super::super::plan::ProbeCost;
use super::super::elf::ElfImage;
use super::super::flow::Point;

/// Longest function looked at: bytes.
const MAX_FUNCTION: u64 = 64 << 10;
/// Instructions of the check whether the stack has room.
const MAX_CHECK: usize = 8;
/// Instructions that enlarge the stack.
const MAX_GROWTH: usize = 40;
/// Instructions before a call that set its arguments.
const MAX_ARGUMENTS: usize = 10;
/// `ldr x16, [x28, #16]`: `stackguard0` of the goroutine.
const LOAD_STACK_GUARD: u32 = 0xf940_0b90;
/// `ret`, by way of the link register.
const RET: u32 = 0xd65f_03c0;

/// All instructions of a function, by their distance from its start divided by four.
pub struct Listing {
    start: u64,
    words: Vec<u32>,
}

impl Listing {
    /// Reads a function; `None` if the file does not hold all of it.
    pub fn of(image: &ElfImage, function: &Range<u64>) -> Option<Self> {
        let length = function.end.checked_sub(function.start)?;
        let code = image.code_at(function.start, length.min(MAX_FUNCTION) as usize);
        let words: Vec<u32> = code
            .chunks_exact(4)
            .filter_map(|word| Some(u32::from_le_bytes(word.try_into().ok()?)))
            .collect();
        let is_whole = code.len() as u64 == length && length.is_multiple_of(4) && length > 0;
        is_whole.then_some(Self {
            start: function.start,
            words,
        })
    }

    fn address(&self, index: usize) -> u64 {
        self.start.wrapping_add(4 * index as u64)
    }

    fn at(&self, address: u64) -> Option<usize> {
        let distance = address.checked_sub(self.start)?;
        let index = usize::try_from(distance / 4).ok()?;
        (distance.is_multiple_of(4) && index < self.words.len()).then_some(index)
    }

    fn branch(&self, index: usize) -> Option<Branch> {
        Branch::of(*self.words.get(index)?, self.address(index))
    }

    /// The place that each call of the function passes once, all arguments in their registers:
    /// behind the check whether the stack has room, which `morestack` enlarges. Nothing if the
    /// function does not begin with such a check.
    pub fn behind_stack_check(&self, morestack: u64) -> Option<Point> {
        if *self.words.first()? != LOAD_STACK_GUARD {
            return None;
        }
        let jump = (1..MAX_CHECK).find(|index| self.branch(*index).is_some())?;
        let Branch::Conditional(target) = self.branch(jump)? else {
            return None;
        };
        let growth = self.at(target)?;
        let mut calls = false;
        for index in growth..growth.saturating_add(MAX_GROWTH) {
            match self.branch(index) {
                Some(Branch::Call(target)) if !calls && target == morestack => calls = true,
                Some(Branch::Jump(target)) if calls && target == self.start => {
                    self.words.get(jump + 1)?;
                    return Some(Point {
                        address: self.address(jump + 1),
                        cost: ProbeCost::SingleStepped,
                    });
                }
                None if index < self.words.len() => {}
                _ => return None,
            }
        }
        None
    }

    /// Where the function returns. Nothing if it may leave in another way.
    pub fn returns(&self) -> Option<Vec<u64>> {
        let mut returns = Vec::new();
        for index in 0..self.words.len() {
            match self.branch(index) {
                Some(Branch::Return) => returns.push(self.address(index)),
                Some(Branch::Conditional(target) | Branch::Jump(target)) => {
                    self.at(target)?;
                }
                Some(Branch::Indirect) => return None,
                Some(Branch::Call(_)) | None => {}
            }
        }
        (!returns.is_empty()).then_some(returns)
    }

    /// Whether the function calls `callee`, each time with the content type of application data as
    /// the second argument.
    pub fn writes_application_data_by(&self, callee: u64) -> bool {
        let mut sites =
            (0..self.words.len()).filter(|at| self.branch(*at) == Some(Branch::Call(callee)));
        let is_written = |site: usize| {
            let before = (0..site).rev().take(MAX_ARGUMENTS);
            let mut line = before.take_while(|at| self.branch(*at).is_none());
            line.any(|at| self.words.get(at).copied().is_some_and(sets_kind))
        };
        let mut any = false;
        sites.all(|site| {
            any = true;
            is_written(site)
        }) && any
    }
}

/// `mov x1, #23` or `mov w1, #23`, as a move of 16 bits or as one of a mask of bits (`orr`).
fn sets_kind(word: u32) -> bool {
    let moved = 0x5280_0001 | u32::from(APPLICATION_DATA) << 5;
    word & 0x7fff_ffff == moved
}

/// An instruction that may go on elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Branch {
    Conditional(u64),
    Jump(u64),
    Call(u64),
    Return,
    /// To where a register says, and back to nowhere.
    Indirect,
}

impl Branch {
    fn of(word: u32, address: u64) -> Option<Self> {
        let target = |shift: u32, bits: u32| {
            let field = word << (32 - shift - bits);
            let distance = i64::from(field.cast_signed() >> (32 - bits)) * 4;
            address.wrapping_add_signed(distance)
        };
        if word >> 26 == 0b00_0101 {
            Some(Self::Jump(target(0, 26)))
        } else if word >> 26 == 0b10_0101 {
            Some(Self::Call(target(0, 26)))
        } else if word & 0xff00_0010 == 0x5400_0000 || word & 0x7e00_0000 == 0x3400_0000 {
            // `b.cond`, `cbz` and `cbnz`.
            Some(Self::Conditional(target(5, 19)))
        } else if word & 0x7e00_0000 == 0x3600_0000 {
            // `tbz` and `tbnz`.
            Some(Self::Conditional(target(5, 14)))
        } else if word == RET {
            Some(Self::Return)
        } else if word & 0xfe1f_0000 == 0xd61f_0000 && word & 0x0060_0000 != 0x0020_0000 {
            // `br` and `ret` by another register; `blr` comes back.
            Some(Self::Indirect)
        } else {
            None
        }
    }
}
