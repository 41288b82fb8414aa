//! Checks of what was answered.

use serde_json::{Value, json};

use crate::{
    results::of_exchange,
    scene::{Answer, Ask, user},
};

fn chat() -> Ask {
    Ask::chat("gpt-5", &[user("canary")])
}

#[test]
fn what_is_right_is_not_told() {
    assert!(of_exchange(&chat(), &Answer::text("canary")).is_empty());
    let tool = [("t1", "look", json!({"at": "canary"}))];
    assert!(of_exchange(&chat(), &Answer::tools(&tool)).is_empty());
}

#[test]
fn an_answer_may_end_too_early() {
    let message = json!({"role": "assistant", "content": "canary"});
    assert_eq!(
        of_exchange(&chat(), &Answer::message(message, "length")),
        ["truncated fail 0 output observed finish_reason"]
    );
    let ask = Ask::messages("claude-sonnet-4-5", &[user("canary")]);
    let answer = Answer::blocks(json!([{"type": "text", "text": "canary"}]), "max_tokens");
    assert_eq!(
        of_exchange(&ask, &answer),
        ["truncated fail 0 output observed finish_reason"]
    );
}

#[test]
fn an_answer_may_say_nothing() {
    let empty = "empty_answer fail 0 output observed answer";
    let message = json!({"role": "assistant", "content": ""});
    assert_eq!(
        of_exchange(&chat(), &Answer::message(message, "stop")),
        [empty]
    );
    let ask = Ask::messages("claude-sonnet-4-5", &[user("canary")]);
    assert_eq!(
        of_exchange(&ask, &Answer::blocks(json!([]), "end_turn")),
        [empty]
    );
    // It only thought about it.
    let thought = json!([{"type": "thinking", "thinking": "canary", "signature": "s"}]);
    assert_eq!(
        of_exchange(&ask, &Answer::blocks(thought, "end_turn")),
        [empty]
    );
    // Tools of the provider are at work: it goes on.
    let server =
        json!([{"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {}}]);
    assert!(of_exchange(&ask, &Answer::blocks(server, "pause_turn")).is_empty());
}

fn person() -> Value {
    json!({"type": "object", "required": ["name", "age"], "additionalProperties": false,
        "properties": {"name": {"type": "string"}, "age": {"type": "integer"}}})
}

fn for_json(schema: &Value) -> Ask {
    let format =
        json!({"type": "json_schema", "json_schema": {"name": "person", "schema": schema}});
    chat().member("response_format", format)
}

#[test]
fn an_answer_is_checked_by_the_schema_that_the_request_gives() {
    let ask = for_json(&person());
    for (text, result) in [
        (r#"{"name": "canary", "age": 7}"#, "pass 1"),
        (
            r#"{"name": "canary"}"#,
            "fail 0 (not valid against the schema, required)",
        ),
        (
            r#"{"name": "canary", "age": "7"}"#,
            "fail 0 (not valid against the schema, type)",
        ),
        (r#"Here you go: {"name": "canary"}"#, "fail 0 (not JSON)"),
        (
            r#"{"name": "canary", "age": 7, "canary": 1}"#,
            "fail 0 (not valid against the schema, additionalProperties)",
        ),
    ] {
        let found = of_exchange(&ask, &Answer::text(text));
        let line = format!("structured_output {result} output derived json_schema");
        assert_eq!(found, [line], "{text}");
    }
}

#[test]
fn every_provider_has_words_for_a_schema() {
    let bad = r#"{"name": "canary"}"#;
    let failed = [
        "structured_output fail 0 (not valid against the schema, required) output derived json_schema",
    ];
    let responses = Ask::post(
        "api.openai.com",
        "/v1/responses",
        json!({"model": "gpt-5", "input": "canary", "text": {"format":
            {"type": "json_schema", "name": "person", "schema": person()}}}),
    );
    let answer = json!({"id": "resp_1", "object": "response", "status": "completed",
        "model": "gpt-5", "output": [{"type": "message", "role": "assistant",
        "content": [{"type": "output_text", "text": bad}]}]});
    assert_eq!(of_exchange(&responses, &Answer::json(answer)), failed);

    let format = json!({"format": {"type": "json_schema", "schema": person()}});
    let anthropic =
        Ask::messages("claude-sonnet-4-5", &[user("canary")]).member("output_config", format);
    let answer = Answer::blocks(json!([{"type": "text", "text": bad}]), "end_turn");
    assert_eq!(of_exchange(&anthropic, &answer), failed);

    let gemini = |config: Value| {
        Ask::post(
            "generativelanguage.googleapis.com",
            "/v1beta/models/gemini-2.5-flash:generateContent",
            json!({"contents": [{"role": "user", "parts": [{"text": "canary"}]}],
                "generationConfig": config}),
        )
    };
    let answer = Answer::json(json!({"candidates": [{"index": 0, "finishReason": "STOP",
        "content": {"role": "model", "parts": [{"text": bad}]}}]}));
    let own = json!({"type": "OBJECT", "required": ["name", "age"],
        "properties": {"name": {"type": "STRING"}, "age": {"type": "INTEGER"}}});
    let config = json!({"responseMimeType": "application/json", "responseSchema": own});
    assert_eq!(of_exchange(&gemini(config), &answer), failed);
    let config = json!({"responseMimeType": "application/json", "responseJsonSchema": person()});
    assert_eq!(of_exchange(&gemini(config), &answer), failed);

    let ollama = Ask::post(
        "localhost:11434",
        "/api/chat",
        json!({"model": "llama3.2", "stream": false, "format": person(),
            "messages": [user("canary")]}),
    );
    let answer = json!({"model": "llama3.2", "done": true, "done_reason": "stop",
        "message": {"role": "assistant", "content": bad}});
    assert_eq!(of_exchange(&ollama, &Answer::json(answer)), failed);

    let schema = json!({"name": "person", "schema": person().to_string()});
    let bedrock = Ask::post(
        "bedrock-runtime.us-east-1.amazonaws.com",
        "/model/m/converse",
        json!({"messages": [{"role": "user", "content": [{"text": "canary"}]}],
            "outputConfig": {"textFormat": {"type": "json_schema",
            "structure": {"jsonSchema": schema}}}}),
    );
    let answer = json!({"output": {"message": {"role": "assistant", "content": [{"text": bad}]}},
        "stopReason": "end_turn", "usage": {"inputTokens": 3, "outputTokens": 4, "totalTokens": 7}});
    assert_eq!(of_exchange(&bedrock, &Answer::json(answer)), failed);
}

#[test]
fn who_asks_for_json_alone_gets_json() {
    let ask = chat().member("response_format", json!({"type": "json_object"}));
    assert_eq!(
        of_exchange(&ask, &Answer::text("{}")),
        ["structured_output pass 1 output derived json"]
    );
    // A refusal is no answer in any form.
    let message = json!({"role": "assistant", "content": null, "refusal": "canary"});
    assert_eq!(
        of_exchange(&for_json(&person()), &Answer::message(message, "stop")),
        ["refusal refused output observed refusal_part"]
    );
    // Of what cannot be checked nothing is told, but what is no JSON is not valid.
    let hostile = for_json(&json!({"$ref": "#"}));
    assert!(of_exchange(&hostile, &Answer::text("{}")).is_empty());
    assert_eq!(
        of_exchange(&hostile, &Answer::text("canary")),
        ["structured_output fail 0 (not JSON) output derived json_schema"]
    );
}

#[test]
fn arguments_of_tools_are_checked_by_their_schemas() {
    let tool = |name: &str, schema: Value| json!({"type": "function", "function": {"name": name, "parameters": schema}});
    let tools = json!([
        tool("look", json!({"type": "object"})),
        tool("save", person())
    ]);
    let ask = chat().member("tools", tools);
    let good = ("t1", "look", json!({"at": "canary"}));
    let bad = ("t2", "save", json!({"name": "canary"}));
    assert_eq!(
        of_exchange(&ask, &Answer::tools(&[good.clone(), bad])),
        [
            "tool_arguments fail 0.5 (save, not valid against the schema, required) output derived tool_schema"
        ]
    );
    assert_eq!(
        of_exchange(&ask, &Answer::tools(&[good])),
        ["tool_arguments pass 1 output derived tool_schema"]
    );
    let broken = json!({"role": "assistant", "content": null, "tool_calls": [{"id": "t1",
        "type": "function", "function": {"name": "save", "arguments": "{\"name\": \"canary"}}]});
    assert_eq!(
        of_exchange(&ask, &Answer::message(broken, "tool_calls")),
        ["tool_arguments fail 0 (save, not JSON) output derived tool_schema"]
    );
    let input = json!([{"type": "tool_use", "id": "t1", "name": "save", "input": {"age": 1}}]);
    let ask = Ask::messages("claude-sonnet-4-5", &[user("canary")])
        .member("tools", json!([{"name": "save", "input_schema": person()}]));
    assert_eq!(
        of_exchange(&ask, &Answer::blocks(input, "tool_use")),
        [
            "tool_arguments fail 0 (save, not valid against the schema, required) output derived tool_schema"
        ]
    );
}
