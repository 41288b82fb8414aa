//! Formats of Amazon's frames.

use base64::{Engine, prelude::BASE64_STANDARD};

use super::text::message_events;

/// A stream of Converse.
pub fn conversation(pieces: usize) -> Vec<Vec<u8>> {
    let mut events: Vec<_> = (0..pieces)
        .map(|n| {
            let delta = format!(
                r#"{{"contentBlockIndex":0,"delta":{{"text":" word{n}"}},"p":"abcdefghijklmnopqrstuv"}}"#
            );
            frame("contentBlockDelta", &delta)
        })
        .collect();
    events.push(frame("messageStop", r#"{"stopReason":"end_turn"}"#));
    events.push(frame(
        "metadata",
        &format!(
            r#"{{"metrics":{{"latencyMs":9}},"usage":{{"inputTokens":9,"outputTokens":{pieces}}}}}"#
        ),
    ));
    events
}

/// A stream of InvokeModel with a model of Anthropic.
pub fn invoked(pieces: usize) -> Vec<Vec<u8>> {
    message_events(pieces)
        .into_iter()
        .map(|(kind, data)| {
            let metrics = format!(
                r#","amazon-bedrock-invocationMetrics":{{"inputTokenCount":4,"outputTokenCount":{pieces},"invocationLatency":9,"firstByteLatency":4,"cacheReadInputTokenCount":5,"cacheWriteInputTokenCount":0}}}}"#
            );
            let data = match (kind, data.strip_suffix('}')) {
                ("message_stop", Some(rest)) => format!("{rest}{metrics}"),
                _ => data,
            };
            let chunk = BASE64_STANDARD.encode(data);
            frame("chunk", &format!(r#"{{"bytes":"{chunk}","p":"abcdefghijklmno"}}"#))
        })
        .collect()
}

/// A frame of `application/vnd.amazon.eventstream`.
pub fn frame(event_type: &str, payload: &str) -> Vec<u8> {
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
