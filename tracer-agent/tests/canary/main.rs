//! Ten thousand secrets and personal data, planted in prompts, answers, tools, headers and queries of
//! several APIs, cut into pieces, and looked for in all that the agent gives out: a tape through the
//! whole of it, to JSON lines and to a collector of OTLP, content on spans and in log records.
//!
//! A check that cannot fail proves nothing: where a rule lets content out as it is, the same search
//! finds what was planted there.

mod collector;
#[path = "../../../tracer-core/src/policy/mask/planted.rs"]
mod planted;
mod tape;
mod traffic;

use std::{
    collections::{BTreeSet, HashSet},
    io::Write as _,
    process::Command,
};

use aho_corasick::AhoCorasick;
use collector::Collector;
use planted::{KINDS, NAMES};
use tempfile::NamedTempFile;
use traffic::{Origin, Traffic};

/// How many are planted.
const PLANTS: usize = 10_000;

/// What came out of a run, by what it came out of.
struct Outputs {
    lines: Vec<u8>,
    otlp: Vec<u8>,
}

/// Replays the traffic under a policy.
fn played(traffic: &Traffic, policy: &str) -> Outputs {
    let collector = Collector::start();
    let tape = tape::written(&traffic.exchanges);
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(policy.as_bytes()).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_tracer-agent"))
        .env_clear()
        // On spans and in log records.
        .env("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "both")
        .arg("replay")
        .arg(tape.path())
        .args(["--format", "json", "--otlp-protocol", "http/protobuf"])
        .arg("--otlp-endpoint")
        .arg(collector.url())
        .arg("--policy")
        .arg(file.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{said}");
    let calls = output.stdout.split(|byte| *byte == b'\n');
    let calls = calls.filter(|line| find(line, b"llm_tracer.api")).count();
    assert_eq!(calls, traffic.exchanges.len(), "each call was told\n{said}");
    // What the agent says of itself must not tell either.
    let lines = [output.stdout, output.stderr].concat();
    Outputs {
        lines,
        otlp: collector.bodies(),
    }
}

fn find(text: &[u8], word: &[u8]) -> bool {
    text.windows(word.len()).any(|window| window == word)
}

/// Which of the secrets are in a text.
fn seen(traffic: &Traffic, text: &[u8]) -> HashSet<usize> {
    let secrets = traffic.planted.iter().map(|it| it.plant.secret.as_bytes());
    let finder = AhoCorasick::new(secrets).unwrap();
    let found = finder.find_overlapping_iter(text);
    found.map(|it| it.pattern().as_usize()).collect()
}

/// Kinds and places of secrets that must not be there, for people.
fn leaks(traffic: &Traffic, seen: &HashSet<usize>) -> Vec<String> {
    let of = |index: &usize| {
        let planted = &traffic.planted[*index];
        let (name, place) = (planted.plant.name, planted.place);
        format!("{name} in {place} of {}", planted.api)
    };
    let leaks: BTreeSet<_> = seen.iter().map(of).collect();
    leaks.into_iter().collect()
}

fn nothing_leaves(policy: &str) -> Outputs {
    let traffic = Traffic::new(PLANTS);
    let kinds: HashSet<_> = traffic.planted.iter().map(|it| it.plant.name).collect();
    assert!(
        traffic.planted.len() >= PLANTS && kinds.len() >= 30,
        "{kinds:?}"
    );
    let outputs = played(&traffic, policy);
    for (name, text) in [("lines", &outputs.lines), ("otlp", &outputs.otlp)] {
        assert!(text.len() > 100_000, "{name}: {} bytes", text.len());
        let leaks = leaks(&traffic, &seen(&traffic, text));
        assert!(leaks.is_empty(), "{name}: {leaks:#?}");
    }
    outputs
}

#[test]
fn nothing_planted_leaves_as_metadata() {
    let outputs = nothing_leaves("[default]\ncapture = 'metadata'");
    assert!(!find(&outputs.lines, b"gen_ai.input.messages"));
}

#[test]
fn nothing_planted_leaves_masked() {
    let names = NAMES.map(|name| format!("'{name}'")).join(", ");
    let policy = format!("[default]\ncapture = 'masked'\n[mask]\nnames = [{names}]");
    let outputs = nothing_leaves(&policy);
    // What stood around them did leave.
    assert!(find(
        &outputs.otlp,
        b"gen_ai.client.inference.operation.details"
    ));
    for text in [&outputs.lines, &outputs.otlp] {
        assert!(find(text, b"gen_ai.input.messages") && find(text, b"[CREDENTIAL]"));
        assert!(find(text, traffic::BEFORE.as_bytes()));
    }
}

#[test]
fn content_leaves_as_it_is_where_a_rule_says_so_and_nowhere_else() {
    let traffic = Traffic::new(KINDS * 80);
    let policy = "
        [[rule]]
        name = 'our own'
        when.provider = 'ollama'
        capture = 'full'
    ";
    let outputs = played(&traffic, policy);
    let secret = |index: &usize| traffic.planted[*index].plant.secret.as_str();
    let all = 0..traffic.planted.len();
    let (wanted, others): (Vec<_>, Vec<_>) = all.partition(|index| {
        let planted = &traffic.planted[*index];
        planted.api == "ollama" && planted.origin == Origin::Content
    });
    assert!(wanted.len() > 100);
    let told: HashSet<_> = wanted.iter().map(secret).collect();
    for (name, text) in [("lines", &outputs.lines), ("otlp", &outputs.otlp)] {
        let seen = seen(&traffic, text);
        let missed: HashSet<_> = wanted
            .iter()
            .filter(|it| !seen.contains(it))
            .copied()
            .collect();
        assert!(missed.is_empty(), "{name}: {:#?}", leaks(&traffic, &missed));
        let leaked = others.iter().filter(|it| seen.contains(it));
        // Names are few: the same may stand in both.
        let leaked: HashSet<_> = leaked
            .filter(|it| !told.contains(secret(it)))
            .copied()
            .collect();
        assert!(leaked.is_empty(), "{name}: {:#?}", leaks(&traffic, &leaked));
    }
}
