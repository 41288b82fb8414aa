//! Clients, the agent and collectors as processes, and the comparison of what was reported with
//! what was served.

pub mod agent;
pub mod assistants;
pub mod cgroup;
pub mod chance;
pub mod client;
pub mod compare;
pub mod container;
pub mod dotnet;
pub mod metrics;
pub mod otlp;
pub mod patience;
pub mod probes;
pub mod process;
pub mod relay;
pub mod report;
pub mod requirements;
pub mod rotel;
pub mod rust;
pub mod scenario;
pub mod scene;
pub mod sink;
pub mod tables;
pub mod tree;
