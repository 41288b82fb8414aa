//! Calls of many kinds with something planted wherever people could leave it.

use crate::{
    calls,
    garden::Gardener,
    http2, inbound, outcomes,
    planted::{Plant, Random},
    websocket,
};

/// Which side of the barrier it is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// A policy may let it out.
    Content,
    /// Nothing lets it out: a header, a query, the message of an error.
    Wire,
}

/// Makes a call of an API.
type Api = fn(&mut Gardener) -> Exchange;

/// A plant and where it stands.
pub struct Planted {
    pub plant: Plant,
    pub api: &'static str,
    pub place: &'static str,
    pub origin: Origin,
}

/// What passes on the connections of a process, in order.
pub struct Exchange {
    /// In a process of its own, since what it says is joined by what else the process does.
    pub is_alone: bool,
    /// How many calls it is.
    pub calls: usize,
    pub passed: Vec<Passed>,
}

/// Bytes that were written or read together.
pub struct Passed {
    /// Which of the connections.
    pub connection: usize,
    pub way: Way,
    pub bytes: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    Out,
    In,
}

impl Passed {
    pub fn out(connection: usize, bytes: impl Into<Vec<u8>>) -> Self {
        Self {
            connection,
            way: Way::Out,
            bytes: bytes.into(),
        }
    }

    pub fn inwards(connection: usize, bytes: impl Into<Vec<u8>>) -> Self {
        Self {
            way: Way::In,
            ..Self::out(connection, bytes)
        }
    }
}

impl Exchange {
    /// One request with its answer.
    pub fn new(request: impl Into<Vec<u8>>, response: impl Into<Vec<u8>>) -> Self {
        Self {
            is_alone: false,
            calls: 1,
            passed: vec![Passed::out(0, request), Passed::inwards(0, response)],
        }
    }
}

pub struct Traffic {
    pub exchanges: Vec<Exchange>,
    pub planted: Vec<Planted>,
}

const APIS: [(&str, Api); 27] = [
    ("chat", calls::chat),
    ("chat, streamed", calls::chat_stream),
    ("messages", calls::messages_stream),
    ("gemini", calls::gemini_stream),
    ("responses", calls::responses),
    ("ollama", calls::ollama),
    ("mcp", calls::mcp),
    ("refused", calls::refused),
    ("chat over http2", http2::chat),
    ("messages over http2", http2::messages),
    ("grpc", http2::grpc),
    ("realtime", websocket::realtime),
    ("responses over websocket", websocket::responses),
    ("a request of a user", inbound::request),
    ("mcp, served", inbound::mcp),
    ("chat, served", inbound::chat),
    ("moderation", outcomes::moderation),
    ("moderated chat", outcomes::moderated),
    ("judged chat", outcomes::judged),
    ("refusal", outcomes::refusal),
    ("refusal of messages", outcomes::refusal_of_messages),
    ("filtered", outcomes::filtered),
    ("guardrail", outcomes::guardrail),
    ("mcp, resource", calls::mcp_resource),
    ("mcp, failure", calls::mcp_failure),
    ("attributed messages", calls::attributed),
    ("attributed chat", calls::attributed_chat),
];

impl Traffic {
    /// With so many plants at least.
    pub fn new(plants: usize) -> Self {
        let mut gardener = Gardener::new(Random(0x2545_f491_4f6c_dd1d));
        let mut exchanges = Vec::new();
        while gardener.planted.len() < plants {
            let (name, api) = APIS[exchanges.len() % APIS.len()];
            gardener.api = name;
            exchanges.push(api(&mut gardener));
        }
        Self {
            exchanges,
            planted: gardener.planted,
        }
    }

    /// How many calls it is.
    pub fn calls(&self) -> usize {
        self.exchanges.iter().map(|it| it.calls).sum()
    }
}
