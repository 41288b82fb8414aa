//! rustls built into programs, on aws-lc and on ring, symbols stripped: each call reported once, every
//! field exact.

use anyhow::Result;
use tests::harness::{
    client,
    requirements::{
        Need::{Native, Node, Rustls},
        native_program, rustls_client,
    },
};

use super::stripped::{Known, exact, version_of};

const DENO: &str = "@deno/linux-x64-glibc/deno";
const CODEX: &str = "@openai/codex-linux-x64/vendor/x86_64-unknown-linux-musl/bin/codex";

/// HTTP/1.1 and HTTP/2, TLS 1.2 and 1.3, many connections at once.
fn reqwest(cryptography: &'static str) -> Result<()> {
    let path = rustls_client(cryptography);
    let file = format!("{cryptography}/release/rustls-client");
    exact(
        &[Rustls(cryptography)],
        &file,
        Known::ByName(&path),
        |provider| Ok(client::program(&path, provider)),
    )
}

#[test]
fn reqwest_on_aws_lc() -> Result<()> {
    reqwest("aws-lc")
}

#[test]
fn reqwest_on_ring() -> Result<()> {
    reqwest("ring")
}

fn deno(script: &str) -> Result<()> {
    let deno = native_program(DENO);
    exact(
        &[Node, Native(DENO)],
        "/deno",
        Known::ByUse(&mut version_of(&deno)),
        |provider| {
            let run = ["run", "--allow-all", "--no-lock"];
            let mut command = client::node_with(&deno, &run, script, provider)?;
            command
                .env("DENO_CERT", &provider.ca)
                .env("DENO_NO_UPDATE_CHECK", "1")
                .env("DENO_NO_PROMPT", "1");
            Ok(command)
        },
    )
}

#[test]
fn deno_openai() -> Result<()> {
    deno("openai.mjs")
}

#[test]
fn deno_anthropic() -> Result<()> {
    deno("anthropic.mjs")
}

#[test]
fn codex() -> Result<()> {
    let codex = native_program(CODEX);
    let home = tempfile::tempdir()?;
    exact(
        &[Native(CODEX)],
        "/codex",
        Known::ByUse(version_of(&codex).env("CODEX_HOME", home.path())),
        |provider| {
            let local = format!(
                r#"model_providers.local={{name="local",base_url="{}/v1",env_key="OPENAI_API_KEY",wire_api="responses"}}"#,
                provider.url()
            );
            let mut command = client::program(&codex, provider);
            command
                .args(["exec", "--skip-git-repo-check", "--sandbox", "read-only"])
                .args([
                    "--model",
                    "gpt-4o-mini",
                    "--config",
                    r#"model_provider="local""#,
                ])
                .args(["--config", &local])
                .args(["--config", "analytics.enabled=false"])
                .args(["--config", "check_for_update_on_startup=false"])
                .arg("n=900 what is it")
                .current_dir(home.path())
                .env("HOME", home.path())
                .env("CODEX_HOME", home.path())
                .env("CODEX_CA_CERTIFICATE", &provider.ca);
            Ok(command)
        },
    )
}
