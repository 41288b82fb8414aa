//! What looks alike and is not the same: no join may say that it is sure.

use std::time::Duration;

use serde_json::{Value, json};
use tracer_core::semconv::{Span, Value as Attribute};

use crate::{
    scene::{Answer, Ask, Scene, asked, assistant, gave, user},
    tree::{assert_tree, place, tree},
};

fn text_of(span: &Span, name: &str) -> Option<String> {
    match span.attribute(name) {
        Some(Attribute::Str(text)) => Some(text.to_string()),
        _ => None,
    }
}

fn embed(text: &str) -> Ask {
    Ask::post(
        "api.openai.com",
        "/v1/embeddings",
        json!({"model": "e", "input": text}),
    )
}

fn vector() -> Answer {
    Answer::json(json!({"object": "list", "model": "e",
        "data": [{"object": "embedding", "index": 0, "embedding": [0.5]}],
        "usage": {"prompt_tokens": 3, "total_tokens": 3}}))
}

#[test]
fn tools_that_are_numbered_belong_to_their_process() {
    let mut scene = Scene::new();
    let (mut one, mut two) = (scene.connect(1), scene.connect(2));
    let tool = [("call_0", "weather", json!({"city": "Bern"}))];
    scene.exchange(
        &mut one,
        &Ask::chat("m", &[user("How warm is it in Bern?")]),
        &Answer::tools(&tool),
    );
    // The other one's first request was before the agent came.
    let second = [
        user("How cold is it in Oslo?"),
        asked(&[("call_0", "weather", json!({"city": "Oslo"}))]),
        gave("call_0", "-3 degrees"),
    ];
    scene.exchange(&mut two, &Ask::chat("m", &second), &Answer::text("Cold."));
    assert_tree(
        &scene.finish(),
        "
        trace
          1 invoke_agent | A=derived:first_call | turn.calls=1 | turn.tool_calls=1
            2 chat m | <derived:turn | A=derived:first_call
        trace
          3 chat m | B=derived:first_call
        ",
    );
}

#[test]
fn of_conversations_in_two_processes_none_is_sure() {
    let mut scene = Scene::new();
    let (mut one, mut two) = (scene.connect(1), scene.connect(2));
    let ask = Ask::chat("m", &[user("Hello there")]);
    scene.exchange(&mut one, &ask, &Answer::text("Hello."));
    scene.exchange(&mut two, &ask, &Answer::text("Hello."));
    // Which worker gets the next request of a user, chance decides.
    let second = Ask::chat(
        "m",
        &[
            user("Hello there"),
            assistant("Hello."),
            user("Who are you?"),
        ],
    );
    scene.exchange(&mut one, &second, &Answer::text("A model."));
    assert_tree(
        &scene.finish(),
        "
        trace
          1 chat m | A=derived:first_call
        trace
          2 chat m | B=derived:first_call
        trace
          3 chat m | A=inferred:messages | ->1 previous_call inferred:messages
        ",
    );
}

#[test]
fn sessions_that_are_named_tell_who_goes_on() {
    let mut scene = Scene::new();
    let mut on = scene.connect(1);
    let first = [user("Hello there")];
    for session in ["one", "two"] {
        scene.exchange(
            &mut on,
            &Ask::chat("m", &first).with("x-session-id", session),
            &Answer::text("Hello."),
        );
    }
    let second = [
        user("Hello there"),
        assistant("Hello."),
        user("Who are you?"),
    ];
    scene.exchange(
        &mut on,
        &Ask::chat("m", &second).with("x-session-id", "one"),
        &Answer::text("A model."),
    );
    assert_tree(
        &scene.finish(),
        "
        trace
          1 chat m | A=observed:x-session-id
        trace
          2 chat m | B=observed:x-session-id
        trace
          3 chat m | A=observed:x-session-id | ->1 previous_call derived:messages
        ",
    );
}

