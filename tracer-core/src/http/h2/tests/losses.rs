//! What is lost costs no more than it must, and nothing false is told.

use super::*;

#[test]
fn attached_in_the_middle() {
    let mut on = Pair::default();
    on.post(1, b"body", 100);
    on.server
        .headers(1, &[(":status", "529"), ("request-id", "r")], 0);
    let operations = [
        // Authority, path and credential were added before; then all is known but the authority.
        out(on.post(7, b"body", 100)),
        out(on.get(9, "/new")),
        out(on.get(11, "/new")),
        inn(b"the rest of some data frame"),
        inn(frame(WINDOW_UPDATE, 0, 0, b"\0\0\x10\0")),
        inn(on
            .server
            .headers(7, &[(":status", "529"), ("request-id", "r")], 0)),
        inn(data(7, b"{}", 100)),
        inn(on.answer(9, b"{}")),
        inn(on.answer(11, b"{}")),
    ];
    let counts = assert_events_of(
        Role::Client,
        Start::Frame(Outbound),
        &operations,
        &format!(
            "0:\n> POST  ?3\n>body body\n>end complete\n{}\n1:\n> GET /new ?1\n>end complete\n{ANSWERED}\n2:\n> GET /new ?1\n>end complete\n{ANSWERED}",
            ANSWERED.replace("200", "? ?2")
        ),
    );
    assert_eq!((counts.incomplete_heads, counts.lost_exchanges), (4, 0));
}

#[test]
fn a_loss_within_data_costs_its_stream_alone() {
    let mut on = Pair::default();
    let operations = [
        out(on.get(1, "/")),
        out(on.get(3, "/")),
        inn(on.head(1, &[])),
        inn(&frame(DATA, 0, 1, b"0123456789")[..12]),
        Op::Gap(Inbound, 4),
        inn(b"789"),
        inn(on.answer(3, b"{}")),
        inn(frame(DATA, END_STREAM, 1, b"last")),
    ];
    let get = "> GET api.example/\n>end complete\n";
    let counts = assert_events(
        &operations,
        &format!("0:\n{get}< 200\n<body 012\n<gap 7\n<body last\n<end gap 7\n1:\n{get}{ANSWERED}"),
    );
    assert_eq!(counts.adrift, 0);
}

#[test]
fn a_loss_of_another_length_than_told_is_found_out() {
    let mut on = Pair::default();
    let operations = [
        out(on.get(1, "/")),
        out(on.get(3, "/")),
        inn(on.head(1, &[])),
        inn(&frame(DATA, 0, 1, &[b'x'; 100])[..20]),
        // Told as one byte, but all the rest of the frame and a part of the next one.
        Op::Gap(Inbound, 1),
        inn([b'y'; 300]),
        inn(frame(PING, 0, 0, b"pingpong")),
        inn(frame(DATA, END_STREAM, 1, b"last")),
        inn(on.answer(3, b"{}")),
    ];
    let get = "> GET api.example/\n>end complete\n";
    let counts = assert_events(
        &operations,
        &format!(
            "0:\n{get}< 200\n<body xxxxxxxxxxx\n<gap 89\n<gap 0\n<body last\n<end gap 89\n1:\n{get}< 200\n<body {{}}\n<end gap 0"
        ),
    );
    assert_eq!(counts.adrift, 1);
}

#[test]
fn lost_frames_leave_gaps_and_unknown_fields() {
    let mut on = Pair::default();
    let post = on.post(1, b"body", 100);
    let operations = [
        out(post),
        inn(on.head(1, &[("request-id", "r")])),
        inn(frame(DATA, 0, 1, b"first")),
        Op::Gap(Inbound, 1000),
        inn(b"data: lost\n\n"),
        inn(frame(DATA, 0, 1, b"third")),
        inn(frame(DATA, END_STREAM, 1, b"")),
        out(on.get(3, "/")),
        inn(on.head(3, &[("request-id", "r")])),
        inn(frame(DATA, END_STREAM, 3, b"{}")),
    ];
    let counts = assert_events(
        &operations,
        &format!(
            "0:\n{POSTED}< 200\n<body first\n<gap 0\n<body third\n<end gap 0\n1:\n> GET api.example/\n>end complete\n{}",
            ANSWERED.replace("200", "200 ?1")
        ),
    );
    assert_eq!((counts.adrift, counts.lost_exchanges), (1, 0));
}

