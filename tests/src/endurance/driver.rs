//! A running driver: a client that does what it is told, line by line.

use std::{os::unix::process::CommandExt as _, time::Duration};

use anyhow::{Context as _, Result, ensure};

use super::clients::Client;
use crate::{harness::process::Process, provider::running::Provider};

/// Longest start of a runtime with its libraries, on a busy machine.
const UP_WITHIN: Duration = Duration::from_secs(60);
/// Longest wait for the answer to one call.
const ANSWERED_WITHIN: Duration = Duration::from_secs(30);
/// Longest end.
const ENDED_WITHIN: Duration = Duration::from_secs(20);

/// Dropped, it is killed.
#[derive(Debug)]
pub struct Driver {
    process: Process,
    /// Lines of its output that were read.
    read: usize,
}

/// What became of a while of calls.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Load {
    /// Calls, each answered as it should be.
    pub made: u64,
    /// Time that they took, without pauses.
    pub busy: Duration,
}

impl Load {
    /// Mean time of a call, microseconds.
    pub fn mean_us(&self) -> f64 {
        self.busy.as_secs_f64() * 1e6 / self.made.max(1) as f64
    }
}

impl Driver {
    /// Starts one and waits until it listens.
    ///
    /// # Errors
    /// If it does not.
    pub fn start(client: &Client, provider: &Provider) -> Result<Self> {
        // With the children that it may have, it is a group of its own.
        let process = Process::start(client.command(provider)?.process_group(0))?;
        let mut driver = Self { process, read: 0 };
        driver
            .hear(|line| line == "up", UP_WITHIN)
            .with_context(|| format!("{} does not start", client.name))?;
        Ok(driver)
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Lets it begin call `n`.
    ///
    /// # Errors
    /// If it no longer listens.
    pub fn begin(&mut self, n: u64, words: &str) -> Result<()> {
        self.process
            .say(&format!("{n} {words}"))
            .with_context(|| self.process.said())
    }

    /// Waits until call `n`, which was begun, is answered.
    ///
    /// # Errors
    /// If it is not in time, or is wrong.
    pub fn answered(&mut self, n: u64) -> Result<()> {
        let wanted = format!("answered {n}");
        self.hear(|line| line == wanted, ANSWERED_WITHIN).map(drop)
    }

    /// Lets it call for a while on a new connection, with a pause after each call.
    ///
    /// # Errors
    /// If an answer is wrong or late.
    pub fn load(&mut self, seconds: f64, pause: Duration) -> Result<Load> {
        let pause = pause.as_secs_f64() * 1e3;
        self.process
            .say(&format!("load {seconds} {pause}"))
            .with_context(|| self.process.said())?;
        let limit = Duration::from_secs_f64(seconds) + ANSWERED_WITHIN;
        let line = self.hear(|line| line.starts_with("made "), limit)?;
        let mut numbers = line
            .split(' ')
            .skip(1)
            .map_while(|word| word.parse::<u64>().ok());
        let load = numbers.next().zip(numbers.next()).map(|(made, busy)| Load {
            made,
            busy: Duration::from_micros(busy),
        });
        load.with_context(|| format!("no count of calls: {line}"))
    }

    /// Processor time of all its threads so far.
    ///
    /// # Errors
    /// If it has ended.
    pub fn cpu_time(&self) -> Result<Duration> {
        self.process.cpu_time()
    }

    /// Kills it and its children, whatever they do.
    pub fn kill(self) {
        let group = -self.process.id().cast_signed();
        // SAFETY: takes two numbers. The child is ours and not yet reaped, so the group is its own.
        unsafe { libc::kill(group, libc::SIGKILL) };
    }

    /// Lets it end by itself.
    ///
    /// # Errors
    /// If it fails, is killed by a signal, or takes too long.
    pub fn finish(mut self) -> Result<()> {
        self.process.succeed(ENDED_WITHIN)
    }

    /// Whether it is there still.
    ///
    /// # Errors
    /// If it has ended; the error holds what it said.
    pub fn lives(&mut self) -> Result<()> {
        ensure!(!self.process.has_ended(), "ended\n{}", self.process.said());
        Ok(())
    }

    fn hear(&mut self, wanted: impl Fn(&str) -> bool, limit: Duration) -> Result<String> {
        let line = self.process.wait_line(self.read, wanted, limit)?;
        self.read = self.process.stdout.len();
        Ok(line)
    }
}
