//! One direction of a WebSocket connection (RFC 6455), behind its handshake.
//!
//! Messages come out piece by piece, unmasked and decompressed (RFC 7692), and are never gathered:
//! who receives them decides what to keep. Control frames between the fragments of a message are
//! passed over, but for the end of the connection.
//!
//! A loss within a payload costs one message, since its length tells where the next frame begins;
//! and all that follow if they are compressed and refer to what went before. A loss of a frame's
//! header costs the framing: it is found again where a write begins like an uncompressed message of
//! JSON. Bias: towards absence, so nothing short of a whole header that keeps all rules and a brace
//! counts, or where messages may be compressed a write that is nothing but whole frames. Wrong either
//! way costs the messages up to the next such write.

mod deflate;
mod frame;
mod shape;

pub use self::deflate::PerMessageDeflate;
pub(crate) use self::shape::{frames_of, message_of};
use self::{
    deflate::Inflater,
    frame::{Header, HeaderBuffer, Mask, Opcode},
};
use crate::limits::Limits;

/// What a direction brings next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part<'a> {
    /// A message begins.
    Begin,
    /// More of it.
    Data(&'a [u8]),
    /// It is complete.
    End,
    /// The rest of it, or all, cannot be read.
    Broken(Defect),
    /// The sender is about to leave, with this code if it gave one.
    Close(Option<u16>),
}

/// Why a message cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Defect {
    /// Bytes were lost, in it or in one that it refers to.
    Lost,
    /// It breaks the rules of the protocol or of its compression.
    Malformed,
    /// It grows beyond what a compressed message may.
    OverBound,
}

/// Where the parts go.
pub type Parts<'s> = dyn FnMut(Part<'_>) + 's;

/// An incremental parser of one direction.
#[derive(Debug)]
pub struct WebSocket {
    sender: Sender,
    state: State,
    message: Message,
    /// Payloads may be compressed.
    inflater: Option<Inflater>,
}

/// Who sends in this direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sender {
    /// Its frames are masked.
    Client,
    /// Its frames are not.
    Server,
}

#[derive(Debug)]
enum State {
    /// A frame begins, or its header is not complete.
    Header(HeaderBuffer),
    Payload(Payload),
    /// Where frames begin is unknown.
    Lost,
}

/// The payload of a frame while it comes in.
#[derive(Debug)]
struct Payload {
    kind: PayloadKind,
    left: u64,
    mask: Mask,
}

#[derive(Debug, Clone, Copy)]
enum PayloadKind {
    /// A message, or its last or some other fragment.
    Data { last: bool },
    /// The first bytes of the code of a close.
    Close { code: [u8; 2], seen: u8 },
    /// A ping or pong.
    Ignored,
}

/// The message under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Message {
    None,
    Plain,
    Compressed,
    /// It was reported as broken.
    Broken,
}

impl WebSocket {
    /// A direction at its beginning, with the compression that the handshake settled.
    pub fn new(sender: Sender, deflate: Option<PerMessageDeflate>, limits: &Limits) -> Self {
        Self {
            sender,
            state: State::Header(HeaderBuffer::default()),
            message: Message::None,
            inflater: deflate.map(|deflate| Inflater::new(deflate.resets(sender), limits)),
        }
    }

    /// A direction of which the beginning was not seen. What is compressed there may refer to it, and
    /// cannot be read.
    pub fn attached(sender: Sender, limits: &Limits) -> Self {
        let mut inflater = Inflater::new(false, limits);
        inflater.lose();
        Self {
            sender,
            state: State::Lost,
            message: Message::None,
            inflater: Some(inflater),
        }
    }

    /// Takes the next bytes.
    pub fn feed(&mut self, mut bytes: &[u8], parts: &mut Parts<'_>) {
        if matches!(self.state, State::Lost) && self.is_found(bytes) {
            self.state = State::Header(HeaderBuffer::default());
        }
        while !bytes.is_empty() {
            bytes = match &mut self.state {
                State::Lost => return,
                State::Header(buffer) => {
                    let rest = buffer.feed(bytes);
                    if let Some(header) = buffer.header() {
                        self.begin_frame(header, parts);
                    }
                    rest
                }
                State::Payload(_) => self.read_payload(bytes, parts),
            };
        }
    }

    /// So many bytes of this direction were lost here.
    pub fn gap(&mut self, missing: u64, parts: &mut Parts<'_>) {
        match &mut self.state {
            State::Payload(payload) if missing <= payload.left => {
                payload.left -= missing;
                payload.mask.skip(missing);
                if let PayloadKind::Data { .. } = payload.kind {
                    self.break_message(Defect::Lost, parts);
                } else {
                    payload.kind = PayloadKind::Ignored;
                }
                self.end_frame(parts);
            }
            _ => self.lose(Defect::Lost, parts),
        }
    }

    /// Bytes held, those of the decompressor.
    pub fn held(&self) -> usize {
        self.inflater.as_ref().map_or(0, Inflater::held)
    }

    /// Frames are found again here. Whole ones count only if messages may be compressed: those in
    /// plain text show themselves.
    fn is_found(&self, bytes: &[u8]) -> bool {
        let found = match (&self.inflater, message_of(bytes)) {
            (Some(_), None) => frames_of(bytes),
            (_, message) => message,
        };
        found == Some(self.sender)
    }

