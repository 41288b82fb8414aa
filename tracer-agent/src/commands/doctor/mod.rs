//! `doctor`: what this host allows, what can be traced on it, and what to do about the rest.

mod blind_spots;
mod command;
mod files;
mod kernel;
mod kubernetes;
pub mod report;
mod running;
mod text;
mod traceable;

pub use command::run;
