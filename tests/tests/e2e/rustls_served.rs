//! A server on rustls that many ask at once, each on a connection of its own: its connections are moved
//! between two reads, and lie where others lay a moment ago.

use std::{process::Command, time::Duration};

use anyhow::{Result, ensure};
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use tests::harness::{
    otlp::Span,
    patience::settled,
    process::Process,
    requirements::{
        Need::{Agent, Program, Rustls},
        met, rustls_server,
    },
};

use super::both_ends::{ModelServer, of_kind, traced};

const SOON: Duration = Duration::from_secs(20);
/// Clients at once.
const CLIENTS: usize = 30;
/// Calls of each on its connection.
const CALLS: usize = 2;

fn body(n: usize) -> String {
    format!(r#"{{"model":"gpt-4o-mini","messages":[{{"role":"user","content":"n={n}"}}]}}"#)
}

/// Starts them all before it waits for one; client `from` asks what its number says, and so on.
fn ask_at_once(server: &ModelServer, http: &str, from: usize) -> Result<()> {
    let clients = (from..from + CLIENTS).map(|n| {
        let mut command = server.question(http, &body(n), CALLS);
        Process::start(&mut command)
    });
    for client in clients.collect::<Vec<_>>() {
        client?.succeed(SOON)?;
    }
    Ok(())
}

/// Asks what is never answered, and leaves without a word: nothing tells where these connections end.
fn leave_at_once(server: &ModelServer) -> Result<()> {
    let clients =
        (0..CLIENTS).map(|_| Process::start(&mut server.question("--http1.1", &body(0), 1)));
    let clients = clients.collect::<Result<Vec<_>>>()?;
    std::thread::sleep(Duration::from_millis(500));
    drop(clients);
    Ok(())
}

fn answer(span: &Span) -> Option<&str> {
    span.report.text("gen_ai.response.id")
}

/// Each call once at each end, and the ends of no two calls mixed.
fn each_call_by_itself(cryptography: &'static str) -> Result<()> {
    if !met(&[Agent, Program("curl"), Rustls(cryptography)]) {
        return Ok(());
    }
    let server = ModelServer::start_by(Command::new(rustls_server(cryptography)))?;
    let (sink, agent) = traced(&[])?;
    ask_at_once(&server, "--http1.1", 100)?;
    leave_at_once(&server)?;
    ask_at_once(&server, "--http1.1", 200)?;
    ask_at_once(&server, "--http2", 300)?;

    let wanted = 2 * CLIENTS * 3 * CALLS;
    let spans = settled(wanted, || {
        let mut spans = server.told(&sink);
        // Those that were left have no answer.
        spans.retain(|span| answer(span).is_some());
        spans
    });
    for n in [100, 200, 300]
        .into_iter()
        .flat_map(|from| from..from + CLIENTS)
    {
        let id = format!("chatcmpl-{n}");
        let of_it: Vec<Span> = spans
            .iter()
            .filter(|span| answer(span) == Some(&id))
            .cloned()
            .collect();
        let (made, served) = (
            of_kind(&of_it, SpanKind::Client),
            of_kind(&of_it, SpanKind::Server),
        );
        ensure!(
            (made.len(), served.len()) == (CALLS, CALLS),
            "{id}: {of_it:?}\n{}",
            agent.process.said()
        );
        for span in &made {
            let tokens = span.report.number("gen_ai.usage.input_tokens");
            ensure!(tokens == Some(n as u64), "{span:?}");
        }
        for span in &served {
            let parents = made
                .iter()
                .filter(|made| made.wire.span_id == span.wire.parent_span_id);
            ensure!(parents.count() == 1, "{span:?} of none of {made:?}");
            ensure!(
                span.report.number("http.response.status_code") == Some(200),
                "{span:?}"
            );
        }
    }
    ensure!(spans.len() == wanted, "{} spans", spans.len());
    Ok(())
}

#[test]
fn each_call_of_many_clients_on_aws_lc() -> Result<()> {
    each_call_by_itself("aws-lc")
}

#[test]
fn each_call_of_many_clients_on_ring() -> Result<()> {
    each_call_by_itself("ring")
}
