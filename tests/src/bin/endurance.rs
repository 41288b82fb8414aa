//! What takes minutes: runs that show that nothing is missed, nothing grows and nobody is harmed over time.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command for people and CI"
)]

use std::{fs, path::PathBuf, time::Duration};

use anyhow::{Context as _, Result, ensure};
use clap::{Parser, Subcommand};
use serde::Serialize;
use tests::{
    endurance::{
        check::{self, Check},
        churn, cycles, soak,
    },
    harness::requirements::{Need, met},
};

/// Runs clients beside the agent for long, and judges.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    run: Run,
    /// Write what was counted as JSON.
    #[arg(long, global = true)]
    json: Option<PathBuf>,
}

#[derive(Subcommand)]
enum Run {
    /// Processes of mixed runtimes at once, with restarts and kills.
    Soak {
        /// How long, in minutes.
        #[arg(long)]
        minutes: f64,
    },
    /// Short processes, one after the other.
    Churn {
        /// How many.
        #[arg(long)]
        processes: usize,
    },
    /// Agents that come and go beside a load.
    Cycles {
        /// How many.
        #[arg(long)]
        cycles: u64,
    },
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let needs: &[Need] = match arguments.run {
        Run::Churn { .. } => &[Need::Agent, Need::ShortLived, Need::Python],
        Run::Soak { .. } | Run::Cycles { .. } => &[Need::Agent],
    };
    ensure!(met(needs), "this cannot run here; see above");
    match arguments.run {
        Run::Soak { minutes } => {
            let report = soak::run_all(Duration::from_secs_f64(minutes * 60.0), say)?;
            tell(&report.checks, &report.figures, arguments.json)
        }
        Run::Churn { processes } => {
            let report = churn::run(processes)?;
            tell(&report.checks, &report.figures, arguments.json)
        }
        Run::Cycles { cycles } => {
            let report = cycles::run(cycles, say)?;
            tell(&report.checks, &report.figures, arguments.json)
        }
    }
}

fn say(progress: &str) {
    eprintln!("{progress}");
}

fn tell(checks: &[Check], figures: &impl Serialize, json: Option<PathBuf>) -> Result<()> {
    let text = serde_json::to_string_pretty(figures)?;
    println!("{text}");
    if let Some(path) = json {
        fs::write(&path, text + "\n")
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    for check in checks {
        println!("{check}");
    }
    println!("{}", check::count(checks));
    Ok(())
}
