//! The agent dies, the traced processes do not notice, and a new agent carries on.

use std::{process::Command, time::Duration};

use anyhow::{Context as _, Result, ensure};
use tests::{
    harness::{
        agent::Launch,
        client,
        compare::compare,
        patience::{self, settled},
        probes::patched_bytes,
        process::Process,
        requirements::{
            Need::{Agent, Node, Program, Python},
            met,
        },
    },
    provider::{ledger::Entry, running::Provider},
};

const SOON: Duration = Duration::from_secs(10);

#[test]
fn sigkill_under_load_harms_no_client_and_leaves_no_probe() -> Result<()> {
    if !met(&[Agent, Python]) {
        return Ok(());
    }
    let provider = Provider::start("")?;
    killed_under(client::python("steady.py", &provider), &provider, "libssl")
}

/// Node carries the library within its own program.
#[test]
fn sigkill_under_load_of_node() -> Result<()> {
    if !met(&[Agent, Node, Program("node")]) {
        return Ok(());
    }
    let provider = Provider::start("")?;
    killed_under(client::node("steady.mjs", &provider)?, &provider, "/node")
}

/// Kills the agent while a client makes calls through `library`.
fn killed_under(mut command: Command, provider: &Provider, library: &str) -> Result<()> {
    let mut load = Process::start(command.arg("4"))?;
    patience::until(SOON, || (provider.ledger.served() > 10).then_some(())).context("no load")?;
    // Not zero when somebody else traces this host.
    let probes_of_others = patched_bytes(load.id(), library)?;
    let agent = Launch::json()?.start()?;
    patience::until(SOON, || (agent.calls(provider).len() > 30).then_some(()))
        .context("no call was reported under load")?;
    ensure!(
        patched_bytes(load.id(), library)? > 0,
        "no probe is seen in the code of the client"
    );

    agent.process.signal(libc::SIGKILL);
    let gone = patience::until(SOON, || {
        (patched_bytes(load.id(), library).ok()? <= probes_of_others).then_some(())
    });
    ensure!(
        gone.is_some(),
        "probes are left: {} bytes of code differ",
        patched_bytes(load.id(), library)?
    );

    let before = provider.ledger.served();
    let goes_on = patience::until(SOON, || {
        (provider.ledger.served() > before + 30).then_some(())
    });
    ensure!(
        goes_on.is_some(),
        "the client stopped when the agent was killed\n{}",
        load.said()
    );
    load.succeed(SOON)?;
    let incomplete: Vec<Entry> = provider
        .ledger
        .entries()
        .into_iter()
        .filter(|entry| !entry.complete)
        .collect();
    ensure!(
        incomplete.is_empty(),
        "the client was cut off: {incomplete:?}"
    );
    Ok(())
}

#[test]
fn restart_in_the_middle_of_a_stream_sees_the_next_exchange_of_the_connection() -> Result<()> {
    if !met(&[Agent, Python]) {
        return Ok(());
    }
    let provider = Provider::start("")?;
    let first = Launch::json()?.start()?;
    let mut driver = Process::start(&mut client::python("driver.py", &provider))?;
    driver.say("1")?;
    driver.wait_line(0, |line| line == "answered 1", SOON)?;

    driver.say("2 -stream-160-pace-50")?;
    driver.wait_line(2, |line| line == "begun", SOON)?;
    first.process.signal(libc::SIGKILL);
    let second = Launch::json()?.start()?;
    ensure!(
        provider.ledger.entries().len() == 1,
        "the stream ended before the second agent was ready"
    );
    driver.wait_line(3, |line| line == "answered 2", SOON)?;

    driver.say("3")?;
    driver.wait_line(4, |line| line == "answered 3", SOON)?;
    let entries = provider.ledger.entries();
    let next = entries.last().context("nothing was served")?;
    ensure!(
        entries
            .iter()
            .all(|entry| entry.client_port == next.client_port),
        "the client opened a new connection"
    );
    let of_next = |report: &tests::harness::report::Report| {
        report.text("llm_tracer.request_id") == Some(next.request_id.as_str())
    };
    let reports = settled(1, || {
        second
            .calls(&provider)
            .into_iter()
            .filter(of_next)
            .collect()
    });
    compare(std::slice::from_ref(next), &reports).with_context(|| second.process.said())
}
