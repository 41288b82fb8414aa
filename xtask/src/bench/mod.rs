//! `cargo xtask bench`: what tracing costs, in paired runs on this machine.
//!
//! ```text
//! programs -> rounds of (untraced | bare probe | agent) x loads -> Observations -> Figures
//! ```
//!
//! All ratios and differences are taken within one round, minutes apart at most, and the median
//! over the rounds is reported: other work on the machine then disturbs all sides alike.

mod bystanders;
pub mod calls;
mod command;
mod core;
mod figures;
mod load;
mod metrics;
mod process;
mod profile;
pub mod programs;
mod round;
mod runtimes;
mod server;
mod table;
mod tracer;

pub use command::{Arguments, run};
