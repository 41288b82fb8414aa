//! `policy explain` tells all that a collector is sent, and nothing else: what it tells is put together
//! again to the requests that a replay of the same tape sends, and these must be the same.

mod agent;
mod collector;
mod rebuild;
mod sameness;
mod scene;

use std::{io::Write as _, path::Path};

use agent::{Said, explain, replay};
use collector::Collector;
use tempfile::NamedTempFile;

/// All the tapes of the core, and one of what these have not.
fn tapes() -> Vec<NamedTempFile> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tracer-core/tests/tapes");
    let mut paths = Vec::new();
    for folder in [root.clone(), root.join("clients")] {
        let files = std::fs::read_dir(folder).unwrap();
        let files = files.map(|file| file.unwrap().path());
        paths.extend(files.filter(|path| path.extension().is_some_and(|it| it == "jsonl")));
    }
    assert!(paths.len() >= 8, "{paths:?}");
    let mut tapes: Vec<_> = paths.iter().map(|path| started(path)).collect();
    tapes.push(scene::written());
    tapes
}

/// A tape that does not begin when it is replayed, so that two replays give the same times.
fn started(path: &Path) -> NamedTempFile {
    let text = std::fs::read_to_string(path).unwrap();
    let (header, lines) = text.split_once('\n').unwrap();
    let mut header: serde_json::Value = serde_json::from_str(header).unwrap();
    header["start"] = scene::START.into();
    let mut tape = NamedTempFile::new().unwrap();
    write!(tape, "{header}\n{lines}").unwrap();
    tape
}

/// A policy, and settings of the environment.
type Case = (&'static str, &'static [(&'static str, &'static str)]);

const PLACE: &str = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT";

const CASES: [Case; 7] = [
    ("", &[]),
    (
        "[default]\ncapture = 'masked'",
        &[(PLACE, "event"), ("LLM_TRACER_EVALUATIONS_EXPORT", "log")],
    ),
    (
        "[default]\ncapture = 'full'\ndrop = ['tool_results']",
        &[(PLACE, "both"), ("LLM_TRACER_EVALUATIONS_EXPORT", "both")],
    ),
    (
        "[default]\ncapture = 'full'",
        &[(PLACE, "span"), ("LLM_TRACER_BACKEND", "phoenix")],
    ),
    (
        "[default]\ncapture = 'masked'",
        &[
            (PLACE, "none"),
            ("LLM_TRACER_BACKEND", "langfuse"),
            (
                "OTEL_RESOURCE_ATTRIBUTES",
                "host.name=one,deployment.environment.name=test",
            ),
        ],
    ),
    (
        "[default]
         capture = 'masked'
         [[rule]]
         name = 'embeddings stay in'
         when.operation = 'embeddings'
         capture = 'none'
         [attributes]
         never = ['gen_ai.request.model', 'gen_ai.tool.name', 'server.*', 'llm_tracer.session.*',
                  'gen_ai.evaluation.*', 'process.pid', 'llm_tracer.link.*']",
        &[
            (PLACE, "both"),
            ("LLM_TRACER_EVALUATIONS_EXPORT", "both"),
            ("LLM_TRACER_ATTRIBUTION_METRICS", "app,workspace"),
        ],
    ),
    (
        "[default]\ncapture = 'masked'\n[sampling]\nrate = 0.0",
        &[(PLACE, "both"), ("OTEL_LOGS_EXPORTER", "none")],
    ),
];

#[test]
fn what_is_explained_is_what_is_sent() {
    let tapes = tapes();
    let compared = std::thread::scope(|scope| {
        let tapes = &tapes;
        let cases = CASES.map(|case| scope.spawn(move || compare(case, tapes)));
        cases.map(|case| case.join().unwrap())
    });
    // Spans, log records, metrics and annotations: most cases have some of each but the last.
    let total = |kind: usize| compared.iter().map(|counts| counts[kind]).sum::<usize>();
    let total = [total(0), total(1), total(2), total(3)];
    assert!(
        total[0] > 150 && total[1] > 50 && total[2] > 150 && total[3] > 0,
        "{total:?}"
    );
}

/// Compares all tapes under one policy; returns of how much there was something to compare.
fn compare((policy, settings): Case, tapes: &[NamedTempFile]) -> [usize; 4] {
    let collector = Collector::start();
    let mut compared = [0; 4];
    for tape in tapes {
        let (before, tape) = (collector.count(), tape.path());
        replay(policy, settings, tape, &collector);
        let sent = sameness::normal(collector.requests_from(before));
        let explained = explain(policy, settings, tape, &collector);
        let told = sameness::normal(rebuild::requests(&explained));
        let about = format!("{policy}\n{settings:?}\n{}", tape.display());
        for (sent, told) in sent.spans.iter().zip(&told.spans) {
            assert_eq!(sent, told, "{about}");
        }
        for (sent, told) in sent.logs.iter().zip(&told.logs) {
            assert_eq!(sent, told, "{about}");
        }
        for (sent, told) in sent.metrics.iter().zip(&told.metrics) {
            assert_eq!(sent, told, "{about}");
        }
        assert_eq!(sent.annotations, told.annotations, "{about}");
        let counts = sent.counts();
        assert_eq!(counts, told.counts(), "{about}");
        for (sum, count) in compared.iter_mut().zip(counts) {
            *sum += count;
        }
    }
    compared
}

#[test]
fn all_that_there_is_to_tell_was_told() {
    let scene = scene::written();
    let settings = [(PLACE, "both"), ("LLM_TRACER_EVALUATIONS_EXPORT", "both")];
    let policy = "
        [default]
        capture = 'masked'
        [attributes]
        never = ['user_agent.original', 'process.pid', 'gen_ai.tool.name']";
    let collector = Collector::start();
    let Said { lines, .. } = explain(policy, &settings, scene.path(), &collector);
    let told: Vec<String> = lines.iter().map(ToString::to_string).collect();
    let told = told.join("\n");
    // Each kind of thing that leaves was on the tape.
    for part in [
        r#""step":"turn""#,
        r#""step":"tool""#,
        r#""step":"all attempts at a call""#,
        r#""step":"evaluation""#,
        r#""links":[{"#,
        r#""events":[{"#,
        r#""is":"metrics""#,
        "gen_ai.client.inference.operation.details",
        r#""span.attributes.user_agent.original":"[attributes] never lets it out""#,
        r#""resource.attributes.process.pid":"[attributes] never lets it out""#,
        r#""span.name":"[attributes] never lets it out""#,
        "[EMAIL]",
    ] {
        assert!(told.contains(part), "{part}");
    }
    assert!(!told.contains("someone@example.org"));
}

#[test]
fn a_turn_is_told_for_people() {
    let scene = scene::written();
    let policy = "
        [default]
        capture = 'masked'
        keep = ['input_messages']
        [attributes]
        never = ['user_agent.original', 'process.pid']";
    let told = agent::text(policy, &[], scene.path());
    let first = told.split("\n\n").take(2).map(settled);
    let first: Vec<String> = first.collect();
    insta::assert_snapshot!(first.join("\n\n"));
}

/// Without what differs from run to run and from version to version.
fn settled(told: &str) -> String {
    let lines = told.lines().map(|line| match line.split_once(" = ") {
        Some((field, value)) if sameness::is_hash(value) => format!("{field} = [hash]"),
        Some((field, _)) if field.ends_with("version") => format!("{field} = [version]"),
        Some((field, _)) if field.ends_with("cost.source") => format!("{field} = [list of prices]"),
        _ => line.to_owned(),
    });
    lines.collect::<Vec<_>>().join("\n")
}
