//! The response's part of a call: while it comes in, and what it came to.

use crate::{
    http::{
        exchange::BodyEnd,
        head::{Headers, ResponseHead},
    },
    limits::Limits,
    llm::{
        call::{CaptureState, Outcome, ResponseFacts},
        chunk_times::ChunkTimes,
        content::keeper::{Keeper, Said},
        headers,
        mcp::McpRequest,
        recognise::Recognised,
        response::{ResponseRead, ResponseReader},
        rpc_status,
        usage::Usage,
    },
    time::Timestamp,
};

/// A response under way.
#[derive(Debug)]
pub(super) struct Response {
    reader: ResponseReader,
    /// What gRPC made of the call.
    rpc_status: Option<&'static str>,
    first_byte: Timestamp,
    last_byte: Timestamp,
    bytes: u64,
    /// Bytes known to be missing so far, if any are.
    missing: Option<u64>,
}

impl Response {
    /// Its head came at `time`; at most `bound` bytes of a document are kept.
    pub(super) fn new(
        head: Box<ResponseHead>,
        time: Timestamp,
        bound: usize,
        limits: Limits,
    ) -> Self {
        Self {
            rpc_status: rpc_status::of_headers(&head.headers),
            reader: ResponseReader::new(head, bound, limits),
            first_byte: time,
            last_byte: time,
            bytes: 0,
            missing: None,
        }
    }

    /// Takes the next bytes of the body.
    pub(super) fn body(
        &mut self,
        bytes: &[u8],
        time: Timestamp,
        recognised: &Recognised,
        keeper: Option<&mut Keeper>,
    ) {
        self.bytes += bytes.len() as u64;
        self.last_byte = time;
        self.reader.feed(bytes, time, recognised, keeper);
    }

    /// Requests that the server made in what came since the last time, and the bytes of their
    /// messages.
    pub(super) fn take_asked(&mut self) -> Vec<(McpRequest, usize)> {
        self.reader.take_asked()
    }

    /// So many bytes of the body are missing here.
    pub(super) fn gap(
        &mut self,
        missing: u64,
        recognised: &Recognised,
        keeper: Option<&mut Keeper>,
    ) {
        self.bytes = self.bytes.saturating_add(missing);
        self.missing = Some(self.missing.unwrap_or(0).saturating_add(missing));
        self.reader.gap(recognised, keeper);
    }

    /// Takes the fields behind the body.
    pub(super) fn trailers(&mut self, trailers: &Headers, time: Timestamp) {
        self.last_byte = time;
        self.rpc_status = rpc_status::of_headers(trailers).or(self.rpc_status);
    }

    /// Bytes held of the body.
    pub(super) fn held(&self) -> usize {
        self.reader.held()
    }

    /// Gives them back: what came is read, the rest is only counted.
    pub(super) fn shed(&mut self, recognised: &Recognised) {
        self.reader.shed(recognised);
    }

    /// The exchange is over, at `time`.
    pub(super) fn finish(
        self,
        end: BodyEnd,
        time: Timestamp,
        recognised: &Recognised,
        mut keeper: Option<Box<Keeper>>,
    ) -> Answered {
        let saw_its_end = self.saw_its_end(end);
        let of_content = keeper.as_deref_mut();
        let mut read = self
            .reader
            .finish(self.last_byte, saw_its_end, recognised, of_content);
        let said = keeper.map(|keeper| {
            let reason = |choice| read.answer.finish_reason(choice).map(str::to_owned);
            keeper.finish(end, reason)
        });
        if let Some(status) = self.rpc_status.filter(|&status| status != rpc_status::OK) {
            read.answer.error.get_or_insert_with(|| status.to_owned());
        }
        let mut facts = ResponseFacts {
            status: read.head.status,
            rpc_status: self.rpc_status,
            chunks: read.times.count,
            body_bytes: self.bytes,
            ..ResponseFacts::default()
        };
        headers::read(&read.head.headers, recognised, self.first_byte, &mut facts);
        headers::tell_guardrails(&read.head.headers, &mut read.answer.findings);
        let outcome = outcome(&mut read, end);
        // An answer that is whole ended with its last byte, even if the connection was closed only
        // later, or before the framing was complete: clients stop reading at the API's end mark.
        let end = if outcome == Outcome::Cancelled {
            time
        } else {
            self.last_byte
        };
        let (mut usage, is_telling) = (read.answer.usage, read.answer.is_telling);
        // What stands before a stream was written before its end was known.
        if read.times.count == 0 {
            let by_header = || headers::cost(&read.head.headers);
            usage.parts.reported_cost = usage.parts.reported_cost.or_else(by_header);
        }
        read.answer.fill(&mut facts);
        Answered {
            facts,
            usage,
            times: read.times,
            outcome,
            first_byte: Some(self.first_byte),
            end,
            capture: read.capture,
            is_telling,
            said: said.unwrap_or_default(),
        }
    }

    /// Whether nothing of the body came behind what was seen.
    fn saw_its_end(&self, end: BodyEnd) -> bool {
        match end {
            BodyEnd::Complete | BodyEnd::Cut | BodyEnd::Open => true,
            // All that is missing stood before something that was seen.
            BodyEnd::Gap { missing } => self.missing == Some(missing),
            BodyEnd::Truncated | BodyEnd::Undecodable => false,
        }
    }
}

fn outcome(read: &mut ResponseRead, end: BodyEnd) -> Outcome {
    match read.answer.error.take() {
        Some(error_type) => Outcome::Failed { error_type },
        None if end == BodyEnd::Cut && !read.is_whole => Outcome::Cancelled,
        None => Outcome::Success,
    }
}

/// What a response came to.
#[derive(Debug)]
pub(super) struct Answered {
    pub(super) facts: ResponseFacts,
    pub(super) usage: Usage,
    pub(super) times: ChunkTimes,
    pub(super) outcome: Outcome,
    pub(super) first_byte: Option<Timestamp>,
    pub(super) end: Timestamp,
    /// What reading found out about the capture.
    pub(super) capture: CaptureState,
    /// The answer has what only answers of its API have.
    pub(super) is_telling: bool,
    /// What both sides said, as far as that is wanted.
    pub(super) said: Said,
}

impl Answered {
    /// No response was seen of an exchange that ended at `time`.
    pub(super) fn nothing(end: BodyEnd, time: Timestamp, keeper: Option<Box<Keeper>>) -> Self {
        Self {
            facts: ResponseFacts::default(),
            usage: Usage::default(),
            times: ChunkTimes::default(),
            outcome: if end == BodyEnd::Cut {
                Outcome::Cancelled
            } else {
                Outcome::Success
            },
            first_byte: None,
            end: time,
            capture: CaptureState::Complete,
            is_telling: false,
            said: keeper.map_or_else(Said::default, |keeper| keeper.finish(end, |_| None)),
        }
    }
}
