//! Builds one call from the events of its exchange.

mod asking;
mod response;

use self::response::{Answered, Response};
use super::{
    adapters::{adapter::RequestRead, request_line::RequestLine},
    body::BodyRead,
    call::{
        Api, Call, CallFacts, CaptureState, Captured, Operation, OtherEnd, RequestFacts, Timing,
        TraceParent,
    },
    chunk_times::ChunkTimes,
    clip::clipped,
    content::{ContentCapture, keeper::Keeper},
    mcp::{ACCEPTED, McpRequest, News, Over, SessionKey, asked, message::Reply},
    origin::Origin,
    provider::HostRule,
    recognise::Recognised,
    request_body::RequestBody,
    request_digest::RequestDigest,
    trace_parent,
};
use crate::{
    attribution::{Attribution, AttributionRules},
    correlate::NamedSession,
    detect::Role,
    http::{
        allow_list::AllowList,
        exchange::{BodyEnd, ExchangeEventKind, ExchangeId},
        head::{Headers, RequestHead, ResponseHead},
    },
    limits::Limits,
    pricing::Cost,
    time::Timestamp,
};

/// What a builder needs of the configuration.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BuilderContext<'a> {
    /// Bytes of a JSON body that are kept.
    pub(crate) body_bytes: usize,
    /// Bounds on the parsing of streams.
    pub(crate) limits: Limits,
    /// Knows which request headers the operator wants.
    pub(crate) headers: &'a AllowList,
    /// Knows what tells to whom a call belongs.
    pub(crate) attribution: &'a AttributionRules,
    /// Hosts that the operator names.
    pub(crate) hosts: &'a [HostRule],
    /// Whether content is kept.
    pub(crate) content: ContentCapture,
    /// Whether it is read, be it only for what it tells.
    pub(crate) reads_content: bool,
}

/// A call under way.
#[derive(Debug)]
pub(crate) struct CallBuilder {
    origin: Origin,
    head: Box<RequestHead>,
    recognised: Recognised,
    kept_headers: Vec<(String, String)>,
    /// The session that a header names.
    session: Option<NamedSession>,
    rules: AttributionRules,
    attribution: Attribution,
    request: Request,
    request_bytes: u64,
    /// While nothing of the request is missing.
    digest: Option<RequestDigest>,
    /// The request turned out to be a reply to one of the server.
    reply: Option<Box<Reply>>,
    response: Option<Response>,
    /// Requests of the server that were not taken yet.
    news: Vec<News>,
    /// There were some.
    was_asked: bool,
    capture: CaptureState,
    start: Timestamp,
    request_end: Option<Timestamp>,
    body_bytes: usize,
    limits: Limits,
    keeper: Option<Box<Keeper>>,
}

#[derive(Debug)]
enum Request {
    Coming(RequestBody),
    Over {
        facts: Box<RequestFacts>,
        standing: Standing,
        /// All members of the body were read.
        is_whole: bool,
    },
}

/// Whether a request is one of its API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Confirmed,
    /// Only if the answer tells.
    Open,
    Refuted,
}

impl Standing {
    const fn of(confirmed: bool, may_be: bool) -> Self {
        match (confirmed, may_be) {
            (true, _) => Self::Confirmed,
            (false, true) => Self::Open,
            (false, false) => Self::Refuted,
        }
    }
}

impl Request {
    fn over(facts: RequestFacts, standing: Standing, is_whole: bool) -> Self {
        Self::Over {
            facts: Box::new(facts),
            standing,
            is_whole,
        }
    }
}

/// What an exchange came to.
#[derive(Debug)]
pub(crate) enum Built {
    /// A call.
    Call(Box<Call<Captured>>),
    /// A call that was only accepted: its answer may come elsewhere in the session.
    Accepted(SessionKey, Box<Call<Captured>>),
    /// A call that began a run which is not over.
    Begun(Box<Call<Captured>>),
    /// No call, but how such a run goes.
    Asked(Box<Call<Captured>>),
    /// Something else that tells of a session, and is no call.
    News(News),
    /// It belongs to a session, and has nothing to tell.
    Silent,
    /// It had the path of an LLM call, but not its shape.
    Unconfirmed,
}

