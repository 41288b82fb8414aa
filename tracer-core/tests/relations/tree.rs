//! Spans as a tree for people, with all that relates them.

use std::collections::BTreeMap;

use tracer_core::{
    correlate::{SpanId, TraceId},
    semconv::{Span, SpanPlace, Value},
};

/// Writes spans as trees: a line each, below what they are part of, in the order in which they began.
/// Sessions are lettered and links numbered in the order of the lines.
pub fn tree(spans: &[Span]) -> String {
    let mut traces: Vec<TraceId> = Vec::new();
    let mut sorted: Vec<&Span> = spans.iter().collect();
    // What holds others begins with the first of them, and comes before it.
    sorted.sort_by_key(|span| (span.start, std::cmp::Reverse(span.end)));
    for span in &sorted {
        let trace = place(span).trace;
        if !traces.contains(&trace) {
            traces.push(trace);
        }
    }
    let mut writer = Writer {
        spans: sorted,
        lines: Vec::new(),
        sessions: BTreeMap::new(),
        names: BTreeMap::new(),
    };
    for trace in traces {
        writer.lines.push("trace".into());
        let is_top = |span: &&&Span| {
            let place = place(span);
            let parent = place.parent.map(|(parent, _)| parent);
            place.trace == trace && !parent.is_some_and(|parent| writer.has(trace, parent))
        };
        let tops: Vec<&Span> = writer.spans.iter().filter(is_top).copied().collect();
        for top in tops {
            writer.write(top, 1);
        }
    }
    writer.lines.join("\n")
}

/// The place of a span.
pub fn place(span: &Span) -> &SpanPlace {
    span.place.as_ref().expect("every span has a place")
}

struct Writer<'a> {
    spans: Vec<&'a Span>,
    lines: Vec<String>,
    sessions: BTreeMap<String, char>,
    /// Numbers of the lines.
    names: BTreeMap<u64, usize>,
}

impl<'a> Writer<'a> {
    fn has(&self, trace: TraceId, id: SpanId) -> bool {
        let mut spans = self.spans.iter();
        spans.any(|span| place(span).trace == trace && place(span).span == id)
    }

    fn write(&mut self, span: &'a Span, depth: usize) {
        let own = place(span);
        let number = self.names.len() + 1;
        self.names.insert(own.span.0, number);
        let line = format!("{}{number} {}", "  ".repeat(depth), self.describe(span));
        self.lines.push(line);
        let (trace, id) = (own.trace, own.span);
        let is_child = |span: &&&Span| {
            let place = place(span);
            place.trace == trace && place.parent.is_some_and(|(parent, _)| parent == id)
        };
        let children: Vec<&Span> = self.spans.iter().filter(is_child).copied().collect();
        for child in children {
            self.write(child, depth + 1);
        }
    }

    fn describe(&mut self, span: &Span) -> String {
        let mut said = vec![span.name.clone()];
        if let Some(error) = &span.error {
            said.push(format!("!{error}"));
        }
        let text = |name: &str| match span.attribute(name) {
            Some(Value::Str(text)) => Some(text.to_string()),
            Some(Value::Int(number)) => Some(number.to_string()),
            _ => None,
        };
        let known = |of: &str| {
            let how = text(&format!("llm_tracer.{of}.confidence"))?;
            Some(format!(
                "{how}:{}",
                text(&format!("llm_tracer.{of}.source"))?
            ))
        };
        if let Some(known) = known("parent") {
            let unseen = place(span)
                .parent
                .is_some_and(|(id, _)| !self.has(place(span).trace, id));
            said.push(format!("{}{known}", if unseen { "<unseen " } else { "<" }));
        }
        if let Some(id) = text("session.id") {
            let next = char::from(b'A' + u8::try_from(self.sessions.len()).expect("few sessions"));
            let letter = *self.sessions.entry(id).or_insert(next);
            said.push(format!(
                "{letter}={}",
                known("session").expect("with its source")
            ));
        }
        if let Some(number) = text("llm_tracer.attempt.number") {
            let kind = text("llm_tracer.attempt.kind").expect("with its kind");
            let reason = text("llm_tracer.attempt.reason").map(|reason| format!(" after {reason}"));
            let known = known("attempt").expect("with its source");
            said.push(format!(
                "#{number} {kind}{} {known}",
                reason.unwrap_or_default()
            ));
        }
        for name in [
            "attempt.count",
            "turn.calls",
            "turn.tool_calls",
            "tool.time",
        ] {
            if let Some(value) = text(&format!("llm_tracer.{name}")) {
                said.push(format!("{name}={value}"));
            }
        }
        for link in &span.links {
            let of = |name: &str| {
                let found = link.attributes.iter().find(|(known, _)| known == name);
                match found.map(|(_, value)| value) {
                    Some(Value::Str(text)) => text.to_string(),
                    other => panic!("{name}: {other:?}"),
                }
            };
            let to = self
                .names
                .get(&link.span.0)
                .map_or("?".into(), usize::to_string);
            said.push(format!(
                "->{to} {} {}:{}",
                of("llm_tracer.link.relation"),
                of("llm_tracer.link.confidence"),
                of("llm_tracer.link.source")
            ));
        }
        said.join(" | ")
    }
}

/// Compares with a tree as it is written in a test: indented as a whole.
#[track_caller]
pub fn assert_tree(spans: &[Span], expected: &str) {
    let lines = expected.lines().filter(|line| !line.trim().is_empty());
    let indent = lines
        .clone()
        .map(|line| line.len() - line.trim_start().len())
        .min();
    let expected: Vec<_> = lines.map(|line| &line[indent.unwrap_or(0)..]).collect();
    let found = tree(spans);
    assert_eq!(found.lines().collect::<Vec<_>>(), expected, "\n{found}\n");
}
