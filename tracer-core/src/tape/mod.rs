//! Tapes: what the capture side delivered, written down and played again.
//!
//! A tape is JSON lines. The first line is the header, every other one a process, a segment or the
//! end of a connection, in the order in which they were delivered:
//!
//! ```text
//! {"tape":1,"about":"…","start":1760000000000000}
//! {"process":1,"pid":4711,"name":"app.py"}
//! {"at":0,"connection":[1,1,1],"direction":"out","offset":0,"turn":0,"text":"POST /v1/…"}
//! {"at":1500,"connection":[1,1,1],"direction":"in","offset":0,"turn":0,"base64":"SFRU…"}
//! {"at":1600,"connection":[1,1,1],"close":{"outbound":210,"inbound":340,"turns":0}}
//! ```
//!
//! The members are described in `docs/tapes.md`. What a tape holds is what [`Writer`] is given:
//! plaintext as captured, credentials included, or what [`mask`] leaves of it.

mod entry;
mod format;
pub mod mask;
mod read;
mod write;

pub use entry::Entry;
pub use read::{Reader, TapeError};
pub use write::Writer;

/// Version of the format that is written, and the only one that is read.
pub const VERSION: u32 = 1;

#[cfg(test)]
mod tests;
