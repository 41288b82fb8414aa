//! The neutral model of one call to a model.

use std::{borrow::Cow, fmt::Debug, time::Duration};

use crate::{
    attribution::Attribution,
    correlate::{Known, Lineage, NamedSession},
    detect::Role,
    evaluation::{Evaluation, Findings, Seen},
    http::{
        exchange::ExchangeId,
        head::{Host, HttpVersion},
    },
    llm::{
        content::{Checkable, Content, Judging, keeper::Said, trail::Marks},
        mcp::{McpAnswer, McpRequest},
        rate_limits::RateLimits,
        usage::Usage,
    },
    policy::{Permit, ReleasedContent},
    pricing::Cost,
    segment::ConnectionId,
    socket::KnownSocket,
    time::Timestamp,
};

/// Everything known of a call, content included where a policy wants it. Must not leave the core.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Captured {}

/// What the policy lets out. Only `policy::release` makes one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Released {}

/// How far a call has come, and what of its content may be with it there.
pub trait Stage: private::Sealed {
    /// The content.
    type Content: Debug + Clone + PartialEq;
}

impl Stage for Captured {
    type Content = Inside;
}

impl Stage for Released {
    type Content = Outside;
}

/// What a policy adds to a call that it lets out.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Outside {
    /// By what it left; none of what leaves without any rule.
    permit: Option<Box<Permit>>,
    /// None unless a policy let some out.
    content: Option<Box<ReleasedContent>>,
}

/// What never leaves the core as it is.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Inside {
    /// None where the operator does not want it kept.
    content: Option<Box<Content>>,
    /// None where nothing of it was read, or they were taken.
    marks: Option<Box<Marks>>,
    /// What else reading it showed.
    seen: Seen,
    /// What is to be checked of it; none once it was.
    checkable: Option<Box<Checkable>>,
    /// What it says of the answer of another call, perhaps; none once that was looked for.
    judging: Option<Box<Judging>>,
}

mod private {
    pub trait Sealed {}
    impl Sealed for super::Captured {}
    impl Sealed for super::Released {}
}

/// One call to a model: one HTTP exchange with a provider, as one of its sides saw it. Its facts can
/// be read, never changed:
/// what the policy let out is what an exporter sees.
#[derive(Debug, Clone, PartialEq)]
pub struct Call<S: Stage> {
    facts: CallFacts,
    content: S::Content,
}

impl<S: Stage> Call<S> {
    /// The facts.
    pub const fn facts(&self) -> &CallFacts {
        &self.facts
    }
}

impl Call<Captured> {
    /// A call as the adapters understood it.
    pub fn captured(facts: CallFacts) -> Self {
        Self {
            facts,
            content: Inside::default(),
        }
    }

    /// Its facts, to be added to. A call that waits for the rest of its answer holds no content.
    pub(crate) fn into_facts(self) -> CallFacts {
        self.facts
    }

    /// Notes what was seen of its other end.
    pub(crate) const fn set_other_end(&mut self, other_end: OtherEnd) {
        self.facts.other_end = other_end;
    }

    /// Notes that the process made a call of its own meanwhile.
    pub(crate) const fn pass_on(&mut self) {
        self.facts.is_passed_on = true;
    }

    /// Notes that its tokens stand on another hop.
    pub(crate) const fn count_elsewhere(&mut self, known: Known) {
        self.facts.counted_at = Some(known);
    }

    /// It is known where it stands among others.
    pub(crate) fn set_lineage(&mut self, lineage: Lineage) {
        self.facts.lineage = Some(Box::new(lineage));
    }

    /// It is known which socket carried it.
    pub(crate) const fn set_socket(&mut self, socket: Option<KnownSocket>) {
        self.facts.socket = socket;
    }

    /// It is known what it costs, or why not.
    pub(crate) const fn set_cost(&mut self, cost: Cost) {
        self.facts.cost = cost;
    }

