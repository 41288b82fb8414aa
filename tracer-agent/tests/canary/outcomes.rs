//! What is said of calls, and why they were not answered.

use serde_json::{Value, json};

use crate::{
    garden::Gardener,
    traffic::{Exchange, Passed},
};

pub fn moderation(garden: &mut Gardener) -> Exchange {
    let body = json!({"model": "omni-moderation-latest", "input": [
        garden.prose("text to judge"), {"type": "text", "text": garden.prose("part to judge")}]});
    let answer = json!({"id": "modr-1", "model": "omni-moderation-latest", "results": [
        {"flagged": true, "categories": {"violence": true}, "category_scores": {"violence": 0.9}}]});
    let request = garden.request("api.openai.com", "/v1/moderations", &body);
    let response = garden.response("200 OK", &answer.to_string());
    Exchange::new(request, response)
}

fn asked(text: &str) -> Value {
    json!({"model": "gpt-5", "messages": [{"role": "user", "content": text}]})
}

fn answered(text: &str) -> String {
    let answer = json!({"id": "1", "model": "gpt-5", "choices": [{"index": 0,
        "finish_reason": "stop", "message": {"role": "assistant", "content": text}}]});
    answer.to_string()
}

/// An answer that another call to a model judges: it quotes it, and says why it is wrong.
pub fn judged(garden: &mut Gardener) -> Exchange {
    let (question, answer) = (garden.prose("prompt"), garden.prose("answer"));
    let judge = format!("Grade this answer.\n<answer>\n{answer}\n</answer>");
    let verdict = json!({"label": "incorrect", "score": 0.25, "id": garden.prose("id of a judgement"),
        "explanation": garden.prose("reason of a judgement")});
    let (host, path) = ("api.openai.com", "/v1/chat/completions");
    let passed = vec![
        Passed::out(0, garden.request(host, path, &asked(&question))),
        Passed::inwards(0, garden.response("200 OK", &answered(&answer))),
        Passed::out(1, garden.request(host, path, &asked(&judge))),
        Passed::inwards(
            1,
            garden.response("200 OK", &answered(&verdict.to_string())),
        ),
    ];
    Exchange {
        is_alone: true,
        calls: 2,
        passed,
    }
}

/// An answer that is judged behind it: what is found of it leaves by itself.
pub fn moderated(garden: &mut Gardener) -> Exchange {
    let (question, answer) = (garden.prose("prompt"), garden.prose("answer"));
    let judge = json!({"model": "omni-moderation-latest", "input": answer});
    let judged = json!({"id": "modr-1", "model": "omni-moderation-latest", "results": [
        {"flagged": true, "categories": {"hate": true}, "category_scores": {"hate": 0.8}}]});
    let host = "api.openai.com";
    let passed = vec![
        Passed::out(
            0,
            garden.request(host, "/v1/chat/completions", &asked(&question)),
        ),
        Passed::inwards(0, garden.response("200 OK", &answered(&answer))),
        Passed::out(1, garden.request(host, "/v1/moderations", &judge)),
        Passed::inwards(1, garden.response("200 OK", &judged.to_string())),
    ];
    Exchange {
        is_alone: true,
        calls: 2,
        passed,
    }
}

pub fn refusal(garden: &mut Gardener) -> Exchange {
    let body = json!({"model": "gpt-5", "messages": [
        {"role": "user", "content": garden.prose("prompt")},
        {"role": "assistant", "refusal": garden.prose("refusal in a message")}]});
    let answer = json!({"id": "1", "model": "gpt-5", "choices": [{"index": 0,
        "finish_reason": "stop",
        "message": {"role": "assistant", "content": null, "refusal": garden.prose("refusal")}}]});
    let request = garden.request("api.openai.com", "/v1/chat/completions", &body);
    let response = garden.response("200 OK", &answer.to_string());
    Exchange::new(request, response)
}

pub fn refusal_of_messages(garden: &mut Gardener) -> Exchange {
    let body = json!({"model": "claude", "max_tokens": 9, "messages": [
        {"role": "user", "content": garden.prose("prompt")}]});
    let answer = json!({"id": "msg_1", "type": "message", "role": "assistant", "model": "claude",
        "content": [{"type": "text", "text": garden.prose("answer")}], "stop_reason": "refusal",
        "stop_details": {"type": "refusal", "category": "cyber",
            "explanation": garden.line("explanation of a refusal")}});
    let request = garden.request("api.anthropic.com", "/v1/messages", &body);
    let response = garden.response("200 OK", &answer.to_string());
    Exchange::new(request, response)
}

/// A filter says what it found, and where.
pub fn filtered(garden: &mut Gardener) -> Exchange {
    let body = json!({"messages": [{"role": "user", "content": garden.prose("prompt")}]});
    let error = json!({"error": {"message": garden.line("message of an error"),
        "param": garden.line("parameter of an error"), "code": "content_filter", "status": 400,
        "innererror": {"code": "ResponsibleAIPolicyViolation", "message": garden.line("inner error"),
            "content_filter_result": {"sexual": {"filtered": true, "severity": "medium"},
            "protected_material_code": {"detected": true, "filtered": true,
                "citation": {"URL": garden.line("citation"), "license": "MIT"}},
            "custom_blocklists": {"filtered": true,
                "details": [{"filtered": true, "id": "names", "text": garden.line("blocklist")}]}}}}});
    let path = "/openai/deployments/gpt/chat/completions";
    let request = garden.request("res.openai.azure.com", path, &body);
    let response = garden.response("400 Bad Request", &error.to_string());
    Exchange::new(request, response)
}

/// A guardrail repeats what it found.
pub fn guardrail(garden: &mut Gardener) -> Exchange {
    let body = json!({"messages": [{"role": "user", "content": [{"text": garden.prose("prompt")}]}],
        "guardrailConfig": {"guardrailIdentifier": "g1", "guardrailVersion": "1", "trace": "enabled"}});
    let found = json!({"sensitiveInformationPolicy": {
            "piiEntities": [{"type": "EMAIL", "match": garden.line("match"), "action": "ANONYMIZED"}],
            "regexes": [{"name": "r", "match": garden.line("match of a pattern"), "action": "BLOCKED",
                "regex": garden.line("pattern")}]},
        "wordPolicy": {"customWords": [{"match": garden.line("word"), "action": "BLOCKED"}]}});
    let answer = json!({"output": {"message": {"role": "assistant", "content": [
            {"text": garden.prose("answer")}]}},
        "stopReason": "guardrail_intervened", "usage": {"inputTokens": 1, "outputTokens": 2},
        "trace": {"guardrail": {"modelOutput": [garden.line("output of the model")],
            "inputAssessment": {"g1": found.clone()}, "outputAssessments": {"g1": [found]}}}});
    let path = "/model/anthropic.claude-3-haiku-20240307-v1%3A0/converse";
    let request = garden.request("bedrock-runtime.us-east-1.amazonaws.com", path, &body);
    let response = garden.response("200 OK", &answer.to_string());
    Exchange::new(request, response)
}
