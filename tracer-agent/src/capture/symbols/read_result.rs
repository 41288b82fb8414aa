//! Reads seen at their result, by one plain probe each, where a file lets that be proven.
//!
//! Three findings together prove it, for OpenSSL 1.1.1 to 3.5 as compilers emit it:
//!
//! 1. `TLS_method` returns the address of a table of functions.
//! 2. Exactly one of them calls the record layer for application data without peeking, and behind
//!    each such call there is a place for a probe (`x86_64_reader`).
//! 3. The function that all exported readers come to (or `SSL_read_ex` itself) hands its arguments
//!    on to that entry of a table.
//!
//! The table of `TLS_method` stands for all: those of single protocol versions and of DTLS hold the
//! same reader. Reads of QUIC streams do not come through it, and are not seen.

use iced_x86::{FlowControl, InstructionInfoFactory, Register};

use super::super::plan::{CountLocation, ProbeCost, ProbePoint, ProbeRole};
use super::elf::{ElfImage, Machine};
use super::elf_symbols::Function;
use super::x86_64::decoder;
use super::x86_64_frame::{Frame, Value};
use super::x86_64_reader::{ResultPoint, hands_on, result_points};

/// Entries of the table that are looked at; the reader is the eighth or the eleventh.
const ENTRIES: usize = 16;
const ENTRY_SIZE: u64 = 8;
/// Longest `TLS_method`: a landing pad, a frame pointer, one address, a return.
const MAX_GETTER: usize = 8;

/// The points for all reads of a file whose readers all come to `internal`.
pub fn read_results(image: &ElfImage, method: Function, internal: u64) -> Option<Vec<ProbePoint>> {
    if image.machine() != Machine::X86_64 {
        return None;
    }
    let table = returned_address(image, method)?;
    let entries = image.pointers_at(table, ENTRIES);
    let mut readers = (0..).zip(entries).filter_map(|(index, function)| {
        let points = result_points(image, function)?;
        Some((index * ENTRY_SIZE, function, points))
    });
    let (offset, function, points) = readers.next()?;
    if readers.next().is_some() || !hands_on(image, internal, offset) {
        return None;
    }
    points
        .iter()
        .map(|point| probe(image, function, point))
        .collect()
}

fn probe(image: &ElfImage, function: u64, point: &ResultPoint) -> Option<ProbePoint> {
    // The reader may leave to a function that peeking shares, before or behind it.
    let into = point.address.wrapping_sub(function) as i64;
    let (sign, into) = (if into < 0 { '-' } else { '+' }, into.unsigned_abs());
    Some(ProbePoint {
        role: ProbeRole::ReadResult,
        file_offset: image.file_offset(point.address)?,
        count: CountLocation::Registers(point.registers),
        name: format!("result of ssl3_read (from TLS_method) at {sign}{into:#x}"),
        cost: ProbeCost::Emulated,
    })
}

/// The fixed address that a function returns and does nothing else.
fn returned_address(image: &ElfImage, function: Function) -> Option<u64> {
    let mut frame = Frame::at_entry();
    let mut info = InstructionInfoFactory::new();
    let code = image.code_at(function.address, MAX_GETTER * 15);
    for instruction in decoder(&code, function.address)
        .into_iter()
        .take(MAX_GETTER)
    {
        match instruction.flow_control() {
            FlowControl::Next => frame.step(&instruction, &mut info),
            FlowControl::Return => {
                let Value::Constant(address) = frame.get(Register::RAX) else {
                    return None;
                };
                return u64::try_from(address).ok();
            }
            _ => return None,
        }
    }
    None
}