impl Built {
    /// Whether it is a call of its own, reported now or later.
    pub(crate) const fn is_call(&self) -> bool {
        matches!(self, Self::Call(_) | Self::Accepted(..) | Self::Begun(_))
    }

    /// The call, if it came to one.
    pub(crate) fn call_mut(&mut self) -> Option<&mut Call<Captured>> {
        match self {
            Self::Call(call) | Self::Accepted(_, call) | Self::Begun(call) | Self::Asked(call) => {
                Some(call)
            }
            Self::News(_) | Self::Silent | Self::Unconfirmed => None,
        }
    }
}

impl CallBuilder {
    pub(crate) fn new(
        origin: Origin,
        head: Box<RequestHead>,
        recognised: Recognised,
        time: Timestamp,
        context: BuilderContext<'_>,
    ) -> Self {
        let request = RequestBody::new(head.headers.get("content-type"), context.body_bytes);
        let kept = |name: &str| Some((name.to_owned(), head.headers.get(name)?.to_owned()));
        let capture = CaptureState::of_head(head.unknown_fields);
        Self {
            origin,
            kept_headers: context.headers.extra().filter_map(kept).collect(),
            session: asking::session(&head.headers, context.headers),
            rules: context.attribution.clone(),
            attribution: context.attribution.of_request(&head.headers),
            digest: RequestDigest::of_head(&head),
            head,
            keeper: Keeper::new(context.content, context.reads_content, recognised.adapter),
            recognised,
            request: Request::Coming(request),
            request_bytes: 0,
            reply: None,
            response: None,
            news: Vec::new(),
            was_asked: false,
            capture,
            start: time,
            request_end: None,
            body_bytes: context.body_bytes,
            limits: context.limits,
        }
    }

    /// To which exchange it belongs.
    pub(crate) const fn exchange(&self) -> ExchangeId {
        self.origin.exchange
    }

    /// Takes an event of the exchange, except its first and its last.
    pub(crate) fn event(&mut self, kind: ExchangeEventKind<'_>, time: Timestamp) {
        match kind {
            ExchangeEventKind::RequestBody(bytes) => self.request_body(bytes),
            ExchangeEventKind::RequestGap(missing) => self.request_gap(missing),
            ExchangeEventKind::RequestEnd(end) => {
                self.request_end = Some(time);
                self.digest.take_if(|_| end != BodyEnd::Complete);
                self.worsen(CaptureState::of_end(end));
                if let Some(keeper) = &mut self.keeper {
                    keeper.request_ended(end);
                }
                self.end_request();
            }
            ExchangeEventKind::ResponseHead(head) => self.response_head(head, time),
            ExchangeEventKind::ResponseBody(bytes) => self.response_body(bytes, time),
            ExchangeEventKind::ResponseGap(missing) => self.response_gap(missing),
            ExchangeEventKind::ResponseTrailers(trailers) => self.trailers(&trailers, time),
            ExchangeEventKind::RequestHead(_) | ExchangeEventKind::ResponseEnd(_) => {}
        }
    }

    /// The digest of its request, which was seen as a whole.
    pub(crate) fn digest(&self) -> Option<u64> {
        self.request_end?;
        self.digest.as_ref().map(RequestDigest::value)
    }

    /// What it told of its session since the last time.
    pub(crate) fn take_news(&mut self) -> Vec<News> {
        std::mem::take(&mut self.news)
    }

    /// What its end means for its session.
    pub(crate) fn last_news(&self, end: BodyEnd, time: Timestamp) -> Option<News> {
        let over = Over::of_response(self.origin, end, time);
        self.was_asked
            .then(|| News::Over(SessionKey::of(self.origin, &self.head), over))
    }

    /// Bytes held of its bodies and its content.
    pub(crate) fn held(&self) -> usize {
        let request = match &self.request {
            Request::Coming(buffer) => buffer.held(),
            Request::Over { .. } => 0,
        };
        let response = self.response.as_ref();
        let content = self.keeper.as_ref().map_or(0, |keeper| keeper.held());
        request + content + response.map_or(0, Response::held)
    }

