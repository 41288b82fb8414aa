//! The fields of one header block, gathered into a head.

use crate::{
    http::{
        allow_list::AllowList,
        framing::{Coding, Codings},
        head::{Headers, Host, HttpVersion, RequestHead, ResponseHead},
        hpack::Item,
        target::{parse_host, parse_target, target_digest},
    },
    limits::HEADER_COUNT,
};

/// Fields that say how a body is read.
const NEEDED: [&str; 2] = ["content-encoding", "content-type"];

/// The longest of them that is taken beyond the bounds.
const NEEDED_BYTES: usize = 256;

/// What is kept of a header block. Its fields beyond the bounds are passed over, and counted as
/// unknown.
#[derive(Debug, Default)]
pub(super) struct Fields {
    method: Option<String>,
    path: Option<String>,
    authority: Option<String>,
    host: Option<String>,
    pub(super) status: Option<u16>,
    headers: Headers,
    /// Kept fields.
    count: usize,
    /// Their bytes.
    pub(super) bytes: usize,
    /// Fields of which nothing is known.
    pub(super) unknown: u32,
    /// Bytes of the block on the wire.
    pub(super) wire_bytes: u64,
}

impl Fields {
    /// Takes the next field.
    pub(super) fn add(&mut self, item: Item<'_>, allow_list: &AllowList, max_bytes: usize) {
        let (name, value) = match item {
            Item::Field { name, value } => (name, value),
            Item::Withheld => return,
            Item::Unknown => {
                self.unknown = self.unknown.saturating_add(1);
                return;
            }
        };
        self.count += 1;
        self.bytes += name.len() + value.len();
        if self.count > HEADER_COUNT || self.bytes > max_bytes {
            self.count = HEADER_COUNT;
            self.bytes = max_bytes;
            if !self.needs(name, value) {
                self.unknown = self.unknown.saturating_add(1);
                return;
            }
        }
        let text = || String::from_utf8_lossy(value).into_owned();
        match name {
            b":method" => self.method = Some(text()),
            b":path" => self.path = Some(text()),
            b":authority" => self.authority = Some(text()),
            b"host" => self.host = Some(text()),
            b":status" => self.status = text().parse().ok(),
            // RFC 8441: what `Upgrade` is to HTTP/1.1.
            b":protocol" => self.headers.add(allow_list, b"upgrade", value),
            name => self.headers.add(allow_list, name, value),
        }
    }

    /// Whether a field beyond the bounds is taken all the same: the body cannot be read without.
    fn needs(&self, name: &[u8], value: &[u8]) -> bool {
        let of_body =
            |needed: &&str| needed.as_bytes() == name && self.headers.get(needed).is_none();
        value.len() <= NEEDED_BYTES && NEEDED.iter().any(of_body)
    }

    /// The head of a request; `None` if the block does not say so.
    pub(super) fn into_request(self) -> Option<RequestHead> {
        let method = self.method?;
        let (target_host, target) = self.path.as_deref().map(parse_target).unwrap_or_default();
        let named = |name: Option<String>| -> Option<Host> { parse_host(&name?) };
        Some(RequestHead {
            method,
            target,
            target_digest: self.path.as_deref().map_or(0, target_digest),
            host: named(self.authority)
                .or_else(|| named(self.host))
                .or(target_host),
            headers: self.headers,
            unknown_fields: self.unknown,
            version: HttpVersion::H2,
            wire_bytes: self.wire_bytes,
        })
    }

    /// The head of a response.
    pub(super) fn into_response(self) -> ResponseHead {
        ResponseHead {
            status: self.status,
            headers: self.headers,
            unknown_fields: self.unknown,
            wire_bytes: self.wire_bytes,
        }
    }

    /// What follows a body.
    pub(super) fn into_trailers(self) -> Headers {
        self.headers
    }
}

/// How a body with these headers is coded; `None` if that is among the unknown fields.
pub(super) fn codings(headers: &Headers, unknown_fields: u32) -> Option<Codings> {
    let mut values = headers
        .iter()
        .filter(|(name, _)| *name == "content-encoding")
        .map(|(_, value)| value)
        .peekable();
    let known = values.peek().is_some() || unknown_fields == 0;
    known.then(|| Codings::of_content(values))
}

/// The coding that shows in the first bytes of a body; `None` if more of them are needed.
pub(super) fn sniffed(beginning: &[u8]) -> Option<Codings> {
    for (mark, coding) in [
        (&[0x1f, 0x8b][..], Coding::Gzip),
        (&[0x28, 0xb5, 0x2f, 0xfd], Coding::Zstd),
    ] {
        if beginning.starts_with(mark) {
            return Some(Codings::Known(vec![coding]));
        }
        if mark.starts_with(beginning) {
            return None;
        }
    }
    Some(Codings::Known(Vec::new()))
}
