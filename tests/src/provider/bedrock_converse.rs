//! Bedrock's conversations: JSON, or frames of `application/vnd.amazon.eventstream`.

use flate2::Crc;

use super::{answer::Answer, ledger::Tokens};

const FINISH: &str = "end_turn";

/// Fills in the answer. It names no model and has no id beyond that of the request.
pub fn answer(answer: &mut Answer<'_>) {
    let tokens = answer.asked.tokens();
    if answer.asked.stream {
        stream(answer, &tokens);
    } else {
        let body = format!(
            r#"{{"metrics":{{"latencyMs":9}},"output":{{"message":{{"content":[{{"text":"{}"}}],"role":"assistant"}}}},"stopReason":"{FINISH}","usage":{}}}"#,
            answer.text(0),
            usage(&tokens)
        );
        answer.frames.bytes(body.as_bytes());
    }
    answer.entry.tokens = tokens;
    answer.entry.finish_reasons = Some(vec![FINISH.to_owned()]);
}

fn stream(answer: &mut Answer<'_>, tokens: &Tokens) {
    event(answer, "messageStart", r#"{"role":"assistant"}"#);
    for chunk in 0..answer.asked.options.chunks {
        let text = answer.text(chunk);
        let delta = format!(r#"{{"contentBlockIndex":0,"delta":{{"text":"{text}"}}}}"#);
        event(answer, "contentBlockDelta", &delta);
    }
    event(answer, "contentBlockStop", r#"{"contentBlockIndex":0}"#);
    let stop = format!(r#"{{"stopReason":"{FINISH}"}}"#);
    event(answer, "messageStop", &stop);
    let metadata = format!(
        r#"{{"metrics":{{"latencyMs":9}},"usage":{}}}"#,
        usage(tokens)
    );
    event(answer, "metadata", &metadata);
}

fn event(answer: &mut Answer<'_>, kind: &str, payload: &str) {
    answer.frames.bytes(&frame(kind, payload.as_bytes()));
}

/// Lengths of all and of the headers, their checksum, headers, payload, and the checksum of all.
fn frame(kind: &str, payload: &[u8]) -> Vec<u8> {
    const AROUND: usize = 16;
    let mut headers = Vec::new();
    for (name, value) in [
        (":event-type", kind),
        (":content-type", "application/json"),
        (":message-type", "event"),
    ] {
        let is_text = 7;
        headers.push(name.len() as u8);
        headers.extend_from_slice(name.as_bytes());
        headers.push(is_text);
        headers.extend_from_slice(&(value.len() as u16).to_be_bytes());
        headers.extend_from_slice(value.as_bytes());
    }
    let length = AROUND + headers.len() + payload.len();
    let mut frame = Vec::with_capacity(length);
    frame.extend_from_slice(&(length as u32).to_be_bytes());
    frame.extend_from_slice(&(headers.len() as u32).to_be_bytes());
    frame.extend_from_slice(&checksum(&frame));
    frame.extend_from_slice(&headers);
    frame.extend_from_slice(payload);
    frame.extend_from_slice(&checksum(&frame));
    frame
}

fn checksum(bytes: &[u8]) -> [u8; 4] {
    let mut checksum = Crc::new();
    checksum.update(bytes);
    checksum.sum().to_be_bytes()
}

/// `inputTokens` on the wire excludes what was read from or written to the cache.
fn usage(tokens: &Tokens) -> String {
    let [input, output, read, created] = [
        tokens.input,
        tokens.output,
        tokens.cache_read,
        tokens.cache_creation,
    ]
    .map(Option::unwrap_or_default);
    format!(
        r#"{{"cacheReadInputTokens":{read},"cacheWriteInputTokens":{created},"inputTokens":{},"outputTokens":{output},"totalTokens":{}}}"#,
        input - read - created,
        input + output
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The length counts itself and both checksums.
    #[test]
    fn a_frame_says_its_length() {
        let frame = frame("messageStop", b"{}");
        let length = u32::from_be_bytes(frame[..4].try_into().expect("four bytes"));
        assert_eq!(length as usize, frame.len());
        let headers = u32::from_be_bytes(frame[4..8].try_into().expect("four bytes"));
        assert_eq!(&frame[12 + headers as usize..][..2], b"{}");
    }
}
