//! Bytes that were lost on the way, in bodies and over whole messages.

use super::*;

#[test]
fn a_loss_within_a_body_of_known_length() {
    let response = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n012";
    assert_events(
        &[
            out(1, POST),
            inn(1, response),
            Op::Gap(Inbound, 1, 4),
            inn(1, "789"),
            out(2, POST),
            inn(2, OK),
        ],
        &format!(
            "0:\n{POSTED}< 200\n<body 012\n<gap 4\n<body 789\n<end gap 4\n1:\n{POSTED}{ANSWERED}"
        ),
    );
    // To its end, and into the next message.
    for (missing, turn) in [(7, 2), (8, 2)] {
        assert_events(
            &[
                out(1, POST),
                inn(1, response),
                out(2, POST),
                Op::Gap(Inbound, turn, missing),
                inn(turn, OK),
            ],
            &match missing {
                7 => format!(
                    "0:\n{POSTED}< 200\n<body 012\n<gap 7\n<end gap 7\n1:\n{POSTED}{ANSWERED}"
                ),
                _ => format!("0:\n{POSTED}< 200\n<body 012\n<end gap 7\n1:\n{POSTED}{ANSWERED}"),
            },
        );
    }
}

#[test]
fn a_loss_within_a_chunk() {
    let response = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\na\r\n012";
    assert_events(
        &[
            out(1, POST),
            inn(1, response),
            Op::Gap(Inbound, 1, 4),
            inn(1, "789\r\n0\r\n\r\n"),
        ],
        &format!("0:\n{POSTED}< 200\n<body 012\n<gap 4\n<body 789\n<end gap 4"),
    );
}

#[test]
fn a_loss_over_chunks_is_ended_by_the_last_chunk_or_the_next_message() {
    let response = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\na\r\n012";
    let expected = format!("0:\n{POSTED}< 200\n<body 012\n<end gap 50\n1:\n{POSTED}{ANSWERED}");
    for rest in ["x\r\n1\r\ny\r\n0\r\n\r\n", "x\r\n1\r\ny\r\n"] {
        let operations = [
            out(1, POST),
            inn(1, response),
            Op::Gap(Inbound, 1, 50),
            inn(1, rest),
            out(2, POST),
            inn(2, OK),
        ];
        assert_events(&operations, &expected);
    }
    let operations = [
        out(1, POST),
        inn(1, response),
        Op::Gap(Inbound, 1, 50),
        Op::Close,
    ];
    assert_events(
        &operations,
        &format!("0:\n{POSTED}< 200\n<body 012\n<end gap 50"),
    );
}

/// The cap of the kernel: the rest of both bodies is counted, not copied, and shows as a loss only
/// when the next exchange begins.
#[test]
fn bodies_of_which_only_the_beginning_was_captured() {
    let request = "POST / HTTP/1.1\r\nContent-Length: 100\r\n\r\n0123456789";
    let response = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n0123456789";
    assert_events(
        &[
            out(1, request),
            inn(1, response),
            Op::Gap(Outbound, 2, 90),
            out(2, POST),
            Op::Gap(Inbound, 2, 90),
            inn(2, OK),
        ],
        &format!(
            "0:\n> POST /\n>body 0123456789\n< 200\n<body 0123456789\n>gap 90\n>end gap 90\n<gap 90\n<end gap 90\n\
             1:\n{POSTED}{ANSWERED}"
        ),
    );
    // The response was whole: it ends the exchange, and the rest of the request with it.
    assert_events(
        &[
            out(1, request),
            inn(1, OK),
            Op::Gap(Outbound, 2, 90),
            out(2, POST),
            inn(2, OK),
        ],
        &format!(
            "0:\n> POST /\n>body 0123456789\n< 200\n<body hi\n>end gap 90\n<end complete\n1:\n{POSTED}{ANSWERED}"
        ),
    );
}

#[test]
fn a_response_that_was_lost_whole() {
    assert_events(
        &[
            out(1, POST),
            out(2, POST),
            Op::Gap(Inbound, 2, 50),
            inn(2, OK),
        ],
        &format!("0:\n{POSTED}<end gap 50\n1:\n{POSTED}{ANSWERED}"),
    );
}

#[test]
fn a_request_that_was_lost_whole() {
    assert_events(
        &[
            out(1, POST),
            inn(1, OK),
            inn(2, OK),
            Op::Gap(Outbound, 3, 50),
            out(3, POST),
            inn(3, OK),
        ],
        &format!("0:\n{POSTED}{ANSWERED}\n1:\n{POSTED}{ANSWERED}"),
    );
}

/// Two requests share a turn and one response is left: it cannot be told whose it is.
#[test]
fn what_cannot_be_told_apart_is_left_out() {
    let requests = [POST, POST].concat();
    assert_events(
        &[
            inn(1, "in the middle"),
            out(2, &requests),
            inn(2, OK),
            out(3, POST),
            inn(3, OK),
        ],
        &format!("0:\n{POSTED}<end cut\n1:\n{POSTED}<end cut\n2:\n{POSTED}{ANSWERED}"),
    );
}
