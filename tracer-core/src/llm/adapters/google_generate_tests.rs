//! Tests of Google's generation of content.

use super::{super::testing as support, *};

#[test]
fn the_path_names_model_and_form() {
    let seen = |path| support::facts_of(support::endpoint(&GoogleGenerate, "gcp.gemini", path));
    let expected = |model: &str, stream| {
        Some((
            Operation::GenerateContent,
            Some(model.to_owned()),
            Some(stream),
        ))
    };
    assert_eq!(
        seen("/v1beta/models/gemini-2.5-flash:generateContent"),
        expected("gemini-2.5-flash", false)
    );
    assert_eq!(
        seen(
            "/v1/projects/p/locations/l/publishers/google/models/gemini-x@001:streamGenerateContent"
        ),
        expected("gemini-x@001", true)
    );
    assert_eq!(
        seen("/v1/projects/p/locations/l/endpoints/4711:generateContent"),
        expected("endpoints/4711", false)
    );
    assert_eq!(
        seen("/v1beta/models/a%2Fb%3AgenerateContent"),
        expected("a/b", false)
    );
    assert_eq!(seen("/v1beta/models/gemini-2.5-flash:countTokens"), None);
    assert_eq!(seen("/v1beta/models/gemini-2.5-flash"), None);
}

#[test]
fn an_answer_with_tool_calls() {
    let seen = support::document(
        &GoogleGenerate,
        r#"{"candidates":[{"content":{"role":"model","parts":[
            {"text":"let me see","thought":true},
            {"functionCall":{"name":"look_up","args":{"name":"x"}},"thoughtSignature":"c2ln"},
            {"functionCall":{"id":"c-2","name":"add","args":{}}}]},"finishReason":"STOP","index":0}],
          "usageMetadata":{"promptTokenCount":11,"candidatesTokenCount":5,"thoughtsTokenCount":20,
            "totalTokenCount":36,"serviceTier":"standard"},
          "modelVersion":"gemini-3-pro","responseId":"r-1"}"#,
    );
    assert_eq!(seen.facts.id.as_deref(), Some("r-1"));
    assert_eq!(seen.facts.model.as_deref(), Some("gemini-3-pro"));
    assert_eq!(seen.facts.service_tier.as_deref(), Some("standard"));
    assert_eq!(seen.facts.finish_reasons, ["STOP"]);
    assert_eq!(seen.tokens(), (Some(11), Some(25)));
    assert_eq!(seen.tools(), [("look_up", None), ("add", Some("c-2"))]);
    assert_eq!(seen.error, None);
}

#[test]
fn several_candidates_and_numbers_for_reasons() {
    let seen = support::document(
        &GoogleGenerate,
        r#"{"candidates":[{"index":1,"finishReason":2},{"index":0,"finishReason":1}]}"#,
    );
    assert_eq!(seen.facts.finish_reasons, ["STOP", "MAX_TOKENS"]);
    assert_eq!(seen.tokens(), (None, None));
}

#[test]
fn a_blocked_prompt_has_a_reason_and_no_candidate() {
    let seen = support::document(
        &GoogleGenerate,
        r#"{"promptFeedback":{"blockReason":"PROHIBITED_CONTENT"},"usageMetadata":{"promptTokenCount":7}}"#,
    );
    assert_eq!(seen.facts.finish_reasons, ["PROHIBITED_CONTENT"]);
    assert_eq!(seen.tokens(), (Some(7), None));
}

