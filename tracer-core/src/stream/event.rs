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
}
