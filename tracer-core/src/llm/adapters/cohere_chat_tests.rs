//! Tests of Cohere's chats.

use super::{super::testing as support, *};

#[test]
fn the_first_version_is_taken_from_known_hosts_only() {
    let is = |provider, path| support::endpoint(&CohereChat, provider, path).is_some();
    assert!(is("cohere", "/v1/chat"));
    assert!(is("cohere", "/v2/chat"));
    assert!(is("cohere", "/v2beta/chat"));
    assert!(is("cohere", "/chat"));
    assert!(!is("", "/chat"));
    assert!(is("", "/v2/chat"));
    assert!(!is("", "/v1/chat"));
    assert!(!is("writer", "/v1/chat"));
    assert!(is("cloudflare_ai_gateway", "/v1/a/g/cohere/v1/chat"));
}

#[test]
fn billed_units_come_first() {
    let seen = support::document(
        &CohereChat,
        r#"{"id":"c-1","finish_reason":"TOOL_CALL","message":{"role":"assistant","tool_calls":[
            {"id":"t1","type":"function","function":{"name":"look_up","arguments":"{}"}}]},
            "usage":{"billed_units":{"input_tokens":7,"output_tokens":88},
              "tokens":{"input_tokens":69,"output_tokens":89,"reasoning_tokens":5},"cached_tokens":64}}"#,
    );
    assert_eq!(seen.tokens(), (Some(7), Some(88)));
    assert_eq!(seen.usage.reasoning, Some(5));
    assert_eq!(seen.usage.cache_read, None, "more than what is billed");
    assert_eq!(seen.facts.id.as_deref(), Some("c-1"));
    assert_eq!(seen.facts.finish_reasons, ["TOOL_CALL"]);
    assert_eq!(seen.tools(), [("look_up", Some("t1"))]);
}

#[test]
fn the_first_version_has_meta() {
    let seen = support::document(
        &CohereChat,
        r#"{"response_id":"r","generation_id":"g","text":"hi","finish_reason":"COMPLETE",
            "tool_calls":[{"name":"go","parameters":{}}],
            "meta":{"billed_units":{"input_tokens":6.0,"output_tokens":33.0}}}"#,
    );
    assert_eq!(seen.tokens(), (Some(6), Some(33)));
    assert_eq!(seen.facts.id.as_deref(), Some("g"));
    assert_eq!(seen.tools(), [("go", None)]);
}

#[test]
fn a_stream_of_events() {
    let seen = support::events(
        &CohereChat,
        &[
            (
                "message-start",
                r#"{"id":"c-2","type":"message-start","delta":{"message":{"role":"assistant","tool_calls":[]}}}"#,
            ),
            (
                "tool-plan-delta",
                r#"{"type":"tool-plan-delta","delta":{"message":{"tool_plan":"I"}}}"#,
            ),
            (
                "tool-call-start",
                r#"{"type":"tool-call-start","index":0,"delta":{"message":{"tool_calls":{"id":"t1","type":"function","function":{"name":"go","arguments":""}}}}}"#,
            ),
            (
                "",
                r#"{"type":"tool-call-delta","index":0,"delta":{"message":{"tool_calls":{"function":{"arguments":"{}"}}}}}"#,
            ),
            ("tool-call-end", r#"{"type":"tool-call-end","index":0}"#),
            (
                "content-delta",
                r#"{"type":"content-delta","index":0,"delta":{"message":{"content":{"text":"x"}}}}"#,
            ),
            (
                "message-end",
                r#"{"type":"message-end","delta":{"finish_reason":"TOOL_CALL","usage":{"billed_units":{"input_tokens":3,"output_tokens":4}}}}"#,
            ),
            ("", "[DONE]"),
        ],
    );
    assert_eq!(seen.tokens(), (Some(3), Some(4)));
    assert_eq!(seen.facts.id.as_deref(), Some("c-2"));
    assert_eq!(seen.facts.finish_reasons, ["TOOL_CALL"]);
    assert_eq!(seen.tools(), [("go", Some("t1"))]);
    assert_eq!((seen.outputs, seen.ended), (3, true));
}

#[test]
fn a_stream_of_lines() {
    let seen = support::chunks(
        &CohereChat,
        &[
            r#"{"is_finished":false,"event_type":"stream-start","generation_id":"g-1"}"#,
            r#"{"is_finished":false,"event_type":"text-generation","text":"Ar"}"#,
            r#"{"is_finished":false,"event_type":"text-generation","text":"response"}"#,
            r#"{"is_finished":true,"event_type":"stream-end","finish_reason":"COMPLETE","response":
                {"response_id":"r-1","generation_id":"g-1","text":"Arr","finish_reason":"COMPLETE",
                 "meta":{"billed_units":{"input_tokens":7,"output_tokens":2},"tokens":{"input_tokens":70}}}}"#,
        ],
    );
    assert_eq!(seen.tokens(), (Some(7), Some(2)));
    assert_eq!(seen.facts.id.as_deref(), Some("g-1"));
    assert_eq!(seen.facts.finish_reasons, ["COMPLETE"]);
    assert_eq!((seen.outputs, seen.ended), (2, true));
}

#[test]
fn a_stream_that_failed() {
    let seen = support::events(
        &CohereChat,
        &[(
            "message-end",
            r#"{"type":"message-end","delta":{"finish_reason":"ERROR","error":"out of luck"}}"#,
        )],
    );
    assert_eq!(seen.error.as_deref(), Some("error"));
    assert_eq!(seen.facts.finish_reasons, ["ERROR"]);
    assert_eq!(seen.tokens(), (None, None));
}

#[test]
fn lines_are_a_stream_under_any_content_type() {
    let lines = "{\"event_type\":\"stream-start\",\"generation_id\":\"g\"}\n\
        {\"event_type\":\"text-generation\",\"text\":\"a\"}\n\
        {\"event_type\":\"stream-end\",\"finish_reason\":\"COMPLETE\",\"response\":{\"meta\":\
        {\"billed_units\":{\"input_tokens\":3,\"output_tokens\":5}}}}\n";
    let asked = support::Asked(
        "POST /v1/chat HTTP/1.1\nHost: api.cohere.com",
        r#"{"model":"m","message":"x","stream":true}"#,
    );
    for kind in ["application/json", "text/plain", "application/stream+json"] {
        let head = format!("HTTP/1.1 200 OK\nContent-Type: {kind}");
        let span = support::span(&asked, &support::Answered(&head, lines)).expect("a call");
        let value = |name| support::text(&span, name);
        assert_eq!(
            value("gen_ai.response.finish_reasons").as_deref(),
            Some("COMPLETE")
        );
        assert_eq!(value("gen_ai.usage.output_tokens").as_deref(), Some("5"));
    }
}
