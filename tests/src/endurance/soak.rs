//! Processes of mixed runtimes at once, each started anew now and then and some of them killed in the
//! middle of a call, with one agent beside them.

use std::{
    collections::HashSet,
    sync::atomic::Ordering,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, anyhow, ensure};
use serde::Serialize;

use super::{
    check::Check,
    clients::Client,
    driver::Driver,
    life::{Life, is_marked, mark},
    slot::{self, Shared},
    verdict::{self, Row},
    vitals::Vitals,
};
use crate::{
    harness::{
        agent::Launch,
        metrics,
        otlp::Span,
        patience::{settled, until},
        scene::Scene,
    },
    provider::running::Provider,
};

/// Processes at once, at the least: where fewer runtimes are here, some run more than once.
const PROCESSES: usize = 20;
/// Longest time from the first use of a runtime to its probes.
const ATTACHED_WITHIN: Duration = Duration::from_secs(30);
/// Looks at what the agent holds; the first two fifths of the run are not compared.
const LOOKS: u32 = 50;
const FIFTH: usize = LOOKS as usize / 5;
/// Runs shorter than this are over before caches are full: growth is not judged.
const LONG_ENOUGH: Duration = Duration::from_secs(180);

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
    /// How long it ran, seconds.
    pub seconds: f64,
    /// A row for each process.
    pub rows: Vec<Row>,
    /// Calls made, seen, and cut.
    pub made: u64,
    /// Calls seen, of these and of the cut ones.
    pub seen: u64,
    /// Calls that a process was killed in.
    pub cut: u64,
    /// Counters of losses that are not zero.
    pub losses: Vec<String>,
    /// What the agent held after warming up and at the end.
    pub held: [Vitals; 2],
}

/// Runs all that are here, at least [`PROCESSES`], for so long.
///
/// # Errors
/// As for [`run`].
pub fn run_all(length: Duration, say: impl Fn(&str)) -> Result<Report> {
    run(length, &Client::ALL, PROCESSES, say)
}

/// Runs those of the clients that are here for so long; some more than once, where they are not as many as
/// there are to be `processes`.
///
/// # Errors
/// If a client fails where nobody killed it, or the agent ends.
pub fn run(
    length: Duration,
    clients: &[Client],
    processes: usize,
    say: impl Fn(&str),
) -> Result<Report> {
    let (clients, mut checks) = here(clients, processes)?;
    let launch = Launch::with_format("none")?;
    let scene = Scene::with(Provider::start("")?, launch)?;
    let shared = Shared::new(&scene.provider, lifetime(length));
    // One of each stays for the whole run: of a file that nobody uses any more the probes are taken away,
    // and the race with their coming back has tests of its own.
    let holders = holders(&clients, &shared, &scene)?;
    let begun = Instant::now();
    let looks = lives(&clients, &shared, &scene, length, say)?;
    let seconds = begun.elapsed().as_secs_f64();
    let idle: HashSet<u64> = holders.iter().map(|holder| holder.id().into()).collect();
    for (client, holder) in clients.iter().zip(holders) {
        let finished = holder.finish();
        finished.with_context(|| format!("{}, which was idle", client.name))?;
    }
    let lives = shared.into_lives();
    let mut entries = scene.provider.ledger.entries();
    let mut spans = settled(entries.len(), || scene.sink.spans_of(&scene.provider));
    entries.retain(|entry| Life::of_call(entry.n) > 0);
    spans.retain(|span| !is_of_one(&idle, span));
    let losses = metrics::losses(&scene.agent.page("/metrics")?);
    let verdict = verdict::judge(&clients, &lives, &entries, &spans);
    checks.extend(
        verdict
            .rows
            .iter()
            .map(|row| Check::of(format!("calls of {}", row.client), &row.problems)),
    );
    checks.push(Check::of("no call is nobody's", &verdict.strays));
    checks.push(Check::of("nothing is counted as lost", &losses));
    let fifth = |from: usize| Vitals::median(looks.get(from..from + FIFTH).unwrap_or_default());
    let (before, after) = (fifth(2 * FIFTH), fifth(4 * FIFTH));
    let (before, after) = before.zip(after).context("nobody looked at the agent")?;
    checks.push(if length < LONG_ENOUGH {
        Check::skipped(
            "the agent does not grow",
            format!("takes a run of {LONG_ENOUGH:?} or more"),
        )
    } else {
        Check::of("the agent does not grow", &after.growth_since(&before))
    });
    let sum = |figure: fn(&Row) -> u64| verdict.rows.iter().map(figure).sum();
    let figures = Figures {
        seconds,
        made: sum(|row| row.made),
        seen: sum(|row| row.seen),
        cut: sum(|row| row.cut),
        losses,
        held: [before, after],
        rows: verdict.rows,
    };
    Ok(Report { checks, figures })
}

