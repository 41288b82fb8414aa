//! What the fuzz entries of the stream formats check.

use super::{event::Event, framing::Framing};
use crate::limits::Limits;

/// The first byte of `data` is the size of the pieces, the rest the stream. Whole and in pieces it
/// must come to the same; with losses, to nothing that fails.
pub(super) fn any_split(data: &[u8], new: impl Fn(&Limits) -> Framing) {
    let limits = Limits {
        event_bytes: 256,
        ..Limits::default()
    };
    let Some((size, stream)) = data.split_first() else {
        return;
    };
    let size = usize::from(*size % 64) + 1;
    let read = |size: usize| {
        let mut parser = new(&limits);
        let mut events = Vec::new();
        for piece in stream.chunks(size) {
            parser.feed(piece, &mut |event| events.push(owned(event)));
        }
        let skipped = parser.skipped();
        (events, skipped, parser.finish().map(owned))
    };
    assert_eq!(read(usize::MAX), read(size));

    let mut lossy = new(&limits);
    for piece in stream.chunks(size).step_by(2) {
        lossy.feed(piece, &mut |event| {
            assert!(event.data.len() <= limits.event_bytes)
        });
        lossy.gap();
    }
    lossy.finish();
}

fn owned(event: Event<'_>) -> (Vec<u8>, Vec<u8>, Vec<u8>, bool, u64) {
    let Event {
        event,
        data,
        id,
        is_error,
        left_out,
    } = event;
    (
        event.to_vec(),
        data.to_vec(),
        id.to_vec(),
        is_error,
        left_out,
    )
}
