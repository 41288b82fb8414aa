//! Whose bytes: processes, containers, services.

pub mod process;
