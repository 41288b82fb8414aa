//! Both hops of a gateway are told what a call used: one of them counts.

use std::time::Duration;

use serde_json::json;
use tracer_core::semconv::{Span, Value};

use crate::{
    scene::{Answer, Ask, Connection, Scene, asked, gave, user},
    tree::{assert_tree, tree},
};

/// A gateway between processes of this host and providers.
struct Gateway {
    scene: Scene,
}

/// One call through it, at all places where it is seen.
struct Call {
    client: Connection,
    served: Connection,
}

const CLIENT: u64 = 1;
const GATEWAY: u64 = 2;

impl Gateway {
    fn new() -> Self {
        Self {
            scene: Scene::new(),
        }
    }

    /// A process asks, and the gateway reads it.
    fn ask(&mut self, client: u64, ask: Ask) -> Call {
        let ask = ask.at("gateway.local");
        let (mut on, mut served) = (self.scene.connect(client), self.scene.connect(GATEWAY));
        self.scene.ask(&mut on, &ask);
        self.scene.be_asked(&mut served, &ask);
        Call { client: on, served }
    }

    /// A process asks a sidecar, and that the gateway: the calls of both.
    fn ask_through_a_sidecar(&mut self) -> (Call, Call) {
        const SIDECAR: u64 = 9;
        let ask = hello("fast").at("gateway.local");
        let scene = &mut self.scene;
        let (mut client, mut served) = (scene.connect(CLIENT), scene.connect(SIDECAR));
        scene.ask(&mut client, &ask);
        scene.be_asked(&mut served, &ask);
        let call = self.ask(SIDECAR, hello("fast").with("x-request-id", "1"));
        (Call { client, served }, call)
    }

    /// The gateway asks a provider.
    fn upstream(&mut self, ask: &Ask, answer: &Answer) {
        let mut on = self.scene.connect(GATEWAY);
        self.scene.exchange(&mut on, ask, answer);
    }

    /// It answers.
    fn answer(&mut self, mut call: Call, answer: &Answer) {
        self.scene.give(&mut call.served, answer);
        self.scene.answer(&mut call.client, answer);
        self.scene.wait(Duration::from_millis(10));
    }
}

/// Tokens that count, those that are only told, and how it is known that they count elsewhere.
fn counted(spans: &[Span]) -> (i64, i64, Vec<String>) {
    let sum = |name: &str| -> i64 {
        let values = spans.iter().filter_map(|span| span.attribute(name));
        values
            .map(|value| match value {
                Value::Int(tokens) => *tokens,
                other => panic!("{name}: {other:?}"),
            })
            .sum()
    };
    let texts = |span: &Span, name: &str| match span.attribute(name) {
        Some(Value::Str(text)) => Some(text.to_string()),
        _ => None,
    };
    let known = spans.iter().filter_map(|span| {
        let confidence = texts(span, "llm_tracer.usage.confidence")?;
        assert_eq!(span.attribute("gen_ai.usage.input_tokens"), None);
        let source = texts(span, "llm_tracer.usage.source")?;
        Some(format!("{confidence}:{source}"))
    });
    let known = known.collect();
    (
        sum("gen_ai.usage.input_tokens") + sum("gen_ai.usage.output_tokens"),
        sum("llm_tracer.usage.told.input_tokens") + sum("llm_tracer.usage.told.output_tokens"),
        known,
    )
}

#[track_caller]
fn assert_counted(spans: &[Span], tokens: i64, told: i64, known: &[&str]) {
    let known = known.iter().map(|&known| known.to_owned()).collect();
    assert_eq!(counted(spans), (tokens, told, known), "\n{}", tree(spans));
}

fn hello(model: &str) -> Ask {
    Ask::chat(model, &[user("Hello there, who are you?")])
}

