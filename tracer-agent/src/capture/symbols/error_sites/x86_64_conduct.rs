//! What an x86-64 function does.

use iced_x86::{FlowControl, Instruction, InstructionInfoFactory, OpAccess, Register};

use super::super::elf::ElfImage;
use super::super::x86_64_body::{Body, Extent};
use super::super::x86_64_frame::{ARGUMENT_REGISTERS, Frame, Value};
use super::conduct::{Branch, BranchKind, Conduct, MAX_INSTRUCTIONS};

/// Follows the function at `entry`, whose code ends before `end`.
pub fn conduct(image: &ElfImage, entry: u64, end: u64) -> Option<Conduct> {
    let extent = Extent {
        end: Some(end),
        instructions: MAX_INSTRUCTIONS,
        trusts_stack: true,
    };
    let body = Body::follow_within(image, entry, extent, |_| false)?;
    let mut info = InstructionInfoFactory::new();
    let mut conduct = Conduct::default();
    for (&at, (instruction, frame)) in &body.places {
        conduct.instructions.push((at, instruction.next_ip()));
        if let Some(kind) = kind(instruction) {
            conduct.branches.push(branch(kind, frame));
            continue;
        }
        conduct.stores |= stores(instruction, frame, &mut info);
        if body.targets.contains(&instruction.next_ip()) {
            // Other paths join behind it: what only this one knows is lost from there on.
            let mut behind = frame.clone();
            behind.step(instruction, &mut info);
            conduct.branches.push(branch(BranchKind::Jump, &behind));
        }
    }
    Some(conduct)
}

fn branch(kind: BranchKind, frame: &Frame) -> Branch {
    Branch {
        kind,
        arguments: ARGUMENT_REGISTERS.map(|register| frame.get(register)),
    }
}

fn kind(instruction: &Instruction) -> Option<BranchKind> {
    match instruction.flow_control() {
        FlowControl::Call => Some(BranchKind::Call(instruction.near_branch_target())),
        FlowControl::IndirectCall => Some(BranchKind::IndirectCall),
        FlowControl::ConditionalBranch
        | FlowControl::UnconditionalBranch
        | FlowControl::IndirectBranch => Some(BranchKind::Jump),
        _ => None,
    }
}

/// Whether an instruction writes to memory through a pointer, and not to the function's frame.
fn stores(instruction: &Instruction, frame: &Frame, info: &mut InstructionInfoFactory) -> bool {
    let memory = info.info(instruction).used_memory();
    memory.iter().any(|memory| {
        let writes = matches!(
            memory.access(),
            OpAccess::Write | OpAccess::CondWrite | OpAccess::ReadWrite | OpAccess::ReadCondWrite
        );
        let own = matches!(frame.get(memory.base()), Value::Stack(_));
        let fixed = matches!(memory.base(), Register::None | Register::RIP);
        writes && !own && !fixed && memory.base() != Register::RSP
    })
}
