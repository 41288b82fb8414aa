//! Plays tapes: from segments to spans and measurements, as snapshots.

use std::fmt::Write;

use tracer_core::{
    pipeline::{Output, Pipeline},
    policy::release,
    semconv::{self, Span, Value},
    tape::Reader,
    time::Timestamp,
};

/// Everything that a tape gives, as text.
fn play(tape: &str) -> String {
    let mut pipeline = Pipeline::default();
    for entry in Reader::new(tape.as_bytes(), Timestamp::default()).expect("a tape") {
        entry.expect("an entry").play(&mut pipeline);
    }
    let mut out = String::new();
    while let Some(output) = pipeline.poll() {
        match output {
            Output::Verdict(_, verdict) => writeln!(out, "verdict {verdict:?}\n"),
            Output::LostExchanges(_, count) => writeln!(out, "lost {count}\n"),
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
    if let Some(parent) = span.parent {
        writeln!(out, "  parent {:02x?}", parent.parent_id).expect("memory");
    }
    for (name, value) in &span.attributes {
        let value = match value {
            Value::Str(text) => format!("{text:?}"),
            Value::Int(number) => number.to_string(),
            Value::Double(number) => format!("{number:?}"),
            Value::Bool(flag) => flag.to_string(),
            Value::StrList(list) => format!("{list:?}"),
        };
        writeln!(out, "  {name} = {value}").expect("memory");
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
