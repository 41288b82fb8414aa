//! How fast streamed answers pass through the core when only metadata is wanted.
//!
//! `cargo bench -p tracer-core --bench streams`. `pipeline/*` is all of the core: HTTP/1.1 with a
//! chunk an event, in segments of the size of a TLS record, one answer a connection. `framing/*` is
//! only the cutting into events.

use std::hint::black_box;

use criterion::{Criterion, Throughput};
use tracer_core::{
    limits::Limits,
    pipeline::{Output, Pipeline},
    segment::{ConnectionId, Direction, ProcessKey, Segment},
    stream::{
        event_stream::EventStream, framing::Framing, json_array::JsonArray, ndjson::Ndjson,
        sse::Sse,
    },
    time::Timestamp,
};

/// Events of each answer.
const EVENTS: usize = 4_000;
/// The largest TLS record.
const RECORD_BYTES: usize = 16 << 10;

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    pipeline(&mut criterion);
    framing(&mut criterion);
    criterion.final_summary();
}

fn pipeline(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("pipeline");
    let sse = "text/event-stream";
    for (name, path, content_type, events) in [
        ("openai.chat", "/v1/chat/completions", sse, bytes(chat())),
        ("openai.responses", "/v1/responses", sse, bytes(responses())),
        ("anthropic.messages", "/v1/messages", sse, bytes(messages())),
        (
            "google.generate_content",
            "/v1beta/models/m:streamGenerateContent",
            sse,
            bytes(contents()),
        ),
        (
            "bedrock.converse",
            "/model/m/converse-stream",
            "application/vnd.amazon.eventstream",
            conversation(),
        ),
        (
            "ollama.generate",
            "/api/chat",
            "application/x-ndjson",
            bytes(lines()),
        ),
    ] {
        let request = request(path);
        let response = response(content_type, &events);
        group.throughput(Throughput::Bytes(response.len() as u64));
        group.bench_function(name, |bencher| bencher.iter(|| play(&request, &response)));
    }
    group.finish();
}

/// Makes a parser.
type New = fn(&Limits) -> Framing;

fn framing(criterion: &mut Criterion) {
    let array = format!("[{}]", json().join("\n,\r\n"));
    let rows: [(&str, Vec<u8>, New); 4] = [
        ("sse", chat().concat().into_bytes(), |limits| {
            Framing::Sse(Sse::new(limits))
        }),
        ("ndjson", json().join("\n").into_bytes(), |limits| {
            Framing::Ndjson(Ndjson::new(limits))
        }),
        ("json_array", array.into_bytes(), |limits| {
            Framing::JsonArray(JsonArray::new(limits))
        }),
        ("event_stream", deltas().concat(), |limits| {
            Framing::EventStream(EventStream::new(limits))
        }),
    ];
    let mut group = criterion.benchmark_group("framing");
    for (name, body, new) in rows {
        group.throughput(Throughput::Bytes(body.len() as u64));
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let mut parser = new(&Limits::default());
                let mut events = 0;
                for piece in body.chunks(RECORD_BYTES) {
                    parser.feed(piece, &mut |event| {
                        events += 1;
                        black_box(event.data);
                    });
                }
                events += usize::from(parser.finish().is_some());
                assert!(events >= EVENTS);
            });
        });
    }
    group.finish();
}

/// One connection with one exchange; its call must come out with its usage.
fn play(request: &str, response: &[u8]) {
    let mut pipeline = Pipeline::default();
    let mut offset = 0;
    let records = response
        .chunks(RECORD_BYTES)
        .map(|piece| (Direction::Inbound, piece));
    for (direction, bytes) in [(Direction::Outbound, request.as_bytes())]
        .into_iter()
        .chain(records)
    {
        let inbound = direction == Direction::Inbound;
        pipeline.segment(&Segment {
            connection: ConnectionId {
                process: ProcessKey(1),
                handle: 1,
                generation: 1,
            },
            direction,
            offset: if inbound { offset } else { 0 },
            time: Timestamp::from_unix_nanos(1_700_000_000_000_000_000 + offset),
            turn: 0,
            bytes,
        });
        offset += if inbound { bytes.len() as u64 } else { 0 };
    }
    let call = std::iter::from_fn(|| pipeline.poll()).find_map(|output| match output {
        Output::Call(call) => Some(call),
        Output::Verdict(..) | Output::LostExchanges(..) => None,
    });
    let call = call.expect("a call");
    assert_eq!(call.facts().usage.output, Some(EVENTS as u64));
    black_box(call);
}

