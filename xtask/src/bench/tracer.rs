//! What watches the load: nothing, empty probes, or the agent.

use std::{
    fs::{self, File},
    io::{Read, Seek, SeekFrom},
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, bail, ensure};

use super::{
    calls::Reported,
    metrics,
    process::{Memory, Process},
};

/// Name of the agent's process.
const NAME: &str = "tracer-agent";
/// What the agent ends with, and what if not all that it knew was delivered.
const SUCCESS: i32 = 0;
const UNDELIVERED: i32 = 3;
/// How long a tracer may take to attach.
const ATTACH: Duration = Duration::from_secs(30);
/// A tracer that wrote nothing for so long has reported all it will.
const QUIET: Duration = Duration::from_millis(1500);
/// A tracer that still reports after so long does not keep up.
const DRAIN: Duration = Duration::from_secs(60);

/// Who watches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tracing {
    /// Nobody.
    Untraced,
    /// The agent's probe points with empty programs.
    Bare,
    /// The agent.
    Agent,
}

impl Tracing {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Untraced, Self::Bare, Self::Agent];
}

/// A running tracer.
#[derive(Debug)]
pub struct Tracer {
    process: Process,
    output: PathBuf,
    metrics_port: u16,
}

/// What the agent accounted for and used since a [`Mark`].
#[derive(Debug)]
pub struct Account {
    /// The calls it reported.
    pub reported: Reported,
    /// Exchanges that it knows it lost.
    pub lost: u64,
    /// Processor time it used, microseconds.
    pub cpu_us: f64,
}

/// A point in the life of the agent.
#[derive(Debug)]
pub struct Mark {
    output: u64,
    lost: u64,
    cpu_us: f64,
}

impl Tracer {
    /// Starts what `tracing` says, and waits until its probes are attached.
    pub fn start(tracing: Tracing, agent: &Path, directory: &Path) -> anyhow::Result<Option<Self>> {
        let args: &[&str] = match tracing {
            Tracing::Untraced => return Ok(None),
            Tracing::Bare => &["bare-probe"],
            // What is measured is the client; the server's side would be read and told, too.
            Tracing::Agent => &[
                "run",
                "--format",
                "json",
                "--exclude",
                "name:bench-server",
                "--exclude",
                "name:runtimes",
            ],
        };
        let output = directory.join("output");
        let log = directory.join("log");
        let metrics_port = free_port()?;
        // A session of its own, as a service would have: the scheduler groups processes by it.
        let child = Command::new("setsid")
            .arg(agent)
            .args(args)
            .env(
                "LLM_TRACER_METRICS_LISTEN",
                format!("127.0.0.1:{metrics_port}"),
            )
            .env("OTEL_TRACES_EXPORTER", "none")
            .env("OTEL_METRICS_EXPORTER", "none")
            .stdin(Stdio::null())
            .stdout(File::create(&output)?)
            .stderr(File::create(&log)?)
            .spawn()
            .context("cannot run setsid")?;
        let mut tracer = Self {
            process: Process::new(child),
            output,
            metrics_port,
        };
        tracer.wait_until_ready(&log)?;
        Ok(Some(tracer))
    }

    /// Processor time and counts as of now.
    pub fn mark(&self) -> anyhow::Result<Mark> {
        Ok(Mark {
            output: self.output_length()?,
            lost: self.lost()?,
            cpu_us: self.process.cpu_us()?,
        })
    }

    /// Waits until everything is reported, then says what happened since the mark.
    pub fn account(&self, since: &Mark) -> anyhow::Result<Account> {
        self.drain()?;
        let cpu_us = self.process.cpu_us()? - since.cpu_us;
        let mut file = File::open(&self.output)?;
        file.seek(SeekFrom::Start(since.output))?;
        let mut text = String::new();
        file.read_to_string(&mut text)?;
        let reported = Reported::read(text.lines())?;
        if reported.foreign > 0 {
            eprintln!(
                "xtask: other processes made {} LLM calls meanwhile: their losses count as ours",
                reported.foreign
            );
        }
        Ok(Account {
            reported,
            lost: self.lost()? - since.lost,
            cpu_us,
        })
    }

    /// Its memory now.
    pub fn memory(&self) -> anyhow::Result<Memory> {
        self.process.memory()
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Ends it as a service manager would. That it dropped calls for want of room in the output's queue
    /// is counted where the load is judged, and no failure here.
    pub fn stop(self) -> anyhow::Result<()> {
        self.process
            .stop(|code| [SUCCESS, UNDELIVERED].contains(&code))
    }

    fn wait_until_ready(&mut self, log: &Path) -> anyhow::Result<()> {
        let start = Instant::now();
        while start.elapsed() < ATTACH {
            let running = self.process.is_running();
            let said = fs::read_to_string(log)? + &fs::read_to_string(&self.output)?;
            if !running {
                bail!("the tracer ended at once: {}", said.trim());
            }
            if said.lines().any(|line| line.starts_with("ready: ")) {
                return Ok(());
            }
            thread::sleep(Duration::from_millis(20));
        }
        bail!(
            "the tracer was not ready after {} s: see {}",
            ATTACH.as_secs(),
            log.display()
        )
    }

    /// Looks at the output file only: a request for the metrics would cost the agent time.
    fn drain(&self) -> anyhow::Result<()> {
        let start = Instant::now();
        let (mut length, mut since) = (self.output_length()?, start);
        while since.elapsed() < QUIET {
            ensure!(
                start.elapsed() < DRAIN,
                "the agent was still reporting {} s after the load",
                DRAIN.as_secs()
            );
            thread::sleep(Duration::from_millis(50));
            let now = self.output_length()?;
            if now != length {
                (length, since) = (now, Instant::now());
            }
        }
        Ok(())
    }

    fn output_length(&self) -> anyhow::Result<u64> {
        Ok(fs::metadata(&self.output)?.len())
    }

    fn lost(&self) -> anyhow::Result<u64> {
        let page = metrics::scrape(self.metrics_port)?;
        // Lost before they were understood, or for want of room in the output's queue.
        let names = [
            "llm_tracer_lost_exchanges_total",
            "llm_tracer_export_dropped_total",
        ];
        Ok(names.iter().map(|name| metrics::sum(&page, name)).sum())
    }
}

/// Ids of running agents other than `own`: their probes sit in the same library and cost all sides.
pub fn others(own: Option<u32>) -> Vec<u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten();
    let pids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let traces = |pid: &u32| {
        fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name.trim_end() == NAME)
    };
    pids.filter(|pid| Some(*pid) != own)
        .filter(traces)
        .collect()
}

fn free_port() -> anyhow::Result<u16> {
    let listener =
        TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("cannot listen on loopback")?;
    Ok(listener.local_addr()?.port())
}
