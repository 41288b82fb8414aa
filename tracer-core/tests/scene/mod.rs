//! Processes that call models, one exchange after the other or beside each other.

use std::time::Duration;

use serde_json::{Value, json};
use tracer_core::{
    pipeline::{Output, Pipeline, PipelineConfig},
    policy::{ReleasedVerdict, release, release_step, release_verdict},
    segment::{ConnectionId, Direction, ProcessKey, Segment},
    semconv::{Span, span, step_span},
    time::Timestamp,
};

/// What all processes do.
pub struct Scene {
    pipeline: Pipeline,
    now: Timestamp,
    spans: Vec<Span>,
    verdicts: Vec<ReleasedVerdict>,
    connections: u64,
}

/// A connection of a process.
#[derive(Debug, Clone, Copy)]
pub struct Connection {
    id: ConnectionId,
    sent: u64,
    received: u64,
    turn: u32,
}

/// A request.
#[derive(Debug, Clone)]
pub struct Ask {
    method: &'static str,
    host: &'static str,
    path: &'static str,
    headers: Vec<(&'static str, String)>,
    body: Value,
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Answer {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Value,
}

impl Scene {
    pub fn new() -> Self {
        Self::with(PipelineConfig::default())
    }

    pub fn with(config: PipelineConfig) -> Self {
        Self {
            pipeline: Pipeline::new(config),
            now: Timestamp::from_unix_nanos(1_800_000_000_000_000_000),
            spans: Vec::new(),
            verdicts: Vec::new(),
            connections: 0,
        }
    }

    /// A new connection of a process.
    pub fn connect(&mut self, process: u64) -> Connection {
        self.connections += 1;
        let id = ConnectionId {
            process: ProcessKey(process),
            handle: self.connections,
            generation: 1,
        };
        Connection {
            id,
            sent: 0,
            received: 0,
            turn: 0,
        }
    }

    /// A whole exchange, of 100 ms.
    pub fn exchange(&mut self, on: &mut Connection, ask: &Ask, answer: &Answer) {
        self.ask(on, ask);
        self.wait(Duration::from_millis(100));
        self.answer(on, answer);
        self.wait(Duration::from_millis(10));
    }

    /// A request is sent.
    pub fn ask(&mut self, on: &mut Connection, ask: &Ask) {
        self.moved(on, Direction::Outbound, &ask.wire());
    }

    /// An answer is received.
    pub fn answer(&mut self, on: &mut Connection, answer: &Answer) {
        self.moved(on, Direction::Inbound, &answer.wire());
    }

    /// A request is received by a process that serves.
    pub fn be_asked(&mut self, on: &mut Connection, ask: &Ask) {
        self.moved(on, Direction::Inbound, &ask.wire());
    }

    /// An answer of such a process is sent.
    pub fn give(&mut self, on: &mut Connection, answer: &Answer) {
        self.moved(on, Direction::Outbound, &answer.wire());
    }

    /// The connection breaks.
    pub fn close(&mut self, on: &Connection) {
        self.pipeline.close(on.id, self.now, None);
        self.take();
    }

    /// The connection goes on, but what is known of it is forgotten.
    pub fn forget(&mut self, on: &Connection) {
        self.pipeline.give_up(on.id, None);
        self.take();
    }

    /// Time passes.
    pub fn wait(&mut self, time: Duration) {
        self.now = self.now.after(time);
        self.pipeline.advance(self.now);
        self.take();
    }

    /// A process ends.
    pub fn process_ends(&mut self, process: u64) {
        self.pipeline.process_ended(ProcessKey(process));
        self.take();
    }

    /// The spans that have left so far.
    pub fn so_far(&self) -> &[Span] {
        &self.spans
    }

    /// All spans, when nothing more will come.
    pub fn finish(mut self) -> Vec<Span> {
        self.pipeline.settle();
        self.take();
        self.spans
    }

    /// All spans, and what was found of them after they had left.
    pub fn finish_with_verdicts(mut self) -> (Vec<Span>, Vec<ReleasedVerdict>) {
        let verdicts = std::mem::take(&mut self.verdicts);
        (self.finish(), verdicts)
    }

    fn moved(&mut self, on: &mut Connection, direction: Direction, bytes: &[u8]) {
        self.now = self.now.after(Duration::from_micros(10));
        let (offset, place) = match direction {
            Direction::Outbound => (on.sent, &mut on.sent),
            Direction::Inbound => (on.received, &mut on.received),
        };
        *place += bytes.len() as u64;
        on.turn += u32::from(direction == Direction::Outbound && offset > 0);
        self.pipeline.segment(&Segment {
            connection: on.id,
            direction,
            offset,
            time: self.now,
            turn: on.turn,
            bytes,
        });
        self.take();
    }

    fn take(&mut self) {
        while let Some(output) = self.pipeline.poll() {
            match output {
                Output::Call(call) => self.spans.push(span(&release(*call))),
                Output::Step(step) => self.spans.push(step_span(&release_step(*step))),
                Output::Evaluation(verdict) => self.verdicts.push(release_verdict(*verdict)),
                Output::Verdict(..) | Output::LostExchanges(..) => {}
            }
        }
    }
}

impl Ask {
    /// A chat of OpenAI's: messages are `role: text`, or JSON.
    pub fn chat(model: &str, messages: &[Value]) -> Self {
        Self {
            method: "POST",
            host: "api.openai.com",
            path: "/v1/chat/completions",
            headers: Vec::new(),
            body: json!({"model": model, "messages": messages}),
        }
    }

    /// The same of Anthropic's.
    pub fn messages(model: &str, messages: &[Value]) -> Self {
        Self {
            method: "POST",
            host: "api.anthropic.com",
            path: "/v1/messages",
            headers: Vec::new(),
            body: json!({"model": model, "max_tokens": 100, "messages": messages}),
        }
    }

    /// Any request.
    pub fn post(host: &'static str, path: &'static str, body: Value) -> Self {
        Self {
            method: "POST",
            host,
            path,
            headers: Vec::new(),
            body,
        }
    }

    /// A request for something that is stored.
    pub fn get(host: &'static str, path: &'static str) -> Self {
        Self {
            method: "GET",
            ..Self::post(host, path, Value::Null)
        }
    }

    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    /// The body has this member as well.
    pub fn member(mut self, name: &str, value: Value) -> Self {
        self.body[name] = value;
        self
    }

    pub fn at(self, host: &'static str) -> Self {
        Self { host, ..self }
    }

    fn wire(&self) -> Vec<u8> {
        let body = match &self.body {
            Value::Null => String::new(),
            body => body.to_string(),
        };
        let mut head = format!(
            "{} {} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n",
            self.method,
            self.path,
            self.host,
            body.len()
        );
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        (head + "\r\n" + &body).into_bytes()
    }
}

impl Answer {
    /// An answer of OpenAI's with a text.
    pub fn text(text: &str) -> Self {
        Self::chat(json!({"role": "assistant", "content": text}), "stop")
    }

    /// One that asks for tools: id, name, arguments.
    pub fn tools(tools: &[(&str, &str, Value)]) -> Self {
        let calls: Vec<_> = tools.iter().map(tool_call).collect();
        let message = json!({"role": "assistant", "content": null, "tool_calls": calls});
        Self::chat(message, "tool_calls")
    }

    fn chat(message: Value, reason: &str) -> Self {
        Self::json(
            json!({"id": "chatcmpl-1", "object": "chat.completion", "model": "m",
            "choices": [{"index": 0, "message": message, "finish_reason": reason}],
            "usage": {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}}),
        )
    }

    /// An answer of Anthropic's with these blocks.
    pub fn blocks(blocks: Value, reason: &str) -> Self {
        Self::json(
            json!({"id": "msg_1", "type": "message", "role": "assistant", "model": "m",
            "content": blocks, "stop_reason": reason,
            "usage": {"input_tokens": 3, "output_tokens": 4}}),
        )
    }

    /// An error.
    pub fn error(status: u16, code: &str) -> Self {
        Self {
            status,
            ..Self::json(json!({"error": {"message": "no", "type": code, "code": code}}))
        }
    }

    /// The same answer with another status.
    pub fn status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    /// An answer of OpenAI's that is this message, and ended for this reason.
    pub fn message(message: Value, reason: &str) -> Self {
        Self::chat(message, reason)
    }

    /// Any answer.
    pub fn json(body: Value) -> Self {
        Self {
            status: 200,
            headers: Vec::new(),
            body,
        }
    }

    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    fn wire(&self) -> Vec<u8> {
        let body = self.body.to_string();
        let mut head = format!(
            "HTTP/1.1 {} X\r\nContent-Type: application/json\r\nContent-Length: {}\r\n",
            self.status,
            body.len()
        );
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        (head + "\r\n" + &body).into_bytes()
    }
}

/// A message of a user.
pub fn user(text: &str) -> Value {
    json!({"role": "user", "content": text})
}

/// What a model answered.
pub fn assistant(text: &str) -> Value {
    json!({"role": "assistant", "content": text})
}

/// Tools that a model asked for.
pub fn asked(tools: &[(&str, &str, Value)]) -> Value {
    let calls: Vec<_> = tools.iter().map(tool_call).collect();
    json!({"role": "assistant", "tool_calls": calls})
}

/// What a tool gave.
pub fn gave(id: &str, text: &str) -> Value {
    json!({"role": "tool", "tool_call_id": id, "content": text})
}

fn tool_call((id, name, arguments): &(&str, &str, Value)) -> Value {
    json!({"id": id, "type": "function",
        "function": {"name": name, "arguments": arguments.to_string()}})
}