/// Shortest and longest life of a process in a run of this length: time for each to be started anew often,
/// and for a runtime to come up.
fn lifetime(run: Duration) -> (Duration, Duration) {
    let least = (run / 75).max(Duration::from_secs(3));
    let most = (run / 15).max(Duration::from_secs(7));
    (least, most)
}

/// Those that run, and a check for each that is not here.
fn here(clients: &[Client], processes: usize) -> Result<(Vec<Client>, Vec<Check>)> {
    let (here, missing): (Vec<_>, Vec<_>) = clients
        .iter()
        .map(|client| (*client, client.missing()))
        .partition(|(_, missing)| missing.is_none());
    ensure!(
        !here.is_empty(),
        "no client is installed: run cargo xtask setup"
    );
    let count = here.len().max(processes);
    let clients = here.iter().map(|(client, _)| *client).cycle().take(count);
    let skipped = missing.into_iter().filter_map(|(client, reason)| {
        Some(Check::skipped(format!("calls of {}", client.name), reason?))
    });
    Ok((clients.collect(), skipped.collect()))
}

/// Starts one of each and lets it call until that is seen: from then on nothing may be missed.
fn holders(clients: &[Client], shared: &Shared<'_>, scene: &Scene) -> Result<Vec<Driver>> {
    let hold = &|slot: usize, client: &Client| -> Result<Driver> {
        let mut driver = Driver::start(client, shared.provider)?;
        seen_to_call(slot, &mut driver, scene)
            .with_context(|| format!("{}\n{}", client.name, scene.agent.process.said()))?;
        Ok(driver)
    };
    thread::scope(|scope| {
        let threads = clients.iter().enumerate();
        let threads = threads.map(|(slot, client)| scope.spawn(move || hold(slot, client)));
        let threads: Vec<_> = threads.collect();
        let joined = threads.into_iter().map(|thread| thread.join());
        joined.map(|it| it.map_err(|_| failed_thread())?).collect()
    })
}

fn failed_thread() -> anyhow::Error {
    anyhow!("a thread of this program has failed")
}

/// Whether a call was made by one of these processes, or by a child of one.
fn is_of_one(pids: &HashSet<u64>, span: &Span) -> bool {
    let of = |name| span.resource.number(name);
    [of("process.pid"), of("process.parent_pid")]
        .into_iter()
        .flatten()
        .any(|pid| pids.contains(&pid))
}

/// These calls are not judged: the first may come before the probes.
fn seen_to_call(slot: usize, driver: &mut Driver, scene: &Scene) -> Result<()> {
    let mut n = 0;
    let is_of_slot = |span: &Span| {
        let model = span.report.text("gen_ai.request.model");
        model.is_some_and(|model| is_marked(model, slot))
    };
    let mut call = || -> Result<bool> {
        driver.begin(n, &mark(slot))?;
        driver.answered(n)?;
        n += 1;
        thread::sleep(Duration::from_millis(300));
        Ok(scene.sink.spans_of(&scene.provider).iter().any(is_of_slot))
    };
    let seen = until(ATTACHED_WITHIN, || match call() {
        Ok(false) => None,
        Ok(true) => Some(Ok(())),
        Err(error) => Some(Err(error)),
    });
    seen.context("no call is seen: its TLS is not probed")?
}

/// Lets all run, and looks at the agent meanwhile.
fn lives(
    clients: &[Client],
    shared: &Shared<'_>,
    scene: &Scene,
    length: Duration,
    say: impl Fn(&str),
) -> Result<Vec<Vitals>> {
    thread::scope(|scope| {
        let slots = clients.iter().enumerate().map(|(index, client)| {
            scope.spawn(move || {
                let result = slot::run(client, index, shared);
                // One that failed must not hide behind the others.
                if result.is_err() {
                    shared.stop.store(true, Ordering::Relaxed);
                }
                result
            })
        });
        let slots: Vec<_> = slots.collect();
        let mut looks = Vec::new();
        let mut looked = Ok(());
        for number in 1..=LOOKS {
            let end = Instant::now() + length / LOOKS;
            while Instant::now() < end && !shared.stop.load(Ordering::Relaxed) {
                thread::sleep(Duration::from_millis(100));
            }
            match Vitals::of(&scene.agent) {
                Ok(look) => {
                    if number.is_multiple_of(LOOKS / 10) {
                        let served = shared.provider.ledger.served();
                        say(&format!("{served} calls served; the agent holds {look}"));
                    }
                    looks.push(look);
                }
                Err(error) => looked = Err(error),
            }
        }
        shared.stop.store(true, Ordering::Relaxed);
        for slot in slots {
            slot.join().map_err(|_| failed_thread())??;
        }
        looked.with_context(|| scene.agent.process.said())?;
        Ok(looks)
    })
}