/// The counts of the last chunk are the answer's, whether or not the chunk was parsed.
#[test]
fn a_stream_is_counted_to_its_last_chunk() {
    let text = |text: &str, count: u64| {
        format!(
            r#"{{"candidates":[{{"content":{{"parts":[{{"text":"{text}"}}],"role":"model"}},"index":0}}],
            "usageMetadata":{{"promptTokenCount":9,"candidatesTokenCount":{count}}},
            "modelVersion":"gemini-3-pro","responseId":"r-1"}}"#
        )
    };
    let (first, second) = (
        text("a", 1),
        text("\\\"finishReason\\\": \\\"SAFETY\\\"", 2),
    );
    let last = r#"{"candidates":[{"content":{"parts":[{"text":"","thoughtSignature":"eA=="}]},
        "finishReason":"STOP","index":0}],"usageMetadata":{"promptTokenCount":9,
        "candidatesTokenCount":23,"thoughtsTokenCount":302},"modelVersion":"gemini-3-pro","responseId":"r-1"}"#;
    let cut = support::chunks(&GoogleGenerate, &[&first, &second]);
    assert_eq!(cut.tokens(), (Some(9), Some(2)));
    assert_eq!(cut.facts.finish_reasons, Vec::<String>::new());
    let whole = support::chunks(&GoogleGenerate, &[&first, &second, last]);
    assert_eq!(whole.tokens(), (Some(9), Some(325)));
    assert_eq!(whole.usage.reasoning, Some(302));
    assert_eq!(whole.facts.finish_reasons, ["STOP"]);
    assert_eq!(whole.outputs, 2);
}

#[test]
fn a_tool_call_with_streamed_arguments_is_one_call() {
    let part = |part: &str| {
        format!(
            r#"{{"candidates":[{{"content":{{"parts":[{{"functionCall":{part}}}]}}}}],"responseId":"r"}}"#
        )
    };
    let pieces = [
        part(r#"{"name":"cook","willContinue":true}"#),
        part(r#"{"partialArgs":[{"jsonPath":"$.dish","stringValue":"soup"}],"willContinue":true}"#),
        part("{}"),
        part(r#"{"name":"cook","willContinue":true}"#),
    ];
    let pieces: Vec<_> = pieces.iter().map(String::as_str).collect();
    let seen = support::chunks(&GoogleGenerate, &pieces);
    assert_eq!(seen.tools(), [("cook", None), ("cook", None)]);
    assert_eq!(seen.outputs, 4);
}

#[test]
fn errors_in_a_stream_and_beside_one() {
    let error = r#"{"error":{"code":503,"message":"m","status":"UNAVAILABLE"}}"#;
    let seen = support::chunks(&GoogleGenerate, &[error]);
    assert_eq!(seen.error.as_deref(), Some("UNAVAILABLE"));
    let list = format!("[{error}]");
    assert_eq!(
        support::error_with(&GoogleGenerate, &[], &list).as_deref(),
        Some("UNAVAILABLE")
    );
}

#[test]
fn a_prompt_that_was_blocked_ended_no_candidate() {
    let reasons = |candidates: &str| {
        let body =
            format!(r#"{{"candidates":{candidates},"promptFeedback":{{"blockReason":"SAFETY"}}}}"#);
        support::document(&GoogleGenerate, &body)
            .facts
            .finish_reasons
    };
    assert_eq!(reasons("[]"), ["SAFETY"]);
    assert_eq!(reasons(r#"[{"finishReason":"STOP","index":0}]"#), ["STOP"]);
}

#[test]
fn an_array_is_a_stream_under_any_content_type() {
    let post = "POST /v1beta/models/gemini-3:streamGenerateContent HTTP/1.1\nHost: generativelanguage.googleapis.com";
    let array = r#"[{"candidates":[{"content":{"parts":[{"text":"a"}]}}],"responseId":"r"},
        {"candidates":[{"content":{"parts":[{"text":"b"}]},"finishReason":"STOP"}]}]"#;
    for head in [
        "HTTP/1.1 200 OK\nContent-Type: text/plain",
        "HTTP/1.1 200 OK",
    ] {
        let asked = support::Asked(post, r#"{"contents":[{}]}"#);
        let span = support::span(&asked, &support::Answered(head, array)).expect("a call");
        let value = |name| support::text(&span, name);
        assert_eq!(value("gen_ai.response.id").as_deref(), Some("r"));
        assert_eq!(
            value("gen_ai.response.finish_reasons").as_deref(),
            Some("STOP")
        );
    }
}
