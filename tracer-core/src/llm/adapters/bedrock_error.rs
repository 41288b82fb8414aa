//! Errors of AWS: the header `x-amzn-errortype: {Name}Exception:http://…`, else `__type` in the
//! body, which may be qualified (`com.amazon.coral#{Name}Exception`).
//!
//! <https://docs.aws.amazon.com/bedrock/latest/APIReference/CommonErrors.html>. Inside a stream an
//! exception is an event of its own kind.

use serde::Deserialize;

use super::adapter::AnswerContext;
use crate::{
    llm::{
        answer::Answer,
        error_body::{self, UNNAMED},
        json::{Text, read},
    },
    stream::event::Event,
};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Body<'a> {
    #[serde(borrow, rename = "__type")]
    kind: Text<'a>,
}

/// Reads what came with an error status.
pub(super) fn read_error(context: &AnswerContext<'_>, body: &[u8], answer: &mut Answer) {
    let of_header = context
        .header("x-amzn-errortype")
        .and_then(|value| value.split(':').next())
        .map(unqualified);
    answer.error = of_header
        .map(str::to_owned)
        .or_else(|| {
            read::<Body<'_>>(body)?
                .kind
                .as_str()
                .map(unqualified)
                .map(str::to_owned)
        })
        .or_else(|| error_body::error_type(body));
}

/// Takes an event that is an exception; `false` if it is none.
pub(super) fn take_exception(event: &Event<'_>, answer: &mut Answer) -> bool {
    if !event.is_error && !event.event.ends_with(b"Exception") {
        return false;
    }
    let kind = std::str::from_utf8(event.event).unwrap_or_default().trim();
    let kind = if kind.is_empty() { UNNAMED } else { kind };
    answer.error = Some(kind.to_owned());
    true
}

fn unqualified(name: &str) -> &str {
    name.rsplit('#').next().unwrap_or(name).trim()
}
