//! Without return probes, as on kernels where they would harm: each call reported once, every field
//! exact, through the same clients.

use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use tests::{
    harness::{
        client,
        process::Process,
        requirements::{
            Need::{self, Agent, Program, Python},
            agent_path, met,
        },
        scene::Scene,
    },
    provider::running::Provider,
};

fn exact(needs: &[Need], command: impl FnOnce(&Provider) -> Command) -> Result<()> {
    if !met(needs) {
        return Ok(());
    }
    let scene = Scene::with_variable("LLM_TRACER_RETURN_PROBES", "never")?;
    let said = scene.agent.process.stderr.all();
    ensure!(
        said.iter()
            .any(|line| line.contains("without return probes")),
        "{said:?}"
    );
    client::run(command(&scene.provider))?;
    scene.check()
}

#[test]
fn python() -> Result<()> {
    exact(&[Agent, Python], |provider| {
        client::python("openai_sync.py", provider)
    })
}

/// Writes that are tried again are one write.
#[test]
fn many_streams_on_one_loop() -> Result<()> {
    exact(&[Agent, Python], |provider| {
        let mut command = client::python("openai_load.py", provider);
        command.args(["200", "20", "10"]);
        command
    })
}

/// Of a program that offers its library's functions to others nobody can tell all places that call
/// them: it is left alone, and that is said.
#[test]
fn what_cannot_be_proven_is_refused() -> Result<()> {
    if !met(&[Agent, Program("node")]) {
        return Ok(());
    }
    let mut node = Process::start(Command::new("node").args(["-e", "process.stdin.resume()"]))?;
    let output = Command::new(agent_path())
        .args(["doctor", "--format", "json", "--pid"])
        .arg(node.id().to_string())
        .env("LLM_TRACER_RETURN_PROBES", "never")
        .output()?;
    node.hang_up();
    let report: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    let files = report["files"].as_array().context("no list of files")?;
    let of_node = files.iter().find(|file| {
        let path = file["path"].as_str().unwrap_or_default();
        path.ends_with("/node")
    });
    let file = of_node.with_context(|| format!("no word of node: {report:#}"))?;
    let reason = file["reason"].as_str().unwrap_or_default();
    ensure!(
        file["traceable"] == "no" && reason.contains("return probes"),
        "{file:#}"
    );
    Ok(())
}
