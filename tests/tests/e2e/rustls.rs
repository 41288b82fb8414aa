//! rustls built into programs, on aws-lc and on ring, symbols stripped: each call reported once, every
//! field exact.

use std::process::Command;

use anyhow::Result;
use tests::harness::{
    assistants::CODEX,
    client,
    requirements::{
        Need::{Native, NativePython, Node, Rustls},
        native_program, native_python_path, rustls_client,
    },
    rust::{DENO, codex, deno, reqwest},
};

use super::stripped::{Known, exact, import, version_of};

/// HTTP/1.1 and HTTP/2, TLS 1.2 and 1.3, many connections at once.
fn reqwest_on(cryptography: &'static str) -> Result<()> {
    let file = format!("{cryptography}/release/rustls-client");
    exact(
        &[Rustls(cryptography)],
        &file,
        Known::ByName(&rustls_client(cryptography)),
        |provider| Ok(reqwest(cryptography, provider)),
    )
}

#[test]
fn reqwest_on_aws_lc() -> Result<()> {
    reqwest_on("aws-lc")
}

#[test]
fn reqwest_on_ring() -> Result<()> {
    reqwest_on("ring")
}

/// An extension module of Python.
#[test]
fn pyreqwest() -> Result<()> {
    exact(
        &[NativePython],
        "_pyreqwest",
        Known::ByUse(&mut import("pyreqwest.client")),
        |provider| {
            let python = native_python_path();
            Ok(client::python_by(&python, "pyreqwest_client.py", provider))
        },
    )
}

fn by_deno(script: &str) -> Result<()> {
    exact(
        &[Node, Native(DENO)],
        "/deno",
        Known::ByUse(&mut version_of(&native_program(DENO))),
        |provider| deno(script, provider),
    )
}

#[test]
fn deno_openai() -> Result<()> {
    by_deno("openai.mjs")
}

#[test]
fn deno_anthropic() -> Result<()> {
    by_deno("anthropic.mjs")
}

#[test]
fn codex_cli() -> Result<()> {
    let mut version = Command::new(native_program(CODEX));
    exact(
        &[Native(CODEX)],
        "/codex",
        Known::ByUse(version.arg("--version").env("CODEX_HOME", "/nonexistent")),
        |provider| Ok(codex(provider)),
    )
}
