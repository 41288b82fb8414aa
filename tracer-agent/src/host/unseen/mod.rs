//! What processes do that is not seen whatever files are probed.

mod look;
mod sockets;

pub use look::{Bounds, Look, Unseen};
