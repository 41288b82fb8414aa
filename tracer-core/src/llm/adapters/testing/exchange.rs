//! Whole exchanges for the tests of adapters: from the wire to the span.

use crate::{
    pipeline::{Output, Pipeline},
    policy::release,
    segment::{ConnectionId, Direction, FinalCounts, ProcessKey, Segment},
    semconv::{self, Span, Value},
    time::Timestamp,
};

/// A request: its line and headers without their last line end, and its body.
pub(in crate::llm::adapters) struct Asked<'a>(
    pub(in crate::llm::adapters) &'a str,
    pub(in crate::llm::adapters) &'a str,
);

/// A response: status line and headers without their last line end, and its body.
pub(in crate::llm::adapters) struct Answered<'a>(
    pub(in crate::llm::adapters) &'a str,
    pub(in crate::llm::adapters) &'a str,
);

/// The span of one HTTP/1.1 exchange, if it is a call.
pub(in crate::llm::adapters) fn span(asked: &Asked<'_>, answered: &Answered<'_>) -> Option<Span> {
    let connection = ConnectionId {
        process: ProcessKey(1),
        handle: 1,
        generation: 1,
    };
    let mut pipeline = Pipeline::default();
    let request = message(asked.0, asked.1);
    let response = message(answered.0, answered.1);
    for (direction, time, bytes) in [
        (Direction::Outbound, 1_000_000_000, &request),
        (Direction::Inbound, 1_500_000_000, &response),
    ] {
        pipeline.segment(&Segment {
            connection,
            direction,
            offset: 0,
            time: Timestamp::from_unix_nanos(time),
            turn: 1,
            bytes: bytes.as_bytes(),
        });
    }
    let counts = FinalCounts {
        outbound: request.len() as u64,
        inbound: response.len() as u64,
        turns: 1,
    };
    pipeline.close(
        connection,
        Timestamp::from_unix_nanos(2_000_000_000),
        Some(counts),
    );
    while let Some(output) = pipeline.poll() {
        if let Output::Call(call) = output {
            return Some(semconv::span(&release(*call)));
        }
    }
    None
}

/// The value of an attribute as text; lists are joined by commas.
pub(in crate::llm::adapters) fn text(span: &Span, name: &str) -> Option<String> {
    Some(match span.attribute(name)? {
        Value::Str(text) => text.to_string(),
        Value::Int(number) => number.to_string(),
        Value::Double(number) => number.to_string(),
        Value::Bool(flag) => flag.to_string(),
        Value::StrList(list) => list.join(","),
    })
}

fn message(head: &str, body: &str) -> String {
    let head = head.replace('\n', "\r\n");
    format!("{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}
