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
    spans(&[(asked, answered)]).into_iter().next()
}

/// The spans of exchanges on one connection of HTTP/1.1.
pub(in crate::llm::adapters) fn spans(exchanges: &[(&Asked<'_>, &Answered<'_>)]) -> Vec<Span> {
    let connection = ConnectionId {
        process: ProcessKey(1),
        handle: 1,
        generation: 1,
    };
    let mut pipeline = Pipeline::default();
    let mut counts = FinalCounts::default();
    let mut now = 1_000_000_000;
    for (asked, answered) in exchanges {
        counts.turns += 1;
        for (direction, message) in [
            (Direction::Outbound, message(asked.0, asked.1)),
            (Direction::Inbound, message(answered.0, answered.1)),
        ] {
            let place = match direction {
                Direction::Outbound => &mut counts.outbound,
                Direction::Inbound => &mut counts.inbound,
            };
            pipeline.segment(&Segment {
                connection,
                direction,
                offset: *place,
                time: Timestamp::from_unix_nanos(now),
                turn: counts.turns,
                bytes: message.as_bytes(),
            });
            *place += message.len() as u64;
            now += 500_000_000;
        }
    }
    let end = Timestamp::from_unix_nanos(now);
    pipeline.close(connection, end, Some(counts));
    let mut spans = Vec::new();
    while let Some(output) = pipeline.poll() {
        if let Output::Call(call) = output {
            spans.push(semconv::span(&release(*call)));
        }
    }
    spans
}

/// The value of an attribute as text; lists are joined by commas.
pub(in crate::llm::adapters) fn text(span: &Span, name: &str) -> Option<String> {
    Some(match span.attribute(name)? {
        Value::Str(text) => text.to_string(),
        Value::Int(number) => number.to_string(),
        Value::Double(number) => number.to_string(),
        Value::Bool(flag) => flag.to_string(),
        Value::StrList(list) => list.join(","),
        Value::Json(text) => text.to_string(),
    })
}

fn message(head: &str, body: &str) -> String {
    let head = head.replace('\n', "\r\n");
    format!("{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}