#[test]
fn choices_that_are_equal_are_those_of_one_call() {
    let mut scene = Scene::new();
    let mut on = scene.connect(1);
    let message = json!({"role": "assistant", "content": "Hello."});
    let choice = |index| json!({"index": index, "message": message, "finish_reason": "stop"});
    let answer = Answer::json(
        json!({"id": "chatcmpl-1", "object": "chat.completion", "model": "m",
        "choices": [choice(0), choice(1)],
        "usage": {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}}),
    );
    scene.exchange(&mut on, &Ask::chat("m", &[user("Hello there")]), &answer);
    let second = [user("Hello there"), assistant("Hello."), user("Go on.")];
    scene.exchange(&mut on, &Ask::chat("m", &second), &Answer::text("Well."));
    assert_tree(
        &scene.finish(),
        "
        trace
          1 chat m | A=derived:first_call
        trace
          2 chat m | A=derived:messages | ->1 previous_call derived:messages
        ",
    );
}

#[test]
fn who_embeds_the_same_again_is_no_part_of_who_did_before() {
    let mut scene = Scene::new();
    let mut on = scene.connect(1);
    for _ in 0..3 {
        scene.exchange(&mut on, &embed("What is the price of a flat?"), &vector());
    }
    assert_tree(
        &scene.finish(),
        "
        trace
          1 embeddings e
        trace
          2 embeddings e
        trace
          3 embeddings e
        ",
    );
}

#[test]
fn a_question_that_was_answered_to_somebody_else_prepares_nothing() {
    let mut scene = Scene::new();
    let (mut one, mut two) = (scene.connect(1), scene.connect(1));
    scene.exchange(
        &mut one,
        &Ask::chat("m", &[user("May I smoke here?")]),
        &Answer::text("I do not know."),
    );
    scene.exchange(
        &mut two,
        &Ask::chat("m", &[user("I do not know.")]),
        &Answer::text("Nor do I."),
    );
    let spans = scene.finish();
    assert_ne!(place(&spans[0]).trace, place(&spans[1]).trace);
}

#[test]
fn of_retries_that_are_alike_none_is_sure() {
    let mut scene = Scene::new();
    let (mut one, mut two) = (scene.connect(1), scene.connect(1));
    let ask = Ask::chat("m", &[user("Hello there")]);
    scene.ask(&mut one, &ask);
    scene.ask(&mut two, &ask);
    scene.answer(&mut one, &Answer::error(429, "rate_limit_exceeded"));
    scene.answer(&mut two, &Answer::error(429, "rate_limit_exceeded"));
    scene.wait(Duration::from_secs(1));
    // The second user comes first, on any connection.
    let again = ask.with("x-stainless-retry-count", "1");
    scene.exchange(&mut two, &again, &Answer::text("Hello."));
    scene.exchange(&mut one, &again, &Answer::text("Good day."));
    let spans = scene.finish();
    let again = spans
        .iter()
        .filter(|span| span.attribute("llm_tracer.attempt.number") == Some(&Attribute::Int(2)));
    let known: Vec<_> = again
        .map(|span| text_of(span, "llm_tracer.parent.confidence"))
        .collect();
    assert_eq!(
        known,
        [Some("inferred".into()), Some("inferred".into())],
        "\n{}",
        tree(&spans)
    );
}

#[test]
fn attempts_are_numbered_as_the_client_does() {
    let mut scene = Scene::new();
    let mut on = scene.connect(1);
    let ask = |count| Ask::chat("m", &[user("Hello there")]).with("x-stainless-retry-count", count);
    // Two attempts were made before the agent came.
    scene.exchange(&mut on, &ask("2"), &Answer::error(503, "overloaded"));
    scene.exchange(&mut on, &ask("3"), &Answer::text("Hello."));
    assert_tree(
        &scene.finish(),
        "
        trace
          1 attempts | A=derived:first_call | attempt.count=2
            2 chat m | !overloaded | <observed:retry_count | A=derived:first_call | #3 retry observed:retry_count
            3 chat m | <observed:retry_count | A=derived:first_call | #4 retry after overloaded observed:retry_count | ->2 previous_attempt observed:retry_count
        ",
    );
}

