//! The command: builds, runs the rounds, prints the figures.

use std::{fs, path::PathBuf};

use anyhow::{Context, ensure};

use super::{figures::figures, programs, round::Bench, runtimes::Runtimes, server::Server, table};
use crate::{build, e2e, paths::workspace_root, step};

/// Rounds and seconds a load of a full and of a quick run.
const FULL: (usize, f64) = (3, 2.0);
/// Share of these seconds that each runtime is measured: there are more of them, and they move less.
const OF_RUNTIME: f64 = 0.4;
const QUICK: (usize, f64) = (1, 1.0);
/// Times that a disturbed round is run again, at most and on average.
const TRIES: usize = 3;
/// Mean number of runnable tasks, over a minute, above which figures are doubtful.
const BUSY: f64 = 0.7;

/// Measure what tracing costs on this machine (as root).
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Write the figures to this file as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// One short round: shows that everything runs, not what it costs
    #[arg(long)]
    quick: bool,
    /// Rounds to run [default: 3, or 1 with --quick]
    #[arg(long, value_name = "N")]
    rounds: Option<usize>,
    /// Seconds to measure each load [default: 2, or 1 with --quick]
    #[arg(long, value_name = "S")]
    seconds: Option<f64>,
    /// Also record profiles of the agent with perf, into target/bench
    #[arg(long)]
    profile: bool,
    /// Measure real runtimes only
    #[arg(long)]
    runtimes: bool,
    /// Measure the core alone, without root; fails beyond its limits
    #[arg(long, conflicts_with_all = ["json", "quick", "rounds", "seconds", "profile", "runtimes"])]
    core: bool,
}

/// Runs the benchmark. Misses are reported, not errors: a figure of a busy machine proves nothing.
/// The limits of the core are errors: they leave room for that.
pub fn run(args: &Arguments) -> anyhow::Result<()> {
    if args.core {
        return super::core::run();
    }
    ensure!(
        step::is_root(),
        "the benchmark attaches probes: run it as root"
    );
    let (agent, client, server) = (build::run()?, programs::load()?, programs::server()?);
    let (bystanders, runtimes) = (programs::bystanders()?, programs::runtimes()?);
    e2e::prepare_what_is_here()?;
    let directory = workspace_root().join("target/bench");
    fs::create_dir_all(&directory)
        .with_context(|| format!("cannot create {}", directory.display()))?;
    warn_if_busy();
    let server = Server::start(&server)?;
    let (rounds, seconds) = if args.quick { QUICK } else { FULL };
    let (rounds, seconds) = (
        args.rounds.unwrap_or(rounds),
        args.seconds.unwrap_or(seconds),
    );
    let bench = Bench {
        agent: &agent,
        client: &client,
        bystanders: &bystanders,
        port: server.port,
        seconds,
        directory: &directory,
    };

    let mut seen = Vec::new();
    let wanted = if args.runtimes { 0 } else { rounds };
    for number in 0..wanted * TRIES {
        if seen.len() == wanted {
            break;
        }
        eprintln!("xtask: round {} of {wanted}", seen.len() + 1);
        seen.extend(bench.round(number)?);
    }
    ensure!(
        seen.len() == wanted,
        "only {} of {wanted} rounds were undisturbed: stop the other agents on this host",
        seen.len()
    );
    drop(server);
    eprintln!("xtask: runtimes");
    let seconds = seconds * OF_RUNTIME;
    let costs =
        Runtimes::measure(&runtimes, &agent, &directory, rounds, seconds).map(|it| it.costs())?;
    let figures = figures(&seen);
    if wanted > 0 {
        print!("{}\n{}\n", table::loads(&seen), table::figures(&figures));
    }
    print!("{}", table::runtimes(&costs));
    if let Some(path) = &args.json {
        let text = serde_json::to_string_pretty(&table::json(&figures, &seen, &costs))?;
        fs::write(path, text + "\n").with_context(|| format!("cannot write {}", path.display()))?;
    }
    if args.profile {
        for file in bench.profile(&directory)? {
            println!("perf report --no-children -i {}", file.display());
        }
    }
    Ok(())
}

/// Other work on the machine disturbs all sides alike, but not evenly.
fn warn_if_busy() {
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load
        .split(' ')
        .next()
        .and_then(|load| load.parse::<f64>().ok());
    if let Some(load) = load.filter(|load| *load > BUSY) {
        eprintln!("xtask: the machine is busy (load {load}): take the figures as a hint only");
    }
}
