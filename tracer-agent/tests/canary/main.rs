//! Thousands of secrets and personal data, planted wherever people or providers could leave them: in
//! prompts, answers, tools, refusals, filters, headers, queries, paths and errors of many kinds of calls,
//! over HTTP/1.1, HTTP/2, gRPC and WebSockets, made and served; cut into pieces, and looked for in all
//! that the agent gives out: a tape through the whole of it, to JSON lines and to a collector of OTLP,
//! content on spans and in log records. Beside them those in what others say of calls (`posted.rs`).
//!
//! A check that cannot fail proves nothing: where a rule lets content out as it is, the same search
//! finds what was planted there.

mod calls;
#[path = "../shared/collector.rs"]
mod collector;
#[path = "../../../tracer-core/tests/http2/frames.rs"]
#[expect(dead_code, reason = "what only the tests of HTTP/2 itself need")]
mod frames;
mod garden;
mod http2;
mod inbound;
mod outcomes;
#[path = "../../../tracer-core/src/policy/mask/planted.rs"]
mod planted;
mod posted;
mod tape;
mod traffic;
mod websocket;

use std::{
    collections::{BTreeSet, HashSet},
    io::Write as _,
    process::Command,
};

use aho_corasick::AhoCorasick;
use collector::Collector;
use planted::NAMES;
use tempfile::NamedTempFile;
use traffic::{Origin, Planted, Traffic};

/// How many are planted: enough for each kind in each place.
const PLANTS: usize = 16_500;

/// What came out of a run, by what it came out of.
struct Outputs {
    lines: Vec<u8>,
    otlp: Vec<u8>,
}

/// All that a collector was sent, addresses included.
fn sent(collector: &Collector) -> Vec<u8> {
    let received = collector.received().into_iter();
    received
        .flat_map(|request| [request.path.into_bytes(), request.body].concat())
        .collect()
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
    assert_eq!(calls, traffic.calls(), "each call was told\n{said}");
    // What the agent says of itself must not tell either.
    let lines = [output.stdout, output.stderr].concat();
    Outputs {
        lines,
        otlp: sent(&collector),
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
    let planted = traffic.planted.iter();
    let kinds: HashSet<_> = planted.clone().map(|it| it.plant.name).collect();
    let places: HashSet<_> = planted.clone().map(|it| (it.api, it.place)).collect();
    let both: HashSet<_> = planted
        .map(|it| (it.plant.name, it.api, it.place))
        .collect();
    assert!(traffic.planted.len() >= 10_000 && kinds.len() >= 30 && places.len() >= 300);
    // Two kinds are drawn by lot from a third.
    let all = kinds.len() * places.len();
    assert!(both.len() * 100 >= all * 95, "{} of {all}", both.len());
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
    // What was found and joined by texts and ids did leave.
    for told in [
        "POST /users/{}/ask/{}",
        "metadata.user_id",
        "gen_ai.evaluation.result",
        "guardrail",
        "moderation",
        "judgement",
        "incorrect",
        "refusal",
        "xai.grpc",
        "openai.realtime",
        "gen_ai.tool.name",
    ] {
        assert!(find(&outputs.lines, told.as_bytes()), "{told}");
    }
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
        assert!(find(text, garden::BEFORE.as_bytes()));
    }
}

#[test]
fn content_leaves_as_it_is_where_a_rule_says_so_and_nowhere_else() {
    let traffic = Traffic::new(PLANTS);
    let policy = "
        [[rule]]
        name = 'our own'
        when.provider = 'ollama'
        capture = 'full'
    ";
    let is_wanted =
        |planted: &Planted| planted.api == "ollama" && planted.origin == Origin::Content;
    assert!(traffic.planted.iter().filter(|it| is_wanted(it)).count() > 100);
    just_these_leave(&traffic, policy, is_wanted);
}

#[test]
fn all_content_leaves_where_nothing_is_held_back_and_nothing_else() {
    let traffic = Traffic::new(PLANTS);
    just_these_leave(&traffic, "[default]\ncapture = 'full'", |planted| {
        planted.origin == Origin::Content
    });
}

fn just_these_leave(traffic: &Traffic, policy: &str, is_wanted: impl Fn(&Planted) -> bool) {
    let outputs = played(traffic, policy);
    let secret = |index: &usize| traffic.planted[*index].plant.secret.as_str();
    let all = 0..traffic.planted.len();
    let (wanted, others): (Vec<_>, Vec<_>) =
        all.partition(|index| is_wanted(&traffic.planted[*index]));
    let told: HashSet<_> = wanted.iter().map(secret).collect();
    for (name, text) in [("lines", &outputs.lines), ("otlp", &outputs.otlp)] {
        let seen = seen(traffic, text);
        let missed = wanted.iter().filter(|it| !seen.contains(it));
        let missed: HashSet<_> = missed.copied().collect();
        assert!(missed.is_empty(), "{name}: {:#?}", leaks(traffic, &missed));
        let leaked = others.iter().filter(|it| seen.contains(it));
        // Names are few: the same may stand in both.
        let leaked: HashSet<_> = leaked
            .filter(|it| !told.contains(secret(it)))
            .copied()
            .collect();
        assert!(leaked.is_empty(), "{name}: {:#?}", leaks(traffic, &leaked));
    }
}
