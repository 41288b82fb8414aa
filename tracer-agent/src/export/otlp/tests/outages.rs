//! Collectors that are away, slow down, refuse or break off.

use std::{
    collections::HashSet,
    io,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use super::{
    collector::{Answer, Collector},
    delivery::by_service,
    plain, settings, start,
};
use crate::export::{otlp::settings::Protocol, samples, size};

/// An address where nobody listens, for now.
async fn free_address() -> SocketAddr {
    Collector::start().await.address
}

async fn away_then_back(protocol: Protocol) {
    const KEPT: usize = 20;
    const OFFERED: usize = 30;
    let address = free_address().await;
    let mut settings = settings(&format!("http://{address}"), protocol);
    let record = samples::record(1, samples::chat());
    // A clone has no spare capacity, so it is smaller than what it was cloned from.
    settings.queue_bytes = KEPT * size::of_span(&record.span.clone());
    settings.batch.max_export_batch_size = 7;
    let (outputs, mut running, telemetry) = start(&settings);
    for _ in 0..OFFERED {
        outputs.offer(record.clone());
        // Some are in the queue, some under delivery.
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let traces = telemetry.export.signal("otlp", "traces");
    assert_eq!(traces.dropped.get(), (OFFERED - KEPT) as u64);
    let queue = telemetry.export.queue("otlp", "traces");
    assert_eq!(queue.items.get(), KEPT as i64);
    assert!(queue.bytes.get() <= settings.queue_bytes as i64);

    let collector = Collector::start_on(address, None).await;
    running.forget_losses();
    drop(outputs);
    running.finish(Duration::from_secs(20)).await.unwrap();
    let requests: Vec<_> = collector.traces().into_iter().map(|r| r.request).collect();
    let spans = &by_service(&requests)["service-1"];
    let ids: HashSet<_> = spans.iter().map(|span| span.span_id.clone()).collect();
    assert_eq!((spans.len(), ids.len()), (KEPT, KEPT));
    assert_eq!((traces.sent.get(), traces.failed.get()), (KEPT as u64, 0));
    assert!(traces.attempts.get() > 3, "it did not try again");
    // Measurements need no room while they are counted: none is lost.
    assert_eq!(telemetry.export.signal("otlp", "metrics").dropped.get(), 0);
    assert_eq!(collector.metrics().len(), 1);
}

#[tokio::test]
async fn grpc_spans_are_kept_up_to_the_bound_and_delivered_once() {
    away_then_back(Protocol::Grpc).await;
}

#[tokio::test]
async fn http_spans_are_kept_up_to_the_bound_and_delivered_once() {
    away_then_back(Protocol::HttpProtobuf).await;
}

/// One span with the script played first: requests not taken, sent, failed.
async fn played(protocol: Protocol, script: &[Answer]) -> (Collector, u64, u64) {
    let collector = Collector::start().await;
    collector.script(script.iter().cloned());
    let mut settings = plain(&collector, protocol);
    settings.metrics = None;
    let (outputs, running, telemetry) = start(&settings);
    outputs.offer(samples::record(1, samples::chat()));
    drop(outputs);
    let finished = running.finish(Duration::from_secs(10)).await;
    let traces = telemetry.export.signal("otlp", "traces");
    let (sent, failed) = (traces.sent.get(), traces.failed.get());
    // What was refused is not delivered, and is said so.
    assert_eq!(finished.is_err(), failed > 0, "{finished:?}");
    (collector, sent, failed)
}

#[tokio::test]
async fn passing_failures_are_retried() {
    let script = [Answer::Http(503, None), Answer::Http(429, None)];
    let (collector, sent, failed) = played(Protocol::HttpProtobuf, &script).await;
    assert_eq!((collector.traces().len(), sent, failed), (1, 1, 0));
    let script = [Answer::Grpc(tonic::Code::Unavailable)];
    let (collector, sent, failed) = played(Protocol::Grpc, &script).await;
    assert_eq!((collector.traces().len(), sent, failed), (1, 1, 0));
}

#[tokio::test]
async fn final_failures_are_not_retried_but_counted() {
    let script = [Answer::Http(400, None)];
    let (collector, sent, failed) = played(Protocol::HttpProtobuf, &script).await;
    assert_eq!((collector.traces().len(), sent, failed), (0, 0, 1));
    for code in [tonic::Code::Unauthenticated, tonic::Code::Unknown] {
        let (collector, sent, failed) = played(Protocol::Grpc, &[Answer::Grpc(code)]).await;
        assert_eq!(
            (collector.traces().len(), sent, failed),
            (0, 0, 1),
            "{code:?}"
        );
    }
}

#[tokio::test]
async fn what_is_rejected_of_a_request_is_lost_and_counted() {
    for protocol in [Protocol::Grpc, Protocol::HttpProtobuf] {
        let (_, sent, failed) = played(protocol, &[Answer::Partly(1)]).await;
        assert_eq!((sent, failed), (0, 1), "{protocol:?}");
        // A message alone is a warning.
        let (_, sent, failed) = played(protocol, &[Answer::Partly(0)]).await;
        assert_eq!((sent, failed), (1, 0), "{protocol:?}");
    }
}

#[tokio::test]
async fn an_export_of_which_points_are_rejected_is_not_delivered() {
    for protocol in [Protocol::Grpc, Protocol::HttpProtobuf] {
        let collector = Collector::start().await;
        collector.script([Answer::Partly(1)]);
        let mut settings = plain(&collector, protocol);
        settings.traces = None;
        let (outputs, running, telemetry) = start(&settings);
        outputs.offer(samples::record(1, samples::chat()));
        drop(outputs);
        running.finish(Duration::from_secs(10)).await.unwrap_err();
        let metrics = telemetry.export.signal("otlp", "metrics");
        let counts = (metrics.sent.get(), metrics.failed.get());
        assert_eq!(counts, (0, 1), "{protocol:?}");
    }
}

/// What is logged of an outage while one span is offered to `address`.
async fn said_of(address: &str, protocol: Protocol) -> String {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_writer(log.clone())
        .with_ansi(false)
        .finish();
    // The tasks of this test run on its own thread.
    let _logging = tracing::subscriber::set_default(subscriber);
    let mut settings = settings(address, protocol);
    settings.metrics = None;
    let (outputs, running, _) = start(&settings);
    outputs.offer(samples::record(1, samples::chat()));
    drop(outputs);
    let _ = running.finish(Duration::from_millis(1500)).await;
    log.text()
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> tracing_subscriber::fmt::MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn an_outage_says_once_why() {
    let closed = format!("http://{}", free_address().await);
    for protocol in [Protocol::Grpc, Protocol::HttpProtobuf] {
        let text = said_of(&closed, protocol).await;
        let says = "does not take traces: ";
        assert_eq!(text.matches(says).count(), 1, "{protocol:?}: {text}");
        assert!(text.contains("Connection refused"), "{protocol:?}: {text}");
    }
    for (protocol, answer, reason) in [
        (
            Protocol::HttpProtobuf,
            Answer::Http(503, None),
            "503 Service Unavailable",
        ),
        (
            Protocol::Grpc,
            Answer::Grpc(tonic::Code::Unavailable),
            "Unavailable, scripted",
        ),
    ] {
        let collector = Collector::start().await;
        collector.script(vec![answer; 9]);
        let address = format!("http://{}", collector.address);
        let text = said_of(&address, protocol).await;
        assert!(text.contains(reason), "{protocol:?}: {text}");
        // The exporter's own word on each attempt, which is wrong as long as there is another.
        assert!(!text.contains("will be lost"), "{protocol:?}: {text}");
    }
}

#[tokio::test]
async fn a_collector_is_left_alone_as_long_as_it_asks_for() {
    for (protocol, answer) in [
        (Protocol::HttpProtobuf, Answer::Http(503, Some(2))),
        (Protocol::Grpc, Answer::GrpcLater(2)),
    ] {
        let (collector, sent, _) = played(protocol, &[answer]).await;
        assert_eq!(sent, 1, "{protocol:?}");
        let waited = collector.traces()[0]
            .at
            .duration_since(collector.refused()[0]);
        assert!(waited >= Duration::from_secs(2), "{protocol:?}: {waited:?}");
    }
}

#[tokio::test]
async fn a_connection_that_breaks_off_is_no_loss() {
    for protocol in [Protocol::Grpc, Protocol::HttpProtobuf] {
        let (collector, sent, failed) = played(protocol, &[Answer::HangUp]).await;
        assert_eq!(
            (collector.traces().len(), sent, failed),
            (1, 1, 0),
            "{protocol:?}"
        );
    }
}

#[tokio::test]
async fn without_a_time_limit_each_batch_is_sent_once() {
    for protocol in [Protocol::Grpc, Protocol::HttpProtobuf] {
        let collector = Collector::start().await;
        let mut settings = plain(&collector, protocol);
        settings.traces.as_mut().unwrap().timeout = None;
        settings.metrics.as_mut().unwrap().timeout = None;
        settings.batch.export_timeout = None;
        settings.metric_timeout = None;
        let (outputs, running, telemetry) = start(&settings);
        outputs.offer(samples::record(1, samples::chat()));
        drop(outputs);
        running.finish(Duration::from_secs(10)).await.unwrap();
        let received = (collector.traces().len(), collector.metrics().len());
        assert_eq!(received, (1, 1), "{protocol:?}");
        let traces = telemetry.export.signal("otlp", "traces");
        assert_eq!(traces.attempts.get(), 1, "{protocol:?}");
    }
}

#[tokio::test]
async fn what_is_left_at_the_end_is_said_and_counted() {
    let address = free_address().await;
    let (outputs, running, telemetry) = start(&settings(
        &format!("http://{address}"),
        Protocol::HttpProtobuf,
    ));
    outputs.offer(samples::record(1, samples::chat()));
    outputs.offer(samples::record(2, samples::chat()));
    drop(outputs);
    let error = running
        .finish(Duration::from_millis(700))
        .await
        .unwrap_err();
    assert_eq!(error.outputs, ["spans (2 left)", "metrics (1 left)"]);
    assert_eq!(telemetry.export.signal("otlp", "traces").failed.get(), 2);
}
