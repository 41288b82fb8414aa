//! Straight-line analysis of arm64 code, as far as finding the common internal callee needs it.
//!
//! A return probe replaces the link register, so it must sit where that is neither signed
//! (`paciasp`) nor saved (`stp x29, x30`): only the first byte of a function is certain. What the
//! kernel simulates is listed in `arch/arm64/kernel/probes/decode-insn.c`.

use super::super::plan::ProbeCost;
use super::elf::ElfImage;
use super::flow::{ARGUMENTS, Arguments, Call, Point, Value};

/// Instructions followed from the entry to the first call.
const MAX_PATH: usize = 64;
/// Paths followed from one entry.
const MAX_PATHS: usize = 8;
const STACK_POINTER: usize = 31;

/// The entry of the function, with what the kernel does to the instruction there.
pub fn entry_point(image: &ElfImage, entry: u64) -> Point {
    let simulated = words(&image.code_at(entry, 4))
        .next()
        .is_some_and(is_simulated);
    let cost = if simulated {
        ProbeCost::Emulated
    } else {
        ProbeCost::SingleStepped
    };
    Point {
        address: entry,
        cost,
    }
}

/// The first call or tail jump on each path from `entry`, with the argument registers there, when
/// the function is entered with `arguments`.
pub fn first_calls(image: &ElfImage, entry: u64, size: u64, arguments: Arguments) -> Vec<Call> {
    let body = entry..entry.saturating_add(size);
    let mut calls = Vec::new();
    let mut paths = vec![(entry, Registers::with(arguments))];
    let mut followed = 0;
    while let Some((start, mut registers)) = paths.pop() {
        followed += 1;
        if followed > MAX_PATHS {
            break;
        }
        let code = image.code_at(start, MAX_PATH * 4);
        for (word, site) in words(&code).zip((start..).step_by(4)) {
            match decode(word, site) {
                Flow::Next => registers.step(word),
                Flow::Conditional(target) => paths.push((target, registers.clone())),
                Flow::Jump(target) if body.contains(&target) => {
                    paths.push((target, registers));
                    break;
                }
                Flow::Jump(target) | Flow::Call(target) => {
                    let target = through_plt(image, target);
                    calls.push(Call {
                        site,
                        target,
                        arguments: registers.arguments(),
                    });
                    break;
                }
                Flow::Indirect => break,
            }
        }
    }
    calls
}

enum Flow {
    Next,
    Conditional(u64),
    Jump(u64),
    Call(u64),
    Indirect,
}

fn decode(word: u32, at: u64) -> Flow {
    let branch = |bits, shift| at.wrapping_add_signed(signed_field(word, bits, shift) * 4);
    if word & 0xfc00_0000 == 0x1400_0000 {
        Flow::Jump(branch(26, 0))
    } else if word & 0xfc00_0000 == 0x9400_0000 {
        Flow::Call(branch(26, 0))
    } else if word & 0xff00_0000 == 0x5400_0000 || word & 0x7e00_0000 == 0x3400_0000 {
        Flow::Conditional(branch(19, 5))
    } else if word & 0x7e00_0000 == 0x3600_0000 {
        Flow::Conditional(branch(14, 5))
    } else if word & 0xfe00_0000 == 0xd600_0000 {
        Flow::Indirect
    } else {
        Flow::Next
    }
}

/// Branches, `adr`/`adrp` and literal loads; hints such as `nop` and `bti` only by newer kernels.
fn is_simulated(word: u32) -> bool {
    let address = word & 0x1f00_0000 == 0x1000_0000;
    let literal = word & 0xbf00_0000 == 0x1800_0000 || word & 0xff00_0000 == 0x9800_0000;
    address || literal || !matches!(decode(word, 0), Flow::Next)
}

/// Follows `target` when it is a PLT entry (`[bti] adrp x16; ldr x17, [x16, #]; …; br x17`) bound
/// within this file.
fn through_plt(image: &ElfImage, target: u64) -> u64 {
    let code = image.code_at(target, 3 * 4);
    let entry: Vec<(u32, u64)> = words(&code).zip((target..).step_by(4)).collect();
    entry
        .windows(2)
        .find_map(|pair| {
            let [(adrp, at), (load, _)] = pair else {
                return None;
            };
            let is_plt = adrp & 0x9f00_001f == 0x9000_0010 && load & 0xffc0_03ff == 0xf940_0211;
            let low = i64::from(adrp >> 29 & 3);
            let pages = signed_field(*adrp, 19, 5) * 4 + low;
            let page = (at & !0xfff).wrapping_add_signed(pages << 12);
            is_plt.then(|| page.wrapping_add(u64::from(load >> 10 & 0xfff) * 8))
        })
        .and_then(|slot| image.import_at(slot))
        .map_or(target, |function| function.address)
}

#[derive(Clone)]
struct Registers([Value; 32]);

impl Registers {
    fn with(arguments: Arguments) -> Self {
        let mut values = [Value::Unknown; 32];
        values
            .iter_mut()
            .zip(arguments)
            .for_each(|(register, value)| *register = value);
        Self(values)
    }

    fn arguments(&self) -> Arguments {
        std::array::from_fn::<_, ARGUMENTS, _>(|at| self.get(at))
    }

    fn get(&self, at: usize) -> Value {
        self.0.get(at).copied().unwrap_or(Value::Unknown)
    }

    fn set(&mut self, at: usize, value: Value) {
        if let Some(register) = self.0.get_mut(at) {
            *register = value;
        }
    }

    /// Applies an instruction that goes on to the next. What is not understood clears the field
    /// where nearly all instructions name their destination.
    fn step(&mut self, word: u32) {
        let (destination, first, second) = (field(word, 0), field(word, 5), field(word, 16));
        let is_store = word & 0x3a00_0000 == 0x2800_0000 && word & 1 << 22 == 0
            || word & 0x3a00_0000 == 0x3800_0000 && word & 3 << 22 == 0;
        if is_store || word & 0xffff_f01f == 0xd503_201f {
            return;
        }
        if word & 0x3a40_0000 == 0x2840_0000 {
            self.set(field(word, 10), Value::Unknown);
        }
        let value = if word & 0xffe0_ffe0 == 0xaa00_03e0 {
            if second == STACK_POINTER {
                Value::Zero
            } else {
                self.get(second)
            }
        } else if word & 0xffe0_ffe0 == 0x2a00_03e0 && second == STACK_POINTER
            || word & 0x7fff_ffe0 == 0x5280_0000
        {
            Value::Zero
        } else if word & 0xff80_0000 == 0x9100_0000
            && (first == STACK_POINTER || self.get(first) == Value::Stack)
        {
            Value::Stack
        } else if word & 0xffff_fc00 == 0x9340_7c00 && self.get(first) == Value::Argument(2) {
            Value::Argument(2)
        } else {
            Value::Unknown
        };
        if destination != STACK_POINTER {
            self.set(destination, value);
        }
    }
}

fn field(word: u32, shift: u32) -> usize {
    (word >> shift & 0x1f) as usize
}

fn signed_field(word: u32, bits: u32, shift: u32) -> i64 {
    let unused = 32 - bits;
    i64::from((word >> shift << unused).cast_signed() >> unused)
}

fn words(code: &[u8]) -> impl Iterator<Item = u32> {
    code.as_chunks()
        .0
        .iter()
        .map(|word| u32::from_le_bytes(*word))
}
