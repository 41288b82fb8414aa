//! Tier 0: what `deploy/` says agrees with the agent: capabilities, configuration, ports, metrics.
#![expect(clippy::print_stdout, reason = "a test that cannot run says so")]

mod container;
mod dashboard;
mod files;
mod kubernetes;
mod kustomize;
mod privileges;
mod systemd;
