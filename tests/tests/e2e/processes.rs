//! Whose calls are reported: the operator's choice, the program that ran.

use std::{fs, path::PathBuf, process::Command, time::Duration};

use anyhow::{Context as _, Result, ensure};
use tests::{
    harness::{
        agent::{Agent, Launch},
        client::{self, call},
        compare::compare,
        patience::{settled, until},
        probes::mapped_path,
        process::Process,
        requirements::{
            Need::{self, Program, Python},
            met,
        },
        scene::Scene,
    },
    provider::{ledger::Entry, running::Provider},
};

const SOON: Duration = Duration::from_secs(10);

/// A driver that has made call `n`.
fn driver(provider: &Provider, n: u64) -> Result<Process> {
    let mut driver = Process::start(&mut client::python("driver.py", provider))?;
    call(&mut driver, n)?;
    Ok(driver)
}

fn curl(provider: &Provider, n: u64) -> Command {
    let mut command = Command::new("curl");
    let body = format!(
        r#"{{"model":"gpt-4o-mini-delay-50","messages":[{{"role":"user","content":"n={n}"}}]}}"#
    );
    command
        .args(["-sS", "--http1.1", "--fail-with-body", "--cacert"])
        .arg(&provider.ca)
        .args(["-H", "content-type: application/json", "-d", &body])
        .arg(format!("{}/v1/chat/completions", provider.url()));
    command
}

/// Only the calls with these numbers are reported.
fn only(provider: &Provider, agent: &Agent, numbers: &[u64]) -> Result<()> {
    let entries: Vec<Entry> = provider
        .ledger
        .entries()
        .into_iter()
        .filter(|entry| numbers.contains(&entry.n))
        .collect();
    ensure!(entries.len() == numbers.len(), "not all calls were served");
    let reports = settled(entries.len(), || agent.calls(provider));
    compare(&entries, &reports).with_context(|| agent.process.said())
}

#[test]
fn one_process_by_its_id() -> Result<()> {
    if !met(&[Need::Agent, Python]) {
        return Ok(());
    }
    let provider = Provider::start("")?;
    let (mut wanted, mut other) = (driver(&provider, 1)?, driver(&provider, 2)?);
    let agent = Launch::json()?
        .argument("--pid")
        .argument(&wanted.id().to_string())
        .start()?;
    for n in [11, 12] {
        call(&mut wanted, n)?;
        call(&mut other, n + 10)?;
    }
    only(&provider, &agent, &[11, 12])
}

/// Where some processes are chosen, nobody else pays for it: a library that the others alone map is not
/// probed; and where only ids are named, none that nobody maps yet.
#[test]
fn libraries_of_others_are_not_probed() -> Result<()> {
    if !met(&[Need::Agent, Python]) {
        return Ok(());
    }
    let provider = Provider::start("")?;
    let library = PathBuf::from(mapped_path(driver(&provider, 1)?.id(), "libssl")?);
    let folder = tempfile::tempdir()?;
    let name = library.file_name().context("a library without a name")?;
    fs::copy(&library, folder.path().join(name))?;
    let start = |n| -> Result<Process> {
        let mut command = client::python("driver.py", &provider);
        let mut driver = Process::start(command.env("LD_LIBRARY_PATH", folder.path()))?;
        call(&mut driver, n)?;
        Ok(driver)
    };
    let mut early = start(2)?;
    for [option, value] in [["--pid", "1"], ["--include", "name:nobody-has-this"]] {
        let agent = Launch::json()?.argument(option).argument(value).start()?;
        let mut late = start(3)?;
        for driver in [&mut early, &mut late] {
            call(driver, 4)?;
        }
        std::thread::sleep(Duration::from_secs(1));
        let said = agent.process.stderr.all();
        let place = folder.path().to_string_lossy();
        let of_others = said.iter().filter(|line| line.contains(&*place)).count();
        ensure!(of_others == 0, "{option}: {}", agent.process.said());
        let ahead = option != "--pid";
        ensure!(
            ahead || agent.attachments() == 0,
            "{option}: {}",
            agent.process.said()
        );
        ensure!(agent.calls(&provider).is_empty(), "{option}");
    }
    Ok(())
}

