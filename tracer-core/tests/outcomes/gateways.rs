//! Guardrails of gateways, in headers, beside answers and in streams.

use serde_json::{Value, json};

use crate::{
    results::of_exchange,
    scene::{Answer, Ask, user},
};

fn chat() -> Ask {
    Ask::chat("gpt-5", &[user("canary")])
}

fn hook(verdict: bool, deny: bool) -> Value {
    json!({"verdict": verdict, "id": "input_guardrail_1", "transformed": false, "checks": [{
        "data": {"explanation": "canary"}, "verdict": verdict, "id": "default.contains",
        "execution_time": 0}], "execution_time": 1, "async": false, "type": "guardrail", "deny": deny})
}

/// An answer of Portkey's with what its hooks did.
fn hooked(before: Value) -> Answer {
    let message = json!({"role": "assistant", "content": "canary"});
    Answer::json(
        json!({"id": "chatcmpl-1", "object": "chat.completion", "model": "gpt-5",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7},
        "hook_results": {"before_request_hooks": [before], "after_request_hooks": []}}),
    )
}

#[test]
fn portkey_says_which_check_failed() {
    let denied = Answer::json(
        json!({"error": {"message": "The guardrail checks defined in the \
        config failed.", "type": "hooks_failed", "param": null, "code": null}, "hook_results":
        {"before_request_hooks": [hook(false, true)], "after_request_hooks": []}}),
    );
    assert_eq!(
        of_exchange(&chat(), &denied.status(446)),
        ["guardrail blocked (default.contains) input observed hook_results"]
    );
    assert_eq!(
        of_exchange(&chat(), &hooked(hook(false, false)).status(246)),
        ["guardrail flagged (default.contains) input observed hook_results"]
    );
    assert_eq!(
        of_exchange(&chat(), &hooked(hook(true, true))),
        ["guardrail pass observed hook_results"]
    );
}

#[test]
fn cloudflare_says_it_in_a_header_or_a_code() {
    let dlp = json!({"findings": [{"profile": {"context": {}, "entry_ids": ["e1"],
        "profile_id": "p1"}, "policy_ids": ["block_financial"], "check": "REQUEST"}],
        "action": "FLAG"});
    let flagged = Answer::text("canary").with("cf-aig-dlp", &dlp.to_string());
    assert_eq!(
        of_exchange(&chat(), &flagged),
        ["guardrail flagged (block_financial) input observed cf-aig-dlp"]
    );
    let body = json!({"success": false, "result": [], "messages": [],
        "error": [{"code": 2017, "message": "Response blocked due to security configurations"}]});
    let blocked = Answer::json(body).status(424).with("cf-aig-log-id", "01J");
    assert_eq!(
        of_exchange(&chat(), &blocked),
        ["guardrail blocked (guardrails) output observed error"]
    );
}

#[test]
fn litellm_names_what_ran_and_says_what_was_stopped() {
    let ran = Answer::text("canary").with("x-litellm-applied-guardrails", "pii-masking,toxicity");
    assert_eq!(
        of_exchange(&chat(), &ran),
        ["guardrail (pii-masking, toxicity) observed applied_guardrails"]
    );
    let body = json!({"error": {"message": "{'error': 'Violated guardrail policy', 'x': 'canary'}",
        "type": "None", "param": "None", "code": "400"}});
    let stopped = Answer::json(body)
        .status(400)
        .with("x-litellm-call-id", "c1")
        .with("x-litellm-applied-guardrails", "bedrock-pre-guard");
    assert_eq!(
        of_exchange(&chat(), &stopped),
        ["guardrail blocked (bedrock-pre-guard) observed error"]
    );
}
