//! Whatever a process maps, and whenever: libraries found late, replaced, hidden or deleted.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use tempfile::TempDir;
use tests::{
    harness::{
        agent::{Agent, Launch},
        assistants::CODEX,
        client::{self, call},
        compare::compare,
        patience::{settled, until},
        probes::mapped_path,
        process::Process,
        report::Report,
        requirements::{
            Need::{self, Golang, Native, Program, Python},
            golang_client, met, native_program,
        },
    },
    provider::running::Provider,
};

const SOON: Duration = Duration::from_secs(10);

/// Calls from the `from`th on must be reported exactly, and nothing else.
fn reported(provider: &Provider, agent: &Agent, from: usize) -> Result<()> {
    let entries = provider.ledger.since(from);
    let reports = settled(entries.len(), || agent.calls(provider));
    compare(&entries, &reports).with_context(|| agent.process.said())
}

/// How long after a library was mapped no call through it may be missed.
const ATTACHED_WITHIN: Duration = Duration::from_millis(250);

/// Lets a driver load its library, and its calls must all be reported from then on.
fn calls_after_loading_reported(
    driver: &mut Process,
    provider: &Provider,
    agent: &Agent,
    from: usize,
) -> Result<()> {
    driver.say("load")?;
    driver.wait_line(0, |line| line == "loaded", SOON)?;
    thread::sleep(ATTACHED_WITHIN);
    for n in 1..=3 {
        call(driver, n)?;
    }
    reported(provider, agent, from)
}

/// The first call through a library, made as soon as it is mapped, races with the attach to it:
/// it may be missed, but not half seen. All later ones must be reported exactly.
fn calls_at_once_reported(
    driver: &mut Process,
    provider: &Provider,
    agent: &Agent,
    from: usize,
    before: usize,
) -> Result<()> {
    call(driver, 1)?;
    until(SOON, || (agent.attachments() > before).then_some(()))
        .with_context(|| format!("the agent did not attach\n{}", agent.process.said()))?;
    call(driver, 2)?;
    call(driver, 3)?;
    let entries = provider.ledger.since(from);
    let first = entries.first().context("nothing was served")?;
    let all = settled(entries.len() - 1, || agent.calls(provider));
    let is_first =
        |report: &Report| report.text("llm_tracer.request_id") == Some(&first.request_id);
    let seen = all.iter().any(is_first);
    compare(&entries[usize::from(!seen)..], &all).with_context(|| agent.process.said())
}

/// The file of libssl that the clients' Python maps.
fn libssl(provider: &Provider) -> Result<PathBuf> {
    let mut driver = Process::start(&mut client::python("driver.py", provider))?;
    call(&mut driver, 9)?;
    Ok(mapped_path(driver.id(), "libssl")?.into())
}

/// A folder with a copy of libssl under its own name.
fn copy_of(library: &Path) -> Result<(TempDir, PathBuf)> {
    let folder = tempfile::tempdir()?;
    let copy = folder
        .path()
        .join(library.file_name().context("a library without a name")?);
    fs::copy(library, &copy)?;
    Ok((folder, copy))
}

#[test]
fn a_connection_older_than_the_agent() -> Result<()> {
    if !met(&[Need::Agent, Python]) {
        return Ok(());
    }
    let provider = Provider::start("")?;
    let mut driver = Process::start(&mut client::python("driver.py", &provider))?;
    call(&mut driver, 1)?;
    let agent = Launch::json()?.start()?;
    call(&mut driver, 2)?;
    call(&mut driver, 3)?;
    reported(&provider, &agent, 1)
}

#[test]
fn a_library_that_an_old_process_loads_late() -> Result<()> {
    if !met(&[Need::Agent, Python]) {
        return Ok(());
    }
    let provider = Provider::start("")?;
    let mut driver = Process::start(&mut client::python("driver.py", &provider))?;
    driver.wait_line(0, |line| line == "up", SOON)?;
    let agent = Launch::json()?.start()?;
    call(&mut driver, 1)?;
    call(&mut driver, 2)?;
    reported(&provider, &agent, 0)
}

