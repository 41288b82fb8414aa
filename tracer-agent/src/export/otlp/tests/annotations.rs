//! Evaluations of spans that have left, to a backend that takes them.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};
use tracer_core::semconv::{Event, backends::Backend};

use super::{settings, start};
use crate::export::{lines::LineEvent, otlp::settings::Protocol, samples};

/// First lines of requests, and bodies.
type Seen = Arc<Mutex<Vec<String>>>;

/// A server that answers with these statuses, one after the other, then with the last.
async fn backend(statuses: &'static [u16]) -> (String, Seen) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let seen = Seen::default();
    let requests = Arc::clone(&seen);
    tokio::spawn(async move {
        let mut statuses = statuses.iter().copied().peekable();
        while let Ok((mut stream, _)) = listener.accept().await {
            let request = read(&mut stream).await;
            requests.lock().unwrap().push(request);
            let status = match statuses.len() {
                1 => statuses.peek().copied(),
                _ => statuses.next(),
            };
            let answer = format!(
                "HTTP/1.1 {} x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
                status.unwrap()
            );
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    (address, seen)
}

async fn read(stream: &mut TcpStream) -> String {
    let (mut bytes, mut piece) = (Vec::new(), [0; 4096]);
    loop {
        let taken = stream.read(&mut piece).await.unwrap();
        bytes.extend_from_slice(&piece[..taken]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            let is_length = name.eq_ignore_ascii_case("content-length");
            is_length.then(|| value.trim().parse::<usize>().ok())?
        });
        if body.len() >= length.unwrap_or_default() || taken == 0 {
            return format!("{}\n{body}", head.lines().next().unwrap_or_default());
        }
    }
}

/// What became of an evaluation that a backend answers so: how many were sent, and how many failed.
async fn told(statuses: &'static [u16], backend_of: Backend) -> (Vec<String>, u64, u64) {
    let (address, seen) = backend(statuses).await;
    let mut settings = settings(&address, Protocol::HttpProtobuf);
    (settings.metrics, settings.logs, settings.backend) = (None, None, backend_of);
    let (outputs, running, telemetry) = start(&settings);
    let LineEvent { process, event, .. } = samples::late();
    // Others than evaluations have no way there.
    let other = Event {
        name: "another.event",
        ..event.clone()
    };
    for event in [event, other] {
        outputs.offer_event(Arc::clone(&process), event);
    }
    drop(outputs);
    let _ = running.finish(Duration::from_secs(20)).await;
    let metrics = telemetry.export.signal("otlp", "annotations");
    let seen = seen.lock().unwrap().clone();
    (seen, metrics.sent.get(), metrics.failed.get())
}

#[tokio::test]
async fn an_evaluation_is_sent_until_its_span_is_there() {
    let (seen, sent, failed) = told(&[404, 503, 200], Backend::Phoenix).await;
    assert_eq!((seen.len(), sent, failed), (3, 1, 0), "{seen:?}");
    let path = "POST /v1/span_annotations?sync=true HTTP/1.1\n";
    assert!(
        seen.iter()
            .all(|request| request.starts_with(path) && request.contains("Relevance")),
        "{seen:?}"
    );
}

#[tokio::test]
async fn what_a_backend_never_gets_is_given_up() {
    let (seen, sent, failed) = told(&[404], Backend::Mlflow).await;
    assert_eq!((seen.len(), sent, failed), (8, 0, 1), "{seen:?}");
    let (seen, sent, failed) = told(&[422], Backend::Mlflow).await;
    assert_eq!((seen.len(), sent, failed), (1, 0, 1), "{seen:?}");
}

#[tokio::test]
async fn others_are_told_nothing() {
    let (seen, sent, failed) = told(&[200], Backend::Langfuse).await;
    assert_eq!((seen.len(), sent, failed), (0, 0, 0), "{seen:?}");
}