#[test]
fn a_body_without_its_head_has_an_unknown_status() {
    let mut on = Pair::default();
    let head = on.head(1, &[]);
    let operations = [
        out(on.get(1, "/")),
        Op::Gap(Inbound, head.len() as u64),
        inn(frame(DATA, 0, 1, b"{}")),
        inn(frame(DATA, END_STREAM, 1, b"")),
    ];
    assert_events(
        &operations,
        "0:\n> GET api.example/\n>end complete\n< ? ?1\n<body {}\n<end gap 0",
    );
}

#[test]
fn lost_requests_are_counted_by_the_numbers_of_their_streams() {
    let mut on = Pair::default();
    let get = on.get(1, "/");
    let lost = [on.get(3, "/"), on.get(5, "/")].concat();
    let operations = [
        out(&get),
        inn(on.answer(1, b"{}")),
        Op::Gap(Outbound, lost.len() as u64),
        // The answer to one of them tells of both.
        inn(on.answer(5, b"{}")),
        out(frame(WINDOW_UPDATE, 0, 0, b"\0\0\x10\0")),
        out(on.get(9, "/new")),
        inn(on.answer(9, b"{}")),
    ];
    let counts = assert_events(
        &operations,
        &format!(
            "0:\n> GET api.example/\n>end complete\n{ANSWERED}\n1:\n> GET /new ?1\n>end complete\n{ANSWERED}"
        ),
    );
    assert_eq!(counts.lost_exchanges, 3);
    // Numbers that are skipped where nothing was lost are nobody's.
    let mut on = Pair::default();
    let counts = assert_events(
        &[out(on.get(3, "/")), out(on.get(9, "/"))],
        "0:\n> GET api.example/\n>end complete\n1:\n> GET api.example/\n>end complete",
    );
    assert_eq!(counts.lost_exchanges, 0);
}

#[test]
fn what_is_lost_between_requests_costs_no_header() {
    let ping = frame(PING, 0, 0, b"pingpong");
    let lost = Op::Gap(Outbound, 13);
    let mut on = Pair::default();
    let operations = [
        out(on.post(1, b"body", 100)),
        inn(on.answer(1, b"{}")),
        lost.clone(),
        out(&ping),
        out(on.post(3, b"body", 100)),
        inn(on.answer(3, b"{}")),
    ];
    let expected = format!("0:\n{POSTED}{ANSWERED}\n1:\n{POSTED}{ANSWERED}");
    let counts = assert_events(&operations, &expected);
    assert_eq!((counts.adrift, counts.lost_exchanges), (1, 0));
    // Within a request it may have been anything.
    let mut on = Pair::default();
    let post = on.post(1, b"body", 100);
    let (begun, rest) = post.split_at(post.len() - 9);
    let operations = [
        out(begun),
        lost,
        out(&ping),
        out(rest),
        inn(on.answer(1, b"{}")),
        out(on.post(3, b"body", 100)),
    ];
    assert_events(
        &operations,
        &format!(
            "0:\n> POST api.example/v1/messages\n>body body\n>gap 0\n>end gap 0\n{ANSWERED}\n1:\n> POST  ?3\n>body body\n>end complete"
        ),
    );
}

#[test]
fn an_answer_to_a_lost_request_tells_that_its_headers_were_lost() {
    let mut on = Pair::default();
    let first = on.post(1, b"body", 100);
    let lost = on.post(3, b"body", 100);
    let ping = frame(PING, 0, 0, b"pingpong");
    let operations = [
        out(first),
        inn(on.answer(1, b"{}")),
        Op::Gap(Outbound, lost.len() as u64),
        out(&ping),
        inn(on.answer(3, b"{}")),
        // Now stream 5 is the next one, but not as if nothing had been lost before it.
        Op::Gap(Outbound, 17),
        out(&ping),
        out(on.post(5, b"body", 100)),
    ];
    let counts = assert_events(
        &operations,
        &format!("0:\n{POSTED}{ANSWERED}\n1:\n> POST  ?3\n>body body\n>end complete"),
    );
    assert_eq!((counts.adrift, counts.lost_exchanges), (2, 1));
}

#[test]
fn a_head_that_was_lost_in_part_says_so() {
    let mut on = Pair::default();
    let get = on.get(1, "/path");
    let operations = [
        out(&get[..get.len() - 3]),
        Op::Gap(Outbound, 2),
        out(&get[get.len() - 1..]),
        out(on.get(3, "/path")),
        inn(on.answer(1, b"{}")),
    ];
    assert_events(
        &operations,
        &format!(
            "0:\n> GET api.example ?1\n>end complete\n{ANSWERED}\n1:\n> GET  ?2\n>end complete"
        ),
    );
}
