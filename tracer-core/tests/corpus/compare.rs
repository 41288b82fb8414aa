//! Compares spans with the oracle's expectations, field by field.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};
use tracer_core::semconv::{Span, Value, attributes as names};

use crate::recording::{Expectation, Recording, Tool};

/// What came of all comparisons.
#[derive(Default)]
pub struct Table {
    /// Comparisons of an exchange that must be reported.
    pub exchanges: usize,
    pub spans: usize,
    /// Spans beyond one for an exchange, or for one that is no call.
    pub extra: usize,
    /// By wire format that need not be reported: exchanges, and spans for them.
    pub others: BTreeMap<String, (usize, usize)>,
    pub fields: BTreeMap<String, Counts>,
    pub differences: BTreeMap<Place, Difference>,
}

/// How often a field was right or wrong.
#[derive(Default)]
pub struct Counts {
    /// Right, and the wire tells it.
    pub told: usize,
    /// Right, for it is absent on the wire and in the span.
    pub absent: usize,
    pub wrong: usize,
    /// The oracle has no opinion.
    pub ambiguous: usize,
}

/// An exchange and a field of its span; `span` stands for the span itself.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub id: String,
    pub field: String,
}

/// What was expected there and what came, and in how many ways of playing it.
#[derive(Debug)]
pub struct Difference {
    pub url: String,
    pub expected: Json,
    pub got: Json,
    pub ways: usize,
}

/// Stands for the span itself.
pub const SPAN: &str = "span";

impl Counts {
    /// The share that is right of what the oracle has an opinion of.
    pub fn share(&self) -> f64 {
        self.share_without(0)
    }

    /// The same without so many of those that are wrong.
    pub fn share_without(&self, excused: usize) -> f64 {
        let right = self.told + self.absent;
        let wrong = self.wrong.saturating_sub(excused);
        let share = |part: usize| f64::from(u32::try_from(part).expect("small"));
        if right + wrong == 0 {
            return 1.0;
        }
        share(right) / share(right + wrong)
    }
}

impl Table {
    /// An exchange that need not be reported.
    pub fn other(&mut self, expectation: &Expectation, reported: bool) {
        let counts = self.others.entry(expectation.flavour.clone()).or_default();
        counts.0 += 1;
        counts.1 += usize::from(reported);
    }

    /// An exchange that was not reported.
    pub fn miss(&mut self, recording: &Recording) {
        self.exchanges += 1;
        self.differ(recording, SPAN, &json!("a span"), &Json::Null);
    }

    pub fn compare(&mut self, recording: &Recording, expectation: &Expectation, span: &Span) {
        self.exchanges += 1;
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
        self.differ(recording, field, wanted, got);
    }

    fn differ(&mut self, recording: &Recording, field: &str, wanted: &Json, got: &Json) {
        let place = Place {
            id: recording.id.clone(),
            field: field.to_owned(),
        };
        let difference = self.differences.entry(place).or_insert_with(|| Difference {
            url: recording.request.url.clone(),
            expected: wanted.clone(),
            got: got.clone(),
            ways: 0,
        });
        difference.ways += 1;
    }

    fn counts(&mut self, field: &str) -> &mut Counts {
        self.fields.entry(field.to_owned()).or_default()
    }
}

/// `null`: must be absent; `{"any": […]}`: one of these, as text.
fn is_right(wanted: &Json, got: Option<&Json>) -> bool {
    match (wanted, got) {
        (Json::Null, got) => got.is_none_or(|got| *got == json!(false)),
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
        Value::Json(text) => json!(&**text),
    }
}
