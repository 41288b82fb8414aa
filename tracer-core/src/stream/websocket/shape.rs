//! Recognises a WebSocket in the middle of its connection, by what a read or write begins with.
//!
//! Bias: towards no. Reads need not begin with a frame, and those that do not tell nothing.

use super::{
    Sender,
    frame::{Header, HeaderBuffer, Opcode},
};

/// Whose frame bytes begin with, if it holds the beginning of a JSON object in plain text.
pub(crate) fn message_of(bytes: &[u8]) -> Option<Sender> {
    let (sender, mut header, payload) = frame(bytes)?;
    let mut starts = false;
    header
        .mask
        .apply(payload.get(..2).unwrap_or_default(), &mut |plain| {
            starts = matches!(plain, b"{\"" | b"{\n" | b"{}");
        });
    (header.opcode == Opcode::Message && !header.compressed && starts).then_some(sender)
}

/// Whose frames bytes are, if they are nothing but whole frames and one of them has data.
pub(crate) fn frames_of(bytes: &[u8]) -> Option<Sender> {
    // A message that goes on would be one, too, but so would be much else.
    if bytes.first()? & 0x0f == 0 {
        return None;
    }
    let (first, ..) = frame(bytes)?;
    let mut rest = bytes;
    let mut has_data = false;
    while !rest.is_empty() {
        let (sender, header, payload) = frame(rest)?;
        let length = usize::try_from(header.length).ok()?;
        if sender != first || header.opcode == Opcode::Reserved {
            return None;
        }
        has_data |= header.opcode == Opcode::Message && length > 1;
        rest = payload.get(length..)?;
    }
    has_data.then_some(first)
}

/// The frame that bytes begin with: who sends it, its header, and what follows that.
fn frame(bytes: &[u8]) -> Option<(Sender, Header, &[u8])> {
    let mut buffer = HeaderBuffer::default();
    let payload = buffer.feed(bytes);
    let header = buffer.header()?;
    buffer
        .is_shortest(&header)
        .then_some((buffer.sender(), header, payload))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_of_json_tell_who_sends_them() {
        assert_eq!(message_of(b"\x81\x02{}"), Some(Sender::Server));
        assert_eq!(message_of(b"\x01\x7e\x01\0{\"a"), Some(Sender::Server));
        let masked = b"\x81\x82\x01\x02\x03\x04\x7a\x7f";
        assert_eq!(message_of(masked), Some(Sender::Client));
        for other in [
            &b"\x81\x02[]"[..],
            b"\xc1\x02{}",
            b"\x81\x7e\0\x02{}",
            b"\x89\x02{}",
            b"\x81",
            b"POST / HTTP/1.1",
            b"\x16\x03\x01\x02\0\x01\0\x01",
        ] {
            assert_eq!(message_of(other), None, "{other:?}");
        }
    }

    #[test]
    fn whole_frames_tell_who_sends_them() {
        assert_eq!(frames_of(b"\xc1\x02ab"), Some(Sender::Server));
        assert_eq!(frames_of(b"\x89\0\xc1\x02ab"), Some(Sender::Server));
        assert_eq!(frames_of(b"\xc1\x82\0\0\0\0ab"), Some(Sender::Client));
        for other in [
            &b"\xc1\x02a"[..],
            b"\xc1\x02abc",
            b"\x89\0",
            b"\xc1\x02ab\xc1\x82\0\0\0\0ab",
            b"\0\0\0\x04\0\0\0\0\0",
            b"",
        ] {
            assert_eq!(frames_of(other), None, "{other:?}");
        }
    }
}
