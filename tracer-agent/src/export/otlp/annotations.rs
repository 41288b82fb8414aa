//! Evaluations of spans that have left, to a backend that takes them by an interface of its own.
//!
//! A backend takes them of spans that it has. Those travel in batches, so an evaluation waits a little
//! before it is sent, and where its span is not there it is sent again a few times. What a backend then
//! still does not know, it never got: the evaluation is counted as failed.

use std::{collections::VecDeque, future::pending, sync::Arc, time::Duration};

use hyper::{
    Request, Response, StatusCode,
    body::Bytes,
    header::{CONTENT_TYPE, HeaderValue},
};
use opentelemetry_http::HttpClient;
use tokio::{
    select,
    time::{Instant, sleep_until, timeout},
};
use tracer_core::semconv::backends::Annotation;

use super::{
    address,
    answer::{Backoff, Failure, Next},
    error::StartError,
    http::HttpWay,
    outage::Outage,
    seen::Seen,
    settings::{OtlpSettings, Protocol, SignalSettings},
    worker::{outage, shorter},
};
use crate::{
    export::{
        delivery::{Delivery, Work},
        queue::{self, Bounds, Held, Receiver, Sender},
    },
    telemetry::{Telemetry, export::SignalMetrics},
};

/// Bounds of what waits.
const BOUNDS: Bounds = Bounds {
    bytes: 4 << 20,
    items: 4096,
};
/// How long an evaluation waits beyond the time that a span waits for others to travel with.
const AFTER_SPANS: Duration = Duration::from_secs(1);
/// How often one is sent whose span is not there.
const TRIES: u32 = 8;
/// How long it waits in between.
const AGAIN: Duration = Duration::from_secs(3);
/// The same once nothing more will come: the agent waits for the end.
const AGAIN_AT_END: Duration = Duration::from_millis(500);

/// One evaluation on its way.
#[derive(Debug)]
pub(super) struct AnnotationItem {
    annotation: Annotation,
    offered: Instant,
}

impl AnnotationItem {
    /// One that is known from now on.
    pub(super) fn new(annotation: Annotation) -> Self {
        Self {
            annotation,
            offered: Instant::now(),
        }
    }
}

/// Starts the task, if the backend takes evaluations and its interface can be reached where spans go.
/// Must be called inside a tokio runtime.
///
/// # Errors
///
/// When the endpoint, a header or a key file is not usable.
pub(super) fn start(
    settings: &OtlpSettings,
    signal: &SignalSettings,
    telemetry: &Telemetry,
) -> Result<Option<(Sender<AnnotationItem>, Delivery)>, StartError> {
    if !settings.backend.takes_annotations() {
        return Ok(None);
    }
    if !is_reached(signal) {
        let backend = settings.backend.name();
        tracing::info!(
            "evaluations that come after their spans do not go to {backend}: it takes them over HTTP only, below the address that ends in /v1/traces"
        );
        return Ok(None);
    }
    let metrics = telemetry.export.signal("otlp", "annotations");
    let gauges = telemetry.export.queue("otlp", "annotations");
    let timeout = shorter(signal.timeout, settings.batch.export_timeout);
    let client = HttpWay::new("traces", signal, timeout, Seen::default())?.into_client();
    let (sender, queue) = queue::bounded(BOUNDS, gauges.clone(), metrics.dropped.clone());
    let worker = AnnotationWorker {
        client,
        signal: signal.clone(),
        timeout,
        outage: outage("evaluations", signal, &metrics),
        queue,
        waiting: VecDeque::new(),
        delay: settings.batch.schedule_delay + AFTER_SPANS,
        metrics: metrics.clone(),
    };
    let work = Work::Task(tokio::spawn(worker.run()));
    let delivery = Delivery::new("evaluations".to_owned(), work, gauges, metrics);
    Ok(Some((sender, delivery)))
}

/// Whether what is below the address of spans can be asked by HTTP.
pub(super) fn is_reached(signal: &SignalSettings) -> bool {
    signal.protocol == Protocol::HttpProtobuf && address::beside(signal, "").is_some()
}

