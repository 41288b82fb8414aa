//! From a released call to a span.

use super::{
    attributes as names,
    build::Builder,
    content::content_attributes,
    cost::add_cost,
    evaluation::{self, SpanEvent},
    lineage::{SpanLink, SpanPlace, add_lineage},
    mcp,
    own::add_own,
    permit::add_permit,
    socket,
    value::{Attributes, Value},
};
use crate::{
    detect::Role,
    http::head::HttpVersion,
    llm::{
        call::{
            Api, Call, CallFacts, Operation, OtherEnd, Outcome, OutputType, PairNumber, Released,
            RequestFacts, TraceParent,
        },
        usage::Usage,
    },
    segment::ProcessKey,
    time::Timestamp,
};

/// Port of a request whose `Host` names none.
const TLS_PORT: u16 = 443;
/// The same without TLS.
const PLAIN_PORT: u16 = 80;

/// A finished span, ready for an exporter.
#[derive(Debug, Clone, PartialEq)]
pub struct Span {
    /// Whose call: picks the resource.
    pub process: ProcessKey,
    /// Whether the process made the call or served it.
    pub kind: SpanKind,
    /// `{operation} {model}`.
    pub name: String,
    /// The caller's context, if the request carried one; else the span is a root.
    pub parent: Option<TraceParent>,
    /// Number that it shares with the span of the other end, where that was seen: a server's span is
    /// the child of its client's.
    pub pair: Option<PairNumber>,
    /// Its place in a trace, where calls are joined; else it joins its caller or begins a trace.
    pub place: Option<SpanPlace>,
    /// Spans that it is related to.
    pub links: Vec<SpanLink>,
    /// What happened meanwhile.
    pub events: Vec<SpanEvent>,
    /// Wire time of the first request byte.
    pub start: Timestamp,
    /// Wire time of the last response byte.
    pub end: Timestamp,
    /// `error.type` when the call failed: span status ERROR, else unset.
    pub error: Option<String>,
    /// Attributes.
    pub attributes: Attributes,
}

/// The kinds of spans of OpenTelemetry that are made here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SpanKind {
    /// The process made the call.
    Client,
    /// The process served it.
    Server,
    /// No call, but what calls are part of or make necessary.
    Internal,
}

impl SpanKind {
    /// In lower case, as the conventions write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Server => "server",
            Self::Internal => "internal",
        }
    }
}

impl From<Role> for SpanKind {
    fn from(role: Role) -> Self {
        match role {
            Role::Client => Self::Client,
            Role::Server => Self::Server,
        }
    }
}

/// The span of a call, with every attribute that the wire gave, and with the content that the policy
/// let out.
pub fn span(call: &Call<Released>) -> Span {
    let mut span = metadata_span(call);
    span.attributes.extend(content_attributes(call));
    span
}

/// The same without content.
pub(super) fn metadata_span(call: &Call<Released>) -> Span {
    let facts = call.facts();
    let error = error_type(facts);
    let mut add = Builder::with_capacity(40);
    if facts.operation == Operation::FetchResponse {
        // The end of a run that another span began. It is no operation of the conventions: one
        // would count the run twice, and `fetch_response` of their successor has no tokens.
        add_models(&mut add, facts);
    } else {
        add_identity(&mut add, facts);
    }
    if facts.role == Role::Server && facts.operation != Operation::Mcp {
        add_server(&mut add, facts);
    }
    add.text(names::ERROR_TYPE, error);
    add_request(&mut add, facts);
    add_response(&mut add, facts);
    add_usage(&mut add, facts);
    add_cost(&mut add, &facts.cost);
    mcp::add_details(&mut add, facts);
    add_transport(&mut add, facts);
    socket::add_socket(&mut add, facts);
    add_own(&mut add, facts);
    add_permit(&mut add, call.permit());
    let lineage = facts.lineage.as_deref();
    if let Some(lineage) = lineage {
        add_lineage(&mut add, lineage);
    }
    Span {
        process: facts.connection.process,
        kind: facts.role.into(),
        name: name(facts),
        parent: facts.parent.clone(),
        pair: match facts.other_end {
            OtherEnd::Known(pair) => Some(pair),
            OtherEnd::Unknown | OtherEnd::Unclear => None,
        },
        place: lineage.map(SpanPlace::of),
        links: lineage.map_or_else(Vec::new, |lineage| {
            lineage.links.iter().map(SpanLink::of).collect()
        }),
        events: evaluation::events(
            &facts.evaluations,
            facts.response.id.as_deref(),
            facts.timing.end,
        ),
        start: facts.timing.start,
        end: facts.timing.end,
        error: error.map(str::to_owned),
        attributes: add.finish(),
    }
}

fn name(facts: &CallFacts) -> String {
    if let Some(mcp) = &facts.request.mcp {
        return mcp::span_name(mcp);
    }
    let operation = operation_name(facts.operation);
    let target = match facts.operation {
        Operation::Retrieval => &facts.request.data_source_id,
        // Named after its agent, which has an id only.
        Operation::InvokeAgent => &None,
        _ => &facts.request.model,
    };
    match target {
        Some(target) => format!("{operation} {target}"),
        None => operation.to_owned(),
    }
}

