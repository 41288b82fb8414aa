//! Processes by the ten thousand, most of which do nothing, some of which map a TLS library, a few of which
//! make a call: none may leave anything behind in the agent.

use std::{
    path::PathBuf,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, anyhow, ensure};
use serde::Serialize;

use super::{check::Check, clients::Client, driver::Driver, vitals::Vitals};
use crate::{
    harness::{
        agent::{Agent, Launch},
        compare::compare,
        metrics,
        patience::{settled, until},
        requirements::short_lived,
    },
    provider::running::Provider,
};

/// Processes that are started at a time.
const AT_ONCE: usize = 2;
/// One process in so many maps libssl.
const WITH_TLS: usize = 3;
/// One in so many makes a call.
const WITH_CALL: usize = 50;
/// Longest wait until the agent has heard of all that happened.
const QUIET_WITHIN: Duration = Duration::from_secs(60);
/// The agent has heard of all when its processor time stands still for so long.
const QUIET: Duration = Duration::from_millis(1500);

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
    /// Processes that came and went between the two looks.
    pub processes: usize,
    /// Of these, with libssl mapped.
    pub with_tls: usize,
    /// Calls that were made.
    pub calls: usize,
    /// Calls that were seen.
    pub seen: usize,
    /// How long it took, seconds.
    pub seconds: f64,
    /// What the agent held before and after.
    pub held: [Vitals; 2],
}

/// Lets `processes` come and go, after a tenth as many that fill what is bounded.
///
/// # Errors
/// If a process fails or the agent ends.
pub fn run(processes: usize) -> Result<Report> {
    let provider = Provider::start("")?;
    // The library stays in use, as on a host with services: its probes stay, and no call may be missed.
    let holder = Driver::start(&Client::PYTHON, &provider)?;
    let agent = Launch::json()?.start()?;
    many(processes / 10, &provider)?;
    until_quiet(&agent)?;
    let (before, from) = (Vitals::of(&agent)?, provider.ledger.entries().len());
    let begun = Instant::now();
    let with_tls = many(processes, &provider)?;
    let seconds = begun.elapsed().as_secs_f64();
    until_quiet(&agent)?;
    let after = Vitals::of(&agent)?;
    let entries = provider.ledger.entries();
    let reports = settled(entries.len(), || agent.calls(&provider));
    let different = compare(&entries, &reports).err();
    let wanted = processes / WITH_CALL;
    ensure!(
        entries.len() - from == wanted,
        "{wanted} calls were to be made, {} came",
        entries.len() - from
    );
    holder.finish()?;
    Ok(Report {
        checks: vec![
            Check::of(
                "each call is seen once, every field as served",
                &different
                    .map(|it| format!("{it:#}"))
                    .into_iter()
                    .collect::<Vec<_>>(),
            ),
            Check::of(
                "nothing is counted as lost",
                &metrics::losses(&agent.page("/metrics")?),
            ),
            Check::of("nothing is left behind", &after.growth_since(&before)),
        ],
        figures: Figures {
            processes,
            with_tls,
            calls: entries.len(),
            seen: reports.len(),
            seconds,
            held: [before, after],
        },
    })
}

/// Starts and awaits so many; how many of them mapped libssl.
fn many(count: usize, provider: &Provider) -> Result<usize> {
    let [done, with_tls, caller] = ["done", "done-with-tls", "caller"].map(short_lived);
    let each = &|index: usize| {
        let mut command = if index.is_multiple_of(WITH_CALL) {
            calling(&caller, provider, index)
        } else if index.is_multiple_of(WITH_TLS) {
            Command::new(&with_tls)
        } else {
            Command::new(&done)
        };
        let status = command.stdin(Stdio::null()).stdout(Stdio::null()).status();
        let status = status.context("cannot start a process: run cargo xtask setup")?;
        ensure!(status.success(), "process {index} failed ({status})");
        Ok(())
    };
    thread::scope(|scope| {
        let threads = [(); AT_ONCE].iter().enumerate().map(|(first, ())| {
            scope.spawn(move || (first..count).step_by(AT_ONCE).try_for_each(each))
        });
        let threads: Vec<_> = threads.collect();
        let mut joined = threads.into_iter().map(|thread| thread.join());
        joined.try_for_each(|it| it.map_err(|_| anyhow!("a thread of this program has failed"))?)
    })?;
    let maps = |index: &usize| index.is_multiple_of(WITH_CALL) || index.is_multiple_of(WITH_TLS);
    Ok((0..count).filter(maps).count())
}

/// One call over a connection of its own.
fn calling(program: &PathBuf, provider: &Provider, index: usize) -> Command {
    let mut command = Command::new(program);
    command
        .arg(provider.address.ip().to_string())
        .arg(provider.address.port().to_string())
        .arg(format!("{}", 1000 + index));
    command
}

/// News of processes that are gone may stand in line.
fn until_quiet(agent: &Agent) -> Result<()> {
    let mut last = (agent.cpu_ticks()?, Instant::now());
    let quiet = until(QUIET_WITHIN, || {
        let now = agent.cpu_ticks().ok()?;
        if now > last.0 + 1 {
            last = (now, Instant::now());
        }
        (last.1.elapsed() >= QUIET).then_some(())
    });
    quiet.context("the agent does not come to rest after the last process")
}
