//! Streams as servers write them.

/// Server-sent events without names, as OpenAI's chat completions and Gemini send them.
pub fn data(events: &[&str]) -> (&'static str, Vec<Vec<u8>>) {
    let event = |data: &&str| format!("data: {data}\n\n").into_bytes();
    ("text/event-stream", events.iter().map(event).collect())
}

/// Server-sent events named by the `type` of their data.
pub fn named(events: &[&str]) -> (&'static str, Vec<Vec<u8>>) {
    let event = |data: &&str| {
        let value: serde_json::Value = serde_json::from_str(data).expect("json");
        let kind = value["type"].as_str().expect("a type");
        format!("event: {kind}\ndata: {data}\n\n").into_bytes()
    };
    ("text/event-stream", events.iter().map(event).collect())
}

/// Lines of JSON.
pub fn lines(lines: &[&str]) -> (&'static str, Vec<Vec<u8>>) {
    let line = |line: &&str| format!("{line}\n").into_bytes();
    ("application/x-ndjson", lines.iter().map(line).collect())
}

/// Frames of `application/vnd.amazon.eventstream`.
pub fn frames(frames: &[(&str, String)]) -> (&'static str, Vec<Vec<u8>>) {
    let frame = |(kind, payload): &(&str, String)| frame(kind, payload);
    (
        "application/vnd.amazon.eventstream",
        frames.iter().map(frame).collect(),
    )
}

fn frame(kind: &str, payload: &str) -> Vec<u8> {
    let mut headers = Vec::new();
    for (name, value) in [(":event-type", kind), (":message-type", "event")] {
        headers.push(u8::try_from(name.len()).expect("short"));
        headers.extend_from_slice(name.as_bytes());
        headers.extend([7, 0, u8::try_from(value.len()).expect("short")]);
        headers.extend_from_slice(value.as_bytes());
    }
    let length = |bytes: usize| u32::try_from(bytes).expect("short").to_be_bytes();
    let mut frame = length(headers.len() + payload.len() + 16).to_vec();
    frame.extend(length(headers.len()));
    frame.extend(crc32fast::hash(&frame).to_be_bytes());
    frame.extend(headers);
    frame.extend_from_slice(payload.as_bytes());
    frame.extend(crc32fast::hash(&frame).to_be_bytes());
    frame
}

/// Frames of InvokeModel: chunks in base64.
pub fn invoke(chunks: &[&str]) -> (&'static str, Vec<Vec<u8>>) {
    use base64::{Engine, prelude::BASE64_STANDARD};
    let chunk = |chunk: &&str| {
        let bytes = BASE64_STANDARD.encode(chunk);
        ("chunk", format!(r#"{{"bytes":"{bytes}","p":"abcd"}}"#))
    };
    frames(&chunks.iter().map(chunk).collect::<Vec<_>>())
}
