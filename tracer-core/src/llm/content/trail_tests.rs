use serde_json::{Value, json};

use super::*;
use crate::{
    llm::content::{
        digest::digest,
        draft::{Asked, Draft, finished},
        kept::{Room, Texts},
        shape::Shape,
    },
    stream::event::Event,
};

fn asked(shape: Shape, room: Room, body: &Value) -> AskedTrail {
    let mut asked = Asked::new(room);
    assert!(shape.request(body.to_string().as_bytes(), &mut asked));
    let trail = std::mem::take(&mut asked.trail).finish(Default::default());
    trail.expect("every part was read")
}

/// Marks of a request, which are the same whatever of its content is kept.
fn of_request(shape: Shape, body: &Value) -> AskedTrail {
    let trail = asked(shape, Room::of_marks(Texts::No), body);
    assert_eq!(trail, asked(shape, Room::new(1 << 20), body));
    assert_eq!(trail, asked(shape, Room::new(10), body));
    trail
}

fn answered(all: u64, draft: Draft) -> AnsweredTrail {
    let asked = Asked::new(Room::default());
    let content = finished(asked, draft, (None, None), |_| None);
    AnsweredTrail::of(Some(all), &content.output)
}

fn marks() -> Draft {
    Draft::new(Room::of_marks(Texts::Arguments))
}

fn of_document(shape: Shape, all: u64, body: &Value) -> AnsweredTrail {
    let mut draft = marks();
    assert!(shape.document(body.to_string().as_bytes(), &mut draft));
    answered(all, draft)
}

fn of_stream(shape: Shape, all: u64, events: &[(&str, Value)]) -> AnsweredTrail {
    let mut draft = marks();
    for (name, data) in events {
        let data = data.to_string();
        let event = Event {
            event: name.as_bytes(),
            data: data.as_bytes(),
            ..Event::default()
        };
        shape.event(&event, &mut draft);
    }
    answered(all, draft)
}

/// The second request goes on where the answer to the first one ended.
#[track_caller]
fn assert_goes_on(shape: Shape, first: &Value, answer: &Value, second: &Value) {
    let first = of_request(shape, first);
    let answer = of_document(shape, first.all, answer);
    let second = of_request(shape, second);
    assert_eq!(answer.tips.len(), 1);
    assert!(second.answers.contains(&answer.tips[0]), "{second:?}");
}

#[test]
fn a_chat_goes_on() {
    let user = json!({"role": "user", "content": "Hello"});
    let tool_call = json!({"id": "call_1", "type": "function",
        "function": {"name": "weather", "arguments": "{\"city\": \"Bern\"}"}});
    let answer = json!({"choices": [{"index": 0, "message":
        {"role": "assistant", "content": null, "refusal": null, "tool_calls": [tool_call]}}]});
    // Instructions change, a member is dropped, arguments are written anew.
    assert_goes_on(
        Shape::Chat,
        &json!({"messages": [{"role": "system", "content": "It is 10:00."}, user]}),
        &answer,
        &json!({"messages": [
            {"role": "system", "content": "It is 10:01."},
            {"role": "user", "content": [{"type": "text", "text": "Hello"}]},
            {"role": "assistant", "tool_calls": [{"id": "call_1", "type": "function",
                "function": {"name": "weather", "arguments": "{\"city\":\"Bern\"}"}}]},
            {"role": "tool", "tool_call_id": "call_1", "content": "7 degrees"},
        ]}),
    );
}

#[test]
fn messages_go_on_behind_a_stream() {
    let first = json!({"messages": [{"role": "user", "content": "Hi"}]});
    let first = of_request(Shape::Messages, &first);
    let answer = of_stream(
        Shape::Messages,
        first.all,
        &[
            (
                "content_block_start",
                json!({"type": "content_block_start", "index": 0,
                "content_block": {"type": "thinking", "thinking": ""}}),
            ),
            (
                "content_block_delta",
                json!({"type": "content_block_delta", "index": 0,
                "delta": {"type": "thinking_delta", "thinking": "Hm."}}),
            ),
            (
                "content_block_start",
                json!({"type": "content_block_start", "index": 1,
                "content_block": {"type": "text", "text": ""}}),
            ),
            (
                "content_block_delta",
                json!({"type": "content_block_delta", "index": 1,
                "delta": {"type": "text_delta", "text": "Hello "}}),
            ),
            (
                "content_block_delta",
                json!({"type": "content_block_delta", "index": 1,
                "delta": {"type": "text_delta", "text": "you."}}),
            ),
            (
                "content_block_start",
                json!({"type": "content_block_start", "index": 2,
                "content_block": {"type": "tool_use", "id": "toolu_1", "name": "Task", "input": {}}}),
            ),
            (
                "content_block_delta",
                json!({"type": "content_block_delta", "index": 2,
                "delta": {"type": "input_json_delta", "partial_json": "{\"prompt\": "}}),
            ),
            (
                "content_block_delta",
                json!({"type": "content_block_delta", "index": 2,
                "delta": {"type": "input_json_delta", "partial_json": "\"Look for bugs.\"}"}}),
            ),
        ],
    );
    let second = of_request(
        Shape::Messages,
        &json!({"messages": [
            {"role": "user", "content": [
                {"type": "text", "text": "Hi", "cache_control": {"type": "ephemeral"}}]},
            {"role": "assistant", "content": [
                {"type": "text", "text": "Hello you."},
                {"type": "tool_use", "id": "toolu_1", "name": "Task",
                    "input": {"prompt": "Look for bugs."}}]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "toolu_1", "is_error": true,
                    "content": "There are none."},
                {"type": "text", "text": "Go on, please."}]},
        ]}),
    );
    assert_eq!(second.answers, answer.tips);
    assert_eq!(second.last, Some(Speaker::Asker));
    assert_eq!(second.texts, [digest("Go on, please.")]);
    assert_eq!(
        second.results,
        [ToolResult {
            id: Some("toolu_1".into()),
            name: None,
            is_error: Some(true),
            seems_error: false,
        }]
    );
    assert_eq!(answer.texts, [digest("Hello you.")]);
    let [tool] = &answer.tools[..] else {
        panic!("{answer:?}");
    };
    assert_eq!(tool.name.as_deref(), Some("Task"));
    let texts = tool.arguments.texts.iter().map(|text| text.digest);
    assert!(texts.eq([digest("Look for bugs.")]));
}

