//! One session: from the parts of its messages to calls.

use super::{
    dialect::{Dialect, Moment},
    handshake::Recognised,
    turns::{Turn, Turns},
};
use crate::{
    attribution::Attribution,
    detect::Role,
    http::{
        exchange::{BodyEnd, ExchangeId},
        head::{Host, HttpVersion, RequestHead},
    },
    llm::{
        builder::BuilderContext,
        call::{
            Api, Call, CallFacts, CaptureState, Captured, Operation, OtherEnd, Provider,
            ProviderBasis, ResponseFacts, Timing, TraceParent,
        },
        chunk_times::ChunkTimes,
        json::Skeleton,
        trace_parent,
    },
    pricing::Cost,
    segment::ConnectionId,
    stream::websocket::{Defect, Part, Sender},
    time::Timestamp,
};

/// A session under way.
#[derive(Debug)]
pub(crate) struct Session {
    shared: Shared,
    dialect: Box<dyn Dialect>,
    turns: Turns,
    client: Side,
    server: Side,
    /// Code with which the server left.
    left: Option<u16>,
}

/// What all calls of a session have in common.
#[derive(Debug)]
struct Shared {
    connection: ConnectionId,
    /// Of the handshake; the calls are numbered from it on.
    exchange: ExchangeId,
    provider: Provider,
    basis: ProviderBasis,
    api: Api,
    host: Option<Host>,
    path: String,
    http_version: HttpVersion,
    /// Of the response that opened it.
    status: Option<u16>,
    /// What is known of it for certain.
    capture: CaptureState,
    user_agent: Option<String>,
    parent: Option<TraceParent>,
    attribution: Attribution,
    kept_headers: Vec<(String, String)>,
}

/// One direction.
#[derive(Debug)]
struct Side {
    /// The message under way.
    message: Skeleton,
    began: Timestamp,
    /// Bytes of messages since a turn ended.
    bytes: u64,
}

impl Session {
    /// A session that the exchange of its handshake opened, with this status.
    pub(crate) fn new(
        connection: ConnectionId,
        exchange: ExchangeId,
        head: RequestHead,
        recognised: Recognised,
        status: u16,
        context: BuilderContext<'_>,
    ) -> Self {
        let kept = |name: &str| Some((name.to_owned(), head.headers.get(name)?.to_owned()));
        let shared = Shared {
            connection,
            exchange,
            provider: recognised.provider,
            basis: recognised.basis,
            api: recognised.api,
            user_agent: head.headers.get("user-agent").map(str::to_owned),
            parent: trace_parent::of_request(&head.headers),
            attribution: context.attribution.of_request(&head.headers),
            kept_headers: context.headers.extra().filter_map(kept).collect(),
            host: head.host,
            path: head.target.path,
            http_version: head.version,
            status: Some(status),
            capture: CaptureState::of_head(head.unknown_fields),
        };
        Self::with(shared, recognised.dialect, context)
    }

    /// A session whose handshake was not seen: all calls say so.
    pub(super) fn attached(
        connection: ConnectionId,
        recognised: Recognised,
        context: BuilderContext<'_>,
    ) -> Self {
        let shared = Shared {
            connection,
            exchange: ExchangeId(0),
            provider: recognised.provider,
            basis: recognised.basis,
            api: recognised.api,
            host: None,
            path: String::new(),
            // Of a connection of HTTP/2, a session is but one stream.
            http_version: HttpVersion::H11,
            status: None,
            capture: CaptureState::Headers,
            user_agent: None,
            parent: None,
            attribution: Attribution::default(),
            kept_headers: Vec::new(),
        };
        Self::with(shared, recognised.dialect, context)
    }

    fn with(shared: Shared, dialect: Box<dyn Dialect>, context: BuilderContext<'_>) -> Self {
        Self {
            shared,
            dialect,
            turns: Turns::default(),
            client: Side::new(context.limits.event_bytes),
            server: Side::new(context.limits.event_bytes),
            left: None,
        }
    }

    /// Takes a part of a message.
    pub(crate) fn part(&mut self, sender: Sender, part: Part<'_>, time: Timestamp) {
        let side = match sender {
            Sender::Client => &mut self.client,
            Sender::Server => &mut self.server,
        };
        match part {
            Part::Begin => {
                side.message.clear();
                side.began = time;
            }
            Part::Data(bytes) => {
                side.bytes = side.bytes.saturating_add(bytes.len() as u64);
                side.message.feed(bytes);
            }
            Part::End => {
                let moment = Moment {
                    began: side.began,
                    ended: time,
                };
                if let Some(message) = side.message.text() {
                    match sender {
                        Sender::Client => self.dialect.sent(message, moment, &mut self.turns),
                        Sender::Server => self.dialect.received(message, moment, &mut self.turns),
                    }
                } else if side.message.is_over_bound() {
                    self.turns.worsen(CaptureState::Truncated);
                }
                side.message.clear();
            }
            Part::Broken(defect) => {
                side.message.clear();
                self.turns.worsen(match defect {
                    Defect::Lost => CaptureState::Gap,
                    Defect::OverBound => CaptureState::Truncated,
                    Defect::Malformed => CaptureState::Undecodable,
                });
            }
            Part::Close(code) if sender == Sender::Server => self.left = code,
            Part::Close(_) => {}
        }
    }