#[test]
fn processes_by_their_executable() -> Result<()> {
    if !met(&[Need::Agent, Python, Program("curl")]) {
        return Ok(());
    }
    let provider = Provider::start("")?;
    let agent = Launch::json()?
        .argument("--exe")
        .argument("*/curl")
        .start()?;
    let mut other = driver(&provider, 1)?;
    client::run(curl(&provider, 2))?;
    call(&mut other, 3)?;
    client::run(curl(&provider, 4))?;
    only(&provider, &agent, &[2, 4])
}

#[test]
fn excluded_processes_are_left_alone() -> Result<()> {
    if !met(&[Need::Agent, Python, Program("curl")]) {
        return Ok(());
    }
    let provider = Provider::start("")?;
    let agent = Launch::json()?
        .argument("--exclude")
        .argument("name:curl")
        .start()?;
    let mut wanted = driver(&provider, 1)?;
    client::run(curl(&provider, 2))?;
    call(&mut wanted, 3)?;
    client::run(curl(&provider, 4))?;
    only(&provider, &agent, &[1, 3])
}

/// The same process id, another program: each call stands under the program that made it.
#[test]
fn a_program_started_in_place_of_another() -> Result<()> {
    if !met(&[Need::Agent, Python, Program("curl")]) {
        return Ok(());
    }
    let scene = Scene::start()?;
    let mut process = replaced(&scene)?;
    process.succeed(SOON)?;
    scene.check()?;
    let first = program_of(&scene, 31)?;
    ensure!(
        first.as_ref().is_some_and(|it| it.contains("python")),
        "{first:?}"
    );
    let second = program_of(&scene, 32)?;
    ensure!(
        second.as_ref().is_some_and(|it| it.contains("curl")),
        "{second:?}"
    );
    Ok(())
}

/// The agent gets to see the calls when both programs are gone: of the first it has learnt before, of the
/// second the kernel tells afterwards, and neither is taken for the other.
#[test]
fn programs_that_are_gone_when_their_calls_are_seen() -> Result<()> {
    if !met(&[Need::Agent, Python, Program("curl")]) {
        return Ok(());
    }
    let scene = Scene::start()?;
    let mut process = replaced(&scene)?;
    process.wait_line(0, |line| line == "called", SOON)?;
    until(SOON, || {
        (!scene.agent.calls(&scene.provider).is_empty()).then_some(())
    })
    .context("the first call was not reported")?;
    scene.agent.process.signal(libc::SIGSTOP);
    let ended = process.succeed(SOON);
    scene.agent.process.signal(libc::SIGCONT);
    ended?;
    scene.check()?;
    let first = program_of(&scene, 31)?;
    ensure!(
        first.as_ref().is_some_and(|it| it.contains("python")),
        "{first:?}"
    );
    let second = program_of(&scene, 32)?;
    ensure!(
        second.as_ref().is_some_and(|it| it.ends_with("/curl")),
        "{second:?}"
    );
    let page = scene.agent.page("/metrics")?;
    ensure!(
        page.contains("llm_tracer_lost_exchanges_total 0"),
        "what was left in the ring counts as lost\n{page}"
    );
    Ok(())
}

/// A client that makes calls 30 and 31 and is replaced by one that makes call 32.
fn replaced(scene: &Scene) -> Result<Process> {
    let next = curl(&scene.provider, 32);
    let mut command = client::python("exec.py", &scene.provider);
    command.arg(next.get_program()).args(next.get_args());
    Process::start(&mut command)
}

/// Path of the program that call `n` is told of.
fn program_of(scene: &Scene, n: u64) -> Result<Option<String>> {
    let entries = scene.provider.ledger.entries();
    let entry = entries.iter().find(|entry| entry.n == n);
    let id = &entry.context("the call was not served")?.request_id;
    let spans = scene.sink.spans_of(&scene.provider);
    let span = spans
        .iter()
        .find(|span| span.report.text("llm_tracer.request_id") == Some(id))
        .with_context(|| format!("call {n} was not reported"))?;
    Ok(span
        .resource
        .text("process.executable.path")
        .map(str::to_owned))
}
