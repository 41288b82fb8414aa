//! A digest of a request, the same at both of its ends.
//!
//! It covers all that is kept of the head and the whole decoded body, and is keyed anew with every
//! start. Requests that differ only in what is never kept (credentials, cookies) are alike.

use std::{
    hash::{BuildHasher as _, DefaultHasher, Hasher as _, RandomState},
    sync::LazyLock,
};

use super::content::{TextDigest, join};
use crate::http::head::{HttpVersion, RequestHead};

static KEYS: LazyLock<RandomState> = LazyLock::new(RandomState::new);

/// The digest of a request that comes in.
#[derive(Debug)]
pub(super) struct RequestDigest {
    head: u64,
    body: TextDigest,
}

impl RequestDigest {
    /// Of a request with this head; `None` if some of its fields are unknown.
    pub(super) fn of_head(head: &RequestHead) -> Option<Self> {
        if head.unknown_fields > 0 {
            return None;
        }
        let mut digest = KEYS.build_hasher();
        text(&mut digest, &head.method);
        text(&mut digest, &head.target.path);
        digest.write_u64(head.target_digest);
        digest.write_u8(match head.version {
            HttpVersion::H10 => 0,
            HttpVersion::H11 => 1,
            HttpVersion::H2 => 2,
        });
        if let Some(host) = &head.host {
            text(&mut digest, &host.name);
            digest.write_u16(host.port.unwrap_or_default());
        }
        for (name, value) in head.headers.iter() {
            text(&mut digest, name);
            text(&mut digest, value);
        }
        Some(Self {
            head: digest.finish(),
            body: TextDigest::default(),
        })
    }

    /// The next bytes of the body, cut anywhere.
    pub(super) fn body(&mut self, bytes: &[u8]) {
        self.body.feed(bytes);
    }

    /// The digest of all that came.
    pub(super) fn value(&self) -> u64 {
        join(self.head, self.of_body())
    }

    /// The digest of the body alone.
    pub(super) fn of_body(&self) -> u64 {
        self.body.value()
    }
}

fn text(digest: &mut DefaultHasher, text: &str) {
    digest.write_usize(text.len());
    digest.write(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::http::{allow_list::AllowList, h1::head::parse_request};

    fn digest(head: &str, pieces: &[&[u8]]) -> u64 {
        let request = parse_request(head.as_bytes(), &AllowList::default()).expect("a head");
        let mut digest = RequestDigest::of_head(&request.head).expect("all known");
        for piece in pieces {
            digest.body(piece);
        }
        digest.value()
    }

    const HEAD: &str =
        "POST /v1/chat/completions?a=1 HTTP/1.1\r\nHost: h:1\r\nX-Request-Id: r\r\n\r\n";

    #[test]
    fn what_differs_has_another_digest() {
        let one = digest(HEAD, &[b"{}"]);
        assert_eq!(one, digest(HEAD, &[b"{}"]));
        for (from, to) in [
            ("POST", "PUT"),
            ("chat", "chats"),
            ("a=1", "a=2"),
            ("h:1", "h:2"),
            ("h:1", "i:1"),
            ("Id: r", "Id: s"),
            ("HTTP/1.1", "HTTP/1.0"),
        ] {
            let other = HEAD.replace(from, to);
            assert_ne!(one, digest(&other, &[b"{}"]), "{other}");
        }
        assert_ne!(one, digest(HEAD, &[b"{ }"]));
    }

    proptest! {
        #[test]
        fn cuts_do_not_matter(body: Vec<u8>, cut in 0usize..64, second in 0usize..64) {
            let (one, rest) = body.split_at(cut.min(body.len()));
            let (two, three) = rest.split_at(second.min(rest.len()));
            prop_assert_eq!(digest(HEAD, &[&body]), digest(HEAD, &[one, two, three]));
        }
    }
}
