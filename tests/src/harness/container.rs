//! A client as in a container of a pod: a control group and mount, PID and network namespaces of its
//! own.

use std::{fs, process::Command, time::Duration};

use anyhow::{Context as _, Result};

use super::{cgroup::ControlGroup, patience, process::Process, relay::Relay};
use crate::provider::running::Provider;

/// Longest time to start.
const START: Duration = Duration::from_secs(10);

/// Runs until dropped.
#[derive(Debug)]
pub struct Container {
    /// The process outside that all inside ends with.
    pub process: Process,
    /// The client, by its id in the root PID namespace.
    pub pid: u32,
    _relay: Relay,
    // Dropped last: it must be empty.
    _group: ControlGroup,
}

impl Container {
    /// Starts a client that prints `up`, and lets it reach the provider under the same address.
    ///
    /// # Errors
    /// If a group or a namespace cannot be had, or the client does not start.
    pub fn start(
        pod_uid: &str,
        container_id: &str,
        client: &Command,
        provider: &Provider,
    ) -> Result<Self> {
        let group = ControlGroup::of_container(pod_uid, container_id)?;
        let mut command = Command::new("sh");
        command
            .args(["-euc", r#"echo $$ > "$1"; shift; exec "$@""#, "sh"])
            .arg(group.entrance())
            .args([
                "unshare",
                "--mount",
                "--pid",
                "--net",
                "--fork",
                "--kill-child",
            ])
            .args(["--mount-proc", "sh", "-euc"])
            .args([r#"ip link set lo up; exec "$@""#, "sh"])
            .arg(client.get_program())
            .args(client.get_args());
        for (name, value) in client.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        let mut process = Process::start(&mut command)?;
        process.wait_line(0, |line| line == "up", START)?;
        let pid = patience::until(START, || only_child(process.id()))
            .context("the container has no process")?;
        Ok(Self {
            _relay: Relay::start(pid, provider.address)?,
            process,
            pid,
            _group: group,
        })
    }
}

fn only_child(pid: u32) -> Option<u32> {
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).ok()?;
    children.split_whitespace().next()?.parse().ok()
}
