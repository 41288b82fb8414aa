//! Names of headers that the operator wants to keep.

use super::setting::{Refusal, Scalar};

/// A header name in lower case that does not carry credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderName(String);

impl HeaderName {
    /// The name, lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Scalar for HeaderName {
    const VALUE_NAME: &'static str = "NAME";
    const EXPECTS: &'static str = "a header name such as x-request-team";
    const EXPECTS_LIST: &'static str = "header names such as x-request-team";

    fn from_text(text: &str) -> Result<Self, Refusal> {
        let name: hyper::header::HeaderName =
            text.parse().map_err(|_| Refusal("not a header name".into()))?;
        if holds_credentials(name.as_str()) {
            return Err(Refusal("headers that may hold credentials are never kept".into()));
        }
        Ok(Self(name.as_str().to_owned()))
    }

    fn to_text(&self) -> String {
        self.0.clone()
    }
}

/// Whether a header's name says that it may hold a credential. Biased to refuse: a harmless
/// header refused costs an attribute, a secret let through cannot be taken back.
fn holds_credentials(name: &str) -> bool {
    ["auth", "cookie", "token", "secret", "key", "password", "credential", "signature"]
        .iter()
        .any(|word| name.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_cannot_be_asked_for() {
        for name in ["Authorization", "x-api-key", "Cookie", "Proxy-Authorization", "api-key"] {
            assert!(HeaderName::from_text(name).is_err(), "{name}");
        }
        assert_eq!(HeaderName::from_text("X-Team").unwrap().as_str(), "x-team");
        assert!(HeaderName::from_text("two words").is_err());
    }
}
