//! Errors in the shapes that providers and servers use, reduced to a low-cardinality `error.type`.
//!
//! ```text
//! {"error": {"message", "type", "param", "code"}}          OpenAI and most others
//! {"type": "error", "error": {"type", "message"}}          Anthropic
//! {"object": "error", "message", "type", "code"}           Mistral, older vLLM
//! {"code": "…", "error": "…"}   {"error": "…"}             xAI, Ollama
//! ```

use serde::de::MapAccess;

use super::json::{Filled, Lenient, Scalar, Text, lenient, read};

/// Longest `error.type`; longer values are sentences, not types.
const LONGEST: usize = 100;

/// What is reported for an error that has neither code nor type.
pub(super) const UNNAMED: &str = "error";

/// The `error.type` that an error document gives.
pub(super) fn error_type(document: &[u8]) -> Option<String> {
    read::<ErrorField<'_>>(document)?.kind()
}

/// The code that stands beside an error in a document.
pub(super) fn code_beside(document: &[u8]) -> Option<String> {
    let document = read::<ErrorField<'_>>(document)?;
    let code = document.code.as_str().filter(|code| is_name(code));
    code.filter(|_| document.nested.is_some())
        .map(str::to_owned)
}

/// The value of an `error` member, or a whole error document.
#[derive(Debug, Default)]
pub(super) struct ErrorField<'a> {
    present: bool,
    code: Scalar<'a>,
    kind: Text<'a>,
    status: Scalar<'a>,
    nested: Option<Box<ErrorField<'a>>>,
}

impl ErrorField<'_> {
    /// The member was there and neither null nor empty.
    pub(super) const fn is_present(&self) -> bool {
        self.present
    }

    /// The best name of the error: the innermost code that is a word, else its type, else numbers.
    pub(super) fn kind(&self) -> Option<String> {
        let words = [self.code.as_str(), self.kind.as_str(), self.status.as_str()];
        let word = words
            .into_iter()
            .flatten()
            .find(|name| is_name(name) && !is_number(name));
        self.nested
            .as_ref()
            .and_then(|inner| inner.kind())
            .or_else(|| word.map(str::to_owned))
            .or_else(|| {
                words
                    .into_iter()
                    .flatten()
                    .find(|name| is_name(name))
                    .map(str::to_owned)
            })
    }

    /// The same, [`UNNAMED`] if it has no name.
    pub(super) fn kind_or_unnamed(&self) -> String {
        self.kind().unwrap_or_else(|| UNNAMED.to_owned())
    }
}

fn is_name(text: &str) -> bool {
    text.len() <= LONGEST && text != UNNAMED && text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn is_number(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

impl<'de: 'a, 'a> Lenient<'de> for ErrorField<'a> {
    fn text(value: std::borrow::Cow<'de, str>) -> Self {
        Self {
            present: !value.is_empty(),
            ..Self::default()
        }
    }

    fn map<A: MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
        let mut error = Self::default();
        while let Some(key) = map.next_key::<Text<'a>>()? {
            error.present = true;
            match key.as_str() {
                Some("code") => error.code = map.next_value()?,
                Some("type" | "error_type") => {
                    let kind = map.next_value::<Text<'a>>()?;
                    if kind.as_str().is_some() {
                        error.kind = kind;
                    }
                }
                Some("status") => error.status = map.next_value()?,
                Some("error") => error.nested = Some(Box::new(map.next_value()?)),
                _ => {
                    map.next_value::<Filled>()?;
                }
            }
        }
        Ok(error)
    }
}

lenient!(ErrorField<'a>);

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(document: &str) -> Option<String> {
        error_type(document.as_bytes())
    }

    #[test]
    fn codes_that_are_words_come_first() {
        for (document, expected) in [
            (
                r#"{"error":{"message":"m","type":"invalid_request_error","param":null,"code":"model_not_found"}}"#,
                "model_not_found",
            ),
            (
                r#"{"error":{"message":"m","type":"invalid_request_error","param":"x","code":null}}"#,
                "invalid_request_error",
            ),
            (
                r#"{"type":"error","error":{"type":"overloaded_error","message":"m"},"request_id":"r"}"#,
                "overloaded_error",
            ),
            (
                r#"{"object":"error","message":"m","type":"BadRequestError","param":null,"code":400}"#,
                "BadRequestError",
            ),
            (
                r#"{"error":{"code":429,"message":"m","metadata":{"provider_name":"x"}}}"#,
                "429",
            ),
        ] {
            assert_eq!(kind(document).as_deref(), Some(expected), "{document}");
        }
    }

    #[test]
    fn a_code_beside_an_error() {
        let code = |document: &str| code_beside(document.as_bytes());
        assert_eq!(
            code(r#"{"code":"overloaded","error":"m"}"#).as_deref(),
            Some("overloaded")
        );
        assert_eq!(code(r#"{"code":"The server is busy","error":"m"}"#), None);
        assert_eq!(code(r#"{"code":"overloaded"}"#), None);
    }

    #[test]
    fn sentences_are_no_types() {
        assert_eq!(
            kind(r#"{"code":"The caller does not have permission","error":"no"}"#),
            None
        );
        assert_eq!(kind(r#"{"error":"no"}"#), None);
        assert_eq!(kind("<html>"), None);
    }
}