#[test]
fn who_says_that_it_is_the_first_attempt_is_likely_somebody_else() {
    let mut scene = Scene::new();
    let mut on = scene.connect(1);
    let ask = Ask::chat("m", &[user("Hello there")]).with("x-stainless-retry-count", "0");
    scene.exchange(&mut on, &ask, &Answer::error(503, "overloaded"));
    scene.exchange(&mut on, &ask, &Answer::text("Hello."));
    assert_tree(
        &scene.finish(),
        "
        trace
          1 attempts | A=derived:first_call | attempt.count=2
            2 chat m | !overloaded | <derived:status | A=derived:first_call | #1 first derived:status
            3 chat m | <inferred:body | A=derived:first_call | #2 retry after overloaded inferred:body | ->2 previous_attempt inferred:body
        ",
    );
}

#[test]
fn numbers_that_differ_by_one_are_other_arguments() {
    let mut scene = Scene::new();
    let (mut on, mut server) = (scene.connect(1), scene.connect(1));
    let tool = |id, number: u64| (id, "load", json!({ "account": number }));
    let tools = [
        tool("call_a", 1_234_567_890_123_456_788),
        tool("call_b", 1_234_567_890_123_456_789),
    ];
    scene.exchange(
        &mut on,
        &Ask::chat("m", &[user("Load both accounts.")]),
        &Answer::tools(&tools),
    );
    let call = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": {"name": "load", "arguments": {"account": 1_234_567_890_123_456_789_u64}}});
    let mcp = Ask::post("tools.example", "/mcp", call)
        .with("mcp-protocol-version", "2025-06-18")
        .with("accept", "application/json, text/event-stream");
    let result = json!({"jsonrpc": "2.0", "id": 1, "result": {"content": []}});
    scene.exchange(&mut server, &mcp, &Answer::json(result));
    let spans = scene.finish();
    let mcp = spans
        .iter()
        .find(|span| span.name == "tools/call load")
        .expect("the call");
    assert_eq!(
        text_of(mcp, "llm_tracer.parent.confidence").as_deref(),
        Some("derived")
    );
}

#[test]
fn results_without_ids_or_names_are_those_of_the_last_answer() {
    let mut scene = Scene::new();
    let mut on = scene.connect(1);
    let call = json!({"function": {"name": "weather", "arguments": {"city": "Bern"}}});
    let chat = |messages: &[Value]| {
        Ask::post(
            "localhost:11434",
            "/api/chat",
            json!({"model": "m", "stream": false, "messages": messages}),
        )
    };
    let answer = |message: Value| {
        Answer::json(json!({"model": "m", "created_at": "2027-01-15T08:00:00Z",
            "message": message, "done": true, "done_reason": "stop",
            "prompt_eval_count": 3, "eval_count": 4}))
    };
    let first = user("How warm is it in Bern?");
    let asks = json!({"role": "assistant", "content": "", "tool_calls": [call]});
    scene.exchange(
        &mut on,
        &chat(std::slice::from_ref(&first)),
        &answer(asks.clone()),
    );
    let gave = json!({"role": "tool", "content": "7 degrees"});
    scene.exchange(
        &mut on,
        &chat(&[first, asks, gave]),
        &answer(assistant("7 degrees.")),
    );
    // The turn is over, and its root has left.
    let names: Vec<_> = scene.so_far().iter().map(|span| &*span.name).collect();
    assert_eq!(
        names,
        ["chat m", "execute_tool weather", "chat m", "invoke_agent"]
    );
}

