use super::super::testing::{Answered, Asked, span, text};

const JSON: &str = "HTTP/1.1 200 OK\nContent-Type: application/json";
const STORED: &str = r#"{"id":"resp_1","object":"response","model":"gpt-5","status":"completed",
    "output":[{"type":"function_call","call_id":"k","name":"f"}],
    "usage":{"input_tokens":30,"output_tokens":4,"total_tokens":34}}"#;

#[test]
fn a_stored_answer_is_not_used_twice() {
    let asked = Asked(
        "GET /v1/responses/resp_1 HTTP/1.1\nHost: api.openai.com",
        "",
    );
    let fetched = span(&asked, &Answered(JSON, STORED)).expect("a call");
    assert_eq!(fetched.name, "fetch_response");
    for (name, value) in [
        ("gen_ai.response.id", Some("resp_1")),
        ("gen_ai.response.model", Some("gpt-5")),
        ("gen_ai.usage.input_tokens", None),
        ("llm_tracer.tool_call.names", None),
    ] {
        assert_eq!(text(&fetched, name).as_deref(), value, "{name}");
    }

    let events = format!(
        "event: response.completed\ndata: {{\"type\":\"response.completed\",\"response\":{}}}\n\n",
        STORED.replace('\n', " ")
    );
    let head = "HTTP/1.1 200 OK\nContent-Type: text/event-stream";
    let streamed = span(&asked, &Answered(head, &events)).expect("a call");
    assert_eq!(
        text(&streamed, "gen_ai.response.id").as_deref(),
        Some("resp_1")
    );
    assert_eq!(text(&streamed, "gen_ai.usage.input_tokens"), None);
}

#[test]
fn counting_uses_nothing_and_compacting_does() {
    let body = r#"{"model":"gpt-5","input":"canary"}"#;
    let post = "POST /v1/responses/input_tokens HTTP/1.1\nHost: api.openai.com";
    let count = r#"{"object":"response.input_tokens","input_tokens":123}"#;
    let counted = span(&Asked(post, body), &Answered(JSON, count)).expect("a call");
    assert_eq!(counted.name, "count_tokens gpt-5");
    assert_eq!(text(&counted, "gen_ai.usage.input_tokens"), None);

    let post = "POST /v1/responses/compact HTTP/1.1\nHost: api.openai.com";
    let compacted = span(&Asked(post, body), &Answered(JSON, STORED)).expect("a call");
    assert_eq!(compacted.name, "compact gpt-5");
    assert_eq!(
        text(&compacted, "gen_ai.usage.input_tokens").as_deref(),
        Some("30")
    );
}

#[test]
fn a_stored_prompt_a_conversation_and_offered_tools() {
    let body = r#"{"prompt":{"id":"pmpt_1","version":"2"},"conversation":{"id":"conv_1"},
        "previous_response_id":"resp_0","reasoning":{"effort":"high"},"max_output_tokens":7,
        "tools":[{"type":"function","name":"f"},{"type":"web_search"}],"service_tier":"flex"}"#;
    let post = "POST /v1/responses HTTP/1.1\nHost: api.openai.com";
    let span = span(&Asked(post, body), &Answered(JSON, STORED)).expect("a call");
    for (name, value) in [
        ("gen_ai.request.model", None),
        ("gen_ai.conversation.id", Some("conv_1")),
        ("gen_ai.request.max_tokens", Some("7")),
        ("openai.request.service_tier", Some("flex")),
        ("llm_tracer.request.previous_response_id", Some("resp_0")),
        ("llm_tracer.request.prompt.id", Some("pmpt_1")),
        ("llm_tracer.request.prompt.version", Some("2")),
        ("llm_tracer.request.reasoning_level", Some("high")),
        ("llm_tracer.request.tool_count", Some("2")),
        ("llm_tracer.request.tool_names", Some("f,web_search")),
        ("llm_tracer.tool_call.names", Some("f")),
    ] {
        assert_eq!(text(&span, name).as_deref(), value, "{name}");
    }
}