fn request(path: &str) -> String {
    let body = r#"{"model":"m","stream":true,"max_tokens":9,"messages":[{"role":"user","content":"hi"}],
        "input":"hi","contents":[{"parts":[{"text":"hi"}]}]}"#;
    format!(
        "POST {path} HTTP/1.1\r\nhost: api.example.com\r\nanthropic-version: 2023-06-01\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

fn response(content_type: &str, events: &[Vec<u8>]) -> Vec<u8> {
    let mut wire = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: {content_type}\r\ntransfer-encoding: chunked\r\n\r\n"
    )
    .into_bytes();
    for event in events {
        wire.extend_from_slice(format!("{:x}\r\n", event.len()).as_bytes());
        wire.extend_from_slice(event);
        wire.extend_from_slice(b"\r\n");
    }
    wire.extend_from_slice(b"0\r\n\r\n");
    wire
}

fn bytes(events: Vec<String>) -> Vec<Vec<u8>> {
    events.into_iter().map(String::into_bytes).collect()
}

/// A stream of chat completions as OpenAI sends it.
fn chat() -> Vec<String> {
    let chunk = |rest: &str| {
        format!(
            "data: {{\"id\":\"chatcmpl-AbCdEfGhIjKlMnOpQrStUvWxYz012\",\"object\":\"chat.completion.chunk\",\
             \"created\":1760000000,\"model\":\"gpt-4o-mini-2024-07-18\",\"service_tier\":\"default\",\
             \"system_fingerprint\":\"fp_0123456789\",{rest}}}\n\n"
        )
    };
    let mut events = vec![chunk(
        r#""choices":[{"index":0,"delta":{"role":"assistant","content":""},"logprobs":null,"finish_reason":null}],"usage":null"#,
    )];
    events.extend((0..EVENTS).map(|n| {
        chunk(&format!(
            r#""choices":[{{"index":0,"delta":{{"content":" word{n}"}},"logprobs":null,"finish_reason":null}}],"usage":null,"obfuscation":"aB3dE5fG7h""#
        ))
    }));
    events.push(chunk(
        r#""choices":[{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}],"usage":null"#,
    ));
    events.push(chunk(&format!(
        r#""choices":[],"usage":{{"prompt_tokens":9,"completion_tokens":{EVENTS},"total_tokens":{}}}"#,
        EVENTS + 9
    )));
    events.push("data: [DONE]\n\n".to_owned());
    events
}

/// A stream of the Responses API.
fn responses() -> Vec<String> {
    let event =
        |kind: &str, rest: &str| format!("event: {kind}\ndata: {{\"type\":\"{kind}\",{rest}}}\n\n");
    let mut events = vec![event(
        "response.created",
        r#""sequence_number":0,"response":{"id":"resp_1","model":"gpt-4o","status":"in_progress","output":[]}"#,
    )];
    events.extend((0..EVENTS).map(|n| {
        event(
            "response.output_text.delta",
            &format!(
                r#""sequence_number":{n},"item_id":"msg_68a1b2c3d4e5f60718293a4b5c6d7e8f","output_index":0,"content_index":0,"delta":" word","logprobs":[],"obfuscation":"aB3dE5fG7h""#
            ),
        )
    }));
    events.push(event(
        "response.completed",
        &format!(
            r#""response":{{"id":"resp_1","model":"gpt-4o","status":"completed","output":[],"usage":{{"input_tokens":9,"output_tokens":{EVENTS},"total_tokens":{}}}}}"#,
            EVENTS + 9
        ),
    ));
    events
}

