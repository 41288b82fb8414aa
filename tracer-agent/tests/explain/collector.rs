//! A collector that decodes what it is sent.

use std::{
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

use opentelemetry_proto::tonic::collector::{
    logs::v1::ExportLogsServiceRequest, metrics::v1::ExportMetricsServiceRequest,
    trace::v1::ExportTraceServiceRequest,
};
use prost::Message as _;

/// What a collector was sent, or would be.
#[derive(Debug, Clone)]
pub enum Request {
    Traces(ExportTraceServiceRequest),
    Logs(ExportLogsServiceRequest),
    Metrics(ExportMetricsServiceRequest),
    /// What a backend is asked to note of a span.
    Annotation(serde_json::Value),
}

pub struct Collector {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Collector {
    /// It ends with the test.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::default();
        let kept = Arc::clone(&requests);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let kept = Arc::clone(&kept);
                // Who breaks off is not served further.
                thread::spawn(move || serve(stream.unwrap(), &kept));
            }
        });
        Self { address, requests }
    }

    /// What sends there.
    pub fn environment(&self) -> [(&'static str, String); 2] {
        [
            (
                "OTEL_EXPORTER_OTLP_ENDPOINT",
                format!("http://{}", self.address),
            ),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf".to_owned()),
        ]
    }

    pub fn count(&self) -> usize {
        self.requests.lock().unwrap().len()
    }

    pub fn requests_from(&self, first: usize) -> Vec<Request> {
        self.requests.lock().unwrap()[first..].to_vec()
    }
}

fn serve(mut stream: TcpStream, kept: &Mutex<Vec<Request>>) -> io::Result<()> {
    let mut requests = BufReader::new(stream.try_clone()?);
    loop {
        let (mut length, mut path) = (0, String::new());
        loop {
            let mut line = String::new();
            if requests.read_line(&mut line)? == 0 {
                return Ok(());
            }
            let line = line.trim_end().to_ascii_lowercase();
            assert!(!line.starts_with("content-encoding:"), "{line}");
            if let Some(line) = line.strip_prefix("post ") {
                path = line.trim_end_matches(" http/1.1").to_owned();
            }
            if let Some(value) = line.strip_prefix("content-length: ") {
                length = value.parse().map_err(io::Error::other)?;
            }
            if line.is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        requests.read_exact(&mut body)?;
        let body = &*body;
        let request = match &*path {
            "/v1/traces" => Request::Traces(ExportTraceServiceRequest::decode(body).unwrap()),
            "/v1/logs" => Request::Logs(ExportLogsServiceRequest::decode(body).unwrap()),
            "/v1/metrics" => Request::Metrics(ExportMetricsServiceRequest::decode(body).unwrap()),
            "/v1/span_annotations?sync=true" => {
                Request::Annotation(serde_json::from_slice(body).unwrap())
            }
            other => panic!("{other}"),
        };
        kept.lock().unwrap().push(request);
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")?;
    }
}
