//! Tier 0: what `deploy/` says agrees with the agent: capabilities, configuration, ports, metrics.

mod container;
mod dashboard;
mod files;
mod kubernetes;
mod kustomize;
mod privileges;
mod systemd;
