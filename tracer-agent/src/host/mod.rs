//! Whose bytes: processes, containers, services.

pub mod process;
pub mod rules;
