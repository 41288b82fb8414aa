//! Calls for the tests of the outputs.

use std::{borrow::Cow, sync::Arc};

use serde_json::json;
use tracer_core::{
    attribution::Attribution,
    confidence::Confidence,
    correlate::{Known, SpanId, TraceId},
    detect::Role,
    evaluation::{Check, Evaluation, Label},
    http::{
        exchange::ExchangeId,
        head::{Host, HttpVersion},
    },
    llm::{
        call::{
            Api, Call, CallFacts, CaptureState, Captured, Operation, OtherEnd, Outcome, PairNumber,
            Provider, ProviderBasis, RequestFacts, ResponseFacts, Timing, TraceParent,
        },
        content::ContentCapture,
        usage::Usage,
    },
    pipeline::{Output, Pipeline, PipelineConfig},
    policy::{ContentBounds, ContentFields, ContentGrant, Passage, release, release_with_content},
    pricing::Cost,
    segment::{ConnectionId, Direction, ProcessKey, Segment},
    semconv::{ContentPlace, PostedEvaluation, Value, posted_event},
    time::Timestamp,
};

use super::{
    ids::IdSource,
    lines::{LineEvent, LineItem},
    record::Record,
};
use crate::host::process::ProcessInfo;

/// 2026-03-04T05:06:07Z.
const START: u64 = 1_772_600_767_000_000_000;
const MILLI: u64 = 1_000_000;

fn at(millis: u64) -> Timestamp {
    Timestamp::from_unix_nanos(START + millis * MILLI)
}

/// That an answer was cut.
pub fn truncated() -> Evaluation {
    Evaluation {
        check: Check::Truncated,
        label: Some(Label::Fail),
        score: Some(0.0),
        target: None,
        categories: Vec::new(),
        reason: None,
        tool: None,
        known: Known {
            confidence: Confidence::Observed,
            by: "finish_reason",
        },
        origin: None,
    }
}

/// A plain chat completion, answered in one piece after 1.234 s.
pub fn chat() -> CallFacts {
    CallFacts {
        connection: ConnectionId {
            process: ProcessKey(7),
            handle: 1,
            generation: 1,
        },
        exchange: ExchangeId(0),
        role: Role::Client,
        provider: Provider(Cow::Borrowed("openai")),
        provider_basis: ProviderBasis::Host,
        operation: Operation::Chat,
        api: Api("openai.chat"),
        host: Some(Host {
            name: "api.openai.com".into(),
            port: None,
        }),
        socket: None,
        path: "/v1/chat/completions".into(),
        http_version: HttpVersion::H11,
        request: RequestFacts {
            model: Some("gpt-4o-mini".into()),
            body_bytes: 420,
            ..Default::default()
        },
        response: ResponseFacts {
            status: Some(200),
            id: Some("chatcmpl-1".into()),
            model: Some("gpt-4o-mini-2024-07-18".into()),
            finish_reasons: vec!["stop".into()],
            body_bytes: 800,
            ..Default::default()
        },
        usage: Usage {
            input: Some(1024),
            output: Some(56),
            ..Default::default()
        },
        cost: Cost::default(),
        timing: Timing {
            start: at(0),
            request_end: Some(at(1)),
            first_byte: Some(at(1_230)),
            first_chunk: None,
            last_chunk: None,
            chunk_gaps: Vec::new(),
            end: at(1_234),
        },
        outcome: Outcome::Success,
        capture: CaptureState::Complete,
        parent: None,
        attribution: Attribution::default(),
        kept_headers: Vec::new(),
        other_end: OtherEnd::Unknown,
        is_passed_on: false,
        counted_at: None,
        lineage: None,
        evaluations: Vec::new(),
        judgement: None,
    }
}

/// A stream of which bytes were lost; the caller sent its trace context.
pub fn stream_with_gap() -> CallFacts {
    let mut facts = chat();
    facts.provider = Provider(Cow::Borrowed("anthropic"));
    facts.api = Api("anthropic.messages");
    facts.host = Some(Host {
        name: "api.anthropic.com".into(),
        port: Some(8443),
    });
    facts.request.model = Some("claude-sonnet-4-5".into());
    facts.request.stream = Some(true);
    facts.response.model = Some("claude-sonnet-4-5-20250929".into());
    facts.response.chunks = 3;
    facts.timing.first_chunk = Some(at(250));
    facts.timing.last_chunk = Some(at(400));
    facts.timing.chunk_gaps = vec![50_000, 100_000];
    facts.usage = Usage {
        input: Some(9),
        ..Default::default()
    };
    facts.capture = CaptureState::Gap;
    facts.parent = Some(TraceParent {
        trace_id: [0xab; 16],
        parent_id: [0xcd; 8],
        flags: 1,
        state: Some("vendor=t61rcWkgMzE".into()),
    });
    facts
}

/// A call that the provider refused.
pub fn refused() -> CallFacts {
    let mut facts = chat();
    facts.response = ResponseFacts {
        status: Some(429),
        body_bytes: 120,
        ..Default::default()
    };
    facts.usage = Usage::default();
    facts.timing.end = at(87);
    facts.outcome = Outcome::Failed {
        error_type: "rate_limit_exceeded".into(),
    };
    facts
}

