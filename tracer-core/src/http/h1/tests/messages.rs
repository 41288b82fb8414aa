//! Messages as the RFC has them, from first byte to last.

use super::*;

#[test]
fn exchanges_on_a_kept_connection() {
    let expected =
        format!("0:\n{POSTED}{ANSWERED}\n1:\n> GET h/a\n>end complete\n< 404\n<end complete");
    assert_events(
        &[
            out(1, POST),
            inn(1, OK),
            out(2, "GET /a?key=canary HTTP/1.1\r\nhost:h\r\n\r\n"),
            inn(2, "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n"),
            Op::Close,
        ],
        &expected,
    );
    assert_events_of(
        Role::Server,
        &[
            inn(0, POST),
            out(1, OK),
            inn(1, "GET /a HTTP/1.1\r\nhost:h\r\n\r\n"),
            out(2, "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n"),
        ],
        &expected,
    );
}

#[test]
fn pipelined_requests() {
    let requests = [POST, "GET / HTTP/1.1\r\n\r\n", POST].concat();
    let responses = [OK, "HTTP/1.1 204 No Content\r\n\r\n", OK].concat();
    assert_events(
        &[out(1, &requests), inn(1, &responses)],
        &format!(
            "0:\n{POSTED}{ANSWERED}\n1:\n> GET /\n>end complete\n< 204\n<end complete\n2:\n{POSTED}{ANSWERED}"
        ),
    );
}

/// RFC 9112 section 7.1, with extensions and trailers.
#[test]
fn chunked_bodies() {
    let head = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTrailer: x\r\n\r\n";
    let request = [
        head,
        "4;n=v\r\nWiki\r\n5 ; q=\"a;b\"\r\npedia\r\n0\r\nx: y\r\n\r\n",
    ]
    .concat();
    let response = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ncontent-length: 3\r\n\r\n2\r\nhi\r\n0\r\n\r\n";
    assert_events(
        &[out(1, &request), inn(1, response), out(2, POST), inn(2, OK)],
        &format!(
            "0:\n> POST /\n>body Wikipedia\n>end complete\n{ANSWERED}\n1:\n{POSTED}{ANSWERED}"
        ),
    );
}

#[test]
fn interim_responses_are_passed_over() {
    assert_events(
        &[
            out(
                1,
                "POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n",
            ),
            inn(1, "HTTP/1.1 100 Continue\r\n\r\n"),
            out(2, "body"),
            inn(2, "HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n"),
            inn(2, OK),
        ],
        &format!("0:\n> POST /\n>body body\n>end complete\n{ANSWERED}"),
    );
}

/// RFC 9112 section 6.3: responses without a body, whatever their headers say.
#[test]
fn responses_without_a_body() {
    for (request, status) in [
        ("HEAD", "200 OK"),
        ("GET", "204 No Content"),
        ("GET", "304 Not Modified"),
    ] {
        let asked = format!("{request} / HTTP/1.1\r\n\r\n");
        let answered = format!("HTTP/1.1 {status}\r\nContent-Length: 10\r\n\r\n");
        let (code, _) = status.split_once(' ').unwrap();
        assert_events(
            &[out(1, &asked), inn(1, &answered), out(2, POST), inn(2, OK)],
            &format!(
                "0:\n> {request} /\n>end complete\n< {code}\n<end complete\n1:\n{POSTED}{ANSWERED}"
            ),
        );
    }
}

#[test]
fn a_response_may_last_until_the_connection_ends() {
    let operations = [
        out(1, POST),
        inn(1, "HTTP/1.0 200 OK\r\n\r\nto the"),
        inn(1, " end"),
        Op::Close,
    ];
    assert_events(
        &operations,
        &format!("0:\n{POSTED}< 200\n<body to the end\n<end complete"),
    );
}

#[test]
fn lenient_reading() {
    // Bare line feeds, empty lines before a message, white space, a folded line, no reason phrase.
    assert_events(
        &[
            out(
                1,
                "\r\n\nPOST / HTTP/1.1\nHost:h\nContent-Length:  4 , 4\n\nbody",
            ),
            inn(
                1,
                "\r\nHTTP/1.1 200\nX : y\n  folded\nContent-Length: 2\n\nhi",
            ),
        ],
        &format!("0:\n> POST h/\n>body body\n>end complete\n{ANSWERED}"),
    );
    // Absolute form, authority form and asterisk form.
    assert_events(
        &[out(
            1,
            "GET http://u:canary@a:1/b?key=canary HTTP/1.1\r\nHost: c\r\n\r\n",
        )],
        "0:\n> GET a/b\n>end complete",
    );
    assert_events(
        &[out(1, "OPTIONS * HTTP/1.1\r\nHost: c\r\n\r\n")],
        "0:\n> OPTIONS c*\n>end complete",
    );
}

