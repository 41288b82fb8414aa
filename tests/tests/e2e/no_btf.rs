//! A kernel that shows no type information: uprobe sessions need it, the other ways do not.

use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use tests::{
    harness::{
        agent::Launch,
        client,
        compare::compare,
        patience::settled,
        requirements::{
            Need::{Agent, Program},
            agent_path, met,
        },
    },
    provider::running::Provider,
};

/// Runs what follows in a mount namespace in which the kernel's type information is hidden.
const HIDE: [&str; 5] = [
    "--mount",
    "sh",
    "-euc",
    r#"mount -t tmpfs none /sys/kernel/btf; exec "$@""#,
    "sh",
];

#[test]
fn calls_are_reported_without_btf() -> Result<()> {
    if !met(&[Agent, Program("unshare"), Program("curl")]) {
        return Ok(());
    }
    let provider = Provider::start("")?;
    let agent = Launch::json()?.through("unshare", &HIDE).start()?;
    let said = agent.process.stderr.all();
    ensure!(
        !said.iter().any(|line| line.contains("uprobe session")),
        "type information is not hidden\n{}",
        agent.process.said()
    );
    client::run(client::shell("curl.sh", &provider))?;
    let entries = provider.ledger.entries();
    let reports = settled(entries.len(), || agent.calls(&provider));
    compare(&entries, &reports).with_context(|| agent.process.said())
}

#[test]
fn doctor_does_not_ask_for_btf() -> Result<()> {
    if !met(&[Agent, Program("unshare")]) {
        return Ok(());
    }
    let output = Command::new("unshare")
        .args(HIDE)
        .arg(agent_path())
        .args(["doctor", "--format", "json"])
        .output()?;
    let report: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    let features = report["kernel"]["features"].as_array();
    let btf = features
        .and_then(|list| list.iter().find(|feature| feature["name"] == "btf"))
        .context("no word of btf")?;
    ensure!(btf["support"] == "no", "type information is not hidden");
    ensure!(
        output.status.success() && report["can_trace"] == true,
        "{report:#}"
    );
    Ok(())
}
