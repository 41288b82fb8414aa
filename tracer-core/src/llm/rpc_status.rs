//! Statuses of gRPC: <https://grpc.github.io/grpc/core/md_doc_statuscodes.html>.

use crate::http::head::Headers;

/// The status of a call that went well.
pub(crate) const OK: &str = "OK";

const NAMES: [&str; 17] = [
    OK,
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
];

/// The status that trailers give, or the head of an answer that is nothing else; codes that nobody
/// knows count as unknown, as the specification has it.
pub(super) fn of_headers(headers: &Headers) -> Option<&'static str> {
    let code = headers.get("grpc-status")?.trim().parse::<usize>().ok()?;
    Some(NAMES.get(code).copied().unwrap_or("UNKNOWN"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::allow_list::AllowList;

    #[test]
    fn codes_have_names() {
        let status = |code: &'static str| {
            let wire = [("grpc-status", code.as_bytes())];
            of_headers(&Headers::admit(&AllowList::default(), wire.into_iter()))
        };
        assert_eq!(status("0"), Some("OK"));
        assert_eq!(status("8"), Some("RESOURCE_EXHAUSTED"));
        assert_eq!(status("16"), Some("UNAUTHENTICATED"));
        assert_eq!(status("99"), Some("UNKNOWN"));
        assert_eq!(status("no"), None);
        assert_eq!(of_headers(&Headers::default()), None);
    }
}
