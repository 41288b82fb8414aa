//! What is run, and how it is counted.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use clap::Args;
use serde_json::{Value, json};

use super::{exceptions::Exceptions, harness::Harness, judge::Judged, ways};
use crate::{build, nextest, python, step, tally::Tally};

/// Environment variable with the folder of recordings.
const FOLDER: &str = "TRACER_CORPUS";

/// Where the tests of the core write their counts.
const JSON: &str = "TRACER_CORPUS_JSON";

/// Arguments of `corpus`.
#[derive(Debug, Default, Args)]
pub struct Arguments {
    /// Real TLS, real clients and the agent on this kernel, instead of the core alone (root).
    #[arg(long)]
    live: bool,
    /// Both versions of HTTP with every encoding and every cut, instead of a few that cover them;
    /// takes half an hour.
    #[arg(long, requires = "live", conflicts_with = "harness")]
    all: bool,
    /// Replay only so many exchanges, chosen by the harness.
    #[arg(long, requires = "live")]
    limit: Option<usize>,
    /// Write the counts to this file: per attribute, or of calls in each way if live.
    #[arg(long)]
    json: Option<PathBuf>,
    /// One run with these arguments of the harness (`replay.py --help`) instead of the usual ones.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, requires = "live")]
    harness: Vec<String>,
}

impl Arguments {
    /// The whole system.
    pub fn live() -> Self {
        Self {
            live: true,
            ..Self::default()
        }
    }

    fn ways(&self) -> Vec<String> {
        match (self.harness.is_empty(), self.all) {
            (false, _) => vec![self.harness.join(" ")],
            (true, true) => ways::all(),
            (true, false) => ways::USUAL.map(str::to_owned).to_vec(),
        }
    }
}

/// Replays and counts; skipped where there are no recordings.
///
/// # Errors
/// If the tests cannot be built, or the harness cannot be prepared or does not end with a count.
pub fn run(arguments: &Arguments) -> Result<Tally> {
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else {
        println!("skipped: the corpus needs {FOLDER}, the folder of recordings");
        return Ok(Tally::SKIPPED);
    };
    if arguments.live {
        live(arguments, &folder)
    } else {
        core(arguments)
    }
}

/// Every exchange in every way it can come over the wire, in memory.
fn core(arguments: &Arguments) -> Result<Tally> {
    let json = arguments
        .json
        .as_ref()
        .map(std::path::absolute)
        .transpose()?;
    let json = json.map(|path| path.to_string_lossy().into_owned());
    let variables: Vec<_> = json.iter().map(|path| (JSON, path.as_str())).collect();
    nextest::run_with("corpus", &[], &variables)
}

/// Past the agent; skipped without root.
fn live(arguments: &Arguments, folder: &Path) -> Result<Tally> {
    if !step::is_root() {
        println!("skipped: the corpus needs root to attach probes");
        return Ok(Tally::SKIPPED);
    }
    let harness = Harness {
        agent: build::run()?,
        python: python::venv("corpus-venv", &folder.join("requirements.txt"))?,
        folder: folder.to_owned(),
        limit: arguments.limit,
    };
    let exceptions = Exceptions::read()?;
    let mut ways = Vec::new();
    let mut total = Tally::default();
    for way in arguments.ways() {
        println!("\n-- {way}");
        let played = harness.play(&way)?;
        let judged = Judged::new(&played, &exceptions);
        println!("{judged}");
        total = [total, judged.tally()].into_iter().sum();
        ways.push(judged.to_json(&way));
    }
    if let Some(path) = &arguments.json {
        write(path, &total, ways)?;
    }
    Ok(total)
}

fn write(path: &Path, total: &Tally, ways: Vec<Value>) -> Result<()> {
    let json = json!({
        "corpus_passed": total.passed,
        "corpus_failed": total.failed,
        "ways": ways,
    });
    fs::write(path, format!("{json:#}\n"))
        .with_context(|| format!("cannot write {}", path.display()))
}