    /// Gives back its content, or where there is none the bodies: what came is read, the rest is only
    /// counted.
    pub(crate) fn shed(&mut self) {
        if let Some(keeper) = self.keeper.as_mut().filter(|keeper| keeper.held() > 0) {
            return keeper.shed();
        }
        self.worsen(CaptureState::Truncated);
        self.end_request();
        if let Some(response) = &mut self.response {
            response.shed(&self.recognised);
        }
    }

    fn request_body(&mut self, bytes: &[u8]) {
        self.request_bytes += bytes.len() as u64;
        if let Some(digest) = &mut self.digest {
            digest.body(bytes);
        }
        if let Request::Coming(buffer) = &mut self.request {
            buffer.feed(bytes);
        }
    }

    fn request_gap(&mut self, missing: u64) {
        self.request_bytes = self.request_bytes.saturating_add(missing);
        self.digest = None;
        self.worsen(CaptureState::Gap);
        if let Request::Coming(buffer) = &mut self.request {
            buffer.gap();
        }
    }

    /// Parses the request body and frees it.
    fn end_request(&mut self) {
        let Request::Coming(body) = &mut self.request else {
            return;
        };
        if matches!(body, RequestBody::Binary) {
            self.capture = CaptureState::Undecodable;
        }
        let (buffer, files) = std::mem::replace(body, RequestBody::new(None, 0)).close();
        if buffer.is_over_bound() {
            self.worsen(CaptureState::Truncated);
        }
        if let Some(keeper) = &mut self.keeper {
            keeper.request(&buffer);
        }
        self.rules.of_body(buffer.bytes(), &mut self.attribution);
        let adapter = self.recognised.adapter;
        let sure = !self.recognised.needs_shape;
        let seems = !sure && adapter.seems(buffer.bytes());
        let line = RequestLine::new(&self.head, Some(&self.recognised.provider));
        let context = self.recognised.request(&line);
        let read = buffer.read(|body| adapter.read_request(&context, body));
        let is_whole = matches!(read, BodyRead::Whole(_));
        let (mut read, confirmed) = match read {
            BodyRead::Whole(read) => {
                let confirmed = sure || read.has_shape;
                (read, confirmed)
            }
            BodyRead::Beginning(read) => (read, sure || seems),
            BodyRead::Nothing => {
                let incomplete = self.capture != CaptureState::Complete;
                (RequestRead::default(), sure || (incomplete && seems))
            }
        };
        let endpoint = &mut self.recognised.endpoint;
        endpoint.operation = read.operation.unwrap_or(endpoint.operation);
        endpoint.stream = endpoint.stream.or(read.facts.stream);
        self.reply = read.reply.take();
        read.facts.files = files;
        let standing = Standing::of(confirmed, read.may_be);
        self.request = Request::over(clipped(read.facts), standing, is_whole);
    }

    fn response_head(&mut self, head: Box<ResponseHead>, time: Timestamp) {
        self.worsen(CaptureState::of_head(head.unknown_fields));
        self.rules.of_response(&head.headers, &mut self.attribution);
        self.response = Some(Response::new(head, time, self.body_bytes, self.limits));
    }

    fn response_body(&mut self, bytes: &[u8], time: Timestamp) {
        if let Some(response) = &mut self.response {
            response.body(bytes, time, &self.recognised, self.keeper.as_deref_mut());
            let asked = response.take_asked();
            if !asked.is_empty() {
                self.be_asked(asked, time);
            }
        }
    }

    fn be_asked(&mut self, requests: Vec<(McpRequest, usize)>, time: Timestamp) {
        self.was_asked = true;
        let key = SessionKey::of(self.origin, &self.head);
        self.news
            .extend(requests.into_iter().map(|(request, bytes)| {
                let facts = asked(self.origin, &self.head, request, bytes, time);
                News::Asked(key.clone(), facts)
            }));
    }

    fn trailers(&mut self, trailers: &Headers, time: Timestamp) {
        if let Some(response) = &mut self.response {
            response.trailers(trailers, time);
        }
    }

    fn response_gap(&mut self, missing: u64) {
        self.worsen(CaptureState::Gap);
        if let Some(response) = &mut self.response {
            response.gap(missing, &self.recognised, self.keeper.as_deref_mut());
        }
    }

