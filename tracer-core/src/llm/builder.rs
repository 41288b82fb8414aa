//! Builds one call from the events of its exchange.

use memchr::memmem;

use super::{
    adapters::read_request,
    body::{BodyBuffer, BodyRead},
    call::{
        Api, Call, CallFacts, CaptureState, Captured, Outcome, RequestFacts, ResponseFacts, Timing,
    },
    chunk_times::ChunkTimes,
    clip::clipped,
    recognise::{Certainty, Recognised},
    response::{ResponseRead, ResponseReader},
    trace_parent,
    usage::Usage,
};
use crate::{
    http::{
        allow_list::AllowList,
        exchange::{BodyEnd, ExchangeEventKind, ExchangeId},
        head::{Headers, RequestHead, ResponseHead},
    },
    limits::Limits,
    segment::ConnectionId,
    time::Timestamp,
};

/// Response headers in which providers give an id of the request, the first that is there counts.
const REQUEST_ID_HEADERS: [&str; 8] = [
    "x-request-id",
    "request-id",
    "apim-request-id",
    "x-amzn-requestid",
    "x-ms-request-id",
    "mistral-correlation-id",
    "x-ds-trace-id",
    "inference-id",
];

/// What a builder needs of the configuration.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BuilderContext<'a> {
    /// Bytes of a JSON body that are kept.
    pub(crate) body_bytes: usize,
    /// Bounds on the parsing of streams.
    pub(crate) limits: Limits,
    /// Knows which request headers the operator wants.
    pub(crate) headers: &'a AllowList,
}

/// A call under way.
#[derive(Debug)]
pub(crate) struct CallBuilder {
    connection: ConnectionId,
    exchange: ExchangeId,
    head: Box<RequestHead>,
    recognised: Recognised,
    kept_headers: Vec<(String, String)>,
    request: Request,
    request_bytes: u64,
    response: Option<Response>,
    capture: CaptureState,
    start: Timestamp,
    request_end: Option<Timestamp>,
    body_bytes: usize,
    limits: Limits,
}

#[derive(Debug)]
enum Request {
    Coming(BodyBuffer),
    Over {
        facts: Box<RequestFacts>,
        confirmed: bool,
    },
}

impl Request {
    fn over(facts: RequestFacts, confirmed: bool) -> Self {
        Self::Over {
            facts: Box::new(facts),
            confirmed,
        }
    }
}

#[derive(Debug)]
struct Response {
    reader: ResponseReader,
    status: u16,
    request_id: Option<String>,
    first_byte: Timestamp,
    last_byte: Timestamp,
    bytes: u64,
}

/// What an exchange came to.
#[derive(Debug)]
pub(crate) enum Built {
    /// A call.
    Call(Box<Call<Captured>>),
    /// It had the path of an LLM call, but not its shape.
    Unconfirmed,
}

impl CallBuilder {
    pub(crate) fn new(
        connection: ConnectionId,
        exchange: ExchangeId,
        head: Box<RequestHead>,
        recognised: Recognised,
        time: Timestamp,
        context: BuilderContext<'_>,
    ) -> Self {
        let kept = |name: &str| Some((name.to_owned(), head.headers.get(name)?.to_owned()));
        Self {
            connection,
            exchange,
            kept_headers: context.headers.extra().filter_map(kept).collect(),
            head,
            recognised,
            request: Request::Coming(BodyBuffer::new(context.body_bytes)),
            request_bytes: 0,
            response: None,
            capture: CaptureState::Complete,
            start: time,
            request_end: None,
            body_bytes: context.body_bytes,
            limits: context.limits,
        }
    }

    /// To which exchange it belongs.
    pub(crate) const fn exchange(&self) -> ExchangeId {
        self.exchange
    }

    /// Takes an event of the exchange, except its first and its last.
    pub(crate) fn event(&mut self, kind: ExchangeEventKind<'_>, time: Timestamp) {
        match kind {
            ExchangeEventKind::RequestBody(bytes) => self.request_body(bytes),
            ExchangeEventKind::RequestGap(missing) => self.request_gap(missing),
            ExchangeEventKind::RequestEnd(end) => {
                self.request_end = Some(time);
                self.worsen(capture_of(end));
                self.end_request();
            }
            ExchangeEventKind::ResponseHead(head) => self.response_head(&head, time),
            ExchangeEventKind::ResponseBody(bytes) => self.response_body(bytes, time),
            ExchangeEventKind::ResponseGap(missing) => self.response_gap(missing),
            ExchangeEventKind::RequestHead(_) | ExchangeEventKind::ResponseEnd(_) => {}
        }
    }

