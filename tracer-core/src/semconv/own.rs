//! What the conventions have no name for, under `llm_tracer.`.

use std::time::Duration;

use super::{attributes as names, build::Builder, lineage::add_known};
use crate::evaluation::{Detector, Evaluation};
use crate::llm::{
    call::{CallFacts, CaptureState, FileFacts, Outcome, RequestFacts, ResponseFacts},
    rate_limits::{Quota, RateLimits},
};

/// Adds what is known of a call beyond the conventions.
pub(super) fn add_own(add: &mut Builder, facts: &CallFacts) {
    add.label(names::LLM_TRACER_API, facts.api.0);
    add.flag(
        names::LLM_TRACER_CANCELLED,
        facts.outcome == Outcome::Cancelled,
    );
    // Of a stream that was left nobody knows whether its run goes on.
    add.flag(
        names::LLM_TRACER_RESPONSE_PENDING,
        facts.response.is_pending && facts.outcome != Outcome::Cancelled,
    );
    if let Some(state) = incomplete_capture(facts.capture) {
        add.label(names::LLM_TRACER_CAPTURE_STATE, state);
    }
    add_request(add, &facts.request);
    add_response(add, &facts.response);
    add_tool_calls(add, &facts.response);
    add_moderation(add, &facts.response);
    add_judgement(add, facts.judgement.as_deref());
    add_rate_limits(add, &facts.response.rate_limits);
    add_gateway(add, &facts.response);
}

fn add_request(add: &mut Builder, request: &RequestFacts) {
    add.count(
        names::LLM_TRACER_RETRY_COUNT,
        request.retry_count.filter(|&n| n > 0),
    );
    add.count(names::LLM_TRACER_REQUEST_TOOL_COUNT, request.tool_count);
    add.list(
        names::LLM_TRACER_REQUEST_TOOL_NAMES,
        request.tool_names.clone(),
    );
    add.text(
        names::LLM_TRACER_REQUEST_REASONING_LEVEL,
        request.reasoning_level.as_deref(),
    );
    add.count(
        names::LLM_TRACER_REQUEST_REASONING_BUDGET,
        request.reasoning_budget,
    );
    add.text(
        names::LLM_TRACER_REQUEST_PREVIOUS_RESPONSE_ID,
        request.previous_response_id.as_deref(),
    );
    add.text(
        names::LLM_TRACER_REQUEST_PROMPT_ID,
        request.prompt_id.as_deref(),
    );
    add.text(
        names::LLM_TRACER_REQUEST_PROMPT_VERSION,
        request.prompt_version.as_deref(),
    );
    add_files(add, &request.files);
    add.count(
        names::LLM_TRACER_REQUEST_BODY_BYTES,
        Some(request.body_bytes),
    );
}

fn add_files(add: &mut Builder, files: &[FileFacts]) {
    let types = files
        .iter()
        .map(|file| file.media_type.clone().unwrap_or_default());
    add.list(names::LLM_TRACER_REQUEST_FILE_TYPES, types.collect());
    if !files.is_empty() {
        let sum = files
            .iter()
            .try_fold(0_u64, |sum, file| sum.checked_add(file.bytes?));
        add.count(names::LLM_TRACER_REQUEST_FILE_BYTES, sum);
    }
}

fn add_response(add: &mut Builder, response: &ResponseFacts) {
    add.text(names::LLM_TRACER_REQUEST_ID, response.request_id.as_deref());
    add.count(
        names::LLM_TRACER_RESPONSE_CHUNKS,
        Some(response.chunks).filter(|&n| n > 0),
    );
    add.count(
        names::LLM_TRACER_RESPONSE_BODY_BYTES,
        response.status.map(|_| response.body_bytes),
    );
    add.count(
        names::LLM_TRACER_RETRIEVAL_DOCUMENT_COUNT,
        response.documents,
    );
    add_seconds(
        add,
        names::LLM_TRACER_RESPONSE_PROCESSING_TIME,
        response.processing_time,
    );
    add_seconds(
        add,
        names::LLM_TRACER_RESPONSE_QUEUE_TIME,
        response.queue_time,
    );
}

fn add_tool_calls(add: &mut Builder, response: &ResponseFacts) {
    let tools = &response.tool_calls;
    add.list(
        names::LLM_TRACER_TOOL_CALL_NAMES,
        tools.iter().map(|tool| tool.name.clone()).collect(),
    );
    if tools.iter().any(|tool| tool.id.is_some()) {
        let ids = tools
            .iter()
            .map(|tool| tool.id.clone().unwrap_or_default())
            .collect();
        add.list(names::LLM_TRACER_TOOL_CALL_IDS, ids);
    }
}

fn add_moderation(add: &mut Builder, response: &ResponseFacts) {
    let Some(findings) = &response.findings else {
        return;
    };
    let flags = || {
        findings
            .judged
            .iter()
            .filter_map(|judged| judged.is_flagged)
    };
    if flags().next().is_none() {
        return;
    }
    let found = findings.found.iter();
    let found = found.filter(|finding| finding.detector == Detector::Moderation);
    let mut categories: Vec<_> = found.map(|finding| finding.category.clone()).collect();
    categories.dedup();
    let is_flagged = flags().any(|flag| flag);
    add.bool(names::LLM_TRACER_MODERATION_FLAGGED, Some(is_flagged));
    add.list(names::LLM_TRACER_MODERATION_CATEGORIES, categories);
}

