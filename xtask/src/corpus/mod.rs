//! `cargo xtask corpus`: recorded provider exchanges against an independent oracle, through the core
//! alone or, with `--live`, past the agent.
//!
//! ```text
//! ways -> replay harness (server, clients, agent, collector) -> Played -> judge: Tally
//!                                                    exceptions.toml ──────┘
//! ```
//!
//! The recordings, the oracle and the harness stay outside the repository; `TRACER_CORPUS` says
//! where.

mod command;
mod exceptions;
mod harness;
mod judge;
mod ways;

pub use command::{Arguments, run};