#[test]
fn an_upgrade_ends_http() {
    let mut connection = connection(Role::Client);
    let mut log = Log::default();
    let asked = b"GET /v1/realtime HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
    let answered = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n\r\nframes";
    let mut sink = |event: ExchangeEvent<'_>| log.add(&event);
    assert_eq!(
        connection.piece(arrival(Outbound, 1, 0), asked, &mut sink),
        asked.len()
    );
    assert_eq!(
        connection.piece(arrival(Inbound, 1, 0), answered, &mut sink),
        answered.len() - "frames".len()
    );
    assert_eq!(connection.upgraded(), Some(Upgrade::WebSocket));
    assert_eq!(
        connection.piece(arrival(Outbound, 2, 0), asked, &mut sink),
        0
    );
    assert_eq!(
        log.text(),
        "0:\n> GET /v1/realtime\n>end complete\n< 101\n<end complete\n"
    );
}

#[test]
fn a_tunnel_ends_http() {
    let mut connection = connection(Role::Client);
    let mut ignore = |_: ExchangeEvent<'_>| {};
    connection.piece(
        arrival(Outbound, 1, 0),
        b"CONNECT h:443 HTTP/1.1\r\n\r\n",
        &mut ignore,
    );
    connection.piece(
        arrival(Inbound, 1, 0),
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
        &mut ignore,
    );
    assert_eq!(connection.upgraded(), Some(Upgrade::Tunnel));
}

#[test]
fn coded_bodies_are_decoded() {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(b"hi").unwrap();
    let coded = encoder.finish().unwrap();
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n",
        coded.len()
    );
    let response = [head.as_bytes(), &coded].concat();
    assert_events(
        &[out(1, POST), Op::Piece(Inbound, 1, &response)],
        &format!("0:\n{POSTED}{ANSWERED}"),
    );
    let unknown = "HTTP/1.1 200 OK\r\nContent-Encoding: rot13\r\nContent-Length: 2\r\n\r\nuv";
    assert_events(
        &[out(1, POST), inn(1, unknown), out(2, POST), inn(2, OK)],
        &format!("0:\n{POSTED}< 200\n<end undecodable\n1:\n{POSTED}{ANSWERED}"),
    );
    // What lies behind a loss cannot be decoded, but the message still has its end.
    let operations = [
        out(1, POST),
        Op::Piece(Inbound, 1, &response[..head.len()]),
        Op::Gap(Inbound, 1, 5),
        Op::Piece(Inbound, 1, &response[head.len() + 5..]),
        out(2, POST),
        inn(2, OK),
    ];
    assert_events(
        &operations,
        &format!("0:\n{POSTED}< 200\n<gap 5\n<end gap 5\n1:\n{POSTED}{ANSWERED}"),
    );
}

#[test]
fn events_carry_wire_times() {
    let mut connection = connection(Role::Client);
    let mut times = Vec::new();
    let mut sink = |event: ExchangeEvent<'_>| {
        let name = match event.kind {
            Kind::RequestHead(_) => "request",
            Kind::RequestEnd(_) => "request end",
            Kind::ResponseHead(_) => "response",
            Kind::ResponseEnd(_) => "response end",
            _ => return,
        };
        times.push((name, event.time.unix_nanos()));
    };
    for (nanos, direction, bytes) in [
        (10, Outbound, "POST / HTT"),
        (11, Outbound, "P/1.1\r\nContent-Length: 2\r\n\r\na"),
        (12, Outbound, "b"),
        (20, Inbound, "HTTP/1"),
        (21, Inbound, ".1 200 OK\r\n\r\nx"),
        (22, Inbound, "y"),
    ] {
        connection.piece(arrival(direction, 1, nanos), bytes.as_bytes(), &mut sink);
    }
    connection.close(Timestamp::from_unix_nanos(90), &mut sink);
    assert_eq!(
        times,
        [
            ("request", 10),
            ("request end", 12),
            ("response", 20),
            ("response end", 22)
        ]
    );
}

#[test]
fn no_credential_leaves_a_head() {
    let request = "POST http://u:canary@h/v1?key=canary&api-version=1 HTTP/1.1\r\nAuthorization: Bearer canary\r\n\
        X-Api-Key: canary\r\nCookie: canary\r\nOpenAI-Organization: canary\r\nbaggage: canary\r\n\r\n";
    let response = "HTTP/1.1 200 OK\r\nSet-Cookie: canary\r\nContent-Length: 0\r\n\r\n";
    let mut connection = connection(Role::Client);
    let mut seen = String::new();
    let mut sink = |event: ExchangeEvent<'_>| seen += &format!("{event:?}");
    connection.piece(arrival(Outbound, 1, 0), request.as_bytes(), &mut sink);
    connection.piece(arrival(Inbound, 1, 0), response.as_bytes(), &mut sink);
    assert!(
        seen.contains("api-version") && seen.contains("ResponseEnd") && !seen.contains("canary"),
        "{seen}"
    );
}
