//! Request and response heads, without anything secret.
//!
//! A [`Headers`] can only be made through an allow list, and a [`Target`] keeps only allow-listed
//! query keys: no type behind this one can hold a credential.

use std::fmt;

use memchr::memchr2;

use crate::{
    attribution::KeyFingerprint,
    http::allow_list::{AllowList, LowerName},
};

/// The head of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestHead {
    /// Upper case, as on the wire.
    pub method: String,
    /// Path and harmless query; a path that is empty is unknown, except that of a CONNECT.
    pub target: Target,
    /// A hash of path and whole query, 0 if they are unknown: tells targets apart of which no more is
    /// kept than [`target`](Self::target). It never leaves the core.
    pub target_digest: u64,
    /// Host the request was meant for: `Host` or the authority of an absolute target.
    pub host: Option<Host>,
    /// What the allow list let through.
    pub headers: Headers,
    /// Header fields of which nothing is known, not even the name: they were too many, or in HTTP/2
    /// refer to fields that went by before the agent came, or were lost. There method, target and
    /// host may be among them.
    pub unknown_fields: u32,
    /// Protocol version on the wire.
    pub version: HttpVersion,
    /// Size of the whole head in bytes on the wire.
    pub wire_bytes: u64,
}

impl RequestHead {
    /// Nobody knows where the request points.
    pub fn target_is_unknown(&self) -> bool {
        self.unknown_fields > 0 && self.target.path.is_empty()
    }
}

/// The head of a final response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResponseHead {
    /// Status code; `None` if it is among the unknown fields, or the whole head was lost.
    pub status: Option<u16>,
    /// What the allow list let through.
    pub headers: Headers,
    /// Header fields of which nothing is known, see [`RequestHead::unknown_fields`].
    pub unknown_fields: u32,
    /// Size of the whole head in bytes on the wire.
    pub wire_bytes: u64,
}

/// HTTP version of an exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HttpVersion {
    /// HTTP/1.0.
    H10,
    /// HTTP/1.1.
    H11,
    /// HTTP/2.
    H2,
}

/// Where a request points, without user info, fragments or secret query values.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Target {
    /// The path as sent (percent-encoded), beginning with `/`; `*` for the server as a whole and
    /// empty for a CONNECT. User info of a URL within the path is left out.
    pub path: String,
    /// Allow-listed query parameters, percent-decoded, in order.
    pub query: Vec<(String, String)>,
}

impl Target {
    /// The value of a query parameter that the allow list let through.
    pub fn query(&self, key: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(k, _)| k == key)
            .map(|(_, v)| v.as_str())
    }
}

/// A host name or address and its port.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Host {
    /// Lower case, without brackets.
    pub name: String,
    /// The port if the wire gave one.
    pub port: Option<u16>,
}

/// Headers that passed the allow list: names lower case, values as sent.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Headers {
    /// Names and values one after the other.
    text: String,
    entries: Vec<Entry>,
    /// The name of a credential that was among those that were dropped.
    key: Option<KeyFingerprint>,
}

/// Where a header stands in the text: its name up to `value`, its value up to `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Entry {
    name: usize,
    value: usize,
    end: usize,
}

/// What is kept of a head fits into these as a rule.
const USUAL_BYTES: usize = 512;
const USUAL_COUNT: usize = 16;

impl Headers {
    /// Keeps what `allow_list` admits of the headers of a message. Values are read as UTF-8, with
    /// replacement characters; folded lines are joined.
    pub fn admit<'w>(
        allow_list: &AllowList,
        wire: impl Iterator<Item = (&'w str, &'w [u8])>,
    ) -> Self {
        let mut headers = Self {
            text: String::with_capacity(USUAL_BYTES),
            entries: Vec::with_capacity(USUAL_COUNT),
            key: None,
        };
        for (name, value) in wire {
            if let Some(name) = LowerName::of(name) {
                headers.take(allow_list, name.as_str(), value);
            }
        }
        headers
    }

    /// Keeps one more header if `allow_list` admits its `name` (lower case).
    pub(crate) fn add(&mut self, allow_list: &AllowList, name: &[u8], value: &[u8]) {
        if let Ok(name) = std::str::from_utf8(name) {
            self.take(allow_list, name, value);
        }
    }

    fn take(&mut self, allow_list: &AllowList, name: &str, value: &[u8]) {
        if allow_list.admits(name) {
            self.push(name, &String::from_utf8_lossy(value));
        } else if self.key.is_none() {
            self.key = allow_list.key_of(name, value);
        }
    }

    /// The name of the credential that came with them, where somebody wants to know it.
    pub fn key(&self) -> Option<KeyFingerprint> {
        self.key
    }

    /// The first value of `name` (lower case).
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter().find(|(n, _)| *n == name).map(|(_, v)| v)
    }

    /// All of them, in wire order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.entries.iter().map(|entry| {
            let part = |from, to| self.text.get(from..to).unwrap_or_default();
            (part(entry.name, entry.value), part(entry.value, entry.end))
        })
    }

    fn push(&mut self, name: &str, value: &str) {
        let start = self.text.len();
        self.text.push_str(name);
        let value_start = self.text.len();
        if memchr2(b'\r', b'\n', value.as_bytes()).is_none() {
            self.text.push_str(value.trim_ascii());
        } else {
            let lines = value
                .split(['\r', '\n'])
                .map(str::trim_ascii)
                .filter(|line| !line.is_empty());
            for (number, line) in lines.enumerate() {
                self.text.push_str(if number > 0 { " " } else { "" });
                self.text.push_str(line);
            }
        }
        self.entries.push(Entry {
            name: start,
            value: value_start,
            end: self.text.len(),
        });
    }
}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_admitted_headers_are_kept_in_wire_order() {
        let wire: [(&str, &[u8]); 6] = [
            ("Content-Type", b"application/json"),
            ("Authorization", b"Bearer canary"),
            ("X-Request-ID", b"req_1"),
            ("x-request-id", b"req_2"),
            ("Via", b"1.1 a,\r\n 1.1 b"),
            ("Server", b"caf\xe9"),
        ];
        let headers = Headers::admit(&AllowList::default(), wire.into_iter());
        assert_eq!(
            headers.iter().collect::<Vec<_>>(),
            [
                ("content-type", "application/json"),
                ("x-request-id", "req_1"),
                ("x-request-id", "req_2"),
                ("via", "1.1 a, 1.1 b"),
                ("server", "caf\u{fffd}"),
            ]
        );
        assert_eq!(headers.get("x-request-id"), Some("req_1"));
        assert_eq!(headers.get("authorization"), None);
        assert!(!format!("{headers:?}").contains("canary"));
    }
}
