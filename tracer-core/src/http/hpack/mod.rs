//! Header compression for HTTP/2, read from the side: RFC 7541.
//!
//! This decoder differs from one that serves a connection in three ways.
//!
//! - **It keeps no credential.** The dynamic table of a connection necessarily holds what its
//!   requests repeat: `authorization`, `x-api-key`, cookies, a key in the query of a path. Here an
//!   entry keeps its value only if the [allow list](super::allow_list) lets it through, and of a
//!   `:path` only its harmless query; of every other entry nothing is kept but its size, which is all
//!   that evictions need. So no memory of ours ever holds a credential for longer than it takes to
//!   count its bytes, and nothing that refers to an entry can bring one back.
//! - **It tolerates not knowing.** Attached in the middle of a connection, or behind a loss, the
//!   older part of the table is unknown: its entries, their number and their sizes. Entries are
//!   numbered from the newest one, so those that were seen being added resolve exactly whatever
//!   stands behind them, and everything beyond them is [`Item::Unknown`].
//! - **It streams.** A header block is read as its bytes come, in any pieces, without being gathered:
//!   a block of any size takes the memory of what is kept of it, and work linear in its bytes.

mod decoder;
mod dynamic_table;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzz;
mod huffman;
mod integer;
mod keep;
mod literal;
mod static_table;
#[cfg(test)]
mod tests;

pub(crate) use self::{
    decoder::{Decoder, Item},
    keep::Keep,
};
