use super::super::testing::{Answered, Asked, span, text};

const POST: &str =
    "POST /v1/messages HTTP/1.1\nHost: api.anthropic.com\nanthropic-version: 2023-06-01";
const JSON: &str = "HTTP/1.1 200 OK\nContent-Type: application/json\nrequest-id: req_1";

fn check(asked: &Asked<'_>, answered: &Answered<'_>, expected: &[(&str, Option<&str>)]) {
    let span = span(asked, answered).expect("a call");
    for (name, value) in expected {
        assert_eq!(text(&span, name).as_deref(), *value, "{name}");
    }
    assert!(!format!("{span:?}").contains("canary"));
}

#[test]
fn thinking_cache_and_tools_of_the_provider() {
    let body = r#"{"model":"claude-x","max_tokens":100,"thinking":{"type":"enabled","budget_tokens":50},
        "output_config":{"effort":"high"},"stop_sequences":["x"],"top_k":5,"messages":[{"role":"user","content":"canary"}],
        "tools":[{"name":"f","input_schema":{}},{"type":"web_search_20250305","name":"web_search"}]}"#;
    let answer = r#"{"id":"msg_1","type":"message","model":"claude-x-1","stop_reason":"tool_use","content":[
        {"type":"thinking","thinking":"canary"},{"type":"server_tool_use","id":"s1","name":"web_search","input":{}},
        {"type":"web_search_tool_result","tool_use_id":"s1","content":[]},{"type":"tool_use","id":"t1","name":"f","input":{"canary":1}}],
        "usage":{"input_tokens":10,"cache_creation_input_tokens":3,"cache_read_input_tokens":4,"output_tokens":20,
        "output_tokens_details":{"thinking_tokens":8},"server_tool_use":{"web_search_requests":1},"service_tier":"standard"}}"#;
    check(
        &Asked(POST, body),
        &Answered(JSON, answer),
        &[
            ("gen_ai.request.top_k", Some("5")),
            ("gen_ai.request.stop_sequences", Some("x")),
            ("gen_ai.usage.input_tokens", Some("17")),
            ("gen_ai.usage.cache_read.input_tokens", Some("4")),
            ("gen_ai.usage.cache_creation.input_tokens", Some("3")),
            ("gen_ai.usage.output_tokens", Some("20")),
            ("gen_ai.usage.reasoning.output_tokens", Some("8")),
            ("gen_ai.response.finish_reasons", Some("tool_use")),
            ("llm_tracer.request_id", Some("req_1")),
            ("llm_tracer.request.reasoning_level", Some("high")),
            ("llm_tracer.request.reasoning_budget", Some("50")),
            ("llm_tracer.request.tool_names", Some("f,web_search")),
            ("llm_tracer.tool_call.names", Some("f")),
            ("llm_tracer.tool_call.ids", Some("t1")),
            ("llm_tracer.response.service_tier", Some("standard")),
        ],
    );
}

#[test]
fn a_prompt_that_was_counted_was_not_used() {
    let post = POST.replace("/v1/messages", "/v1/messages/count_tokens");
    check(
        &Asked(&post, r#"{"model":"claude-x","messages":[{}]}"#),
        &Answered(JSON, r#"{"input_tokens":2095}"#),
        &[
            ("gen_ai.operation.name", Some("count_tokens")),
            ("gen_ai.request.model", Some("claude-x")),
            ("gen_ai.usage.input_tokens", None),
        ],
    );
}

#[test]
fn limits_of_an_error_are_told_in_seconds() {
    let head = "HTTP/1.1 429 Too Many Requests\nContent-Type: application/json\nretry-after: 49\n\
        date: Thu, 23 Apr 2026 20:50:30 GMT\nanthropic-ratelimit-requests-limit: 50\n\
        anthropic-ratelimit-requests-remaining: 0\nanthropic-ratelimit-requests-reset: 2026-04-23T20:51:19Z";
    let error = r#"{"type":"error","error":{"type":"rate_limit_error","message":"canary"}}"#;
    check(
        &Asked(POST, r#"{"model":"claude-x","messages":[{}]}"#),
        &Answered(head, error),
        &[
            ("error.type", Some("rate_limit_error")),
            ("llm_tracer.retry_after", Some("49")),
            ("llm_tracer.rate_limit.requests.limit", Some("50")),
            ("llm_tracer.rate_limit.requests.remaining", Some("0")),
            ("llm_tracer.rate_limit.requests.reset", Some("49")),
            ("llm_tracer.rate_limit.tokens.limit", None),
        ],
    );
}

#[test]
fn a_tool_call_behind_many_texts() {
    let texts = r#"{"type":"text","text":"canary"},"#.repeat(200);
    let answer = format!(
        r#"{{"id":"msg_1","type":"message","content":[{texts}{{"type":"tool_use","id":"t1","name":"f"}}]}}"#
    );
    let seen = super::super::testing::document(&super::AnthropicMessages, &answer);
    assert_eq!(seen.tools(), [("f", Some("t1"))]);
}

#[test]
fn a_session_in_the_metadata_without_who_it_is() {
    let asked = |user: &str| {
        format!(
            r#"{{"model":"claude-x","max_tokens":100,"metadata":{{"user_id":"{user}"}},"messages":[{{"role":"user","content":"canary"}}]}}"#
        )
    };
    let answer = r#"{"id":"msg_1","type":"message","model":"claude-x-1","stop_reason":"end_turn","content":[],
        "usage":{"input_tokens":1,"output_tokens":2}}"#;
    let id = "4be7cf2e-0f5a-4b8f-9c39-6b4cf2a5d1aa";
    let claude_code = asked(&format!("user_canary_account_canary_session_{id}"));
    check(
        &Asked(POST, &claude_code),
        &Answered(JSON, answer),
        &[
            ("session.id", Some(id)),
            ("llm_tracer.session.source", Some("metadata.user_id")),
            ("llm_tracer.session.confidence", Some("observed")),
        ],
    );
    let source = [("llm_tracer.session.source", Some("first_call"))];
    let other = asked("canary@example.com");
    check(&Asked(POST, &other), &Answered(JSON, answer), &source);
}
