//! The events that every HTTP version is turned into.
//!
//! A parser (`h1`, `h2`) owns one connection, is fed segments and reports
//! these. Body bytes come without transfer coding and without content coding, as slices of
//! whatever size is at hand; nothing is buffered for the receiver.

use crate::{
    http::head::{Headers, RequestHead, ResponseHead},
    time::Timestamp,
};

/// Where the events of a connection go, in the order in which they happened.
pub type Sink<'s> = dyn FnMut(ExchangeEvent<'_>) + 's;

/// Number of an exchange within its connection, in order of the requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ExchangeId(pub u32);

/// One thing that happened to one exchange.
#[derive(Debug)]
pub struct ExchangeEvent<'a> {
    /// To which exchange.
    pub exchange: ExchangeId,
    /// Time of the segment that brought it.
    pub time: Timestamp,
    /// What.
    pub kind: ExchangeEventKind<'a>,
}

/// What can happen to an exchange. Per exchange: heads before bodies before ends; the response may
/// begin before the request has ended.
#[derive(Debug)]
pub enum ExchangeEventKind<'a> {
    /// The request line and headers are complete. `time` is that of the head's first byte.
    RequestHead(Box<RequestHead>),
    /// Decoded body bytes.
    RequestBody(&'a [u8]),
    /// So many wire bytes of the request body were not captured; what follows is from behind them.
    RequestGap(u64),
    /// No more of the request will come.
    RequestEnd(BodyEnd),
    /// The final (not 1xx) status line and headers are complete. `time` is that of the first byte.
    ResponseHead(Box<ResponseHead>),
    /// Decoded body bytes.
    ResponseBody(&'a [u8]),
    /// So many wire bytes of the response body were not captured; what follows is from behind them.
    ResponseGap(u64),
    /// Fields that followed the body of the response: what the allow list let through.
    ResponseTrailers(Box<Headers>),
    /// No more of the response will come; the exchange is over. Always the last event.
    ResponseEnd(BodyEnd),
}

/// How a body ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyEnd {
    /// By its framing (or by the end of the connection where the framing says so).
    Complete,
    /// The connection ended, or the next message began, before the framing was satisfied. For a
    /// response: the caller cancelled or the peer broke off.
    Cut,
    /// Bytes were not captured, in the middle or from here on; what was reported is right but
    /// not all.
    Gap {
        /// How many wire bytes are missing, as far as known.
        missing: u64,
    },
    /// It had not ended when the agent stopped looking; nothing is missing up to there.
    Open,
    /// A bound of ours was passed: the rest was not looked at.
    Truncated,
    /// The content coding was unknown or broken, or the framing made no sense, from here on.
    Undecodable,
}
