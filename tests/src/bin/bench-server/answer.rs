//! Prebuilt answers of the chat completions API.

use std::{
    ops::Range,
    sync::atomic::{AtomicU64, Ordering},
};

/// Server-sent events of a streamed answer, `[DONE]` included.
pub const EVENTS: usize = 200;
/// Bytes of an answer that is not streamed, without its head.
const JSON_BYTES: usize = 2048;
const ID_DIGITS: usize = 16;
const ID: &str = "0000000000000000";
const PROMPT: &str = "\"prompt_tokens\":1000";
const COMPLETION: &str = "\"completion_tokens\":2000";

/// Both answers; each connection patches its own copy.
#[derive(Clone)]
pub struct Templates {
    /// A 2 KB JSON body in one record.
    pub json: Template,
    /// A stream of [`EVENTS`] events, a record each.
    pub stream: Template,
}

impl Templates {
    /// Builds both.
    pub fn new() -> Self {
        Self {
            json: Template::new(&[json_answer()]),
            stream: Template::new(&stream_answer()),
        }
    }
}

/// Bytes of an answer, cut into TLS records, with the places that change.
#[derive(Clone)]
pub struct Template {
    bytes: Vec<u8>,
    records: Vec<Range<usize>>,
    ids: Vec<usize>,
    prompt_tokens: usize,
    completion_tokens: usize,
}

impl Template {
    fn new(records: &[String]) -> Self {
        let text = records.concat();
        let mut end = 0;
        let records = records
            .iter()
            .map(|record| {
                let start = end;
                end += record.len();
                start..end
            })
            .collect();
        let four_digits_after = |key: &str| text.find(key).map_or(0, |at| at + key.len() - 4);
        Self {
            records,
            ids: text.match_indices(ID).map(|(at, _)| at).collect(),
            prompt_tokens: four_digits_after(PROMPT),
            completion_tokens: four_digits_after(COMPLETION),
            bytes: text.into_bytes(),
        }
    }

    /// The records of the next answer, under an id of its own.
    pub fn next(&mut self) -> impl Iterator<Item = &[u8]> {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        let digits: [u8; ID_DIGITS] = decimal(id);
        for &at in &self.ids {
            self.bytes[at..at + ID_DIGITS].copy_from_slice(&digits);
        }
        self.bytes[self.prompt_tokens..][..4].copy_from_slice(&decimal::<4>(1000 + id % 1000));
        self.bytes[self.completion_tokens..][..4].copy_from_slice(&decimal::<4>(2000 + id % 500));
        self.records
            .iter()
            .map(|record| &self.bytes[record.clone()])
    }
}

fn decimal<const DIGITS: usize>(mut value: u64) -> [u8; DIGITS] {
    let mut digits = [b'0'; DIGITS];
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (value % 10) as u8;
        value /= 10;
    }
    digits
}

fn json_answer() -> String {
    let body = |content: &str| {
        format!(
            r#"{{"id":"chatcmpl-{ID}","object":"chat.completion","created":1700000000,"model":"gpt-4o-2024-08-06","choices":[{{"index":0,"message":{{"role":"assistant","content":"{content}"}},"finish_reason":"stop"}}],"usage":{{{PROMPT},{COMPLETION},"prompt_tokens_details":{{"cached_tokens":0}}}},"service_tier":"default","system_fingerprint":"fp_0123456789"}}"#
        )
    };
    let body = body(&filler(JSON_BYTES - body("").len()));
    format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nx-request-id: req_{ID}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// The head, the events of a short sentence each, the usage, the end: a record each.
fn stream_answer() -> Vec<String> {
    let event = |choices: &str, usage: &str| {
        format!(
            r#"data: {{"id":"chatcmpl-{ID}","object":"chat.completion.chunk","created":1700000000,"model":"gpt-4o-2024-08-06","system_fingerprint":"fp_0123456789","choices":[{choices}],"usage":{usage}}}"#
        )
    };
    let choice = |delta: &str, finish: &str| {
        event(
            &format!(r#"{{"index":0,"delta":{{{delta}}},"finish_reason":{finish}}}"#),
            "null",
        )
    };
    let mut events = vec![choice(r#""role":"assistant","content":"""#, "null")];
    events.resize(EVENTS - 3, choice(r#""content":" words""#, "null"));
    events.push(choice("", r#""stop""#));
    events.push(event("", &format!("{{{PROMPT},{COMPLETION}}}")));
    events.push("data: [DONE]".to_owned());

    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nx-request-id: req_{ID}\r\nTransfer-Encoding: chunked\r\n\r\n"
    );
    let mut records = vec![head];
    records.extend(
        events
            .iter()
            .map(|event| format!("{:x}\r\n{event}\n\n\r\n", event.len() + 2)),
    );
    if let Some(last) = records.last_mut() {
        last.push_str("0\r\n\r\n");
    }
    records
}

fn filler(bytes: usize) -> String {
    "an answer that says little, "
        .chars()
        .cycle()
        .take(bytes)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(template: &mut Template) -> Vec<String> {
        template
            .next()
            .map(|record| String::from_utf8_lossy(record).into_owned())
            .collect()
    }

    #[test]
    fn an_answer_is_as_long_as_its_head_says() {
        let answer = text(&mut Templates::new().json).concat();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.ends_with(&format!("Content-Length: {}", body.len())));
        assert_eq!(body.len(), JSON_BYTES);
    }

    #[test]
    fn tokens_follow_from_the_id() {
        let mut json = Templates::new().json;
        for _ in 0..2 {
            let answer = text(&mut json).concat();
            let body: serde_json::Value =
                serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap();
            let id: u64 = body["id"]
                .as_str()
                .unwrap()
                .trim_start_matches("chatcmpl-")
                .parse()
                .unwrap();
            assert_eq!(body["usage"]["prompt_tokens"], 1000 + id % 1000);
            assert_eq!(body["usage"]["completion_tokens"], 2000 + id % 500);
        }
    }

    #[test]
    fn a_stream_is_one_chunk_and_one_record_an_event() {
        let records = text(&mut Templates::new().stream);
        let (head, events) = records.split_first().unwrap();
        assert!(head.contains("chunked"));
        assert_eq!(events.len(), EVENTS);
        assert_eq!(events[EVENTS - 1], "e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n");
        for event in events {
            let (size, data) = event.split_once("\r\n").unwrap();
            let size = usize::from_str_radix(size, 16).unwrap();
            assert!(data.is_char_boundary(size) && data[size..].starts_with("\r\n"));
        }
    }
}
