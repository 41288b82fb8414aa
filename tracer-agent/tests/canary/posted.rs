//! What other programs say of calls: explanations in words of their own, which may repeat what was said.

use std::{
    collections::HashSet,
    io::{Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    sync::Arc,
    time::Duration,
};

use aho_corasick::AhoCorasick;
use serde_json::{Value, json};
use tracer_agent::{
    export::{
        fanout::{Outputs, Running},
        otlp::settings::{Endpoint, OtlpSettings, Protocol, SignalSettings},
        record::Record,
    },
    host::process::ProcessInfo,
    runtime::{
        health::{self, Health},
        inbox::Inbox,
    },
    telemetry::Telemetry,
};
use tracer_core::{
    attribution::AttributionRules,
    pipeline::{Output, Pipeline, PipelineConfig},
    policy::{Caller, Policy, PolicyFile, mask::PseudonymKey},
    segment::{ConnectionId, Direction, ProcessKey, Segment},
    semconv::ContentPlace,
    time::Timestamp,
};

use crate::{
    collector::Collector,
    planted::{KINDS, Plant, Random, plant},
    sent,
};

/// Of each kind.
const TIMES: usize = 12;
/// Evaluations of a request.
const TOGETHER: usize = 100;

fn planted() -> Vec<Plant> {
    let mut random = Random(0x2545_f491_4f6c_dd1d);
    let kinds = 0..KINDS * TIMES;
    kinds.map(|kind| plant(kind, &mut random)).collect()
}

/// A call whose answer has this id, as a policy lets it out.
fn record(policy: &mut Policy) -> Record {
    let (key, name) = (ProcessKey(1), "app.py".to_owned());
    let connection = ConnectionId {
        process: key,
        handle: 1,
        generation: 1,
    };
    let mut pipeline = Pipeline::new(PipelineConfig {
        content: policy.content_capture(),
        ..PipelineConfig::default()
    });
    let asked = json!({"model": "gpt-5", "messages": [{"role": "user", "content": "What is it?"}]});
    let said = json!({"id": "chatcmpl-1", "model": "gpt-5", "choices": [
        {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "A dog."}}]});
    let head = "POST /v1/chat/completions HTTP/1.1\r\nhost: api.openai.com";
    let mut time = 1_700_000_000_000_000_000;
    for (direction, head, body) in [
        (Direction::Outbound, head, asked),
        (Direction::Inbound, "HTTP/1.1 200 OK", said),
    ] {
        let body = body.to_string();
        let kind = "content-type: application/json";
        let text = format!(
            "{head}\r\n{kind}\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        time += 1_000_000;
        pipeline.segment(&Segment {
            connection,
            direction,
            offset: 0,
            time: Timestamp::from_unix_nanos(time),
            turn: 0,
            bytes: text.as_bytes(),
        });
    }
    while let Some(output) = pipeline.poll() {
        if let Output::Call(call) = output {
            let process = Arc::new(ProcessInfo::new(key, 7, name, Vec::new()));
            let release = policy.release(*call, &Caller::UNKNOWN);
            return Record::of_release(process, release, ContentPlace::Span).unwrap();
        }
    }
    panic!("no call")
}

/// Posts explanations of a call under a policy; returns what was answered and sent.
async fn posted(policy: &str, plants: &[Plant]) -> (String, Vec<u8>) {
    let key = PseudonymKey::new([0; PseudonymKey::BYTES]);
    let file = PolicyFile::parse(policy).unwrap();
    let mut policy = Policy::new(file, key, AttributionRules::default());
    let collector = Collector::start();
    let signal = SignalSettings {
        protocol: Protocol::HttpProtobuf,
        ..SignalSettings::new(Endpoint::Base(collector.url()))
    };
    let settings = OtlpSettings {
        traces: Some(signal.clone()),
        logs: Some(signal),
        ..OtlpSettings::default()
    };
    let telemetry = Telemetry::new();
    let (mut outputs, mut running) = (Outputs::default(), Running::default());
    outputs
        .add_otlp(&mut running, &settings, &telemetry)
        .unwrap();
    let inbox = Inbox::new(telemetry.clone());
    inbox.open(&mut outputs);
    outputs.offer(record(&mut policy));
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let health = Health::new();
    let server = health::serve(listen, telemetry, health, Some(inbox.clone()));
    let server = server.await.unwrap();
    let mut answers = String::new();
    for some in plants.chunks(TOGETHER) {
        let all: Value = some.iter().map(evaluation).collect();
        let address = server.address();
        let answer = tokio::task::spawn_blocking(move || post(address, &all.to_string()));
        answers += &answer.await.unwrap();
    }
    inbox.close();
    drop(outputs);
    running.finish(Duration::from_secs(20)).await.unwrap();
    (answers, sent(&collector))
}

fn evaluation(plant: &Plant) -> Value {
    json!({"response_id": "chatcmpl-1", "name": "Relevance", "score": 0.5,
        "explanation": format!("It says {}, and nothing else.", plant.text)})
}

fn post(address: SocketAddr, body: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    let request = format!(
        "POST /v1/evaluations HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    answer
}

/// Which kinds are in a text.
fn seen<'a>(plants: &'a [Plant], text: &[u8]) -> HashSet<&'a str> {
    let secrets = plants.iter().map(|plant| plant.secret.as_bytes());
    let finder = AhoCorasick::new(secrets).unwrap();
    let found = finder.find_overlapping_iter(text);
    found.map(|it| plants[it.pattern()].name).collect()
}

#[tokio::test]
async fn explanations_leave_only_where_content_does_as_it_is() {
    let plants = planted();
    let kinds: HashSet<_> = plants.iter().map(|plant| plant.name).collect();
    let full = "[default]\ncapture = 'full'";
    for (policy, is_told) in [
        ("[default]\ncapture = 'metadata'".to_owned(), false),
        ("[default]\ncapture = 'masked'".to_owned(), false),
        (full.to_owned(), true),
        // Not all of what is said leaves.
        (format!("{full}\ndrop = ['tool_results']"), false),
        (
            format!("{full}\n[attributes]\nnever = ['gen_ai.output.messages']"),
            false,
        ),
    ] {
        let (answers, sent) = posted(&policy, &plants).await;
        let seen_there = seen(&plants, &sent);
        if is_told {
            assert_eq!(seen_there, kinds);
        } else {
            assert_eq!(seen_there, HashSet::new(), "{policy}");
        }
        // The judgements themselves left, and nobody is answered by what they said.
        let name = b"gen_ai.evaluation.result";
        let left = sent.windows(name.len()).filter(|it| it == name).count();
        assert!(left >= plants.len(), "{left} under {policy}");
        assert_eq!(seen(&plants, answers.as_bytes()), HashSet::new());
    }
}
