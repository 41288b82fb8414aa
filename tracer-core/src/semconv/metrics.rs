//! The metrics: names, units, attributes, buckets.

use super::attributes as names;

/// The metrics of dialect 1.41 that the wire shows, and that of cost, for which it has no name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "named after the metrics, see `name`")]
pub enum Metric {
    OperationDuration,
    TokenUsage,
    TimeToFirstChunk,
    TimePerOutputChunk,
    ServerRequestDuration,
    ServerTimePerOutputToken,
    ServerTimeToFirstToken,
    McpClientOperationDuration,
    McpServerOperationDuration,
    Cost,
}

/// Buckets of the duration histograms, seconds.
pub const DURATION_BUCKETS: [f64; 14] = [
    0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92,
];

/// Buckets of the time that a server takes per token, seconds.
pub const TIME_PER_TOKEN_BUCKETS: [f64; 13] = [
    0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 2.5,
];

/// Buckets of the time that a server takes until the first token, seconds.
pub const FIRST_TOKEN_BUCKETS: [f64; 16] = [
    0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
];

/// Buckets of the MCP duration histogram, seconds.
pub const MCP_DURATION_BUCKETS: [f64; 14] = [
    0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0,
];

/// Buckets of the token histogram.
pub const TOKEN_BUCKETS: [f64; 14] = [
    1.0,
    4.0,
    16.0,
    64.0,
    256.0,
    1024.0,
    4096.0,
    16384.0,
    65536.0,
    262_144.0,
    1_048_576.0,
    4_194_304.0,
    16_777_216.0,
    67_108_864.0,
];

/// Buckets of the cost histogram, units of a currency.
pub const COST_BUCKETS: [f64; 14] = [
    0.000_01, 0.000_04, 0.000_16, 0.000_64, 0.002_56, 0.010_24, 0.040_96, 0.163_84, 0.655_36,
    2.621_44, 10.485_76, 41.943_04, 167.772_16, 671.088_64,
];

/// What the metrics of calls that a process served tell them apart by, in order: where it is the
/// resource says, and what clients call it is theirs to choose.
const SERVED: [&str; 6] = [
    names::GEN_AI_OPERATION_NAME,
    names::GEN_AI_PROVIDER_NAME,
    names::GEN_AI_REQUEST_MODEL,
    names::GEN_AI_RESPONSE_MODEL,
    names::OPENAI_RESPONSE_SERVICE_TIER,
    names::OPENAI_RESPONSE_SYSTEM_FINGERPRINT,
];

/// What those of calls that it made tell them apart by, in order.
const COMMON: [&str; 8] = [
    names::GEN_AI_OPERATION_NAME,
    names::GEN_AI_PROVIDER_NAME,
    names::GEN_AI_REQUEST_MODEL,
    names::GEN_AI_RESPONSE_MODEL,
    names::SERVER_ADDRESS,
    names::SERVER_PORT,
    names::OPENAI_RESPONSE_SERVICE_TIER,
    names::OPENAI_RESPONSE_SYSTEM_FINGERPRINT,
];

/// The same of requests of the Model Context Protocol that the process served.
const MCP_SERVED: [&str; 4] = [
    names::GEN_AI_OPERATION_NAME,
    names::MCP_METHOD_NAME,
    names::GEN_AI_TOOL_NAME,
    names::GEN_AI_PROMPT_NAME,
];

/// The same of those that it made.
const MCP_MADE: [&str; 6] = [
    names::GEN_AI_OPERATION_NAME,
    names::MCP_METHOD_NAME,
    names::GEN_AI_TOOL_NAME,
    names::GEN_AI_PROMPT_NAME,
    names::SERVER_ADDRESS,
    names::SERVER_PORT,
];

