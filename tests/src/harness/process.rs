//! A child process whose lines are collected and which never outlives the test.

use std::{
    io::{BufRead as _, BufReader, Read, Write as _},
    process::{Child, ChildStdin, Command, ExitStatus, Stdio},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};

use super::patience;

/// Lines that a process has written so far to one of its streams.
#[derive(Debug, Clone, Default)]
pub struct Lines(Arc<Collected>);

#[derive(Debug, Default)]
struct Collected {
    lines: Mutex<Vec<String>>,
    ended: AtomicBool,
}

impl Lines {
    fn collect(stream: impl Read + Send + 'static) -> Self {
        let lines = Self::default();
        let collected = lines.clone();
        thread::spawn(move || {
            for line in BufReader::new(stream)
                .split(b'\n')
                .map_while(|line| line.ok())
            {
                let line = String::from_utf8_lossy(&line).into_owned();
                collected.lock().push(line);
            }
            collected.0.ended.store(true, Ordering::Release);
        });
        lines
    }

    fn lock(&self) -> MutexGuard<'_, Vec<String>> {
        self.0.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn have_ended(&self) -> bool {
        self.0.ended.load(Ordering::Acquire)
    }

    /// All lines.
    pub fn all(&self) -> Vec<String> {
        self.lock().clone()
    }

    /// Number of lines.
    pub fn len(&self) -> usize {
        self.lock().len()
    }

    /// Is there no line?
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Lines from the `from`th on.
    pub fn since(&self, from: usize) -> Vec<String> {
        let lines = self.lock();
        lines.get(from..).unwrap_or_default().to_vec()
    }
}

/// A running process; dropped, it is killed.
#[derive(Debug)]
pub struct Process {
    child: Child,
    name: String,
    stdin: Option<ChildStdin>,
    /// Its standard output.
    pub stdout: Lines,
    /// Its standard error.
    pub stderr: Lines,
}

impl Process {
    /// Starts a command with all three streams in our hands.
    ///
    /// # Errors
    /// If it cannot be started.
    pub fn start(command: &mut Command) -> Result<Self> {
        let name = command.get_program().to_string_lossy().into_owned();
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {name}"))?;
        let stdout = Lines::collect(child.stdout.take().context("no standard output")?);
        let stderr = Lines::collect(child.stderr.take().context("no standard error")?);
        let stdin = child.stdin.take();
        Ok(Self {
            child,
            name,
            stdin,
            stdout,
            stderr,
        })
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Writes a line to its standard input.
    ///
    /// # Errors
    /// If it no longer reads.
    pub fn say(&mut self, line: &str) -> Result<()> {
        let stdin = self.stdin.as_mut().context("standard input is closed")?;
        writeln!(stdin, "{line}")
            .and_then(|()| stdin.flush())
            .with_context(|| format!("{} no longer reads", self.name))
    }

    /// Ends its standard input.
    pub fn hang_up(&mut self) {
        self.stdin = None;
    }

    /// Waits for a line of standard output that satisfies `wanted`, from the `from`th on.
    ///
    /// # Errors
    /// If it does not come in time; the error holds what the process has said.
    pub fn wait_line(
        &mut self,
        from: usize,
        wanted: impl Fn(&str) -> bool,
        limit: Duration,
    ) -> Result<String> {
        let found = patience::until(limit, || {
            let ended = self.child.try_wait().ok().flatten().is_some();
            let line = self
                .stdout
                .since(from)
                .into_iter()
                .find(|line| wanted(line));
            if line.is_none() && ended {
                Some(None)
            } else {
                line.map(Some)
            }
        });
        found.flatten().with_context(|| {
            format!(
                "{} has not said what was waited for\n{}",
                self.name,
                self.said()
            )
        })
    }

    /// Has it ended?
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().ok().flatten().is_some()
    }

    /// Processor time of all its threads so far, ended ones included.
    ///
    /// # Errors
    /// If it has ended.
    pub fn cpu_time(&self) -> Result<Duration> {
        let mut clock: libc::clockid_t = 0;
        let mut time = libc::timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        // SAFETY: both write through pointers to locals of the right type.
        let failed = unsafe {
            libc::clock_getcpuclockid(self.child.id().cast_signed(), &raw mut clock) != 0
                || libc::clock_gettime(clock, &raw mut time) != 0
        };
        ensure!(!failed, "{} has ended\n{}", self.name, self.said());
        Ok(Duration::new(
            time.tv_sec.cast_unsigned(),
            time.tv_nsec.try_into()?,
        ))
    }

    /// Sends a signal.
    pub fn signal(&self, signal: libc::c_int) {
        // SAFETY: takes two numbers. The child is ours and not yet reaped, so the id is its own.
        unsafe { libc::kill(self.child.id().cast_signed(), signal) };
    }

    /// Waits for the end.
    ///
    /// # Errors
    /// If it does not come in time.
    pub fn wait_end(&mut self, limit: Duration) -> Result<ExitStatus> {
        let status = patience::until(limit, || self.child.try_wait().ok().flatten());
        // A child of its own may hold the streams open for longer.
        let read = || (self.stdout.have_ended() && self.stderr.have_ended()).then_some(());
        patience::until(Duration::from_secs(1), read);
        status.with_context(|| {
            format!(
                "{} has not ended after {limit:?}\n{}",
                self.name,
                self.said()
            )
        })
    }

    /// Waits for the end and asserts success.
    ///
    /// # Errors
    /// If the process fails or takes too long; the error holds what it has said.
    pub fn succeed(&mut self, limit: Duration) -> Result<()> {
        self.hang_up();
        let status = self.wait_end(limit)?;
        ensure!(
            status.success(),
            "{} failed ({status})\n{}",
            self.name,
            self.said()
        );
        Ok(())
    }

    /// Both streams, for error messages.
    pub fn said(&self) -> String {
        let tail = |lines: &Lines| {
            let lines = lines.all();
            lines
                .get(lines.len().saturating_sub(40)..)
                .unwrap_or_default()
                .join("\n")
        };
        format!(
            "standard output:\n{}\nstandard error:\n{}",
            tail(&self.stdout),
            tail(&self.stderr)
        )
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail only when it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
