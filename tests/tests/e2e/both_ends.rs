//! A model server and its client on one host: a span for each, one trace, nothing counted twice.

use std::{collections::HashMap, fs, process::Command, time::Duration};

use anyhow::{Context as _, Result, ensure};
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use tempfile::TempDir;
use tests::harness::{
    agent::{Agent, Launch},
    otlp::{Point, Span},
    patience::{settled, until},
    process::Process,
    requirements::{
        Need::{self, Program, Python},
        met, python_path, workspace_root,
    },
    sink::Sink,
};

const NEEDS: [Need; 3] = [Need::Agent, Python, Program("curl")];
const SOON: Duration = Duration::from_secs(10);
const BODY: &str = r#"{"model":"gpt-4o-mini","messages":[{"role":"user","content":"hello"}]}"#;

/// A server that is told a PEM file, prints its port and ends with standard input.
pub(super) struct ModelServer {
    pub(super) process: Process,
    folder: TempDir,
    port: String,
}

impl ModelServer {
    /// On Python's TLS; answers each call with 11 and 7 tokens.
    fn start() -> Result<Self> {
        let script = workspace_root().join("tests/clients/python/server.py");
        let mut command = Command::new(python_path());
        command.arg("-B").arg(script);
        Self::start_by(command)
    }

    /// By a command that lacks the PEM file.
    pub(super) fn start_by(mut command: Command) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let pem = folder.path().join("server.pem");
        let identity = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()])?;
        fs::write(
            &pem,
            identity.cert.pem() + &identity.signing_key.serialize_pem(),
        )?;
        let mut process = Process::start(command.arg(&pem))?;
        let port = process.wait_line(0, |_| true, SOON)?;
        Ok(Self {
            process,
            folder,
            port,
        })
    }

    /// Curl asks so often the same, on one connection. Returns its process id.
    fn be_asked(&self, times: usize, header: Option<&str>) -> Result<u32> {
        let mut command = self.question("--http1.1", BODY, times);
        if let Some(header) = header {
            command.args(["-H", header]);
        }
        let mut client = Process::start(&mut command)?;
        let pid = client.id();
        client.succeed(SOON)?;
        Ok(pid)
    }

    /// A curl that will ask so often the same, on one connection.
    pub(super) fn question(&self, http: &str, body: &str, times: usize) -> Command {
        let url = format!("https://127.0.0.1:{}/v1/chat/completions", self.port);
        let mut command = Command::new("curl");
        command
            .args(["-sS", http, "--fail-with-body", "--cacert"])
            .arg(self.folder.path().join("server.pem"))
            .args(["-H", "content-type: application/json", "-d", body])
            .args(vec![url; times]);
        command
    }

    /// The spans of it and its clients, once there are so many.
    fn spans(&self, sink: &Sink, count: usize) -> Vec<Span> {
        settled(count, || self.told(sink))
    }

    /// The spans of it and its clients so far.
    pub(super) fn told(&self, sink: &Sink) -> Vec<Span> {
        let port = self.port.parse().ok();
        let mut spans = sink.spans();
        spans.retain(|span| span.report.number("server.port") == port);
        spans
    }
}

pub(super) fn traced(words: &[&str]) -> Result<(Sink, Agent)> {
    let sink = Sink::start(0)?;
    let mut launch = Launch::json()?.otlp(&sink.url(), "http/protobuf");
    for word in words {
        launch = launch.argument(word);
    }
    let agent = launch.start()?;
    Ok((sink, agent))
}

pub(super) fn of_kind(spans: &[Span], kind: SpanKind) -> Vec<&Span> {
    spans
        .iter()
        .filter(|span| span.wire.kind() == kind)
        .collect()
}

fn pid(resource: &tests::harness::report::Report) -> Option<u64> {
    resource.number("process.pid")
}

/// How many values a histogram of a process has in the end.
fn count(points: &[Point], metric: &str, process: u32) -> u64 {
    let of_it = points
        .iter()
        .filter(|point| point.metric == metric && pid(&point.resource) == Some(process.into()));
    // Of a cumulative histogram the last figure is the highest, whatever its attributes.
    let mut last = HashMap::new();
    for point in of_it {
        let attributes = format!("{:?}", point.attributes);
        last.insert(attributes, point.histogram.count);
    }
    last.into_values().sum()
}

