//! A name for a credential that cannot be turned back.

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// Headers of requests that carry the credential of whoever calls a provider.
const HEADERS: [&str; 4] = ["authorization", "x-api-key", "api-key", "x-goog-api-key"];
/// How credentials begin that are given out for an hour or so: a name for each would say nothing.
const SHORT_LIVED: [&str; 2] = ["eyJ", "ya29."];

/// What makes names of credentials ours: who does not have it cannot try keys against them.
#[derive(Clone)]
pub struct Salt([u8; Salt::BYTES]);

impl Salt {
    /// Its length.
    pub const BYTES: usize = 32;

    /// Of random bytes, which must not leave the host.
    pub const fn new(random: [u8; Self::BYTES]) -> Self {
        Self(random)
    }
}

impl fmt::Debug for Salt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Salt")
    }
}

/// Makes names of credentials as they go by.
#[derive(Debug, Clone)]
pub struct KeyHasher(Salt);

/// The name of a credential: 64 bits of HMAC-SHA-256 (RFC 2104).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyFingerprint([u8; 8]);

impl KeyHasher {
    /// With a salt.
    pub const fn new(salt: Salt) -> Self {
        Self(salt)
    }

    /// The name of the credential in a header (its name in lower case), if it is one that lasts.
    pub(crate) fn of_header(&self, name: &str, value: &[u8]) -> Option<KeyFingerprint> {
        if !HEADERS.contains(&name) {
            return None;
        }
        let text = std::str::from_utf8(value).ok()?.trim();
        let key = lasting(text)?;
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0.0).ok()?;
        mac.update(key.as_bytes());
        let code = mac.finalize().into_bytes();
        code.first_chunk().copied().map(KeyFingerprint)
    }
}

/// The part of a credential that is the same in every request; `None` if there is none.
fn lasting(text: &str) -> Option<&str> {
    let key = match text.split_once(' ') {
        Some((scheme, key)) if scheme.eq_ignore_ascii_case("bearer") => key.trim(),
        // Amazon signs each request with a key that it names.
        Some((scheme, rest)) if scheme.starts_with("AWS4-") => {
            let (_, credential) = rest.split_once("Credential=")?;
            credential.split('/').next()?
        }
        None if text.eq_ignore_ascii_case("bearer") => return None,
        _ => text,
    };
    let lasts = !key.is_empty() && !SHORT_LIVED.iter().any(|start| key.starts_with(start));
    lasts.then_some(key)
}

impl KeyFingerprint {
    /// It as a number.
    pub(crate) const fn number(self) -> u64 {
        u64::from_be_bytes(self.0)
    }
}

impl fmt::Display for KeyFingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "key-{:016x}", self.number())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(salt: u8, header: &str, value: &str) -> Option<String> {
        let hasher = KeyHasher::new(Salt::new([salt; Salt::BYTES]));
        let name = hasher.of_header(header, value.as_bytes());
        name.map(|name| name.to_string())
    }

    #[test]
    fn a_key_has_one_name_wherever_it_stands() {
        let bearer = name(1, "authorization", "Bearer canary-key").expect("a name");
        assert_eq!(name(1, "x-api-key", "canary-key").as_ref(), Some(&bearer));
        assert_eq!(bearer.len(), "key-".len() + 16);
        assert!(!bearer.contains("canary"));
        assert_ne!(name(2, "x-api-key", "canary-key").as_ref(), Some(&bearer));
        assert_ne!(name(1, "x-api-key", "canary-kez").as_ref(), Some(&bearer));
    }

    #[test]
    fn the_code_is_that_of_the_standard() {
        // HMAC-SHA-256 of "k" with 32 bytes of 0x0b, as `openssl mac` tells it.
        let hasher = KeyHasher::new(Salt::new([0x0b; Salt::BYTES]));
        let name = hasher.of_header("api-key", b"k").expect("a name");
        assert_eq!(name.to_string(), EXPECTED);
    }

    const EXPECTED: &str = "key-9be9d796d886a0c0";

    #[test]
    fn what_changes_with_each_request_is_not_in_it() {
        let aws = |date: &str| {
            format!(
                "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/{date}/us-east-1/bedrock/aws4_request, SignedHeaders=host, Signature={date}"
            )
        };
        let today = name(1, "authorization", &aws("20261123"));
        assert!(today.is_some());
        assert_eq!(today, name(1, "authorization", &aws("20261124")));
        for value in ["Bearer eyJhbGciOi", "Bearer ya29.a0", "Bearer ", ""] {
            assert_eq!(name(1, "authorization", value), None, "{value}");
        }
        assert_eq!(name(1, "cookie", "canary"), None);
    }
}
