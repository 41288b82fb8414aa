//! Invariant: all connections together hold no more than they may, and what goes beyond degrades to
//! metadata, not to nothing.

use std::io::Write as _;

use super::{
    tests::{Connection, Host},
    *,
};
use crate::{
    llm::call::{CallFacts, CaptureState, Outcome},
    segment::Direction,
};

const BOUND: usize = 256 << 10;

/// A process whose connections may hold [`BOUND`] bytes together.
struct Bounded {
    host: Host,
}

impl Bounded {
    fn new() -> Self {
        Self {
            host: Host::new(PipelineConfig {
                held_bytes: BOUND,
                ..PipelineConfig::default()
            }),
        }
    }

    /// Moves bytes in pieces; after each the bound must hold.
    fn play(&mut self, on: &mut Connection, direction: Direction, bytes: &[u8]) {
        for piece in bytes.chunks(16 << 10) {
            self.host.send(on, direction, piece);
            let held = self.stats().held_bytes;
            assert!(held <= BOUND as u64, "{held} bytes are held");
        }
    }

    fn write(&mut self, on: &mut Connection, bytes: impl AsRef<[u8]>) {
        self.play(on, Direction::Outbound, bytes.as_ref());
    }

    fn read(&mut self, on: &mut Connection, bytes: impl AsRef<[u8]>) {
        self.play(on, Direction::Inbound, bytes.as_ref());
    }

    fn calls(&mut self) -> Vec<CallFacts> {
        self.host.outputs().calls
    }

    const fn stats(&self) -> &Stats {
        self.host.pipeline.stats()
    }
}

