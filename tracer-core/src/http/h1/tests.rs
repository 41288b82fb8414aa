use std::sync::Arc;

use proptest::prelude::*;

use super::{fuzz::fuzz_h1, *};
use crate::{
    http::{
        exchange::{ExchangeEvent, ExchangeEventKind as Kind},
        exchange_log::Log,
    },
    segment::Direction::{self, Inbound, Outbound},
};

/// What happens on a connection.
#[derive(Clone, Copy)]
enum Op<'a> {
    /// A piece, by direction and turn.
    Piece(Direction, u32, &'a [u8]),
    Gap(Direction, u32, u64),
    Close,
}

fn out(turn: u32, bytes: &str) -> Op<'_> {
    Op::Piece(Outbound, turn, bytes.as_bytes())
}

fn inn(turn: u32, bytes: &str) -> Op<'_> {
    Op::Piece(Inbound, turn, bytes.as_bytes())
}

fn connection(role: Role) -> H1Connection {
    H1Connection::new(role, Limits::default(), Arc::new(AllowList::default()))
}

fn arrival(direction: Direction, turn: u32, nanos: u64) -> Arrival {
    Arrival {
        direction,
        time: Timestamp::from_unix_nanos(nanos),
        turn,
    }
}

/// Runs the operations with all pieces cut to `cut` bytes.
fn run(role: Role, operations: &[Op<'_>], cut: usize) -> String {
    let mut connection = connection(role);
    let mut log = Log::default();
    for operation in operations {
        let mut sink = |event: ExchangeEvent<'_>| log.add(&event);
        match *operation {
            Op::Piece(direction, turn, bytes) => {
                for piece in bytes.chunks(cut) {
                    connection.piece(arrival(direction, turn, 0), piece, &mut sink);
                }
            }
            Op::Gap(direction, turn, missing) => {
                connection.gap(arrival(direction, turn, 0), missing, &mut sink)
            }
            Op::Close => connection.close(Timestamp::default(), &mut sink),
        }
    }
    log.text()
}

/// The events of a client's connection are these, however its pieces are cut.
#[track_caller]
fn assert_events(operations: &[Op<'_>], expected: &str) {
    assert_events_of(Role::Client, operations, expected);
}

#[track_caller]
fn assert_events_of(role: Role, operations: &[Op<'_>], expected: &str) {
    let expected: String = expected
        .lines()
        .map(|line| line.trim_start().to_owned() + "\n")
        .collect();
    for cut in (1..40).chain([1000]) {
        assert_eq!(run(role, operations, cut), expected, "in pieces of {cut}");
    }
}

const POST: &str =
    "POST /v1/messages HTTP/1.1\r\nHost: Api.example:443\r\nContent-Length: 4\r\n\r\nbody";
const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
const POSTED: &str = "> POST api.example/v1/messages\n>body body\n>end complete\n";
const ANSWERED: &str = "< 200\n<body hi\n<end complete";

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
    let endless = ["GET / HTTP/1.1\r\n", &"x: y\r\n".repeat(20_000)].concat();
    let mut connection = connection(Role::Client);
    let mut log = Log::default();
    for piece in endless.as_bytes().chunks(16 << 10) {
        connection.piece(arrival(Outbound, 1, 0), piece, &mut |event| log.add(&event));
    }
    connection.piece(arrival(Outbound, 2, 0), POST.as_bytes(), &mut |event| {
        log.add(&event)
    });
    assert_eq!(log.text(), format!("0:\n{POSTED}"));

    let crowded = ["GET / HTTP/1.1\r\n", &"x: y\r\n".repeat(200), "\r\n"].concat();
    assert_events(
        &[out(1, &crowded), inn(1, OK), out(2, POST), inn(2, OK)],
        &format!("0:\n{POSTED}{ANSWERED}"),
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

proptest! {
    /// Programs of message parts, in any order.
    #[test]
    fn any_cut_of_messages_gives_the_same_events(
        role in 0u8..2,
        cut in 0u8..16,
        parts in proptest::collection::vec((0u8..16, any::<prop::sample::Index>()), 0..30),
    ) {
        const PARTS: [&str; 14] = [
            POST, OK, "GET / HTTP/1.1\r\n\r\n", "HEAD / HTTP/1.1\r\n", "Transfer-Encoding: chunked\r\n\r\n",
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", "5\r\nhello\r\n", "0\r\n\r\n", "\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n",
            "HTTP/1.1 101 Switching Protocols\r\n\r\n", "Content-Encoding: gzip\r\n", "P",
        ];
        let mut program = vec![role, cut];
        for (what, part) in parts {
            let part = part.get(&PARTS).as_bytes();
            program.push(what);
            program.push(u8::try_from(part.len()).unwrap());
            program.extend_from_slice(part);
        }
        fuzz_h1(&program);
    }

    #[test]
    fn any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        fuzz_h1(&bytes);
    }
}
