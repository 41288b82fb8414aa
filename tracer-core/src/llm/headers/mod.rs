//! What the headers of a response tell of the call, in one vocabulary for all providers.

mod clock;
mod gateway;
mod guardrails;
mod rate_limits;
mod request_id;
mod server_time;

use super::{call::ResponseFacts, recognise::Recognised};
use crate::{evaluation::Findings, http::head::Headers, money::Amount, time::Timestamp};

/// What LiteLLM says that a call costs, in dollars.
const COST: &str = "x-litellm-response-cost";

/// What a gateway says that the call costs.
pub(super) fn cost(headers: &Headers) -> Option<Amount> {
    Amount::from_decimal(headers.get(COST)?)
}

/// Tells what guardrails of a gateway say that they did.
pub(super) fn tell_guardrails(headers: &Headers, findings: &mut Findings) {
    guardrails::tell(headers, findings);
}

/// Reads the headers of an answer whose first byte came at `received`.
pub(super) fn read(
    headers: &Headers,
    recognised: &Recognised,
    received: Timestamp,
    facts: &mut ResponseFacts,
) {
    facts.request_id = request_id::read(headers);
    facts.rate_limits = rate_limits::read(headers, &recognised.provider, received);
    facts.processing_time = server_time::processing(headers);
    facts.queue_time = server_time::queueing(headers);
    facts.gateway = gateway::read(headers, recognised.gateway.as_ref());
    facts.upstream_provider = gateway::upstream(headers);
}
