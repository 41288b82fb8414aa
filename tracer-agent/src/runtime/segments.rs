//! What one data event of the kernel half means to the core.

use tracer_core::{
    segment::{ConnectionId, Segment},
    time::Timestamp,
};

use crate::capture::kernel_event::{KernelEvent, KernelEventKind};

/// The segments of a data event, none of another one. What the call moved behind the copied bytes
/// is told by an empty segment where it ended: nothing was copied of it, but it is known when it
/// moved, so the gap ends there and not with the next event.
pub fn segments<'a>(
    event: &KernelEvent<'a>,
    connection: ConnectionId,
    time: Timestamp,
) -> impl Iterator<Item = Segment<'a>> + use<'a> {
    let KernelEventKind::Data {
        direction,
        offset,
        turn,
        bytes,
        rest,
    } = event.kind
    else {
        return [None, None].into_iter().flatten();
    };
    let copied = Segment {
        connection,
        direction,
        offset,
        time,
        turn,
        bytes,
    };
    let end = Segment {
        offset: offset
            .saturating_add(bytes.len() as u64)
            .saturating_add(rest),
        bytes: &[],
        ..copied
    };
    [Some(copied), (rest > 0).then_some(end)]
        .into_iter()
        .flatten()
}

#[cfg(test)]
#[path = "segments_tests.rs"]
mod tests;
