//! Errors of watsonx: `{"errors": [{"code", "message"}], "trace", "status_code"}`.
//!
//! <https://cloud.ibm.com/apidocs/watsonx-ai#error-handling>.

use serde::Deserialize;

use crate::llm::{
    error_body::{self, ErrorField, UNNAMED},
    json::{List, read},
};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Body<'a> {
    #[serde(borrow)]
    errors: List<ErrorField<'a>>,
}

/// The `error.type` of an error body: the code of its first error.
pub(super) fn error_type(body: &[u8]) -> Option<String> {
    read::<Body<'_>>(body)
        .and_then(|body| body.errors.0.first()?.kind())
        .or_else(|| error_body::error_type(body))
}

/// The same of a body that is surely an error.
pub(super) fn error_type_or_unnamed(body: &[u8]) -> String {
    error_type(body).unwrap_or_else(|| UNNAMED.to_owned())
}
