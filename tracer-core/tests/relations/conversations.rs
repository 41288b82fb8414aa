//! Conversations: forks, sessions that the provider keeps, other processes.

use serde_json::json;
use tracer_core::{correlate::Relations, http::allow_list::AllowList, pipeline::PipelineConfig};

use crate::{
    scene::{Answer, Ask, Scene, asked, assistant, gave, user},
    tree::assert_tree,
};

#[test]
fn a_conversation_that_forks_stays_one_session() {
    let mut scene = Scene::new();
    let mut on = scene.connect(1);
    let first = [user("Tell me a story.")];
    scene.exchange(
        &mut on,
        &Ask::chat("m", &first),
        &Answer::text("Once upon a time."),
    );
    for next in ["Go on.", "Another one, please."] {
        let second = [first[0].clone(), assistant("Once upon a time."), user(next)];
        scene.exchange(
            &mut on,
            &Ask::chat("m", &second),
            &Answer::text("Well then."),
        );
    }
    assert_tree(
        &scene.finish(),
        "
        trace
          1 chat m | A=derived:first_call
        trace
          2 chat m | A=derived:messages | ->1 previous_call derived:messages
        trace
          3 chat m | A=derived:messages | ->1 previous_call derived:messages
        ",
    );
}

#[test]
fn a_conversation_that_is_edited_is_likely_the_same() {
    let mut scene = Scene::new();
    let mut on = scene.connect(1);
    let first = [user("Tell me a story.")];
    scene.exchange(
        &mut on,
        &Ask::chat("m", &first),
        &Answer::text("Once upon a time."),
    );
    let edited = [
        first[0].clone(),
        assistant("Once upon a time."),
        user("Go on."),
        assistant("An answer that no model gave."),
        user("And then?"),
    ];
    scene.exchange(
        &mut on,
        &Ask::chat("m", &edited),
        &Answer::text("Well then."),
    );
    assert_tree(
        &scene.finish(),
        "
        trace
          1 chat m | A=derived:first_call
        trace
          2 chat m | A=inferred:messages | ->1 previous_call inferred:messages
        ",
    );
}

#[test]
fn an_answer_that_the_provider_keeps_is_gone_on_from() {
    let mut scene = Scene::new();
    let mut on = scene.connect(1);
    let ask = |body| Ask::post("api.openai.com", "/v1/responses", body);
    let answer = |id: &str, output| {
        Answer::json(
            json!({"id": id, "object": "response", "status": "completed", "model": "m",
            "output": output, "usage": {"input_tokens": 1, "output_tokens": 2, "total_tokens": 3}}),
        )
    };
    let call = json!([{"type": "function_call", "call_id": "call_9", "id": "fc_9", "name": "f",
        "arguments": "{}"}]);
    scene.exchange(
        &mut on,
        &ask(json!({"model": "m", "input": "Hello there"})),
        &answer("resp_1", call),
    );
    let text = json!([{"type": "message", "role": "assistant",
        "content": [{"type": "output_text", "text": "Done."}]}]);
    scene.exchange(
        &mut on,
        &ask(
            json!({"model": "m", "previous_response_id": "resp_1", "input": [
            {"type": "function_call_output", "call_id": "call_9", "output": "7"}]}),
        ),
        &answer("resp_2", text.clone()),
    );
    scene.exchange(
        &mut on,
        &ask(json!({"model": "m", "previous_response_id": "resp_2", "input": "Thank you."})),
        &answer("resp_3", text),
    );
    assert_tree(
        &scene.finish(),
        "
        trace
          1 invoke_agent | A=derived:first_call | turn.calls=2 | turn.tool_calls=1
            2 chat m | <derived:turn | A=derived:first_call
            3 execute_tool f | <derived:turn | A=derived:first_call | tool.time=upper_bound | ->2 asked_by derived:tool_call
            4 chat m | <observed:previous_response_id | A=observed:previous_response_id
        trace
          5 chat m | A=observed:previous_response_id | ->4 previous_call observed:previous_response_id
        ",
    );
}