fn add_judgement(add: &mut Builder, judgement: Option<&Evaluation>) {
    let Some(judgement) = judgement else { return };
    if let Some(label) = judgement.label {
        add.label(names::LLM_TRACER_JUDGEMENT_LABEL, label.name());
    }
    add.double(names::LLM_TRACER_JUDGEMENT_SCORE, judgement.score);
    add_known(
        add,
        names::LLM_TRACER_JUDGEMENT_CONFIDENCE,
        names::LLM_TRACER_JUDGEMENT_SOURCE,
        judgement.known,
    );
}

fn add_rate_limits(add: &mut Builder, limits: &RateLimits) {
    const NAMES: [[&str; 3]; 7] = [
        [
            names::LLM_TRACER_RATE_LIMIT_REQUESTS_LIMIT,
            names::LLM_TRACER_RATE_LIMIT_REQUESTS_REMAINING,
            names::LLM_TRACER_RATE_LIMIT_REQUESTS_RESET,
        ],
        [
            names::LLM_TRACER_RATE_LIMIT_TOKENS_LIMIT,
            names::LLM_TRACER_RATE_LIMIT_TOKENS_REMAINING,
            names::LLM_TRACER_RATE_LIMIT_TOKENS_RESET,
        ],
        [
            names::LLM_TRACER_RATE_LIMIT_INPUT_TOKENS_LIMIT,
            names::LLM_TRACER_RATE_LIMIT_INPUT_TOKENS_REMAINING,
            names::LLM_TRACER_RATE_LIMIT_INPUT_TOKENS_RESET,
        ],
        [
            names::LLM_TRACER_RATE_LIMIT_OUTPUT_TOKENS_LIMIT,
            names::LLM_TRACER_RATE_LIMIT_OUTPUT_TOKENS_REMAINING,
            names::LLM_TRACER_RATE_LIMIT_OUTPUT_TOKENS_RESET,
        ],
        [
            names::LLM_TRACER_RATE_LIMIT_REQUESTS_PER_DAY_LIMIT,
            names::LLM_TRACER_RATE_LIMIT_REQUESTS_PER_DAY_REMAINING,
            names::LLM_TRACER_RATE_LIMIT_REQUESTS_PER_DAY_RESET,
        ],
        [
            names::LLM_TRACER_RATE_LIMIT_TOKENS_PER_DAY_LIMIT,
            names::LLM_TRACER_RATE_LIMIT_TOKENS_PER_DAY_REMAINING,
            names::LLM_TRACER_RATE_LIMIT_TOKENS_PER_DAY_RESET,
        ],
        [
            names::LLM_TRACER_RATE_LIMIT_TOKENS_PER_MONTH_LIMIT,
            names::LLM_TRACER_RATE_LIMIT_TOKENS_PER_MONTH_REMAINING,
            names::LLM_TRACER_RATE_LIMIT_TOKENS_PER_MONTH_RESET,
        ],
    ];
    let quotas = [
        limits.requests,
        limits.tokens,
        limits.input_tokens,
        limits.output_tokens,
        limits.requests_per_day,
        limits.tokens_per_day,
        limits.tokens_per_month,
    ];
    for ([limit, remaining, reset], quota) in NAMES.into_iter().zip(quotas) {
        let Quota {
            limit: most,
            remaining: left,
            reset: until,
        } = quota;
        add.count(limit, most);
        add.count(remaining, left);
        add_seconds(add, reset, until);
    }
    let (five_hours, seven_days) = (limits.five_hours, limits.seven_days);
    add.double(
        names::LLM_TRACER_RATE_LIMIT_FIVE_HOURS_UTILIZATION,
        five_hours.used,
    );
    add_seconds(
        add,
        names::LLM_TRACER_RATE_LIMIT_FIVE_HOURS_RESET,
        five_hours.reset,
    );
    add.double(
        names::LLM_TRACER_RATE_LIMIT_SEVEN_DAYS_UTILIZATION,
        seven_days.used,
    );
    add_seconds(
        add,
        names::LLM_TRACER_RATE_LIMIT_SEVEN_DAYS_RESET,
        seven_days.reset,
    );
    add_seconds(add, names::LLM_TRACER_RETRY_AFTER, limits.retry_after);
}

fn add_gateway(add: &mut Builder, response: &ResponseFacts) {
    add.text(
        names::LLM_TRACER_UPSTREAM_PROVIDER,
        response.upstream_provider.as_deref(),
    );
    if let Some(gateway) = &response.gateway {
        add.text(names::LLM_TRACER_GATEWAY_NAME, Some(&gateway.name));
        add.count(names::LLM_TRACER_GATEWAY_RETRIES, gateway.retries);
        add.count(names::LLM_TRACER_GATEWAY_FALLBACKS, gateway.fallbacks);
        add.text(
            names::LLM_TRACER_GATEWAY_CACHE_STATUS,
            gateway.cache.as_deref(),
        );
    }
}

fn add_seconds(add: &mut Builder, name: &'static str, duration: Option<Duration>) {
    add.double(name, duration.map(|duration| duration.as_secs_f64()));
}

const fn incomplete_capture(capture: CaptureState) -> Option<&'static str> {
    match capture {
        CaptureState::Complete => None,
        CaptureState::Headers => Some("headers"),
        CaptureState::Open => Some("open"),
        CaptureState::Truncated => Some("truncated"),
        CaptureState::Gap => Some("gap"),
        CaptureState::Undecodable => Some("undecodable"),
    }
}