#[test]
fn the_hop_next_to_the_provider_counts() {
    let mut gateway = Gateway::new();
    let call = gateway.ask(CLIENT, hello("fast"));
    gateway.upstream(&hello("m"), &Answer::text("Hello."));
    gateway.answer(call, &Answer::text("Hello."));
    let spans = gateway.scene.finish();
    assert_counted(&spans, 7, 7, &["derived:both_ends", "derived:messages"]);
    assert_tree(
        &spans,
        "
        trace
          1 chat fast | A=derived:first_call
            2 chat fast | <derived:both_ends | A=derived:both_ends
              3 chat m | <derived:messages | A=derived:messages
        ",
    );
}

#[test]
fn what_a_gateway_has_in_its_cache_its_client_counts() {
    let mut gateway = Gateway::new();
    let call = gateway.ask(CLIENT, hello("fast"));
    gateway.upstream(&hello("m"), &Answer::text("Hello."));
    gateway.answer(call, &Answer::text("Hello."));
    // The same again: nobody asks a provider.
    let call = gateway.ask(3, hello("fast"));
    gateway.answer(call, &Answer::text("Hello."));
    let spans = gateway.scene.finish();
    let known = ["derived:both_ends", "derived:messages", "derived:both_ends"];
    assert_counted(&spans, 14, 7, &known);
}

#[test]
fn of_a_gateway_that_falls_back_each_answer_counts() {
    let mut gateway = Gateway::new();
    let call = gateway.ask(CLIENT, hello("fast"));
    gateway.upstream(&hello("m"), &Answer::error(503, "overloaded"));
    gateway.upstream(&hello("n").at("api.groq.com"), &Answer::text("Hello."));
    gateway.answer(call, &Answer::text("Hello."));
    let spans = gateway.scene.finish();
    assert_counted(&spans, 7, 7, &["derived:both_ends", "derived:messages"]);
    assert_tree(
        &spans,
        "
        trace
          1 chat fast | A=derived:first_call
            2 chat fast | <derived:both_ends | A=derived:both_ends
              3 attempts | <derived:messages | A=derived:messages | attempt.count=2
                4 chat m | !overloaded | <derived:status | A=derived:messages | #1 first derived:status
                5 chat n | <inferred:messages | A=derived:messages | #2 fallback after overloaded inferred:messages | ->4 previous_attempt inferred:messages
        ",
    );
}

#[test]
fn parallel_calls_that_are_alike_are_counted_as_many_times_as_they_were_made() {
    let mut gateway = Gateway::new();
    let calls = [CLIENT, 3].map(|client| gateway.ask(client, hello("fast")));
    for _ in 0..2 {
        gateway.upstream(&hello("m"), &Answer::text("Hello."));
    }
    for call in calls {
        gateway.answer(call, &Answer::text("Hello."));
    }
    let (tokens, told, _) = counted(&gateway.scene.finish());
    assert_eq!((tokens, told), (14, 14));
}

/// Nobody can tell whose request the gateway read first.
#[test]
fn neither_are_those_whose_ends_are_not_told_apart_counted_twice() {
    let mut gateway = Gateway::new();
    let ask = hello("fast").at("gateway.local");
    let scene = &mut gateway.scene;
    let mut clients = [1, 3].map(|process| scene.connect(process));
    let mut served = [GATEWAY, GATEWAY].map(|process| scene.connect(process));
    for client in &mut clients {
        scene.ask(client, &ask);
    }
    for served in &mut served {
        scene.be_asked(served, &ask);
    }
    for _ in 0..2 {
        gateway.upstream(&hello("m"), &Answer::text("Hello."));
    }
    let scene = &mut gateway.scene;
    for served in &mut served {
        scene.give(served, &Answer::text("Hello."));
    }
    for client in &mut clients {
        scene.answer(client, &Answer::text("Hello."));
    }
    scene.wait(Duration::from_secs(1));
    let (tokens, told, _) = counted(&gateway.scene.finish());
    assert_eq!((tokens, told), (14, 14));
}

