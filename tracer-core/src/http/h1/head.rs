//! Heads of HTTP/1 messages: gathered from pieces, parsed once.

use std::{borrow::Cow, mem::MaybeUninit};

use httparse::{Error, Header, ParserConfig};
use memchr::memchr;

use crate::{
    detect::{Look, looks},
    http::{
        allow_list::AllowList,
        framing::{Framing, Unframed},
        h1::crowded::{NEEDED_COUNT, cut, thinned},
        head::{Headers, HttpVersion, RequestHead, ResponseHead},
        target::{parse_host, parse_target, target_digest},
    },
    limits::HEADER_COUNT,
    time::Timestamp,
};

/// Gathers one head after the other.
#[derive(Debug, Default)]
pub(crate) struct HeadReader {
    scan: Scan,
    started: Timestamp,
    /// The beginning of a head whose end has not come.
    held: Vec<u8>,
}

/// Where in a head we are. It ends with an empty line; lines end with LF, a CR before it is
/// optional (RFC 9112 section 2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Scan {
    /// Before its first byte. Empty lines are passed over.
    #[default]
    Before,
    InLine,
    /// Behind an LF, and perhaps a CR.
    LineStart,
}

/// What reading came to.
#[derive(Debug)]
pub(crate) enum HeadStep<'a> {
    /// All bytes were used up.
    More,
    /// A whole head, and when its first byte came.
    Head(Cow<'a, [u8]>, Timestamp),
    /// The beginning of a head that is too long, as if it ended there; where its body begins will
    /// not be known.
    Cut(Vec<u8>, Timestamp),
    /// This is no head.
    Strange,
}

impl HeadReader {
    /// Takes bytes off up to the end of a head that looks as `expected`.
    pub(crate) fn read<'a>(
        &mut self,
        time: Timestamp,
        bytes: &mut &'a [u8],
        expected: Look,
        max: usize,
    ) -> HeadStep<'a> {
        if self.scan == Scan::Before {
            *bytes = without_blank_lines(bytes);
            if bytes.is_empty() {
                return HeadStep::More;
            }
            self.scan = Scan::InLine;
            self.started = time;
        }
        let end = self.end(bytes);
        let (part, rest) = bytes
            .split_at_checked(end.unwrap_or(bytes.len()))
            .unwrap_or((bytes, &[]));
        let judged = !self.held.is_empty() && looks(&self.held) == expected;
        let head = if self.held.is_empty() && end.is_some() {
            Cow::Borrowed(part)
        } else {
            self.held.extend_from_slice(part);
            Cow::Owned(std::mem::take(&mut self.held))
        };
        let look = if judged { expected } else { looks(&head) };
        let plausible = look == expected || (look == Look::Partial && end.is_none());
        if !plausible || head.len() > max {
            let started = self.started;
            self.clear();
            return match cut(head.into_owned(), max) {
                Some(head) if plausible => HeadStep::Cut(head, started),
                _ => HeadStep::Strange,
            };
        }
        *bytes = rest;
        if end.is_none() {
            self.held = head.into_owned();
            return HeadStep::More;
        }
        self.scan = Scan::Before;
        HeadStep::Head(head, self.started)
    }

    /// Whether a head has begun.
    pub(crate) fn is_partial(&self) -> bool {
        self.scan != Scan::Before
    }

    /// Bytes held of it.
    pub(super) const fn held(&self) -> usize {
        self.held.capacity()
    }

    /// Forgets the head that has begun.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// The offset behind the empty line.
    fn end(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut at = 0;
        while let Some(rest) = bytes.get(at..) {
            if self.scan == Scan::LineStart {
                match rest.first()? {
                    b'\n' => return Some(at + 1),
                    b'\r' => {
                        at += 1;
                        continue;
                    }
                    _ => self.scan = Scan::InLine,
                }
            }
            at += memchr(b'\n', rest)? + 1;
            self.scan = Scan::LineStart;
        }
        None
    }
}

/// Without empty lines at the front.
pub(crate) fn without_blank_lines(bytes: &[u8]) -> &[u8] {
    let blank = bytes
        .iter()
        .take_while(|byte| matches!(byte, b'\r' | b'\n'))
        .count();
    bytes.get(blank..).unwrap_or_default()
}

/// What of a method matters to the framing of its response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    Head,
    Connect,
    Other,
}

/// A parsed request head.
pub(crate) struct Request {
    pub(crate) head: RequestHead,
    pub(crate) method: Method,
    pub(crate) framing: Result<Framing, Unframed>,
}

/// A parsed response head.
pub(crate) struct Response {
    pub(crate) head: ResponseHead,
    pub(crate) framing: Result<Framing, Unframed>,
}

impl Request {
    /// The head went on: what it said of its body is unknown.
    pub(super) fn cut(&mut self) {
        self.head.unknown_fields = self.head.unknown_fields.saturating_add(1);
        self.framing = Err(Unframed);
    }
}

