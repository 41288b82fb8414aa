//! rustls, built into a program, with or without symbols.
//!
//! Whatever the cryptography (aws-lc, ring or another), every record goes through the record layer
//! of its connection. Abridged from rustls 0.23, `record_layer.rs`:
//!
//! ```text
//! struct RecordLayer { message_encrypter: Box<dyn MessageEncrypter>,
//!                      message_decrypter: Box<dyn MessageDecrypter>,
//!                      write_seq_max, write_seq, read_seq, … }
//!
//! encrypt_outgoing: panics if write_seq >= 0xffff_ffff_ffff_fffe;
//!                   message_encrypter.encrypt(message, write_seq++)
//! decrypt_incoming: notes whether read_seq == 0xffff_ffff_ffff_0000;
//!                   message_decrypter.decrypt(message, read_seq), and if that went well: read_seq++
//! ```
//!
//! Compilers inline both wherever they like, but keep four things: the limit, which is a constant
//! in a comparison; the call of the first method of a boxed trait object, both words of the box
//! loaded from the layer; the counter of records as an argument of that call; and the store of one
//! more than that counter behind the limit or the call. [`limits`] finds the constants, and
//! [`written`] and [`read`] prove the rest, following what registers hold ([`stretch`]). Boxes and
//! counters of both directions lie side by side, so the sites of both confirm each other, and both
//! name a connection by one address: no two halves have to be paired. [`panics`] tells whether a
//! copy of inlined code was missed.
//!
//! [`locate`] makes a plan of them. The messages are read by the kernel half, see
//! `tracer-ebpf/src/probes/rustls.rs`.

mod limits;
mod locate;
mod panics;
mod read;
mod site;
mod stretch;
mod ways;
mod written;

pub(super) use locate::plan;

#[cfg(test)]
mod tests;