#[test]
fn a_gateway_that_hands_on_its_clients_trace_is_part_of_it() {
    let mut gateway = Gateway::new();
    let traced = |ask: Ask| {
        ask.with(
            "traceparent",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        )
    };
    // What it asks is not what it was asked.
    let call = gateway.ask(CLIENT, traced(hello("fast")));
    let rewritten = Ask::chat("m", &[user("Answer in one word: who are you?")]);
    gateway.upstream(&traced(rewritten), &Answer::text("Hello."));
    gateway.answer(call, &Answer::text("Hello."));
    let spans = gateway.scene.finish();
    assert_counted(&spans, 7, 7, &["derived:both_ends", "derived:traceparent"]);
    assert_tree(
        &spans,
        "
        trace
          1 chat fast | <unseen observed:traceparent | A=derived:first_call
            2 chat fast | <derived:both_ends | A=derived:both_ends
              3 chat m | <derived:traceparent | A=derived:traceparent
        ",
    );
}

#[test]
fn a_gateway_that_traces_itself_counts_once_as_well() {
    let mut gateway = Gateway::new();
    let traced = |ask: Ask, span: &str| {
        ask.with(
            "traceparent",
            &format!("00-4bf92f3577b34da6a3ce929d0e0e4736-{span}-01"),
        )
    };
    let call = gateway.ask(CLIENT, traced(hello("fast"), "00f067aa0ba902b7"));
    let rewritten = Ask::chat("m", &[user("Answer in one word: who are you?")]);
    gateway.upstream(
        &traced(rewritten, "00f067aa0ba902b8"),
        &Answer::text("Hello."),
    );
    gateway.answer(call, &Answer::text("Hello."));
    let spans = gateway.scene.finish();
    assert_counted(&spans, 7, 7, &["derived:both_ends", "derived:traceparent"]);
}

#[test]
fn an_answer_that_is_handed_on_is_known_by_its_id() {
    let mut gateway = Gateway::new();
    // Two are served at once, and nothing that is asked is what was asked.
    let calls = [
        gateway.ask(CLIENT, hello("fast")),
        gateway.ask(3, Ask::chat("fast", &[user("What is the capital?")])),
    ];
    let answer = |id: &str| {
        let message = json!({"role": "assistant", "content": "Hello."});
        Answer::json(json!({"id": id, "object": "chat.completion", "model": "m",
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}}))
    };
    let ids = ["chatcmpl-one", "chatcmpl-two"];
    for id in ids {
        let ask = Ask::chat("m", &[user(&format!("Rewritten for {id}"))]);
        gateway.upstream(&ask, &answer(id));
    }
    for (call, id) in calls.into_iter().zip(ids) {
        gateway.answer(call, &answer(id));
    }
    let (tokens, told, known) = counted(&gateway.scene.finish());
    assert_eq!((tokens, told), (14, 14));
    let by_id = known.iter().filter(|it| *it == "derived:response_id");
    assert_eq!(by_id.count(), 2, "{known:?}");
}

/// A retrieval that the gateway makes for an answer is no hop of it.
#[test]
fn what_a_server_looks_up_does_not_stand_for_its_answer() {
    let mut gateway = Gateway::new();
    let call = gateway.ask(CLIENT, hello("fast"));
    let embed = Ask::post(
        "api.openai.com",
        "/v1/embeddings",
        json!({"model": "e", "input": "Hello there, who are you?"}),
    );
    let vector = Answer::json(json!({"object": "list", "model": "e",
        "data": [{"object": "embedding", "index": 0, "embedding": [0.5]}],
        "usage": {"prompt_tokens": 5, "total_tokens": 5}}));
    gateway.upstream(&embed, &vector);
    gateway.answer(call, &Answer::text("Hello."));
    let (tokens, told, _) = counted(&gateway.scene.finish());
    assert_eq!((tokens, told), (12, 0));
}

/// The client has its answer before what the gateway asked is over: it has counted then.
#[test]
fn of_both_hops_the_first_that_is_over_counts() {
    let mut gateway = Gateway::new();
    let call = gateway.ask(CLIENT, hello("fast"));
    let mut upstream = gateway.scene.connect(GATEWAY);
    gateway.scene.ask(&mut upstream, &hello("m"));
    gateway.answer(call, &Answer::text("Hello."));
    gateway.scene.answer(&mut upstream, &Answer::text("Hello."));
    let spans = gateway.scene.finish();
    assert_counted(&spans, 7, 7, &["derived:both_ends", "derived:messages"]);
}