fn request(model: &str, filler: usize) -> String {
    let body = format!(
        r#"{{"model":"{model}","messages":[{{"role":"user","content":"{}"}}]}}"#,
        "x".repeat(filler)
    );
    format!(
        "POST /v1/chat/completions HTTP/1.1\r\nHost: api.openai.com\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

fn answer(filler: usize) -> String {
    format!(
        r#"{{"id":"c","model":"m-1","choices":[{{"index":0,"message":{{"content":"{}"}},"finish_reason":"stop"}}],"usage":{{"prompt_tokens":3,"completion_tokens":4}}}}"#,
        "y".repeat(filler)
    )
}

fn response(body: &[u8], more: &str) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n{more}Content-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

#[test]
fn the_exchange_that_holds_most_goes_on_as_metadata() {
    let mut host = Bounded::new();
    let mut wires: Vec<Connection> = (0..8).map(Host::connection).collect();
    for (number, on) in wires.iter_mut().enumerate() {
        // The first holds most, and must not cost the others.
        let filler = if number == 0 { 200 << 10 } else { 20 << 10 };
        host.write(on, request(&format!("m{number}"), filler));
    }
    let mut partial = wires.clone();
    for on in &mut partial {
        let whole = response(answer(40 << 10).as_bytes(), "");
        let (most, _) = whole.split_at(36 << 10);
        host.read(on, most);
    }
    assert!(host.stats().shed_exchanges > 0);
    for on in &mut partial {
        let whole = response(answer(40 << 10).as_bytes(), "");
        host.read(on, &whole[36 << 10..]);
        // What follows on the connection is exact.
        host.write(on, request("next", 10));
        host.read(on, response(answer(10).as_bytes(), ""));
    }
    let calls = host.calls();
    assert_eq!(calls.len(), 16);
    let truncated = |call: &&CallFacts| call.capture == CaptureState::Truncated;
    let shed = calls.iter().filter(truncated).count() as u64;
    // What is held to be checked goes first.
    assert!((1..=host.stats().shed_exchanges).contains(&shed));
    for call in &calls {
        assert_eq!(call.outcome, Outcome::Success);
        assert!(call.request.model.is_some());
        let exact = call.capture == CaptureState::Complete;
        assert_eq!(call.usage.output, exact.then_some(4));
        assert_eq!(call.response.status, Some(200));
    }
    let next = calls
        .iter()
        .filter(|call| call.request.model.as_deref() == Some("next"));
    assert!(
        next.clone()
            .all(|call| call.capture == CaptureState::Complete)
    );
    assert_eq!(next.count(), 8);
    assert_eq!(host.stats().held_bytes, 0);
}

#[test]
fn a_request_that_is_given_up_half_way_keeps_its_model() {
    let mut host = Bounded::new();
    let mut on = Host::connection(1);
    host.write(&mut on, request("large", 400 << 10));
    host.read(&mut on, response(answer(1).as_bytes(), ""));
    let calls = host.calls();
    let [call] = calls.as_slice() else {
        panic!("{calls:?}")
    };
    assert_eq!(call.request.model.as_deref(), Some("large"));
    assert!(call.request.body_bytes > 400 << 10);
    assert_eq!(call.capture, CaptureState::Truncated);
    assert_eq!(call.usage.output, Some(4));
}

#[test]
fn decoders_count_and_are_given_back() {
    let body = answer(300 << 10);
    let mut brotli = Vec::new();
    brotli::CompressorWriter::new(&mut brotli, 4096, 5, 22)
        .write_all(body.as_bytes())
        .unwrap();
    let zstd = zstd::stream::encode_all(body.as_bytes(), 3).unwrap();
    for (coding, coded) in [("br", brotli), ("zstd", zstd)] {
        let mut host = Bounded::new();
        let mut wires: Vec<Connection> = (0..20).map(Host::connection).collect();
        let coded = response(&coded, &format!("Content-Encoding: {coding}\r\n"));
        let (head, rest) = coded.split_at(coded.len() - 1);
        for on in &mut wires {
            host.write(on, request("m", 10));
            host.read(on, head);
        }
        assert!(host.stats().shed_exchanges > 0, "{coding}");
        for on in &mut wires {
            host.read(on, rest);
        }
        let calls = host.calls();
        assert_eq!(calls.len(), 20, "{coding}");
        assert!(
            calls
                .iter()
                .all(|call| call.capture == CaptureState::Truncated
                    || call.usage.output == Some(4)),
            "{coding}"
        );
        assert_eq!(host.stats().held_bytes, 0, "{coding}");
    }
}

#[test]
fn a_stream_loses_the_event_under_way_and_goes_on() {
    let mut host = Bounded::new();
    let mut on = Host::connection(1);
    host.write(&mut on, request("m", 10));
    host.read(
        &mut on,
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n",
    );
    let event = |content: &str| {
        format!(
            "data: {{\"id\":\"c\",\"model\":\"m\",\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{content}\"}}}}]}}\n\n"
        )
    };
    host.read(&mut on, event("a"));
    host.read(&mut on, event(&"b".repeat(300 << 10)));
    host.read(
        &mut on,
        "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":9}}\n\ndata: [DONE]\n\n",
    );
    host.host.close(&on);
    let calls = host.calls();
    let [call] = calls.as_slice() else {
        panic!("{calls:?}")
    };
    assert_eq!(call.capture, CaptureState::Truncated);
    assert_eq!((call.response.chunks, call.usage.output), (1, Some(9)));
    assert_eq!(host.stats().held_bytes, 0);
}

#[test]
fn many_small_ones_are_bounded_as_well() {
    let mut host = Bounded::new();
    let mut wires: Vec<Connection> = (0..400).map(Host::connection).collect();
    for on in &mut wires {
        let whole = request("m", 3 << 10);
        host.write(on, &whole[..2 << 10]);
    }
    assert!(host.stats().shed_exchanges > 0);
    for on in &mut wires {
        let whole = request("m", 3 << 10);
        host.write(on, &whole[2 << 10..]);
        host.read(on, response(answer(10).as_bytes(), ""));
    }
    let calls = host.calls();
    assert_eq!(calls.len(), 400);
    assert!(calls.iter().all(|call| call.usage.output == Some(4)));
    assert_eq!(host.stats().held_bytes, 0);
}
