//! Requests without what differs between two runs: how items are gathered, ids and keyed hashes, which
//! are named after their first place, and the time of measuring.

use std::collections::HashMap;

use opentelemetry_proto::tonic::{
    common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value},
    logs::v1::LogRecord,
    metrics::v1::{Metric, metric::Data},
    resource::v1::Resource,
    trace::v1::Span,
};

use crate::collector::Request;

/// Whose an item is, and what made it.
type Origin = (Resource, String, InstrumentationScope, String);

/// What was sent, item by item.
#[derive(Debug, Default)]
pub struct Normal {
    pub spans: Vec<(Origin, Span)>,
    pub logs: Vec<(Origin, LogRecord)>,
    pub metrics: Vec<(Origin, Metric)>,
    /// As texts.
    pub annotations: Vec<String>,
}

impl Normal {
    pub fn counts(&self) -> [usize; 4] {
        let annotations = self.annotations.len();
        [
            self.spans.len(),
            self.logs.len(),
            self.metrics.len(),
            annotations,
        ]
    }
}

pub fn normal(requests: Vec<Request>) -> Normal {
    let mut all = Normal::default();
    for request in requests {
        match request {
            Request::Traces(request) => {
                for group in request.resource_spans {
                    for scope in group.scope_spans {
                        let origin = origin(
                            group.resource.clone(),
                            &group.schema_url,
                            scope.scope,
                            scope.schema_url,
                        );
                        let spans = scope.spans.into_iter();
                        all.spans.extend(spans.map(|it| (origin.clone(), it)));
                    }
                }
            }
            Request::Logs(request) => {
                for group in request.resource_logs {
                    for scope in group.scope_logs {
                        let origin = origin(
                            group.resource.clone(),
                            &group.schema_url,
                            scope.scope,
                            scope.schema_url,
                        );
                        let logs = scope.log_records.into_iter();
                        all.logs.extend(logs.map(|it| (origin.clone(), it)));
                    }
                }
            }
            Request::Annotation(mut told) => {
                for it in told["data"].as_array_mut().unwrap() {
                    assert!(it["span_id"].take().is_string());
                }
                all.annotations.push(told.to_string());
            }
            Request::Metrics(request) => {
                for group in request.resource_metrics {
                    for scope in group.scope_metrics {
                        let origin = origin(
                            group.resource.clone(),
                            &group.schema_url,
                            scope.scope,
                            scope.schema_url,
                        );
                        let metrics = scope.metrics.into_iter();
                        all.metrics.extend(metrics.map(|it| (origin.clone(), it)));
                    }
                }
            }
        }
    }
    without_differences(all)
}

fn origin(
    resource: Option<Resource>,
    schema: &str,
    scope: Option<InstrumentationScope>,
    scope_schema: String,
) -> Origin {
    let mut resource = resource.unwrap();
    sort(&mut resource.attributes);
    (resource, schema.to_owned(), scope.unwrap(), scope_schema)
}

fn without_differences(mut all: Normal) -> Normal {
    for (_, span) in &mut all.spans {
        sort(&mut span.attributes);
        for event in &mut span.events {
            sort(&mut event.attributes);
        }
        for link in &mut span.links {
            sort(&mut link.attributes);
        }
    }
    for (_, log) in &mut all.logs {
        sort(&mut log.attributes);
    }
    // Where two items say the same but for their ids, their order is that of their coming.
    all.spans
        .sort_by_cached_key(|(origin, span)| format!("{:?}{:?}", origin.0, without_ids(span)));
    all.annotations.sort();
    all.logs.sort_by_cached_key(|(origin, log)| {
        let mut log = log.clone();
        log.trace_id.clear();
        log.span_id.clear();
        hide(&mut log.attributes);
        format!("{:?}{log:?}", origin.0)
    });
    let mut names = Names::default();
    for (_, span) in &mut all.spans {
        names.rename(&mut span.trace_id);
        names.rename(&mut span.span_id);
        names.rename(&mut span.parent_span_id);
        names.rename_all(&mut span.attributes);
        for event in &mut span.events {
            names.rename_all(&mut event.attributes);
        }
        for link in &mut span.links {
            names.rename(&mut link.trace_id);
            names.rename(&mut link.span_id);
            names.rename_all(&mut link.attributes);
        }
    }
    for (_, log) in &mut all.logs {
        names.rename(&mut log.trace_id);
        names.rename(&mut log.span_id);
        names.rename_all(&mut log.attributes);
    }
    for (_, metric) in &mut all.metrics {
        let Some(Data::Histogram(histogram)) = &mut metric.data else {
            panic!("{metric:?}")
        };
        for point in &mut histogram.data_points {
            sort(&mut point.attributes);
            hide(&mut point.attributes);
            (point.start_time_unix_nano, point.time_unix_nano) = (0, 0);
        }
        let points = &mut histogram.data_points;
        points.sort_by_cached_key(|point| format!("{point:?}"));
    }
    all.metrics
        .sort_by_cached_key(|(origin, metric)| format!("{:?}{}", origin.0, metric.name));
    all
}

fn without_ids(span: &Span) -> Span {
    let mut span = span.clone();
    span.trace_id.clear();
    span.span_id.clear();
    span.parent_span_id.clear();
    hide(&mut span.attributes);
    for event in &mut span.events {
        hide(&mut event.attributes);
    }
    for link in &mut span.links {
        link.trace_id.clear();
        link.span_id.clear();
        hide(&mut link.attributes);
    }
    span
}

/// Attributes and members of documents are sets.
fn sort(attributes: &mut [KeyValue]) {
    attributes.sort_by(|a, b| a.key.cmp(&b.key));
    for attribute in attributes {
        attribute.value.iter_mut().for_each(sort_within);
    }
}

fn sort_within(value: &mut AnyValue) {
    match &mut value.value {
        Some(any_value::Value::ArrayValue(list)) => list.values.iter_mut().for_each(sort_within),
        Some(any_value::Value::KvlistValue(list)) => sort(&mut list.values),
        _ => {}
    }
}

fn hashed(attributes: &mut [KeyValue]) -> impl Iterator<Item = &mut String> {
    attributes.iter_mut().filter_map(|attribute| {
        let value = attribute.value.as_mut()?.value.as_mut()?;
        match value {
            any_value::Value::StringValue(text) if is_hash(text) => Some(text),
            _ => None,
        }
    })
}

/// Ids of sessions and names of keys are keyed hashes.
pub fn is_hash(text: &str) -> bool {
    let digits = text.strip_prefix("key-").unwrap_or(text);
    let is_of_length = matches!(digits.len(), 16 | 32);
    is_of_length && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn hide(attributes: &mut [KeyValue]) {
    hashed(attributes).for_each(String::clear);
}

#[derive(Default)]
struct Names(HashMap<Vec<u8>, usize>);

impl Names {
    fn rename(&mut self, id: &mut Vec<u8>) {
        if !id.is_empty() {
            *id = self.name(id).into_bytes();
        }
    }

    fn rename_all(&mut self, attributes: &mut [KeyValue]) {
        for text in hashed(attributes) {
            *text = self.name(text.as_bytes());
        }
    }

    fn name(&mut self, of: &[u8]) -> String {
        let next = self.0.len();
        format!("#{}", self.0.entry(of.to_vec()).or_insert(next))
    }
}
