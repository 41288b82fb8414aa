//! Programs of hundreds of megabytes: what it takes to find their TLS.

use std::{fs, process::Command, time::Duration};

use anyhow::{Context as _, Result, ensure};
use tests::harness::{
    agent::Launch,
    assistants::CODEX,
    patience::until,
    process::Process,
    requirements::{
        Need::{self, Native},
        met, native_program,
    },
};

/// The thread that reads them.
const READER: &str = "large-programs";
/// What a program of this size may take, in bytes of memory and hundredths of a second of a processor.
/// Seconds by the clock are those of whoever else is at work.
const SIZE: u64 = 300_000_000;
const MEMORY: u64 = 60_000_000;
const TICKS: u64 = 150;

#[test]
fn a_program_of_300_megabytes_takes_less_than_60_and_a_second_and_a_half() -> Result<()> {
    if !met(&[Need::Agent, Native(CODEX)]) {
        return Ok(());
    }
    let program = native_program(CODEX);
    let size = fs::metadata(&program)?.len();
    ensure!(size > SIZE * 9 / 10, "{size} bytes are too few to tell");
    let agent = Launch::json()?.start()?;
    let (held, used) = (agent.resident()?, agent.cpu_ticks_of(READER)?);
    agent.forget_most_resident()?;
    let home = tempfile::tempdir()?;
    let mut command = Command::new(program);
    let _codex = Process::start(command.arg("mcp-server").env("HOME", home.path()))?;
    let is_attached = |line: &String| line.contains("attached") && line.contains("/codex");
    until(Duration::from_secs(30), || {
        agent
            .process
            .stderr
            .all()
            .iter()
            .any(is_attached)
            .then_some(())
    })
    .with_context(|| agent.process.said())?;
    let held = agent.most_resident()?.saturating_sub(held);
    let used = agent.cpu_ticks_of(READER)? - used;
    println!("{size} bytes: {held} bytes more, {used} hundredths of a second");
    ensure!(held < MEMORY, "{held} bytes more were resident");
    ensure!(used > 0, "somebody else has read it");
    ensure!(used * SIZE < TICKS * size, "{used} hundredths of a second");
    Ok(())
}
