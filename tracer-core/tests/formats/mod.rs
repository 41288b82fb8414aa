//! A streamed answer of each wire format, as its provider writes it: for benchmarks, and for what
//! must hold of all of them.

mod binary;
mod text;

/// A request, and the answer that streams back.
pub struct Format {
    pub name: &'static str,
    pub host: &'static str,
    pub path: &'static str,
    pub body: &'static str,
    pub content_type: &'static str,
    /// The answer, event by event.
    pub events: Vec<Vec<u8>>,
}

/// What every answer counts as its input.
pub const INPUT: u64 = 9;

const SSE: &str = "text/event-stream";
const MESSAGES: &str =
    r#"{"model":"m","stream":true,"max_tokens":9,"messages":[{"role":"user","content":"hi"}]}"#;
const CONTENTS: &str = r#"{"contents":[{"role":"user","parts":[{"text":"hi"}]}]}"#;

impl Format {
    /// The request, as HTTP/1.1.
    pub fn request(&self) -> Vec<u8> {
        let Self {
            host, path, body, ..
        } = self;
        format!(
            "POST {path} HTTP/1.1\r\nhost: {host}\r\nanthropic-version: 2023-06-01\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
        .into_bytes()
    }

    /// The answer in chunks, one an event.
    pub fn chunked(&self) -> Vec<u8> {
        let mut wire = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: {}\r\ntransfer-encoding: chunked\r\n\r\n",
            self.content_type
        )
        .into_bytes();
        for event in &self.events {
            wire.extend_from_slice(format!("{:x}\r\n", event.len()).as_bytes());
            wire.extend_from_slice(event);
            wire.extend_from_slice(b"\r\n");
        }
        wire.extend_from_slice(b"0\r\n\r\n");
        wire
    }

    /// The answer with its length, in a content coding if one is named.
    pub fn whole(&self, coding: Option<&str>, body: &[u8]) -> Vec<u8> {
        let coding = coding.map_or_else(String::new, |coding| {
            format!("content-encoding: {coding}\r\n")
        });
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: {}\r\n{coding}content-length: {}\r\n\r\n",
            self.content_type,
            body.len()
        );
        [head.as_bytes(), body].concat()
    }
}

/// All formats, each with so many pieces of text, which is what its last count says.
pub fn all(pieces: usize) -> Vec<Format> {
    let format = |name, host, path, body, content_type, events| Format {
        name,
        host,
        path,
        body,
        content_type,
        events,
    };
    let openai = "api.openai.com";
    let google = "generativelanguage.googleapis.com";
    let bedrock = "bedrock-runtime.us-east-1.amazonaws.com";
    let frames = "application/vnd.amazon.eventstream";
    let gemini = "/v1beta/models/m:streamGenerateContent";
    vec![
        format(
            "openai.chat",
            openai,
            "/v1/chat/completions",
            MESSAGES,
            SSE,
            text::chat(pieces),
        ),
        format(
            "openai.chat, running counts",
            "vllm.example",
            "/v1/chat/completions",
            MESSAGES,
            SSE,
            text::counting_chat(pieces),
        ),
        format(
            "openai.responses",
            openai,
            "/v1/responses",
            r#"{"model":"m","stream":true,"input":"hi"}"#,
            SSE,
            text::responses(pieces),
        ),
        format(
            "mistral",
            "api.mistral.ai",
            "/v1/chat/completions",
            MESSAGES,
            SSE,
            text::mistral(pieces),
        ),
        format(
            "anthropic.messages",
            "api.anthropic.com",
            "/v1/messages",
            MESSAGES,
            SSE,
            text::messages(pieces),
        ),
        format(
            "google, sse",
            google,
            gemini,
            CONTENTS,
            SSE,
            text::contents(pieces),
        ),
        format(
            "google, array",
            google,
            gemini,
            CONTENTS,
            "application/json; charset=UTF-8",
            text::array(pieces),
        ),
        format(
            "bedrock.converse",
            bedrock,
            "/model/m/converse-stream",
            r#"{"messages":[{"role":"user","content":[{"text":"hi"}]}]}"#,
            frames,
            binary::conversation(pieces),
        ),
        format(
            "bedrock.invoke, anthropic",
            bedrock,
            "/model/m/invoke-with-response-stream",
            r#"{"anthropic_version":"bedrock-2023-05-31","max_tokens":9,"messages":[{"role":"user","content":"hi"}]}"#,
            frames,
            binary::invoked(pieces),
        ),
        format(
            "cohere.chat",
            "api.cohere.com",
            "/v2/chat",
            MESSAGES,
            SSE,
            text::cohere(pieces),
        ),
        format(
            "ollama.chat",
            "localhost:11434",
            "/api/chat",
            r#"{"model":"m","messages":[{"role":"user","content":"hi"}]}"#,
            "application/x-ndjson",
            text::lines(pieces),
        ),
        format(
            "tgi.generate",
            "tgi.example",
            "/generate_stream",
            r#"{"inputs":"hi","parameters":{"max_new_tokens":9}}"#,
            SSE,
            text::tokens(pieces),
        ),
        format(
            "llama_cpp.completion",
            "llama.example",
            "/completion",
            r#"{"prompt":"hi","n_predict":9,"stream":true}"#,
            SSE,
            text::completion(pieces),
        ),
    ]
}