    /// Bytes held of its bodies.
    pub(crate) fn held(&self) -> usize {
        let request = match &self.request {
            Request::Coming(buffer) => buffer.held(),
            Request::Over { .. } => 0,
        };
        let response = self.response.as_ref();
        request + response.map_or(0, |response| response.reader.held())
    }

    /// Gives them back: what came is read, the rest is only counted.
    pub(crate) fn shed(&mut self) {
        self.worsen(CaptureState::Truncated);
        self.end_request();
        if let Some(response) = &mut self.response {
            let Recognised { api, provider, .. } = &self.recognised;
            response.reader.shed(*api, provider);
        }
    }

    fn request_body(&mut self, bytes: &[u8]) {
        self.request_bytes += bytes.len() as u64;
        if let Request::Coming(buffer) = &mut self.request {
            buffer.feed(bytes);
        }
    }

    fn request_gap(&mut self, missing: u64) {
        self.request_bytes = self.request_bytes.saturating_add(missing);
        self.worsen(CaptureState::Gap);
        if let Request::Coming(buffer) = &mut self.request {
            buffer.gap();
        }
    }

    /// Parses the request body and frees it.
    fn end_request(&mut self) {
        let Request::Coming(buffer) = &mut self.request else {
            return;
        };
        let buffer = std::mem::replace(buffer, BodyBuffer::new(0));
        if buffer.is_over_bound() {
            self.worsen(CaptureState::Truncated);
        }
        let api = self.recognised.api;
        let sure = self.recognised.certainty == Certainty::Sure;
        let seems = !sure && seems_to_have_shape(api, buffer.bytes());
        self.request = match buffer.read(|body| read_request(api, body)) {
            BodyRead::Whole(read) => Request::over(clipped(read.facts), sure || read.has_shape),
            BodyRead::Beginning(read) => Request::over(clipped(read.facts), sure || seems),
            BodyRead::Nothing => {
                let incomplete = self.capture != CaptureState::Complete;
                Request::over(RequestFacts::default(), sure || (incomplete && seems))
            }
        };
    }

    fn response_head(&mut self, head: &ResponseHead, time: Timestamp) {
        let request_id = REQUEST_ID_HEADERS
            .iter()
            .find_map(|name| head.headers.get(name));
        self.response = Some(Response {
            reader: ResponseReader::new(head, self.body_bytes, self.limits),
            status: head.status,
            request_id: request_id.map(str::to_owned),
            first_byte: time,
            last_byte: time,
            bytes: 0,
        });
    }

    fn response_body(&mut self, bytes: &[u8], time: Timestamp) {
        if let Some(response) = &mut self.response {
            response.bytes += bytes.len() as u64;
            response.last_byte = time;
            response
                .reader
                .feed(bytes, time, self.recognised.api, &self.recognised.provider);
        }
    }

    fn response_gap(&mut self, missing: u64) {
        self.worsen(CaptureState::Gap);
        if let Some(response) = &mut self.response {
            response.bytes = response.bytes.saturating_add(missing);
            response.reader.gap();
        }
    }

    fn worsen(&mut self, capture: CaptureState) {
        self.capture = self.capture.max(capture);
    }

    /// The exchange is over.
    pub(crate) fn finish(mut self, end: BodyEnd, time: Timestamp) -> Built {
        self.end_request();
        self.worsen(capture_of(end));
        let nothing = Request::Coming(BodyBuffer::new(0));
        let Request::Over {
            facts: request,
            confirmed: true,
        } = std::mem::replace(&mut self.request, nothing)
        else {
            return Built::Unconfirmed;
        };
        let api = self.recognised.api;
        let Some(response) = self.response.take() else {
            let outcome = if end == BodyEnd::Cut {
                Outcome::Cancelled
            } else {
                Outcome::Success
            };
            return self.build(*request, Read::none(outcome, time));
        };
        let read = response
            .reader
            .finish(response.last_byte, api, &self.recognised.provider);
        self.worsen(read.capture);
        let read = Read::of(read, end, time, &response.last_byte).with_head(
            response.status,
            response.request_id,
            response.first_byte,
            response.bytes,
        );
        self.build(*request, read)
    }