/// No process has mapped the copy when the agent starts: it appears with the process.
#[test]
fn a_library_that_appears_later() -> Result<()> {
    if !met(&[Need::Agent, Python]) {
        return Ok(());
    }
    let provider = Provider::start("")?;
    let (folder, _) = copy_of(&libssl(&provider)?)?;
    let agent = Launch::json()?.start()?;
    let mut command = client::python("driver.py", &provider);
    let mut driver = Process::start(command.env("LD_LIBRARY_PATH", folder.path()))?;
    calls_after_loading_reported(&mut driver, &provider, &agent, 1)
}

/// Reading a program of hundreds of megabytes takes a second; one that starts meanwhile is read at once.
#[test]
fn a_small_program_does_not_wait_for_a_large_one() -> Result<()> {
    const SMALL: &str = "go1_27_driver";
    if !met(&[Need::Agent, Native(CODEX), Golang(SMALL)]) {
        return Ok(());
    }
    let agent = Launch::json()?.start()?;
    // Both run on: who has ended is in nobody's way.
    let mut large = Command::new(native_program(CODEX));
    let home = tempfile::tempdir()?;
    large.arg("mcp-server").env("HOME", home.path());
    let _large = Process::start(&mut large)?;
    thread::sleep(Duration::from_millis(50));
    let provider = Provider::start("")?;
    let mut small = client::program(&golang_client(SMALL), &provider);
    let _small = Process::start(&mut small)?;
    let order = || -> Option<Vec<usize>> {
        let said = agent.process.stderr.all();
        let place = |file: &str| {
            let is_of = |line: &String| line.contains("attached") && line.contains(file);
            said.iter().position(is_of)
        };
        Some(vec![place(SMALL)?, place("/codex")?])
    };
    let order = until(Duration::from_secs(20), order);
    let order = order.with_context(|| agent.process.said())?;
    ensure!(order.is_sorted(), "{}", agent.process.said());
    Ok(())
}

#[test]
fn a_library_that_appears_later_and_is_used_at_once() -> Result<()> {
    if !met(&[Need::Agent, Python]) {
        return Ok(());
    }
    let provider = Provider::start("")?;
    let (folder, _) = copy_of(&libssl(&provider)?)?;
    let agent = Launch::json()?.start()?;
    let before = agent.attachments();
    let mut command = client::python("driver.py", &provider);
    let mut driver = Process::start(command.env("LD_LIBRARY_PATH", folder.path()))?;
    calls_at_once_reported(&mut driver, &provider, &agent, 1, before)
}

#[test]
fn a_library_that_was_deleted() -> Result<()> {
    if !met(&[Need::Agent, Python]) {
        return Ok(());
    }
    let provider = Provider::start("")?;
    let (folder, copy) = copy_of(&libssl(&provider)?)?;
    let mut command = client::python("driver.py", &provider);
    let mut driver = Process::start(command.env("LD_LIBRARY_PATH", folder.path()))?;
    call(&mut driver, 1)?;
    fs::remove_file(&copy)?;
    let agent = Launch::json()?.start()?;
    call(&mut driver, 2)?;
    call(&mut driver, 3)?;
    reported(&provider, &agent, 2)
}

/// As in a container: the path names another file there than here.
#[test]
fn a_library_in_another_mount_namespace() -> Result<()> {
    if !met(&[Need::Agent, Python, Program("unshare")]) {
        return Ok(());
    }
    let provider = Provider::start("")?;
    let library = libssl(&provider)?;
    let (_folder, copy) = copy_of(&library)?;
    let agent = Launch::json()?.start()?;
    let inner = client::python("driver.py", &provider);
    let mut command = Command::new("unshare");
    command.args([
        "--mount",
        "sh",
        "-euc",
        r#"mount --bind "$1" "$2"; shift 2; exec "$@""#,
        "sh",
    ]);
    command
        .arg(&copy)
        .arg(&library)
        .arg(inner.get_program())
        .args(inner.get_args());
    command.envs(
        inner
            .get_envs()
            .filter_map(|(name, value)| Some((name, value?))),
    );
    let mut driver = Process::start(&mut command)?;
    calls_after_loading_reported(&mut driver, &provider, &agent, 1)
}
