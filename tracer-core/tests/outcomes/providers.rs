//! Refusals, filters and guardrails in the words of every provider.

use serde_json::{Value, json};

use crate::{
    results::of_exchange,
    scene::{Answer, Ask, user},
};

fn chat() -> Ask {
    Ask::chat("gpt-5", &[user("canary")])
}

fn gemini() -> Ask {
    let body = json!({"contents": [{"role": "user", "parts": [{"text": "canary"}]}]});
    let path = "/v1beta/models/gemini-2.5-flash:generateContent";
    Ask::post("generativelanguage.googleapis.com", path, body)
}

fn bedrock(action: &'static str, body: Value) -> Ask {
    Ask::post("bedrock-runtime.us-east-1.amazonaws.com", action, body)
}

fn converse() -> Ask {
    let body = json!({"messages": [{"role": "user", "content": [{"text": "canary"}]}]});
    bedrock("/model/m/converse", body)
}

#[test]
fn openai_refuses_in_a_part_of_its_own() {
    let message = json!({"role": "assistant", "content": null, "refusal": "canary"});
    assert_eq!(
        of_exchange(&chat(), &Answer::message(message, "stop")),
        ["refusal refused output observed refusal_part"]
    );
    let ask = Ask::post(
        "api.openai.com",
        "/v1/responses",
        json!({"model": "gpt-5", "input": "canary"}),
    );
    let answer = json!({"id": "resp_1", "object": "response", "status": "completed",
        "model": "gpt-5", "output": [{"type": "message", "role": "assistant",
        "content": [{"type": "refusal", "refusal": "canary"}]}]});
    assert_eq!(
        of_exchange(&ask, &Answer::json(answer)),
        ["refusal refused output observed refusal_part"]
    );
}

#[test]
fn anthropic_refuses_with_a_reason() {
    let ask = Ask::messages("claude-sonnet-4-5", &[user("canary")]);
    let answer = json!({"id": "msg_1", "type": "message", "role": "assistant", "model": "m",
        "content": [], "stop_reason": "refusal",
        "stop_details": {"type": "refusal", "category": "cyber", "explanation": "canary"},
        "usage": {"input_tokens": 3, "output_tokens": 0}});
    assert_eq!(
        of_exchange(&ask, &Answer::json(answer)),
        ["refusal refused (cyber) output observed finish_reason"]
    );
}

#[test]
fn azure_tells_categories_of_both_sides() {
    let safe = json!({"filtered": false, "severity": "safe"});
    let answer = json!({"id": "chatcmpl-1", "model": "gpt-5",
        "prompt_filter_results": [{"prompt_index": 0, "content_filter_results": {
            "hate": safe, "jailbreak": {"filtered": false, "detected": true}}}],
        "choices": [{"index": 0, "finish_reason": "content_filter",
            "message": {"role": "assistant", "content": "canary"},
            "content_filter_results": {"hate": safe,
                "violence": {"filtered": true, "severity": "high"}}}],
        "usage": {"prompt_tokens": 3, "completion_tokens": 1, "total_tokens": 4}});
    let host = "res.openai.azure.com";
    assert_eq!(
        of_exchange(&chat().at(host), &Answer::json(answer)),
        [
            "content_filter flagged (jailbreak) input observed filter_results",
            "content_filter blocked (violence: high) output observed finish_reason",
        ]
    );
    let error = json!({"error": {"message": "canary", "code": "content_filter", "status": 400,
        "innererror": {"code": "ResponsibleAIPolicyViolation", "content_filter_result": {
            "sexual": {"filtered": true, "severity": "medium"}}}}});
    assert_eq!(
        of_exchange(&chat().at(host), &Answer::json(error).status(400)),
        ["content_filter blocked (sexual: medium) input observed error.type"]
    );
}

