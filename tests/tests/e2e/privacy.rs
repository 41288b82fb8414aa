//! Secrets planted in headers, query strings, bodies, tool arguments and answers come out nowhere.

use anyhow::{Result, ensure};
use tests::{
    harness::{
        agent::Launch,
        client,
        patience::settled,
        requirements::{
            Need::{Agent, Python},
            met,
        },
        sink::Sink,
    },
    provider::running::Provider,
};

/// Planted by the client in what it sends.
const SENT: &str = "canary-sent-7f3a9c";
/// Planted by the provider in what it answers.
const ANSWERED: &str = "canary-answered-51be02";

/// The client's run with one way of printing calls.
fn no_secret_in(format: &str) -> Result<()> {
    if !met(&[Agent, Python]) {
        return Ok(());
    }
    let provider = Provider::start(ANSWERED)?;
    let sink = Sink::start(0)?;
    // What the agent says of itself at its most talkative counts as well.
    let launch = Launch::with_format(format)?.variable(
        "LLM_TRACER_LOG",
        "tracer_agent=trace,tracer_core=trace,info",
    );
    let mut agent = launch.otlp(&sink.url(), "http/protobuf").start()?;

    let mut command = client::python("privacy.py", &provider);
    command.env("PLANTED", SENT);
    client::run(command)?;

    let served = provider.ledger.entries().len();
    let exported = settled(served, || sink.reports_of(&provider)).len();
    let page = agent.page("/metrics")?;
    agent.stop()?;
    let outputs = [
        ("standard output", agent.process.stdout.all().join("\n")),
        ("the agent's log", agent.process.stderr.all().join("\n")),
        ("the metrics page", page),
    ];
    ensure!(
        exported >= served,
        "{served} calls served, {} exported",
        exported
    );
    ensure!(!outputs[0].1.is_empty(), "nothing was printed");
    for secret in [SENT, ANSWERED] {
        for (name, text) in &outputs {
            let line = text.lines().find(|line| line.contains(secret));
            ensure!(
                line.is_none(),
                "{secret} in {name}: {}",
                line.unwrap_or_default()
            );
        }
        ensure!(!sink.holds(secret.as_bytes()), "{secret} was exported");
    }
    Ok(())
}

#[test]
fn no_secret_in_json_lines_otlp_log_or_metrics() -> Result<()> {
    no_secret_in("json")
}

#[test]
fn no_secret_on_the_terminal() -> Result<()> {
    no_secret_in("text")
}
