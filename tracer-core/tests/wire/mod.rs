//! Exchanges as a client and a server write them, and a pipeline that they are played through.

use tracer_core::{
    correlate::IdKey,
    llm::call::{Call, Captured},
    pipeline::{Output, Pipeline, PipelineConfig},
    segment::{ConnectionId, Direction, FinalCounts, ProcessKey, Segment},
    time::Timestamp,
};

/// The head and body of a request to a chat completion.
pub fn chat_request(body: &str) -> Vec<u8> {
    post("/v1/chat/completions", "application/json", body.as_bytes())
}

pub const CHAT_BODY: &str = r#"{"model":"gpt-5","messages":[{"role":"user","content":"hi"}]}"#;
pub const CHAT_ANSWER: &str = r#"{"id":"chatcmpl-1","object":"chat.completion","model":"gpt-5","choices":[{"index":0,"message":{"role":"assistant","content":"hello"},"finish_reason":"stop"}],"usage":{"prompt_tokens":9,"completion_tokens":12,"total_tokens":21}}"#;

/// A request to a known host.
pub fn post(path: &str, kind: &str, body: &[u8]) -> Vec<u8> {
    let host = match path {
        path if path.starts_with("/v1/messages") => "api.anthropic.com",
        path if path.starts_with("/v1beta/") => "generativelanguage.googleapis.com",
        path if path.starts_with("/model/") => "bedrock-runtime.us-east-1.amazonaws.com",
        path if path.starts_with("/api/") => "localhost:11434",
        _ => "api.openai.com",
    };
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: {host}\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// An answer with its length.
pub fn answer(headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 200 OK\r\n{headers}content-length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// A JSON answer.
pub fn json(body: &str) -> Vec<u8> {
    answer("content-type: application/json\r\n", body.as_bytes())
}

/// An answer in chunks.
pub fn chunked(kind: &str, chunks: &[Vec<u8>]) -> Vec<u8> {
    let mut wire =
        format!("HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ntransfer-encoding: chunked\r\n\r\n")
            .into_bytes();
    for chunk in chunks {
        wire.extend(format!("{:x}\r\n", chunk.len()).into_bytes());
        wire.extend_from_slice(chunk);
        wire.extend_from_slice(b"\r\n");
    }
    wire.extend_from_slice(b"0\r\n\r\n");
    wire
}

/// A stream of chat completions with so many pieces of text.
pub fn chat_stream(pieces: usize) -> Vec<Vec<u8>> {
    let event = |rest: &str| {
        format!(
            "data: {{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1760000000,\"model\":\"gpt-5\",{rest}}}\n\n"
        )
        .into_bytes()
    };
    let mut events: Vec<_> = (0..pieces)
        .map(|number| {
            event(&format!(
                r#""choices":[{{"index":0,"delta":{{"content":" word {number}"}},"finish_reason":null}}],"usage":null"#
            ))
        })
        .collect();
    events.push(event(
        r#""choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":9,"completion_tokens":12,"total_tokens":21}"#,
    ));
    events.push(b"data: [DONE]\n\n".to_vec());
    events
}

/// A pipeline and connections to it.
pub struct Player {
    pub pipeline: Pipeline,
    now: u64,
}

/// One connection's place.
#[derive(Debug, Clone, Copy)]
pub struct Wire {
    id: ConnectionId,
    places: FinalCounts,
    wrote: bool,
}

impl Wire {
    pub fn new(handle: u64) -> Self {
        Self {
            id: ConnectionId {
                process: ProcessKey(1),
                handle,
                generation: 1,
            },
            places: FinalCounts::default(),
            wrote: true,
        }
    }
}

impl Player {
    pub fn new() -> Self {
        Self::with(PipelineConfig::default())
    }

    pub fn with(config: PipelineConfig) -> Self {
        Self {
            pipeline: Pipeline::new(PipelineConfig {
                ids: IdKey::Fixed(1),
                ..config
            }),
            now: 1_700_000_000_000_000_000,
        }
    }

    /// It is so many nanoseconds after the beginning of 1970.
    pub fn go_to(&mut self, unix_nanos: u64) {
        self.now = unix_nanos;
    }

    /// The process writes or reads these bytes.
    pub fn send(&mut self, wire: &mut Wire, direction: Direction, bytes: &[u8]) {
        let writes = direction == Direction::Outbound;
        if writes && !wire.wrote {
            wire.places.turns += 1;
        }
        wire.wrote = writes;
        let place = match direction {
            Direction::Outbound => &mut wire.places.outbound,
            Direction::Inbound => &mut wire.places.inbound,
        };
        self.pipeline.segment(&Segment {
            connection: wire.id,
            direction,
            offset: *place,
            time: Timestamp::from_unix_nanos(self.now),
            turn: wire.places.turns,
            bytes,
        });
        *place += bytes.len() as u64;
        self.now += 1_000;
    }

    /// The same in pieces of at most `size` bytes.
    pub fn send_in(&mut self, wire: &mut Wire, direction: Direction, bytes: &[u8], size: usize) {
        for piece in bytes.chunks(size) {
            self.send(wire, direction, piece);
        }
    }

    /// So many bytes go by unseen.
    pub fn lose(&mut self, wire: &mut Wire, direction: Direction, bytes: usize) {
        let place = match direction {
            Direction::Outbound => &mut wire.places.outbound,
            Direction::Inbound => &mut wire.places.inbound,
        };
        *place += bytes as u64;
    }

    /// A request and its answer, each in pieces of the size of a TLS record.
    pub fn exchange(&mut self, wire: &mut Wire, request: &[u8], response: &[u8]) {
        self.send_in(wire, Direction::Outbound, request, 16 << 10);
        self.send_in(wire, Direction::Inbound, response, 16 << 10);
    }

    pub fn close(&mut self, wire: Wire) {
        self.pipeline.close(
            wire.id,
            Timestamp::from_unix_nanos(self.now),
            Some(wire.places),
        );
    }

    /// The calls reported since the last time.
    pub fn calls(&mut self) -> Vec<Call<Captured>> {
        std::iter::from_fn(|| self.pipeline.poll())
            .filter_map(|output| match output {
                Output::Call(call) => Some(*call),
                Output::Verdict(..)
                | Output::LostExchanges(..)
                | Output::Step(_)
                | Output::Evaluation(_) => None,
            })
            .collect()
    }
}
