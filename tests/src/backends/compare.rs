//! Spans that were read back against those that were sent, field by field.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use super::kept::{Kept, KeptEvent, members};
use crate::harness::report::Report;

/// Fields of a line of `--format json` that are no attributes of its span.
const FIELDS: [&str; 12] = [
    "events",
    "start_time",
    "end_time",
    "duration",
    "name",
    "kind",
    "trace_id",
    "span_id",
    "parent_span_id",
    "pid",
    "process",
    "service.name",
];

/// How close fractions must be that went through text.
const BELOW: f64 = 1e-12;

/// Asserts that all was kept, and nothing else: ids, parents, names, times within `precision`,
/// failures and every attribute. What else a backend has made of a span is its own.
///
/// # Errors
/// With all that differs.
pub fn compare(sent: &[Report], kept: &[Kept], precision: Duration) -> Result<()> {
    let mut differences = Vec::new();
    for report in sent {
        let id = report.text("span_id").unwrap_or_default();
        let found: Vec<_> = kept.iter().filter(|it| it.span == id).collect();
        match *found {
            [span] => span_differences(report, span, precision, &mut differences)?,
            _ => differences.push(format!("kept {} times: {report:?}", found.len())),
        }
    }
    for span in kept {
        if !sent
            .iter()
            .any(|report| report.text("span_id") == Some(&span.span))
        {
            differences.push(format!("never sent: {span:?}"));
        }
    }
    if differences.is_empty() {
        return Ok(());
    }
    bail!(
        "{} sent, {} kept\n{}",
        sent.len(),
        kept.len(),
        differences.join("\n")
    )
}

fn span_differences(
    report: &Report,
    span: &Kept,
    precision: Duration,
    differences: &mut Vec<String>,
) -> Result<()> {
    let mut differ = |what: &str, wanted: &str, got: &str| {
        if wanted != got {
            differences.push(format!("{what} of `{}` is {got}, not {wanted}", span.name));
        }
    };
    let text = |name| report.text(name).unwrap_or_default();
    differ("name", text("name"), &span.name);
    differ("trace", text("trace_id"), &span.trace);
    let parent = span.parent.as_deref().unwrap_or_default();
    differ("parent", text("parent_span_id"), parent);
    let failed = report.get("error.type").is_some();
    differ("failure", &failed.to_string(), &span.failed.to_string());
    for (name, got) in [("start_time", span.start), ("end_time", span.end)] {
        let wanted = time(text(name))?;
        if wanted.abs_diff(got) > precision {
            differ(name, &format!("{wanted:?}"), &format!("{got:?}"));
        }
    }
    for name in report.names().filter(|name| !FIELDS.contains(name)) {
        let (wanted, got) = (report.get(name), span.attributes.get(name));
        if !is_same(wanted, got) {
            differ(name, &format!("{wanted:?}"), &format!("{got:?}"));
        }
    }
    let wanted = KeptEvent::all(report.get("events").unwrap_or(&Value::Null), members);
    if !are_same(&wanted, &span.events) {
        differ(
            "events",
            &format!("{wanted:?}"),
            &format!("{:?}", span.events),
        );
    }
    Ok(())
}

/// Whether all events are there, in order, with all their attributes.
fn are_same(wanted: &[KeptEvent], got: &[KeptEvent]) -> bool {
    let is_kept = |(wanted, got): (&KeptEvent, &KeptEvent)| {
        let mut attributes = wanted.attributes.iter();
        wanted.name == got.name
            && attributes.all(|(name, value)| is_same(Some(value), got.attributes.get(name)))
    };
    wanted.len() == got.len() && wanted.iter().zip(got).all(is_kept)
}

fn time(text: &str) -> Result<Duration> {
    let time: jiff::Timestamp = text.parse().with_context(|| format!("no time: {text}"))?;
    Ok(time
        .duration_since(jiff::Timestamp::UNIX_EPOCH)
        .try_into()?)
}

fn is_same(wanted: Option<&Value>, got: Option<&Value>) -> bool {
    match (wanted.and_then(Value::as_f64), got.and_then(Value::as_f64)) {
        (Some(wanted), Some(got)) => (wanted - got).abs() < BELOW,
        _ => wanted == got,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, json};

    use super::*;

    fn sent() -> Map<String, Value> {
        let line = json!({
            "name": "chat m", "trace_id": "01", "span_id": "02", "parent_span_id": "03",
            "start_time": "1970-01-01T00:00:01.000000001Z", "end_time": "1970-01-01T00:00:02Z",
            "kind": "client", "gen_ai.usage.input_tokens": 7, "llm_tracer.cost.amount": 0.25,
            "events": [{"name": "judged", "attributes": {"score": 1}}],
        });
        line.as_object().cloned().unwrap_or_default()
    }

    fn kept() -> Kept {
        Kept {
            trace: "01".into(),
            span: "02".into(),
            parent: Some("03".into()),
            name: "chat m".into(),
            kind: "LLM".into(),
            failed: false,
            start: Duration::from_nanos(1_000_000_001),
            end: Duration::from_secs(2),
            attributes: Report::new(sent()),
            events: vec![KeptEvent {
                name: "judged".into(),
                attributes: Map::from_iter([("score".to_owned(), json!(1.0))]),
            }],
        }
    }

    fn is_kept(kept: &[Kept]) -> bool {
        compare(&[Report::new(sent())], kept, Duration::ZERO).is_ok()
    }

    #[test]
    fn every_field_counts() {
        assert!(is_kept(&[kept()]));
        assert!(!is_kept(&[]));
        assert!(!is_kept(&[kept(), kept()]));
        let mut more = kept();
        more.span = "04".into();
        assert!(!is_kept(&[kept(), more]));
        let changes: [fn(&mut Kept); 8] = [
            |it| it.events.clear(),
            |it| it.events[0].attributes.clear(),
            |it| it.name.push('x'),
            |it| it.trace.push('x'),
            |it| it.parent = None,
            |it| it.failed = true,
            |it| it.start = Duration::from_secs(1),
            |it| it.end = Duration::from_secs(3),
        ];
        for change in changes {
            let mut changed = kept();
            change(&mut changed);
            assert!(!is_kept(&[changed.clone()]), "{changed:?}");
        }
        for (name, value) in [
            ("gen_ai.usage.input_tokens", json!(8)),
            ("llm_tracer.cost.amount", json!(0.5)),
            ("llm_tracer.cost.amount", Value::Null),
        ] {
            let mut attributes = sent();
            attributes.insert(name.into(), value);
            let mut changed = kept();
            changed.attributes = Report::new(attributes);
            assert!(!is_kept(&[changed]), "{name}");
        }
    }
}
