//! Any traffic is masked the same whatever its pieces, and in its length unless it was coded.

use super::Mask;
use crate::{
    pipeline::PipelineConfig,
    segment::{ConnectionId, Direction, ProcessKey, Segment},
    time::Timestamp,
};

const CONNECTION: ConnectionId = ConnectionId {
    process: ProcessKey(1),
    handle: 1,
    generation: 1,
};
/// Ends the request's part of the input.
const BETWEEN: &[u8] = b"\xff\xfe";

/// Bytes of one direction as they stand on the tape; `None` where there is a gap.
type Tape = Vec<Option<u8>>;

/// Masks a request and a response in pieces of `size` bytes.
fn mask(request: &[u8], response: &[u8], size: usize) -> [Tape; 2] {
    let mut tapes = [Tape::new(), Tape::new()];
    let mut mask = Mask::new(&PipelineConfig::default());
    for (direction, bytes) in [
        (Direction::Outbound, request),
        (Direction::Inbound, response),
    ] {
        let mut offset = 0;
        for piece in bytes.chunks(size.max(1)) {
            let segment = Segment {
                connection: CONNECTION,
                direction,
                offset,
                time: Timestamp::default(),
                turn: 0,
                bytes: piece,
            };
            offset += piece.len() as u64;
            mask.segment(&segment, &mut |written| {
                let [out, inbound] = &mut tapes;
                let tape = match written.direction {
                    Direction::Outbound => out,
                    Direction::Inbound => inbound,
                };
                let start = usize::try_from(written.offset).unwrap_or(usize::MAX);
                assert!(start >= tape.len(), "written twice");
                let room = bytes.len().saturating_mul(2);
                assert!(
                    start <= room.saturating_add(1 << 16),
                    "far beyond the input"
                );
                tape.resize(start, None);
                tape.extend(written.bytes.iter().copied().map(Some));
            });
        }
    }
    tapes
}

/// The input is a size of pieces, a request, [`BETWEEN`], and a response.
pub fn fuzz_mask(data: &[u8]) {
    let Some((size, data)) = data.split_first() else {
        return;
    };
    let at = memchr::memmem::find(data, BETWEEN).unwrap_or(data.len());
    let (request, response) = data.split_at(at);
    let response = response.strip_prefix(BETWEEN).unwrap_or_default();
    // The bytes of bodies that are written decoded are cut into chunks as they came.
    let coded = memchr::memmem::find(&data.to_ascii_lowercase(), b"encoding").is_some();
    let whole = mask(request, response, usize::MAX);
    let pieces = mask(request, response, usize::from(*size % 48) + 1);
    if !coded {
        assert_eq!(whole, pieces, "pieces change what is written");
        assert!(whole[0].len() <= request.len() && whole[1].len() <= response.len());
    }
}