    fn worsen(&mut self, capture: CaptureState) {
        self.capture = self.capture.max(capture);
    }

    /// The exchange is over.
    pub(crate) fn finish(mut self, end: BodyEnd, time: Timestamp) -> Built {
        self.end_request();
        self.worsen(CaptureState::of_end(end));
        let nothing = Request::Coming(RequestBody::new(None, 0));
        let Request::Over {
            facts: mut request,
            standing: standing @ (Standing::Confirmed | Standing::Open),
            is_whole,
        } = std::mem::replace(&mut self.request, nothing)
        else {
            return match self.reply {
                Some(reply) => {
                    let key = SessionKey::of(self.origin, &self.head);
                    let time = self.request_end.unwrap_or(time);
                    Built::News(News::Replied(key, Role::Server, *reply, time))
                }
                None => Built::Unconfirmed,
            };
        };
        let answered = match self.response.take() {
            Some(response) => response.finish(end, time, &self.recognised, self.keeper.take()),
            None => Answered::nothing(end, time, self.keeper.take()),
        };
        if standing == Standing::Open && !answered.is_telling {
            return Built::Unconfirmed;
        }
        self.worsen(answered.capture);
        // Where the request did not tell all, a stream of answers says that one was asked for.
        if !is_whole && request.stream.is_none() && answered.times.count > 0 {
            request.stream = Some(true);
        }
        self.build(*request, answered)
    }

    fn build(self, mut request: RequestFacts, answered: Answered) -> Built {
        let is_accepted = request.mcp.as_ref().is_some_and(|mcp| mcp.id.is_some())
            && answered.facts.status == Some(ACCEPTED);
        let session = is_accepted.then(|| SessionKey::of(self.origin, &self.head));
        let asks_again = self.recognised.adapter.asks_again();
        let head = self.head;
        let endpoint = self.recognised.endpoint;
        request.model = endpoint.model.or(request.model);
        request.stream = endpoint.stream.or(request.stream);
        request.conversation_id = request
            .conversation_id
            .or_else(|| answered.facts.conversation_id.clone());
        request.body_bytes = self.request_bytes;
        request.user_agent = head.headers.get("user-agent").map(str::to_owned);
        request.retry_count = asking::retry_count(&head.headers);
        request.session = self.session.or(request.session);
        let ChunkTimes {
            first, last, gaps, ..
        } = answered.times;
        let facts = CallFacts {
            connection: self.origin.connection,
            exchange: self.origin.exchange,
            role: self.origin.role,
            provider: self.recognised.provider,
            provider_basis: self.recognised.basis,
            operation: endpoint.operation,
            api: Api(self.recognised.adapter.name()),
            parent: parent(&head.headers, &request),
            host: head.host,
            socket: None,
            path: head.target.path,
            http_version: head.version,
            request,
            response: answered.facts,
            usage: answered.usage,
            cost: Cost::default(),
            timing: Timing {
                start: self.start,
                request_end: self.request_end,
                first_byte: answered.first_byte,
                first_chunk: first,
                last_chunk: last,
                chunk_gaps: gaps,
                end: answered.end,
            },
            outcome: answered.outcome,
            capture: self.capture,
            attribution: self.attribution,
            kept_headers: self.kept_headers,
            other_end: OtherEnd::Unknown,
            is_passed_on: false,
            counted_at: None,
            lineage: None,
            evaluations: Vec::new(),
            judgement: None,
        };
        let call = Box::new(Call::captured(facts).with_said(answered.said));
        match session {
            Some(session) => Built::Accepted(session, call),
            None if !asks_again => Built::Call(call),
            None if endpoint.operation == Operation::FetchResponse => Built::Asked(call),
            None if call.facts().response.is_pending => Built::Begun(call),
            None => Built::Call(call),
        }
    }
}

/// The caller's trace context: of an MCP request that of its message, since one connection may carry
/// the messages of many.
fn parent(headers: &Headers, request: &RequestFacts) -> Option<TraceParent> {
    let of_message = request.mcp.as_ref().and_then(|mcp| mcp.parent.clone());
    of_message.or_else(|| trace_parent::of_request(headers))
}