    /// The same call with what it says.
    #[must_use]
    pub(crate) fn with_said(self, said: Said) -> Self {
        let marks = Some(said.marks).filter(|marks| *marks != Marks::default());
        let mut facts = self.facts;
        facts.response.has_refusal |= said.seen.has_refusal;
        Self {
            facts,
            content: Inside {
                content: said.content.map(Box::new),
                marks: marks.map(Box::new),
                seen: said.seen,
                checkable: said.checkable,
                judging: said.judging,
            },
        }
    }

    /// What it says, if the operator wants that kept and the call did not wait for an answer that came
    /// elsewhere.
    pub fn content(&self) -> Option<&Content> {
        self.content.content.as_deref()
    }

    /// Marks of what it says.
    pub(crate) fn take_marks(&mut self) -> Option<Box<Marks>> {
        self.content.marks.take()
    }

    /// What its content shows of it.
    pub(crate) const fn seen(&self) -> Seen {
        self.content.seen
    }

    /// Forgets evaluations that nobody wants.
    pub(crate) fn keep_evaluations(&mut self, is_wanted: impl Fn(&Evaluation) -> bool) {
        self.facts.evaluations.retain(&is_wanted);
        self.facts.judgement = self.facts.judgement.take().filter(|it| is_wanted(it));
    }

    /// What is to be checked of it.
    pub(crate) fn take_checkable(&mut self) -> Option<Box<Checkable>> {
        self.content.checkable.take()
    }

    /// What it says of the answer of another call, perhaps.
    pub(crate) fn take_judging(&mut self) -> Option<Box<Judging>> {
        self.content.judging.take()
    }

    /// It judges the answer of another call.
    pub(crate) fn set_judgement(&mut self, judgement: Evaluation) {
        self.facts.judgement = Some(Box::new(judgement));
    }

    /// It was evaluated.
    pub(crate) fn add_evaluations(&mut self, evaluations: impl IntoIterator<Item = Evaluation>) {
        self.facts.evaluations.extend(evaluations);
    }

    /// The policy's door: `rules` may still change the facts, nothing behind it can. Content stays
    /// behind unless `let_out` makes of it what may leave.
    pub(crate) fn release_with(
        mut self,
        rules: impl FnOnce(&mut CallFacts),
        let_out: impl FnOnce(Content) -> Option<ReleasedContent>,
        permit: Option<Box<Permit>>,
    ) -> Call<Released> {
        rules(&mut self.facts);
        let content = self.content.content;
        Call {
            facts: self.facts,
            content: Outside {
                permit,
                content: content.and_then(|content| let_out(*content)).map(Box::new),
            },
        }
    }
}

impl Call<Released> {
    /// What the policy let out of what it says.
    pub fn content(&self) -> Option<&ReleasedContent> {
        self.content.content.as_deref()
    }

    /// By what it left; `None` for metadata that leave without any rule.
    pub fn permit(&self) -> Option<&Permit> {
        self.content.permit.as_deref()
    }

    /// Its facts alone, once its content was told.
    #[must_use]
    pub fn without_content(self) -> Self {
        Self {
            content: Outside {
                content: None,
                ..self.content
            },
            ..self
        }
    }
}

