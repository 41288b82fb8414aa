//! Threads, signals, privileges: what holds the agent together.

pub mod bare;
mod blind_spots;
pub mod capabilities;
mod capture_thread;
pub mod completion;
pub mod driver;
pub mod health;
mod ignored;
pub mod memory;
mod outputs;
mod pods;
mod preparation;
pub mod privileges;
pub mod prober;
pub mod recorder;
mod recording;
pub mod replay;
pub mod roster;
mod salt;
pub mod segments;
pub mod shutdown;
pub mod sources;
pub mod supervisor;
pub mod taped;
mod threads;
pub mod traced;
