//! `cargo xtask corpus`: recorded provider exchanges against an independent oracle, through the core
//! alone or, with `--live`, past the agent.
//!
//! The recordings, the oracle and the harness stay outside the repository; `TRACER_CORPUS` says
//! where.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, Result, ensure};
use clap::Args;

use crate::{build, nextest, python, step, tally::Tally};

/// Environment variable with the folder of recordings.
const FOLDER: &str = "TRACER_CORPUS";

/// URLs of the wire APIs that the agent understands over HTTP/1.1: OpenAI's on any host, and
/// Anthropic's messages. Excludes fill-in-the-middle, agents and Ollama's own paths of like names.
const FILTER: &str = r"^https?://[^?]*?(/chat/completions|(?<!fim)(?<!agents)(?<!chat)/completions|(?<!/api)/embeddings|/responses|/v1/messages)(\?.*)?$";

/// How the recordings are played: as recorded, then with other clients, encodings, versions of TLS
/// and cuts of the bytes.
const WAYS: [&str; 4] = [
    "--concurrency 4",
    "--client httpx --encoding br --chunk random --concurrency 8",
    "--encoding zstd --chunk random --concurrency 4 --tls 1.2",
    "--client curl --encoding gzip --chunk one --concurrency 4 --limit 300",
];

/// Where the tests of the core write their counts.
const JSON: &str = "TRACER_CORPUS_JSON";

/// Arguments of `corpus`.
#[derive(Debug, Default, Args)]
pub struct Arguments {
    /// Real TLS, real clients and the agent on this kernel, instead of the core alone (root).
    #[arg(long)]
    live: bool,
    /// Replay only so many exchanges, chosen by the harness.
    #[arg(long, requires = "live")]
    limit: Option<usize>,
    /// Write the counts to this file: per attribute, or of calls if live.
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
        live(arguments, folder)
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
fn live(arguments: &Arguments, folder: PathBuf) -> Result<Tally> {
    if !step::is_root() {
        println!("skipped: the corpus needs root to attach probes");
        return Ok(Tally::SKIPPED);
    }
    let agent = build::run()?;
    let python = python::venv("corpus-venv", &folder.join("requirements.txt"))?;
    let usual = WAYS.map(|way| way.split(' ').map(str::to_owned).collect());
    let ways: &[Vec<String>] = match arguments.harness.is_empty() {
        true => &usual,
        false => std::slice::from_ref(&arguments.harness),
    };
    let tally = ways
        .iter()
        .map(|way| replay(&python, &folder, &agent, arguments.limit, way))
        .sum::<Result<Tally>>()?;
    if let Some(path) = &arguments.json {
        let json =
            serde_json::json!({ "corpus_passed": tally.passed, "corpus_failed": tally.failed });
        fs::write(path, format!("{json:#}\n"))
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(tally)
}

fn replay(
    python: &Path,
    folder: &Path,
    agent: &Path,
    limit: Option<usize>,
    way: &[String],
) -> Result<Tally> {
    let mut command = Command::new(python);
    command
        .arg(folder.join("replay.py"))
        .arg("--corpus")
        .arg(folder.join("corpus.jsonl.gz"));
    command
        .args(["--http1", "--filter", FILTER, "--agent-cmd"])
        .arg(format!("{} run", agent.display()));
    command.args(way);
    if let Some(limit) = limit {
        command.args(["--limit", &limit.to_string()]);
    }
    command
        // Another agent may serve its metrics at the usual address.
        .env("LLM_TRACER_METRICS_LISTEN", "none")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("PYTHONUNBUFFERED", "1");
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot run the replay harness")?;
    let output = child.stdout.take().context("the harness has no output")?;
    let mut last = None;
    for line in BufReader::new(output).lines() {
        let line = line.context("cannot read what the harness prints")?;
        println!("{line}");
        last = count(&line).or(last);
    }
    let status = child.wait().context("cannot wait for the harness")?;
    let tally = last.context("the replay harness ended without a count")?;
    ensure!(
        status.success() || tally.failed > 0,
        "the replay harness failed ({status}) although every call passed"
    );
    Ok(tally)
}

/// `N passed, N failed`, alone on a line.
fn count(line: &str) -> Option<Tally> {
    let (passed, failed) = line.trim().split_once(" passed, ")?;
    let failed = failed.strip_suffix(" failed")?;
    Some(Tally {
        passed: passed.parse().ok()?,
        failed: failed.parse().ok()?,
        skipped: 0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_count_of_the_harness_is_read() {
        assert_eq!(
            count("1100 passed, 3 failed"),
            Some(Tally {
                passed: 1100,
                failed: 3,
                skipped: 0
            })
        );
        assert_eq!(count("openai 3 passed, 1 failed"), None);
    }
}
