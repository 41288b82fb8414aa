//! What is remembered is bounded, and what is forgotten costs only its relations.

use std::time::Duration;

use serde_json::json;

use crate::scene::{Answer, Ask, Scene, user};

#[test]
fn turns_that_are_never_finished_end_by_themselves() {
    let mut scene = Scene::new();
    for number in 0..200 {
        let mut on = scene.connect(1);
        let id = format!("call_{number}");
        let tool = [(id.as_str(), "wait", json!({"number": number}))];
        let ask = Ask::chat("m", &[user(&format!("Question {number}"))]);
        scene.exchange(&mut on, &ask, &Answer::tools(&tool));
        scene.close(&on);
    }
    assert_eq!(scene.so_far().len(), 200);
    scene.wait(Duration::from_mins(31));
    let roots = scene
        .so_far()
        .iter()
        .filter(|span| span.name == "invoke_agent");
    assert_eq!(roots.count(), 200);
}
