//! The id under which a provider can find a request again.

use crate::http::head::Headers;

/// Headers with such an id, best first; those of proxies stand behind those of providers.
const NAMES: [&str; 15] = [
    "x-request-id",
    "request-id",
    "apim-request-id",
    "x-amzn-requestid",
    "x-ms-request-id",
    "mistral-correlation-id",
    "x-ds-trace-id",
    "inference-id",
    "x-debug-trace-id",
    "x-global-transaction-id",
    "llm_provider-x-request-id",
    "x-kong-request-id",
    "x-litellm-call-id",
    "x-portkey-trace-id",
    "cf-aig-log-id",
];

pub(super) fn read(headers: &Headers) -> Option<String> {
    NAMES
        .iter()
        .find_map(|name| headers.get(name))
        .filter(|id| !id.is_empty())
        .map(str::to_owned)
}
