//! What a connection speaks and on which side of it the process is.
//!
//! Judged by how the first bytes of a turn begin: a request line, a status line or the preface of
//! HTTP/2. The agent may have come when the connection was in the middle of a body, so bytes that
//! are neither say little. In the middle of an HTTP/2 connection no turn begins with anything but
//! frames: these are followed until one of them has the headers of a request or a response. In the
//! middle of a WebSocket some write begins with a message.
//!
//! Bias: towards HTTP. Known methods followed by a plausible target are believed without the rest
//! of the line: a wrong yes costs some parsing, a wrong no loses every call of the connection. Only
//! after [`TURNS_UNTIL_OPAQUE`] beginnings that were neither is a connection called opaque; an
//! HTTP/1 connection that was attached to in a body shows a request within two. Frames must be
//! strict ones without an exception, as there is nothing else to tell them by.

use crate::{
    http::h2::{FrameProbe, PREFACE, Probed, Start},
    segment::{Arrival, Direction},
    stream::websocket::{Sender, frames_of, message_of},
};

/// Beginnings of turns (counted in each direction) that look like nothing known until a connection
/// is given up.
pub const TURNS_UNTIL_OPAQUE: u8 = 4;

/// What a connection speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// HTTP/1.0 or HTTP/1.1.
    Http1(Role),
    /// HTTP/2, and from where on it is seen.
    Http2(Role, Start),
    /// WebSocket, whose handshake was not seen.
    WebSocket(Role),
    /// Nothing that is understood here.
    Opaque,
}

/// On which side the observed process is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Role {
    /// It sends the requests.
    #[default]
    Client,
    /// It answers them.
    Server,
}

impl Role {
    /// The direction in which requests go.
    pub const fn requests(self) -> Direction {
        match self {
            Self::Client => Direction::Outbound,
            Self::Server => Direction::Inbound,
        }
    }

    /// That of the other side.
    pub const fn opposite(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }
}

/// Pieces and how they came.
pub type Pieces = Vec<(Arrival, Box<[u8]>)>;

/// Finds out the protocol of one connection from its first pieces.
#[derive(Debug, Default)]
pub struct Detector {
    protocol: Option<Protocol>,
    outbound: Beginning,
    inbound: Beginning,
    strange: u8,
    held: Pieces,
    /// Bytes of the last piece that need not reach the parser: they are held, or no frames of use.
    used: usize,
}

/// The latest beginning of a turn in one direction.
#[derive(Debug, Default)]
struct Beginning {
    turn: Option<u32>,
    /// Its bytes as long as they may still become a beginning of HTTP.
    bytes: Vec<u8>,
    /// Frames that began with it, or with an earlier one.
    frames: Option<Box<FrameProbe>>,
    /// Some turn was strange unless these are frames.
    doubt: bool,
    /// Who sent frames of WebSocket in it, if somebody did.
    messages: Option<Sender>,
}

impl Detector {
    /// Takes the next piece; returns the protocol once it is known, and from then on the same.
    ///
    /// Pieces that were too short to judge are kept: when this returns a protocol for the first
    /// time, they are in [`take_held`](Self::take_held), before this piece.
    pub fn piece(&mut self, arrival: Arrival, bytes: &[u8]) -> Option<Protocol> {
        if self.protocol.is_none() && !bytes.is_empty() {
            self.protocol = self.judge(arrival, bytes);
        }
        self.protocol
    }

    /// What came before the protocol was known and may matter to its parser, and from where on the
    /// last piece does: some dozens of bytes, or one frame.
    pub fn take_held(&mut self) -> (Pieces, usize) {
        (std::mem::take(&mut self.held), self.used)
    }

    fn beginning(&mut self, direction: Direction) -> &mut Beginning {
        match direction {
            Direction::Outbound => &mut self.outbound,
            Direction::Inbound => &mut self.inbound,
        }
    }

    /// Bytes of a direction were lost: what was kept of it does not go on with the next piece.
    pub fn gap(&mut self, direction: Direction) {
        if self.protocol.is_none() {
            self.forget(direction);
            self.beginning(direction).frames = None;
        }
    }

