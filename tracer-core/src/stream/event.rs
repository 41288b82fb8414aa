//! One event of a stream, whatever framing it came in.

/// An event. Bytes are as sent: UTF-8 unless the peer is at fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Event<'a> {
    /// Its type, if the framing names one: of server-sent events the last `event` field, empty for
    /// `message`; of an event stream `:event-type`, or the type of an exception, or the code of an
    /// error.
    pub event: &'a [u8],
    /// Its payload: of server-sent events the `data` fields, joined by line feeds.
    pub data: &'a [u8],
    /// Server-sent events only: the last event id of the stream, empty if none was set.
    pub id: &'a [u8],
    /// The framing itself says that the event tells of a failure: a frame of an event stream that
    /// is an exception or an error.
    pub is_error: bool,
    /// Events of the stream that were left out before it: too long, damaged, or hit by a loss.
    pub left_out: u64,
}

impl Event<'_> {
    /// The same behind so many events that were left out.
    pub(super) fn behind(self, left_out: u64) -> Self {
        Self { left_out, ..self }
    }
}
