//! What a call says, where the operator wants it kept: prompts, answers, tools. `README.md` beside
//! this file shows how it is read.
//!
//! Content is apart from metadata: it is read by [`shape`]s of its own beside the adapters, into a
//! type of its own that only a [`Captured`](super::call::Captured) call carries. Without
//! [`ContentCapture::Keep`] nothing here runs.

mod arguments;
mod checkable;
mod digest;
mod draft;
mod error_text;
mod judging;
mod kept;
mod lone;
mod model;
mod parts;
mod quotable;
mod repeated;
mod steps;
mod wanted;
mod wire;

mod block;
mod tool;

mod chat;
mod chat_stream;
mod cohere;
mod contents;
mod converse;
mod inputs;
mod invoke;
mod items;
mod items_stream;
mod messages;
mod ollama;
mod prompt;
mod rpc;
mod runs;
mod search;

pub(crate) mod keeper;
pub(super) mod shape;
pub(crate) mod trail;

pub(crate) use checkable::Checkable;
pub(crate) use digest::{TextDigest, digest, join};
pub(crate) use judging::Judging;
pub use kept::Kept;
pub use model::{
    Choice, Content, ContentCapture, Document, Extent, Media, MediaSource, Message, Missing,
    Modality, Part, ToolCall, ToolDefinition, ToolResponse,
};
pub(crate) use quotable::{HEAD, Quotable};
pub(crate) use wanted::{Form, Schema, ToolChoice};
