//! Gateways: both hops of a call are one trace.

use std::time::Duration;

use crate::{
    scene::{Answer, Ask, Scene, user},
    tree::assert_tree,
};

#[test]
fn what_a_gateway_passes_on_is_part_of_what_it_serves() {
    let mut scene = Scene::new();
    let (mut client, mut served) = (scene.connect(1), scene.connect(2));
    let ask = Ask::chat("fast", &[user("Hello there")]).at("gateway.local");
    scene.ask(&mut client, &ask);
    scene.be_asked(&mut served, &ask);
    // Somebody else asks the gateway something else meanwhile.
    let (mut other, mut also) = (scene.connect(3), scene.connect(2));
    let another = Ask::chat("fast", &[user("Something else")]).at("gateway.local");
    scene.ask(&mut other, &another);
    scene.be_asked(&mut also, &another);
    let mut upstream = scene.connect(2);
    scene.exchange(
        &mut upstream,
        &Ask::chat("m", &[user("Hello there")]),
        &Answer::text("Hello."),
    );
    scene.give(&mut served, &Answer::text("Hello."));
    scene.answer(&mut client, &Answer::text("Hello."));
    scene.give(&mut also, &Answer::text("From the cache."));
    scene.answer(&mut other, &Answer::text("From the cache."));
    scene.wait(Duration::from_secs(1));
    assert_tree(
        &scene.finish(),
        "
        trace
          1 chat fast | A=derived:first_call
            2 chat fast | <derived:both_ends | A=derived:both_ends
              3 chat m | <derived:messages | A=derived:messages
        trace
          4 chat fast | B=derived:first_call
            5 chat fast | <derived:both_ends | B=derived:both_ends
        ",
    );
}

#[test]
fn a_call_that_is_served_for_a_client_elsewhere_begins_a_trace() {
    let mut scene = Scene::new();
    let mut served = scene.connect(2);
    scene.be_asked(&mut served, &Ask::chat("fast", &[user("Hello there")]));
    let mut upstream = scene.connect(2);
    // What it asks says something else: that it is for this call is likely.
    scene.exchange(
        &mut upstream,
        &Ask::chat("m", &[user("Rewritten: hello there")]),
        &Answer::text("Hello."),
    );
    scene.give(&mut served, &Answer::text("Hello."));
    assert_tree(
        &scene.finish(),
        "
        trace
          1 chat fast
            2 chat m | <inferred:served_meanwhile | A=derived:first_call
        ",
    );
}