#[test]
fn items_go_on() {
    let call = json!({"type": "function_call", "call_id": "c1", "id": "fc_1", "name": "f",
        "arguments": "{}"});
    assert_goes_on(
        Shape::Responses,
        &json!({"input": "Hello"}),
        &json!({"output": [
            {"type": "reasoning", "id": "rs_1", "summary": []},
            {"type": "message", "role": "assistant", "content": [
                {"type": "output_text", "text": "Just a moment.", "annotations": []}]},
            call]}),
        &json!({"input": [
            {"role": "user", "content": [{"type": "input_text", "text": "Hello"}]},
            {"role": "assistant", "content": "Just a moment."},
            call,
            {"type": "function_call_output", "call_id": "c1", "output": "7"}]}),
    );
}

#[test]
fn contents_go_on() {
    let call = json!({"functionCall": {"name": "weather", "args": {"city": "Bern"}}});
    assert_goes_on(
        Shape::Contents,
        &json!({"contents": [{"role": "user", "parts": [{"text": "Hello"}]}]}),
        &json!({"candidates": [{"content": {"role": "model",
            "parts": [{"text": "thinking", "thought": true}, call]}}]}),
        &json!({"contents": [
            {"role": "user", "parts": [{"text": "Hello"}]},
            {"role": "model", "parts": [call]},
            {"role": "user", "parts": [{"functionResponse":
                {"name": "weather", "response": {"degrees": 7}}}]}]}),
    );
}

#[test]
fn converse_goes_on() {
    let said = json!([{"text": "Hello you."}]);
    assert_goes_on(
        Shape::Converse,
        &json!({"messages": [{"role": "user", "content": [{"text": "Hello"}]}]}),
        &json!({"output": {"message": {"role": "assistant", "content": said}}}),
        &json!({"messages": [
            {"role": "user", "content": [{"text": "Hello"}]},
            {"role": "assistant", "content": said},
            {"role": "user", "content": [{"text": "And now?"}]}]}),
    );
}

#[test]
fn another_conversation_is_another() {
    let chat = |texts: &[&str]| {
        let role = ["user", "assistant"].into_iter().cycle();
        let message = |(text, role): (&&str, &str)| json!({"role": role, "content": text});
        let messages: Vec<_> = texts.iter().zip(role).map(message).collect();
        of_request(Shape::Chat, &json!({"messages": messages}))
    };
    let one = chat(&["a", "b", "c"]);
    assert_eq!((one.messages, one.answers.len()), (3, 1));
    for other in [&["a", "x", "c"][..], &["x", "b", "c"]] {
        let other = chat(other);
        assert!(!one.answers.contains(&other.answers[0]));
        assert_ne!(one.all, other.all);
    }
    // The last text is no part of what was said before it.
    assert_eq!(one.answers, chat(&["a", "b", "x"]).answers);
}

#[test]
fn many_answers_are_bounded() {
    let messages: Vec<_> = (0..10_000)
        .flat_map(|n| {
            [
                json!({"role": "user", "content": n.to_string()}),
                json!({"role": "assistant", "content": "yes"}),
            ]
        })
        .collect();
    let trail = of_request(Shape::Chat, &json!({"messages": messages}));
    assert!(trail.answers.len() <= ANSWERS && trail.answers.len() >= ANSWERS / 2);
    assert_eq!(trail.answers.last(), Some(&trail.all));
}

#[test]
fn what_was_not_read_as_a_whole_has_no_marks() {
    let parts = vec![json!({"type": "text", "text": "a"}); 1000];
    let body = json!({"messages": [{"role": "user", "content": parts}]}).to_string();
    for room in [Room::of_marks(Texts::No), Room::new(10_000)] {
        let mut asked = Asked::new(room);
        assert!(Shape::Chat.request(body.as_bytes(), &mut asked));
        assert_eq!(
            std::mem::take(&mut asked.trail).finish(Default::default()),
            None
        );
    }
}

#[test]
fn the_tool_of_mcp_is_told() {
    let trail = of_request(
        Shape::Rpc,
        &json!({"jsonrpc": "2.0", "id": 7, "method": "tools/call",
            "params": {"name": "weather", "arguments": {"city": "Bern"}}}),
    );
    let tool = trail.tool.expect("a tool");
    assert_eq!(tool.name.as_deref(), Some("weather"));
    let other = of_document(
        Shape::Chat,
        0,
        &json!({"choices": [{"message": {"tool_calls": [
            {"id": "c", "function": {"name": "weather", "arguments": "{ \"city\" :\"Bern\"}"}}]}}]}),
    );
    assert!(tool.arguments.value.is_some());
    assert_eq!(tool.arguments.value, other.tools[0].arguments.value);
}
