//! Headers of a frame: name, type, value, one after the other.

use crate::stream::event::Event;

/// What a frame's headers say of it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Headers<'a> {
    message_type: &'a [u8],
    event_type: &'a [u8],
    exception_type: &'a [u8],
    error_code: &'a [u8],
}

impl<'a> Headers<'a> {
    /// Reads all of them; `None` if they make no sense.
    pub(super) fn parse(mut bytes: &'a [u8]) -> Option<Self> {
        let mut headers = Self::default();
        while !bytes.is_empty() {
            let name = take_sized(&mut bytes)?;
            let value = take_value(&mut bytes)?;
            match name {
                b":message-type" => headers.message_type = value,
                b":event-type" => headers.event_type = value,
                b":exception-type" => headers.exception_type = value,
                b":error-code" => headers.error_code = value,
                _ => {}
            }
        }
        Some(headers)
    }

    /// The event with this payload. An exception is one that the service models, an error one that
    /// it does not; both end the stream.
    pub(super) fn event(&self, payload: &'a [u8]) -> Event<'a> {
        let (event, is_error) = match self.message_type {
            b"exception" => (self.exception_type, true),
            b"error" => (self.error_code, true),
            _ => (self.event_type, false),
        };
        Event {
            event,
            data: payload,
            is_error,
            ..Event::default()
        }
    }
}

/// A value that stands behind its length of one byte.
fn take_sized<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = take(bytes, 1)?.first().copied()?;
    take(bytes, length.into())
}

/// The text or bytes of a value; nothing for all other types.
fn take_value<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let size = match take(bytes, 1)?.first()? {
        // True, false.
        0 | 1 => 0,
        // Integers of 1, 2, 4 and 8 bytes.
        2 => 1,
        3 => 2,
        4 => 4,
        5 => 8,
        // Bytes and text behind a length of two bytes.
        6 | 7 => {
            let length = take(bytes, 2)?.first_chunk().copied()?;
            return take(bytes, u16::from_be_bytes(length).into());
        }
        // A time, a UUID.
        8 => 8,
        9 => 16,
        _ => return None,
    };
    take(bytes, size).map(|_| &[][..])
}

fn take<'a>(bytes: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(taken)
}
