//! Which socket carries a connection whose TLS library does not write to it itself.

mod aead;
pub mod matcher;
mod thread;
