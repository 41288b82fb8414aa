use super::{
    super::testing::{self as support, Answered, Asked, span, text},
    OpenAiChat,
};

const POST: &str = "POST /v1/chat/completions HTTP/1.1\nHost: api.openai.com";
const JSON: &str = "HTTP/1.1 200 OK\nContent-Type: application/json";
const STREAM: &str = "HTTP/1.1 200 OK\nContent-Type: text/event-stream";

fn check(asked: &Asked<'_>, answered: &Answered<'_>, expected: &[(&str, Option<&str>)]) {
    let span = span(asked, answered).expect("a call");
    for (name, value) in expected {
        assert_eq!(text(&span, name).as_deref(), *value, "{name}");
    }
    assert!(!format!("{span:?}").contains("canary"));
}

#[test]
fn parameters_of_a_request() {
    let body = r#"{"model":"gpt-5","messages":[{"role":"user","content":"canary"}],"n":2,"seed":7,
        "temperature":0.5,"top_p":1,"max_completion_tokens":9,"stop":["a","b"],"frequency_penalty":-1,
        "presence_penalty":0,"response_format":{"type":"json_schema","json_schema":{"name":"canary"}},
        "reasoning_effort":"low","service_tier":"auto",
        "tools":[{"type":"function","function":{"name":"f","description":"canary"}}]}"#;
    check(
        &Asked(POST, body),
        &Answered(JSON, r#"{"id":"c"}"#),
        &[
            ("gen_ai.request.choice.count", Some("2")),
            ("gen_ai.request.seed", Some("7")),
            ("gen_ai.request.temperature", Some("0.5")),
            ("gen_ai.request.top_p", Some("1")),
            ("gen_ai.request.max_tokens", Some("9")),
            ("gen_ai.request.stop_sequences", Some("a,b")),
            ("gen_ai.request.frequency_penalty", Some("-1")),
            ("gen_ai.request.presence_penalty", Some("0")),
            ("gen_ai.output.type", Some("json")),
            ("gen_ai.request.stream", None),
            ("openai.request.service_tier", None),
            ("llm_tracer.request.reasoning_level", Some("low")),
            ("llm_tracer.request.tool_names", Some("f")),
        ],
    );
    let old = r#"{"model":"gpt-4","messages":[{}],"random_seed":1,"functions":[{"name":"g"}],
        "reasoning":{"effort":"high","max_tokens":1000},"modalities":["text","audio"]}"#;
    check(
        &Asked(POST, old),
        &Answered(JSON, r#"{"id":"c"}"#),
        &[
            ("gen_ai.request.seed", Some("1")),
            ("gen_ai.output.type", Some("speech")),
            ("llm_tracer.request.tool_names", Some("g")),
            ("llm_tracer.request.reasoning_level", Some("high")),
            ("llm_tracer.request.reasoning_budget", Some("1000")),
        ],
    );
}

#[test]
fn what_relatives_add() {
    let body = r#"{"model":"m","messages":[{}]}"#;
    let groq = r#"{"id":"c","usage":{"queue_time":0.25,"prompt_tokens":1,"completion_tokens":2,"total_tokens":3,"total_time":1.5}}"#;
    check(
        &Asked(
            "POST /openai/v1/chat/completions HTTP/1.1\nHost: api.groq.com",
            body,
        ),
        &Answered(JSON, groq),
        &[
            ("llm_tracer.response.queue_time", Some("0.25")),
            ("llm_tracer.response.processing_time", Some("1.5")),
        ],
    );
    let cerebras = r#"{"id":"c","time_info":{"queue_time":0.5,"total_time":2}}"#;
    check(
        &Asked(
            "POST /v1/chat/completions HTTP/1.1\nHost: api.cerebras.ai",
            body,
        ),
        &Answered(JSON, cerebras),
        &[("llm_tracer.response.processing_time", Some("2"))],
    );
    let openrouter = r#"{"id":"gen-1","provider":"Amazon Bedrock","model":"a/b"}"#;
    check(
        &Asked(
            "POST /api/v1/chat/completions HTTP/1.1\nHost: openrouter.ai",
            body,
        ),
        &Answered(JSON, openrouter),
        &[("llm_tracer.upstream_provider", Some("Amazon Bedrock"))],
    );
}