/// Of three hops the first is over first: it counts, and none of those below it.
#[test]
fn of_three_hops_the_first_that_is_over_counts() {
    let mut gateway = Gateway::new();
    let (first, call) = gateway.ask_through_a_sidecar();
    let mut upstream = gateway.scene.connect(GATEWAY);
    gateway.scene.ask(&mut upstream, &hello("m"));
    gateway.answer(first, &Answer::text("Hello."));
    gateway.answer(call, &Answer::text("Hello."));
    gateway.scene.answer(&mut upstream, &Answer::text("Hello."));
    gateway.scene.wait(Duration::from_secs(1));
    let spans = gateway.scene.finish();
    let (tokens, told, _) = counted(&spans);
    assert_eq!((tokens, told), (7, 14), "\n{}", tree(&spans));
}

/// In whatever order three hops are over, one of them counts.
#[test]
fn of_three_hops_one_counts_also_where_the_middle_is_over_last() {
    for client_is_first in [false, true] {
        let mut gateway = Gateway::new();
        let (first, call) = gateway.ask_through_a_sidecar();
        let mut upstream = gateway.scene.connect(GATEWAY);
        gateway.scene.ask(&mut upstream, &hello("m"));
        let answer = Answer::text("Hello.");
        if client_is_first {
            gateway.answer(first, &answer);
            gateway.scene.answer(&mut upstream, &answer);
        } else {
            gateway.scene.answer(&mut upstream, &answer);
            gateway.answer(first, &answer);
        }
        gateway.scene.wait(Duration::from_millis(10));
        gateway.answer(call, &answer);
        gateway.scene.wait(Duration::from_secs(1));
        let spans = gateway.scene.finish();
        let (tokens, told, _) = counted(&spans);
        assert_eq!((tokens, told), (7, 14), "\n{}", tree(&spans));
    }
}

#[test]
fn a_sidecar_before_a_gateway_is_one_more_hop() {
    let mut gateway = Gateway::new();
    let (first, call) = gateway.ask_through_a_sidecar();
    gateway.upstream(&hello("m"), &Answer::text("Hello."));
    gateway.answer(call, &Answer::text("Hello."));
    gateway.answer(first, &Answer::text("Hello."));
    gateway.scene.wait(Duration::from_secs(1));
    let spans = gateway.scene.finish();
    let (tokens, told, _) = counted(&spans);
    assert_eq!((tokens, told), (7, 14), "\n{}", tree(&spans));
}

#[test]
fn the_turn_of_an_agent_behind_a_gateway_is_told_once() {
    let mut gateway = Gateway::new();
    let tools = [("call_1a2b3c4d", "weather", json!({"city": "Bern"}))];
    let first = [user("How warm is it in Bern?")];
    let second = [
        first[0].clone(),
        asked(&tools),
        gave("call_1a2b3c4d", "7 degrees"),
    ];
    for (messages, answer) in [
        (&first[..], Answer::tools(&tools)),
        (&second[..], Answer::text("7 degrees.")),
    ] {
        let call = gateway.ask(CLIENT, Ask::chat("fast", messages));
        gateway.upstream(&Ask::chat("m", messages), &answer);
        gateway.answer(call, &answer);
    }
    let spans = gateway.scene.finish();
    assert_tree(
        &spans,
        "
        trace
          1 invoke_agent | A=derived:first_call | turn.calls=2 | turn.tool_calls=1
            2 chat fast | <derived:turn | A=derived:first_call
              3 chat fast | <derived:both_ends | A=derived:both_ends
                4 chat m | <derived:messages | A=derived:messages
            5 execute_tool weather | <derived:turn | A=derived:first_call | tool.time=upper_bound | ->2 asked_by derived:tool_call
            6 chat fast | <derived:messages | A=derived:messages
              7 chat fast | <derived:both_ends | A=derived:both_ends
                8 chat m | <derived:messages | A=derived:messages
        ",
    );
}
