//! A stop waits for a collector that does not answer, but not for somebody who asks twice.

use std::{
    net::{SocketAddr, TcpListener},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use tests::{
    harness::{
        agent::Launch,
        client,
        patience::until,
        probes::patched_bytes,
        process::Process,
        requirements::{
            Need::{Agent, Python},
            met,
        },
    },
    provider::running::Provider,
};

const SOON: Duration = Duration::from_secs(10);
/// Allowed to the agent, and more than this test takes.
const STOP: Duration = Duration::from_secs(120);

/// A collector that takes connections and never answers.
fn silent_collector() -> Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    thread::spawn(move || {
        let connections: Vec<_> = listener.incoming().collect();
        drop(connections);
    });
    Ok(address)
}

#[test]
fn a_second_signal_ends_the_agent_at_once_and_leaves_no_probe() -> Result<()> {
    if !met(&[Agent, Python]) {
        return Ok(());
    }
    let provider = Provider::start("")?;
    let mut driver = Process::start(&mut client::python("driver.py", &provider))?;
    driver.say("load")?;
    driver.wait_line(0, |line| line == "loaded", SOON)?;
    let probes_of_others = patched_bytes(driver.id(), "libssl")?;
    for (first, second) in [(libc::SIGTERM, libc::SIGINT), (libc::SIGINT, libc::SIGINT)] {
        let mut agent = Launch::json()?
            .otlp(&format!("http://{}", silent_collector()?), "http/protobuf")
            .variable(
                "LLM_TRACER_SHUTDOWN_TIMEOUT",
                &format!("{}s", STOP.as_secs()),
            )
            .variable("OTEL_EXPORTER_OTLP_TIMEOUT", &STOP.as_millis().to_string())
            .start()?;
        driver.say("1")?;
        until(SOON, || (!agent.calls(&provider).is_empty()).then_some(()))
            .context("the call was not reported")?;
        agent.process.signal(first);
        thread::sleep(Duration::from_secs(1));
        ensure!(!agent.process.has_ended(), "nothing was left to deliver");
        let asked = Instant::now();
        agent.process.signal(second);
        let status = agent.process.wait_end(SOON)?;
        ensure!(
            status.code() == Some(3),
            "{status}\n{}",
            agent.process.said()
        );
        ensure!(
            asked.elapsed() < Duration::from_secs(3),
            "{:?}",
            asked.elapsed()
        );
        let gone =
            || (patched_bytes(driver.id(), "libssl").ok()? <= probes_of_others).then_some(());
        until(SOON, gone).context("probes are left")?;
    }
    Ok(())
}