/// Facts of a call that carry no content of prompts or answers: that is in [`Content`].
#[derive(Debug, Clone, PartialEq)]
pub struct CallFacts {
    /// On which connection.
    pub connection: ConnectionId,
    /// Which exchange of it.
    pub exchange: ExchangeId,
    /// Whether the process made the call or served it.
    pub role: Role,
    /// Who served it.
    pub provider: Provider,
    /// How that is known.
    pub provider_basis: ProviderBasis,
    /// What kind of call.
    pub operation: Operation,
    /// Which wire API it spoke.
    pub api: Api,
    /// Where it went, as far as the wire told.
    pub host: Option<Host>,
    /// The socket that carried it, where it is known.
    pub socket: Option<KnownSocket>,
    /// Path of the request, without its query.
    pub path: String,
    /// Protocol version.
    pub http_version: HttpVersion,
    /// What was asked.
    pub request: RequestFacts,
    /// What came back.
    pub response: ResponseFacts,
    /// Token counts.
    pub usage: Usage,
    /// What it costs, once it was priced.
    pub cost: Cost,
    /// When.
    pub timing: Timing,
    /// How it went.
    pub outcome: Outcome,
    /// How much of it was seen.
    pub capture: CaptureState,
    /// The caller's W3C trace context, from the request's `traceparent`.
    pub parent: Option<TraceParent>,
    /// To whom it belongs, as far as the wire tells.
    pub attribution: Attribution,
    /// Values of headers that the operator asked to keep.
    pub kept_headers: Vec<(String, String)>,
    /// What was seen of the other process.
    pub other_end: OtherEnd,
    /// The process served the call, and made one of its own meanwhile that used tokens.
    pub is_passed_on: bool,
    /// Its tokens stand on another hop of the same call, and how that is known.
    pub counted_at: Option<Known>,
    /// Where it stands among others, if that was looked for.
    pub lineage: Option<Box<Lineage>>,
    /// What was found of it by the time it was over.
    pub evaluations: Vec<Evaluation>,
    /// What it says of the answer of another call, if it judges one.
    pub judgement: Option<Box<Evaluation>>,
}

impl CallFacts {
    /// Its tokens stand on another call that is reported: the one that its client made, or the one
    /// that was made to answer it.
    pub fn is_counted_elsewhere(&self) -> bool {
        self.counted_elsewhere().is_some()
    }

    /// How it is known that its tokens stand on another call that is reported, if they do.
    pub fn counted_elsewhere(&self) -> Option<Known> {
        self.counted_at.or(match (self.role, self.other_end) {
            (Role::Client, _) => None,
            (Role::Server, OtherEnd::Known(_)) => Some(Known::derived("both_ends")),
            (Role::Server, OtherEnd::Unclear) => Some(Known::inferred("both_ends")),
            (Role::Server, OtherEnd::Unknown) => self
                .is_passed_on
                .then_some(Known::inferred("served_meanwhile")),
        })
    }
}

/// What was seen, on this host, of the other end of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OtherEnd {
    /// Nothing.
    #[default]
    Unknown,
    /// A process here has the other end; which of those that are alike, nobody can tell.
    Unclear,
    /// The call of the other role that has this number, too.
    Known(PairNumber),
}

/// Number of a call that was seen at both ends; each end reports it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PairNumber(pub u64);

/// A provider, by its `gen_ai.provider.name`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Provider(pub Cow<'static, str>);

/// How it is known who serves a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ProviderBasis {
    /// By its host, or a rule of the operator.
    Host,
    /// By what the request tells the gateway that it goes to.
    Gateway,
    /// Not: it is named after the wire format.
    #[default]
    Format,
}

/// What a call does. Those without a well-known value in the conventions are reported under a name
/// of our own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operation {
    /// Chat completion.
    Chat,
    /// Multimodal generation, in the words of Gemini.
    GenerateContent,
    /// Legacy text completion.
    TextCompletion,
    /// Embeddings.
    Embeddings,
    /// Documents found by a query.
    Retrieval,
    /// A request of the Model Context Protocol; what it does, its method says.
    Mcp,
    /// A run of an agent that the provider hosts.
    InvokeAgent,
    /// Images from text or images.
    ImageGeneration,
    /// Text from speech, in its language.
    Transcription,
    /// English text from speech.
    Translation,
    /// Speech from text.
    Speech,
    /// A classification of harmful content.
    Moderation,
    /// Documents ordered by relevance.
    Rerank,
    /// Tokens of a prompt counted, without running it.
    CountTokens,
    /// A batch of requests handed in, to be run later.
    Batch,
    /// An answer that is stored at the provider, fetched again. Reported only where it tells how a
    /// run in the background ended.
    FetchResponse,
    /// A conversation shortened by a model.
    Compact,
    /// Text read from a document.
    Ocr,
    /// Films from text or images.
    VideoGeneration,
    /// A prompt stored at the provider, to be used again.
    CacheContent,
}

