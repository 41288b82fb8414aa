//! The sockets of connections whose TLS library moves records through memory. That a socket is the right
//! one, every test says; here it has to be known.

use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use tests::harness::{
    client,
    report::Report,
    requirements::{
        Need::{self, Agent, Node, Program, Python},
        met,
    },
    scene::Scene,
};

/// Runs a client whose first call may be over before anybody looks at sockets.
pub(crate) fn known(needs: &[Need], command: impl FnOnce(&Scene) -> Result<Command>) -> Result<()> {
    if !met(needs) {
        return Ok(());
    }
    known_in(&Scene::start()?, command)
}

fn known_in(scene: &Scene, command: impl FnOnce(&Scene) -> Result<Command>) -> Result<()> {
    client::run(command(scene)?)?;
    scene.check()?;
    let reports = scene.agent.calls(&scene.provider);
    let unknown: Vec<&Report> = reports.iter().filter(|it| !is_known(it, scene)).collect();
    ensure!(
        unknown.len() <= 1,
        "{} of {} calls have no socket: {unknown:?}",
        unknown.len(),
        reports.len()
    );
    Ok(())
}

/// Whether both ends are told; that the near one is right was checked.
fn is_known(report: &Report, scene: &Scene) -> bool {
    report.number("network.local.port").is_some()
        && report.text("network.peer.address") == Some("127.0.0.1")
        && report.number("network.peer.port") == Some(scene.provider.address.port().into())
}

#[test]
fn equal_requests_of_an_event_loop_in_python() -> Result<()> {
    known(&[Agent, Python], |scene| {
        Ok(client::python("equal_async.py", &scene.provider))
    })
}

#[test]
fn where_plain_http_is_not_looked_at() -> Result<()> {
    if !met(&[Agent, Python]) {
        return Ok(());
    }
    let scene = Scene::with_variable("LLM_TRACER_PLAIN_HTTP", "false")?;
    known_in(&scene, |scene| {
        Ok(client::python("equal_async.py", &scene.provider))
    })
}

#[test]
fn equal_requests_of_node() -> Result<()> {
    known(&[Agent, Node, Program("node")], |scene| {
        client::node("equal.mjs", &scene.provider)
    })
}

#[test]
fn a_library_that_writes_to_the_socket_itself() -> Result<()> {
    known(&[Agent, Python], |scene| {
        Ok(client::python("openai_sync.py", &scene.provider))
    })
}

#[test]
fn every_call_of_one_program_after_the_other() -> Result<()> {
    known(&[Agent, Program("curl")], |scene| {
        Ok(client::shell("curl.sh", &scene.provider))
    })
}

#[test]
fn two_processes_do_not_mix() -> Result<()> {
    if !met(&[Agent, Python, Node, Program("node")]) {
        return Ok(());
    }
    let scene = Scene::start()?;
    let mut other = client::python("equal_async.py", &scene.provider)
        .spawn()
        .context("cannot start Python")?;
    client::run(client::node("equal.mjs", &scene.provider)?)?;
    ensure!(other.wait()?.success(), "the other client failed");
    scene.check()
}
