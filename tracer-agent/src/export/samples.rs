//! Calls for the tests of the outputs.

use std::{borrow::Cow, sync::Arc};

use tracer_core::{
    attribution::Attribution,
    detect::Role,
    http::{
        exchange::ExchangeId,
        head::{Host, HttpVersion},
    },
    llm::{
        call::{
            Api, Call, CallFacts, CaptureState, Operation, OtherEnd, Outcome, PairNumber, Provider,
            ProviderBasis, RequestFacts, ResponseFacts, Timing, TraceParent,
        },
        usage::Usage,
    },
    policy::release,
    pricing::Cost,
    segment::{ConnectionId, ProcessKey},
    semconv::Value,
    time::Timestamp,
};

use super::{ids::IdSource, lines::LineItem, record::Record};
use crate::host::process::ProcessInfo;

/// 2026-03-04T05:06:07Z.
const START: u64 = 1_772_600_767_000_000_000;
const MILLI: u64 = 1_000_000;

fn at(millis: u64) -> Timestamp {
    Timestamp::from_unix_nanos(START + millis * MILLI)
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
        lineage: None,
        evaluations: Vec::new(),
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

/// A call of process `key` as a record.
pub fn record(key: u64, facts: CallFacts) -> Record {
    Record::new(process(key), release(Call::captured(facts)))
}

/// A call as an item for a line, with ids that do not change between runs.
pub fn item(facts: CallFacts) -> LineItem {
    let Record {
        process,
        call,
        span,
        ..
    } = record(7, facts);
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
        ids,
    }
}

/// One of each.
pub fn all() -> Vec<LineItem> {
    [chat(), stream_with_gap(), refused(), cancelled(), served()]
        .map(item)
        .into()
}
