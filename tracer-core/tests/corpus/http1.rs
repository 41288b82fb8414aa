//! Recordings as HTTP/1.1 messages.

use std::io::Write;

use crate::{
    random::Random,
    recording::{Request, Response},
    way::Cut,
};

/// Headers that belong to the framing.
pub const FRAMING: [&str; 4] = ["host", "content-length", "transfer-encoding", "connection"];

/// The bytes of a request.
pub fn request(request: &Request) -> Vec<u8> {
    let (host, path) = request.target();
    let mut out = Vec::new();
    write!(
        out,
        "{} {path} HTTP/1.1\r\nHost: {host}\r\n",
        request.method
    )
    .expect("memory");
    headers(&mut out, &request.headers);
    write!(out, "Content-Length: {}\r\n\r\n", request.body.len()).expect("memory");
    out.extend_from_slice(&request.body);
    out
}

/// The bytes of a response, in the pieces in which it is read: with its length where the recording
/// had one, else in chunks.
pub fn response(response: &Response, cut: Cut, random: &mut Random) -> Vec<Vec<u8>> {
    let mut head = Vec::new();
    write!(head, "HTTP/1.1 {} Whatever\r\n", response.status).expect("memory");
    headers(&mut head, &response.headers);
    if response.has("content-length") {
        write!(head, "Content-Length: {}\r\n\r\n", response.body.len()).expect("memory");
        let mut pieces = vec![head];
        pieces.extend(
            cut.pieces(&response.body, random)
                .into_iter()
                .map(Vec::from),
        );
        return cut.gathered(pieces);
    }
    head.extend_from_slice(b"Transfer-Encoding: chunked\r\n\r\n");
    let mut pieces = vec![head];
    for data in cut.pieces(&response.body, random) {
        let mut chunk = Vec::new();
        write!(chunk, "{:x}\r\n", data.len()).expect("memory");
        chunk.extend_from_slice(data);
        chunk.extend_from_slice(b"\r\n");
        pieces.push(chunk);
    }
    pieces.push(b"0\r\n\r\n".to_vec());
    cut.gathered(pieces)
}

fn headers(out: &mut Vec<u8>, headers: &[(String, String)]) {
    for (name, value) in headers {
        if !FRAMING.iter().any(|own| name.eq_ignore_ascii_case(own)) {
            write!(out, "{name}: {value}\r\n").expect("memory");
        }
    }
}
