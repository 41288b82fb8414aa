//! Calls without TLS, seen where sockets send and receive: each reported once, every field exact.

use anyhow::{Result, ensure};
use tests::{
    harness::{
        agent::Launch,
        client::{self, call},
        compare::compare,
        patience::settled,
        process::Process,
        requirements::{
            Need::{self, Agent, Node, Program, Python},
            met,
        },
        scene::Scene,
    },
    provider::running::Provider,
};

/// Runs one client past the agent and compares with the ledger.
fn exact(
    needs: &[Need],
    command: impl FnOnce(&Provider) -> Result<std::process::Command>,
) -> Result<()> {
    if !met(needs) {
        return Ok(());
    }
    let scene = Scene::start()?;
    client::run(client::plain(command(&scene.provider)?, &scene.provider))?;
    scene.check()
}

#[test]
fn python_http_libraries_and_bare_sockets() -> Result<()> {
    exact(&[Agent, Python], |provider| {
        Ok(client::python("sockets.py", provider))
    })
}

#[test]
fn python_openai() -> Result<()> {
    exact(&[Agent, Python], |provider| {
        Ok(client::python("openai_sync.py", provider))
    })
}

#[test]
fn python_ollama() -> Result<()> {
    exact(&[Agent, Python], |provider| {
        Ok(client::python("ollama_sync.py", provider))
    })
}

#[test]
fn python_anthropic_async() -> Result<()> {
    exact(&[Agent, Python], |provider| {
        Ok(client::python("anthropic_async.py", provider))
    })
}

/// Hundreds of streams over some dozens of connections of one event loop.
#[test]
fn many_streams_on_one_loop() -> Result<()> {
    exact(&[Agent, Python], |provider| {
        let mut command = client::python("openai_load.py", provider);
        command.args(["300", "40", "10"]);
        Ok(command)
    })
}

#[test]
fn curl() -> Result<()> {
    exact(&[Agent, Program("curl")], |provider| {
        Ok(client::shell("curl.sh", provider))
    })
}

#[test]
fn node_openai() -> Result<()> {
    exact(&[Agent, Node, Program("node")], |provider| {
        client::node("openai.mjs", provider)
    })
}

/// HTTP/2 that nobody has agreed on: gRPC and gateways speak it within a cluster.
#[test]
fn node_over_http2() -> Result<()> {
    exact(&[Agent, Node, Program("node")], |provider| {
        client::node("http2.mjs", provider)
    })
}

/// A sidecar that listens on a path.
#[test]
fn curl_through_a_unix_socket() -> Result<()> {
    exact(&[Agent, Program("curl")], |provider| {
        let mut command = client::shell("unix.sh", provider);
        command.env("SOCKET", &provider.socket);
        Ok(command)
    })
}

/// A pool that was there before the agent: its next call is seen.
#[test]
fn a_connection_older_than_the_agent() -> Result<()> {
    if !met(&[Agent, Python]) {
        return Ok(());
    }
    let provider = Provider::start("")?;
    let command = client::python("driver.py", &provider);
    let mut driver = Process::start(&mut client::plain(command, &provider))?;
    call(&mut driver, 1)?;
    let agent = Launch::json()?.start()?;
    for n in [2, 3] {
        call(&mut driver, n)?;
    }
    let entries = provider.ledger.entries();
    let later = entries.get(1..).unwrap_or_default();
    let reports = settled(later.len(), || agent.calls(&provider));
    compare(later, &reports)
}

/// By choice of the operator.
#[test]
fn nothing_is_seen_if_it_is_off() -> Result<()> {
    if !met(&[Agent, Program("curl")]) {
        return Ok(());
    }
    let scene = Scene::with_variable("LLM_TRACER_PLAIN_HTTP", "false")?;
    let provider = &scene.provider;
    client::run(client::plain(client::shell("curl.sh", provider), provider))?;
    // With TLS, what was captured is known to have been reported.
    client::run(client::shell("curl.sh", provider))?;
    let served = provider.ledger.entries().len();
    let reports = settled(served / 2, || scene.agent.calls(provider));
    ensure!(
        reports.len() == served / 2,
        "{} reports of {served} calls, half of them without TLS",
        reports.len()
    );
    Ok(())
}