impl Operation {
    /// All of them.
    pub const ALL: [Self; 20] = [
        Self::Chat,
        Self::GenerateContent,
        Self::TextCompletion,
        Self::Embeddings,
        Self::Retrieval,
        Self::Mcp,
        Self::InvokeAgent,
        Self::ImageGeneration,
        Self::Transcription,
        Self::Translation,
        Self::Speech,
        Self::Moderation,
        Self::Rerank,
        Self::CountTokens,
        Self::Batch,
        Self::FetchResponse,
        Self::Compact,
        Self::Ocr,
        Self::VideoGeneration,
        Self::CacheContent,
    ];
}

/// The wire API of a call, named `family.interface`: `openai.chat`, `anthropic.messages`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Api(pub &'static str);

impl Api {
    /// Whose format it is.
    pub fn family(self) -> &'static str {
        self.0.split_once('.').map_or(self.0, |(family, _)| family)
    }
}

/// Parameters of the request.
#[derive(Debug, Clone, PartialEq, Default)]
#[expect(
    missing_docs,
    reason = "named after the attributes of the conventions, see semconv"
)]
pub struct RequestFacts {
    pub model: Option<String>,
    pub stream: Option<bool>,
    pub max_tokens: Option<u64>,
    pub temperature: Option<f64>,
    pub top_p: Option<f64>,
    pub top_k: Option<f64>,
    pub frequency_penalty: Option<f64>,
    pub presence_penalty: Option<f64>,
    pub stop_sequences: Vec<String>,
    pub seed: Option<i64>,
    pub choice_count: Option<u64>,
    pub output_type: Option<OutputType>,
    pub encoding_formats: Vec<String>,
    pub embedding_dimensions: Option<u64>,
    pub service_tier: Option<String>,
    pub reasoning_level: Option<String>,
    pub previous_response_id: Option<String>,
    pub conversation_id: Option<String>,
    /// The session that a header or a field of the body names.
    pub session: Option<NamedSession>,
    pub tool_count: Option<u64>,
    /// Index or collection of a retrieval.
    pub data_source_id: Option<String>,
    /// The request of the Model Context Protocol, if it is one.
    pub mcp: Option<Box<McpRequest>>,
    /// Files that were sent along, in order.
    pub files: Vec<FileFacts>,
    /// Names of the tools that were offered, as far as kept.
    pub tool_names: Vec<String>,
    /// Tokens that thinking may take.
    pub reasoning_budget: Option<u64>,
    /// A prompt that the provider stores.
    pub prompt_id: Option<String>,
    pub prompt_version: Option<String>,
    /// The agent, where one that the provider hosts is asked.
    pub agent_id: Option<String>,
    /// A guardrail that checks what goes in and out.
    pub guardrail_id: Option<String>,
    /// Which attempt the client library said this is, from 0 (`x-stainless-retry-count`).
    pub retry_count: Option<u64>,
    pub user_agent: Option<String>,
    pub body_bytes: u64,
}

/// A file in a form; never its content or name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileFacts {
    /// Its media type as the caller gave it.
    pub media_type: Option<String>,
    /// Its size, unless part of it was not seen.
    pub bytes: Option<u64>,
}

/// What the request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "values of gen_ai.output.type")]
pub enum OutputType {
    Text,
    Json,
    Image,
    Speech,
}

