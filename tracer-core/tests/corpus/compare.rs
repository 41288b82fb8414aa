//! Compares spans with the oracle's expectations, field by field.

use std::{
    collections::BTreeMap,
    fmt::{self, Display},
};

use serde_json::{Value as Json, json};
use tracer_core::semconv::{Span, Value, attributes as names};

use crate::recording::{Expectation, Recording, Tool};

/// What came of all comparisons.
#[derive(Default)]
pub struct Table {
    pub spans: usize,
    pub missing: usize,
    pub extra: usize,
    /// By wire format that is not understood: exchanges, and spans for them.
    others: BTreeMap<String, (usize, usize)>,
    fields: BTreeMap<String, Counts>,
    mismatches: Vec<String>,
}

#[derive(Default)]
struct Counts {
    told: usize,
    absent: usize,
    wrong: usize,
    ambiguous: usize,
}

impl Table {
    /// The share of the compared fields that are right.
    pub fn share(&self) -> f64 {
        let (mut right, mut all) = (0, 0);
        for counts in self.fields.values() {
            right += counts.told + counts.absent;
            all += counts.told + counts.absent + counts.wrong;
        }
        f64::from(u32::try_from(right).expect("small"))
            / f64::from(u32::try_from(all).expect("small"))
    }

    /// An exchange that need not be reported, or not yet.
    pub fn other(&mut self, expectation: &Expectation, reported: bool) {
        let counts = self.others.entry(expectation.flavour.clone()).or_default();
        counts.0 += 1;
        counts.1 += usize::from(reported);
    }

    /// An exchange that was not reported.
    pub fn miss(&mut self, recording: &Recording) {
        self.missing += 1;
        self.mismatches.push(format!(
            "{} {}: no span",
            recording.id, recording.request.url
        ));
    }

    pub fn compare(&mut self, recording: &Recording, expectation: &Expectation, span: &Span) {
        self.spans += 1;
        for (field, wanted) in &expectation.attrs {
            let got = span.attribute(field).map(to_json);
            self.field(recording, field, wanted, got);
        }
        for (field, wanted) in &expectation.soft {
            let got = match field.as_str() {
                "span.name" => Some(json!(span.name)),
                _ => span.attribute(field).map(to_json),
            };
            self.field(recording, field, wanted, got);
        }
        if let Some(tools) = &expectation.tool_calls {
            self.tools(recording, tools, span);
        }
        for field in expectation.ambiguous.keys() {
            self.counts(field).ambiguous += 1;
        }
    }

    fn field(&mut self, recording: &Recording, field: &str, wanted: &Json, got: Option<Json>) {
        if is_right(wanted, got.as_ref()) {
            let counts = self.counts(field);
            counts.absent += usize::from(got.is_none());
            counts.told += usize::from(got.is_some());
        } else {
            self.wrong(recording, field, wanted, &got.unwrap_or(Json::Null));
        }
    }

    /// Order does not matter: choices may interleave.
    fn tools(&mut self, recording: &Recording, wanted: &[Tool], span: &Span) {
        let list = |name| match span.attribute(name) {
            Some(Value::StrList(list)) => list.clone(),
            _ => Vec::new(),
        };
        let (called, ids) = (
            list(names::LLM_TRACER_TOOL_CALL_NAMES),
            list(names::LLM_TRACER_TOOL_CALL_IDS),
        );
        let pair =
            |(at, name): (usize, &String)| (name.clone(), ids.get(at).cloned().unwrap_or_default());
        let mut got: Vec<_> = called.iter().enumerate().map(pair).collect();
        let expected =
            |tool: &Tool| Some((tool.name.clone()?, tool.id.clone().unwrap_or_default()));
        let mut want: Vec<_> = wanted.iter().filter_map(expected).collect();
        got.sort();
        want.sort();
        if got == want {
            self.counts("tool_calls").told += 1;
        } else {
            self.wrong(recording, "tool_calls", &json!(want), &json!(got));
        }
    }

    fn wrong(&mut self, recording: &Recording, field: &str, wanted: &Json, got: &Json) {
        self.counts(field).wrong += 1;
        self.mismatches.push(format!(
            "{} {} {field}: expected {wanted}, got {got}",
            recording.id, recording.request.url
        ));
    }

    fn counts(&mut self, field: &str) -> &mut Counts {
        self.fields.entry(field.to_owned()).or_default()
    }
}

/// `null`: must be absent; `{"any": […]}`: one of these, as text.
fn is_right(wanted: &Json, got: Option<&Json>) -> bool {
    match (wanted, got) {
        (Json::Null, got) => got.is_none(),
        (_, None) => false,
        (Json::Object(any), Some(got)) => any["any"]
            .as_array()
            .expect("a list")
            .iter()
            .any(|one| as_text(one) == as_text(got)),
        (wanted, Some(got)) => wanted == got,
    }
}

fn as_text(value: &Json) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

fn to_json(value: &Value) -> Json {
    match value {
        Value::Str(text) => json!(text),
        Value::Int(number) => json!(number),
        Value::Double(number) => json!(number),
        Value::Bool(flag) => json!(flag),
        Value::StrList(list) => json!(list),
    }
}

impl Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} spans, {} missing, {} extra",
            self.spans, self.missing, self.extra
        )?;
        writeln!(
            f,
            "{:<44} {:>6} {:>7} {:>6} {:>10}",
            "field", "told", "absent", "wrong", "ambiguous"
        )?;
        for (
            field,
            Counts {
                told,
                absent,
                wrong,
                ambiguous,
            },
        ) in &self.fields
        {
            writeln!(
                f,
                "{field:<44} {told:>6} {absent:>7} {wrong:>6} {ambiguous:>10}"
            )?;
        }
        for (flavour, (exchanges, spans)) in &self.others {
            writeln!(
                f,
                "{flavour:<44} {exchanges} exchanges not compared, {spans} spans"
            )?;
        }
        self.mismatches
            .iter()
            .try_for_each(|line| writeln!(f, "{line}"))
    }
}
