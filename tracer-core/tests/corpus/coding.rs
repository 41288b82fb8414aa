//! Content codings of recorded bodies: undone, and done anew.

use std::io::{Read, Write};

use crate::recording::Response;

/// How the body of an answer is coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    /// As it was recorded.
    Recorded,
    Identity,
    Gzip,
    Brotli,
    Zstd,
}

/// The same answer in another coding.
pub fn recoded(response: &Response, coding: Coding) -> Response {
    if coding == Coding::Recorded {
        return response.clone();
    }
    let is = |name: &str, wanted: &str| name.eq_ignore_ascii_case(wanted);
    let recorded = response
        .headers
        .iter()
        .find(|(name, _)| is(name, "content-encoding"))
        .map(|(_, value)| value.as_str());
    let plain = match recorded {
        Some("gzip") => gunzip(&response.body),
        _ => response.body.clone(),
    };
    let mut headers: Vec<_> = response
        .headers
        .iter()
        .filter(|(name, _)| !is(name, "content-encoding"))
        .cloned()
        .collect();
    let (name, body) = match coding {
        Coding::Gzip => ("gzip", gzip(&plain)),
        Coding::Brotli => ("br", brotli(&plain)),
        Coding::Zstd => ("zstd", zstd::bulk::compress(&plain, 1).expect("memory")),
        Coding::Identity | Coding::Recorded => ("identity", plain),
    };
    headers.push(("Content-Encoding".to_owned(), name.to_owned()));
    Response {
        status: response.status,
        headers,
        body,
    }
}

fn gunzip(bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    // One recording is cut off in the middle; what there is counts.
    let _ = flate2::read::MultiGzDecoder::new(bytes).read_to_end(&mut plain);
    plain
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

fn brotli(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = brotli::CompressorWriter::new(Vec::new(), 4096, 3, 20);
    encoder.write_all(bytes).expect("memory");
    encoder.into_inner()
}