/// A stream of Anthropic's messages.
fn messages() -> Vec<String> {
    let event =
        |kind: &str, rest: &str| format!("event: {kind}\ndata: {{\"type\":\"{kind}\"{rest}}}\n\n");
    let mut events = vec![event(
        "message_start",
        r#","message":{"id":"msg_1","model":"claude","usage":{"input_tokens":9,"output_tokens":1}}"#,
    )];
    events.extend((0..EVENTS).map(|n| {
        event(
            "content_block_delta",
            &format!(
                r#","index":0,"delta":{{"type":"text_delta","text":" some words{n}"}}           "#
            ),
        )
    }));
    events.push(event(
        "message_delta",
        &format!(
            r#","delta":{{"stop_reason":"end_turn","stop_sequence":null}},"usage":{{"output_tokens":{EVENTS}}}"#
        ),
    ));
    events.push(event("message_stop", ""));
    events
}

/// Chunks as Gemini writes them, without their framing.
fn json() -> Vec<String> {
    (0..EVENTS)
        .map(|n| {
            format!(
                "{{\"candidates\":[{{\"content\":{{\"parts\":[{{\"text\":\"some words of answer {n}, and then \
                 some more so that it is about as long as usual\"}}],\"role\":\"model\"}},\"index\":0}}],\
                 \"usageMetadata\":{{\"promptTokenCount\":9,\"candidatesTokenCount\":{n},\"totalTokenCount\":{n}}},\
                 \"modelVersion\":\"gemini-2.5-flash\",\"responseId\":\"aBcDeFgHiJkL\"}}"
            )
        })
        .collect()
}

/// The same as server-sent events, with an end.
fn contents() -> Vec<String> {
    let mut chunks = json();
    chunks.push(format!(
        r#"{{"candidates":[{{"finishReason":"STOP"}}],"usageMetadata":{{"promptTokenCount":9,"candidatesTokenCount":{EVENTS}}}}}"#
    ));
    let event = |chunk| format!("data: {chunk}\r\n\r\n");
    chunks.into_iter().map(event).collect()
}

/// A stream of Ollama.
fn lines() -> Vec<String> {
    let line = |rest: &str| {
        format!("{{\"model\":\"llama3\",\"created_at\":\"2026-01-01T00:00:00.123456Z\",{rest}}}\n")
    };
    let mut lines: Vec<_> = (0..EVENTS)
        .map(|n| {
            line(&format!(
                r#""message":{{"role":"assistant","content":" word{n}"}},"done":false"#
            ))
        })
        .collect();
    lines.push(line(&format!(
        r#""message":{{"role":"assistant","content":""}},"done":true,"done_reason":"stop","eval_count":{EVENTS}"#
    )));
    lines
}

/// A stream of Bedrock, with an end.
fn conversation() -> Vec<Vec<u8>> {
    let mut events = deltas();
    events.push(frame("messageStop", r#"{"stopReason":"end_turn"}"#));
    events.push(frame(
        "metadata",
        &format!(r#"{{"usage":{{"inputTokens":9,"outputTokens":{EVENTS}}}}}"#),
    ));
    events
}

/// Pieces of text as Bedrock frames them.
fn deltas() -> Vec<Vec<u8>> {
    let delta = |n| {
        format!(
            r#"{{"contentBlockIndex":0,"delta":{{"text":" word{n}"}},"p":"abcdefghijklmnopqrstuv"}}"#
        )
    };
    (0..EVENTS)
        .map(|n| frame("contentBlockDelta", &delta(n)))
        .collect()
}

/// A frame of a Bedrock stream.
fn frame(event_type: &str, payload: &str) -> Vec<u8> {
    let mut headers = Vec::new();
    for (name, value) in [
        (":event-type", event_type),
        (":content-type", "application/json"),
        (":message-type", "event"),
    ] {
        headers.push(u8::try_from(name.len()).expect("short"));
        headers.extend_from_slice(name.as_bytes());
        headers.extend_from_slice(&[7, 0, u8::try_from(value.len()).expect("short")]);
        headers.extend_from_slice(value.as_bytes());
    }
    let length = |bytes: usize| u32::try_from(bytes).expect("short").to_be_bytes();
    let mut frame = length(headers.len() + payload.len() + 16).to_vec();
    frame.extend_from_slice(&length(headers.len()));
    frame.extend_from_slice(&crc32fast::hash(&frame).to_be_bytes());
    frame.extend_from_slice(&headers);
    frame.extend_from_slice(payload.as_bytes());
    frame.extend_from_slice(&crc32fast::hash(&frame).to_be_bytes());
    frame
}