impl Response {
    /// The head went on: what it said of its body is unknown.
    pub(super) fn cut(&mut self) {
        self.head.unknown_fields = self.head.unknown_fields.saturating_add(1);
        self.framing = Err(Unframed);
    }
}

type HeaderSpace<'h> = [MaybeUninit<Header<'h>>; HEADER_COUNT + NEEDED_COUNT];

/// `None` if it is no head of a request.
pub(crate) fn parse_request(bytes: &[u8], allow_list: &AllowList) -> Option<Request> {
    request_of(bytes, allow_list).unwrap_or_else(|_| {
        let (kept, left_out) = thinned(bytes);
        let mut request = request_of(&kept, allow_list).ok()??;
        request.head.unknown_fields = left_out;
        request.head.wire_bytes = bytes.len() as u64;
        Some(request)
    })
}

/// More lines than there is space for.
struct Crowded;

/// Whether a head was parsed to its end.
fn is_complete(parsed: httparse::Result<usize>) -> Result<bool, Crowded> {
    match parsed {
        Ok(status) => Ok(status.is_complete()),
        Err(Error::TooManyHeaders) => Err(Crowded),
        Err(_) => Ok(false),
    }
}

fn request_of(bytes: &[u8], allow_list: &AllowList) -> Result<Option<Request>, Crowded> {
    let mut space: HeaderSpace<'_> = [const { MaybeUninit::uninit() }; _];
    let mut parsed = httparse::Request::new(&mut []);
    let status = lenient().parse_request_with_uninit_headers(&mut parsed, bytes, &mut space);
    let is_head = is_complete(status)?;
    Ok(is_head
        .then(|| admitted_request(&parsed, bytes.len(), allow_list))
        .flatten())
}

fn admitted_request(
    parsed: &httparse::Request<'_, '_>,
    length: usize,
    allow_list: &AllowList,
) -> Option<Request> {
    let (method, headers) = (parsed.method?, &*parsed.headers);
    let path = parsed.path?;
    let (authority, target) = parse_target(path);
    let host_header = || {
        headers
            .iter()
            .find(|header| header.name.eq_ignore_ascii_case("host"))
    };
    let host = authority.or_else(|| parse_host(&String::from_utf8_lossy(host_header()?.value)));
    Some(Request {
        head: RequestHead {
            method: method.to_owned(),
            target,
            target_digest: target_digest(path),
            host,
            headers: admitted(headers, allow_list),
            unknown_fields: 0,
            version: if parsed.version == Some(0) {
                HttpVersion::H10
            } else {
                HttpVersion::H11
            },
            wire_bytes: length as u64,
        },
        method: match method {
            "HEAD" => Method::Head,
            "CONNECT" => Method::Connect,
            _ => Method::Other,
        },
        framing: Framing::of_request(headers),
    })
}

/// The response to a request of this `method`; `None` if it is no head of a response.
pub(crate) fn parse_response(
    bytes: &[u8],
    method: Method,
    allow_list: &AllowList,
) -> Option<Response> {
    response_of(bytes, method, allow_list).unwrap_or_else(|_| {
        let (kept, left_out) = thinned(bytes);
        let mut response = response_of(&kept, method, allow_list).ok()??;
        response.head.unknown_fields = left_out;
        response.head.wire_bytes = bytes.len() as u64;
        Some(response)
    })
}

fn response_of(
    bytes: &[u8],
    method: Method,
    allow_list: &AllowList,
) -> Result<Option<Response>, Crowded> {
    let mut space: HeaderSpace<'_> = [const { MaybeUninit::uninit() }; _];
    let mut parsed = httparse::Response::new(&mut []);
    let status = lenient().parse_response_with_uninit_headers(&mut parsed, bytes, &mut space);
    let is_head = is_complete(status)?;
    Ok(is_head
        .then(|| admitted_response(&parsed, bytes.len(), method, allow_list))
        .flatten())
}

fn admitted_response(
    parsed: &httparse::Response<'_, '_>,
    length: usize,
    method: Method,
    allow_list: &AllowList,
) -> Option<Response> {
    let (status, headers) = (parsed.code?, &*parsed.headers);
    Some(Response {
        head: ResponseHead {
            status: Some(status),
            headers: admitted(headers, allow_list),
            unknown_fields: 0,
            wire_bytes: length as u64,
        },
        framing: match method {
            Method::Head => Ok(Framing::without_body()),
            Method::Connect | Method::Other => Framing::of_response(status, headers),
        },
    })
}

fn admitted(headers: &[Header<'_>], allow_list: &AllowList) -> Headers {
    Headers::admit(
        allow_list,
        headers.iter().map(|header| (header.name, header.value)),
    )
}

/// A client or server that takes less than we do would only hide the exchange from us.
fn lenient() -> ParserConfig {
    let mut config = ParserConfig::default();
    config
        .allow_multiple_spaces_in_response_status_delimiters(true)
        .allow_obsolete_multiline_headers_in_responses(true)
        .allow_spaces_after_header_name_in_responses(true)
        .ignore_invalid_headers_in_requests(true)
        .ignore_invalid_headers_in_responses(true);
    config
}
