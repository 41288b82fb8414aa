//! Exchanges that end before their messages do.

use super::*;

#[test]
fn a_reset_stream_is_cut() {
    let mut on = Pair::default();
    let cancel = frame(RST_STREAM, 0, 1, b"\0\0\0\x08");
    let operations = [
        out(on.post(1, b"body", 100)),
        inn(on.head(1, &[])),
        inn(frame(DATA, 0, 1, b"{")),
        out(&cancel),
        // What was on its way.
        inn(frame(DATA, END_STREAM, 1, b"}")),
        out(on.get(3, "/")),
        inn(on.answer(3, b"{}")),
        inn(frame(RST_STREAM, 0, 3, b"\0\0\0\0")),
    ];
    assert_events(
        &operations,
        &format!(
            "0:\n{POSTED}< 200\n<body {{\n<end cut\n1:\n> GET api.example/\n>end complete\n{ANSWERED}"
        ),
    );
}

#[test]
fn a_server_that_goes_away_finishes_what_it_has_taken() {
    let mut on = Pair::default();
    let operations = [
        out(on.get(1, "/")),
        out(on.get(3, "/")),
        inn(frame(GOAWAY, 0, 0, b"\0\0\0\x01\0\0\0\0a reason")),
        inn(on.answer(1, b"{}")),
    ];
    let get = "> GET api.example/\n>end complete\n";
    assert_events(
        &operations,
        &format!("0:\n{get}{ANSWERED}\n1:\n{get}<end cut"),
    );
}

#[test]
fn an_early_answer_ends_a_request() {
    let mut on = Pair::default();
    let post = on.post(1, b"body", 100);
    let (begun, rest) = post.split_at(post.len() - 9);
    let operations = [out(begun), inn(on.answer(1, b"{}")), out(rest)];
    assert_events(
        &operations,
        &format!(
            "0:\n> POST api.example/v1/messages\n>body body\n{}",
            ANSWERED.replace("<end", ">end cut\n<end")
        ),
    );
}

#[test]
fn what_the_end_of_a_connection_cuts() {
    let mut on = Pair::default();
    let get = on.get(1, "/");
    let post = on.post(3, b"body", 100);
    let operations = [
        out(get),
        inn(on.head(1, &[])),
        out(&post[..post.len() - 11]),
        Op::Close,
    ];
    assert_events(
        &operations,
        "0:\n> GET api.example/\n>end complete\n< 200\n<end cut\n1:\n> POST api.example/v1/messages\n>body bo\n>end cut\n<end cut",
    );
}