#[test]
fn databricks_serves_any_model_by_name() {
    let post = "POST /serving-endpoints/my-llm/invocations HTTP/1.1\nHost: x.cloud.databricks.com";
    check(
        &Asked(post, r#"{"messages":[{"role":"user","content":"canary"}]}"#),
        &Answered(JSON, r#"{"id":"c"}"#),
        &[
            ("gen_ai.provider.name", Some("databricks")),
            ("gen_ai.request.model", Some("my-llm")),
        ],
    );
    let forest = Asked(post, r#"{"dataframe_records":[{"x":1}]}"#);
    assert!(span(&forest, &Answered(JSON, "{}")).is_none());
}

#[test]
fn a_stream_tells_that_it_was_asked_for_where_the_request_does_not() {
    let events = "data: {\"id\":\"c\",\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"},\"finish_reason\":\"stop\"}]}\n\n";
    let broken = r#"{"model":"m","messages":[{"role":"user","content":"canary"#;
    check(
        &Asked(POST, broken),
        &Answered(STREAM, events),
        &[
            ("gen_ai.request.model", Some("m")),
            ("gen_ai.request.stream", Some("true")),
        ],
    );
    check(
        &Asked(POST, r#"{"model":"m","messages":[{}]}"#),
        &Answered(STREAM, events),
        &[("gen_ai.request.stream", None)],
    );
}

/// Answers that real servers send and no strict reader of JSON takes.
#[test]
fn answers_that_a_strict_reader_refuses() {
    let plain = r#"{"id":"c","model":"m","choices":[{"index":0,"finish_reason":"stop","message":{"content":"a"},"logprobs":-1}],
        "usage":{"prompt_tokens":3,"completion_tokens":4}}"#;
    let with = |from, to| plain.replace(from, to);
    for answer in [
        plain.to_owned(),
        format!("\u{feff}{plain}"),
        with(r#""a""#, r#""half of a smile: \ud83d""#),
        with("-1", "[NaN,Infinity,-Infinity]"),
        with(r#""model""#, r#""model":"n","model""#),
        with(
            r#""usage""#,
            r#""usage":{"prompt_tokens":1,"prompt_tokens":2},"usage""#,
        ),
    ] {
        check(
            &Asked(POST, r#"{"model":"m","messages":[{}]}"#),
            &Answered(JSON, &answer),
            &[
                ("gen_ai.response.id", Some("c")),
                ("gen_ai.response.model", Some("m")),
                ("gen_ai.response.finish_reasons", Some("stop")),
                ("gen_ai.usage.input_tokens", Some("3")),
                ("gen_ai.usage.output_tokens", Some("4")),
            ],
        );
    }
}

#[test]
fn requests_that_a_strict_reader_refuses() {
    for request in [
        "\u{feff}{\"model\":\"m\",\"messages\":[{}]}",
        r#"{"model":"n","messages":[{}],"temperature":NaN,"model":"m"}"#,
        r#"{"model":"m","messages":[{}],"stop":["\ud83d"]}"#,
    ] {
        check(
            &Asked(POST, request),
            &Answered(JSON, r#"{"id":"c"}"#),
            &[
                ("gen_ai.request.model", Some("m")),
                ("gen_ai.request.temperature", None),
            ],
        );
    }
}

#[test]
fn choices_without_an_index_stand_in_order() {
    let answer = r#"{"id":"c","choices":[{"finish_reason":"stop"},{"finish_reason":"length"}]}"#;
    check(
        &Asked(POST, r#"{"model":"m","messages":[{}],"n":2}"#),
        &Answered(JSON, answer),
        &[("gen_ai.response.finish_reasons", Some("stop,length"))],
    );
}

#[test]
fn the_call_of_old_stands_beside_tool_calls() {
    let seen = support::document(
        &OpenAiChat,
        r#"{"choices":[{"message":{"function_call":{"name":"old","arguments":"{}"},
            "tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{}"}}]}}]}"#,
    );
    assert_eq!(seen.tools(), [("f", Some("c1")), ("old", None)]);
}

