//! Threads, signals, privileges: what holds the agent together.

pub mod capabilities;
pub mod driver;
pub mod health;
mod ignored;
pub mod memory;
pub mod privileges;
pub mod prober;
pub mod recorder;
pub mod replay;
pub mod roster;
pub mod segments;
pub mod shutdown;
pub mod supervisor;
pub mod taped;
pub mod traced;
