//! What is embedded, looked up and judged, and the calls that it is done for.

use serde_json::json;

use crate::{
    scene::{Answer, Ask, Scene, asked, gave, user},
    tree::assert_tree,
};

#[test]
fn what_is_embedded_or_judged_is_tied_to_its_text() {
    let mut scene = Scene::new();
    let mut on = scene.connect(1);
    let text = "How warm is it in Bern?";
    let embed = Ask::post(
        "api.openai.com",
        "/v1/embeddings",
        json!({"model": "e", "input": text}),
    );
    let vector = Answer::json(json!({"object": "list", "model": "e",
        "data": [{"object": "embedding", "index": 0, "embedding": [0.5]}],
        "usage": {"prompt_tokens": 3, "total_tokens": 3}}));
    scene.exchange(&mut on, &embed, &vector);
    scene.exchange(
        &mut on,
        &Ask::chat("m", &[user(text)]),
        &Answer::text("Rather warm today."),
    );
    let judge = Ask::post(
        "api.openai.com",
        "/v1/moderations",
        json!({"model": "j", "input": "Rather warm today."}),
    );
    let judged = Answer::json(json!({"id": "modr-1", "model": "j",
        "results": [{"flagged": false, "categories": {}, "category_scores": {}}]}));
    scene.exchange(&mut on, &judge, &judged);
    assert_tree(
        &scene.finish(),
        "
        trace
          1 embeddings e
          2 chat m | A=derived:first_call | ->1 prepared_by inferred:text
            3 moderation j | <derived:text | ->2 uses derived:text
        ",
    );
}

fn look_up(query: &str) -> (Ask, Answer) {
    let search = Ask::post(
        "api.openai.com",
        "/v1/vector_stores/vs_towns/search",
        json!({"query": query}),
    );
    let found = json!({"object": "vector_store.search_results.page", "data": [
        {"file_id": "f", "filename": "towns.txt", "score": 0.9,
         "content": [{"type": "text", "text": "The old town stands on a hill."}]}]});
    (search, Answer::json(found))
}

fn embed(text: &str) -> (Ask, Answer) {
    let embed = Ask::post(
        "api.openai.com",
        "/v1/embeddings",
        json!({"model": "e", "input": text}),
    );
    let vector = Answer::json(json!({"object": "list", "model": "e",
        "data": [{"object": "embedding", "index": 0, "embedding": [0.5]}],
        "usage": {"prompt_tokens": 3, "total_tokens": 3}}));
    (embed, vector)
}

#[test]
fn what_is_looked_up_is_tied_to_who_asks_it() {
    let mut scene = Scene::new();
    let mut on = scene.connect(1);
    let text = "What is there to see in Bern?";
    for (ask, answer) in [embed(text), look_up(text)] {
        scene.exchange(&mut on, &ask, &answer);
    }
    let messages = [
        json!({"role": "system", "content": "The old town stands on a hill."}),
        user(text),
    ];
    scene.exchange(
        &mut on,
        &Ask::chat("m", &messages),
        &Answer::text("The old town."),
    );
    assert_tree(
        &scene.finish(),
        "
        trace
          1 embeddings e
          2 retrieval vs_towns | ->1 prepared_by inferred:text
          3 chat m | A=derived:first_call | ->2 prepared_by inferred:text
        ",
    );
}

/// The tool does more than that: its time is not that of its searches.
#[test]
fn a_tool_that_looks_things_up_is_above_all_its_searches() {
    let mut scene = Scene::new();
    let mut on = scene.connect(1);
    let question = user("What is there to see?");
    let town = "What is there to see in Bern?";
    let call = [("call_1", "look_up", json!({ "query": town }))];
    scene.exchange(
        &mut on,
        &Ask::chat("m", std::slice::from_ref(&question)),
        &Answer::tools(&call),
    );
    for (ask, answer) in [embed(town), look_up(town)] {
        scene.exchange(&mut on, &ask, &answer);
    }
    let second = [question, asked(&call), gave("call_1", "The old town.")];
    scene.exchange(
        &mut on,
        &Ask::chat("m", &second),
        &Answer::text("The old town."),
    );
    assert_tree(
        &scene.finish(),
        "
        trace
          1 invoke_agent | A=derived:first_call | turn.calls=2 | turn.tool_calls=1
            2 chat m | <derived:turn | A=derived:first_call
            3 execute_tool look_up | <derived:turn | A=derived:first_call | tool.time=upper_bound | ->2 asked_by derived:tool_call
              4 embeddings e | <derived:tool_arguments
              5 retrieval vs_towns | <derived:tool_arguments
            6 chat m | <derived:messages | A=derived:messages
        ",
    );
}
