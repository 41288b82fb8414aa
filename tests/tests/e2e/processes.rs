//! Whose calls are reported: the operator's choice, the client's side, the program that ran.

use std::{fs, process::Command, time::Duration};

use anyhow::{Context as _, Result, ensure};
use tests::{
    harness::{
        agent::{Agent, Launch},
        client::{self, call},
        compare::compare,
        patience::{settled, until},
        process::Process,
        report::Report,
        requirements::{
            Need::{self, Program, Python},
            met, python_path,
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

/// Both ends of a connection are traced: one call, and it is the client's.
#[test]
fn a_server_on_the_same_library_makes_no_calls() -> Result<()> {
    if !met(&[Need::Agent, Python, Program("curl")]) {
        return Ok(());
    }
    let agent = Launch::json()?.start()?;
    let folder = tempfile::tempdir()?;
    let pem = folder.path().join("server.pem");
    let identity = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()])?;
    fs::write(
        &pem,
        identity.cert.pem() + &identity.signing_key.serialize_pem(),
    )?;
    let script =
        tests::harness::requirements::workspace_root().join("tests/clients/python/server.py");
    let mut command = Command::new(python_path());
    let mut server = Process::start(command.arg("-B").arg(script).arg(&pem))?;
    let port = server.wait_line(0, |_| true, SOON)?;
    let url = format!("https://127.0.0.1:{port}/v1/chat/completions");
    let body = r#"{"model":"gpt-4o-mini","messages":[{"role":"user","content":"hello"}]}"#;
    let mut command = Command::new("curl");
    command
        .args(["-sS", "--http1.1", "--fail-with-body", "--cacert"])
        .arg(&pem)
        .args([
            "-H",
            "content-type: application/json",
            "-d",
            body,
            &url,
            &url,
        ]);
    let mut client = Process::start(&mut command)?;
    let pid = client.id();
    client.succeed(SOON)?;

    let calls = || -> Vec<Report> {
        let lines = agent.process.stdout.all();
        let reports = lines.iter().filter_map(|line| Report::from_line(line));
        reports
            .filter(|report| report.text("server.address") == Some("127.0.0.1"))
            .filter(|report| report.number("server.port") == port.parse().ok())
            .collect()
    };
    let reports = settled(2, calls);
    ensure!(reports.len() == 2, "{reports:?}\n{}", agent.process.said());
    for report in &reports {
        ensure!(report.number("pid") == Some(pid.into()), "{report:?}");
        ensure!(
            report.number("gen_ai.usage.input_tokens") == Some(11),
            "{report:?}"
        );
    }
    let server_told_apart = || {
        let page = agent.page("/metrics").ok()?;
        let line = page
            .lines()
            .find(|line| line.starts_with(r#"llm_tracer_unread_connections_total{kind="server"}"#));
        let count = line?.rsplit(' ').next()?.parse::<u64>().ok()?;
        (count > 0).then_some(())
    };
    // The numbers of the core are shown about every half second.
    until(SOON, server_told_apart).with_context(|| {
        format!(
            "the server's side was not told apart\n{}",
            agent.process.said()
        )
    })
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

/// The agent gets to see the calls when both programs are gone: of the first it has learnt before,
/// the second is unknown, and neither is taken for the other.
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
    ensure!(second.is_none(), "{second:?}");
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
