//! Which headers and query parameters may be kept: the gate that every head passes.
//!
//! A name is kept only if it is listed here or the operator asked for it. Whatever may carry a
//! credential is refused even then, with an error that names it.

use crate::attribution::{KeyFingerprint, KeyHasher};

/// The longest name of a header that is ever kept.
const NAME_BYTES: usize = 64;

/// Headers that describe a message, its path or its cost and never hold a secret. Sorted.
const NAMES: &[&str] = &[
    "accept",
    "accept-encoding",
    "agent-session-id",
    "amz-sdk-invocation-id",
    "amz-sdk-request",
    "anthropic-beta",
    "anthropic-version",
    "apim-request-id",
    "azureai-processed-tier",
    "azureml-model-session",
    "cf-aig-cache-status",
    "cf-aig-dlp",
    "cf-aig-log-id",
    "cf-ray",
    "cmp-upstream-response-duration",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "conversation_id",
    "date",
    "expect",
    "fireworks-server-processing-time",
    "grpc-encoding",
    "grpc-status",
    "helicone-cache",
    "helicone-id",
    "helicone-session-id",
    "idempotency-key",
    "inference-id",
    "langfuse_session_id",
    "llm_provider-openai-processing-ms",
    "llm_provider-x-request-id",
    "mcp-protocol-version",
    "mcp-session-id",
    "mistral-correlation-id",
    "openai-beta",
    "openai-model",
    "openai-processing-ms",
    "openai-version",
    "ratelimit-limit",
    "ratelimit-remaining",
    "ratelimit-reset",
    "request-id",
    "sec-websocket-extensions",
    "server",
    "server-timing",
    "session-id",
    "session_id",
    "thread-id",
    "traceparent",
    "tracestate",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "via",
    "x-amzn-bedrock-cache-read-input-token-count",
    "x-amzn-bedrock-cache-write-input-token-count",
    "x-amzn-bedrock-guardrailidentifier",
    "x-amzn-bedrock-input-token-count",
    "x-amzn-bedrock-invocation-latency",
    "x-amzn-bedrock-output-token-count",
    "x-amzn-errortype",
    "x-amzn-requestid",
    "x-bf-session-id",
    "x-claude-code-agent-id",
    "x-claude-code-session-id",
    "x-client-request-id",
    "x-debug-trace-id",
    "x-ds-trace-id",
    "x-envoy-upstream-service-time",
    "x-generated-tokens",
    "x-generation-id",
    "x-global-transaction-id",
    "x-goog-request-params",
    "x-grok-conv-id",
    "x-groq-region",
    "x-inference-time",
    "x-kong-request-id",
    "x-kong-upstream-latency",
    "x-litellm-applied-guardrails",
    "x-litellm-attempted-fallbacks",
    "x-litellm-attempted-retries",
    "x-litellm-call-id",
    "x-litellm-model-id",
    "x-litellm-response-cost",
    "x-litellm-response-duration-ms",
    "x-metrics-e2e-ms",
    "x-ms-client-request-id",
    "x-ms-deployment-name",
    "x-ms-is-spilled-over",
    "x-ms-rai-invoked",
    "x-ms-region",
    "x-ms-request-id",
    "x-ms-served-model",
    "x-openai-subagent",
    "x-opencode-session",
    "x-pinecone-api-version",
    "x-portkey-cache-status",
    "x-portkey-provider",
    "x-portkey-retry-attempt-count",
    "x-portkey-trace-id",
    "x-prompt-tokens",
    "x-provider-name",
    "x-queue-time",
    "x-request-id",
    "x-session-id",
    "x-should-retry",
    "x-tokenlimit-limit",
    "x-tokenlimit-remaining",
    "x-tokenlimit-reset",
    "x-trial-endpoint-call-limit",
    "x-trial-endpoint-call-remaining",
];

/// Families of such headers.
const PREFIXES: &[&str] = &[
    "anthropic-ratelimit-",
    "llm_provider-x-ratelimit-",
    "retry-after",
    "x-ratelimit-",
    "x-stainless-",
];

/// Query parameters that pick a model, a version or a form of an answer.
const QUERY_KEYS: [&str; 7] = [
    "alt",
    "api-version",
    "beta",
    "deployment",
    "model",
    "stream",
    "version",
];

/// Names that carry a credential without any of [`SECRET_PARTS`]: keys of a WebSocket client may
/// travel as a subprotocol, signed URLs in the other two.
const SECRET_NAMES: [&str; 4] = [
    "content-location",
    "location",
    "referer",
    "sec-websocket-protocol",
];

/// A name with one of these in it is taken for a credential.
const SECRET_PARTS: [&str; 13] = [
    "api-key",
    "api_key",
    "apikey",
    "assertion",
    "auth",
    "cookie",
    "credential",
    "jwt",
    "passw",
    "private",
    "secret",
    "signature",
    "token",
];

/// The names of headers that may be kept.
#[derive(Debug, Clone, Default)]
pub struct AllowList {
    extra: Vec<Box<str>>,
    /// Those that tell to whom a call belongs. They are read, and not reported as headers.
    attributing: Vec<Box<str>>,
    /// Those that name a session, before the ones that agents are known to send.
    sessions: Vec<Box<str>>,
    /// Names credentials, which are dropped.
    keys: Option<KeyHasher>,
}

/// An operator asked for a header that cannot be kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AllowListError {
    /// It may carry a credential.
    #[error("header `{0}` may carry a credential and is never kept: take it off the list")]
    Secret(String),
    /// It is no name of a header.
    #[error(
        "`{0}` is no header name: use 1 to {NAME_BYTES} letters, digits, dashes and underscores"
    )]
    Malformed(String),
}