/// Facts of the response.
#[derive(Debug, Clone, PartialEq, Default)]
#[expect(
    missing_docs,
    reason = "named after the attributes of the conventions, see semconv"
)]
pub struct ResponseFacts {
    pub status: Option<u16>,
    /// Status of a gRPC call, by its name.
    pub rpc_status: Option<&'static str>,
    pub id: Option<String>,
    pub model: Option<String>,
    /// One per choice, in order, in the provider's own words.
    pub finish_reasons: Vec<String>,
    pub service_tier: Option<String>,
    pub system_fingerprint: Option<String>,
    /// The provider's request id from a response header.
    pub request_id: Option<String>,
    pub tool_calls: Vec<ToolCall>,
    /// The provider was still at work when it answered: what it made and used is told elsewhere.
    pub is_pending: bool,
    /// Documents that a retrieval found.
    pub documents: Option<u64>,
    /// What an answer of the Model Context Protocol says.
    pub mcp: McpAnswer,
    /// The conversation that the answer belongs to, where the answer names it.
    pub conversation_id: Option<String>,
    /// What the headers tell of the caller's quotas.
    pub rate_limits: RateLimits,
    /// How long the provider says that it worked.
    pub processing_time: Option<Duration>,
    /// How long the provider says that the request waited.
    pub queue_time: Option<Duration>,
    /// The gateway that the answer came through, if it names itself.
    pub gateway: Option<Box<Gateway>>,
    /// Who a gateway or a router says has served the call.
    pub upstream_provider: Option<String>,
    /// What filters, guardrails and moderation found, as the answer tells.
    pub findings: Option<Box<Findings>>,
    /// It says in a part of its own that it declines, as far as its content was read.
    pub has_refusal: bool,
    /// Stream chunks that carried output (0 for an answer in one piece).
    pub chunks: u64,
    pub body_bytes: u64,
}

/// What a gateway says of its work on a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gateway {
    /// Which one.
    pub name: Cow<'static, str>,
    /// Attempts after the first.
    pub retries: Option<u64>,
    /// Other models or providers that it turned to.
    pub fallbacks: Option<u64>,
    /// What its cache had, in its own words: `hit`, `miss`.
    pub cache: Option<String>,
}

/// A tool that the model asked for; never its arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolCall {
    /// The provider's id of the call.
    pub id: Option<String>,
    /// The tool's name.
    pub name: String,
}

/// Wire times of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timing {
    /// First byte of the request written, or read where the process serves it.
    pub start: Timestamp,
    /// Last byte of the request, if seen.
    pub request_end: Option<Timestamp>,
    /// First byte of the response.
    pub first_byte: Option<Timestamp>,
    /// First chunk of a stream that carried output.
    pub first_chunk: Option<Timestamp>,
    /// Last chunk of a stream that carried output.
    pub last_chunk: Option<Timestamp>,
    /// Microseconds from each chunk that carried output to the next, at most
    /// [`Timing::MAX_CHUNK_GAPS`] of them.
    pub chunk_gaps: Vec<u32>,
    /// Last byte of the response, or when the call was given up.
    pub end: Timestamp,
}

impl Timing {
    /// How many gaps between chunks are kept per call; later ones are not measured.
    pub const MAX_CHUNK_GAPS: usize = 16_384;
}

/// In place of an error, or of a name, that is not told or not known, as the conventions have it.
pub(crate) const OTHER: &str = "_OTHER";

/// How a call went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// An answer; where the capture is not complete, nothing that says otherwise.
    Success,
    /// The provider reported an error, by status or inside the answer.
    Failed {
        /// Low-cardinality `error.type`: the provider's code or type, else the status.
        error_type: String,
    },
    /// The exchange ended before the answer was complete.
    Cancelled,
}

/// How much of a call was captured, from best to worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CaptureState {
    /// All of it.
    Complete,
    /// All but some header fields, host and path perhaps among them: they refer to what went by
    /// before the agent came, or was lost. Only on HTTP/2, and of a session over a WebSocket whose
    /// handshake was not seen.
    Headers,
    /// It was still under way when the agent stopped looking: at its own end, or after too long a
    /// silence.
    Open,
    /// A bound of ours was passed; what is reported is right but may not be all.
    Truncated,
    /// Bytes were lost on the way; what is reported is right but may not be all.
    Gap,
    /// A body could not be decoded.
    Undecodable,
}

/// W3C trace context of the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceParent {
    /// Trace id, big-endian.
    pub trace_id: [u8; 16],
    /// Span id of the caller's span.
    pub parent_id: [u8; 8],
    /// Trace flags; bit 0 is `sampled`.
    pub flags: u8,
    /// Members of the request's `tracestate`, valid and at most 512 bytes.
    pub state: Option<Box<str>>,
}
