//! Where a collector listens.

use super::setting::{Refusal, Scalar};

/// An `http://` or `https://` URL with a host; for gRPC also `host:port`. No user info: nothing would
/// send it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint(String);

impl Endpoint {
    /// The URL as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it says http or https.
    pub fn has_scheme(&self) -> bool {
        self.0.contains("://")
    }
}

impl Scalar for Endpoint {
    const VALUE_NAME: &'static str = "URL";
    const EXPECTS: &'static str = "a URL such as http://127.0.0.1:4317";

    /// User info and queries hold keys.
    fn hides(text: &str) -> bool {
        text.contains(['@', '?'])
    }

    fn from_text(text: &str) -> Result<Self, Refusal> {
        let uri: hyper::Uri = text.parse().map_err(|_| Refusal("not a URL".into()))?;
        match uri.scheme_str() {
            Some("http" | "https") => {}
            None if uri.port().is_some() => {}
            _ => {
                return Err(Refusal(
                    "the URL does not begin with http:// or https://".into(),
                ));
            }
        }
        if uri.authority().is_some_and(|it| it.as_str().contains('@')) {
            return Err(Refusal(
                "a name and password in the URL are not sent: set a header, such as \
                 `authorization`, in the headers of the collector"
                    .into(),
            ));
        }
        match uri.host() {
            Some(host) if !host.is_empty() => Ok(Self(text.to_owned())),
            _ => Err(Refusal("the URL has no host".into())),
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
    fn user_info_is_refused() {
        for text in ["https://user:canary@host/", "user:canary@host:4317"] {
            let Refusal(why) = Endpoint::from_text(text).unwrap_err();
            assert!(why.contains("header") && !why.contains("canary"), "{why}");
            assert!(Endpoint::hides(text));
        }
        assert!(Endpoint::from_text("http://host:4318/a@b").is_ok());
    }
}
