//! Programs with rustls built in, and how they are told where the provider is and whom to trust.

use std::{path::Path, process::Command};

use anyhow::Result;

use super::{
    assistants::CODEX,
    client,
    requirements::{native_program, rustls_client},
};
use crate::provider::running::Provider;

/// Deno, below `node_modules`.
pub const DENO: &str = "@deno/linux-x64-glibc/deno";

/// A Node script, by Deno.
///
/// # Errors
/// If it cannot be copied beside the installed packages.
pub fn deno(script: &str, provider: &Provider) -> Result<Command> {
    let run = ["run", "--allow-all", "--no-lock"];
    let mut command = client::node_with(&native_program(DENO), &run, script, provider)?;
    command
        .env("DENO_CERT", &provider.ca)
        .env("DENO_NO_UPDATE_CHECK", "1")
        .env("DENO_NO_PROMPT", "1");
    Ok(command)
}

/// One question to Codex CLI, in a home of its own.
pub fn codex(provider: &Provider) -> Command {
    let at_home = "HOME=$(mktemp -d) && export HOME CODEX_HOME=\"$HOME\" && cd \"$HOME\" && exec \"$0\" \"$@\"";
    let local = format!(
        r#"model_providers.local={{name="local",base_url="{}/v1",env_key="OPENAI_API_KEY",wire_api="responses"}}"#,
        provider.url()
    );
    let mut command = client::program(Path::new("sh"), provider);
    command
        .args(["-c", at_home])
        .arg(native_program(CODEX))
        .args(["exec", "--skip-git-repo-check", "--sandbox", "read-only"])
        .args(["--model", "gpt-4o-mini"])
        .args(["--config", r#"model_provider="local""#])
        .args(["--config", &local])
        .args(["--config", "analytics.enabled=false"])
        .args(["--config", "check_for_update_on_startup=false"])
        .arg("n=900 what is it")
        .env("CODEX_CA_CERTIFICATE", &provider.ca);
    command
}

/// The calls of the reqwest client.
pub fn reqwest(cryptography: &str, provider: &Provider) -> Command {
    client::program(&rustls_client(cryptography), provider)
}