#[test]
fn gemini_blocks_prompts_and_answers() {
    let blocked = json!({"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"},
        "usageMetadata": {"promptTokenCount": 3, "totalTokenCount": 3}});
    assert_eq!(
        of_exchange(&gemini(), &Answer::json(blocked)),
        ["content_filter blocked (PROHIBITED_CONTENT) input observed filter_results"]
    );
    let rated = json!({"candidates": [{"index": 0, "finishReason": "SAFETY", "safetyRatings": [
        {"category": "HARM_CATEGORY_HARASSMENT", "probability": "HIGH", "blocked": true},
        {"category": "HARM_CATEGORY_HATE_SPEECH", "probability": "NEGLIGIBLE"}]}]});
    assert_eq!(
        of_exchange(&gemini(), &Answer::json(rated)),
        ["content_filter blocked (HARM_CATEGORY_HARASSMENT: HIGH) output observed finish_reason"]
    );
    let malformed =
        json!({"candidates": [{"index": 0, "finishReason": "MALFORMED_FUNCTION_CALL"}]});
    assert_eq!(
        of_exchange(&gemini(), &Answer::json(malformed)),
        ["tool_arguments fail 0 output observed finish_reason"]
    );
}

#[test]
fn guardrails_of_bedrock_tell_what_they_did() {
    let trace = json!({"guardrail": {"inputAssessment": {"gr1": {"topicPolicy": {"topics":
        [{"name": "finance", "type": "DENY", "action": "BLOCKED"}]}}}}});
    let answer = |reason: &str, trace: Value| {
        Answer::json(json!({"output": {"message": {"role": "assistant",
            "content": [{"text": "canary"}]}}, "stopReason": reason, "trace": trace,
            "usage": {"inputTokens": 3, "outputTokens": 4, "totalTokens": 7}}))
    };
    assert_eq!(
        of_exchange(&converse(), &answer("guardrail_intervened", trace)),
        ["guardrail blocked (finance) input observed finish_reason"]
    );
    let passed = json!({"guardrail": {"inputAssessment": {"gr1": {}}}});
    assert_eq!(
        of_exchange(&converse(), &answer("end_turn", passed)),
        ["guardrail pass observed guardrail_action"]
    );
    assert_eq!(
        of_exchange(&converse(), &answer("content_filtered", Value::Null)),
        ["content_filter blocked output observed finish_reason"]
    );
    let invoke = json!({"anthropic_version": "bedrock-2023-05-31", "max_tokens": 9,
        "messages": [{"role": "user", "content": "canary"}]});
    let invoked = json!({"type": "message", "role": "assistant", "id": "msg_1",
        "content": [{"type": "text", "text": "canary"}], "stop_reason": "end_turn",
        "usage": {"input_tokens": 3, "output_tokens": 4},
        "amazon-bedrock-guardrailAction": "INTERVENED",
        "amazon-bedrock-trace": {"guardrail": {"input": {"gr1": {"sensitiveInformationPolicy":
            {"piiEntities": [{"type": "EMAIL", "match": "canary", "action": "ANONYMIZED"}]}}}}}});
    assert_eq!(
        of_exchange(&bedrock("/model/m/invoke", invoke), &Answer::json(invoked)),
        ["guardrail masked (EMAIL) input observed guardrail_trace"]
    );
}

#[test]
fn openai_judges_both_sides_beside_the_answer() {
    let flagged = json!({"type": "moderation_result", "flagged": true,
        "categories": {"violence": true, "hate": false},
        "category_scores": {"violence": 0.9, "hate": 0.1}});
    let clean = json!({"type": "moderation_result", "flagged": false,
        "categories": {"violence": false}, "category_scores": {"violence": 0.25}});
    let answer = json!({"id": "chatcmpl-1", "model": "gpt-5",
        "choices": [{"index": 0, "finish_reason": "stop",
            "message": {"role": "assistant", "content": "canary"}}],
        "moderation": {"input": clean, "output": flagged}});
    assert_eq!(
        of_exchange(&chat(), &Answer::json(answer)),
        [
            "moderation pass 0.25 input observed moderation",
            "moderation flagged 0.9 (violence) output observed moderation",
        ]
    );
}
