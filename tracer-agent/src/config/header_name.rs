//! Names of headers that the operator wants to keep.

use tracer_core::http::allow_list::AllowList;

use super::setting::{Refusal, Scalar};

/// A header name in lower case that the core agrees to keep: none that may carry credentials.
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
        match AllowList::with([text]) {
            Ok(_) => Ok(Self(text.to_ascii_lowercase())),
            Err(error) => Err(Refusal(error.to_string())),
        }
    }

    fn to_text(&self) -> String {
        self.0.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_cannot_be_asked_for() {
        for name in [
            "Authorization",
            "x-api-key",
            "Cookie",
            "Proxy-Authorization",
            "api-key",
        ] {
            assert!(HeaderName::from_text(name).is_err(), "{name}");
        }
        assert_eq!(HeaderName::from_text("X-Team").unwrap().as_str(), "x-team");
        assert!(HeaderName::from_text("two words").is_err());
    }
}
