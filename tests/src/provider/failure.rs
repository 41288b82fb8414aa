//! Ways for an exchange to go wrong, and the providers' words for them.

use super::ledger::Api;

/// A requested failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// Answer with this status, always.
    Status(u16),
    /// Answer with this status the first times that a body is seen, so many, then properly.
    Times(u16, u32),
    /// Status 200, then an error inside the stream, half-way.
    InStream,
    /// Close the connection half-way through the answer.
    Cut,
}

/// How a provider spells an error.
#[derive(Debug, Clone, Copy)]
pub struct Spelling {
    /// The error's `type`.
    pub kind: &'static str,
    /// The error's `code`, where the API has one.
    pub code: Option<&'static str>,
}

impl Spelling {
    /// The words of an API for a status.
    pub const fn of(api: Api, status: u16) -> Self {
        match api {
            Api::AnthropicMessages => Self {
                kind: anthropic_type(status),
                code: None,
            },
            _ => openai(status),
        }
    }

    /// The words of an API for an error inside a stream that began well.
    pub const fn in_stream(api: Api) -> Self {
        match api {
            Api::AnthropicMessages => Self {
                kind: "overloaded_error",
                code: None,
            },
            Api::OpenAiResponses => Self {
                kind: "server_error",
                code: Some("server_error"),
            },
            _ => Self {
                kind: "server_error",
                code: Some("internal_error"),
            },
        }
    }

    /// All that a tracer may report as `error.type`.
    pub fn error_types(self, status: Option<u16>) -> Vec<String> {
        let words = [self.code, Some(self.kind)]
            .into_iter()
            .flatten()
            .map(str::to_owned);
        words
            .chain(status.map(|status| status.to_string()))
            .collect()
    }
}

const fn anthropic_type(status: u16) -> &'static str {
    match status {
        400 => "invalid_request_error",
        401 => "authentication_error",
        403 => "permission_error",
        404 => "not_found_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        529 => "overloaded_error",
        _ => "api_error",
    }
}

const fn openai(status: u16) -> Spelling {
    match status {
        401 => Spelling {
            kind: "invalid_request_error",
            code: Some("invalid_api_key"),
        },
        404 => Spelling {
            kind: "invalid_request_error",
            code: Some("model_not_found"),
        },
        429 => Spelling {
            kind: "requests",
            code: Some("rate_limit_exceeded"),
        },
        400 => Spelling {
            kind: "invalid_request_error",
            code: None,
        },
        _ => Spelling {
            kind: "server_error",
            code: None,
        },
    }
}
