//! Every client library, unmodified: each call reported once, every field exact.

use anyhow::Result;
use tests::harness::{
    client,
    requirements::{
        Need::{self, Agent, Node, Program, Python},
        met,
    },
    scene::Scene,
};

/// Runs one client past the agent and compares with the ledger.
fn exact(
    needs: &[Need],
    command: impl FnOnce(&Scene) -> Result<std::process::Command>,
) -> Result<()> {
    if !met(needs) {
        return Ok(());
    }
    let scene = Scene::start()?;
    client::run(command(&scene)?)?;
    scene.check()
}

fn python(script: &str) -> Result<()> {
    exact(&[Agent, Python], |scene| {
        Ok(client::python(script, &scene.provider))
    })
}

fn node(script: &str) -> Result<()> {
    exact(&[Agent, Node, Program("node")], |scene| {
        client::node(script, &scene.provider)
    })
}

#[test]
fn python_openai() -> Result<()> {
    python("openai_sync.py")
}

#[test]
fn python_openai_async() -> Result<()> {
    python("openai_async.py")
}

#[test]
fn python_anthropic() -> Result<()> {
    python("anthropic_sync.py")
}

#[test]
fn python_anthropic_async() -> Result<()> {
    python("anthropic_async.py")
}

#[test]
fn python_httpx_requests_and_http_client() -> Result<()> {
    python("plain_http.py")
}

#[test]
fn curl() -> Result<()> {
    exact(&[Agent, Program("curl")], |scene| {
        Ok(client::shell("curl.sh", &scene.provider))
    })
}

#[test]
fn curl_over_http2() -> Result<()> {
    exact(&[Agent, Program("curl")], |scene| {
        Ok(client::shell("http2.sh", &scene.provider))
    })
}

#[test]
fn node_over_http2() -> Result<()> {
    node("http2.mjs")
}

#[test]
fn node_openai() -> Result<()> {
    node("openai.mjs")
}

#[test]
fn node_anthropic() -> Result<()> {
    node("anthropic.mjs")
}

/// A thousand streams over a hundred connections of one event loop.
#[test]
fn a_thousand_concurrent_streams() -> Result<()> {
    exact(&[Agent, Python], |scene| {
        let mut command = client::python("openai_load.py", &scene.provider);
        command.args(["1000", "100", "10"]);
        Ok(command)
    })
}