    /// A message has begun and not ended.
    fn is_open(&self) -> bool {
        matches!(self.message, Message::Plain | Message::Compressed)
    }

    fn begin_frame(&mut self, header: Header, parts: &mut Parts<'_>) {
        let kind = match header.opcode {
            Opcode::Continuation => {
                // The beginning of the message was lost.
                if self.message == Message::None {
                    self.message = Message::Broken;
                }
                PayloadKind::Data { last: header.last }
            }
            Opcode::Message => {
                self.break_message(Defect::Malformed, parts);
                self.begin_message(header.compressed, parts);
                PayloadKind::Data { last: header.last }
            }
            Opcode::Close => PayloadKind::Close {
                code: [0; 2],
                seen: 0,
            },
            Opcode::Ping => PayloadKind::Ignored,
            Opcode::Reserved => return self.lose(Defect::Malformed, parts),
        };
        self.state = State::Payload(Payload {
            kind,
            left: header.length,
            mask: header.mask,
        });
        self.end_frame(parts);
    }

    fn begin_message(&mut self, compressed: bool, parts: &mut Parts<'_>) {
        parts(Part::Begin);
        self.message = match (&self.inflater, compressed) {
            (_, false) => Message::Plain,
            (Some(inflater), true) if inflater.is_usable() => Message::Compressed,
            (inflater, true) => {
                // What it refers to was lost, or nothing was settled about its compression.
                let lost = inflater.is_some();
                parts(Part::Broken(if lost {
                    Defect::Lost
                } else {
                    Defect::Malformed
                }));
                Message::Broken
            }
        };
    }

    /// Reads the payload of the current frame; returns what follows it.
    fn read_payload<'a>(&mut self, bytes: &'a [u8], parts: &mut Parts<'_>) -> &'a [u8] {
        let State::Payload(payload) = &mut self.state else {
            return bytes;
        };
        let most = usize::try_from(payload.left).unwrap_or(usize::MAX);
        let (piece, rest) = bytes.split_at_checked(most).unwrap_or((bytes, &[]));
        payload.left -= piece.len() as u64;
        match &mut payload.kind {
            PayloadKind::Ignored => {}
            PayloadKind::Close { code, seen } => payload.mask.apply(piece, &mut |plain| {
                for (place, byte) in code.iter_mut().skip((*seen).into()).zip(plain) {
                    *place = *byte;
                    *seen += 1;
                }
            }),
            PayloadKind::Data { .. } => {
                let (message, inflater) = (&mut self.message, &mut self.inflater);
                if *message == Message::Broken {
                    payload.mask.skip(piece.len() as u64);
                } else {
                    payload
                        .mask
                        .apply(piece, &mut |plain| message.take(plain, inflater, parts));
                }
            }
        }
        self.end_frame(parts);
        rest
    }

    /// Ends the frame under way if its payload is complete, and with it what it ends.
    fn end_frame(&mut self, parts: &mut Parts<'_>) {
        let State::Payload(Payload { kind, left: 0, .. }) = self.state else {
            return;
        };
        self.state = State::Header(HeaderBuffer::default());
        match kind {
            PayloadKind::Data { last: true } => {
                self.message.end(&mut self.inflater, parts);
                self.message = Message::None;
            }
            PayloadKind::Close { code, seen } => {
                parts(Part::Close((seen == 2).then_some(u16::from_be_bytes(code))));
            }
            PayloadKind::Data { last: false } | PayloadKind::Ignored => {}
        }
    }

    /// Nothing more can be told until frames are found again.
    fn lose(&mut self, defect: Defect, parts: &mut Parts<'_>) {
        self.break_message(defect, parts);
        // A compressed message may have been in what was lost.
        if let Some(inflater) = &mut self.inflater {
            inflater.lose();
        }
        self.message = Message::None;
        self.state = State::Lost;
    }

    /// The message under way, if any, is broken.
    fn break_message(&mut self, defect: Defect, parts: &mut Parts<'_>) {
        if self.message == Message::Compressed
            && let Some(inflater) = &mut self.inflater
        {
            inflater.lose();
        }
        if self.is_open() {
            parts(Part::Broken(defect));
            self.message = Message::Broken;
        }
    }
}

impl Message {
    /// Takes bytes of its payload, unmasked.
    fn take(&mut self, bytes: &[u8], inflater: &mut Option<Inflater>, parts: &mut Parts<'_>) {
        match (*self, inflater) {
            (Self::Plain, _) => parts(Part::Data(bytes)),
            (Self::Compressed, Some(inflater)) => {
                let result = inflater.feed(bytes, &mut |data| parts(Part::Data(data)));
                self.settle(result, parts);
            }
            _ => {}
        }
    }

    /// Its last frame is complete.
    fn end(&mut self, inflater: &mut Option<Inflater>, parts: &mut Parts<'_>) {
        if let (Self::Compressed, Some(inflater)) = (*self, inflater) {
            let result = inflater.end_message(&mut |data| parts(Part::Data(data)));
            self.settle(result, parts);
        }
        if matches!(self, Self::Plain | Self::Compressed) {
            parts(Part::End);
        }
    }

    fn settle(&mut self, result: Result<(), Defect>, parts: &mut Parts<'_>) {
        if let Err(defect) = result {
            parts(Part::Broken(defect));
            *self = Self::Broken;
        }
    }
}

#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzz;
#[cfg(test)]
mod tests;
