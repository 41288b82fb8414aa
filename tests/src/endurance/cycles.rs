//! An agent that comes and goes under load: none of the traced programs may notice.

use std::{
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, anyhow, ensure};
use serde::Serialize;

use super::{
    check::Check,
    clients::Client,
    driver::{Driver, Load},
};
use crate::{
    harness::{agent::Launch, chance::Chance, patience::until},
    provider::running::Provider,
};

/// The load: a runtime of each kind of TLS, and one that a system call too many would kill.
pub const CLIENTS: [Client; 5] = [
    Client::PYTHON,
    Client::CONFINED,
    Client::NODE,
    Client::GO,
    Client::RUSTLS,
];
/// Pause after each call of a client: enough load to be in the middle of something, whenever an agent
/// comes or goes, and not so much that the machine has no time left.
const PAUSE: Duration = Duration::from_millis(8);
/// Seconds of load between two looks at a client.
const BURST: f64 = 1.0;
/// Bursts without an agent, before and after, whose latencies are compared.
const QUIET_BURSTS: usize = 5;
/// How much slower the median burst without an agent may be afterwards; other programs share the machine.
const SLOWER: f64 = 1.5;
/// Cycles from which on the speed before and after is compared.
const TELLING: u64 = 100;
/// Shortest and longest time that an agent stays.
const STAYS: (Duration, Duration) = (Duration::ZERO, Duration::from_millis(150));
/// One agent in so many is killed instead of stopped.
const KILLED: u64 = 10;
/// Agents between two words of how far it is.
const TOLD_EVERY: u64 = 100;
/// Longest time until the kernel has taken the probes of a killed agent away.
const GONE_WITHIN: Duration = Duration::from_secs(10);

/// What a run found.
#[derive(Debug)]
pub struct Report {
    /// What was asserted.
    pub checks: Vec<Check>,
    /// Figures, for people and for machines.
    pub figures: Figures,
}

/// What was counted.
#[derive(Debug, Serialize)]
pub struct Figures {
    /// Agents that attached and went.
    pub cycles: u64,
    /// Of these, killed.
    pub killed: u64,
    /// Files that an agent probed, at the least.
    pub files: u64,
    /// How long it took, seconds.
    pub seconds: f64,
    /// A row for each client.
    pub rows: Vec<Row>,
}

/// What became of one client.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    /// Runtime and library.
    pub client: String,
    /// Calls answered meanwhile, each as it should be.
    pub made: u64,
    /// Mean time of a call, microseconds, in the median burst before, meanwhile, and after.
    pub us: [f64; 3],
}

/// Lets so many agents come and go, and says now and then how many have.
///
/// # Errors
/// If an agent does not start, or no client is here.
pub fn run(cycles: u64, say: impl Fn(&str)) -> Result<Report> {
    let provider = Provider::start("")?;
    let (here, missing): (Vec<_>, Vec<_>) = CLIENTS
        .into_iter()
        .map(|client| (client, client.missing()))
        .partition(|(_, missing)| missing.is_none());
    ensure!(
        !here.is_empty(),
        "no client is installed: run cargo xtask setup"
    );
    let mut checks: Vec<Check> = missing
        .into_iter()
        .filter_map(|(client, reason)| Some(Check::skipped(unharmed(&client), reason?)))
        .collect();
    let load = LoadOfAll::default();
    let begun = Instant::now();
    let (ends, agents) = thread::scope(|scope| -> Result<_> {
        let threads: Vec<_> = here
            .iter()
            .map(|(client, _)| scope.spawn(|| client_life(client, &provider, &load)))
            .collect();
        let agents = load
            .until_measured(threads.len())
            .and_then(|()| come_and_go(cycles, &load, say));
        load.stop.store(true, Ordering::Relaxed);
        let ends: Vec<_> = threads.into_iter().map(|thread| thread.join()).collect();
        Ok((ends, agents?))
    })?;
    let mut rows = Vec::new();
    for ((client, _), end) in here.iter().zip(ends) {
        let end = end.map_err(|_| anyhow!("a thread of this program has failed"))?;
        let (row, problems) = match end {
            Ok(row) => (Some(row), Vec::new()),
            Err(error) => (None, vec![format!("{error:#}")]),
        };
        checks.push(Check::of(unharmed(client), &problems));
        if let Some(row) = row {
            let [before, _, after] = row.us;
            let slow = (after > before * SLOWER)
                .then(|| format!("{after:.0} us a call afterwards, {before:.0} before"));
            // A second of calls before and after says little on a machine that does other things, too.
            if cycles >= TELLING {
                checks.push(Check::of(
                    format!("{} is as fast as before", client.name),
                    &slow.into_iter().collect::<Vec<_>>(),
                ));
            }
            rows.push(row);
        }
    }
    let entries = provider.ledger.entries();
    let incomplete = entries.iter().filter(|entry| !entry.complete);
    let incomplete: Vec<_> = incomplete
        .map(|entry| format!("cut off: {entry:?}"))
        .collect();
    checks.push(Check::of("no exchange is cut off", &incomplete));
    Ok(Report {
        checks,
        figures: Figures {
            cycles,
            killed: agents.killed,
            files: agents.files,
            seconds: begun.elapsed().as_secs_f64(),
            rows,
        },
    })
}

