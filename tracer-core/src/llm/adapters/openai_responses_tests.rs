use super::super::testing::{Answered, Asked, span, spans, text};

const JSON: &str = "HTTP/1.1 200 OK\nContent-Type: application/json";
const STORED: &str = r#"{"id":"resp_1","object":"response","model":"gpt-5","status":"completed",
    "output":[{"type":"function_call","call_id":"k","name":"f"}],
    "usage":{"input_tokens":30,"output_tokens":4,"total_tokens":34}}"#;

const FETCH: Asked<'_> = Asked(
    "GET /v1/responses/resp_1 HTTP/1.1\nHost: api.openai.com",
    "",
);
const BEGIN: Asked<'_> = Asked(
    "POST /v1/responses HTTP/1.1\nHost: api.openai.com",
    r#"{"model":"gpt-5","input":"canary","background":true}"#,
);
const BEGUN: &str =
    r#"{"id":"resp_1","model":"gpt-5","status":"queued","background":true,"usage":null}"#;

#[test]
fn a_stored_answer_is_no_second_call() {
    let make = Asked(BEGIN.0, r#"{"model":"gpt-5","input":"canary"}"#);
    let stored = Answered(JSON, STORED);
    let calls = spans(&[(&make, &stored), (&FETCH, &stored)]);
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0].name, "chat gpt-5");
    assert_eq!(spans(&[(&FETCH, &stored)]), [], "of a run that nobody saw");
}

#[test]
fn the_end_of_a_run_in_the_background_is_told_once() {
    let running = BEGUN.replace("queued", "in_progress");
    let stored = Answered(JSON, STORED);
    let calls = spans(&[
        (&BEGIN, &Answered(JSON, BEGUN)),
        (&FETCH, &Answered(JSON, &running)),
        (&FETCH, &stored),
        (&FETCH, &stored),
    ]);
    let [begun, ended] = calls.as_slice() else {
        panic!("{calls:?}")
    };
    assert_eq!(begun.name, "chat gpt-5");
    assert_eq!(text(begun, "gen_ai.usage.input_tokens"), None);
    let pending = "llm_tracer.response.pending";
    assert_eq!(text(begun, pending).as_deref(), Some("true"));
    assert_eq!(text(ended, pending), None);
    assert_eq!(ended.name, "fetch_response");
    for (name, value) in [
        ("gen_ai.operation.name", None),
        ("gen_ai.provider.name", None),
        ("gen_ai.response.id", Some("resp_1")),
        ("gen_ai.response.model", Some("gpt-5")),
        ("gen_ai.usage.input_tokens", Some("30")),
        ("gen_ai.usage.output_tokens", Some("4")),
        ("llm_tracer.tool_call.names", Some("f")),
        ("llm_tracer.api", Some("openai.responses")),
        ("server.address", Some("api.openai.com")),
    ] {
        assert_eq!(text(ended, name).as_deref(), value, "{name}");
    }
}

/// Callers are told to take the stream of a long run up again where it broke off.
#[test]
fn a_stream_that_broke_off_is_taken_up_again() {
    let stream = "HTTP/1.1 200 OK\nContent-Type: text/event-stream";
    let begun = format!("data: {{\"type\":\"response.created\",\"response\":{BEGUN}}}\n\n");
    let ended = format!(
        "data: {{\"type\":\"response.completed\",\"response\":{}}}\n\n",
        STORED.replace('\n', " ")
    );
    let calls = spans(&[
        (&BEGIN, &Answered(stream, &begun)),
        (&FETCH, &Answered(stream, &ended)),
    ]);
    assert_eq!(calls.len(), 2);
    assert_eq!(text(&calls[0], "gen_ai.usage.output_tokens"), None);
    let used = text(&calls[1], "gen_ai.usage.output_tokens");
    assert_eq!(used.as_deref(), Some("4"));
}

#[test]
fn the_end_may_come_as_a_stream_or_be_an_error() {
    let events = format!(
        "event: response.completed\ndata: {{\"type\":\"response.completed\",\"response\":{}}}\n\n",
        STORED.replace('\n', " ")
    );
    let begun = Answered(JSON, BEGUN);
    let stream = "HTTP/1.1 200 OK\nContent-Type: text/event-stream";
    let calls = spans(&[(&BEGIN, &begun), (&FETCH, &Answered(stream, &events))]);
    let used = text(&calls[1], "gen_ai.usage.output_tokens");
    assert_eq!(used.as_deref(), Some("4"));

    let failed = r#"{"id":"resp_1","model":"gpt-5","status":"failed","usage":null,
        "error":{"code":"server_error","message":"canary"}}"#;
    let missing = r#"{"error":{"type":"invalid_request_error","message":"canary"}}"#;
    let calls = spans(&[
        (&BEGIN, &begun),
        (&FETCH, &Answered("HTTP/1.1 404 Not Found", missing)),
        (&FETCH, &Answered(JSON, failed)),
    ]);
    assert_eq!(calls.len(), 2, "what failed first was the fetch");
    assert_eq!(calls[1].error.as_deref(), Some("server_error"));
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
