//! Errors of Google's APIs: `{"error": {"code", "message", "status", "details"}}`, in a list of one
//! where a stream without `alt=sse` was asked for.
//!
//! <https://cloud.google.com/apis/design/errors>.

use crate::llm::{
    error_body::{self, ErrorField},
    json::{List, read},
};

/// The `error.type` of an error body: the status, else the code.
pub(super) fn error_type(body: &[u8]) -> Option<String> {
    if !body.trim_ascii_start().starts_with(b"[") {
        return error_body::error_type(body);
    }
    let errors = read::<List<ErrorField<'_>>>(body)?;
    errors.0.first()?.kind()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_names_the_error_alone_or_in_a_list() {
        let error = r#"{"error":{"code":429,"message":"slow down","status":"RESOURCE_EXHAUSTED"}}"#;
        let list = format!(" [{error}]");
        for body in [error, &list] {
            assert_eq!(
                error_type(body.as_bytes()).as_deref(),
                Some("RESOURCE_EXHAUSTED")
            );
        }
        assert_eq!(error_type(b"[]"), None);
    }
}