#[test]
fn a_conversation_goes_on_in_another_process() {
    let mut scene = Scene::new();
    let (mut one, mut two) = (scene.connect(1), scene.connect(2));
    let first = [user("Tell me a story.")];
    scene.exchange(
        &mut one,
        &Ask::chat("m", &first),
        &Answer::text("Once upon a time."),
    );
    let second = [
        first[0].clone(),
        assistant("Once upon a time."),
        user("Go on."),
    ];
    scene.exchange(
        &mut two,
        &Ask::chat("m", &second),
        &Answer::text("Well then."),
    );
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
fn a_header_of_the_operators_names_the_session() {
    let mut scene = Scene::with(PipelineConfig {
        headers: AllowList::default().naming_sessions(["X-Thread"].into_iter()),
        ..PipelineConfig::default()
    });
    let mut on = scene.connect(1);
    for question in ["Hello there", "Something else"] {
        let ask = Ask::chat("m", &[user(question)]).with("x-thread", "t-1");
        scene.exchange(&mut on, &ask, &Answer::text("Well."));
    }
    // What looks like a secret names nothing.
    let ask = Ask::chat("m", &[user("A third")]).with("x-thread", "sk-1234567890");
    scene.exchange(&mut on, &ask, &Answer::text("Well."));
    assert_tree(
        &scene.finish(),
        "
        trace
          1 chat m | A=observed:session_headers
        trace
          2 chat m | A=observed:session_headers
        trace
          3 chat m | B=derived:first_call
        ",
    );
}

#[test]
fn by_ids_alone_nothing_that_is_said_joins() {
    let mut scene = Scene::with(PipelineConfig {
        relations: Relations::ByIds,
        ..PipelineConfig::default()
    });
    let mut on = scene.connect(1);
    let first = [user("Tell me a story.")];
    scene.exchange(
        &mut on,
        &Ask::chat("m", &first),
        &Answer::text("Once upon a time."),
    );
    let tool = [("call_Yx81hWm2cTq0", "search", json!({"query": "stories"}))];
    let second = [
        first[0].clone(),
        assistant("Once upon a time."),
        user("Go on."),
    ];
    scene.exchange(&mut on, &Ask::chat("m", &second), &Answer::tools(&tool));
    let third = [
        first[0].clone(),
        asked(&tool),
        gave("call_Yx81hWm2cTq0", "none"),
    ];
    scene.exchange(
        &mut on,
        &Ask::chat("m", &third),
        &Answer::text("Well then."),
    );
    assert_tree(
        &scene.finish(),
        "
        trace
          1 chat m | A=derived:first_call
        trace
          2 invoke_agent | B=derived:first_call | turn.calls=2 | turn.tool_calls=1
            3 chat m | <derived:turn | B=derived:first_call
            4 execute_tool search | <derived:turn | B=derived:first_call | tool.time=upper_bound | ->3 asked_by derived:tool_call
            5 chat m | <derived:tool_call_id | B=derived:tool_call_id
        ",
    );
}

#[test]
fn nothing_is_joined_where_that_is_not_wanted() {
    let mut scene = Scene::with(PipelineConfig {
        relations: Relations::Off,
        ..PipelineConfig::default()
    });
    let mut on = scene.connect(1);
    let ask = Ask::chat("m", &[user("Hello there")]);
    scene.exchange(&mut on, &ask, &Answer::error(500, "server_error"));
    scene.exchange(&mut on, &ask, &Answer::text("Hello."));
    let spans = scene.finish();
    assert_eq!(spans.len(), 2);
    assert!(spans.iter().all(|span| span.place.is_none()));
}

#[test]
fn what_may_be_the_secret_of_a_web_session_has_another_name() {
    let uuid = "0198f9c2-7d3a-7f11-9d61-6e2b1a4c5d6e";
    for (header, id, is_told) in [
        ("session-id", uuid, true),
        ("x-session-id", "Zm9vYmFyYmF6cXV4cXV1eA", false),
        ("x-claude-code-session-id", "sess_1", true),
    ] {
        let mut scene = Scene::new();
        let mut on = scene.connect(1);
        for question in ["Hello there", "Something else"] {
            let ask = Ask::chat("m", &[user(question)]).with(header, id);
            scene.exchange(&mut on, &ask, &Answer::text("Well."));
        }
        let spans = scene.finish();
        let sessions: Vec<_> = spans
            .iter()
            .map(|span| span.attribute("session.id").expect("a session"))
            .collect();
        assert_eq!(sessions[0], sessions[1]);
        let told = tracer_core::semconv::Value::Str(id.into());
        assert_eq!(*sessions[0] == told, is_told, "{header}");
    }
}
