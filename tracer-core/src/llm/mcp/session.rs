//! What exchanges tell of their session.

use std::borrow::Cow;

use super::{McpRequest, message::Reply};
use crate::{
    attribution::Attribution,
    detect::Role,
    http::{
        exchange::BodyEnd,
        head::{Host, RequestHead},
        target::{parse_target, target_digest},
    },
    llm::{
        call::{
            Api, CallFacts, CaptureState, Operation, OtherEnd, Outcome, Provider, ProviderBasis,
            RequestFacts, ResponseFacts, Timing,
        },
        clip::kept,
        origin::Origin,
        usage::Usage,
    },
    pricing::Cost,
    segment::ProcessKey,
    time::Timestamp,
};

const SESSION_HEADER: &str = "mcp-session-id";

/// Where the messages of one client and its server meet, as one process sees them.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct SessionKey {
    process: ProcessKey,
    /// On which side of HTTP the process is.
    pub(super) role: Role,
    place: Place,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Place {
    /// The server gave it a name.
    Named(String),
    /// It has an address of its own, or the server has one session only.
    At(Option<Host>, u64),
}

/// What happened in a session.
#[derive(Debug)]
pub(crate) enum News {
    /// The server has a stream of its own to speak on.
    Listens(SessionKey),
    /// The server asked its client something, inside a stream: a call that waits for a reply.
    Asked(SessionKey, Box<CallFacts>),
    /// A reply to what this side had asked.
    Replied(SessionKey, Role, Reply, Timestamp),
    /// Messages to the client were lost.
    Lost(SessionKey),
    /// A stream in which the server spoke is over.
    Over(SessionKey, Over),
}

/// How a stream ended.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Over {
    pub(super) stream: Origin,
    /// It was one of the server's own.
    pub(super) listened: bool,
    pub(super) end: BodyEnd,
    pub(super) time: Timestamp,
}

impl Over {
    /// The response to a request in which the server asked something.
    pub(in crate::llm) const fn of_response(stream: Origin, end: BodyEnd, time: Timestamp) -> Self {
        Self {
            stream,
            listened: false,
            end,
            time,
        }
    }
}

impl SessionKey {
    /// The session of an exchange, by the head of its request.
    pub(in crate::llm) fn of(origin: Origin, head: &RequestHead) -> Self {
        let place = match head.headers.get(SESSION_HEADER) {
            Some(name) => Place::Named(kept(name)),
            None => Place::At(head.host.clone(), head.target_digest),
        };
        Self::with(origin, place)
    }

    /// The session whose requests go to this address, relative to that of the stream which said so.
    pub(super) fn at(origin: Origin, head: &RequestHead, address: &str) -> Self {
        let path = head.target.path.as_str();
        let target = match address.as_bytes() {
            [b'/', ..] => Cow::Borrowed(address),
            _ if address.contains("://") => Cow::Borrowed(address),
            [b'?', ..] => Cow::Owned(format!("{path}{address}")),
            _ => {
                let folder = path
                    .rfind('/')
                    .map_or("/", |end| path.get(..=end).unwrap_or("/"));
                Cow::Owned(format!("{folder}{address}"))
            }
        };
        let host = parse_target(&target).0.or_else(|| head.host.clone());
        Self::with(origin, Place::At(host, target_digest(&target)))
    }

    const fn with(origin: Origin, place: Place) -> Self {
        Self {
            process: origin.connection.process,
            role: origin.role,
            place,
        }
    }
}

/// The call that a request of the server is, which came at `time` in a message of so many bytes.
/// The client of HTTP serves it.
pub(in crate::llm) fn asked(
    origin: Origin,
    head: &RequestHead,
    mut request: McpRequest,
    bytes: usize,
    time: Timestamp,
) -> Box<CallFacts> {
    request.session_id = head.headers.get(SESSION_HEADER).map(kept);
    Box::new(CallFacts {
        connection: origin.connection,
        exchange: origin.exchange,
        role: origin.role.opposite(),
        provider: Provider(Cow::Borrowed("mcp")),
        provider_basis: ProviderBasis::Format,
        operation: Operation::Mcp,
        api: Api("mcp.http"),
        host: head.host.clone(),
        socket: None,
        path: head.target.path.clone(),
        http_version: head.version,
        parent: request.parent.clone(),
        request: RequestFacts {
            mcp: Some(Box::new(request)),
            body_bytes: bytes as u64,
            ..RequestFacts::default()
        },
        response: ResponseFacts::default(),
        usage: Usage::default(),
        cost: Cost::default(),
        timing: Timing {
            start: time,
            request_end: Some(time),
            first_byte: None,
            first_chunk: None,
            last_chunk: None,
            chunk_gaps: Vec::new(),
            end: time,
        },
        outcome: Outcome::Success,
        capture: CaptureState::of_head(head.unknown_fields),
        attribution: Attribution::default(),
        kept_headers: Vec::new(),
        other_end: OtherEnd::Unknown,
        is_passed_on: false,
        counted_at: None,
        lineage: None,
        evaluations: Vec::new(),
        judgement: None,
    })
}
