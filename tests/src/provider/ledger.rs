//! What was really served: one entry per exchange, with what a correct tracer must report.

use std::{
    fs::File,
    io::{BufWriter, Write},
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
};

use anyhow::Context;
use serde::{Deserialize, Serialize};

/// The wire APIs that the provider speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Api {
    /// `POST /v1/chat/completions`
    OpenAiChat,
    /// `POST /v1/completions`
    OpenAiCompletions,
    /// `POST /v1/embeddings`
    OpenAiEmbeddings,
    /// `POST /v1/responses`
    OpenAiResponses,
    /// `POST /v1/messages`
    AnthropicMessages,
    /// `POST /v1/models/MODEL:generateContent` and `:streamGenerateContent`, or the same of `/v1beta`
    GoogleGenerate,
    /// `POST /model/MODEL/converse` and `/converse-stream`
    BedrockConverse,
    /// `POST /api/chat`
    OllamaChat,
    /// `POST /xai_api.Chat/GetCompletion` and `/GetCompletionChunk`, over gRPC
    XaiChat,
}

impl Api {
    /// `gen_ai.operation.name`.
    pub const fn operation(self) -> &'static str {
        match self {
            Self::OpenAiChat
            | Self::OpenAiResponses
            | Self::AnthropicMessages
            | Self::BedrockConverse
            | Self::OllamaChat
            | Self::XaiChat => "chat",
            Self::GoogleGenerate => "generate_content",
            Self::OpenAiCompletions => "text_completion",
            Self::OpenAiEmbeddings => "embeddings",
        }
    }

    /// `gen_ai.provider.name`, where the host says nothing of it.
    pub const fn provider(self) -> &'static str {
        match self {
            Self::AnthropicMessages => "anthropic",
            Self::GoogleGenerate => "gcp.gen_ai",
            Self::BedrockConverse => "aws.bedrock",
            Self::OllamaChat => "ollama",
            Self::XaiChat => "x_ai",
            _ => "openai",
        }
    }

    /// The header that its answers have their request id in.
    pub const fn request_id_header(self) -> &'static str {
        match self {
            Self::AnthropicMessages => "request-id",
            Self::BedrockConverse => "x-amzn-requestid",
            _ => "x-request-id",
        }
    }

    /// Whether its bodies are read: those of gRPC are not.
    pub const fn is_read(self) -> bool {
        !matches!(self, Self::XaiChat)
    }

    /// Type of its answers in one piece.
    pub const fn document_type(self) -> &'static str {
        match self {
            Self::XaiChat => self.stream_type(),
            _ => "application/json",
        }
    }

    /// Type of its streams.
    pub const fn stream_type(self) -> &'static str {
        match self {
            Self::BedrockConverse => "application/vnd.amazon.eventstream",
            Self::OllamaChat => "application/x-ndjson",
            Self::XaiChat => "application/grpc",
            _ => "text/event-stream; charset=utf-8",
        }
    }
}

/// Token counts as the conventions define them: `input` includes cached, `output` reasoning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[expect(missing_docs, reason = "named after the attributes of the conventions")]
pub struct Tokens {
    pub input: Option<u64>,
    pub output: Option<u64>,
    pub cache_read: Option<u64>,
    pub cache_creation: Option<u64>,
    pub reasoning: Option<u64>,
}

/// A tool call of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "as on the wire")]
pub struct Tool {
    pub id: String,
    pub name: String,
}

/// One exchange, as a correct tracer must report it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Number of the exchange at this provider, from 0.
    pub sequence: u64,
    /// Port of the client's end of the connection; `None` where somebody stands between.
    pub client_port: Option<u16>,
    /// Which API.
    pub api: Api,
    /// `gen_ai.operation.name`.
    pub operation: String,
    /// The request's `host` header, or `:authority`.
    pub host: String,
    /// Version of HTTP: `1.1` or `2`.
    pub http_version: String,
    /// `gen_ai.request.model`.
    pub request_model: Option<String>,
    /// Was a stream asked for?
    pub stream: bool,
    /// The number in the prompt (`n=…`), else the length of the body.
    pub n: u64,
    /// Which attempt the client says this is (`x-stainless-retry-count`).
    pub retry_count: Option<u64>,
    /// HTTP status.
    pub status: u16,
    /// The request id in the response's headers.
    pub request_id: String,
    /// `gen_ai.response.id`.
    pub response_id: Option<String>,
    /// `gen_ai.response.model`.
    pub response_model: Option<String>,
    /// One per choice in the provider's words; `None` where the conventions leave it open.
    pub finish_reasons: Option<Vec<String>>,
    /// Token counts that were on the wire.
    pub tokens: Tokens,
    /// Tools asked for.
    pub tools: Vec<Tool>,
    /// Any of these is right for `error.type`; empty when nothing failed.
    pub error_types: Vec<String>,
    /// Was the answer sent to its end? False after a cut or when the client went away.
    pub complete: bool,
}

impl Entry {
    /// Takes back what an answer tells at its end.
    pub(super) fn cut_off(&mut self) {
        self.finish_reasons = None;
        self.tokens = match (self.api, self.stream) {
            (Api::AnthropicMessages, true) => Tokens {
                output: None,
                ..self.tokens
            },
            _ => Tokens::default(),
        };
        if !self.stream {
            self.response_id = None;
            self.response_model = None;
        }
    }
}

/// Entries in the order in which their exchanges ended.
#[derive(Debug, Default)]
pub struct Ledger {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    served: u64,
    entries: Vec<Entry>,
    file: Option<BufWriter<File>>,
}

impl Ledger {
    /// Kept in memory, for tests in the same process.
    pub fn in_memory() -> Self {
        Self::default()
    }

    /// Written to a file as JSON lines, for other processes.
    pub fn to_file(path: &Path) -> anyhow::Result<Self> {
        let file = File::create(path)
            .with_context(|| format!("cannot create the ledger {}", path.display()))?;
        let state = State {
            file: Some(BufWriter::new(file)),
            ..State::default()
        };
        Ok(Self {
            state: Mutex::new(state),
        })
    }

    /// Exchanges served so far.
    pub fn served(&self) -> u64 {
        self.lock().served
    }

    /// All entries so far (none when they go to a file).
    pub fn entries(&self) -> Vec<Entry> {
        self.lock().entries.clone()
    }

    /// Entries from the `from`th on.
    pub fn since(&self, from: usize) -> Vec<Entry> {
        self.lock().entries.get(from..).unwrap_or_default().to_vec()
    }

    pub(super) fn record(&self, entry: Entry) {
        let mut state = self.lock();
        state.served += 1;
        match state.file.as_mut() {
            None => state.entries.push(entry),
            Some(file) => write_line(file, &entry),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A ledger that cannot be written makes every comparison fail, so the error needs no path of its own.
fn write_line(file: &mut BufWriter<File>, entry: &Entry) {
    let written = serde_json::to_writer(&mut *file, entry).is_ok()
        && file.write_all(b"\n").is_ok()
        && file.flush().is_ok();
    debug_assert!(written, "the ledger cannot be written");
}

/// Reads a ledger file.
pub fn read(path: &Path) -> anyhow::Result<Vec<Entry>> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("cannot read the ledger {}", path.display()))?;
    text.lines()
        .map(|line| serde_json::from_str(line).context("a line of the ledger is not an entry"))
        .collect()
}
