//! Whose bytes: processes, containers, services.

pub mod cgroup;
pub mod container_name;
pub mod kubernetes;
pub mod machine;
pub mod process;
pub mod procfs;
pub mod program;
pub mod programs;
mod recall;
pub mod rules;
pub mod script;
pub mod table;
pub mod target_environment;
pub mod unseen;
pub mod witness;
