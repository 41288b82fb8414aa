//! `doctor`: what this host allows, what can be traced on it, and what to do about the rest.

mod command;
mod kernel;
mod kubernetes;
pub mod report;
mod text;
mod traceable;

pub use command::run;
