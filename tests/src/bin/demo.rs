//! The agent at work, for people without an API key: a local provider, a real client, and each of
//! its calls on screen as the agent saw it. Fails if the agent missed or misread one.
#![expect(clippy::print_stdout, reason = "made to be watched")]

use std::{
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use tests::{
    harness::{
        agent::{Agent, Launch},
        client::{self, CLIENT_LIMIT},
        compare::compare,
        patience::settled,
        process::{Lines, Process},
        requirements::{
            Need::{Agent as TheAgent, Python},
            met, python_path,
        },
        sink::Sink,
    },
    provider::running::Provider,
};

/// Name of the client's process. The agent looks at no other: this host may have calls of its own,
/// which are nobody's demo.
const CLIENT: &str = "llm-demo";

fn main() -> Result<()> {
    ensure!(
        met(&[TheAgent, Python]),
        "the demo cannot run here; see above"
    );
    let (provider, sink) = (Provider::start("")?, Sink::start(0)?);
    println!("a local provider listens on {}", provider.url());
    let interpreter = interpreter()?;
    let mut agent = Launch::with_format("text")?
        .otlp(&sink.url(), "http/protobuf")
        .argument("--include")
        .argument(&format!("name:{CLIENT}"))
        .start()?;
    println!("the agent is attached; the client knows nothing of it");
    play(&interpreter, &provider, &agent)?;
    verdict(&provider, &sink, &mut agent)
}

/// The clients' Python under a name of its own, beside the one that knows the packages.
fn interpreter() -> Result<PathBuf> {
    let python = python_path();
    let named = python.with_file_name(CLIENT);
    if !named.exists() {
        symlink(&python, &named).with_context(|| format!("cannot make {}", named.display()))?;
    }
    Ok(named)
}

/// Runs the client with both outputs on screen.
fn play(interpreter: &Path, provider: &Provider, agent: &Agent) -> Result<()> {
    let mut client = Process::start(&mut client::python_by(interpreter, "demo.py", provider))?;
    let sources = [client.stdout.clone(), agent.process.stdout.clone()];
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| show(&sources, &over));
        let result = client.succeed(CLIENT_LIMIT);
        thread::sleep(Duration::from_millis(500));
        over.store(true, Ordering::Relaxed);
        result
    })
}

/// Prints lines as they come.
fn show(sources: &[Lines], over: &AtomicBool) {
    let mut shown = vec![0; sources.len()];
    while !over.load(Ordering::Relaxed) {
        for (lines, shown) in sources.iter().zip(&mut shown) {
            for line in lines.since(*shown) {
                println!("{line}");
                *shown += 1;
            }
        }
        thread::sleep(Duration::from_millis(30));
    }
}

fn verdict(provider: &Provider, sink: &Sink, agent: &mut Agent) -> Result<()> {
    let entries = provider.ledger.entries();
    let reports = settled(entries.len(), || sink.reports_of(provider));
    agent.stop()?;
    compare(&entries, &reports)?;
    println!(
        "\n{} calls made, {} reported and exported, every field as served",
        entries.len(),
        reports.len()
    );
    Ok(())
}
