//! Threads, signals, privileges: what holds the agent together.

pub mod health;
pub mod supervisor;
