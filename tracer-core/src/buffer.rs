//! Buffers that are filled again and again.

/// Memory that an empty buffer keeps for what comes next.
const KEPT_BYTES: usize = 16 << 10;

/// Empties a buffer; what it grew beyond the usual is given back.
pub(crate) fn empty(buffer: &mut Vec<u8>) {
    buffer.clear();
    buffer.shrink_to(KEPT_BYTES);
}
