//! What some backends read that the conventions do not say, or say under another name.
//!
//! A backend is sent what the conventions have, and beside it what it would miss otherwise. Each has
//! a table of its own, a row an attribute, and nothing else spells these names. A row never takes the
//! place of an attribute that the span has already, and a span in a queue does not carry them: they
//! are made when it is sent.
//!
//! What is asked and answered, and what is judged of it, stands in the conventions' own attributes
//! and events; a backend that reads those elsewhere gets a row for it as for anything else.

mod annotation;
mod backend;
mod langfuse;
mod mlflow;
mod phoenix;
mod rule;
mod sort;

#[cfg(test)]
mod samples;

pub use annotation::Annotation;
pub use backend::Backend;
pub use rule::Rule;