/// What spans and measurements share first: operation, provider, models and server.
pub(super) fn add_identity(add: &mut Builder, facts: &CallFacts) {
    if let Some(mcp) = &facts.request.mcp {
        mcp::add_identity(add, mcp);
    } else {
        add.label(
            names::GEN_AI_OPERATION_NAME,
            operation_name(facts.operation),
        );
        add.text(names::GEN_AI_PROVIDER_NAME, Some(&facts.provider.0));
    }
    add_models(add, facts);
}

/// Models, and the server of a call that was made.
fn add_models(add: &mut Builder, facts: &CallFacts) {
    add.text(names::GEN_AI_REQUEST_MODEL, facts.request.model.as_deref());
    add.text(
        names::GEN_AI_RESPONSE_MODEL,
        facts.response.model.as_deref(),
    );
    if facts.role == Role::Client {
        add_server(add, facts);
    }
}

/// The server, by the name that its client has for it.
fn add_server(add: &mut Builder, facts: &CallFacts) {
    if let Some(host) = &facts.host {
        add.text(names::SERVER_ADDRESS, Some(&host.name));
        let default = if facts.connection.is_socket() {
            PLAIN_PORT
        } else {
            TLS_PORT
        };
        add.count(
            names::SERVER_PORT,
            Some(host.port.unwrap_or(default).into()),
        );
    }
}

/// What spans and measurements share of OpenAI's own attributes.
pub(super) fn add_openai_response(add: &mut Builder, facts: &CallFacts) {
    if speaks_openai(facts.api) {
        add.text(
            names::OPENAI_RESPONSE_SERVICE_TIER,
            facts.response.service_tier.as_deref(),
        );
        add.text(
            names::OPENAI_RESPONSE_SYSTEM_FINGERPRINT,
            facts.response.system_fingerprint.as_deref(),
        );
    }
}

pub(super) const fn error_type(facts: &CallFacts) -> Option<&str> {
    match &facts.outcome {
        Outcome::Failed { error_type } => Some(error_type.as_str()),
        Outcome::Success | Outcome::Cancelled => None,
    }
}

fn add_request(add: &mut Builder, facts: &CallFacts) {
    let request = &facts.request;
    add.text(
        names::GEN_AI_CONVERSATION_ID,
        request.conversation_id.as_deref(),
    );
    add.text(names::GEN_AI_AGENT_ID, request.agent_id.as_deref());
    if facts.provider.0 == "azure.ai.inference" {
        add.label(
            names::AZURE_RESOURCE_PROVIDER_NAMESPACE,
            "Microsoft.CognitiveServices",
        );
    }
    if let Some(output) = request.output_type {
        add.label(names::GEN_AI_OUTPUT_TYPE, output_type(output));
    }
    add.count(
        names::GEN_AI_REQUEST_CHOICE_COUNT,
        request.choice_count.filter(|&n| n != 1),
    );
    add.int(names::GEN_AI_REQUEST_SEED, request.seed);
    add.flag(names::GEN_AI_REQUEST_STREAM, request.stream == Some(true));
    add.double(names::GEN_AI_REQUEST_TOP_K, request.top_k);
    add.count(names::GEN_AI_REQUEST_MAX_TOKENS, request.max_tokens);
    add.double(names::GEN_AI_REQUEST_TEMPERATURE, request.temperature);
    add.double(names::GEN_AI_REQUEST_TOP_P, request.top_p);
    add.double(
        names::GEN_AI_REQUEST_FREQUENCY_PENALTY,
        request.frequency_penalty,
    );
    add.double(
        names::GEN_AI_REQUEST_PRESENCE_PENALTY,
        request.presence_penalty,
    );
    add.list(
        names::GEN_AI_REQUEST_STOP_SEQUENCES,
        request.stop_sequences.clone(),
    );
    add.list(
        names::GEN_AI_REQUEST_ENCODING_FORMATS,
        request.encoding_formats.clone(),
    );
    add.text(
        names::GEN_AI_DATA_SOURCE_ID,
        request.data_source_id.as_deref(),
    );
    if facts.api.family() == "bedrock" {
        add.text(
            names::AWS_BEDROCK_GUARDRAIL_ID,
            request.guardrail_id.as_deref(),
        );
        add.text(
            names::AWS_BEDROCK_KNOWLEDGE_BASE_ID,
            request.data_source_id.as_deref(),
        );
    }
    add.count(
        names::GEN_AI_EMBEDDINGS_DIMENSION_COUNT,
        request.embedding_dimensions,
    );
    add_service_tier_request(add, facts.api, request);
}

fn add_service_tier_request(add: &mut Builder, api: Api, request: &RequestFacts) {
    if speaks_openai(api) {
        if let Some(kind) = openai_api_type(api) {
            add.label(names::OPENAI_API_TYPE, kind);
        }
        let tier = request
            .service_tier
            .as_deref()
            .filter(|&tier| tier != "auto");
        add.text(names::OPENAI_REQUEST_SERVICE_TIER, tier);
    } else {
        add.text(
            names::LLM_TRACER_REQUEST_SERVICE_TIER,
            request.service_tier.as_deref(),
        );
    }
}

