//! Recordings as HTTP/2 exchanges: several at once on a connection, their frames in turns.

use crate::{
    frames::{Compression, END_STREAM, PREFACE, SETTINGS, data, frame},
    http1::FRAMING,
    random::Random,
    recording::{Request, Response},
    way::Cut,
};

/// Bytes of a DATA frame where a body is not cut otherwise.
const FRAME_BYTES: usize = 16 << 10;
/// Headers that HTTP/2 does not have (RFC 9113 section 8.2.2).
const NONE_OF_HTTP2: [&str; 3] = ["keep-alive", "proxy-connection", "upgrade"];

/// One connection being written.
#[derive(Default)]
pub struct Connection {
    requests: Compression,
    responses: Compression,
}

impl Connection {
    /// What both sides send first.
    pub fn greetings() -> (Vec<u8>, Vec<u8>) {
        let settings = frame(SETTINGS, 0, 0, b"");
        ([PREFACE, &settings].concat(), settings)
    }

    /// The stream of the exchange with this number.
    const fn stream(number: u32) -> u32 {
        number * 2 + 1
    }

    /// The frames of a request.
    pub fn request(&mut self, number: u32, request: &Request) -> Vec<u8> {
        let (host, path) = request.target();
        let headers = lower(&request.headers);
        let length = request.body.len().to_string();
        let mut fields = vec![
            (":method", request.method.as_str()),
            (":scheme", "https"),
            (":authority", host),
            (":path", path),
        ];
        fields.extend(headers.iter().map(|(name, value)| (&**name, &**value)));
        fields.push(("content-length", &length));
        let stream = Self::stream(number);
        if request.body.is_empty() {
            return self.requests.headers(stream, &fields, END_STREAM);
        }
        let mut frames = self.requests.headers(stream, &fields, 0);
        frames.extend(data(stream, &request.body, FRAME_BYTES));
        frames
    }

    /// The frames of a response, each for itself.
    pub fn response(
        &mut self,
        number: u32,
        response: &Response,
        cut: Cut,
        random: &mut Random,
    ) -> Vec<Vec<u8>> {
        let status = response.status.to_string();
        let headers = lower(&response.headers);
        let length = response.body.len().to_string();
        let mut fields = vec![(":status", status.as_str())];
        fields.extend(headers.iter().map(|(name, value)| (&**name, &**value)));
        if response.has("content-length") {
            fields.push(("content-length", &length));
        }
        let stream = Self::stream(number);
        let mut frames = vec![self.responses.headers(stream, &fields, 0)];
        for piece in cut.pieces(&response.body, random) {
            frames.extend(
                piece
                    .chunks(FRAME_BYTES)
                    .map(|part| frame(0, 0, stream, part)),
            );
        }
        frames.push(frame(0, END_STREAM, stream, b""));
        frames
    }
}

fn lower(headers: &[(String, String)]) -> Vec<(String, String)> {
    let absent = |name: &str| FRAMING.contains(&name) || NONE_OF_HTTP2.contains(&name);
    headers
        .iter()
        .map(|(name, value)| (name.to_ascii_lowercase(), value.clone()))
        .filter(|(name, _)| !absent(name))
        .collect()
}