impl Metric {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::OperationDuration,
        Self::TokenUsage,
        Self::TimeToFirstChunk,
        Self::TimePerOutputChunk,
        Self::ServerRequestDuration,
        Self::ServerTimePerOutputToken,
        Self::ServerTimeToFirstToken,
        Self::McpClientOperationDuration,
        Self::McpServerOperationDuration,
        Self::Cost,
    ];

    /// Name of the instrument, a histogram.
    pub const fn name(self) -> &'static str {
        match self {
            Self::OperationDuration => "gen_ai.client.operation.duration",
            Self::TokenUsage => "gen_ai.client.token.usage",
            Self::TimeToFirstChunk => "gen_ai.client.operation.time_to_first_chunk",
            Self::TimePerOutputChunk => "gen_ai.client.operation.time_per_output_chunk",
            Self::ServerRequestDuration => "gen_ai.server.request.duration",
            Self::ServerTimePerOutputToken => "gen_ai.server.time_per_output_token",
            Self::ServerTimeToFirstToken => "gen_ai.server.time_to_first_token",
            Self::McpClientOperationDuration => "mcp.client.operation.duration",
            Self::McpServerOperationDuration => "mcp.server.operation.duration",
            Self::Cost => "llm_tracer.client.operation.cost",
        }
    }

    /// What the instrument measures.
    pub const fn description(self) -> &'static str {
        match self {
            Self::OperationDuration => {
                "Time from the first byte of a request to the last byte of its answer."
            }
            Self::TokenUsage => "Input and output tokens of a call, as the provider counted them.",
            Self::TimeToFirstChunk => {
                "Time from the first byte of a request to the first chunk that carries output."
            }
            Self::TimePerOutputChunk => "Time from one chunk that carries output to the next.",
            Self::ServerRequestDuration => {
                "Time from the first byte of a request that the process served to the last byte of its answer."
            }
            Self::ServerTimePerOutputToken => {
                "Time from the first chunk that carries output to the last, by each output token after the first. Streams that succeeded, whose tokens are known and which did not reason unseen."
            }
            Self::ServerTimeToFirstToken => {
                "Time from the first byte of a request that the process served to the first chunk that carries output. Streams that succeeded."
            }
            Self::McpClientOperationDuration => {
                "Time from the first byte of an MCP request to the last byte of its answer."
            }
            Self::McpServerOperationDuration => "The same of MCP requests that the process served.",
            Self::Cost => {
                "What a call costs. Calls whose cost is not known are not in it, and none is in it twice."
            }
        }
    }

    /// Unit of the instrument.
    pub const fn unit(self) -> &'static str {
        match self {
            Self::TokenUsage => "{token}",
            Self::Cost => "{currency}",
            _ => "s",
        }
    }

    /// Names of the attributes that its values can carry.
    pub fn attributes(self) -> impl Iterator<Item = &'static str> {
        let (common, own): (&[_], &[_]) = match self {
            Self::OperationDuration => (&COMMON, &[names::ERROR_TYPE]),
            Self::TokenUsage => (&COMMON, &[names::GEN_AI_TOKEN_TYPE]),
            Self::Cost => (
                &COMMON,
                &[
                    names::LLM_TRACER_COST_CURRENCY,
                    names::LLM_TRACER_COST_SOURCE,
                ],
            ),
            Self::TimeToFirstChunk | Self::TimePerOutputChunk => (&COMMON, &[]),
            Self::ServerRequestDuration => (&SERVED, &[names::ERROR_TYPE]),
            Self::ServerTimePerOutputToken | Self::ServerTimeToFirstToken => (&SERVED, &[]),
            Self::McpClientOperationDuration => (&MCP_MADE, &[names::ERROR_TYPE]),
            Self::McpServerOperationDuration => (&MCP_SERVED, &[names::ERROR_TYPE]),
        };
        common.iter().chain(own).copied()
    }

    /// Bucket boundaries.
    pub const fn buckets(self) -> &'static [f64] {
        match self {
            Self::TokenUsage => &TOKEN_BUCKETS,
            Self::Cost => &COST_BUCKETS,
            Self::ServerTimePerOutputToken => &TIME_PER_TOKEN_BUCKETS,
            Self::ServerTimeToFirstToken => &FIRST_TOKEN_BUCKETS,
            Self::McpClientOperationDuration | Self::McpServerOperationDuration => {
                &MCP_DURATION_BUCKETS
            }
            _ => &DURATION_BUCKETS,
        }
    }
}