    fn judge(&mut self, arrival: Arrival, bytes: &[u8]) -> Option<Protocol> {
        let beginning = self.beginning(arrival.direction);
        let fresh = beginning.turn.replace(arrival.turn) != Some(arrival.turn);
        let undecided = !beginning.bytes.is_empty();
        if fresh && undecided {
            // The last turn was over before it could be told what it was.
            self.strange(arrival.direction);
        }
        if let Some(verdict) = self.verdict(arrival.direction) {
            return Some(verdict);
        }
        if let Some(found) = self.judge_messages(arrival.direction, bytes) {
            return Some(found);
        }
        let beginning = self.beginning(arrival.direction);
        if fresh {
            beginning.frames.get_or_insert_default();
        }
        let begun = if fresh || undecided {
            self.judge_beginning(arrival, bytes)
        } else {
            None
        };
        begun
            .or_else(|| self.judge_frames(arrival, bytes))
            .or_else(|| self.verdict(arrival.direction))
    }

    /// Judges the first bytes of a turn, those before this piece included.
    fn judge_beginning(&mut self, arrival: Arrival, bytes: &[u8]) -> Option<Protocol> {
        let beginning = self.beginning(arrival.direction);
        let look = if beginning.bytes.is_empty() {
            looks(bytes)
        } else {
            beginning
                .bytes
                .extend_from_slice(bytes.get(..LONGEST_BEGINNING).unwrap_or(bytes));
            looks(&beginning.bytes)
        };
        match look {
            Look::Partial => {
                if beginning.bytes.is_empty() {
                    beginning.bytes.extend_from_slice(bytes);
                }
                self.held.push((arrival, bytes.into()));
                None
            }
            Look::Strange => {
                self.strange(arrival.direction);
                None
            }
            Look::Tls => Some(Protocol::Opaque),
            Look::Request => Some(Protocol::Http1(sender(arrival.direction))),
            Look::Response => Some(Protocol::Http1(sender(arrival.direction.opposite()))),
            Look::Http2 => Some(Protocol::Http2(sender(arrival.direction), Start::Preface)),
        }
    }

    /// What may be frames of WebSocket: one message of JSON settles it, else both directions must
    /// have brought nothing but whole frames in some read or write.
    fn judge_messages(&mut self, direction: Direction, bytes: &[u8]) -> Option<Protocol> {
        let client = |sent_by| match sent_by {
            Sender::Client => direction,
            Sender::Server => direction.opposite(),
        };
        if let Some(sent_by) = message_of(bytes) {
            return Some(Protocol::WebSocket(sender(client(sent_by))));
        }
        let sent_by = frames_of(bytes)?;
        self.beginning(direction).messages = Some(sent_by);
        let other = self.beginning(direction.opposite()).messages;
        (other.is_some() && other != Some(sent_by))
            .then(|| Protocol::WebSocket(sender(client(sent_by))))
    }

    /// More of what may be frames.
    fn judge_frames(&mut self, arrival: Arrival, bytes: &[u8]) -> Option<Protocol> {
        let direction = arrival.direction;
        let mut frames = self.beginning(direction).frames.take()?;
        let (role, used) = match frames.piece(arrival, bytes) {
            Probed::Open => {
                self.beginning(direction).frames = Some(frames);
                return None;
            }
            Probed::Strange => {
                if std::mem::take(&mut self.beginning(direction).doubt) {
                    self.count_strange(direction);
                }
                return None;
            }
            Probed::Client(used) => (sender(direction), used),
            Probed::Server(used) => (sender(direction.opposite()), used),
        };
        self.held = frames.into_held();
        self.used = used;
        Some(Protocol::Http2(role, Start::Frame(direction)))
    }

    /// A turn in `direction` began with nothing known: its bytes matter to no parser of HTTP/1.
    fn strange(&mut self, direction: Direction) {
        self.forget(direction);
        self.count_strange(direction);
    }

    /// A turn in `direction` was strange. If it may be frames, or go on in the middle of one while the
    /// other direction has frames, it counts only once there are none.
    fn count_strange(&mut self, direction: Direction) {
        let other = self.beginning(direction.opposite());
        let other_has_frames = other
            .frames
            .as_ref()
            .is_some_and(|frames| frames.has_some());
        if self.beginning(direction).frames.is_some() {
            self.beginning(direction).doubt = true;
        } else if other_has_frames {
            self.beginning(direction.opposite()).doubt = true;
        } else {
            self.strange = self.strange.saturating_add(1);
        }
    }

    /// What was kept of a turn is no beginning of HTTP/1.
    fn forget(&mut self, direction: Direction) {
        self.beginning(direction).bytes = Vec::new();
        self.held.retain(|(held, _)| held.direction != direction);
    }