impl AllowList {
    /// The built-in list and the `extra` names that an operator asked for, in any case.
    pub fn with<N: AsRef<str>>(extra: impl IntoIterator<Item = N>) -> Result<Self, AllowListError> {
        let extra = extra
            .into_iter()
            .map(|name| check(name.as_ref()))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            extra,
            ..Self::default()
        })
    }

    /// The same with headers that tell to whom a call belongs (lower case), and with what names the
    /// credentials that go by. One that may carry a credential is left out.
    #[must_use]
    pub(crate) fn attributing<'n>(
        self,
        names: impl Iterator<Item = &'n str>,
        keys: Option<KeyHasher>,
    ) -> Self {
        let attributing = names.filter_map(|name| check(name).ok()).collect();
        Self {
            attributing,
            keys,
            ..self
        }
    }

    /// The same with headers that name a session, in any case. One that may carry a credential is left
    /// out.
    #[must_use]
    pub fn naming_sessions<'n>(self, names: impl Iterator<Item = &'n str>) -> Self {
        let sessions = names.filter_map(|name| check(name).ok()).collect();
        Self { sessions, ..self }
    }

    /// The headers that name a session, lower case.
    pub(crate) fn sessions(&self) -> impl Iterator<Item = &str> {
        self.sessions.iter().map(|name| &**name)
    }

    /// The name of a credential in a header that is not admitted, if somebody wants to know it.
    pub(crate) fn key_of(&self, name: &str, value: &[u8]) -> Option<KeyFingerprint> {
        self.keys.as_ref()?.of_header(name, value)
    }

    /// The names that an operator asked for, lower case.
    pub fn extra(&self) -> impl Iterator<Item = &str> {
        self.extra.iter().map(|name| &**name)
    }

    /// Whether the header `name` (lower case) may be kept.
    pub fn admits(&self, name: &str) -> bool {
        NAMES.binary_search(&name).is_ok()
            || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
            || self.extra().any(|extra| extra == name)
            || self.attributing.iter().any(|own| **own == *name)
            || self.sessions().any(|own| own == name)
    }

    /// Whether the query parameter `key` may be kept.
    pub fn admits_query(key: &str) -> bool {
        QUERY_KEYS.contains(&key)
    }
}

/// A header name in lower case, without an allocation; `None` if it is too long to be kept.
pub(crate) struct LowerName {
    bytes: [u8; NAME_BYTES],
    length: usize,
}

impl LowerName {
    pub(crate) fn of(name: &str) -> Option<Self> {
        let mut bytes = [0; NAME_BYTES];
        bytes
            .get_mut(..name.len())?
            .copy_from_slice(name.as_bytes());
        bytes.make_ascii_lowercase();
        Some(Self {
            bytes,
            length: name.len(),
        })
    }

    pub(crate) fn as_str(&self) -> &str {
        let name = self.bytes.get(..self.length).unwrap_or_default();
        std::str::from_utf8(name).unwrap_or_default()
    }
}

fn check(name: &str) -> Result<Box<str>, AllowListError> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if name.is_empty() || name.len() > NAME_BYTES || !name.bytes().all(plain) {
        return Err(AllowListError::Malformed(name.into()));
    }
    let lower = name.to_ascii_lowercase();
    if is_secret(&lower) {
        Err(AllowListError::Secret(name.into()))
    } else {
        Ok(lower.into())
    }
}

/// Whether a header may carry a credential. Bias: towards yes; a harmless header that is refused
/// costs an operator an attribute.
fn is_secret(name: &str) -> bool {
    let key = name.ends_with("key") && !matches!(name, "idempotency-key" | "x-litellm-cache-key");
    let counts_tokens = name.contains("ratelimit")
        || name.contains("tokenlimit")
        || name.ends_with("-tokens")
        || name.ends_with("-token-count");
    key || SECRET_NAMES.contains(&name)
        || SECRET_PARTS
            .iter()
            .any(|part| name.contains(part) && !(*part == "token" && counts_tokens))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_list_is_sorted_and_holds_no_secret() {
        assert!(NAMES.is_sorted());
        for &name in NAMES {
            assert!(!is_secret(name), "{name}");
            assert_eq!(name, name.to_ascii_lowercase());
        }
    }

    #[test]
    fn families_are_admitted_by_prefix() {
        let list = AllowList::default();
        for name in [
            "x-ratelimit-remaining-tokens",
            "retry-after-ms",
            "x-stainless-retry-count",
            "traceparent",
        ] {
            assert!(list.admits(name), "{name}");
        }
        for name in [
            "authorization",
            "x-api-key",
            "openai-organization",
            "openai-project",
            "baggage",
            "cookie",
        ] {
            assert!(!list.admits(name), "{name}");
        }
    }

    #[test]
    fn an_operator_may_add_names_but_no_credential() {
        let list = AllowList::with(["X-Tenant", "baggage"]).unwrap();
        assert!(list.admits("x-tenant") && list.admits("baggage"));
        for name in [
            "Authorization",
            "proxy-authorization",
            "Cookie",
            "set-cookie",
            "x-api-key",
            "api-key",
            "X-Goog-Api-Key",
            "ocp-apim-subscription-key",
            "x-amz-security-token",
            "x-auth-request-email",
            "helicone-auth",
            "x-portkey-virtual-key",
            "sec-websocket-protocol",
            "x-client-secret",
        ] {
            assert_eq!(
                AllowList::with([name]).unwrap_err(),
                AllowListError::Secret(name.into())
            );
        }
        assert!(AllowList::with(["fireworks-prompt-tokens", "idempotency-key"]).is_ok());
        assert_eq!(
            AllowList::with(["x tenant"]).unwrap_err().to_string(),
            "`x tenant` is no header name: use 1 to 64 letters, digits, dashes and underscores"
        );
    }
}
