//! The provider of the benchmark, which is not traced.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, Stdio},
};

use anyhow::Context;

use super::process::Process;

/// A running provider.
#[derive(Debug)]
pub struct Server {
    _process: Process,
    /// Its port on 127.0.0.1.
    pub port: u16,
}

impl Server {
    /// Starts it on a free port.
    pub fn start(program: &Path) -> anyhow::Result<Self> {
        let mut child = Command::new(program)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot run {}", program.display()))?;
        let stdout = child
            .stdout
            .take()
            .context("the server has no standard output")?;
        let process = Process::new(child);
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let port = line
            .trim()
            .strip_prefix("listening ")
            .context("the server did not say where it listens")?;
        Ok(Self {
            port: port.parse()?,
            _process: process,
        })
    }
}
