//! Request and response heads, without anything secret.
//!
//! A [`Headers`] can only be made through an allow list, and a [`Target`] keeps only allow-listed
//! query keys: no type behind this one can hold a credential.

/// The head of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestHead {
    /// Upper case, as on the wire.
    pub method: String,
    /// Path and harmless query.
    pub target: Target,
    /// Host the request was meant for: `Host` or the authority of an absolute target.
    pub host: Option<Host>,
    /// What the allow list let through.
    pub headers: Headers,
    /// Protocol version on the wire.
    pub version: HttpVersion,
    /// Size of the whole head in bytes on the wire.
    pub wire_bytes: u64,
}

/// The head of a final response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResponseHead {
    /// Status code.
    pub status: u16,
    /// What the allow list let through.
    pub headers: Headers,
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
    /// The path as sent (percent-encoded), beginning with `/`.
    pub path: String,
    /// Allow-listed query parameters, percent-decoded, in order.
    pub query: Vec<(String, String)>,
}

impl Target {
    /// The value of a query parameter that the allow list let through.
    pub fn query(&self, key: &str) -> Option<&str> {
        self.query.iter().find(|(k, _)| k == key).map(|(_, v)| v.as_str())
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
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Headers {
    entries: Vec<(Box<str>, Box<str>)>,
}

impl Headers {
    /// The first value of `name` (lower case).
    pub fn get(&self, name: &str) -> Option<&str> {
        self.entries.iter().find(|(n, _)| &**n == name).map(|(_, v)| &**v)
    }

    /// All of them, in wire order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.entries.iter().map(|(n, v)| (&**n, &**v))
    }
}
