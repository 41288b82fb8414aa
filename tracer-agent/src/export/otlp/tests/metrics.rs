//! Histograms as they arrive.

use std::time::Duration;

use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, Histogram, HistogramDataPoint, metric::Data,
};
use tracer_core::semconv::{DURATION_BUCKETS, TOKEN_BUCKETS};

use super::{collector::Collector, delivery::text, plain, start};
use crate::export::{
    otlp::settings::{Protocol, Temporality},
    samples,
};

/// The histogram `name` of `service` in the export with number `index` for that service.
fn histogram(collector: &Collector, service: &str, name: &str, index: usize) -> Histogram {
    let metrics = collector.metrics();
    let resources = metrics
        .iter()
        .flat_map(|received| &received.request.resource_metrics);
    let mut of_service = resources.filter(|resource| {
        let attributes = &resource.resource.as_ref().unwrap().attributes;
        text(attributes, "service.name") == Some(service)
    });
    let resource = of_service.nth(index).unwrap();
    let metrics = &resource.scope_metrics[0].metrics;
    let metric = metrics.iter().find(|metric| metric.name == name).unwrap();
    match metric.data.clone() {
        Some(Data::Histogram(histogram)) => histogram,
        other => panic!("{other:?}"),
    }
}

fn point<'a>(histogram: &'a Histogram, token_type: &str) -> &'a HistogramDataPoint {
    let of_type = |point: &&HistogramDataPoint| {
        text(&point.attributes, "gen_ai.token.type") == Some(token_type)
    };
    histogram.data_points.iter().find(of_type).unwrap()
}

#[tokio::test]
async fn histograms_have_the_buckets_of_the_conventions() {
    let collector = Collector::start().await;
    let (outputs, running, telemetry) = start(&plain(&collector, Protocol::Grpc));
    outputs.offer(samples::record(1, samples::chat()));
    outputs.offer(samples::record(1, samples::chat()));
    outputs.offer(samples::record(2, samples::stream_with_gap()));
    drop(outputs);
    running.finish(Duration::from_secs(10)).await.unwrap();

    let tokens = histogram(&collector, "service-1", "gen_ai.client.token.usage", 0);
    assert_eq!(
        tokens.aggregation_temporality(),
        AggregationTemporality::Cumulative
    );
    let input = point(&tokens, "input");
    assert_eq!(input.explicit_bounds, TOKEN_BUCKETS);
    assert_eq!((input.count, input.sum), (2, Some(2_048.0)));
    // 1024 falls into the bucket that it closes, the sixth: (256, 1024].
    assert_eq!(input.bucket_counts[5], 2);
    assert_eq!(point(&tokens, "output").sum, Some(112.0));

    let duration = histogram(
        &collector,
        "service-1",
        "gen_ai.client.operation.duration",
        0,
    );
    let [duration] = duration.data_points.as_slice() else {
        panic!("{duration:?}")
    };
    assert_eq!(duration.explicit_bounds, DURATION_BUCKETS);
    assert_eq!((duration.count, duration.sum), (2, Some(2.468)));
    assert_eq!(
        text(&duration.attributes, "gen_ai.provider.name"),
        Some("openai")
    );

    let name = "gen_ai.client.operation.time_per_output_chunk";
    let chunks = histogram(&collector, "service-2", name, 0);
    let [chunks] = chunks.data_points.as_slice() else {
        panic!("{chunks:?}")
    };
    assert_eq!(chunks.count, 2);
    assert!((chunks.sum.unwrap() - 0.15).abs() < 1e-9, "{chunks:?}");
    assert_eq!(telemetry.export.signal("otlp", "metrics").sent.get(), 2);
}

/// Two exports with one call before each: counts of both, and whether they start anew.
async fn counts(temporality: Temporality) -> [u64; 2] {
    let collector = Collector::start().await;
    let mut settings = plain(&collector, Protocol::HttpProtobuf);
    settings.temporality = temporality;
    settings.metric_interval = Duration::from_millis(600);
    let (outputs, running, _) = start(&settings);
    outputs.offer(samples::record(1, samples::refused()));
    collector
        .wait_for(|collector| collector.metrics().len() == 1)
        .await;
    outputs.offer(samples::record(1, samples::refused()));
    drop(outputs);
    running.finish(Duration::from_secs(10)).await.unwrap();
    let name = "gen_ai.client.operation.duration";
    [0, 1].map(|index| {
        let histogram = histogram(&collector, "service-1", name, index);
        let [point] = histogram.data_points.as_slice() else {
            panic!("{histogram:?}")
        };
        assert_eq!(
            text(&point.attributes, "error.type"),
            Some("rate_limit_exceeded")
        );
        point.count
    })
}

#[tokio::test]
async fn cumulative_histograms_go_on_counting() {
    assert_eq!(counts(Temporality::Cumulative).await, [1, 2]);
}

#[tokio::test]
async fn delta_histograms_start_anew() {
    assert_eq!(counts(Temporality::Delta).await, [1, 1]);
}
