//! The agent as a process.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    path::Path,
    process::{Command, ExitStatus},
    time::Duration,
};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

use super::{
    patience, process::Process, report::Report, requirements::agent_path, rotel::free_port,
};
use crate::provider::running::Provider;

/// Longest time to attach.
const READY: Duration = Duration::from_secs(30);
/// Longest time to end after SIGTERM, with a last flush.
const END: Duration = Duration::from_secs(15);

/// A running agent, attached.
#[derive(Debug)]
pub struct Agent {
    /// Its process.
    pub process: Process,
    metrics_port: u16,
}

/// What an agent is started with.
#[derive(Debug)]
pub struct Launch {
    command: Command,
    metrics_port: u16,
}

impl Launch {
    /// `run --format json`, without configuration of this host.
    ///
    /// # Errors
    /// If no port is free for its metrics.
    pub fn json() -> Result<Self> {
        Self::with_format("json")
    }

    /// The same with another `--format`.
    ///
    /// # Errors
    /// If no port is free for its metrics.
    pub fn with_format(format: &str) -> Result<Self> {
        Self::of("run", format)
    }

    /// `record --format json`, which also writes a tape.
    ///
    /// # Errors
    /// If no port is free for its metrics.
    pub fn record(tape: &Path) -> Result<Self> {
        let mut launch = Self::of("record", "json")?;
        launch.command.arg("--output").arg(tape);
        Ok(launch)
    }

    fn of(subcommand: &str, format: &str) -> Result<Self> {
        let metrics_port = free_port()?;
        let mut command = Command::new(agent_path());
        command.args([
            subcommand,
            "--format",
            format,
            "--metrics-listen",
            &format!("127.0.0.1:{metrics_port}"),
        ]);
        let inherited: Vec<_> = std::env::vars_os().map(|(name, _)| name).collect();
        for name in inherited {
            let text = name.to_string_lossy();
            if text.starts_with("OTEL_") || text.starts_with("LLM_TRACER_") {
                command.env_remove(&name);
            }
        }
        command
            .env("OTEL_BSP_SCHEDULE_DELAY", "200")
            .env("OTEL_METRIC_EXPORT_INTERVAL", "500");
        Ok(Self {
            command,
            metrics_port,
        })
    }

    /// Exports to a collector.
    pub fn otlp(mut self, endpoint: &str, protocol: &str) -> Self {
        self.command
            .env("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)
            .env("OTEL_EXPORTER_OTLP_PROTOCOL", protocol);
        self
    }

    /// A further argument.
    pub fn argument(mut self, word: &str) -> Self {
        self.command.arg(word);
        self
    }

    /// A variable.
    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// Started by another program: `words` and then the agent's own command line.
    pub fn through(mut self, program: &str, words: &[&str]) -> Self {
        let agent = &self.command;
        let mut command = Command::new(program);
        command
            .args(words)
            .arg(agent.get_program())
            .args(agent.get_args());
        for (name, value) in agent.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        self.command = command;
        self
    }

    /// Starts and waits until it is attached.
    ///
    /// # Errors
    /// If it ends or does not say `ready` in time; the error holds what it said.
    pub fn start(mut self) -> Result<Agent> {
        let mut process = Process::start(&mut self.command)?;
        let ready = patience::until(READY, || {
            let said = [process.stdout.all(), process.stderr.all()].concat();
            let ready = said.iter().any(|line| line.starts_with("ready: "));
            (ready || process.has_ended()).then_some(ready)
        });
        ensure!(
            ready == Some(true),
            "the agent is not ready\n{}",
            process.said()
        );
        Ok(Agent {
            process,
            metrics_port: self.metrics_port,
        })
    }
}

impl Agent {
    /// Calls to a provider printed so far.
    pub fn calls(&self, provider: &Provider) -> Vec<Report> {
        let lines = self.process.stdout.all();
        let reports = lines.iter().filter_map(|line| Report::from_line(line));
        reports.filter(|report| report.is_of(provider)).collect()
    }

