//! Connections that were open before anything of them was seen.

use super::*;

#[test]
fn attached_in_the_middle_of_a_response() {
    assert_events(
        &[
            inn(0, "ta: {\"delta\":1}\r\n\r\n0\r\n\r\n"),
            out(1, POST),
            inn(1, OK),
        ],
        &format!("0:\n{POSTED}{ANSWERED}"),
    );
}

#[test]
fn attached_in_the_middle_of_a_request() {
    assert_events(
        &[
            out(0, "\"messages\":[]}"),
            inn(0, OK),
            out(1, POST),
            inn(1, OK),
        ],
        &format!("0:\n{POSTED}{ANSWERED}"),
    );
}

/// The response may be that of a HEAD: its length says nothing of what follows.
#[test]
fn attached_between_a_request_and_its_response() {
    assert_events(
        &[
            inn(0, "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n"),
            out(1, POST),
            inn(1, OK),
        ],
        &format!("0:\n{POSTED}{ANSWERED}"),
    );
}
