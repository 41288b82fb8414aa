//! Without return probes, as on kernels where they would harm: each call reported once, every field
//! exact, through the same clients.

use anyhow::{Result, ensure};
use tests::{
    harness::{
        client,
        requirements::{
            Need::{self, Agent, Node, Program, Python},
            met,
        },
        scene::Scene,
    },
    provider::running::Provider,
};

fn exact(
    needs: &[Need],
    command: impl FnOnce(&Provider) -> Result<std::process::Command>,
) -> Result<()> {
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
    client::run(command(&scene.provider)?)?;
    scene.check()
}

#[test]
fn python() -> Result<()> {
    exact(&[Agent, Python], |provider| {
        Ok(client::python("openai_sync.py", provider))
    })
}

/// Writes that are tried again are one write.
#[test]
fn many_streams_on_one_loop() -> Result<()> {
    exact(&[Agent, Python], |provider| {
        let mut command = client::python("openai_load.py", provider);
        command.args(["200", "20", "10"]);
        Ok(command)
    })
}

/// The library within the program, and only its own functions around the writes.
#[test]
fn node() -> Result<()> {
    exact(&[Agent, Node, Program("node")], |provider| {
        client::node("openai.mjs", provider)
    })
}
