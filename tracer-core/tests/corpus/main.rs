//! Plays recorded exchanges through the pipeline, in every way in which they can come over the wire,
//! and compares the spans with an independent oracle.
//!
//! The recordings are not part of the repository: `TRACER_CORPUS` names the directory that holds
//! `corpus.jsonl.gz` and `oracle.py` (which needs Python only). Prints a table of fields and each
//! difference with its reason; `TRACER_CORPUS_JSON` names a file for the same as JSON.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a test reads files and runs the oracle"
)]

mod coding;
mod compare;
mod exceptions;
#[path = "../http2/frames.rs"]
#[expect(dead_code, reason = "not all of a peer is needed here")]
mod frames;
mod http1;
mod http2;
mod masked;
mod play;
#[path = "../random/mod.rs"]
#[expect(dead_code, reason = "not all of it is needed here")]
mod random;
mod recording;
mod report;
mod said;
mod way;

use std::{
    env, fs,
    fs::File,
    io::BufReader,
    path::{Path, PathBuf},
    process::Command,
};

use compare::Table;
use exceptions::EXCEPTIONS;
use recording::{Expectation, Recording};
use report::Report;
use said::Said;
use tracer_core::{
    llm::call::{Call, Captured},
    policy::release,
    semconv,
};
use way::{Http, WAYS};

/// Share of the exchanges in which each attribute must be as the oracle says, where it says anything;
/// what an exception excuses is the oracle's slip, and does not count.
const REQUIRED: f64 = 0.995;

/// The recordings, if there are any, with the oracle's judgements of them.
fn corpus() -> Option<(Vec<Recording>, Vec<Option<Expectation>>)> {
    let directory = PathBuf::from(env::var_os("TRACER_CORPUS")?);
    let file = directory.join("corpus.jsonl.gz");
    let recordings = recording::read(BufReader::new(File::open(&file).expect("the corpus")));
    let expectations = expectations(&directory, &file);
    assert_eq!(
        recordings.len(),
        expectations.len(),
        "the oracle judges every recording"
    );
    Some((recordings, expectations))
}

#[test]
fn spans_of_recorded_exchanges_are_what_the_oracle_says() {
    let Some((recordings, expectations)) = corpus() else {
        println!("skipped: TRACER_CORPUS is not set");
        return;
    };
    let mut table = Table::default();
    for way in WAYS {
        let calls = play::play(&recordings, way);
        compare_all(&recordings, &expectations, calls, &mut table);
    }
    let report = Report {
        table,
        recordings: recordings.iter().map(|it| it.id.clone()).collect(),
        ways: WAYS.len(),
    };
    println!("{report}");
    if let Some(path) = env::var_os("TRACER_CORPUS_JSON") {
        fs::write(path, format!("{:#}\n", report.to_json())).expect("the file for the counts");
    }
    judge(&report);
}

fn judge(report: &Report) {
    let table = &report.table;
    assert_eq!(table.spans, table.exchanges, "every call is reported");
    assert_eq!(table.extra, 0, "nothing else is reported");
    assert!(EXCEPTIONS.iter().all(exceptions::Exception::is_allowed));
    for (field, counts) in &table.fields {
        let share = counts.share_without(report.excused(field));
        assert!(share >= REQUIRED, "{field}: {share:.4}");
    }
    let unexplained = report
        .differences()
        .filter(|(.., reason)| reason.is_none())
        .count();
    assert_eq!(unexplained, 0, "every difference has its reason");
    assert_eq!(
        report.idle_exceptions(),
        [],
        "every exception of what was played occurs: take the others off the table"
    );
}

/// A masked tape tells what the traffic told, but for [`masked::NOT_SHOWN`].
#[test]
fn masked_exchanges_give_the_same_spans() {
    let Some((recordings, _)) = corpus() else {
        println!("skipped: TRACER_CORPUS is not set");
        return;
    };
    let ways = WAYS.iter().filter(|way| way.http == Http::One);
    for way in ways.step_by(2) {
        let whole = described(play::play_alone(&recordings, *way));
        let masked = described(play::play_masked(&recordings, *way));
        let mut differences = Vec::new();
        for ((recording, whole), masked) in recordings.iter().zip(&whole).zip(&masked) {
            masked::compare(recording, whole, masked, &mut differences);
        }
        assert_eq!(differences, Vec::<String>::new(), "{way:?}");
    }
}

/// Content is read beside metadata: neither changes the other, and both tell of the same tools.
#[test]
fn content_says_what_metadata_tells() {
    let Some((recordings, _)) = corpus() else {
        println!("skipped: TRACER_CORPUS is not set");
        return;
    };
    let mut said = Said::default();
    for way in WAYS.iter().step_by(5) {
        let with = play::play_keeping(&recordings, *way);
        let without = play::play(&recordings, *way);
        for ((recording, with), without) in recordings.iter().zip(&with).zip(&without) {
            assert_eq!(with.len(), without.len());
            for (with, without) in with.iter().zip(without) {
                said.compare(recording, with, without);
            }
        }
    }
    println!("{said}");
    assert_eq!(said.differences, Vec::<String>::new());
}

fn described(calls: Vec<Vec<Call<Captured>>>) -> Vec<Vec<semconv::Span>> {
    let span = |call: Call<Captured>| semconv::span(&release(call));
    let of_one = |calls: Vec<_>| calls.into_iter().map(span).collect();
    calls.into_iter().map(of_one).collect()
}

fn expectations(directory: &Path, file: &Path) -> Vec<Option<Expectation>> {
    let output = Command::new("python3")
        .arg("-B")
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

fn compare_all(
    recordings: &[Recording],
    expectations: &[Option<Expectation>],
    calls: Vec<Vec<Call<Captured>>>,
    table: &mut Table,
) {
    for ((recording, expectation), mut calls) in recordings.iter().zip(expectations).zip(calls) {
        let call = calls.pop();
        table.extra += calls.len();
        let Some(expectation) = expectation else {
            table.extra += usize::from(call.is_some());
            continue;
        };
        if expectation.span != "required" {
            table.other(expectation, call.is_some());
            continue;
        }
        match call {
            Some(call) => table.compare(recording, expectation, &semconv::span(&release(call))),
            None => table.miss(recording),
        }
    }
}
