//! Tapes: what the capture side delivered, written down and played again.
//!
//! A tape is JSON lines. The first line is the header, every other one a segment or the end of a
//! connection, in the order in which they were delivered:
//!
//! ```text
//! {"tape": 1, "about": "…"}
//! {"at": 0, "connection": [1, 1, 1], "direction": "out", "offset": 0, "turn": 0, "text": "POST /v1/…"}
//! {"at": 1500, "connection": [1, 1, 1], "direction": "in", "offset": 0, "turn": 0, "base64": "SFRU…"}
//! {"at": 1600, "connection": [1, 1, 1], "close": {"outbound": 210, "inbound": 340, "turns": 0}}
//! ```
//!
//! `at` counts microseconds from the beginning of the tape, `connection` is process, handle and
//! generation. Bytes that are text stand as `text`, others as `base64`. Without `close` counts
//! (`"close": null`) the kernel's were not known.
//!
//! A tape holds plaintext, credentials included: it is for tests and for debugging on the spot, and
//! never leaves the host by itself.

mod format;
mod read;
mod write;

pub use read::{Entry, TapeError, read, replay};
pub use write::Writer;

/// Version of the format that is written, and the only one that is read.
pub const VERSION: u32 = 1;

#[cfg(test)]
mod tests;
