//! Traffic and system calls that are none of the agent's business: what looking at sockets costs them.

use std::{path::Path, process::Command};

use anyhow::{Context, ensure};
use serde::{Deserialize, Serialize};

/// Operations a second, see `tests/bench/sockets.c`.
#[derive(Debug, Clone, Copy, Deserialize, Serialize)]
pub struct Rates {
    /// Writes of 64 KiB over loopback.
    pub tcp_bulk: f64,
    /// 64 bytes written and read over loopback.
    pub tcp_small: f64,
    /// The same by `AF_UNIX`.
    pub unix_small: f64,
    /// Connections opened, used once and closed.
    pub connections: f64,
    /// System calls that have nothing to do with files.
    pub system_calls: f64,
    /// Reads and writes of a device.
    pub file_calls: f64,
}

impl Rates {
    /// Runs the program, each of its loads for `seconds`.
    pub fn measure(program: &Path, seconds: f64) -> anyhow::Result<Self> {
        let output = Command::new(program)
            .args(["--seconds", &seconds.to_string()])
            .output()
            .with_context(|| format!("cannot run {}", program.display()))?;
        ensure!(
            output.status.success(),
            "the load on sockets failed ({}): {}",
            output.status,
            String::from_utf8_lossy(&output.stderr).trim()
        );
        serde_json::from_slice(&output.stdout).context("the load on sockets printed no result")
    }
}
