//! What the end-to-end tests stand on: a local provider and a harness around the agent.
//!
//! Nothing here knows the agent's insides: it is started as a process and judged by what it
//! prints and exports, against the [`provider::ledger`] of what was really served.

pub mod backends;
pub mod endurance;
pub mod harness;
pub mod kubernetes;
pub mod matrix;
pub mod provider;