    /// Files like libssl that it says it has attached to.
    pub fn attachments(&self) -> usize {
        let said = self.process.stderr.all();
        said.iter()
            .filter(|line| line.contains("attached") && line.contains("libssl"))
            .count()
    }

    /// Files that it said to probe when it was ready: `ready: probing 4 files by uprobe session`.
    pub fn probed_at_start(&self) -> Option<u64> {
        let said = [self.process.stdout.all(), self.process.stderr.all()].concat();
        let line = said.iter().find_map(|line| line.split_once("probing "));
        line?.1.split(' ').next()?.parse().ok()
    }

    /// A page of its own server, `/metrics` or `/healthz`.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn page(&self, path: &str) -> Result<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.metrics_port))
            .context("cannot reach the agent's metrics")?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"
        )?;
        let mut page = String::new();
        stream.read_to_string(&mut page)?;
        Ok(page)
    }

    /// Posts JSON to its own server; returns the answer with its head.
    ///
    /// # Errors
    /// If it cannot be reached.
    pub fn post(&self, path: &str, body: &Value) -> Result<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.metrics_port))
            .context("cannot reach the agent's server")?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        let body = body.to_string();
        write!(
            stream,
            "POST {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    }

    /// What it has told of spans that had left.
    pub fn found_later(&self) -> Vec<Report> {
        let lines = self.process.stdout.all();
        let events = lines
            .iter()
            .filter_map(|line| Report::event_from_line(line));
        events.collect()
    }

    /// Resident memory, bytes.
    ///
    /// # Errors
    /// If the process is gone.
    pub fn resident(&self) -> Result<u64> {
        self.memory("VmRSS:")
    }

    /// The most memory that was resident since the start, or since it was [last forgotten].
    ///
    /// # Errors
    /// If the process is gone.
    ///
    /// [last forgotten]: Self::forget_most_resident
    pub fn most_resident(&self) -> Result<u64> {
        self.memory("VmHWM:")
    }

    /// From now on the most that is resident is counted anew.
    ///
    /// # Errors
    /// If the process is gone, or we are not root.
    pub fn forget_most_resident(&self) -> Result<()> {
        std::fs::write(format!("/proc/{}/clear_refs", self.process.id()), "5")?;
        Ok(())
    }

    fn memory(&self, field: &str) -> Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        let line = status.lines().find(|line| line.starts_with(field));
        let kib = line.and_then(|line| line.split_whitespace().nth(1));
        let kib: u64 = kib.with_context(|| format!("no {field}"))?.parse()?;
        Ok(kib * 1024)
    }

    /// Processor time so far, in ticks of the kernel's statistics (hundredths of a second).
    ///
    /// # Errors
    /// If the process is gone.
    pub fn cpu_ticks(&self) -> Result<u64> {
        ticks(Path::new(&format!("/proc/{}/stat", self.process.id())))
    }

    /// The same of its thread of this name.
    ///
    /// # Errors
    /// If it has none.
    pub fn cpu_ticks_of(&self, thread: &str) -> Result<u64> {
        for task in std::fs::read_dir(format!("/proc/{}/task", self.process.id()))? {
            let task = task?.path();
            if std::fs::read_to_string(task.join("comm"))?.trim_end() == thread {
                return ticks(&task.join("stat"));
            }
        }
        bail!("no thread `{thread}`")
    }

    /// Ends it as an administrator would, with its last flush.
    ///
    /// # Errors
    /// If it does not end in time.
    pub fn stop(&mut self) -> Result<ExitStatus> {
        self.process.signal(libc::SIGTERM);
        self.process.wait_end(END)
    }
}

/// Processor time by a file of the kernel's statistics.
fn ticks(stat: &Path) -> Result<u64> {
    let stat = std::fs::read_to_string(stat)?;
    // Behind the name, which may have anything in it: field 3 and those that follow.
    let (_, fields) = stat.rsplit_once(')').context("no name in stat")?;
    let mut times = fields.split_whitespace().skip(11);
    let mut time = || times.next()?.parse::<u64>().ok();
    time()
        .zip(time())
        .map(|(user, system)| user + system)
        .context("no times in stat")
}
