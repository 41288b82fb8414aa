//! OTLP messages, read for assertions.

use opentelemetry_proto::tonic::{
    collector::{metrics::v1::ExportMetricsServiceRequest, trace::v1::ExportTraceServiceRequest},
    common::v1::{AnyValue, KeyValue, any_value},
    metrics::v1::{HistogramDataPoint, metric},
    trace::v1::Span as WireSpan,
};
use serde_json::{Map, Value};

use super::report::Report;

/// A received span.
#[derive(Debug, Clone)]
pub struct Span {
    /// The span as it came.
    pub wire: WireSpan,
    /// Its attributes.
    pub report: Report,
    /// Attributes of its resource.
    pub resource: Report,
    /// The schema of its scope or resource.
    pub schema_url: String,
}

/// Spans of a request.
pub fn spans(request: ExportTraceServiceRequest) -> Vec<Span> {
    let mut spans = Vec::new();
    for group in request.resource_spans {
        let resource = Report::new(attributes(
            group
                .resource
                .map(|resource| resource.attributes)
                .unwrap_or_default(),
        ));
        for scope in group.scope_spans {
            let schema_url = if scope.schema_url.is_empty() {
                &group.schema_url
            } else {
                &scope.schema_url
            };
            for wire in scope.spans {
                let report = Report::new(attributes(wire.attributes.clone()));
                spans.push(Span {
                    wire,
                    report,
                    resource: resource.clone(),
                    schema_url: schema_url.clone(),
                });
            }
        }
    }
    spans
}

/// A received point of a histogram.
#[derive(Debug, Clone)]
pub struct Point {
    /// Name of the metric.
    pub metric: String,
    /// Unit of the metric.
    pub unit: String,
    /// Attributes of the point.
    pub attributes: Report,
    /// Attributes of its resource.
    pub resource: Report,
    /// Count, sum, buckets.
    pub histogram: HistogramDataPoint,
}

/// Histogram points of a request.
pub fn points(request: ExportMetricsServiceRequest) -> Vec<Point> {
    let mut points = Vec::new();
    for group in request.resource_metrics {
        let resource = Report::new(attributes(
            group
                .resource
                .map(|resource| resource.attributes)
                .unwrap_or_default(),
        ));
        for metric in group
            .scope_metrics
            .into_iter()
            .flat_map(|scope| scope.metrics)
        {
            let Some(metric::Data::Histogram(histogram)) = metric.data else {
                continue;
            };
            points.extend(histogram.data_points.into_iter().map(|histogram| Point {
                metric: metric.name.clone(),
                unit: metric.unit.clone(),
                attributes: Report::new(attributes(histogram.attributes.clone())),
                resource: resource.clone(),
                histogram,
            }));
        }
    }
    points
}

fn attributes(list: Vec<KeyValue>) -> Map<String, Value> {
    list.into_iter()
        .map(|pair| (pair.key, pair.value.map_or(Value::Null, value)))
        .collect()
}

fn value(any: AnyValue) -> Value {
    match any.value {
        Some(any_value::Value::StringValue(text)) => Value::from(text),
        Some(any_value::Value::BoolValue(flag)) => Value::from(flag),
        Some(any_value::Value::IntValue(number)) => Value::from(number),
        Some(any_value::Value::DoubleValue(number)) => Value::from(number),
        Some(any_value::Value::ArrayValue(list)) => list.values.into_iter().map(value).collect(),
        Some(any_value::Value::KvlistValue(list)) => Value::Object(attributes(list.values)),
        _ => Value::Null,
    }
}
