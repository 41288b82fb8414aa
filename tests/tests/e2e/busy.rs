//! While the agent begins, or puts probes away: processes that are gone at once are known by their names,
//! and a new library is probed as soon as ever.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use tests::{
    harness::{
        agent::{Agent, Launch},
        client,
        patience::until,
        process::Process,
        requirements::{
            Need::{self, Program, Python},
            met, system_library,
        },
    },
    provider::running::Provider,
};

/// Programs that the shell runs, each of one call.
const CALLS: usize = 60;
const LIMIT: Duration = Duration::from_secs(60);
/// Files under probe that go at the same time. One after the other, they took ten seconds.
const FILES: usize = 60;
/// Longest time until a library is probed that somebody has begun to use. The agent takes milliseconds;
/// this host may be busy.
const SOON: Duration = Duration::from_secs(2);
/// Where the system's libssl is.
const LIBSSL: &str = "libssl.so.3";

/// A shell that runs a program for each call, without TLS.
fn curls(provider: &Provider) -> Result<Process> {
    let mut command = client::plain(client::shell("many_curls.sh", provider), provider);
    Process::start(command.arg(CALLS.to_string()))
}

/// Enough was reported, and who called is known of all of it, but for so many.
fn are_named(agent: &Agent, provider: &Provider, least: usize, unknown: usize) -> Result<()> {
    let named = until(LIMIT, || {
        let calls = agent.calls(provider);
        (calls.len() >= least).then_some(calls)
    });
    let calls = named.with_context(|| format!("few calls\n{}", agent.process.said()))?;
    let nameless: Vec<_> = calls
        .iter()
        .filter_map(|call| call.text("process"))
        .filter(|name| !["curl", "direct"].contains(name))
        .collect();
    ensure!(
        nameless.len() <= unknown,
        "{} of {} calls: {nameless:?}",
        nameless.len(),
        calls.len()
    );
    Ok(())
}

#[test]
fn names_are_known_while_the_agent_begins() -> Result<()> {
    if !met(&[Need::Agent, Program("curl"), Program("sh")]) {
        return Ok(());
    }
    let provider = Provider::start("")?;
    let mut shell = curls(&provider)?;
    let agent = Launch::json()?.start()?;
    shell.succeed(LIMIT)?;
    // Those of before the agent's first probe are not seen.
    // Nor is it known who the one is that was there before the agent, if it was gone before its look.
    are_named(&agent, &provider, 1, 1)
}

fn copies(folder: &Path, library: &Path) -> Result<Vec<PathBuf>> {
    let copy = |n| {
        let path = folder.join(format!("libssl-{n}.so.3"));
        fs::copy(library, &path)?;
        Ok(path)
    };
    (0..FILES).map(copy).collect()
}

/// When the agent said that it probes a file.
fn wait_until_attached(agent: &Agent, path: &Path) -> Result<()> {
    let file = path.display().to_string();
    let is_it = |line: &String| line.contains("attached") && line.contains(&file);
    until(LIMIT, || {
        agent.process.stderr.all().iter().any(is_it).then_some(())
    })
    .with_context(|| format!("{file} is not probed\n{}", agent.process.said()))
}

#[test]
fn new_libraries_and_names_do_not_wait_for_files_that_go() -> Result<()> {
    if !met(&[
        Need::Agent,
        Python,
        Program("curl"),
        Need::SystemLibrary(LIBSSL),
    ]) {
        return Ok(());
    }
    let provider = Provider::start("")?;
    let folder = tempfile::tempdir()?;
    let library = system_library(LIBSSL).context("no libssl")?;
    let old = copies(folder.path(), &library)?;
    let mut launch = Launch::json()?;
    for path in &old {
        launch = launch
            .argument("--library")
            .argument(&path.display().to_string());
    }
    let agent = launch.start()?;
    ensure!(agent.attachments() >= FILES, "{}", agent.process.said());

    let before = agent.process.stderr.all().len();
    for path in &old {
        fs::write(path, b"no library any more")?;
    }
    let goes = |line: &String| line.contains("detached");
    until(LIMIT, || {
        let said = agent.process.stderr.all();
        said.iter().skip(before).any(goes).then_some(())
    })
    .context("the probes of what was overwritten stay")?;

    let mut shell = curls(&provider)?;
    let new = folder.path().join("libssl-new.so.3");
    fs::copy(&library, &new)?;
    let mut command = client::python("direct.py", &provider);
    let begun = Instant::now();
    let mut user = Process::start(command.arg(&new).arg("1"))?;
    wait_until_attached(&agent, &new)?;
    let took = begun.elapsed();
    ensure!(
        took < SOON,
        "{took:?} until it was probed\n{}",
        agent.process.said()
    );
    user.succeed(LIMIT)?;
    shell.succeed(LIMIT)?;
    are_named(&agent, &provider, CALLS, 0)
}
