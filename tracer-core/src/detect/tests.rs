use proptest::prelude::*;

use super::*;
use crate::{
    segment::Direction::{Inbound, Outbound},
    time::Timestamp,
};

const CLIENT: Option<Protocol> = Some(Protocol::Http1(Role::Client));
const SERVER: Option<Protocol> = Some(Protocol::Http1(Role::Server));

/// The protocol after the last of these pieces, each cut to `cut` bytes, and what was held.
fn detect(pieces: &[(Direction, u32, &[u8])], cut: usize) -> (Option<Protocol>, Vec<u8>) {
    let mut detector = Detector::default();
    let mut protocol = None;
    let mut passed = Vec::new();
    for (direction, turn, bytes) in pieces {
        for piece in bytes.chunks(cut) {
            let known = protocol.is_some();
            let time = Timestamp::default();
            protocol = detector.piece(
                Arrival {
                    direction: *direction,
                    time,
                    turn: *turn,
                },
                piece,
            );
            if protocol.is_some() {
                let (all_held, used) = detector.take_held();
                for (_, held) in all_held {
                    assert!(!known);
                    passed.extend_from_slice(&held);
                }
                let used = if known { 0 } else { used };
                passed.extend_from_slice(&piece[used..]);
            }
        }
    }
    (protocol, passed)
}

#[test]
fn the_side_is_that_which_sends_requests() {
    let request = b"POST /v1/messages HTTP/1.1\r\n";
    let response = b"HTTP/1.1 200 OK\r\n";
    for cut in 1..40 {
        assert_eq!(
            detect(&[(Outbound, 0, request)], cut),
            (CLIENT, request.to_vec())
        );
        assert_eq!(
            detect(&[(Inbound, 0, request)], cut),
            (SERVER, request.to_vec())
        );
        assert_eq!(
            detect(&[(Inbound, 0, response)], cut),
            (CLIENT, response.to_vec())
        );
        assert_eq!(
            detect(&[(Outbound, 0, response)], cut),
            (SERVER, response.to_vec())
        );
        assert_eq!(
            detect(&[(Outbound, 0, PREFACE)], cut).0,
            Some(Protocol::Http2(Role::Client, Start::Preface))
        );
    }
}

#[test]
fn forms_of_a_request_line() {
    for line in [
        "GET / ",
        "\r\nGET / ",
        "OPTIONS * ",
        "CONNECT h:443 ",
        "CONNECT [::1]:443 ",
        "GET http://h/ ",
    ] {
        assert_eq!(looks(line.as_bytes()), Look::Request, "{line}");
    }
    for line in [
        "GET",
        "POS",
        "HTTP/1",
        "PRI * HTTP/2.0\r\n",
        "",
        "\r\n",
        "P",
    ] {
        assert_eq!(looks(line.as_bytes()), Look::Partial, "{line}");
    }
    for line in [
        "GETS / ",
        "get / ",
        "POST  / ",
        "POST\r\n",
        "\0\0\x12\x04",
        "HTTP/2",
        "{\"GET\"",
        "\r\n\r\n\r\n",
    ] {
        assert_eq!(looks(line.as_bytes()), Look::Strange, "{line}");
    }
}

#[test]
fn attached_in_the_middle_of_a_body() {
    let (protocol, passed) = detect(
        &[
            (Inbound, 0, b"data: {}\n\n"),
            (Inbound, 0, b"GET / no beginning of a turn"),
            (Outbound, 1, b"POST /"),
        ],
        100,
    );
    assert_eq!((protocol, passed.as_slice()), (CLIENT, &b"POST /"[..]));
}

/// Frames: a window update, then a request for `/` (RFC 7541 C.2.4 and its like) or a `200`.
const WINDOW_UPDATE: &[u8] = b"\0\0\x04\x08\0\0\0\0\x01\0\0\x10\0";
const REQUEST: &[u8] = b"\0\0\x03\x01\x05\0\0\0\x05\x82\x84\x87";
const RESPONSE: &[u8] = b"\0\0\x01\x01\x04\0\0\0\x05\x88";

#[test]
fn http2_is_recognised_in_the_middle_by_frames_with_headers() {
    let data = [b"\0\0\x05\0\x01\0\0\0\x03hello", REQUEST].concat();
    for cut in [1, 4, 9, 12, 13, 20, 100] {
        for (before, frames, direction, role, kept) in [
            (WINDOW_UPDATE, REQUEST, Outbound, Role::Client, REQUEST),
            (WINDOW_UPDATE, REQUEST, Inbound, Role::Server, REQUEST),
            (WINDOW_UPDATE, RESPONSE, Inbound, Role::Client, RESPONSE),
            (b"", &data, Outbound, Role::Client, REQUEST),
        ] {
            let bytes = [before, frames, b"more"].concat();
            let (protocol, passed) = detect(&[(direction, 0, &bytes)], cut);
            let expected = Protocol::Http2(role, Start::Frame(direction));
            assert_eq!(protocol, Some(expected), "{cut}");
            assert_eq!(passed, [kept, b"more"].concat(), "{cut}");
        }
    }
    // The frames go on over turns.
    let turns = [
        (Outbound, 3, WINDOW_UPDATE),
        (Inbound, 3, b"data: {}\n\n"),
        (Outbound, 4, &REQUEST[..11]),
        (Outbound, 5, &REQUEST[11..]),
    ];
    assert_eq!(detect(&turns, 100).1, REQUEST);
}

