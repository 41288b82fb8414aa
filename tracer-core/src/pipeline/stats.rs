//! Counters for the agent's own metrics.

/// What a pipeline has seen since it was made. All counters only grow, except the gauges.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stats {
    /// Gauge: connections that are followed now.
    pub connections: u64,
    /// Gauge: LLM exchanges that are open now.
    pub open_exchanges: u64,
    /// Gauge: bytes that all connections hold now.
    pub held_bytes: u64,
    /// Connections seen.
    pub connections_seen: u64,
    /// Connections judged `Full`.
    pub verdicts_full: u64,
    /// Connections judged `Watch`.
    pub verdicts_watch: u64,
    /// Connections judged `HeadOnly`.
    pub verdicts_head_only: u64,
    /// Connections judged `Ignore`.
    pub verdicts_ignore: u64,
    /// Connections that were not HTTP.
    pub opaque_connections: u64,
    /// Connections that spoke HTTP/2.
    pub http2_connections: u64,
    /// How often the frames of a direction of HTTP/2 had to be found again after a loss.
    pub http2_adrift: u64,
    /// Heads of HTTP/2 with fields that are unknown: they refer to what was lost, or went by before
    /// the agent came.
    pub http2_incomplete_heads: u64,
    /// Connections that were upgraded to another protocol that is not read: a WebSocket without a
    /// session with a model, or one that was opened before the agent came and whose messages could
    /// not be read since.
    pub upgraded_connections: u64,
    /// Connections that were given up because the process served something that is not read on
    /// that side.
    pub server_connections: u64,
    /// Connections forgotten because there were too many.
    pub evictions: u64,
    /// Exchanges that went on as metadata because all connections together held too much.
    pub shed_exchanges: u64,
    /// HTTP exchanges whose request was seen.
    pub exchanges: u64,
    /// Exchanges that had the path of an LLM call, but not its shape.
    pub unconfirmed_exchanges: u64,
    /// Fetches of stored answers that told of no call anything new: not reported.
    pub repeated_fetches: u64,
    /// Calls reported.
    pub calls: u64,
    /// Calls reported while they were still under way.
    pub calls_open: u64,
    /// Calls reported with some headers unknown.
    pub calls_without_headers: u64,
    /// Calls reported with a gap.
    pub calls_with_gap: u64,
    /// Calls reported as truncated.
    pub calls_truncated: u64,
    /// Calls with a body that could not be decoded.
    pub calls_undecodable: u64,
    /// Calls whose exchange ended before the answer was complete.
    pub calls_cancelled: u64,
    /// Calls given up after too long a silence.
    pub calls_silent: u64,
    /// Exchanges of LLM connections that were lost whole.
    pub lost_exchanges: u64,
}
