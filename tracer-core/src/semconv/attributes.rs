//! Every attribute name, with its type, level and meaning: the one place that spells them.

/// One row of the registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attribute {
    /// Name on the wire.
    pub name: &'static str,
    /// Type of its value.
    pub kind: Kind,
    /// When it is present.
    pub level: Level,
    /// What it says.
    pub description: &'static str,
}

/// Type of an attribute's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the value types of OpenTelemetry")]
pub enum Kind {
    String,
    Int,
    Double,
    Boolean,
    StringList,
    /// A document: a string of JSON on a span, structured in an event.
    Document,
}

/// Requirement level of the conventions, or our own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Always present.
    Required,
    /// Present whenever the wire gives it.
    Conditional,
    /// Present where the wire gives it.
    Recommended,
    /// Present where a policy lets content out.
    OptIn,
    /// Ours, under `llm_tracer.`.
    Own,
}

/// Documented constants, and the same rows as a table for generated documentation.
macro_rules! registry {
    ($( #[doc = $doc:literal] $constant:ident = $name:literal, $kind:ident, $level:ident; )+) => {
        $( #[doc = $doc] pub const $constant: &str = $name; )+

        /// Every attribute that a span, an event or a measurement can carry.
        pub const REGISTRY: &[Attribute] = &[
            $( Attribute {
                name: $name,
                kind: Kind::$kind,
                level: Level::$level,
                description: $doc.trim_ascii(),
            }, )+
        ];
    };
}

registry! {
    /// What the call does: `chat`, `generate_content`, `text_completion`, `embeddings`, `retrieval`, `invoke_agent` or `execute_tool` (of MCP requests only `tools/call` has one); where the conventions have no word, `image_generation`, `video_generation`, `transcription`, `translation`, `speech`, `moderation`, `rerank`, `ocr`, `count_tokens`, `compact`, `cache_content` or `batch`. Absent on the span `fetch_response`, which tells how a run in the background ended that another span began; its measurements have that word.
    GEN_AI_OPERATION_NAME = "gen_ai.operation.name", String, Required;
    /// Who served it, by host; for an unknown host the flavour of its wire format (`openai`, `anthropic`). Absent on the span `fetch_response`.
    GEN_AI_PROVIDER_NAME = "gen_ai.provider.name", String, Required;
    /// Why the call failed: the provider's error code or type, else the HTTP status. Absent on success.
    ERROR_TYPE = "error.type", String, Conditional;
    /// Id of the hosted agent that was asked.
    GEN_AI_AGENT_ID = "gen_ai.agent.id", String, Conditional;
    /// The model that was asked for; on Azure the deployment in the path.
    GEN_AI_REQUEST_MODEL = "gen_ai.request.model", String, Conditional;
    /// The provider's id of the conversation that the request named.
    GEN_AI_CONVERSATION_ID = "gen_ai.conversation.id", String, Conditional;
    /// Output that was asked for explicitly: `text`, `json`, `image` or `speech`.
    GEN_AI_OUTPUT_TYPE = "gen_ai.output.type", String, Conditional;
    /// Number of choices asked for, if not 1.
    GEN_AI_REQUEST_CHOICE_COUNT = "gen_ai.request.choice.count", Int, Conditional;
    /// Seed for sampling.
    GEN_AI_REQUEST_SEED = "gen_ai.request.seed", Int, Conditional;
    /// `true` if the request asked for a stream, else absent.
    GEN_AI_REQUEST_STREAM = "gen_ai.request.stream", Boolean, Conditional;
    /// Top-k for sampling.
    GEN_AI_REQUEST_TOP_K = "gen_ai.request.top_k", Double, Conditional;
    /// Host the request was meant for; where that is unknown, the address that the connection goes to. Of calls that were served it is on the span alone, and absent for MCP.
    SERVER_ADDRESS = "server.address", String, Recommended;
    /// Port of that host: from `Host`, else 443, or 80 without TLS; of an address its own.
    SERVER_PORT = "server.port", Int, Conditional;
    /// Bound on generated tokens.
    GEN_AI_REQUEST_MAX_TOKENS = "gen_ai.request.max_tokens", Int, Recommended;
    /// Temperature.
    GEN_AI_REQUEST_TEMPERATURE = "gen_ai.request.temperature", Double, Recommended;
    /// Top-p for sampling.
    GEN_AI_REQUEST_TOP_P = "gen_ai.request.top_p", Double, Recommended;
    /// Frequency penalty.
    GEN_AI_REQUEST_FREQUENCY_PENALTY = "gen_ai.request.frequency_penalty", Double, Recommended;
    /// Presence penalty.
    GEN_AI_REQUEST_PRESENCE_PENALTY = "gen_ai.request.presence_penalty", Double, Recommended;
    /// Sequences that stop generation, bounded in number and length.
    GEN_AI_REQUEST_STOP_SEQUENCES = "gen_ai.request.stop_sequences", StringList, Recommended;
    /// Encodings of embeddings that were asked for.
    GEN_AI_REQUEST_ENCODING_FORMATS = "gen_ai.request.encoding_formats", StringList, Recommended;
    /// Dimensions of embeddings that were asked for.
    GEN_AI_EMBEDDINGS_DIMENSION_COUNT = "gen_ai.embeddings.dimension.count", Int, Recommended;
    /// The provider's id of the answer.
    GEN_AI_RESPONSE_ID = "gen_ai.response.id", String, Recommended;
    /// The model that answered.
    GEN_AI_RESPONSE_MODEL = "gen_ai.response.model", String, Recommended;
    /// Why generation ended, one per choice in order, in the provider's own words.
    GEN_AI_RESPONSE_FINISH_REASONS = "gen_ai.response.finish_reasons", StringList, Recommended;
    /// Seconds from the first byte of the request to the first chunk that carried output (streams).
    GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK = "gen_ai.response.time_to_first_chunk", Double, Recommended;
    /// Input tokens, cached ones included. Absent if the wire did not say, and with `llm_tracer.usage.elsewhere`, as all of usage.
    GEN_AI_USAGE_INPUT_TOKENS = "gen_ai.usage.input_tokens", Int, Recommended;
    /// Output tokens, reasoning included. Absent if the wire did not say.
    GEN_AI_USAGE_OUTPUT_TOKENS = "gen_ai.usage.output_tokens", Int, Recommended;
    /// Input tokens that were read from the provider's cache.
    GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS = "gen_ai.usage.cache_read.input_tokens", Int, Recommended;
    /// Input tokens that were written to the provider's cache.
    GEN_AI_USAGE_CACHE_CREATION_INPUT_TOKENS = "gen_ai.usage.cache_creation.input_tokens", Int, Recommended;
    /// Output tokens that were spent on reasoning.
    GEN_AI_USAGE_REASONING_OUTPUT_TOKENS = "gen_ai.usage.reasoning.output_tokens", Int, Recommended;
    /// Which tokens a value of `gen_ai.client.token.usage` counts: `input` or `output`.
    GEN_AI_TOKEN_TYPE = "gen_ai.token.type", String, Required;
    /// Which OpenAI interface the wire spoke: `chat_completions` or `responses`.
    OPENAI_API_TYPE = "openai.api.type", String, Recommended;
    /// Service tier asked for on an OpenAI interface, if not `auto`.
    OPENAI_REQUEST_SERVICE_TIER = "openai.request.service_tier", String, Conditional;
    /// Service tier that served the call on an OpenAI interface.
    OPENAI_RESPONSE_SERVICE_TIER = "openai.response.service_tier", String, Conditional;
    /// Fingerprint of the serving environment on an OpenAI interface.
    OPENAI_RESPONSE_SYSTEM_FINGERPRINT = "openai.response.system_fingerprint", String, Recommended;
    /// Index, collection or store that was searched.
    GEN_AI_DATA_SOURCE_ID = "gen_ai.data_source.id", String, Conditional;
    /// Guardrail of Bedrock that the request named.
    AWS_BEDROCK_GUARDRAIL_ID = "aws.bedrock.guardrail.id", String, Conditional;
    /// Knowledge base of Bedrock that was searched.
    AWS_BEDROCK_KNOWLEDGE_BASE_ID = "aws.bedrock.knowledge_base.id", String, Recommended;
    /// Tool that an MCP request calls.
    GEN_AI_TOOL_NAME = "gen_ai.tool.name", String, Conditional;
    /// The provider's id of the call of a tool.
    GEN_AI_TOOL_CALL_ID = "gen_ai.tool.call.id", String, Recommended;
    /// `function`: a tool that the caller ran.
    GEN_AI_TOOL_TYPE = "gen_ai.tool.type", String, Recommended;
    /// The conversation: its id on the wire, or one of our own that lasts as long as the agent runs.
    SESSION_ID = "session.id", String, Conditional;
    /// Prompt that an MCP request asks for.
    GEN_AI_PROMPT_NAME = "gen_ai.prompt.name", String, Conditional;
    /// Method of an MCP request.
    MCP_METHOD_NAME = "mcp.method.name", String, Required;
    /// Version of MCP that client and server speak.
    MCP_PROTOCOL_VERSION = "mcp.protocol.version", String, Recommended;
    /// MCP session, from the header `Mcp-Session-Id`.
    MCP_SESSION_ID = "mcp.session.id", String, Recommended;
    /// Id of a JSON-RPC request; a notification has none.
    JSONRPC_REQUEST_ID = "jsonrpc.request.id", String, Conditional;
    /// `grpc`, where the call went over it.
    RPC_SYSTEM_NAME = "rpc.system.name", String, Conditional;
    /// Service and method of a gRPC call.
    RPC_METHOD = "rpc.method", String, Conditional;
    /// Code of a JSON-RPC error, or status of a gRPC call.
    RPC_RESPONSE_STATUS_CODE = "rpc.response.status_code", String, Conditional;
    /// `Microsoft.CognitiveServices` for models that Azure AI serves.
    AZURE_RESOURCE_PROVIDER_NAMESPACE = "azure.resource_provider.namespace", String, Recommended;
    /// Method of a request that an application served and made calls for.
    HTTP_REQUEST_METHOD = "http.request.method", String, Required;
    /// Path of such a request; `{}` stands for each part that does not look like a name: ids, addresses, tokens.
    URL_TEMPLATE = "url.template", String, Conditional;
    /// Status code of the response.
    HTTP_RESPONSE_STATUS_CODE = "http.response.status_code", Int, Conditional;
    /// `tcp`, where MCP went over it.
    NETWORK_TRANSPORT = "network.transport", String, Recommended;
    /// `http`, where MCP went over it.
    NETWORK_PROTOCOL_NAME = "network.protocol.name", String, Recommended;
    /// HTTP version on the wire: `1.0`, `1.1` or `2`.
    NETWORK_PROTOCOL_VERSION = "network.protocol.version", String, Recommended;
    /// Address of the client of a call that was served, as its socket tells; a proxy's where there is one.
    CLIENT_ADDRESS = "client.address", String, Recommended;
    /// Port of that client.
    CLIENT_PORT = "client.port", Int, Recommended;
    /// Address of the other end of the connection's socket, a proxy's where there is one. Absent where the connection could not be matched with its socket.
    NETWORK_PEER_ADDRESS = "network.peer.address", String, Recommended;
    /// Port of that end.
    NETWORK_PEER_PORT = "network.peer.port", Int, Recommended;
    /// Address of the process's own end of that socket.
    NETWORK_LOCAL_ADDRESS = "network.local.address", String, Recommended;
    /// Port of that end.
    NETWORK_LOCAL_PORT = "network.local.port", Int, Recommended;
    /// How the socket is known: `observed` (the process wrote to the socket from within its write to the connection) or `derived` (what moved on the socket agrees in order and length with what moved on the connection, and fits no other one).
    LLM_TRACER_NETWORK_PEER_CONFIDENCE = "llm_tracer.network.peer.confidence", String, Own;
    /// Program that made the call, as it names itself.
    USER_AGENT_ORIGINAL = "user_agent.original", String, Recommended;
    /// What the call costs, in `llm_tracer.cost.currency`. Absent if it is not known, and with `llm_tracer.usage.elsewhere`; zero only where somebody says that it is free.
    LLM_TRACER_COST_AMOUNT = "llm_tracer.cost.amount", Double, Own;
    /// Currency of that amount, by its code of ISO 4217.
    LLM_TRACER_COST_CURRENCY = "llm_tracer.cost.currency", String, Own;
    /// Whose word it is: `reported` (the provider's or a gateway's), `override` (counted by the operator's prices) or the public list and its version (`genai-prices 0.2.1`).
    LLM_TRACER_COST_SOURCE = "llm_tracer.cost.source", String, Own;
    /// How it is known: `observed` (told in the answer), `derived` (counted from what was used and the price of the model that served it) or `inferred` (the same, where a gateway served it or the answer does not name its model).
    LLM_TRACER_COST_CONFIDENCE = "llm_tracer.cost.confidence", String, Own;
    /// Why the cost of what was used is not known: `usage` (not all that was used is known), `provider` (who served it is not known, or has no prices), `model` (there is no price for it), `tier` (nor for the service tier) or `price` (nor for a part of what was used).
    LLM_TRACER_COST_UNKNOWN = "llm_tracer.cost.unknown", String, Own;
    /// Application that made the call, by the sources of `attribution.app`.
    LLM_TRACER_APP_NAME = "llm_tracer.app.name", String, Own;
    /// The source that told it, as the configuration names it.
    LLM_TRACER_APP_SOURCE = "llm_tracer.app.source", String, Own;
    /// How it is known: `observed`, or `derived`.
    LLM_TRACER_APP_CONFIDENCE = "llm_tracer.app.confidence", String, Own;
    /// Environment that it runs in, by the sources of `attribution.environment`.
    LLM_TRACER_ENVIRONMENT_NAME = "llm_tracer.environment.name", String, Own;
    /// The source that told it, as the configuration names it.
    LLM_TRACER_ENVIRONMENT_SOURCE = "llm_tracer.environment.source", String, Own;
    /// How it is known: `observed`, or `derived`.
    LLM_TRACER_ENVIRONMENT_CONFIDENCE = "llm_tracer.environment.confidence", String, Own;
    /// Account, organisation or project at the provider, or a name of the API key (`key-…`, a keyed hash), by the sources of `attribution.workspace`.
    LLM_TRACER_WORKSPACE_NAME = "llm_tracer.workspace.name", String, Own;
    /// The source that told it, as the configuration names it.
    LLM_TRACER_WORKSPACE_SOURCE = "llm_tracer.workspace.source", String, Own;
    /// How it is known: `observed`, or `derived`.
    LLM_TRACER_WORKSPACE_CONFIDENCE = "llm_tracer.workspace.confidence", String, Own;
    /// Part of the application, by the sources of `attribution.feature`.
    LLM_TRACER_FEATURE_NAME = "llm_tracer.feature.name", String, Own;
    /// The source that told it, as the configuration names it.
    LLM_TRACER_FEATURE_SOURCE = "llm_tracer.feature.source", String, Own;
    /// How it is known: `observed`, or `derived`.
    LLM_TRACER_FEATURE_CONFIDENCE = "llm_tracer.feature.confidence", String, Own;
    /// Who used it, by the sources of `attribution.user`.
    LLM_TRACER_USER_ID = "llm_tracer.user.id", String, Own;
    /// The source that told it, as the configuration names it.
    LLM_TRACER_USER_SOURCE = "llm_tracer.user.source", String, Own;
    /// How it is known: `observed`, or `derived`.
    LLM_TRACER_USER_CONFIDENCE = "llm_tracer.user.confidence", String, Own;
    /// Who owns it, by the sources of `attribution.team`.
    LLM_TRACER_TEAM_NAME = "llm_tracer.team.name", String, Own;
    /// The source that told it, as the configuration names it.
    LLM_TRACER_TEAM_SOURCE = "llm_tracer.team.source", String, Own;
    /// How it is known: `observed`, or `derived`.
    LLM_TRACER_TEAM_CONFIDENCE = "llm_tracer.team.confidence", String, Own;
    /// Budgets that this call brought beyond their limit, by name; each is told once in its period.
    LLM_TRACER_BUDGET_EXCEEDED = "llm_tracer.budget.exceeded", StringList, Own;
    /// Rule of the operator's policy that let the call out. Absent if none matched.
    LLM_TRACER_POLICY_RULE = "llm_tracer.policy.rule", String, Own;
    /// How much of the call that rule lets out, if more than metadata: `masked` or `full`.
    LLM_TRACER_POLICY_CAPTURE = "llm_tracer.policy.capture", String, Own;
    /// Part of all traces that are kept by that rule, if not all are. Metrics are of all calls.
    LLM_TRACER_POLICY_SAMPLE_RATE = "llm_tracer.policy.sample_rate", Double, Own;
    /// Why the call was kept although its trace is not of that part: `error`, `flagged`, `slow`, `costly`, or `trace` (a call before it in the trace was kept).
    LLM_TRACER_POLICY_KEPT_FOR = "llm_tracer.policy.kept_for", String, Own;
    /// Instructions that came apart from the messages, as parts.
    GEN_AI_SYSTEM_INSTRUCTIONS = "gen_ai.system_instructions", Document, OptIn;
    /// Messages of the request in order, a prompt, or the texts that are embedded or judged.
    GEN_AI_INPUT_MESSAGES = "gen_ai.input.messages", Document, OptIn;
    /// What was answered, one message per choice.
    GEN_AI_OUTPUT_MESSAGES = "gen_ai.output.messages", Document, OptIn;
    /// Tools that the request offers.
    GEN_AI_TOOL_DEFINITIONS = "gen_ai.tool.definitions", Document, OptIn;
    /// What a tool is called with over MCP.
    GEN_AI_TOOL_CALL_ARGUMENTS = "gen_ai.tool.call.arguments", Document, OptIn;
    /// What a tool gave over MCP.
    GEN_AI_TOOL_CALL_RESULT = "gen_ai.tool.call.result", Document, OptIn;
    /// What a retrieval or a reranking was asked for.
    GEN_AI_RETRIEVAL_QUERY_TEXT = "gen_ai.retrieval.query.text", String, OptIn;
    /// Documents that were found or ordered, with id and score where the store tells them.
    GEN_AI_RETRIEVAL_DOCUMENTS = "gen_ai.retrieval.documents", Document, OptIn;
    /// Documents that the request brought along, in the same form; there where a policy lets them out.
    LLM_TRACER_REQUEST_DOCUMENTS = "llm_tracer.request.documents", Document, Own;
    /// How content left, where a policy lets any out: `masked`, `full`, or `dropped` (not at all).
    LLM_TRACER_CONTENT_MODE = "llm_tracer.content.mode", String, Own;
    /// Why content was dropped: `not_text` or `not_json` (it could not be masked), `internal` (the masker failed), or `no_room` (too much waited for export).
    LLM_TRACER_CONTENT_DROPPED = "llm_tracer.content.dropped", String, Own;
    /// Places that were masked, if any.
    LLM_TRACER_CONTENT_MASKED = "llm_tracer.content.masked", Int, Own;
    /// What was masked there, as placeholders name it.
    LLM_TRACER_CONTENT_MASKED_KINDS = "llm_tracer.content.masked_kinds", StringList, Own;
    /// Kinds of content that there were and that the policy does not let out.
    LLM_TRACER_CONTENT_WITHHELD = "llm_tracer.content.withheld", StringList, Own;
    /// Bytes of text that were cut, for want of room here or where they were captured; where it was cut, a part of a message has the same.
    LLM_TRACER_CONTENT_TRUNCATED_BYTES = "llm_tracer.content.truncated_bytes", Int, Own;
    /// Messages, parts, tools and documents that found no room.
    LLM_TRACER_CONTENT_TRUNCATED_ITEMS = "llm_tracer.content.truncated_items", Int, Own;
    /// Why there may be more of the request than is told: `cut` (it ended before its end), `bound` (a bound was passed), `gap` (bytes were lost), `unread` (nothing reads it) or `dropped` (all calls together held too much).
    LLM_TRACER_CONTENT_REQUEST_MISSING = "llm_tracer.content.request_missing", String, Own;
    /// The same of the answer.
    LLM_TRACER_CONTENT_RESPONSE_MISSING = "llm_tracer.content.response_missing", String, Own;
    /// Wire format of the call: `openai.chat`, `anthropic.messages`, ….
    LLM_TRACER_API = "llm_tracer.api", String, Own;
    /// The provider's id of the request, from a response header.
    LLM_TRACER_REQUEST_ID = "llm_tracer.request_id", String, Own;
    /// Documents that a retrieval found.
    LLM_TRACER_RETRIEVAL_DOCUMENT_COUNT = "llm_tracer.retrieval.document_count", Int, Own;
    /// `true` if an MCP request was only accepted, and its answer was not found: it came, if at all, on a stream that was not seen from its beginning, or whose loss or end came first.
    LLM_TRACER_MCP_ANSWER_ELSEWHERE = "llm_tracer.mcp.answer_elsewhere", Boolean, Own;
    /// `true` on the span of a call whose tokens and cost stand on another span of this host. Of both ends of a call the client's counts; of both hops of a gateway the one next to the provider.
    LLM_TRACER_USAGE_ELSEWHERE = "llm_tracer.usage.elsewhere", Boolean, Own;
    /// How it is known that they stand elsewhere: `derived` or `inferred`.
    LLM_TRACER_USAGE_CONFIDENCE = "llm_tracer.usage.confidence", String, Own;
    /// What tells that: `both_ends`, `messages`, `traceparent`, `response_id`, `text` or `served_meanwhile`.
    LLM_TRACER_USAGE_SOURCE = "llm_tracer.usage.source", String, Own;
    /// Input tokens as a gateway on this host told them to its client, where they count elsewhere: not to be added to anything.
    LLM_TRACER_USAGE_TOLD_INPUT_TOKENS = "llm_tracer.usage.told.input_tokens", Int, Own;
    /// The same of output tokens.
    LLM_TRACER_USAGE_TOLD_OUTPUT_TOKENS = "llm_tracer.usage.told.output_tokens", Int, Own;
    /// Which attempt the client library says this is, from 1 for the first retry.
    LLM_TRACER_RETRY_COUNT = "llm_tracer.retry_count", Int, Own;
    /// How the conversation is known: `observed` (its id is on the wire), `derived` (an exact join) or `inferred` (likely).
    LLM_TRACER_SESSION_CONFIDENCE = "llm_tracer.session.confidence", String, Own;
    /// What tells: the header or the field that has the id, `messages` (the request repeats an earlier one and its answer), `tool_call_id`, `previous_response_id`, or `first_call`.
    LLM_TRACER_SESSION_SOURCE = "llm_tracer.session.source", String, Own;
    /// How the parent span is known, as of the session.
    LLM_TRACER_PARENT_CONFIDENCE = "llm_tracer.parent.confidence", String, Own;
    /// What tells: `traceparent`, `both_ends` (both processes are traced here), `turn` (the call asks for tools), `messages` or `tool_call_id` (it goes on with the turn), `tool_arguments` or `tool_name` (it does the work of a tool), `session` (it was made beside a turn of the same session), `served_meanwhile` (it was made while its process served one call), `text` (it is about a text of that call), or what tells that it is another attempt.
    LLM_TRACER_PARENT_SOURCE = "llm_tracer.parent.source", String, Own;
    /// Number of the attempt, from 1.
    LLM_TRACER_ATTEMPT_NUMBER = "llm_tracer.attempt.number", Int, Own;
    /// `first` (it failed, and clients try such calls again), `retry`, or `fallback` (the same of another model or host, after a failure).
    LLM_TRACER_ATTEMPT_KIND = "llm_tracer.attempt.kind", String, Own;
    /// `error.type` of the attempt before, or `cancelled`.
    LLM_TRACER_ATTEMPT_REASON = "llm_tracer.attempt.reason", String, Own;
    /// How it is known that it is one, as of the session.
    LLM_TRACER_ATTEMPT_CONFIDENCE = "llm_tracer.attempt.confidence", String, Own;
    /// What tells: `idempotency_key`, `retry_count`, `body` (the same bytes to the same place), `messages` (the same conversation), or `status`.
    LLM_TRACER_ATTEMPT_SOURCE = "llm_tracer.attempt.source", String, Own;
    /// Attempts that a span stands for.
    LLM_TRACER_ATTEMPT_COUNT = "llm_tracer.attempt.count", Int, Own;
    /// Calls to models in a turn.
    LLM_TRACER_TURN_CALLS = "llm_tracer.turn.calls", Int, Own;
    /// Tools that were asked for in a turn.
    LLM_TRACER_TURN_TOOL_CALLS = "llm_tracer.turn.tool_calls", Int, Own;
    /// What the times of a tool are: `upper_bound` (from the answer that asked for it to the request that brought its result, approval and waiting included) or `observed` (its own request was seen).
    LLM_TRACER_TOOL_TIME = "llm_tracer.tool.time", String, Own;
    /// How it is known that the result is that of the call, as of the session.
    LLM_TRACER_TOOL_RESULT_CONFIDENCE = "llm_tracer.tool.result.confidence", String, Own;
    /// What tells: `tool_call_id` or `tool_name`.
    LLM_TRACER_TOOL_RESULT_SOURCE = "llm_tracer.tool.result.source", String, Own;
    /// On a link, what the other span is to this one: `previous_attempt`, `previous_call` (the conversation goes on from it), `asked_by` (it asked for the tool), `prepared_by` (it embedded, judged or looked up what this one asks) or `uses` (this one is about its answer).
    LLM_TRACER_LINK_RELATION = "llm_tracer.link.relation", String, Own;
    /// On a link, how that is known, as of the session.
    LLM_TRACER_LINK_CONFIDENCE = "llm_tracer.link.confidence", String, Own;
    /// On a link, what tells, as of the parent and the attempt.
    LLM_TRACER_LINK_SOURCE = "llm_tracer.link.source", String, Own;
    /// `true` if the exchange ended before the answer was complete.
    LLM_TRACER_CANCELLED = "llm_tracer.cancelled", Boolean, Own;
    /// Present unless all of the call was seen: `headers` (on HTTP/2, some fields of the heads are unknown, as they refer to what went by before the agent came or was lost; so may be host and path; of a session over a WebSocket that was opened before the agent came, all of the handshake is), `open` (still under way when the agent stopped looking), `truncated`, `gap` or `undecodable` (a body could not be decoded; those of gRPC never are).
    LLM_TRACER_CAPTURE_STATE = "llm_tracer.capture_state", String, Own;
    /// Names of the tools that the model asked for, in order.
    LLM_TRACER_TOOL_CALL_NAMES = "llm_tracer.tool_call.names", StringList, Own;
    /// The provider's ids of those tool calls, in the same order; empty where it gave none.
    LLM_TRACER_TOOL_CALL_IDS = "llm_tracer.tool_call.ids", StringList, Own;
    /// Number of tools that the request offered.
    LLM_TRACER_REQUEST_TOOL_COUNT = "llm_tracer.request.tool_count", Int, Own;
    /// What was looked at: see docs/outcomes.md. On events `gen_ai.evaluation.result`.
    GEN_AI_EVALUATION_NAME = "gen_ai.evaluation.name", String, Required;
    /// How it came out, as a number. On events `gen_ai.evaluation.result`.
    GEN_AI_EVALUATION_SCORE_VALUE = "gen_ai.evaluation.score.value", Double, Conditional;
    /// How it came out: `pass`, `fail`, `refused`, `flagged`, `masked` or `blocked`; of judgements by models a word of those in docs/outcomes.md; of evaluations that others post, in their words. On events `gen_ai.evaluation.result`.
    GEN_AI_EVALUATION_SCORE_LABEL = "gen_ai.evaluation.score.label", String, Conditional;
    /// Why: the tool, a reason in words of the agent's own, categories in those of the provider. Never what was judged; but the reason of a model that judges, and the explanation of an evaluation that is posted, where a policy lets content out as it is. On events `gen_ai.evaluation.result`.
    GEN_AI_EVALUATION_EXPLANATION = "gen_ai.evaluation.explanation", String, Recommended;
    /// Which side of the call was judged: `input` or `output`. On events `gen_ai.evaluation.result`.
    LLM_TRACER_EVALUATION_TARGET = "llm_tracer.evaluation.target", String, Own;
    /// Categories of what was found, with their severity where the provider gives one: `violence: high`. On events `gen_ai.evaluation.result`.
    LLM_TRACER_EVALUATION_CATEGORIES = "llm_tracer.evaluation.categories", StringList, Own;
    /// How the result is known: `observed`, `derived` or `inferred`. On events `gen_ai.evaluation.result`.
    LLM_TRACER_EVALUATION_CONFIDENCE = "llm_tracer.evaluation.confidence", String, Own;
    /// The rule or the member that tells. On events `gen_ai.evaluation.result`.
    LLM_TRACER_EVALUATION_SOURCE = "llm_tracer.evaluation.source", String, Own;
    /// `true` if a moderation API found something in what it was given, `false` if nothing.
    LLM_TRACER_MODERATION_FLAGGED = "llm_tracer.moderation.flagged", Boolean, Own;
    /// Categories that it found.
    LLM_TRACER_MODERATION_CATEGORIES = "llm_tracer.moderation.categories", StringList, Own;
    /// What the call says of the answer of another one, which the link `uses` names, if it seems to judge that: a word of those in docs/outcomes.md.
    LLM_TRACER_JUDGEMENT_LABEL = "llm_tracer.judgement.label", String, Own;
    /// The same as a number, in the judge's own measure.
    LLM_TRACER_JUDGEMENT_SCORE = "llm_tracer.judgement.score", Double, Own;
    /// How it is known that the call judges: `inferred`.
    LLM_TRACER_JUDGEMENT_CONFIDENCE = "llm_tracer.judgement.confidence", String, Own;
    /// The rule that tells: `quoted_answer` (what it asks holds the whole answer of the other call, and its own answer is a judgement).
    LLM_TRACER_JUDGEMENT_SOURCE = "llm_tracer.judgement.source", String, Own;
    /// Media types of the files that were sent along, in order; empty where the caller gave none.
    LLM_TRACER_REQUEST_FILE_TYPES = "llm_tracer.request.file.types", StringList, Own;
    /// Size of all files that were sent along, in bytes.
    LLM_TRACER_REQUEST_FILE_BYTES = "llm_tracer.request.file.bytes", Int, Own;
    /// Names of those tools, the first 64.
    LLM_TRACER_REQUEST_TOOL_NAMES = "llm_tracer.request.tool_names", StringList, Own;
    /// Bound on tokens for thinking.
    LLM_TRACER_REQUEST_REASONING_BUDGET = "llm_tracer.request.reasoning_budget", Int, Own;
    /// Id of a stored prompt that the request used.
    LLM_TRACER_REQUEST_PROMPT_ID = "llm_tracer.request.prompt.id", String, Own;
    /// Version of that prompt.
    LLM_TRACER_REQUEST_PROMPT_VERSION = "llm_tracer.request.prompt.version", String, Own;
    /// How hard the model was asked to think, in the provider's own words.
    LLM_TRACER_REQUEST_REASONING_LEVEL = "llm_tracer.request.reasoning_level", String, Own;
    /// The answer that the request continues.
    LLM_TRACER_REQUEST_PREVIOUS_RESPONSE_ID = "llm_tracer.request.previous_response_id", String, Own;
    /// Service tier asked for on other than OpenAI interfaces.
    LLM_TRACER_REQUEST_SERVICE_TIER = "llm_tracer.request.service_tier", String, Own;
    /// Service tier that served the call on other than OpenAI interfaces.
    LLM_TRACER_RESPONSE_SERVICE_TIER = "llm_tracer.response.service_tier", String, Own;
    /// `true` if the provider was still at work when it answered, and what it made and used was not seen: a run of Replicate that nobody asked for again on the connection that began it, an asynchronous one of Bedrock, whose results go to a store, or one in the background, of which a span `fetch_response` with the same response id tells the end once somebody fetches it.
    LLM_TRACER_RESPONSE_PENDING = "llm_tracer.response.pending", Boolean, Own;
    /// Chunks of a stream that carried output.
    LLM_TRACER_RESPONSE_CHUNKS = "llm_tracer.response.chunks", Int, Own;
    /// Size of the request body in bytes, without its transfer and content coding.
    LLM_TRACER_REQUEST_BODY_BYTES = "llm_tracer.request.body_bytes", Int, Own;
    /// Size of the response body in bytes, without its transfer and content coding.
    LLM_TRACER_RESPONSE_BODY_BYTES = "llm_tracer.response.body_bytes", Int, Own;
    /// Seconds that the provider says it worked on the request.
    LLM_TRACER_RESPONSE_PROCESSING_TIME = "llm_tracer.response.processing_time", Double, Own;
    /// Seconds that the provider says the request waited for the model.
    LLM_TRACER_RESPONSE_QUEUE_TIME = "llm_tracer.response.queue_time", Double, Own;
    /// Requests that fit into a window of the caller's rate limit, from a response header.
    LLM_TRACER_RATE_LIMIT_REQUESTS_LIMIT = "llm_tracer.rate_limit.requests.limit", Int, Own;
    /// Requests that are left in the window.
    LLM_TRACER_RATE_LIMIT_REQUESTS_REMAINING = "llm_tracer.rate_limit.requests.remaining", Int, Own;
    /// Seconds from the answer until all of the requests are back.
    LLM_TRACER_RATE_LIMIT_REQUESTS_RESET = "llm_tracer.rate_limit.requests.reset", Double, Own;
    /// Tokens that fit into a window of the caller's rate limit, from a response header.
    LLM_TRACER_RATE_LIMIT_TOKENS_LIMIT = "llm_tracer.rate_limit.tokens.limit", Int, Own;
    /// Tokens that are left in the window.
    LLM_TRACER_RATE_LIMIT_TOKENS_REMAINING = "llm_tracer.rate_limit.tokens.remaining", Int, Own;
    /// Seconds from the answer until all of the tokens are back.
    LLM_TRACER_RATE_LIMIT_TOKENS_RESET = "llm_tracer.rate_limit.tokens.reset", Double, Own;
    /// Input tokens that fit into a window of the caller's rate limit, from a response header.
    LLM_TRACER_RATE_LIMIT_INPUT_TOKENS_LIMIT = "llm_tracer.rate_limit.input_tokens.limit", Int, Own;
    /// Input tokens that are left in the window.
    LLM_TRACER_RATE_LIMIT_INPUT_TOKENS_REMAINING = "llm_tracer.rate_limit.input_tokens.remaining", Int, Own;
    /// Seconds from the answer until all of the input tokens are back.
    LLM_TRACER_RATE_LIMIT_INPUT_TOKENS_RESET = "llm_tracer.rate_limit.input_tokens.reset", Double, Own;
    /// Output tokens that fit into a window of the caller's rate limit, from a response header.
    LLM_TRACER_RATE_LIMIT_OUTPUT_TOKENS_LIMIT = "llm_tracer.rate_limit.output_tokens.limit", Int, Own;
    /// Output tokens that are left in the window.
    LLM_TRACER_RATE_LIMIT_OUTPUT_TOKENS_REMAINING = "llm_tracer.rate_limit.output_tokens.remaining", Int, Own;
    /// Seconds from the answer until all of the output tokens are back.
    LLM_TRACER_RATE_LIMIT_OUTPUT_TOKENS_RESET = "llm_tracer.rate_limit.output_tokens.reset", Double, Own;
    /// Requests that fit into a day, where that is a limit of its own.
    LLM_TRACER_RATE_LIMIT_REQUESTS_PER_DAY_LIMIT = "llm_tracer.rate_limit.requests_per_day.limit", Int, Own;
    /// Requests that are left of the day.
    LLM_TRACER_RATE_LIMIT_REQUESTS_PER_DAY_REMAINING = "llm_tracer.rate_limit.requests_per_day.remaining", Int, Own;
    /// Seconds from the answer until the day is over.
    LLM_TRACER_RATE_LIMIT_REQUESTS_PER_DAY_RESET = "llm_tracer.rate_limit.requests_per_day.reset", Double, Own;
    /// Tokens that fit into a day, where that is a limit of its own.
    LLM_TRACER_RATE_LIMIT_TOKENS_PER_DAY_LIMIT = "llm_tracer.rate_limit.tokens_per_day.limit", Int, Own;
    /// Tokens that are left of the day.
    LLM_TRACER_RATE_LIMIT_TOKENS_PER_DAY_REMAINING = "llm_tracer.rate_limit.tokens_per_day.remaining", Int, Own;
    /// Seconds from the answer until the day is over.
    LLM_TRACER_RATE_LIMIT_TOKENS_PER_DAY_RESET = "llm_tracer.rate_limit.tokens_per_day.reset", Double, Own;
    /// Tokens that fit into a month, where that is a limit of its own.
    LLM_TRACER_RATE_LIMIT_TOKENS_PER_MONTH_LIMIT = "llm_tracer.rate_limit.tokens_per_month.limit", Int, Own;
    /// Tokens that are left of the month.
    LLM_TRACER_RATE_LIMIT_TOKENS_PER_MONTH_REMAINING = "llm_tracer.rate_limit.tokens_per_month.remaining", Int, Own;
    /// Seconds from the answer until the month is over.
    LLM_TRACER_RATE_LIMIT_TOKENS_PER_MONTH_RESET = "llm_tracer.rate_limit.tokens_per_month.reset", Double, Own;
    /// Share of what a subscription lets through in five hours that is used up, 1 being all of it.
    LLM_TRACER_RATE_LIMIT_FIVE_HOURS_UTILIZATION = "llm_tracer.rate_limit.five_hours.utilization", Double, Own;
    /// Seconds from the answer until the five hours are over.
    LLM_TRACER_RATE_LIMIT_FIVE_HOURS_RESET = "llm_tracer.rate_limit.five_hours.reset", Double, Own;
    /// Share of what a subscription lets through in seven days that is used up, 1 being all of it.
    LLM_TRACER_RATE_LIMIT_SEVEN_DAYS_UTILIZATION = "llm_tracer.rate_limit.seven_days.utilization", Double, Own;
    /// Seconds from the answer until the seven days are over.
    LLM_TRACER_RATE_LIMIT_SEVEN_DAYS_RESET = "llm_tracer.rate_limit.seven_days.reset", Double, Own;
    /// Seconds to wait before the next attempt, as the provider asks.
    LLM_TRACER_RETRY_AFTER = "llm_tracer.retry_after", Double, Own;
    /// Gateway that the call went through, by its host or a response header: `litellm`, `portkey`, `helicone`, `cloudflare_ai_gateway`, `vercel_ai_gateway` or `openrouter`.
    LLM_TRACER_GATEWAY_NAME = "llm_tracer.gateway.name", String, Own;
    /// Attempts that the gateway says it made after the first.
    LLM_TRACER_GATEWAY_RETRIES = "llm_tracer.gateway.retries", Int, Own;
    /// Other models or providers that the gateway says it turned to.
    LLM_TRACER_GATEWAY_FALLBACKS = "llm_tracer.gateway.fallbacks", Int, Own;
    /// What the gateway's cache had, in its own words.
    LLM_TRACER_GATEWAY_CACHE_STATUS = "llm_tracer.gateway.cache_status", String, Own;
    /// Who a gateway or a router says has served the call, in its own words.
    LLM_TRACER_UPSTREAM_PROVIDER = "llm_tracer.upstream_provider", String, Own;
}

/// Prefix of request headers that the operator asked to keep: `http.request.header.<name>`.
pub const HTTP_REQUEST_HEADER: &str = "http.request.header.";

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn names_are_unique_and_own_ones_stand_under_our_prefix() {
        let mut seen = HashSet::new();
        for row in REGISTRY {
            assert!(seen.insert(row.name), "{} is there twice", row.name);
            assert_eq!(
                row.name.starts_with("llm_tracer."),
                row.level == Level::Own,
                "{}",
                row.name
            );
            assert!(row.description.ends_with('.'), "{}", row.name);
        }
    }
}
