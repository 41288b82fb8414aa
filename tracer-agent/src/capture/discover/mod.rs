//! Which files to probe: every TLS library and TLS-carrying executable that any process maps now
//! or will map.

mod discovery;

pub use discovery::{BinaryFound, Discovery, Identity};
