//! Recordings as HTTP/1.1 messages.

use std::io::Write;

use crate::{
    play::Random,
    recording::{Recording, Request, Response},
};

/// The bytes of the request and of the response; `None` for what is not HTTP alone.
pub fn frame(recording: &Recording, random: &mut Random) -> Option<(Vec<u8>, Vec<u8>)> {
    let response = recording.response.as_ref()?;
    Some((
        frame_request(&recording.request),
        frame_response(response, random),
    ))
}

fn frame_request(request: &Request) -> Vec<u8> {
    let (_, rest) = request.url.split_once("://").expect("an absolute address");
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let mut out = Vec::new();
    let path = if path.is_empty() { "/" } else { path };
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

/// With its length where the recording had one, else in chunks.
fn frame_response(response: &Response, random: &mut Random) -> Vec<u8> {
    let mut out = Vec::new();
    write!(out, "HTTP/1.1 {} Whatever\r\n", response.status).expect("memory");
    headers(&mut out, &response.headers);
    if response
        .headers
        .iter()
        .any(|(name, _)| name.eq_ignore_ascii_case("content-length"))
    {
        write!(out, "Content-Length: {}\r\n\r\n", response.body.len()).expect("memory");
        out.extend_from_slice(&response.body);
        return out;
    }
    out.extend_from_slice(b"Transfer-Encoding: chunked\r\n\r\n");
    for chunk in random.pieces(&response.body) {
        write!(out, "{:x}\r\n", chunk.len()).expect("memory");
        out.extend_from_slice(chunk);
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b"0\r\n\r\n");
    out
}

fn headers(out: &mut Vec<u8>, headers: &[(String, String)]) {
    for (name, value) in headers {
        let own = ["host", "content-length", "transfer-encoding", "connection"];
        if !own.iter().any(|own| name.eq_ignore_ascii_case(own)) {
            write!(out, "{name}: {value}\r\n").expect("memory");
        }
    }
}
