//! Threads, signals, privileges: what holds the agent together.

pub mod capabilities;
pub mod health;
pub mod privileges;
pub mod shutdown;
pub mod supervisor;
