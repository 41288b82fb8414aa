//! Any frames in any pieces: the messages do not depend on how they were cut, and stay bounded.

use super::{Defect, Part, PerMessageDeflate, Sender, State, WebSocket};
use crate::limits::Limits;

/// What came of a direction: messages, or how they broke, and the code of a close.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Seen {
    Message(Vec<u8>),
    Broken(Vec<u8>, Defect),
    Open(Vec<u8>),
    Close(Option<u16>),
}

/// Gathers parts into messages, and checks their order.
#[derive(Debug, Default)]
pub(super) struct Log {
    pub(super) seen: Vec<Seen>,
}

impl Log {
    pub(super) fn add(&mut self, part: Part<'_>) {
        let open = matches!(self.open(), Some(Seen::Open(_)));
        match part {
            Part::Begin => {
                assert!(!open, "a message begins when the last one is over");
                self.seen.push(Seen::Open(Vec::new()));
            }
            Part::Close(code) => {
                let at = self.seen.len() - usize::from(open);
                self.seen.insert(at, Seen::Close(code));
            }
            Part::Data(_) | Part::End | Part::Broken(_) => {
                let last = self.open().expect("a message has begun");
                let Seen::Open(data) = last else {
                    panic!("nothing follows the end of a message");
                };
                match part {
                    Part::Data(bytes) => data.extend_from_slice(bytes),
                    Part::Broken(defect) => *last = Seen::Broken(std::mem::take(data), defect),
                    _ => *last = Seen::Message(std::mem::take(data)),
                }
            }
        }
    }

    fn open(&mut self) -> Option<&mut Seen> {
        self.seen.last_mut()
    }
}

/// The first byte of `data` says who sends and how messages are compressed, the second the size of
/// the pieces; the rest is what was sent.
pub fn fuzz_websocket(data: &[u8]) {
    let [what, size, wire @ ..] = data else {
        return;
    };
    let sender = if what & 1 == 0 {
        Sender::Client
    } else {
        Sender::Server
    };
    let deflate = match what >> 1 & 3 {
        0 => None,
        1 => PerMessageDeflate::settled(["permessage-deflate"]),
        _ => PerMessageDeflate::settled([
            "permessage-deflate; client_no_context_takeover; server_no_context_takeover",
        ]),
    };
    let limits = Limits::default();
    let size = usize::from(size % 64) + 1;
    let read = |size: usize| {
        let mut parser = WebSocket::new(sender, deflate, &limits);
        let mut log = Log::default();
        for piece in wire.chunks(size) {
            parser.feed(piece, &mut |part| log.add(part));
        }
        let breaks = |seen: &Seen| matches!(seen, Seen::Broken(..));
        let broken = log.seen.iter().any(breaks) || matches!(parser.state, State::Lost);
        (log.seen, broken)
    };
    let (whole, pieces) = (read(usize::MAX), read(size));
    // A direction that broke the rules is read on where a piece begins like a message, and how much
    // of a message comes out before it breaks is up to the decoder.
    if !whole.1 && !pieces.1 {
        assert_eq!(whole, pieces);
    }

    let mut lossy = WebSocket::new(sender, deflate, &limits);
    let mut log = Log::default();
    for (number, piece) in wire.chunks(size).enumerate() {
        lossy.feed(piece, &mut |part| log.add(part));
        lossy.gap(number as u64 % 7 + 1, &mut |part| log.add(part));
    }
}
