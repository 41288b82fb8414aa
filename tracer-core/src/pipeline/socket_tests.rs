//! Sockets of connections: on which calls they are noted, and what spans say of them.

use super::tests::{ANSWER, Connection, Host};
use crate::{
    detect::Role,
    llm::{
        call::{Call, CallFacts},
        strings::sample,
    },
    pipeline::PipelineConfig,
    policy::release,
    segment::Direction::{Inbound, Outbound},
    semconv::{self, Value},
    socket::{KnownSocket, SocketConfidence, SocketPair},
};

const HOST: &str = "Host: api.openai.com\r\n";

fn socket(peer: &str) -> KnownSocket {
    KnownSocket {
        pair: SocketPair {
            local: "10.0.0.1:40000".parse().unwrap(),
            peer: peer.parse().unwrap(),
            network: 1,
        },
        confidence: SocketConfidence::Derived,
    }
}

fn ask(host: &mut Host, on: &mut Connection, to: &str) {
    let body = r#"{"model":"m","messages":[{"role":"user","content":"canary"}]}"#;
    let length = body.len();
    host.send(
        on,
        Outbound,
        format!("POST /v1/chat/completions HTTP/1.1\r\n{to}Content-Length: {length}\r\n\r\n{body}"),
    );
}

fn answer(host: &mut Host, on: &mut Connection) {
    let length = ANSWER.len();
    host.send(
        on,
        Inbound,
        format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{ANSWER}"),
    );
}

fn only_call(host: &mut Host) -> CallFacts {
    let mut calls = host.outputs().calls;
    assert_eq!(calls.len(), 1);
    calls.remove(0)
}

#[test]
fn a_socket_that_is_known_first_is_noted_on_every_call() {
    let mut host = Host::new(PipelineConfig::default());
    let mut on = Host::connection(1);
    host.pipeline.socket(on.id, socket("10.0.0.2:443"));
    for _ in 0..2 {
        ask(&mut host, &mut on, HOST);
        answer(&mut host, &mut on);
        assert_eq!(only_call(&mut host).socket, Some(socket("10.0.0.2:443")));
    }
    assert_eq!(host.pipeline.stats().connections_seen, 1);
}

#[test]
fn a_socket_that_is_known_late_is_noted_on_the_call_under_way() {
    let mut host = Host::new(PipelineConfig::default());
    let (mut on, mut other) = (Host::connection(1), Host::connection(2));
    ask(&mut host, &mut on, HOST);
    ask(&mut host, &mut other, HOST);
    host.pipeline.socket(on.id, socket("10.0.0.2:443"));
    answer(&mut host, &mut on);
    assert_eq!(only_call(&mut host).socket, Some(socket("10.0.0.2:443")));
    answer(&mut host, &mut other);
    assert_eq!(only_call(&mut host).socket, None);
}

#[test]
fn a_call_that_ends_with_its_connection_has_its_socket() {
    let mut host = Host::new(PipelineConfig::default());
    let mut on = Host::connection(1);
    ask(&mut host, &mut on, HOST);
    host.pipeline.socket(on.id, socket("10.0.0.2:443"));
    host.close(&on);
    assert_eq!(only_call(&mut host).socket, Some(socket("10.0.0.2:443")));
}

#[test]
fn the_peer_stands_for_a_host_that_the_wire_did_not_tell() {
    for (to, address, port) in [
        (HOST, "api.openai.com", 443),
        ("", "2001:db8::2", 8443),
        ("Host: localhost:8443\r\n", "localhost", 8443),
    ] {
        let mut host = Host::new(PipelineConfig::default());
        let mut on = Host::connection(1);
        host.pipeline.socket(on.id, socket("[2001:db8::2]:8443"));
        ask(&mut host, &mut on, to);
        answer(&mut host, &mut on);
        let span = semconv::span(&release(Call::captured(only_call(&mut host))));
        let text = |text: &str| Some(Value::Str(text.to_owned().into()));
        for (name, value) in [
            ("server.address", text(address)),
            ("server.port", Some(Value::Int(port))),
            ("network.peer.address", text("2001:db8::2")),
            ("network.peer.port", Some(Value::Int(8443))),
            ("network.local.address", text("10.0.0.1")),
            ("network.local.port", Some(Value::Int(40000))),
            ("llm_tracer.network.peer.confidence", text("derived")),
        ] {
            assert_eq!(span.attribute(name).cloned(), value, "{name} of {to:?}");
        }
    }
}

#[test]
fn the_peer_of_a_served_call_is_its_client() {
    let mut facts = sample::call_of("m", 0);
    facts.role = Role::Server;
    facts.socket = Some(socket("10.0.0.2:50000"));
    let span = semconv::span(&release(Call::captured(facts)));
    let text = |text: &str| Some(Value::Str(text.to_owned().into()));
    assert_eq!(span.attribute("client.address").cloned(), text("10.0.0.2"));
    assert_eq!(
        span.attribute("client.port").cloned(),
        Some(Value::Int(50000))
    );
}
