//! A call all of whose strings are the same, for tests of their bounds. All fields are named here,
//! too, so that none escapes the tests.

use crate::{
    attribution::Attribution,
    correlate::{Attempt, AttemptKind, Known, Lineage, NamedSession, Session, SpanId, TraceId},
    detect::Role,
    evaluation::{Action, Check, Detector, Evaluation, Finding, Findings, Label},
    http::{
        exchange::ExchangeId,
        head::{Host, HttpVersion},
    },
    llm::{
        call::{
            Api, CallFacts, CaptureState, FileFacts, Gateway, Operation, OtherEnd, Outcome,
            Provider, ProviderBasis, RequestFacts, ResponseFacts, Timing, ToolCall,
        },
        mcp::{McpAnswer, McpRequest},
        rate_limits::RateLimits,
        usage::Usage,
    },
    pricing::Cost,
    segment::{ConnectionId, ProcessKey},
    time::Timestamp,
};

/// All its strings are `text`, and all its lists have `items`.
pub(crate) fn call_of(text: &str, items: usize) -> CallFacts {
    CallFacts {
        connection: ConnectionId {
            process: ProcessKey(1),
            handle: 1,
            generation: 1,
        },
        exchange: ExchangeId(0),
        role: Role::Client,
        provider: Provider(text.to_owned().into()),
        provider_basis: ProviderBasis::Host,
        operation: Operation::Chat,
        api: Api("openai.chat"),
        host: Some(Host {
            name: text.to_owned(),
            port: None,
        }),
        socket: None,
        path: text.to_owned(),
        http_version: HttpVersion::H11,
        request: request_of(text, items),
        response: response_of(text, items),
        usage: Usage::default(),
        cost: Cost::default(),
        timing: Timing {
            start: Timestamp::default(),
            request_end: None,
            first_byte: None,
            first_chunk: None,
            last_chunk: None,
            chunk_gaps: Vec::new(),
            end: Timestamp::default(),
        },
        outcome: Outcome::Failed {
            error_type: text.to_owned(),
        },
        capture: CaptureState::Complete,
        parent: None,
        attribution: Attribution::sample(text),
        kept_headers: vec![(text.to_owned(), text.to_owned()); 3],
        other_end: OtherEnd::Unknown,
        is_passed_on: false,
        counted_at: None,
        lineage: Some(Box::new(lineage_of(text))),
        evaluations: vec![Evaluation {
            categories: vec![text.to_owned(); items],
            tool: Some(text.to_owned()),
            ..Evaluation::new(Check::Guardrail, Label::Pass, Known::observed("trace"))
        }],
        judgement: None,
    }
}

fn lineage_of(text: &str) -> Lineage {
    let known = Known::observed("session-id");
    Lineage {
        trace: TraceId(1),
        span: SpanId(1),
        parent: None,
        links: Vec::new(),
        session: Some(Session {
            id: text.to_owned(),
            known,
            named_by: None,
        }),
        attempt: Some(Attempt {
            number: 1,
            kind: AttemptKind::First,
            reason: Some(text.to_owned()),
            known,
        }),
    }
}

/// The same of a request.
pub(crate) fn request_of(text: &str, items: usize) -> RequestFacts {
    let one = || Some(text.to_owned());
    let list = || vec![text.to_owned(); items];
    RequestFacts {
        model: one(),
        stream: None,
        max_tokens: None,
        temperature: None,
        top_p: None,
        top_k: None,
        frequency_penalty: None,
        presence_penalty: None,
        stop_sequences: list(),
        seed: None,
        choice_count: None,
        output_type: None,
        encoding_formats: list(),
        embedding_dimensions: None,
        service_tier: one(),
        reasoning_level: one(),
        previous_response_id: one(),
        conversation_id: one(),
        session: Some(NamedSession {
            source: "session-id",
            id: text.to_owned(),
            is_drawn: true,
            agent: one(),
        }),
        tool_count: None,
        data_source_id: one(),
        mcp: Some(Box::new(McpRequest {
            method: text.to_owned(),
            tool: one(),
            prompt: one(),
            id: one(),
            protocol_version: one(),
            session_id: one(),
            parent: None,
        })),
        files: vec![
            FileFacts {
                media_type: one(),
                bytes: None,
            };
            items
        ],
        tool_names: list(),
        reasoning_budget: None,
        prompt_id: one(),
        prompt_version: one(),
        agent_id: one(),
        guardrail_id: one(),
        retry_count: None,
        user_agent: one(),
        body_bytes: 0,
    }
}

fn response_of(text: &str, items: usize) -> ResponseFacts {
    let one = || Some(text.to_owned());
    ResponseFacts {
        status: None,
        rpc_status: None,
        id: one(),
        model: one(),
        finish_reasons: vec![text.to_owned(); items],
        service_tier: one(),
        system_fingerprint: one(),
        request_id: one(),
        tool_calls: vec![
            ToolCall {
                id: one(),
                name: text.to_owned(),
            };
            items
        ],
        documents: None,
        is_pending: false,
        mcp: McpAnswer {
            protocol_version: one(),
            session_id: one(),
            error_code: None,
            is_joined: false,
        },
        conversation_id: one(),
        rate_limits: RateLimits::default(),
        processing_time: None,
        queue_time: None,
        gateway: Some(Box::new(Gateway {
            name: text.to_owned().into(),
            retries: None,
            fallbacks: None,
            cache: one(),
        })),
        upstream_provider: one(),
        findings: Some(Box::new(Findings {
            found: vec![
                Finding {
                    detector: Detector::Filter,
                    target: None,
                    item: 0,
                    category: text.to_owned(),
                    severity: one(),
                    score: None,
                    action: Action::Flagged,
                };
                items
            ],
            judged: Vec::new(),
            guarded: false,
            intervened: false,
            applied: vec![text.to_owned(); items],
            told_by: None,
        })),
        has_refusal: false,
        chunks: 0,
        body_bytes: 0,
    }
}
