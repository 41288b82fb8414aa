//! A client and a server of WebSocket, as an observer of the client sees them.

use flate2::{Compress, Compression, FlushCompress};
use tracer_core::{
    llm::call::{Call, Captured},
    pipeline::{Output, Pipeline},
    segment::{ConnectionId, Direction, ProcessKey, Segment},
    time::Timestamp,
    verdict::Verdict,
};

/// How messages go over the wire.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    /// Bytes of a frame.
    pub fragment: usize,
    /// Bytes of a read or write.
    pub piece: usize,
    pub deflate: Deflate,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deflate {
    No,
    /// Messages refer to earlier ones.
    Takeover,
    /// Each message begins anew.
    Reset,
}

/// One connection through a pipeline of its own.
pub struct Wire {
    pipeline: Pipeline,
    style: Style,
    deflaters: [Option<Compress>; 2],
    offsets: [u64; 2],
    turn: u32,
    read: bool,
    now: u64,
    verdicts: Vec<Verdict>,
}

impl Wire {
    /// A connection on which this request asks for an upgrade and gets it.
    pub fn open(request: &str, style: Style) -> Self {
        let mut wire = Self::new(style);
        wire.bytes(Direction::Outbound, request.as_bytes());
        let extensions = match style.deflate {
            Deflate::No => "",
            Deflate::Takeover => "Sec-WebSocket-Extensions: permessage-deflate\r\n",
            Deflate::Reset => {
                "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; \
                 client_no_context_takeover\r\n"
            }
        };
        let response = format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n{extensions}\r\n"
        );
        wire.bytes(Direction::Inbound, response.as_bytes());
        wire
    }

    /// A connection on which nothing has happened.
    pub fn new(style: Style) -> Self {
        let deflater =
            || (style.deflate != Deflate::No).then(|| Compress::new(Compression::default(), false));
        Self {
            pipeline: Pipeline::default(),
            style,
            deflaters: [deflater(), deflater()],
            offsets: [0; 2],
            turn: 0,
            read: false,
            now: 1_700_000_000_000_000_000,
            verdicts: Vec::new(),
        }
    }

    /// The client sends a message.
    pub fn sent(&mut self, text: &str) {
        self.message(Direction::Outbound, text);
    }

    /// The server sends a message.
    pub fn received(&mut self, text: &str) {
        self.message(Direction::Inbound, text);
    }

    /// Bytes pass as they are.
    pub fn bytes(&mut self, direction: Direction, bytes: &[u8]) {
        for piece in bytes.chunks(self.style.piece) {
            self.piece(direction, piece, true);
        }
    }

    /// The server sends a message that is not captured.
    pub fn lose(&mut self, text: &str) {
        let wire = self.frames(Direction::Inbound, text);
        self.piece(Direction::Inbound, &wire, false);
    }

    /// The connection ends.
    pub fn close(&mut self) {
        let time = Timestamp::from_unix_nanos(self.now);
        self.pipeline.close(id(), time, None);
    }

    /// Calls since the last time.
    pub fn calls(&mut self) -> Vec<Call<Captured>> {
        let mut calls = Vec::new();
        while let Some(output) = self.pipeline.poll() {
            match output {
                Output::Call(call) => calls.push(*call),
                Output::Verdict(_, verdict) => self.verdicts.push(verdict),
                Output::LostExchanges(..) | Output::Step(_) | Output::Evaluation(_) => {}
            }
        }
        calls
    }

    /// The last verdict.
    pub fn verdict(&mut self) -> Option<Verdict> {
        self.verdicts.last().copied()
    }

    /// Bytes that the pipeline holds.
    pub fn held(&self) -> u64 {
        self.pipeline.stats().held_bytes
    }

    fn message(&mut self, direction: Direction, text: &str) {
        let wire = self.frames(direction, text);
        self.bytes(direction, &wire);
    }

    fn piece(&mut self, direction: Direction, bytes: &[u8], captured: bool) {
        let inbound = direction == Direction::Inbound;
        if !inbound && std::mem::take(&mut self.read) {
            self.turn += 1;
        }
        self.read |= inbound;
        let offset = &mut self.offsets[usize::from(inbound)];
        self.now += 1_000_000;
        if captured {
            self.pipeline.segment(&Segment {
                connection: id(),
                direction,
                offset: *offset,
                time: Timestamp::from_unix_nanos(self.now),
                turn: self.turn,
                bytes,
            });
        }
        *offset += bytes.len() as u64;
    }

    /// The frames of a message, with a ping behind each.
    fn frames(&mut self, direction: Direction, text: &str) -> Vec<u8> {
        let inbound = direction == Direction::Inbound;
        let deflate = self.style.deflate;
        let deflater = self.deflaters[usize::from(inbound)].as_mut();
        let payload = deflater.map_or_else(
            || text.as_bytes().to_vec(),
            |deflater| {
                if deflate == Deflate::Reset {
                    deflater.reset();
                }
                let mut out = Vec::with_capacity(text.len() + 1_000);
                deflater
                    .compress_vec(text.as_bytes(), &mut out, FlushCompress::Sync)
                    .expect("room");
                out.truncate(out.len() - 4);
                out
            },
        );
        let compressed = if deflate == Deflate::No { 0 } else { 0x40 };
        let mut wire = Vec::new();
        let last = payload.len().div_ceil(self.style.fragment) - 1;
        for (number, piece) in payload.chunks(self.style.fragment).enumerate() {
            let first = if number == 0 { 1 | compressed } else { 0 };
            let end = if number == last { 0x80 } else { 0 };
            frame(&mut wire, inbound, first | end, piece);
            frame(&mut wire, inbound, 0x89, b"ping");
        }
        wire
    }
}

fn frame(wire: &mut Vec<u8>, inbound: bool, first: u8, payload: &[u8]) {
    let mask = if inbound { 0 } else { 0x80 };
    wire.push(first);
    match payload.len() {
        length @ 0..126 => wire.push(mask | length as u8),
        length @ 126..0x1_0000 => {
            wire.push(mask | 126);
            wire.extend_from_slice(&(length as u16).to_be_bytes());
        }
        length => {
            wire.push(mask | 127);
            wire.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    let key: &[u8] = if inbound { &[0] } else { b"\x9c\x01\x7f\xe3" };
    if !inbound {
        wire.extend_from_slice(key);
    }
    wire.extend(
        payload
            .iter()
            .zip(key.iter().cycle())
            .map(|(byte, key)| byte ^ key),
    );
}

fn id() -> ConnectionId {
    ConnectionId {
        process: ProcessKey(1),
        handle: 1,
        generation: 1,
    }
}
