use flate2::{Compress, Compression, FlushCompress};
use proptest::prelude::*;

use super::{
    fuzz::{Log, Seen, fuzz_websocket},
    *,
};

fn read(wire: &[u8], size: usize, sender: Sender, extensions: &str) -> Vec<Seen> {
    let deflate = PerMessageDeflate::settled([extensions]);
    let mut parser = WebSocket::new(sender, deflate, &Limits::default());
    let mut log = Log::default();
    for piece in wire.chunks(size) {
        parser.feed(piece, &mut |part| log.add(part));
    }
    log.seen
}

fn assert_read(wire: &[u8], sender: Sender, extensions: &str, expected: &[Seen]) {
    for size in 1..=wire.len() {
        assert_eq!(
            read(wire, size, sender, extensions),
            expected,
            "in pieces of {size}"
        );
    }
}

fn message(text: &[u8]) -> Seen {
    Seen::Message(text.to_vec())
}

/// A frame as `sender` would write it.
fn frame(sender: Sender, first: u8, payload: &[u8]) -> Vec<u8> {
    let mut wire = vec![first];
    let mask = if sender == Sender::Client { 0x80 } else { 0 };
    match payload.len() {
        length @ 0..126 => wire.push(mask | u8::try_from(length).unwrap()),
        length @ 126..0x1_0000 => {
            wire.push(mask | 126);
            wire.extend_from_slice(&u16::try_from(length).unwrap().to_be_bytes());
        }
        length => {
            wire.push(mask | 127);
            wire.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    if sender == Sender::Client {
        let key = [0x37, 0xfa, 0x21, 0x3d];
        wire.extend_from_slice(&key);
        wire.extend(
            payload
                .iter()
                .zip(key.iter().cycle())
                .map(|(byte, key)| byte ^ key),
        );
    } else {
        wire.extend_from_slice(payload);
    }
    wire
}

/// Compresses messages as a sender does that keeps its window.
struct Deflater(Compress);

impl Deflater {
    fn new() -> Self {
        Self(Compress::new(Compression::default(), false))
    }

    fn message(&mut self, text: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(text.len() + 1_000);
        self.0
            .compress_vec(text, &mut out, FlushCompress::Sync)
            .unwrap();
        // Nothing new to say is an empty block, of which the four last bytes are left out as well.
        out.truncate(out.len().saturating_sub(4));
        if out.is_empty() { vec![0] } else { out }
    }
}

/// The examples of RFC 6455 section 5.7.
#[test]
fn examples_of_the_protocol() {
    assert_read(b"\x81\x05Hello", Sender::Server, "", &[message(b"Hello")]);
    assert_read(
        b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58",
        Sender::Client,
        "",
        &[message(b"Hello")],
    );
    // In two fragments, with a ping between them.
    assert_read(
        b"\x01\x03Hel\x89\x05Hello\x80\x02lo",
        Sender::Server,
        "",
        &[message(b"Hello")],
    );
    for length in [256, 65_536] {
        let payload: Vec<u8> = (0..=255).cycle().take(length).collect();
        for sender in [Sender::Client, Sender::Server] {
            let wire = frame(sender, 0x82, &payload);
            for size in [1, 3, 1_000, 70_000] {
                assert_eq!(read(&wire, size, sender, ""), [message(&payload)]);
            }
        }
    }
}

/// The examples of RFC 7692 section 7.2.3.
#[test]
fn examples_of_the_compression() {
    const DEFLATE: &str = "permessage-deflate";
    let hello = &[message(b"Hello")];
    for wire in [
        // One frame.
        &b"\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00"[..],
        // Two fragments.
        b"\x41\x03\xf2\x48\xcd\x80\x04\xc9\xc9\x07\x00",
        // A block that is not compressed.
        b"\xc1\x0b\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00",
        // A block with its final bit set.
        b"\xc1\x08\xf3\x48\xcd\xc9\xc9\x07\x00\x00",
        // Two blocks.
        b"\xc1\x0d\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00",
    ] {
        assert_read(wire, Sender::Server, DEFLATE, hello);
    }
    // The second message refers to the first.
    assert_read(
        b"\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00\xc1\x05\xf2\x00\x11\x00\x00",
        Sender::Server,
        DEFLATE,
        &[message(b"Hello"), message(b"Hello")],
    );
}

#[test]
fn a_close_comes_with_its_code() {
    let wire = [
        frame(Sender::Client, 0x01, b"cut"),
        frame(Sender::Client, 0x88, b"\x03\xe9bye"),
    ]
    .concat();
    assert_read(
        &wire,
        Sender::Client,
        "",
        &[Seen::Close(Some(1001)), Seen::Open(b"cut".to_vec())],
    );
    assert_read(b"\x88\x00", Sender::Server, "", &[Seen::Close(None)]);
}

#[test]
fn what_was_settled_is_read_from_the_response() {
    let settled = |value| PerMessageDeflate::settled([value]);
    assert_eq!(settled("x-webkit-deflate-frame"), None);
    assert_eq!(settled(""), None);
    let both = settled(
        "foo, permessage-deflate; server_no_context_takeover; client_max_window_bits=12;client_no_context_takeover",
    )
    .unwrap();
    assert!(both.resets(Sender::Client) && both.resets(Sender::Server));
    let server = settled("permessage-deflate;server_no_context_takeover").unwrap();
    assert!(!server.resets(Sender::Client) && server.resets(Sender::Server));
}

#[test]
fn a_loss_within_a_payload_costs_one_message() {
    let first = frame(Sender::Server, 0x01, b"{\"a\":1");
    let wire = [
        frame(Sender::Server, 0x80, b"}"),
        frame(Sender::Server, 0x81, b"{\"b\":2}"),
    ]
    .concat();
    let mut parser = WebSocket::new(Sender::Server, None, &Limits::default());
    let mut log = Log::default();
    parser.feed(&first[..4], &mut |part| log.add(part));
    parser.gap(first.len() as u64 - 4, &mut |part| log.add(part));
    parser.feed(&wire, &mut |part| log.add(part));
    assert_eq!(
        log.seen,
        [
            Seen::Broken(b"{\"".to_vec(), Defect::Lost),
            message(b"{\"b\":2}")
        ]
    );
}

/// Behind the loss of a header only a write that begins like JSON in plain text is believed.
#[test]
fn a_loss_of_a_header_costs_what_comes_before_a_message_of_json() {
    for sender in [Sender::Client, Sender::Server] {
        let mut parser = WebSocket::new(sender, None, &Limits::default());
        let mut log = Log::default();
        parser.gap(100, &mut |part| log.add(part));
        for piece in [
            frame(sender, 0x82, b"\x01\x02\x03"),
            frame(sender, 0x80, b"{\"a\":1}"),
            b"{\"type\":\"x\"}".to_vec(),
            frame(sender, 0x81, b"{\"b\":2}"),
            frame(sender, 0x82, b"{\"c\":3}"),
        ] {
            parser.feed(&piece, &mut |part| log.add(part));
        }
        assert_eq!(log.seen, [message(b"{\"b\":2}"), message(b"{\"c\":3}")]);
    }
}

#[test]
fn compressed_messages_behind_a_loss_are_only_read_if_they_begin_anew() {
    for (extensions, resets) in [
        ("permessage-deflate", false),
        ("permessage-deflate; server_no_context_takeover", true),
    ] {
        let mut deflater = Deflater::new();
        let hit = frame(Sender::Server, 0xc1, &deflater.message(b"{\"a\":1}"));
        if resets {
            deflater = Deflater::new();
        }
        let next = frame(Sender::Server, 0xc1, &deflater.message(b"{\"a\":2}"));
        let plain = frame(Sender::Server, 0x81, b"{}");
        let deflate = PerMessageDeflate::settled([extensions]);
        let mut parser = WebSocket::new(Sender::Server, deflate, &Limits::default());
        let mut log = Log::default();
        parser.feed(&hit[..5], &mut |part| log.add(part));
        parser.gap(hit.len() as u64 - 5, &mut |part| log.add(part));
        parser.feed(&[next, plain].concat(), &mut |part| log.add(part));
        let [Seen::Broken(_, Defect::Lost), second, third] = &log.seen[..] else {
            panic!("{:?}", log.seen);
        };
        if resets {
            assert_eq!(*second, message(b"{\"a\":2}"));
        } else {
            assert_eq!(*second, Seen::Broken(vec![], Defect::Lost));
        }
        assert_eq!(*third, message(b"{}"));
    }
}

#[test]
fn a_bomb_is_bounded() {
    let bomb = Deflater::new().message(&vec![b' '; 20 << 20]);
    let wire = frame(Sender::Server, 0xc2, &bomb);
    let seen = read(&wire, 1_000, Sender::Server, "permessage-deflate");
    let [Seen::Broken(data, Defect::OverBound)] = &seen[..] else {
        panic!("{} messages", seen.len());
    };
    assert!(data.len() <= 6 << 20, "{} bytes", data.len());
}

#[test]
fn what_breaks_the_rules_ends_the_reading() {
    let after = frame(Sender::Server, 0x81, b"x");
    for (wire, extensions) in [
        // An opcode nobody knows, a ping in fragments, a ping that is too long.
        (frame(Sender::Server, 0x83, b""), ""),
        (frame(Sender::Server, 0x09, b""), ""),
        (frame(Sender::Server, 0x89, &[0; 126]), ""),
        // Reserved bits that nobody settled.
        (frame(Sender::Server, 0xa1, b""), "permessage-deflate"),
    ] {
        assert_eq!(
            read(
                &[wire, after.clone()].concat(),
                99,
                Sender::Server,
                extensions
            ),
            []
        );
    }
    assert_eq!(
        read(
            &[frame(Sender::Server, 0xc1, b"abc"), after].concat(),
            9,
            Sender::Server,
            ""
        ),
        [Seen::Broken(vec![], Defect::Malformed), message(b"x")]
    );
}

#[derive(Debug, Clone)]
struct Sent {
    text: String,
    fragment: usize,
    compressed: bool,
}

proptest! {
    /// Whatever messages are sent, in fragments, masked, compressed, with pings between: they are
    /// read, however the bytes come.
    #[test]
    fn messages_are_those_that_were_sent(
        sent in proptest::collection::vec(
            (any::<String>(), 1_usize..30, any::<bool>())
                .prop_map(|(text, fragment, compressed)| Sent { text, fragment, compressed }),
            0..8,
        ),
        masked in any::<bool>(),
        resets in any::<bool>(),
        size in 1_usize..50,
    ) {
        let (sender, extensions) = match (masked, resets) {
            (true, true) => (Sender::Client, "permessage-deflate; client_no_context_takeover"),
            (true, false) => (Sender::Client, "permessage-deflate"),
            (false, true) => (Sender::Server, "permessage-deflate; server_no_context_takeover"),
            (false, false) => (Sender::Server, "permessage-deflate"),
        };
        let mut deflater = Deflater::new();
        let mut wire = Vec::new();
        for Sent { text, fragment, compressed } in &sent {
            if resets {
                deflater = Deflater::new();
            }
            let payload = if *compressed { deflater.message(text.as_bytes()) } else { text.clone().into() };
            let pieces: Vec<&[u8]> = match payload.len() {
                0 => vec![&[]],
                _ => payload.chunks(*fragment).collect(),
            };
            for (number, piece) in pieces.iter().enumerate() {
                let opcode = if number > 0 { 0 } else if *compressed { 0x41 } else { 1 };
                let last = if number + 1 == pieces.len() { 0x80 } else { 0 };
                wire.extend(frame(sender, opcode | last, piece));
                wire.extend(frame(sender, 0x89, b"ping"));
            }
        }
        let expected: Vec<_> = sent.iter().map(|sent| message(sent.text.as_bytes())).collect();
        prop_assert_eq!(read(&wire, size, sender, extensions), expected);
    }

    #[test]
    fn any_bytes_in_any_pieces(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        fuzz_websocket(&bytes);
    }
}
