//! Assistants that people have in their terminals, unmodified, for one question each.

use std::{path::Path, process::Command};

use super::{client, requirements::native_program};
use crate::provider::running::Provider;

/// Claude Code, below `node_modules`.
pub const CLAUDE_CODE: &str = "@anthropic-ai/claude-code-linux-x64/claude";
/// Codex CLI, likewise.
pub const CODEX: &str = "@openai/codex-linux-x64/vendor/x86_64-unknown-linux-musl/bin/codex";

/// A question to Claude Code, at home in a folder, where it may use these tools. It waits for its
/// agents.
pub fn claude_code(provider: &Provider, home: &Path, model: &str, tools: &str) -> Command {
    let mut command = client::program(&native_program(CLAUDE_CODE), provider);
    command
        .args(["--model", model, "--allowedTools", tools])
        .args(["--print", "n=700 what is it"])
        .current_dir(home)
        .env("HOME", home)
        .env("ANTHROPIC_BASE_URL", provider.url())
        .env("DISABLE_TELEMETRY", "1")
        .env("DISABLE_ERROR_REPORTING", "1")
        .env("DISABLE_AUTOUPDATER", "1")
        .env("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1")
        .env("CLAUDE_CODE_DISABLE_BACKGROUND_TASKS", "1");
    command
}

/// A question to Codex CLI, in a home of its own, where it may do what it wants.
pub fn codex(provider: &Provider, home: &Path, model: &str) -> Command {
    let local = format!(
        r#"model_providers.local={{name="local",base_url="{}/v1",env_key="OPENAI_API_KEY",wire_api="responses"}}"#,
        provider.url()
    );
    let mut command = client::program(&native_program(CODEX), provider);
    command
        .args(["exec", "--skip-git-repo-check"])
        .args(["--sandbox", "danger-full-access", "--model", model])
        .args(["--config", r#"model_provider="local""#])
        .args(["--config", &local])
        .args(["--config", "analytics.enabled=false"])
        .args(["--config", "check_for_update_on_startup=false"])
        .arg("n=900 what is it")
        .current_dir(home)
        .env("HOME", home)
        .env("CODEX_HOME", home)
        .env("CODEX_CA_CERTIFICATE", &provider.ca);
    command
}
