//! How fast texts are masked.
//!
//! `cargo bench -p tracer-core --bench mask`. A megabyte each of prose and of a JSON conversation, with
//! something to mask in every few kilobytes; `clean` has nothing, `names` has a list of a thousand,
//! `pieces` comes in the pieces of a stream, `escaped` hides what it can.

use std::hint::black_box;

use criterion::{BenchmarkGroup, Criterion, Throughput, measurement::WallTime};
use tracer_core::policy::mask::{Ending, MaskRules, Masker};

const BYTES: usize = 1_000_000;
const PROSE: &str = "The committee met on Tuesday, as it does in most weeks, and went through the \
    figures of the last quarter; they were better than in 2023, by some 4.5 per cent. Nobody asked why. \
    \"We shall see,\" said the chair, and closed the meeting at 12:30, though there was a question left.\n";
const SECRETS: &str = "Write to someone.else@example.org or call +1 415 555 0132; the key is \
    sk-proj-1aB2cD3eF4gH5iJ6kL7mN8oP9qR0sT, from 192.0.2.17.\n";

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let plain = masker(MaskRules::default());
    let names = masker(MaskRules {
        names: (0..1_000)
            .map(|number| format!("Firstname{number} Lastname{number}"))
            .collect(),
        ..MaskRules::default()
    });
    let (clean, prose) = (prose(0), prose(20));
    let (json, escaped) = (conversation(&prose, false), conversation(&prose, true));
    let mut group = criterion.benchmark_group("mask");
    text(&mut group, "prose/clean", &plain, &clean);
    text(&mut group, "prose", &plain, &prose);
    text(&mut group, "prose/names", &names, &prose);
    text(&mut group, "json/as text", &plain, &json);
    document(&mut group, "json", &plain, &json);
    document(&mut group, "json/escaped", &plain, &escaped);
    pieces(&mut group, "prose/pieces", &plain, &prose);
    group.finish();
    criterion.final_summary();
}

fn masker(rules: MaskRules) -> Masker {
    Masker::new(&rules).expect("the rules are good")
}

/// A megabyte, with secrets behind every so many sentences.
fn prose(every: usize) -> String {
    let mut text = String::new();
    for number in 1.. {
        text.push_str(PROSE);
        if every > 0 && number % every == 0 {
            text.push_str(SECRETS);
        }
        if text.len() >= BYTES {
            break;
        }
    }
    text
}

/// The text as messages of a request.
fn conversation(text: &str, escaped: bool) -> String {
    let messages: Vec<serde_json::Value> = text
        .lines()
        .enumerate()
        .map(|(index, line)| {
            let line = if escaped {
                format!("{line}\u{7f}")
            } else {
                line.to_owned()
            };
            let role = if index % 2 == 0 { "user" } else { "assistant" };
            serde_json::json!({"role": role, "content": line, "index": index})
        })
        .collect();
    let body =
        serde_json::json!({"model": "gpt-5", "messages": messages, "max_tokens": 4096}).to_string();
    body.replace('\u{7f}', "\\u00e9")
}

fn text(group: &mut BenchmarkGroup<'_, WallTime>, name: &str, masker: &Masker, text: &str) {
    group.throughput(Throughput::Bytes(text.len() as u64));
    group.bench_function(name, |bencher| {
        bencher.iter(|| masker.mask(black_box(text), Ending::Whole))
    });
}

fn document(group: &mut BenchmarkGroup<'_, WallTime>, name: &str, masker: &Masker, text: &str) {
    group.throughput(Throughput::Bytes(text.len() as u64));
    group.bench_function(name, |bencher| {
        bencher.iter(|| masker.mask_json(black_box(text), Ending::Whole))
    });
}

/// In pieces of forty bytes, as models answer.
fn pieces(group: &mut BenchmarkGroup<'_, WallTime>, name: &str, masker: &Masker, text: &str) {
    group.throughput(Throughput::Bytes(text.len() as u64));
    group.bench_function(name, |bencher| {
        bencher.iter(|| {
            let mut stream = masker.stream().expect("there are no paths");
            let mut given = 0;
            for piece in text.as_bytes().chunks(40) {
                given += stream
                    .push(black_box(piece))
                    .expect("it is text")
                    .text()
                    .len();
            }
            given
                + stream
                    .finish(Ending::Whole)
                    .expect("it is text")
                    .text()
                    .len()
        });
    });
}