#[test]
fn a_call_between_two_processes_of_this_host() -> Result<()> {
    if !met(&NEEDS) {
        return Ok(());
    }
    let server = ModelServer::start()?;
    let (sink, mut agent) = traced(&[])?;
    let client = server.be_asked(3, None)?;
    let spans = server.spans(&sink, 6);
    let (made, served) = (
        of_kind(&spans, SpanKind::Client),
        of_kind(&spans, SpanKind::Server),
    );
    ensure!(
        (made.len(), served.len()) == (3, 3),
        "{spans:?}\n{}",
        agent.process.said()
    );
    for span in &served {
        ensure!(
            pid(&span.resource) == Some(server.process.id().into()),
            "{span:?}"
        );
        let of_client: Vec<_> = made
            .iter()
            .filter(|client| client.wire.span_id == span.wire.parent_span_id)
            .collect();
        let [parent] = of_client[..] else {
            anyhow::bail!("{} parents of {span:?}", of_client.len())
        };
        ensure!(parent.wire.trace_id == span.wire.trace_id, "{span:?}");
        ensure!(parent.wire.parent_span_id.is_empty(), "{parent:?}");
        ensure!(pid(&parent.resource) == Some(client.into()), "{parent:?}");
        let tokens = |span: &Span| span.report.number("gen_ai.usage.input_tokens");
        ensure!(tokens(parent) == Some(11), "{parent:?}");
        ensure!(tokens(span).is_none(), "counted twice: {span:?}");
        ensure!(span.report.flag("llm_tracer.usage.elsewhere"), "{span:?}");
    }
    let mut parents: Vec<_> = served
        .iter()
        .map(|span| &span.wire.parent_span_id)
        .collect();
    parents.sort();
    parents.dedup();
    ensure!(parents.len() == 3, "each has its own parent: {served:?}");

    agent.stop()?;
    let points = sink.points();
    for (metric, process, wanted) in [
        ("gen_ai.client.operation.duration", client, 3),
        ("gen_ai.client.token.usage", client, 6),
        ("gen_ai.server.request.duration", client, 0),
        ("gen_ai.server.request.duration", server.process.id(), 3),
        ("gen_ai.client.operation.duration", server.process.id(), 0),
        ("gen_ai.client.token.usage", server.process.id(), 0),
    ] {
        let count = count(&points, metric, process);
        ensure!(count == wanted, "{metric} of {process}: {count}");
    }
    Ok(())
}

/// The caller's trace goes on through both.
#[test]
fn both_ends_stay_in_the_trace_of_the_caller() -> Result<()> {
    if !met(&NEEDS) {
        return Ok(());
    }
    let server = ModelServer::start()?;
    let (sink, agent) = traced(&[])?;
    let caller = "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    server.be_asked(1, Some(caller))?;
    let spans = server.spans(&sink, 2);
    let (made, served) = (
        of_kind(&spans, SpanKind::Client),
        of_kind(&spans, SpanKind::Server),
    );
    let ([made], [served]) = (&made[..], &served[..]) else {
        anyhow::bail!("{spans:?}\n{}", agent.process.said())
    };
    let trace = 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736_u128.to_be_bytes();
    ensure!(made.wire.trace_id == trace && served.wire.trace_id == trace);
    let caller = 0x00f0_67aa_0ba9_02b7_u64.to_be_bytes();
    ensure!(made.wire.parent_span_id == caller, "{made:?}");
    ensure!(
        served.wire.parent_span_id == made.wire.span_id,
        "{served:?}"
    );
    Ok(())
}

/// Nobody traces the client: the span of the server stands for itself, tokens and all.
#[test]
fn a_server_alone() -> Result<()> {
    if !met(&NEEDS) {
        return Ok(());
    }
    let server = ModelServer::start()?;
    let (sink, agent) = traced(&["--exclude", "name:curl"])?;
    server.be_asked(2, None)?;
    let spans = server.spans(&sink, 2);
    ensure!(spans.len() == 2, "{spans:?}\n{}", agent.process.said());
    for span in &spans {
        ensure!(span.wire.kind() == SpanKind::Server, "{span:?}");
        ensure!(span.wire.parent_span_id.is_empty(), "{span:?}");
        let tokens = span.report.number("gen_ai.usage.output_tokens");
        ensure!(tokens == Some(7), "{span:?}");
    }
    Ok(())
}

/// What is no call costs a server of anything else a few looks.
#[test]
fn a_server_of_anything_else_is_left() -> Result<()> {
    if !met(&NEEDS) {
        return Ok(());
    }
    let server = ModelServer::start()?;
    let (_sink, agent) = traced(&[])?;
    let url = format!("https://127.0.0.1:{}/shop", server.port);
    let mut command = Command::new("curl");
    command
        .args(["-sS", "--http1.1", "--fail-with-body", "--cacert"])
        .arg(server.folder.path().join("server.pem"))
        .args(["-d", "item=1"])
        .args(vec![url; 40]);
    Process::start(&mut command)?.succeed(SOON)?;
    let was_left = || {
        let page = agent.page("/metrics").ok()?;
        let line = page
            .lines()
            .find(|line| line.starts_with(r#"llm_tracer_unread_connections_total{kind="server"}"#));
        let count = line?.rsplit(' ').next()?.parse::<u64>().ok()?;
        (count > 0).then_some(())
    };
    // The numbers of the core are shown about every half second.
    until(SOON, was_left).with_context(|| agent.process.said())
}