#[test]
fn frames_of_one_direction_vouch_for_what_goes_on_in_the_other() {
    let mut turns = Vec::new();
    for turn in 1..8 {
        turns.push((Outbound, turn, WINDOW_UPDATE));
        turns.push((Inbound, turn, &b"the middle of some frame"[..]));
    }
    assert_eq!(detect(&turns, 100).0, None);
    turns.push((Outbound, 8, REQUEST));
    let expected = Protocol::Http2(Role::Client, Start::Frame(Outbound));
    assert_eq!(detect(&turns, 100).0, Some(expected));
}

#[test]
fn what_only_begins_like_a_frame_is_no_http2() {
    for strange in [
        // Messages with their length in front, as other protocols have them.
        &b"\0\0\0\x52\0\x03\0\0user\0postgres\0"[..],
        b"\0\0\0\x20\0\x12\0\x04\0\0\0\x01\0\x06client",
        b"\0\x1d\xab\xcd\x01\0\0\x01\0\0\0\0\0\0\x07example",
        b"\0\0\0\x2f\x80\x01\0\x01\0\0\0\x05query",
        &[0; 100],
        // A frame, and no other behind it.
        b"\0\0\x04\x08\0\0\0\0\x01\0\0\x10\0{\"a\":1}xxxxxx",
    ] {
        let turns: Vec<_> = (0..4).map(|turn| (Outbound, turn, strange)).collect();
        assert_eq!(detect(&turns, 100).0, Some(Protocol::Opaque));
    }
}

/// Of a QUIC stream of OpenSSL only the writes are seen: frames of HTTP/3 (RFC 9114 section 7.2).
#[test]
fn what_is_written_to_quic_streams_is_nothing_known() {
    // SETTINGS on a control stream: QPACK_MAX_TABLE_CAPACITY and QPACK_BLOCKED_STREAMS of 0.
    let control: &[u8] = b"\x00\x04\x04\x01\x00\x07\x00";
    // HEADERS with `:method: POST`, `:scheme: https` of the static table and `:path` and `:authority`
    // as literals; DATA.
    let request: &[u8] =
        b"\x01\x2a\x00\x00\xd4\xd7\x51\x14/v1/chat/completions\x50\x0eapi.openai.com\
        \x00\x20{\"model\":\"gpt-4o\",\"messages\":[]}";
    for stream in [control, request] {
        for cut in [1, 7, 1000] {
            let mut pieces = vec![(Outbound, 0, stream)];
            pieces.extend([(Outbound, 0, b"\x00\x02{}".as_slice()); 20]);
            assert_eq!(detect(&pieces, cut), (None, Vec::new()));
        }
    }
}

#[test]
fn what_is_never_http_is_opaque_in_the_end() {
    let turn = |turn| {
        [
            (Outbound, turn, &b"Q\0\0\0\x0dSELECT 1"[..]),
            (Inbound, turn, &b"T\0\0\0!\0"[..]),
        ]
    };
    for cut in [1, 3, 100] {
        assert_eq!(detect(&turn(0), cut).0, None);
        assert_eq!(
            detect(&[turn(0), turn(1)].concat(), cut).0,
            Some(Protocol::Opaque)
        );
    }
    // One long turn says nothing: it may be an upload.
    let upload = [(Outbound, 0, &b"0123456789"[..]); 100];
    assert_eq!(detect(&upload, 100).0, None);
}

#[test]
fn beginnings_that_never_end_are_not_hoarded() {
    let mut detector = Detector::default();
    for turn in 0..10 {
        let arrival = Arrival {
            direction: Outbound,
            time: Timestamp::default(),
            turn,
        };
        detector.piece(arrival, b"PO");
        assert!(detector.held.len() <= 1);
    }
    assert_eq!(detector.protocol, Some(Protocol::Opaque));
}

proptest! {
    #[test]
    fn any_cut_gives_the_same_protocol(
        pieces in proptest::collection::vec(
            (any::<bool>(), 0u32..3, prop::sample::select(vec![
                "POST / HTTP/1.1", "POST", "HTTP/1.1 200", "\r\n", "xyz", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
                "\0\0\x04\x08\0\0\0\0\x01\0\0\x10\0", "\0\0", "\0\0\x05\0\x01\0\0\0\x03hello",
            ])),
            0..8,
        ),
        cut in 1usize..9,
    ) {
        let pieces: Vec<_> = pieces
            .into_iter()
            .scan(0, |turn, (out, more, bytes)| {
                *turn += more;
                Some((if out { Outbound } else { Inbound }, *turn, bytes.as_bytes()))
            })
            .collect();
        let (protocol, passed) = detect(&pieces, cut);
        let whole = detect(&pieces, 100);
        prop_assert_eq!(protocol, whole.0);
        // Nobody reads what is opaque.
        prop_assert!(protocol == Some(Protocol::Opaque) || passed == whole.1);
    }
}