#[test]
fn what_is_fetched_again_is_not_under_way() {
    let mut scene = Scene::new();
    let mut on = scene.connect(1);
    let named = |ask: Ask| ask.with("x-session-id", "one");
    let pending = Answer::json(
        json!({"id": "resp_1", "object": "response", "status": "in_progress",
        "background": true, "model": "m", "output": []}),
    );
    let create = Ask::post(
        "api.openai.com",
        "/v1/responses",
        json!({"model": "m", "background": true, "input": "Think for long."}),
    );
    scene.exchange(&mut on, &named(create), &pending);
    let fetch = Ask::get("api.openai.com", "/v1/responses/resp_1");
    for _ in 0..3 {
        scene.exchange(&mut on, &named(fetch.clone()), &pending);
    }
    scene.exchange(
        &mut on,
        &named(Ask::chat("m", &[user("Something else")])),
        &Answer::text("Indeed."),
    );
    let spans = scene.finish();
    let chat = spans.last().expect("the last call");
    assert_eq!(place(chat).parent, None, "\n{}", tree(&spans));
}

#[test]
fn an_agent_that_holds_a_key_is_not_told() {
    let mut scene = Scene::new();
    let mut on = scene.connect(1);
    let tool = [("call_1", "weather", json!({"city": "Bern"}))];
    let ask = Ask::messages("m", &[user("How warm is it in Bern?")])
        .with("x-claude-code-session-id", "0f1e")
        .with(
            "x-claude-code-agent-id",
            "sk-ant-api03-canary-canary-canary",
        );
    let used = json!({"type": "tool_use", "id": "toolu_1", "name": "weather", "input": tool[0].2});
    scene.exchange(&mut on, &ask, &Answer::blocks(json!([used]), "tool_use"));
    let spans = scene.finish();
    assert!(!format!("{spans:?}").contains("canary"));
}

#[test]
fn what_a_server_passes_on_is_told_by_all_of_it() {
    let mut scene = Scene::new();
    let mut inbound = [scene.connect(1), scene.connect(1)];
    let mut outbound = [scene.connect(1), scene.connect(1)];
    // What agents put before every question.
    let ask = |question: &str| {
        let content = json!([
            {"type": "text", "text": "Reminder: be brief."},
            {"type": "text", "text": question}
        ]);
        Ask::chat("m", &[json!({"role": "user", "content": content})])
    };
    let asks = [ask("Where is Bern?"), ask("Where is Oslo?")];
    for at in 0..2 {
        scene.be_asked(&mut inbound[at], &asks[at]);
    }
    let answers = ["In Switzerland.", "In Norway."].map(Answer::text);
    for at in [1, 0] {
        scene.exchange(&mut outbound[at], &asks[at], &answers[at]);
    }
    for at in 0..2 {
        scene.give(&mut inbound[at], &answers[at]);
    }
    let spans = scene.finish();
    let found = tree(&spans);
    assert_eq!(found.matches("<derived:messages").count(), 2, "\n{found}");
    assert_eq!(found.matches("trace").count(), 2, "\n{found}");
}

/// Two users send a picture each, of one size, with the same question.
#[test]
fn pictures_of_one_size_are_others() {
    let mut scene = Scene::new();
    let (mut one, mut two) = (scene.connect(1), scene.connect(2));
    let picture = |pixels: &str| {
        let url = format!("data:image/png;base64,{}", pixels.repeat(4_000));
        let content = json!([
            {"type": "text", "text": "What is this?"},
            {"type": "image_url", "image_url": {"url": url}}
        ]);
        json!({"role": "user", "content": content})
    };
    scene.exchange(
        &mut one,
        &Ask::chat("m", &[picture("AAAA")]),
        &Answer::text("A cat."),
    );
    // The first request of this one was before the agent came.
    let second = [picture("BBBB"), assistant("A cat."), user("Are you sure?")];
    scene.exchange(&mut two, &Ask::chat("m", &second), &Answer::text("Yes."));
    assert_tree(
        &scene.finish(),
        "
        trace
          1 chat m | A=derived:first_call
        trace
          2 chat m | B=derived:first_call
        ",
    );
}