fn unharmed(client: &Client) -> String {
    format!("{} is unharmed", client.name)
}

/// What the clients and the agents tell each other.
#[derive(Debug, Default)]
struct LoadOfAll {
    /// Clients that know how fast they are without an agent.
    measured: AtomicUsize,
    /// A client has failed.
    failed: AtomicBool,
    /// The last agent is gone.
    stop: AtomicBool,
}

impl LoadOfAll {
    fn until_measured(&self, clients: usize) -> Result<()> {
        let measured = until(Duration::from_secs(120), || {
            let failed = self.failed.load(Ordering::Relaxed);
            (failed || self.measured.load(Ordering::Relaxed) == clients).then_some(!failed)
        });
        ensure!(measured.is_some(), "the clients do not start");
        Ok(())
    }
}

/// Calls without pause but the short ones: before, while agents come and go, and after.
fn client_life(client: &Client, provider: &Provider, load: &LoadOfAll) -> Result<Row> {
    let result = bursts(client, provider, load);
    if result.is_err() {
        load.failed.store(true, Ordering::Relaxed);
    }
    result
}

fn bursts(client: &Client, provider: &Provider, load: &LoadOfAll) -> Result<Row> {
    let mut driver = Driver::start(client, provider)?;
    let mut burst = || burst(client, &mut driver);
    // The first is of a runtime that warms up.
    burst()?;
    let before: Vec<Load> = (0..QUIET_BURSTS).map(|_| burst()).collect::<Result<_>>()?;
    load.measured.fetch_add(1, Ordering::Relaxed);
    let mut meanwhile = Vec::new();
    while !load.stop.load(Ordering::Relaxed) {
        meanwhile.push(burst()?);
    }
    let after: Vec<Load> = (0..QUIET_BURSTS).map(|_| burst()).collect::<Result<_>>()?;
    driver.finish()?;
    Ok(Row {
        client: client.name.to_owned(),
        made: meanwhile.iter().map(|load| load.made).sum(),
        us: [&before, &meanwhile, &after].map(|loads| median_us(loads)),
    })
}

/// A while of calls on a new connection, but for the confined one, which may not make another.
fn burst(client: &Client, driver: &mut Driver) -> Result<Load> {
    let load = driver.load(BURST, PAUSE)?;
    ensure!(load.made > 0, "{} makes no calls", client.name);
    Ok(load)
}

fn median_us(loads: &[Load]) -> f64 {
    let mut means: Vec<f64> = loads.iter().map(Load::mean_us).collect();
    means.sort_by(f64::total_cmp);
    means.get(means.len() / 2).copied().unwrap_or_default()
}

/// What the agents did.
#[derive(Debug)]
struct Agents {
    killed: u64,
    /// Files that one of them probed, at the least.
    files: u64,
}

/// Agents, one after the other.
fn come_and_go(cycles: u64, load: &LoadOfAll, say: impl Fn(&str)) -> Result<Agents> {
    let mut chance = Chance::new(1);
    let mut agents = Agents {
        killed: 0,
        files: u64::MAX,
    };
    for cycle in 0..cycles {
        if load.failed.load(Ordering::Relaxed) {
            // What failed is told by the client.
            break;
        }
        if cycle > 0 && cycle.is_multiple_of(TOLD_EVERY) {
            say(&format!("{cycle} agents have come and gone"));
        }
        let mut agent = Launch::with_format("none")?
            .start()
            .with_context(|| format!("agent {cycle}"))?;
        let files = agent.probed_at_start();
        let files = files.with_context(|| agent.process.said())?;
        ensure!(files > 0, "agent {cycle} probed nothing");
        agents.files = agents.files.min(files);
        thread::sleep(chance.between(STAYS));
        if chance.is(1, KILLED) {
            agents.killed += 1;
            agent.process.signal(libc::SIGKILL);
            agent.process.wait_end(GONE_WITHIN)?;
        } else {
            let status = agent.stop()?;
            ensure!(
                status.success(),
                "agent {cycle} ended with {status}\n{}",
                agent.process.said()
            );
        }
    }
    Ok(agents)
}
