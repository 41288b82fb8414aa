//! A virtual machine: one kernel, one initramfs, a console, a port for the script, a time limit.

use std::{
    fs,
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};

use super::architecture::Architecture;

/// How often the machine is asked whether it is done.
const POLL: Duration = Duration::from_millis(100);
/// Lines of the console shown when the machine does not do its work.
const CONSOLE_TAIL: usize = 30;

/// Emulated even where there is KVM: inside a virtual machine it may be there and fail. Both processors
/// by one thread: with one each, a kernel now and then ran into an instruction that its other processor
/// was about to rewrite (a jump label), and panicked while it booted. It costs a tenth of the time.
const OPTIONS: &str = "-accel tcg,thread=single -smp 2 -m 1024 -nic none -display none \
    -monitor none -no-reboot";

/// What to boot.
#[derive(Debug)]
pub struct Machine<'a> {
    /// What kind of processors it has.
    pub architecture: Architecture,
    /// The kernel's image.
    pub kernel: &'a Path,
    /// The initramfs.
    pub initramfs: &'a Path,
    /// Words for the guest's script, beside those for the kernel.
    pub words: &'a str,
    /// Directory for the logs of console and script.
    pub logs: &'a Path,
    /// When to give up.
    pub limit: Duration,
}

impl Machine<'_> {
    /// Boots, waits until the guest turns itself off, and returns what its script said.
    pub fn run(&self) -> anyhow::Result<String> {
        fs::create_dir_all(self.logs)
            .with_context(|| format!("cannot create {}", self.logs.display()))?;
        let (console, said) = (self.logs.join("console.log"), self.logs.join("said.log"));
        let mut qemu = Running(self.qemu(&console, &said)?);
        let start = Instant::now();
        loop {
            if let Some(status) = qemu.0.try_wait()? {
                let said =
                    String::from_utf8_lossy(&fs::read(&said).unwrap_or_default()).into_owned();
                if !status.success() || !said.lines().any(|line| line.trim_end() == "finished") {
                    bail!("the machine ended early ({status}):\n{}", tail(&console));
                }
                return Ok(said);
            }
            if start.elapsed() > self.limit {
                bail!(
                    "the machine was not done after {} s:\n{}",
                    self.limit.as_secs(),
                    tail(&console)
                );
            }
            thread::sleep(POLL);
        }
    }

    fn qemu(&self, console: &Path, said: &Path) -> anyhow::Result<Child> {
        let emulator = self.architecture.emulator();
        let talk = self.architecture.talk_device(&said.display().to_string());
        Command::new(emulator)
            .args(self.architecture.machine().split(' '))
            .args(OPTIONS.split(' '))
            .args(["-serial", &format!("file:{}", console.display())])
            .args(talk)
            .arg("-kernel")
            .arg(self.kernel)
            .arg("-initrd")
            .arg(self.initramfs)
            .arg("-append")
            .arg(format!(
                "console={} panic=-1 loglevel=4 talk={} {}",
                self.architecture.console(),
                self.architecture.talk(),
                self.words
            ))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .with_context(|| {
                let package = self.architecture.emulator_package();
                format!("cannot run {emulator}: install the package {package}")
            })
    }
}

/// Ends the machine when the caller is done with it, for whatever reason.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail only when it is gone already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn tail(path: &Path) -> String {
    let text = String::from_utf8_lossy(&fs::read(path).unwrap_or_default()).into_owned();
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(CONSOLE_TAIL)..].join("\n")
}