    /// Given up, unless a turn in `direction` has begun that may still be something.
    fn verdict(&mut self, direction: Direction) -> Option<Protocol> {
        let undecided = !self.beginning(direction).bytes.is_empty();
        (!undecided && self.strange >= TURNS_UNTIL_OPAQUE).then_some(Protocol::Opaque)
    }
}

/// The role of the process if requests go in `direction`.
const fn sender(direction: Direction) -> Role {
    match direction {
        Direction::Outbound => Role::Client,
        Direction::Inbound => Role::Server,
    }
}

/// How bytes at the beginning of a turn look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    /// Like a request line of HTTP/1.
    Request,
    /// Like a status line of HTTP/1.
    Response,
    /// Like the connection preface of HTTP/2.
    Http2,
    /// Like a handshake of TLS, in a tunnel: what it hides is seen where it is read.
    Tls,
    /// Too short to tell, but so far like one of them.
    Partial,
    /// Like none of them.
    Strange,
}

/// RFC 9110 section 9, and PATCH of RFC 5789.
const METHODS: [&[u8]; 9] = [
    b"POST", b"GET", b"PUT", b"HEAD", b"DELETE", b"OPTIONS", b"PATCH", b"CONNECT", b"TRACE",
];
const STATUS_LINE: &[u8] = b"HTTP/1.";
/// No look needs more bytes than these.
const LONGEST_BEGINNING: usize = BLANK_BYTES + PREFACE.len();

/// A frame of the usual size.
#[cfg(any(test, feature = "fuzzing"))]
const LONGEST_FRAME: usize = (16 << 10) + 9;

/// Empty lines that may come before a message (RFC 9112 section 2.2), in bytes.
const BLANK_BYTES: usize = 4;

/// Judges the beginning of a message.
pub(crate) fn looks(bytes: &[u8]) -> Look {
    let blank = bytes
        .iter()
        .take(BLANK_BYTES)
        .take_while(|byte| matches!(byte, b'\r' | b'\n'))
        .count();
    let bytes = bytes.get(blank..).unwrap_or_default();
    if let Some(look) = begins(bytes, STATUS_LINE, Look::Response) {
        return look;
    }
    if let Some(look) = begins(bytes, PREFACE, Look::Http2) {
        return look;
    }
    match bytes {
        // A record of a handshake, of any version since 3.0: RFC 8446 section 5.1.
        [0x16, 3, 0..=4, ..] => return Look::Tls,
        [0x16] | [0x16, 3] => return Look::Partial,
        _ => {}
    }
    for method in METHODS {
        match bytes.strip_prefix(method) {
            Some([]) | Some([b' ']) => return Look::Partial,
            // Origin form, asterisk form, absolute form or the authority of a CONNECT.
            Some(
                [
                    b' ',
                    b'/' | b'*' | b'[' | b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9',
                    ..,
                ],
            ) => {
                return Look::Request;
            }
            Some(_) => return Look::Strange,
            None if method.starts_with(bytes) => return Look::Partial,
            None => {}
        }
    }
    Look::Strange
}

fn begins(bytes: &[u8], pattern: &[u8], look: Look) -> Option<Look> {
    if bytes.starts_with(pattern) {
        Some(look)
    } else if pattern.starts_with(bytes) {
        Some(Look::Partial)
    } else {
        None
    }
}

/// Any pieces: what is held stays small, and a protocol once known stays.
#[cfg(any(test, feature = "fuzzing"))]
pub fn fuzz_detect(mut data: &[u8]) {
    let mut detector = Detector::default();
    let mut known = None;
    let mut turn = 0;
    while let [what, length, rest @ ..] = data {
        turn += u32::from(what & 2 != 0);
        let direction = if what & 1 == 0 {
            Direction::Outbound
        } else {
            Direction::Inbound
        };
        let (piece, after) = rest.split_at(usize::from(*length).min(rest.len()));
        let arrival = Arrival {
            direction,
            time: crate::time::Timestamp::default(),
            turn,
        };
        let protocol = detector.piece(arrival, piece);
        assert!(known.is_none() || known == protocol);
        let held: usize = detector.held.iter().map(|(_, bytes)| bytes.len()).sum();
        assert!(held <= 2 * LONGEST_BEGINNING + LONGEST_FRAME);
        for beginning in [&detector.outbound, &detector.inbound] {
            let frames = beginning.frames.as_ref();
            assert!(frames.is_none_or(|frames| frames.held_bytes() <= LONGEST_FRAME));
        }
        known = protocol;
        data = after;
    }
}

#[cfg(test)]
mod tests;
