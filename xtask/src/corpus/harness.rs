//! One run of the replay harness: what it printed and wrote.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;
use serde_json::Value;

use crate::paths::workspace_root;

/// Fields that the harness compares only if it is told to.
const REQUIRED: [&str; 3] = ["http.response.status_code", "server.address", "span.name"];

/// What it takes to run the harness.
pub struct Harness {
    /// The release agent.
    pub agent: PathBuf,
    /// An interpreter with what the harness needs.
    pub python: PathBuf,
    /// The folder of the harness and the recordings.
    pub folder: PathBuf,
    /// Exchanges at most.
    pub limit: Option<usize>,
}

/// What came of a run.
#[derive(Debug, Default)]
pub struct Played {
    /// The harness's own count: an exchange with any difference has failed.
    pub counts: Counts,
    /// Spans that belong to exchanges, that are missing, and that belong to none.
    pub spans: Option<Spans>,
    /// Sessions over WebSockets, if these were played.
    pub turns: Option<Turns>,
    /// Fields of spans that are not as expected.
    pub differences: Vec<Difference>,
    /// Ids of exchanges without a span.
    pub missing: Vec<String>,
}

/// Counts of exchanges.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Without a difference.
    pub passed: u64,
    /// With one, or missing.
    pub failed: u64,
}

/// Counts of spans.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spans {
    /// Have an exchange.
    pub matched: u64,
    /// Should be there.
    pub missing: u64,
    /// Have no exchange.
    pub extra: u64,
}

/// Counts of the turns of sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turns {
    /// In the recordings, with usage.
    pub recorded: u64,
    /// Spans that came.
    pub spans: u64,
}

/// A field of a span that is not as expected.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Difference {
    /// The exchange, or the response of a turn.
    pub id: String,
    /// The attribute, `span.name`, or `turn` for its counts.
    pub field: String,
    /// What the oracle says.
    pub want: Value,
    /// What came.
    pub got: Value,
}

/// A line of the harness's list of what is wrong.
#[derive(Deserialize)]
#[serde(untagged)]
enum Mismatch {
    Difference(Difference),
    Missing { missing: String },
}

impl Harness {
    /// Plays all recordings, or all sessions, in one way.
    ///
    /// # Errors
    /// If the harness cannot be run, ends without a count, or fails for another reason than a call.
    pub fn play(&self, way: &str) -> Result<Played> {
        let out = workspace_root().join("target/e2e/corpus");
        let _ = fs::remove_dir_all(&out);
        let mut child = self
            .command(way, &out)
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot run the replay harness")?;
        let output = child.stdout.take().context("the harness has no output")?;
        let mut played = Played::default();
        let mut counted = false;
        for line in BufReader::new(output).lines() {
            let line = line.context("cannot read what the harness prints")?;
            println!("{line}");
            counted |= played.line(&line);
        }
        let status = child.wait().context("cannot wait for the harness")?;
        ensure!(counted, "the replay harness ended without a count");
        ensure!(
            status.success() || played.counts.failed > 0,
            "the replay harness failed ({status}) although every call passed"
        );
        played.read(&out.join("mismatches.jsonl"))?;
        Ok(played)
    }

    fn command(&self, way: &str, out: &Path) -> Command {
        let recordings = if way.contains("--websocket") {
            "websocket.jsonl.gz"
        } else {
            "corpus.jsonl.gz"
        };
        let agent = self.agent.display();
        let mut command = Command::new(&self.python);
        command
            .arg(self.folder.join("replay.py"))
            .arg("--corpus")
            .arg(self.folder.join(recordings))
            .arg("--out")
            .arg(out)
            // The harness tells exchanges apart by it; without, by what happened at about the same
            // time, which is not what a busy client noticed at that time.
            .args([
                "--agent-cmd",
                &format!("{agent} run --keep-header x-replay-id"),
            ])
            .args(way.split(' '));
        for field in REQUIRED {
            command.args(["--require", field]);
        }
        if let Some(limit) = self.limit {
            command.args(["--limit", &limit.to_string()]);
        }
        command
            // Another agent may serve its metrics at the usual address.
            .env("LLM_TRACER_METRICS_LISTEN", "none")
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("PYTHONUNBUFFERED", "1");
        command
    }
}

impl Played {
    /// Takes a line of output; true if it is the final count.
    fn line(&mut self, line: &str) -> bool {
        let numbers: Vec<u64> = line
            .split(|character: char| !character.is_ascii_digit())
            .filter_map(|digits| digits.parse().ok())
            .collect();
        let words: Vec<&str> = line.split_whitespace().take(4).collect();
        match (words.as_slice(), numbers.as_slice()) {
            (["spans", "matched", ..], [matched, missing, extra, ..]) => {
                self.spans = Some(Spans {
                    matched: *matched,
                    missing: *missing,
                    extra: *extra,
                });
            }
            ([_, "turn", id, "want"], _) => self.differences.extend(turn(id, line)),
            (["realtime:", ..], [_, recorded, spans, ..]) => {
                self.turns = Some(Turns {
                    recorded: *recorded,
                    spans: *spans,
                });
            }
            (_, &[passed, failed])
                if line.trim() == format!("{passed} passed, {failed} failed") =>
            {
                self.counts = Counts { passed, failed };
                return true;
            }
            _ => {}
        }
        false
    }

    fn read(&mut self, path: &Path) -> Result<()> {
        let text =
            fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        for line in text.lines() {
            match serde_json::from_str(line).context("a difference that is none")? {
                Mismatch::Difference(difference) => self.differences.push(difference),
                Mismatch::Missing { missing } => self.missing.push(missing),
            }
        }
        Ok(())
    }
}

/// A turn of a session whose counts are not as expected.
fn turn(id: &str, line: &str) -> Option<Difference> {
    let (want, got) = line.split_once("want ")?.1.split_once(", got ")?;
    Some(Difference {
        id: id.trim_end_matches(':').to_owned(),
        field: "turn".to_owned(),
        want: want.into(),
        got: got.into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_counts_of_the_harness_are_read() {
        let mut played = Played::default();
        let spans = "spans matched 1448, missing 1, extra 4   (by response id 900, by time 548)";
        assert!(!played.line(spans));
        assert!(!played.line("openai 3 passed, 1 failed"));
        let turns = "realtime: 4 sessions, 9 turns with usage, 9 gen_ai CLIENT spans; turns named by a span 7, of these with right usage 7";
        assert!(!played.line(turns));
        assert!(!played.line("      h1 turn resp_1: want None/None tokens, got 5/42"));
        assert!(played.line("1100 passed, 3 failed"));
        let expected = Spans {
            matched: 1448,
            missing: 1,
            extra: 4,
        };
        assert_eq!(played.spans, Some(expected));
        assert_eq!(played.differences.len(), 1);
        assert_eq!(played.differences[0].id, "resp_1");
        assert_eq!(played.differences[0].got, "5/42");
        assert_eq!(played.turns.map(|turns| turns.recorded), Some(9));
        assert_eq!((played.counts.passed, played.counts.failed), (1100, 3));
    }
}
