//! Plays tapes: from segments to spans and measurements, as snapshots.

use std::fmt::Write;

use tracer_core::{
    correlate::IdKey,
    evaluation::Label,
    pipeline::{Output, Pipeline, PipelineConfig},
    policy::{release, release_step},
    semconv::{self, Span, Value},
    tape::Reader,
    time::Timestamp,
};

/// What the pipeline makes of a tape.
fn played(tape: &str) -> Pipeline {
    let mut pipeline = Pipeline::new(PipelineConfig {
        ids: IdKey::Fixed(1),
        ..PipelineConfig::default()
    });
    for entry in Reader::new(tape.as_bytes(), Timestamp::default()).expect("a tape") {
        entry.expect("an entry").play(&mut pipeline);
    }
    pipeline
}

/// Everything that a tape gives, as text.
fn play(tape: &str) -> String {
    let mut pipeline = played(tape);
    let mut out = String::new();
    while let Some(output) = pipeline.poll() {
        match output {
            Output::Verdict(_, verdict) => writeln!(out, "verdict {verdict:?}\n"),
            Output::LostExchanges(_, count) => writeln!(out, "lost {count}\n"),
            Output::Step(step) => {
                write_span(&mut out, &semconv::step_span(&release_step(*step)));
                writeln!(out)
            }
            Output::Evaluation(verdict) => {
                let found = &verdict.evaluation;
                writeln!(
                    out,
                    "{} {}\n",
                    found.check.name(),
                    found.label.map_or("-", Label::name)
                )
            }
            Output::Call(call) => {
                let call = release(*call);
                write_span(&mut out, &semconv::span(&call));
                for measurement in semconv::measurements(&call) {
                    writeln!(
                        out,
                        "  {} {:?}",
                        measurement.metric.name(),
                        measurement.values
                    )
                    .expect("memory");
                }
                writeln!(out)
            }
        }
        .expect("memory");
    }
    out
}

fn write_span(out: &mut String, span: &Span) {
    let micros = |time: Timestamp| time.unix_nanos() / 1000;
    writeln!(
        out,
        "span {:?} from {} to {} µs",
        span.name,
        micros(span.start),
        micros(span.end)
    )
    .expect("memory");
    if let Some(parent) = &span.parent {
        writeln!(out, "  parent {:02x?}", parent.parent_id).expect("memory");
    }
    for (name, value) in &span.attributes {
        // One of ours, which may be another one with another compiler.
        let value = match name.as_ref() {
            "session.id" => &Value::Str("…".into()),
            _ => value,
        };
        writeln!(out, "  {name} = {}", shown(value)).expect("memory");
    }
}

/// Attributes that tell the calls of a recording apart; times, ports and ids change with each.
const SUMMARY: [&str; 10] = [
    "gen_ai.request.model",
    "gen_ai.usage.input_tokens",
    "gen_ai.usage.output_tokens",
    "gen_ai.usage.cache_read.input_tokens",
    "gen_ai.response.finish_reasons",
    "llm_tracer.tool_call.names",
    "llm_tracer.response.chunks",
    "llm_tracer.capture",
    "http.response.status_code",
    "error.type",
];

/// A line for each call of a tape, in the order of their beginnings.
fn summarise(tape: &str) -> String {
    let mut pipeline = played(tape);
    let mut lines = Vec::new();
    while let Some(output) = pipeline.poll() {
        match output {
            Output::Verdict(..) | Output::Step(_) | Output::Evaluation(_) => {}
            Output::LostExchanges(_, count) => {
                lines.push((Timestamp::default(), format!("lost {count}\n")))
            }
            Output::Call(call) => {
                let span = semconv::span(&release(*call));
                let mut line = String::new();
                for name in SUMMARY {
                    if let Some(value) = span.attribute(name) {
                        let name = name.split_once('.').map_or(name, |(_, name)| name);
                        write!(line, " {name}={}", shown(value)).expect("memory");
                    }
                }
                lines.push((span.start, format!("{}{line}\n", span.name)));
            }
        }
    }
    lines.sort();
    lines.into_iter().map(|(_, line)| line).collect()
}

fn shown(value: &Value) -> String {
    match value {
        Value::Str(text) => format!("{text:?}"),
        Value::Int(number) => number.to_string(),
        Value::Double(number) => format!("{number:?}"),
        Value::Bool(flag) => flag.to_string(),
        Value::StrList(list) => format!("{list:?}"),
        Value::Json(text) => text.to_string(),
    }
}

macro_rules! tapes {
    ($($name:ident),+) => {$(
        #[test]
        fn $name() {
            insta::assert_snapshot!(play(include_str!(concat!("tapes/", stringify!($name), ".jsonl"))));
        }
    )+};
}

tapes!(
    openai_chat,
    openai_chat_stream,
    anthropic_stream_tool,
    errors
);

macro_rules! recordings {
    ($($name:ident),+) => {$(
        #[test]
        fn $name() {
            insta::assert_snapshot!(summarise(include_str!(concat!("tapes/clients/", stringify!($name), ".jsonl"))));
        }
    )+};
}

// Real clients against the local provider; `cargo xtask e2e --record-tapes` makes them anew.
recordings!(node_anthropic, node_openai, python_anthropic, python_openai);
