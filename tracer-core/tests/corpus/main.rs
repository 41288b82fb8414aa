//! Plays recorded exchanges through the pipeline and compares the spans with an independent oracle.
//!
//! The recordings are not part of the repository: `TRACER_CORPUS` names the directory that holds
//! `corpus.jsonl.gz` and `oracle.py` (which needs Python only). Prints a table of fields, and each
//! mismatch.
//!
//! Known mismatches:
//!
//! - Twelve Anthropic streams whose `message_start` already holds a `tool_use` block (a tool that the
//!   model's own program called). The caller has to carry it out, so it is a tool call; the oracle
//!   looks at `content_block_start` only.
//! - Nine answers of Vertex to clients that asked for numbers in place of names. Finish reasons are
//!   text, so they are reported by name (`STOP`); the oracle expects the number.
//! - One answer of Bedrock whose usage a guardrail cut short. The output count stands in a header of
//!   the response; the oracle looks at the body only.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a test reads files and runs the oracle"
)]

mod compare;
mod framing;
mod play;
mod recording;

use std::{env, fs::File, io::BufReader, path::Path, process::Command};

use compare::Table;
use recording::{Expectation, Recording};
use tracer_core::{policy::release, semconv};

/// Wire formats that are understood.
const FLAVOURS: &[&str] = &[
    "openai_chat",
    "openai_completion",
    "openai_embed",
    "responses",
    "anthropic",
    "anthropic_complete",
    "google",
    "google_embed",
    "interactions",
    "converse",
    "invoke",
    "cohere_chat",
    "cohere_embed",
    "cohere_generate",
    "ollama",
    "ollama_embed",
    "watsonx_gen",
    "watsonx_embed",
];
/// Share of the compared fields that must be right.
const REQUIRED: f64 = 0.995;

#[test]
fn spans_of_recorded_exchanges_are_what_the_oracle_says() {
    let Some(directory) = env::var_os("TRACER_CORPUS") else {
        println!("skipped: TRACER_CORPUS is not set");
        return;
    };
    let file = Path::new(&directory).join("corpus.jsonl.gz");
    let recordings = recording::read(BufReader::new(File::open(&file).expect("the corpus")));
    let expectations = expectations(Path::new(&directory), &file);
    assert_eq!(
        recordings.len(),
        expectations.len(),
        "the oracle judges every recording"
    );

    for seed in 1..=3 {
        let table = compare_all(&recordings, &expectations, seed);
        println!("cut with seed {seed}: {table}");
        assert_eq!(table.missing, 0, "every LLM exchange is reported");
        assert_eq!(table.extra, 0, "nothing else is reported");
        assert!(
            table.share() >= REQUIRED,
            "{:.4} of the fields are right",
            table.share()
        );
    }
}

fn expectations(directory: &Path, file: &Path) -> Vec<Option<Expectation>> {
    let output = Command::new("python3")
        .arg(directory.join("oracle.py"))
        .arg(file)
        .output()
        .expect("python3");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let lines = String::from_utf8(output.stdout).expect("text");
    lines
        .lines()
        .map(|line| serde_json::from_str(line).expect("an expectation"))
        .collect()
}

fn compare_all(recordings: &[Recording], expectations: &[Option<Expectation>], seed: u64) -> Table {
    let calls = play::play(recordings, seed);
    let mut table = Table::default();
    for ((recording, expectation), mut calls) in recordings.iter().zip(expectations).zip(calls) {
        let call = calls.pop();
        table.extra += calls.len();
        let Some(expectation) = expectation else {
            table.extra += usize::from(call.is_some());
            continue;
        };
        if !FLAVOURS.contains(&expectation.flavour.as_str()) || expectation.span != "required" {
            table.other(expectation, call.is_some());
            continue;
        }
        match call {
            Some(call) => table.compare(recording, expectation, &semconv::span(&release(call))),
            None => table.miss(recording),
        }
    }
    table
}