/// A call that its caller gave up before any answer.
pub fn cancelled() -> CallFacts {
    let mut facts = chat();
    facts.response = ResponseFacts::default();
    facts.usage = Usage::default();
    facts.timing.end = at(61_000);
    facts.outcome = Outcome::Cancelled;
    facts
}

/// A call that the process served, to a client of this host.
pub fn served() -> CallFacts {
    let mut facts = chat();
    facts.role = Role::Server;
    facts.other_end = OtherEnd::Known(PairNumber(1));
    facts
}

/// A process with a service name.
pub fn process(key: u64) -> Arc<ProcessInfo> {
    let pid = 4_000 + u32::try_from(key).unwrap_or(0);
    let service = Value::Str(format!("service-{key}").into());
    let resource = vec![
        (Cow::Borrowed("service.name"), service),
        (Cow::Borrowed("process.pid"), Value::Int(pid.into())),
    ];
    Arc::new(ProcessInfo::new(
        ProcessKey(key),
        pid,
        "worker.py".into(),
        resource,
    ))
}

/// What somebody posted of a call that had left.
pub fn late() -> LineEvent {
    let posted = PostedEvaluation {
        name: "Relevance",
        score: Some(0.9),
        label: Some("relevant"),
        explanation: Some("it is to the point"),
        error_type: None,
        response_id: Some("chatcmpl-1"),
    };
    let (trace, span) = (TraceId(0x11), SpanId(0x22));
    LineEvent {
        process: process(7),
        trace,
        span,
        event: posted_event(trace, span, at(5_000), &posted),
    }
}

/// A call of process `key` as a record.
pub fn record(key: u64, facts: CallFacts) -> Record {
    let call = release(Call::captured(facts));
    Record::new(process(key), call, ContentPlace::Span)
}

/// A call of process `key` that says `said`, and whose answer says `answered`, with all of that let out
/// to `place`.
pub fn talk(key: u64, said: &str, answered: &str, place: ContentPlace) -> Record {
    let request = json!({
        "model": "gpt-4o-mini",
        "messages": [{"role": "user", "content": said}],
    });
    let answer = json!({
        "id": "chatcmpl-1",
        "model": "gpt-4o-mini-2024-07-18",
        "choices": [{
            "index": 0,
            "message": {"role": "assistant", "content": answered},
            "finish_reason": "stop",
        }],
        "usage": {"prompt_tokens": 1024, "completion_tokens": 56, "total_tokens": 1080},
    });
    let (request, answer) = (request.to_string(), answer.to_string());
    let head = "POST /v1/chat/completions HTTP/1.1\r\nhost: api.openai.com";
    let status = "HTTP/1.1 200 OK\r\ncontent-type: application/json";
    let call = played([
        format!(
            "{head}\r\ncontent-length: {}\r\n\r\n{request}",
            request.len()
        ),
        format!(
            "{status}\r\ncontent-length: {}\r\n\r\n{answer}",
            answer.len()
        ),
    ]);
    let grant = ContentGrant {
        passage: Passage::Full,
        fields: ContentFields::ALL,
        bounds: ContentBounds {
            per_field: 4 << 20,
            per_call: 4 << 20,
        },
    };
    Record::new(process(key), release_with_content(call, &grant), place)
}

/// The call that a request and its answer make.
fn played(exchange: [String; 2]) -> Call<Captured> {
    let connection = chat().connection;
    let mut pipeline = Pipeline::new(PipelineConfig {
        content: ContentCapture::Keep { per_call: 4 << 20 },
        ..PipelineConfig::default()
    });
    let directions = [Direction::Outbound, Direction::Inbound];
    for (millis, (direction, bytes)) in directions.into_iter().zip(&exchange).enumerate() {
        pipeline.segment(&Segment {
            connection,
            direction,
            offset: 0,
            time: at(millis as u64),
            turn: 0,
            bytes: bytes.as_bytes(),
        });
    }
    pipeline.close(connection, at(2), None);
    std::iter::from_fn(|| pipeline.poll())
        .find_map(|output| match output {
            Output::Call(call) => Some(*call),
            _ => None,
        })
        .unwrap()
}

/// A call as an item for a line, with ids that do not change between runs.
pub fn item(facts: CallFacts) -> LineItem {
    line(record(7, facts))
}

/// The same of a record.
pub fn line(record: Record) -> LineItem {
    let Record {
        process,
        call,
        span,
        events,
        ..
    } = record;
    let mut ids = IdSource::default().ids(&span);
    if span.parent.is_none() {
        ids.trace_id = 0x11_u128.into();
    }
    if span.pair.is_some() {
        ids.parent_id = 0x33_u64.into();
    }
    ids.span_id = 0x22_u64.into();
    ids.is_parent_remote = !ids.is_root();
    LineItem {
        process,
        call,
        span,
        events,
        ids,
    }
}

/// One of each.
pub fn all() -> Vec<LineItem> {
    [chat(), stream_with_gap(), refused(), cancelled(), served()]
        .map(item)
        .into()
}
