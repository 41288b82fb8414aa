//! Large bodies, cut as the kernel half cuts them.

use tracer_common::{conn::ConnKey, event::PIECE};
use tracer_core::{
    llm::call::{CallFacts, CaptureState, Outcome},
    pipeline::{Output, Pipeline},
    segment::{Direction, FinalCounts, ProcessKey},
};

use super::*;

/// Bytes copied of a connection before it is judged, and of an exchange after that.
const UNJUDGED: [u64; 2] = [1 << 20, 256 << 10];
const CAP: u64 = 4 << 20;

const ID: ConnectionId = ConnectionId {
    process: ProcessKey(1),
    handle: 1,
    generation: 1,
};

/// A connection as the kernel half keeps it.
struct Kernel {
    pipeline: Pipeline,
    counts: FinalCounts,
    left: [u64; 2],
    last: Direction,
    judged: bool,
    time: u64,
}

impl Kernel {
    fn new() -> Self {
        Self {
            pipeline: Pipeline::default(),
            counts: FinalCounts::default(),
            left: UNJUDGED,
            last: Direction::Outbound,
            judged: false,
            time: 0,
        }
    }

    /// One call of the TLS library.
    fn moved(&mut self, direction: Direction, buffer: &[u8]) {
        if self.last == Direction::Inbound && direction == Direction::Outbound {
            self.counts.turns += 1;
            if self.judged {
                self.left = [CAP, CAP];
            }
        }
        self.last = direction;
        let (place, left) = match direction {
            Direction::Outbound => (&mut self.counts.outbound, &mut self.left[0]),
            Direction::Inbound => (&mut self.counts.inbound, &mut self.left[1]),
        };
        let forward = usize::try_from(*left).unwrap().min(buffer.len());
        *left -= forward as u64;
        let mut offset = *place;
        *place += buffer.len() as u64;
        let (copied, beyond) = buffer.split_at(forward);
        let mut pieces: Vec<&[u8]> = copied.chunks(PIECE).collect();
        if pieces.is_empty() && self.judged {
            pieces.push(&[]);
        }
        let last = pieces.len().saturating_sub(1);
        self.time += 1_000;
        for (index, bytes) in pieces.into_iter().enumerate() {
            let event = KernelEvent {
                thread: 1,
                key: ConnKey {
                    tgid: 1,
                    zero: 0,
                    handle: 1,
                },
                generation: 1,
                time: self.time,
                source: 1,
                ignored: 0,
                kind: KernelEventKind::Data {
                    direction,
                    offset,
                    turn: self.counts.turns,
                    bytes,
                    rest: if index == last {
                        beyond.len() as u64
                    } else {
                        0
                    },
                },
            };
            offset += bytes.len() as u64;
            for segment in segments(&event, ID, Timestamp::from_unix_nanos(self.time)) {
                self.pipeline.segment(&segment);
            }
        }
    }

    /// The verdict arrives: budgets as of now.
    fn judge(&mut self) -> Vec<CallFacts> {
        let mut calls = Vec::new();
        while let Some(output) = self.pipeline.poll() {
            match output {
                Output::Verdict(..) => {
                    self.judged = true;
                    self.left = [CAP, CAP];
                }
                Output::Call(call) => calls.push(call.facts().clone()),
                Output::Step(_) | Output::Evaluation(_) => {}
                Output::LostExchanges(_, count) => panic!("{count} exchanges lost"),
            }
        }
        calls
    }
}

fn request(model: &str, bytes: usize) -> Vec<u8> {
    let body = format!(
        r#"{{"model":"{model}","messages":[{{"role":"user","content":"{}"}}]}}"#,
        "x".repeat(bytes)
    );
    let head = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nHost: api.openai.com\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    (head + &body).into_bytes()
}

