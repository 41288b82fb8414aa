//! A helper process of the benchmark, and what it uses of the machine.

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    process::Child,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};

/// How long a process may take to end after SIGTERM.
const GRACE: Duration = Duration::from_secs(15);

/// A child that is ended, by its id, when the benchmark is done with it.
#[derive(Debug)]
pub struct Process(Child);

impl Process {
    /// Takes care of a child.
    pub const fn new(child: Child) -> Self {
        Self(child)
    }

    /// Its id.
    pub fn id(&self) -> u32 {
        self.0.id()
    }

    /// Whether it still runs.
    pub fn is_running(&mut self) -> bool {
        matches!(self.0.try_wait(), Ok(None))
    }

    /// Asks it to end, and waits. `is_orderly` judges its exit code.
    pub fn stop(mut self, is_orderly: impl Fn(i32) -> bool) -> anyhow::Result<()> {
        self.signal(libc::SIGTERM);
        let start = Instant::now();
        while start.elapsed() < GRACE {
            if let Some(status) = self.0.try_wait()? {
                ensure!(
                    status.code().is_some_and(is_orderly),
                    "process {} ended with {status}",
                    self.id()
                );
                return Ok(());
            }
            thread::sleep(Duration::from_millis(20));
        }
        anyhow::bail!(
            "process {} did not end in {} s after SIGTERM",
            self.id(),
            GRACE.as_secs()
        )
    }

    /// Interrupts it, as a person at the terminal would, and waits; its exit status says little.
    pub fn interrupt(mut self) -> anyhow::Result<()> {
        self.signal(libc::SIGINT);
        self.0.wait()?;
        Ok(())
    }

    /// Processor time of all its threads so far, ended ones included, microseconds.
    pub fn cpu_us(&self) -> anyhow::Result<f64> {
        let pid = libc::pid_t::try_from(self.id())?;
        let mut clock: libc::clockid_t = 0;
        let mut time = libc::timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        // SAFETY: both write through pointers to locals of the right type.
        let failed = unsafe {
            libc::clock_getcpuclockid(pid, &raw mut clock) != 0
                || libc::clock_gettime(clock, &raw mut time) != 0
        };
        ensure!(
            !failed,
            "process {pid} has no processor clock: it has ended"
        );
        Ok(time.tv_sec as f64 * 1e6 + time.tv_nsec as f64 / 1e3)
    }

    /// Its memory now.
    pub fn memory(&self) -> anyhow::Result<Memory> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.id()))
            .with_context(|| format!("process {} has ended", self.id()))?;
        Ok(Memory {
            resident: kib(&status, "VmRSS:")?,
            peak: kib(&status, "VmHWM:")?,
            maps: map_bytes(
                &Path::new("/proc")
                    .join(self.id().to_string())
                    .join("fdinfo"),
            )?,
        })
    }

    fn signal(&self, signal: libc::c_int) {
        if let Ok(pid) = libc::pid_t::try_from(self.id()) {
            // SAFETY: a plain system call; the child is not reaped yet, so the id is still its own.
            unsafe { libc::kill(pid, signal) };
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail only when it is gone already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Memory of a process, bytes.
#[derive(Debug, Clone, Copy)]
pub struct Memory {
    /// Resident now.
    pub resident: u64,
    /// Most that was ever resident.
    pub peak: u64,
    /// Kernel memory of the BPF maps that it holds.
    pub maps: u64,
}

fn kib(status: &str, key: &str) -> anyhow::Result<u64> {
    let value = status.lines().find_map(|line| line.strip_prefix(key));
    let value = value
        .and_then(|value| value.split_whitespace().next())
        .with_context(|| format!("no {key} in status"))?;
    Ok(value.parse::<u64>()? * 1024)
}

/// Sums what the kernel charges for each BPF map, once a map.
fn map_bytes(fdinfo: &Path) -> anyhow::Result<u64> {
    let mut maps = BTreeMap::new();
    for entry in fs::read_dir(fdinfo)? {
        // A descriptor may be closed meanwhile.
        let Ok(text) = fs::read_to_string(entry?.path()) else {
            continue;
        };
        let field = |key: &str| -> Option<u64> {
            text.lines()
                .find_map(|line| line.strip_prefix(key))?
                .trim()
                .parse()
                .ok()
        };
        if let (Some(id), Some(bytes)) = (field("map_id:"), field("memlock:")) {
            maps.insert(id, bytes);
        }
    }
    Ok(maps.values().sum())
}
