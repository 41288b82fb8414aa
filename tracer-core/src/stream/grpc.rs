//! Messages of gRPC, which are counted and never looked into.
//!
//! <https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md>: a byte of flags, a length of
//! four bytes, the message. Behind a loss nothing tells where a message begins.

use super::event::Event;

const PREFIX_BYTES: usize = 5;
/// A frame of gRPC-Web that holds trailers.
const TRAILERS: u8 = 0x80;

/// An incremental parser of one direction of a call. Its events are empty.
#[derive(Debug, Default)]
pub struct Grpc {
    prefix: [u8; PREFIX_BYTES],
    /// How much of the prefix came.
    seen: usize,
    /// Bytes of the message that are to come.
    left: u32,
    lost: bool,
}

impl Grpc {
    /// Takes the next bytes and reports each message as soon as it is complete.
    pub fn feed(&mut self, mut bytes: &[u8], on_event: &mut impl FnMut(Event<'_>)) {
        while !self.lost {
            if let Some(place) = self.prefix.get_mut(self.seen) {
                let Some((&byte, rest)) = bytes.split_first() else {
                    return;
                };
                *place = byte;
                self.seen += 1;
                bytes = rest;
                let [_, length @ ..] = self.prefix;
                self.left = u32::from_be_bytes(length);
            } else {
                let most = usize::try_from(self.left).unwrap_or(usize::MAX);
                let (piece, rest) = bytes.split_at_checked(most).unwrap_or((bytes, &[]));
                self.left -= u32::try_from(piece.len()).unwrap_or(self.left);
                bytes = rest;
                if self.left > 0 {
                    return;
                }
                self.seen = 0;
                if self
                    .prefix
                    .first()
                    .is_some_and(|flags| flags & TRAILERS == 0)
                {
                    on_event(Event::default());
                }
            }
        }
    }

    /// The message that was under way when the stream ended is not whole: there is none.
    pub const fn finish(&mut self) -> Option<Event<'_>> {
        None
    }

    /// Bytes held: none, for nothing is looked into.
    pub const fn held(&self) -> usize {
        0
    }

    /// Gives them back.
    pub const fn shed(&mut self) {}

    /// Bytes were lost: the rest is not counted.
    pub fn gap(&mut self) {
        self.lost = true;
    }

    /// Whether the rest was left out.
    pub fn skipped(&self) -> u64 {
        u64::from(self.lost)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn count(wire: &[u8], size: usize) -> usize {
        let mut parser = Grpc::default();
        let mut events = 0;
        for piece in wire.chunks(size) {
            parser.feed(piece, &mut |_| events += 1);
        }
        events
    }

    #[test]
    fn messages_are_counted_when_they_are_complete() {
        let wire = b"\x00\x00\x00\x00\x03abc\x01\x00\x00\x00\x00\x80\x00\x00\x00\x02ab\x00\x00\x00\x00\x02a";
        for size in 1..=wire.len() {
            assert_eq!(count(wire, size), 2, "in pieces of {size}");
        }
    }

    #[test]
    fn behind_a_loss_nothing_is_counted() {
        let mut parser = Grpc::default();
        parser.gap();
        parser.feed(b"\x00\x00\x00\x00\x00", &mut |_| panic!("an event"));
        assert_eq!(parser.skipped(), 1);
    }

    proptest! {
        #[test]
        fn any_bytes_in_any_pieces(
            bytes in proptest::collection::vec(prop_oneof![4 => Just(0), 1 => any::<u8>()], 0..200),
            size in 1_usize..20,
        ) {
            prop_assert_eq!(count(&bytes, size), count(&bytes, usize::MAX));
        }
    }
}