    /// Bytes of either direction were lost.
    pub(crate) fn gap(&mut self) {
        self.turns.worsen(CaptureState::Gap);
    }

    /// The connection is over: what is under way was broken off, or failed with it.
    pub(crate) fn close(&mut self, time: Timestamp) {
        self.dialect.abandon(&mut self.turns);
        let error = self.left.filter(|&code| is_error(code));
        self.turns.end_all(|turn| {
            turn.last_byte = time;
            turn.cancelled = turn.capture == CaptureState::Complete;
            if let Some(code) = error {
                turn.answer.error.get_or_insert_with(|| code.to_string());
            }
        });
    }

    /// The turns under way are reported as far as they were seen.
    pub(crate) fn give_up(&mut self, end: BodyEnd) {
        self.turns.worsen(CaptureState::of_end(end));
        self.turns.end_all(|_| {});
    }

    /// Bytes that it holds of messages.
    pub(crate) fn held(&self) -> usize {
        self.client.message.held() + self.server.message.held()
    }

    /// Gives them back: the messages under way go unread.
    pub(crate) fn shed(&mut self) {
        self.client.message.shed();
        self.server.message.shed();
    }

    /// The handshake was refused with an error status.
    pub(crate) fn refused(
        &mut self,
        status: u16,
        start: Timestamp,
        end: Timestamp,
    ) -> Box<Call<Captured>> {
        let moment = Moment {
            began: start,
            ended: start,
        };
        let mut turn = Turn::asked(moment, self.dialect.defaults());
        turn.came(Moment {
            began: end,
            ended: end,
        });
        turn.answer.error = Some(status.to_string());
        self.call(turn, Some(status))
    }

    /// The calls of turns that are over.
    pub(crate) fn take_calls(&mut self) -> impl Iterator<Item = Box<Call<Captured>>> {
        let turns = self.turns.take_over();
        let status = self.shared.status;
        turns.into_iter().map(move |turn| self.call(turn, status))
    }

    fn call(&mut self, mut turn: Turn, status: Option<u16>) -> Box<Call<Captured>> {
        let outcome = turn.outcome();
        let shared = &mut self.shared;
        let exchange = shared.exchange;
        shared.exchange = ExchangeId(exchange.0.saturating_add(1));
        let mut request = turn.request;
        request.stream = Some(true);
        request.user_agent.clone_from(&shared.user_agent);
        request.body_bytes = std::mem::take(&mut self.client.bytes);
        let usage = turn.answer.usage;
        let mut response = ResponseFacts {
            status,
            chunks: turn.times.count,
            body_bytes: std::mem::take(&mut self.server.bytes),
            ..ResponseFacts::default()
        };
        turn.answer.fill(&mut response);
        request.conversation_id = request
            .conversation_id
            .or_else(|| response.conversation_id.clone());
        let ChunkTimes {
            first, last, gaps, ..
        } = turn.times;
        Box::new(Call::captured(CallFacts {
            connection: shared.connection,
            exchange,
            role: Role::Client,
            provider: shared.provider.clone(),
            provider_basis: shared.basis,
            operation: Operation::Chat,
            api: shared.api,
            host: shared.host.clone(),
            socket: None,
            path: shared.path.clone(),
            http_version: shared.http_version,
            request,
            response,
            usage,
            cost: Cost::default(),
            timing: Timing {
                start: turn.start,
                request_end: turn.request_end,
                first_byte: turn.first_byte,
                first_chunk: first,
                last_chunk: last,
                chunk_gaps: gaps,
                end: turn.last_byte,
            },
            outcome,
            capture: turn.capture.max(shared.capture),
            parent: shared.parent.clone(),
            attribution: shared.attribution.clone(),
            kept_headers: shared.kept_headers.clone(),
            other_end: OtherEnd::Unknown,
            is_passed_on: false,
            counted_at: None,
            lineage: None,
            evaluations: Vec::new(),
            judgement: None,
        }))
    }
}

impl Side {
    fn new(bound: usize) -> Self {
        Self {
            message: Skeleton::new(bound),
            began: Timestamp::default(),
            bytes: 0,
        }
    }
}

/// Codes of RFC 6455 section 7.4.1 and of applications that tell of an error.
const fn is_error(code: u16) -> bool {
    !matches!(code, 1000 | 1001 | 1005)
}
