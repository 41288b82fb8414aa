//! A real collector between the agent and our sink: `rotel`, from the Python package of that name.

use std::{net::TcpListener, path::PathBuf, process::Command, time::Duration};

use anyhow::{Context as _, Result};
use tempfile::TempDir;

use super::{patience, process::Process, requirements::python_path, sink::Sink};

/// A running collector that passes on what it takes.
#[derive(Debug)]
pub struct Rotel {
    /// Where it takes OTLP over gRPC.
    pub grpc: String,
    /// Where it takes OTLP over HTTP.
    pub http: String,
    /// What it passed on.
    pub sink: Sink,
    _process: Process,
    _folder: TempDir,
}

impl Rotel {
    /// Starts it with our sink behind it.
    ///
    /// # Errors
    /// If it does not listen within ten seconds.
    pub fn start() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let sink = Sink::start(0)?;
        let (grpc, http) = (
            format!("127.0.0.1:{}", free_port()?),
            format!("127.0.0.1:{}", free_port()?),
        );
        let mut command = Command::new(program()?);
        command
            .arg("start")
            .args(["--otlp-grpc-endpoint", &grpc, "--otlp-http-endpoint", &http]);
        command.args([
            "--exporter",
            "otlp",
            "--otlp-exporter-protocol",
            "http",
            "--batch-timeout",
            "200ms",
        ]);
        command.args([
            "--otlp-exporter-endpoint",
            &sink.url(),
            "--otlp-exporter-compression",
            "none",
        ]);
        command.arg("--pid-file").arg(folder.path().join("pid"));
        command.arg("--log-file").arg(folder.path().join("log"));
        let process = Process::start(&mut command)?;
        let listens = |address: &str| std::net::TcpStream::connect(address).ok();
        patience::until(Duration::from_secs(10), || {
            listens(&grpc).and_then(|_| listens(&http))
        })
        .with_context(|| format!("rotel does not listen\n{}", process.said()))?;
        let (grpc, http) = (format!("http://{grpc}"), format!("http://{http}"));
        Ok(Self {
            grpc,
            http,
            sink,
            _process: process,
            _folder: folder,
        })
    }
}

/// The program inside the Python package.
fn program() -> Result<PathBuf> {
    let library = python_path()
        .parent()
        .and_then(|bin| bin.parent())
        .context("no Python environment")?
        .join("lib");
    let versions = std::fs::read_dir(&library)
        .with_context(|| format!("cannot read {}", library.display()))?;
    let found = versions
        .flatten()
        .map(|entry| entry.path().join("site-packages/rotel/rotel-agent"));
    found
        .into_iter()
        .find(|path| path.exists())
        .context("the Python environment holds no rotel")
}

/// A port that was free a moment ago.
///
/// # Errors
/// If the system has none.
pub fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
