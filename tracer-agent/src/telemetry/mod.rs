//! The agent's own metrics: what it captured, lost, ignored, understood and delivered.
//!
//! Every name stands in [`registry`] once. Counters that a hot path touches are atomics held by
//! the caller; rendering reads them and takes no lock that a writer of them could wait for.

pub mod blind;
pub mod budgets;
pub mod calls;
pub mod capture;
pub mod core;
pub mod coverage;
pub mod evaluations;
pub mod export;
pub mod handle;
pub mod kubernetes;
pub mod label;
pub mod policy;
pub mod process;
pub mod processes;
pub mod registry;

pub use handle::Telemetry;
pub use registry::REGISTRY;