fn add_response(add: &mut Builder, facts: &CallFacts) {
    let response = &facts.response;
    add.text(names::GEN_AI_RESPONSE_ID, response.id.as_deref());
    add.list(
        names::GEN_AI_RESPONSE_FINISH_REASONS,
        response.finish_reasons.clone(),
    );
    if let Some(first) = facts.timing.first_chunk {
        let waited = first.since(facts.timing.start).as_secs_f64();
        add.double(names::GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK, Some(waited));
    }
    add_openai_response(add, facts);
    if !speaks_openai(facts.api) {
        add.text(
            names::LLM_TRACER_RESPONSE_SERVICE_TIER,
            response.service_tier.as_deref(),
        );
    }
}

fn add_usage(add: &mut Builder, facts: &CallFacts) {
    let usage = &facts.usage;
    if let Some(known) = facts.counted_elsewhere() {
        if *usage != Usage::default() {
            add.flag(names::LLM_TRACER_USAGE_ELSEWHERE, true);
            add.label(names::LLM_TRACER_USAGE_CONFIDENCE, known.confidence.name());
            add.label(names::LLM_TRACER_USAGE_SOURCE, known.by);
        }
        if facts.role == Role::Client {
            add.count(names::LLM_TRACER_USAGE_TOLD_INPUT_TOKENS, usage.input);
            add.count(names::LLM_TRACER_USAGE_TOLD_OUTPUT_TOKENS, usage.output);
        }
        return;
    }
    add.count(names::GEN_AI_USAGE_INPUT_TOKENS, usage.input);
    add.count(names::GEN_AI_USAGE_OUTPUT_TOKENS, usage.output);
    add.count(
        names::GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS,
        usage.cache_read,
    );
    add.count(
        names::GEN_AI_USAGE_CACHE_CREATION_INPUT_TOKENS,
        usage.cache_creation,
    );
    add.count(names::GEN_AI_USAGE_REASONING_OUTPUT_TOKENS, usage.reasoning);
}

fn add_transport(add: &mut Builder, facts: &CallFacts) {
    add.count(
        names::HTTP_RESPONSE_STATUS_CODE,
        facts.response.status.map(u64::from),
    );
    let version = match facts.http_version {
        HttpVersion::H10 => "1.0",
        HttpVersion::H11 => "1.1",
        HttpVersion::H2 => "2",
    };
    add.label(names::NETWORK_PROTOCOL_VERSION, version);
    add.text(
        names::USER_AGENT_ORIGINAL,
        facts.request.user_agent.as_deref(),
    );
    if facts.api.0.ends_with(".grpc") {
        add.label(names::RPC_SYSTEM_NAME, "grpc");
        add.text(names::RPC_METHOD, facts.path.strip_prefix('/'));
        add.text(names::RPC_RESPONSE_STATUS_CODE, facts.response.rpc_status);
    }
    for (name, value) in &facts.kept_headers {
        add.list(
            format!("{}{name}", names::HTTP_REQUEST_HEADER),
            vec![value.clone()],
        );
    }
}

/// `gen_ai.operation.name` of an operation, or our word for one that the conventions have none for.
pub(crate) const fn operation_name(operation: Operation) -> &'static str {
    match operation {
        Operation::Chat => "chat",
        Operation::GenerateContent => "generate_content",
        Operation::TextCompletion => "text_completion",
        Operation::Embeddings => "embeddings",
        Operation::Retrieval => "retrieval",
        Operation::Mcp => "mcp",
        Operation::InvokeAgent => "invoke_agent",
        Operation::ImageGeneration => "image_generation",
        Operation::Transcription => "transcription",
        Operation::Translation => "translation",
        Operation::Speech => "speech",
        Operation::Moderation => "moderation",
        Operation::Rerank => "rerank",
        Operation::CountTokens => "count_tokens",
        Operation::Batch => "batch",
        Operation::FetchResponse => "fetch_response",
        Operation::Compact => "compact",
        Operation::Ocr => "ocr",
        Operation::VideoGeneration => "video_generation",
        Operation::CacheContent => "cache_content",
    }
}

const fn output_type(output: OutputType) -> &'static str {
    match output {
        OutputType::Text => "text",
        OutputType::Json => "json",
        OutputType::Image => "image",
        OutputType::Speech => "speech",
    }
}

/// The two interfaces that the conventions name.
fn openai_api_type(api: Api) -> Option<&'static str> {
    match api.0 {
        "openai.chat" => Some("chat_completions"),
        "openai.responses" => Some("responses"),
        _ => None,
    }
}

fn speaks_openai(api: Api) -> bool {
    api.family() == "openai"
}

impl Span {
    /// The value of an attribute.
    pub fn attribute(&self, name: &str) -> Option<&Value> {
        self.attributes
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, value)| value)
    }
}
