//! The agent: attaches to TLS libraries, feeds the core, exports what the policy releases.
//!
//! One direction of flow: [`capture`] → `tracer_core::pipeline` → `tracer_core::policy` →
//! [`export`]; [`host`] says whose bytes they are; [`runtime`] holds the threads together.

pub mod bounded_file;
pub mod capture;
pub mod causes;
pub mod cli;
pub mod commands;
pub mod config;
pub mod docs;
pub mod env_vars;
pub mod export;
pub mod host;
pub mod printable;
pub mod runtime;
pub mod sockets;
pub mod telemetry;