/// Sends evaluations until the queue has ended.
struct AnnotationWorker {
    client: Arc<dyn HttpClient>,
    signal: SignalSettings,
    timeout: Option<Duration>,
    outage: Outage,
    queue: Receiver<AnnotationItem>,
    /// What is sent when its time comes, the first first.
    waiting: VecDeque<Waiting>,
    delay: Duration,
    metrics: SignalMetrics,
}

struct Waiting {
    item: Held<AnnotationItem>,
    due: Instant,
    tries: u32,
}

/// What became of an evaluation.
enum Sent {
    Taken,
    /// Its span is not there.
    NotThere(StatusCode),
    Refused,
}

impl AnnotationWorker {
    async fn run(mut self) {
        let mut is_over = false;
        while !(is_over && self.waiting.is_empty()) {
            let next = self.waiting.front().map(|waiting| waiting.due);
            select! {
                received = self.queue.recv(), if !is_over => match received {
                    Some(item) => self.wait_for(item),
                    None => {
                        is_over = true;
                        self.hurry();
                    }
                },
                () = until(next) => if let Some(waiting) = self.waiting.pop_front() {
                    self.send(waiting, is_over).await;
                },
            }
        }
    }

    fn wait_for(&mut self, item: Held<AnnotationItem>) {
        let due = item.item.offered + self.delay;
        self.put(Waiting {
            item,
            due,
            tries: 0,
        });
    }

    /// Nothing more will come: what waits goes now.
    fn hurry(&mut self) {
        let now = Instant::now();
        for waiting in &mut self.waiting {
            waiting.due = now;
        }
    }

    fn put(&mut self, waiting: Waiting) {
        let behind = |other: &Waiting| other.due <= waiting.due;
        let at = self.waiting.partition_point(behind);
        self.waiting.insert(at, waiting);
    }

    async fn send(&mut self, mut waiting: Waiting, is_over: bool) {
        match self.deliver(&waiting.item.item.annotation).await {
            Sent::Taken => {
                self.metrics.sent.inc();
            }
            Sent::NotThere(_) if waiting.tries + 1 < TRIES => {
                waiting.tries += 1;
                let again = if is_over { AGAIN_AT_END } else { AGAIN };
                waiting.due = Instant::now() + again;
                self.put(waiting);
            }
            Sent::NotThere(status) => {
                self.outage.refused(&format!(
                    "it answers {status}, as for a span that it never got"
                ));
                self.metrics.failed.inc();
            }
            Sent::Refused => {
                self.metrics.failed.inc();
            }
        }
    }

    /// Sends one until the backend says something to it.
    async fn deliver(&self, annotation: &Annotation) -> Sent {
        let mut backoff = Backoff::new();
        loop {
            self.outage.attempt();
            let failure = match self.ask(annotation).await {
                Ok(answer) if answer.status().is_success() => {
                    self.outage.delivered();
                    return Sent::Taken;
                }
                Ok(answer) if answer.status() == StatusCode::NOT_FOUND => {
                    return Sent::NotThere(answer.status());
                }
                Ok(answer) => Failure::of_http(answer.status(), None),
                Err(failure) => failure,
            };
            match failure.next {
                Next::GiveUp => {
                    self.outage.refused(&failure.reason);
                    return Sent::Refused;
                }
                Next::Retry(asked) => {
                    self.outage.failed(&failure.reason);
                    tokio::time::sleep(backoff.next(asked)).await;
                }
            }
        }
    }

    async fn ask(&self, annotation: &Annotation) -> Result<Response<Bytes>, Failure> {
        let no_request = || Failure::of_request("its address is none".to_owned());
        let address = address::beside(&self.signal, &annotation.path).ok_or_else(no_request)?;
        let mut request = Request::post(address)
            .body(Bytes::from(annotation.body.clone()))
            .map_err(|_| no_request())?;
        let json = HeaderValue::from_static("application/json");
        request.headers_mut().insert(CONTENT_TYPE, json);
        let asked = self.client.send_bytes(request);
        let answer = match self.timeout {
            None => asked.await,
            Some(limit) => timeout(limit, asked)
                .await
                .map_err(|_| Failure::of_connection(format!("no answer within {limit:?}")))?,
        };
        answer.map_err(|error| Failure::of_connection(error.to_string()))
    }
}

/// Waits until then, or for ever.
async fn until(due: Option<Instant>) {
    match due {
        Some(due) => sleep_until(due).await,
        None => pending().await,
    }
}
