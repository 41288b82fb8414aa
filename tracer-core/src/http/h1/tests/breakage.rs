//! Connections that break off, peers that talk nonsense, and bounds.

use super::*;

#[test]
fn a_connection_that_breaks_off_cuts_its_exchanges() {
    let half = "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nhalf";
    assert_events(
        &[out(1, POST), inn(1, half), Op::Close],
        &format!("0:\n{POSTED}< 200\n<body half\n<end cut"),
    );
    assert_events(&[out(1, POST), Op::Close], &format!("0:\n{POSTED}<end cut"));
    assert_events(
        &[out(1, POST.trim_end_matches("dy")), Op::Close],
        "0:\n> POST api.example/v1/messages\n>body bo\n>end cut\n<end cut",
    );
}

#[test]
fn nonsense_ends_an_exchange_and_not_the_connection() {
    let next = format!("1:\n{POSTED}{ANSWERED}");
    for response in [
        "SSH-2.0-OpenSSH\r\n\r\n",
        "HTTP/1.1 abc\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
    ] {
        let seen = if response.contains("200") {
            "< 200\n"
        } else {
            ""
        };
        assert_events(
            &[
                out(1, POST),
                inn(1, response),
                inn(1, "more"),
                out(2, POST),
                inn(2, OK),
            ],
            &format!("0:\n{POSTED}{seen}<end undecodable\n{next}"),
        );
    }
    assert_events(
        &[
            out(
                1,
                "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nnonsense",
            ),
            inn(1, OK),
            out(2, POST),
            inn(2, OK),
        ],
        &format!("0:\n> POST /\n>end undecodable\n{ANSWERED}\n{next}"),
    );
}

#[test]
fn a_head_without_end_is_given_up() {
    let endless = ["GET / HTTP/1.1\r\n", &"x: y\r\n".repeat(60_000)].concat();
    let mut connection = connection(Role::Client);
    let mut log = Log::default();
    for piece in endless.as_bytes().chunks(16 << 10) {
        connection.piece(arrival(Outbound, 1, 0), piece, &mut |event| log.add(&event));
    }
    connection.piece(arrival(Outbound, 2, 0), POST.as_bytes(), &mut |event| {
        log.add(&event)
    });
    assert_eq!(
        log.text(),
        format!("0:\n> GET / ?43561\n>end undecodable\n1:\n{POSTED}")
    );
}

#[test]
fn a_response_head_without_end_still_has_its_status() {
    let endless = ["HTTP/1.1 500 No\r\n", &"x: y\r\n".repeat(60_000)].concat();
    let mut connection = connection(Role::Client);
    let mut log = Log::default();
    for (direction, turn, bytes) in [
        (Outbound, 1, POST),
        (Inbound, 1, &endless),
        (Outbound, 2, POST),
        (Inbound, 2, OK),
    ] {
        connection.piece(
            arrival(direction, turn, 0),
            bytes.as_bytes(),
            &mut |event| log.add(&event),
        );
    }
    assert_eq!(
        log.text(),
        format!("0:\n{POSTED}< 500 ?43560\n<end undecodable\n1:\n{POSTED}{ANSWERED}\n")
    );
}

/// Where the body ends is said behind all other lines.
#[test]
fn a_crowded_head_still_frames_its_body() {
    let flood = "x: y\r\n".repeat(200);
    let (line, rest) = POST.split_once("\r\n").unwrap();
    let request = format!("{line}\r\n{flood}{rest}");
    let (line, rest) = OK.split_once("\r\n").unwrap();
    let response = format!("{line}\r\n{flood}{rest}");
    // All but 128 lines and the one or two that are needed are unknown.
    let posted = POSTED.replacen('\n', " ?72\n", 1);
    let answered = ANSWERED.replacen('\n', " ?72\n", 1);
    assert_events(
        &[
            out(1, &request),
            inn(1, &response),
            out(2, POST),
            inn(2, OK),
        ],
        &format!("0:\n{posted}{answered}\n1:\n{POSTED}{ANSWERED}"),
    );
}

#[test]
fn more_open_exchanges_than_allowed() {
    let mut connection = connection(Role::Client);
    let mut log = Log::default();
    let requests = "GET / HTTP/1.1\r\n\r\n".repeat(100);
    connection.piece(arrival(Outbound, 1, 0), requests.as_bytes(), &mut |event| {
        log.add(&event)
    });
    assert_eq!(
        connection.open_exchanges(),
        Limits::default().open_exchanges
    );
    assert_eq!(log.text().matches("<end truncated").count(), 36);
}

#[test]
fn giving_up_waits_for_the_next_request() {
    let mut connection = connection(Role::Client);
    let mut log = Log::default();
    let mut sink = |event: ExchangeEvent<'_>| log.add(&event);
    connection.piece(arrival(Outbound, 1, 0), POST.as_bytes(), &mut sink);
    connection.piece(
        arrival(Inbound, 1, 0),
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi",
        &mut sink,
    );
    connection.give_up(BodyEnd::Open, &mut sink);
    connection.piece(arrival(Inbound, 1, 0), b" late", &mut sink);
    connection.piece(arrival(Outbound, 2, 0), POST.as_bytes(), &mut sink);
    connection.piece(arrival(Inbound, 2, 0), OK.as_bytes(), &mut sink);
    assert_eq!(
        log.text(),
        format!("0:\n{POSTED}< 200\n<body hi\n<end open\n1:\n{POSTED}{ANSWERED}\n")
    );
}