fn response(bytes: usize) -> Vec<u8> {
    let body = format!(
        r#"{{"id":"c","model":"m-1","choices":[{{"index":0,"message":{{"content":"{}"}},"finish_reason":"stop"}}],"usage":{{"prompt_tokens":3,"completion_tokens":4}}}}"#,
        "y".repeat(bytes)
    );
    format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// Plays the exchanges (bytes of filler each way), writing requests in calls of `write` bytes, and
/// returns what is reported of them.
fn play(exchanges: &[(usize, usize)], write: usize) -> Vec<CallFacts> {
    let mut kernel = Kernel::new();
    let mut calls = Vec::new();
    for (number, (out, back)) in exchanges.iter().enumerate() {
        for part in request(&format!("m{number}"), *out).chunks(write) {
            kernel.moved(Direction::Outbound, part);
        }
        calls.extend(kernel.judge());
        for part in response(*back).chunks(16 << 10) {
            kernel.moved(Direction::Inbound, part);
        }
        calls.extend(kernel.judge());
    }
    kernel.pipeline.close(
        ID,
        Timestamp::from_unix_nanos(kernel.time + 1),
        Some(kernel.counts),
    );
    calls.extend(kernel.judge());
    assert_eq!(calls.len(), exchanges.len());
    calls
}

fn assert_exact(call: &CallFacts, model: &str) {
    assert_eq!(call.request.model.as_deref(), Some(model));
    assert_eq!(call.capture, CaptureState::Complete);
    assert_eq!((call.usage.input, call.usage.output), (Some(3), Some(4)));
}

#[test]
fn a_first_request_over_the_head_budget_is_reported_and_the_next_is_exact() {
    for size in [3 << 19, 6 << 20] {
        for write in [usize::MAX, 1 << 20, 16 << 10] {
            let calls = play(&[(size, 10), (10, 10)], write);
            let [first, next] = calls.as_slice() else {
                panic!("{calls:?}")
            };
            assert_eq!(first.request.model.as_deref(), Some("m0"));
            assert_eq!(first.capture, CaptureState::Gap, "{size} in {write}");
            assert_eq!(first.usage.output, Some(4), "{size} in {write}");
            assert_eq!(first.outcome, Outcome::Success);
            assert_exact(next, "m1");
        }
    }
}

#[test]
fn requests_of_a_judged_connection_are_whole_up_to_the_cap() {
    for write in [usize::MAX, 16 << 10] {
        let calls = play(&[(10, 10), (3 << 19, 10), (6 << 20, 10), (10, 10)], write);
        let [first, whole, cut, last] = calls.as_slice() else {
            panic!("{calls:?}")
        };
        assert_exact(first, "m0");
        assert_exact(whole, "m1");
        assert_eq!(cut.request.model.as_deref(), Some("m2"));
        assert_eq!(cut.capture, CaptureState::Gap);
        assert_eq!(cut.usage.output, Some(4));
        assert!(cut.request.body_bytes > 6 << 20);
        assert_exact(last, "m3");
    }
}

#[test]
fn large_responses_end_when_they_ended() {
    let calls = play(&[(10, 3 << 19), (10, 6 << 20), (10, 10)], usize::MAX);
    let [whole, cut, last] = calls.as_slice() else {
        panic!("{calls:?}")
    };
    assert_exact(whole, "m0");
    // The usage stands behind what was copied: absent, not made up.
    assert_eq!((cut.usage.input, cut.usage.output), (None, None));
    assert_eq!(cut.capture, CaptureState::Gap);
    assert_eq!(cut.response.id.as_deref(), Some("c"));
    assert!(cut.response.body_bytes > 6 << 20);
    assert!(cut.timing.end < last.timing.start);
    assert!(cut.timing.end > cut.timing.first_byte.unwrap());
    assert_exact(last, "m2");
}

#[test]
fn other_events_have_no_segments() {
    let event = KernelEvent {
        thread: 1,
        key: ConnKey {
            tgid: 1,
            zero: 0,
            handle: 1,
        },
        generation: 1,
        time: 1,
        source: 1,
        ignored: 0,
        kind: KernelEventKind::Closed(FinalCounts::default()),
    };
    assert_eq!(segments(&event, ID, Timestamp::default()).count(), 0);
}
