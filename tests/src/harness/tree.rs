//! Spans as trees, for comparison with what a test expects.

use std::collections::BTreeMap;

use super::otlp::Span;

/// Spans as text: a line each, indented below its parent, in the order in which they began; behind the
/// name the error, how the parent is known unless it is the turn, and a letter for the session.
pub fn tree(spans: &[Span]) -> String {
    let mut sorted: Vec<&Span> = spans.iter().collect();
    // What holds others begins with the first of them, and comes before it.
    sorted.sort_by_key(|span| {
        let wire = &span.wire;
        (
            wire.start_time_unix_nano,
            u64::MAX - wire.end_time_unix_nano,
        )
    });
    let mut writer = Writer {
        sessions: BTreeMap::new(),
        lines: Vec::new(),
        spans: &sorted,
    };
    let mut traces = Vec::new();
    for span in &sorted {
        if !traces.contains(&&span.wire.trace_id) {
            traces.push(&span.wire.trace_id);
        }
    }
    for trace in traces {
        writer.lines.push("trace".to_owned());
        writer.write_below(trace, None, 1);
    }
    writer.lines.join("\n")
}

/// The lines of a tree as a test has it: indented as a whole.
pub fn expected(tree: &str) -> String {
    let lines = tree.lines().filter(|line| !line.trim().is_empty());
    let indent = lines
        .clone()
        .map(|line| line.len() - line.trim_start().len())
        .min();
    let lines: Vec<_> = lines
        .filter_map(|line| line.get(indent.unwrap_or(0)..))
        .collect();
    lines.join("\n")
}

struct Writer<'a> {
    spans: &'a [&'a Span],
    sessions: BTreeMap<&'a str, char>,
    lines: Vec<String>,
}

impl<'a> Writer<'a> {
    /// Writes what is below a span, or what has no parent that is here.
    fn write_below(&mut self, trace: &[u8], parent: Option<&[u8]>, depth: usize) {
        let has = |id: &[u8]| self.spans.iter().any(|span| span.wire.span_id == id);
        let is_below = |span: &&&Span| match parent {
            _ if span.wire.trace_id != trace => false,
            Some(parent) => span.wire.parent_span_id == parent,
            None => !has(&span.wire.parent_span_id),
        };
        let below: Vec<&Span> = self.spans.iter().filter(is_below).copied().collect();
        for span in below {
            let line = format!("{}{}", "  ".repeat(depth), self.describe(span));
            self.lines.push(line);
            self.write_below(trace, Some(&span.wire.span_id), depth + 1);
        }
    }

    fn describe(&mut self, span: &'a Span) -> String {
        let report = &span.report;
        let mut said = vec![span.wire.name.clone()];
        said.extend(report.text("error.type").map(|error| format!("!{error}")));
        let confidence = report.text("llm_tracer.parent.confidence");
        let source = report.text("llm_tracer.parent.source");
        if let (Some(confidence), Some(source)) = (confidence, source)
            && source != "turn"
        {
            said.push(format!("<{confidence}:{source}"));
        }
        if let Some(session) = report.text("session.id") {
            let next = u8::try_from(self.sessions.len()).map_or('?', |n| char::from(b'A' + n));
            said.push(self.sessions.entry(session).or_insert(next).to_string());
        }
        said.join(" ")
    }
}

#[cfg(test)]
mod tests {
    use opentelemetry_proto::tonic::trace::v1::Span as WireSpan;
    use serde_json::{Map, json};

    use super::*;
    use crate::harness::report::Report;

    fn span(name: &str, id: u8, parent: u8, start: u64) -> Span {
        let mut attributes = Map::new();
        attributes.insert("session.id".into(), json!("s"));
        Span {
            wire: WireSpan {
                name: name.into(),
                trace_id: vec![1; 16],
                span_id: vec![id; 8],
                parent_span_id: vec![parent; 8],
                start_time_unix_nano: start,
                end_time_unix_nano: start + 1,
                ..WireSpan::default()
            },
            report: Report::new(attributes),
            resource: Report::new(Map::new()),
            schema_url: String::new(),
        }
    }

    #[test]
    fn children_stand_below_their_parents_in_order() {
        let spans = [
            span("last", 3, 1, 30),
            span("first", 2, 1, 20),
            span("root", 1, 0, 10),
        ];
        let wanted = "
            trace
              root A
                first A
                last A
        ";
        assert_eq!(tree(&spans), expected(wanted));
    }
}
