//! Tapes of real clients: replayed without root, they tell what was served, and hold no secret.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, ensure};
use tests::{
    harness::{
        agent::Launch,
        client::{self, CLIENT_LIMIT},
        compare::compare,
        patience::settled,
        process::Process,
        report::Report,
        requirements::{
            Need::{self, Agent, Node, Program, Python},
            agent_path, met,
        },
    },
    provider::running::Provider,
};

/// Folder that keeps the tapes, unmasked, for the tests of the core: `cargo xtask e2e
/// --record-tapes` sets it. Without it they are masked, and dropped after the test.
const FOLDER: &str = "TRACER_TAPES";
/// Those that are kept. Each call of curl has a process of its own, whose id nobody knows before;
/// the others are large and show little that these do not.
const KEPT: [&str; 4] = [
    "python_openai",
    "python_anthropic",
    "node_openai",
    "node_anthropic",
];

/// Records a client and replays the tape.
fn taped(
    name: &str,
    needs: &[Need],
    client: impl FnOnce(&Provider) -> Result<Command>,
) -> Result<()> {
    let kept = std::env::var_os(FOLDER).map(PathBuf::from);
    if !met(needs) || (kept.is_some() && !KEPT.contains(&name)) {
        return Ok(());
    }
    let provider = Provider::start("")?;
    let temporary = tempfile::tempdir()?;
    let folder = kept.as_deref().unwrap_or_else(|| temporary.path());
    let tape = folder.join(name).with_extension("jsonl");
    if kept.is_some() && tape.exists() {
        fs::remove_file(&tape)?;
    }
    record(client(&provider)?, &provider, &tape, kept.is_some())?;
    let told: Vec<Report> = replay(&tape)?
        .iter()
        .filter_map(|line| Report::from_line(line))
        .filter(|report| report.is_of(&provider))
        .collect();
    compare(&provider.ledger.entries(), &told).context("replayed")
}

/// Runs a client past a recording agent. With content, it looks at nobody else.
fn record(client: Command, provider: &Provider, tape: &Path, content: bool) -> Result<()> {
    let mut client = Process::start(&mut waiting(&client))?;
    let mut launch = Launch::record(tape)?;
    if content {
        let pid = client.id().to_string();
        launch = launch
            .argument("--content")
            .argument("--pid")
            .argument(&pid);
    }
    let mut agent = launch.start()?;
    client.say("go")?;
    client.succeed(CLIENT_LIMIT)?;
    let served = provider.ledger.entries().len();
    settled(served, || agent.calls(provider));
    ensure!(agent.stop()?.success(), "{}", agent.process.said());
    Ok(())
}

/// The same command in a process that waits for a line before it becomes that.
fn waiting(client: &Command) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", r#"read -r _ && exec "$0" "$@""#]);
    command.arg(client.get_program()).args(client.get_args());
    for (name, value) in client.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command
}

/// What `replay` prints.
fn replay(tape: &Path) -> Result<Vec<String>> {
    let mut command = Command::new(agent_path());
    command.args(["replay", "--format", "json"]).arg(tape);
    let mut process = Process::start(&mut command)?;
    process.succeed(CLIENT_LIMIT)?;
    Ok(process.stdout.all())
}

fn python(name: &str, script: &str) -> Result<()> {
    taped(name, &[Agent, Python], |provider| {
        Ok(client::python(script, provider))
    })
}

fn node(name: &str, script: &str) -> Result<()> {
    taped(name, &[Agent, Node, Program("node")], |provider| {
        client::node(script, provider)
    })
}

#[test]
fn python_openai() -> Result<()> {
    python("python_openai", "openai_sync.py")
}

#[test]
fn python_openai_async() -> Result<()> {
    python("python_openai_async", "openai_async.py")
}

#[test]
fn python_anthropic() -> Result<()> {
    python("python_anthropic", "anthropic_sync.py")
}

#[test]
fn python_anthropic_async() -> Result<()> {
    python("python_anthropic_async", "anthropic_async.py")
}

#[test]
fn python_httpx_requests_and_http_client() -> Result<()> {
    python("python_plain_http", "plain_http.py")
}

#[test]
fn curl() -> Result<()> {
    taped("curl", &[Agent, Program("curl")], |provider| {
        Ok(client::shell("curl.sh", provider))
    })
}

#[test]
fn node_openai() -> Result<()> {
    node("node_openai", "openai.mjs")
}

#[test]
fn node_anthropic() -> Result<()> {
    node("node_anthropic", "anthropic.mjs")
}

/// Secrets planted wherever a request or an answer can carry one.
#[test]
fn no_secret_is_on_a_tape() -> Result<()> {
    const SENT: &str = "canary-sent-0a61d3";
    const ANSWERED: &str = "canary-answered-9e2f77";
    if !met(&[Agent, Python]) {
        return Ok(());
    }
    let provider = Provider::start(ANSWERED)?;
    let folder = tempfile::tempdir()?;
    let tape = folder.path().join("tape.jsonl");
    let mut command = client::python("privacy.py", &provider);
    command.env("PLANTED", SENT);
    record(command, &provider, &tape, false)?;
    let text = fs::read_to_string(&tape)?;
    ensure!(text.lines().count() > 50, "hardly anything was recorded");
    for secret in [SENT, ANSWERED] {
        let line = text.lines().find(|line| line.contains(secret));
        ensure!(line.is_none(), "{secret} in {}", line.unwrap_or_default());
    }
    let calls = replay(&tape)?.len();
    let served = provider.ledger.entries().len();
    ensure!(
        calls >= served,
        "{served} calls served, {calls} on the tape"
    );
    Ok(())
}