    fn build(self, mut request: RequestFacts, read: Read) -> Built {
        let head = self.head;
        request.model = self.recognised.path_model.or(request.model);
        request.body_bytes = self.request_bytes;
        request.user_agent = head.headers.get("user-agent").map(str::to_owned);
        request.retry_count = number(&head.headers, "x-stainless-retry-count");
        let ChunkTimes {
            first, last, gaps, ..
        } = read.times;
        Built::Call(Box::new(Call::captured(CallFacts {
            connection: self.connection,
            exchange: self.exchange,
            provider: self.recognised.provider,
            operation: self.recognised.operation,
            api: self.recognised.api,
            parent: trace_parent::of_request(&head.headers),
            host: head.host,
            path: head.target.path,
            http_version: head.version,
            request,
            response: read.facts,
            usage: read.usage,
            timing: Timing {
                start: self.start,
                request_end: self.request_end,
                first_byte: read.first_byte,
                first_chunk: first,
                last_chunk: last,
                chunk_gaps: gaps,
                end: read.end,
            },
            outcome: read.outcome,
            capture: self.capture,
            kept_headers: self.kept_headers,
        })))
    }
}

/// The response's part of a call.
struct Read {
    facts: ResponseFacts,
    usage: Usage,
    times: ChunkTimes,
    outcome: Outcome,
    first_byte: Option<Timestamp>,
    end: Timestamp,
}

impl Read {
    /// No response was seen.
    fn none(outcome: Outcome, end: Timestamp) -> Self {
        Self {
            facts: ResponseFacts::default(),
            usage: Usage::default(),
            times: ChunkTimes::default(),
            outcome,
            first_byte: None,
            end,
        }
    }

    /// An answer that is whole ended with its last byte, even if the connection was closed only
    /// later, or before the framing was complete: clients stop reading at the API's end mark.
    fn of(read: ResponseRead, end: BodyEnd, time: Timestamp, last_byte: &Timestamp) -> Self {
        let mut answer = read.answer;
        let outcome = match answer.error.take() {
            Some(error_type) => Outcome::Failed { error_type },
            None if end == BodyEnd::Cut && !read.is_whole => Outcome::Cancelled,
            None => Outcome::Success,
        };
        let mut facts = ResponseFacts {
            chunks: read.times.count,
            ..ResponseFacts::default()
        };
        let usage = answer.usage;
        answer.fill(&mut facts);
        let end = if outcome == Outcome::Cancelled {
            time
        } else {
            *last_byte
        };
        Self {
            facts,
            usage,
            times: read.times,
            outcome,
            first_byte: None,
            end,
        }
    }

    fn with_head(
        mut self,
        status: u16,
        request_id: Option<String>,
        first_byte: Timestamp,
        bytes: u64,
    ) -> Self {
        self.facts.status = Some(status);
        self.facts.request_id = request_id;
        self.facts.body_bytes = bytes;
        self.first_byte = Some(first_byte);
        self
    }
}

/// The shape of a body that cannot be parsed to its end: the member that every request of the API
/// has stands in it somewhere.
fn seems_to_have_shape(api: Api, body: &[u8]) -> bool {
    let member: &[u8] = match api {
        Api::OpenAiChat | Api::AnthropicMessages => b"\"messages\"",
        Api::OpenAiCompletions => b"\"prompt\"",
        Api::OpenAiResponses | Api::OpenAiEmbeddings => b"\"input\"",
    };
    body.trim_ascii_start().first() == Some(&b'{') && memmem::find(body, member).is_some()
}

const fn capture_of(end: BodyEnd) -> CaptureState {
    match end {
        BodyEnd::Complete | BodyEnd::Cut => CaptureState::Complete,
        BodyEnd::Open => CaptureState::Open,
        BodyEnd::Gap { .. } => CaptureState::Gap,
        BodyEnd::Truncated => CaptureState::Truncated,
        BodyEnd::Undecodable => CaptureState::Undecodable,
    }
}

fn number(headers: &Headers, name: &str) -> Option<u64> {
    headers.get(name)?.trim().parse().ok()
}