#[test]
fn pieces_of_a_call_that_are_repeated_as_a_message() {
    let chunk = |tool: &str| {
        format!(
            r#"{{"choices":[{{"delta":{{"tool_calls":[{tool}]}},"message":{{"tool_calls":[{tool}]}},"finish_reason":null}}],"id":"c"}}"#
        )
    };
    let chunks = [
        chunk(r#"{"function":{"name":"f"},"id":"t1","index":0}"#),
        chunk(r#"{"function":{"arguments":"{","name":null},"id":null,"index":0}"#),
        chunk(r#"{"function":{"name":"g"},"id":"t2","index":1}"#),
    ];
    let chunks: Vec<_> = chunks.iter().map(String::as_str).collect();
    let seen = support::chunks(&OpenAiChat, &chunks);
    assert_eq!(seen.tools(), [("f", Some("t1")), ("g", Some("t2"))]);
}

#[test]
fn an_error_takes_the_code_beside_it() {
    let error = r#"{"code":"overloaded","error":"The model is at capacity"}"#;
    let asked = Asked(POST, r#"{"model":"m","messages":[{}],"stream":true}"#);
    for answered in [
        Answered(JSON, error),
        Answered(STREAM, &format!("data: {error}\n\n")),
    ] {
        check(&asked, &answered, &[("error.type", Some("overloaded"))]);
    }
}

#[test]
fn of_a_stream_with_an_error_status_only_the_error_counts() {
    let events = "data: {\"id\":\"c\",\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"},\"finish_reason\":\"stop\"}],\
        \"usage\":{\"prompt_tokens\":1,\"completion_tokens\":2}}\n\ndata: {\"error\":{\"type\":\"server_error\"}}\n\n";
    check(
        &Asked(POST, r#"{"model":"m","messages":[{}],"stream":true}"#),
        &Answered(
            "HTTP/1.1 503 Service Unavailable\nContent-Type: text/event-stream",
            events,
        ),
        &[
            ("error.type", Some("server_error")),
            ("gen_ai.response.id", None),
            ("gen_ai.response.finish_reasons", None),
            ("gen_ai.usage.input_tokens", None),
        ],
    );
    let unnamed = "data: {\"error\":\"The server is busy\"}\n\n";
    check(
        &Asked(POST, r#"{"model":"m","messages":[{}],"stream":true}"#),
        &Answered(
            "HTTP/1.1 503 Service Unavailable\nContent-Type: text/event-stream",
            unnamed,
        ),
        &[("error.type", Some("503"))],
    );
}

/// Azure says of each piece what its filter found in it, or beside the text, later.
#[test]
fn what_a_filter_finds_amid_a_stream_is_told() {
    let piece = |results: &str| {
        format!(
            r#"{{"id":"c","model":"m","choices":[{{"index":0,"delta":{{"content":"canary"}},"finish_reason":null,"content_filter_results":{{{results}}}}}]}}"#
        )
    };
    let safe = piece(r#""violence":{"filtered":false,"severity":"safe"}"#);
    let severe = piece(r#""violence":{"filtered":false,"severity":"medium"}"#);
    let beside = r#"{"id":"","model":"","choices":[{"index":0,"delta":{},"finish_reason":null,"content_filter_offsets":{"check_offset":44,"start_offset":44,"end_offset":198},"content_filter_results":{"protected_material_text":{"filtered":false,"detected":true}}}]}"#;
    let last = r#"{"id":"c","model":"m","choices":[{"index":0,"delta":{},"finish_reason":"stop","content_filter_results":{}}]}"#;
    let seen = support::chunks(
        &OpenAiChat,
        &[&safe, &safe, &safe, &severe, &safe, beside, last],
    );
    let findings = seen.facts.findings.expect("findings");
    let words: Vec<_> = findings.found.iter().map(|found| found.words()).collect();
    assert_eq!(words, ["violence: medium", "protected_material_text"]);
    let harmless = support::chunks(&OpenAiChat, &[&safe, &safe, &safe, last]);
    assert_eq!(harmless.facts.findings, None);
}
