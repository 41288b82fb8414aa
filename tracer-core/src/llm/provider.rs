//! Who serves a host: `gen_ai.provider.name` by host name.

use std::{borrow::Cow, fmt};

use thiserror::Error;

use super::{call::Provider, hosts::KNOWN_HOSTS};
use crate::http::head::Host;

/// A rule of the operator: hosts of a pattern belong to a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostRule {
    pattern: HostPattern<Box<str>>,
    provider: Provider,
}

/// Why a host rule was refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum HostRuleError {
    /// The pattern is not a host with at most one `*` and perhaps a port.
    #[error(
        "host pattern `{0}` is not valid: write a host name with at most one `*`, and `:port` if needed"
    )]
    Pattern(String),
    /// The provider's name is empty or has characters that a `gen_ai.provider.name` has not.
    #[error("provider name `{0}` is not valid: use lower-case letters, digits, `_` and `.`")]
    Provider(String),
}

impl HostRule {
    /// Reads a rule: `pattern` is a host name with at most one `*` (any characters) and perhaps a
    /// port; `provider` is the `gen_ai.provider.name` to report.
    pub fn new(pattern: &str, provider: &str) -> Result<Self, HostRuleError> {
        let parsed = HostPattern::from_operator(pattern)
            .ok_or_else(|| HostRuleError::Pattern(pattern.to_owned()))?;
        let valid = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'_' || c == b'.';
        if provider.is_empty() || !provider.bytes().all(valid) {
            return Err(HostRuleError::Provider(provider.to_owned()));
        }
        Ok(Self {
            pattern: parsed,
            provider: Provider(Cow::Owned(provider.to_owned())),
        })
    }
}

/// What a host's name tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KnownHost {
    /// Who serves it.
    pub(crate) provider: Provider,
    /// It serves models and little else, so that any connection to it is worth following.
    pub(crate) dedicated: bool,
    /// It passes calls on, and `provider` is its own name: who serves them is told elsewhere.
    pub(crate) is_gateway: bool,
}

/// Looks a host up: the operator's rules in order, then the built-in ones.
pub(crate) fn known_host(host: &Host, rules: &[HostRule]) -> Option<KnownHost> {
    if let Some(rule) = rules.iter().find(|rule| rule.pattern.matches(host)) {
        return Some(KnownHost {
            provider: rule.provider.clone(),
            dedicated: true,
            is_gateway: false,
        });
    }
    let row = KNOWN_HOSTS.iter().find(|row| row.pattern.matches(host))?;
    Some(KnownHost {
        provider: Provider(Cow::Borrowed(row.provider)),
        dedicated: row.dedicated,
        is_gateway: row.is_gateway,
    })
}

/// A host name with at most one `*`, and perhaps a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct HostPattern<S> {
    prefix: S,
    /// What follows the `*`; without one the prefix is the whole name.
    suffix: Option<S>,
    /// The port that the wire must give.
    port: Option<u16>,
}

impl HostPattern<&'static str> {
    /// Splits a row of the table at its `*`, when compiling.
    pub(super) const fn new(pattern: &'static str) -> Self {
        let mut at = 0;
        while at < pattern.len() {
            if pattern.as_bytes()[at] == b'*' {
                let (prefix, rest) = pattern.split_at(at);
                return Self {
                    prefix,
                    suffix: Some(rest.split_at(1).1),
                    port: None,
                };
            }
            at += 1;
        }
        Self {
            prefix: pattern,
            suffix: None,
            port: None,
        }
    }

    /// The same, on one port only.
    pub(super) const fn on_port(pattern: &'static str, port: u16) -> Self {
        let Self { prefix, suffix, .. } = Self::new(pattern);
        Self {
            prefix,
            suffix,
            port: Some(port),
        }
    }
}

impl HostPattern<Box<str>> {
    fn from_operator(pattern: &str) -> Option<Self> {
        let (name, port) = match pattern.rsplit_once(':') {
            Some((name, port)) => (name, Some(port.parse().ok()?)),
            None => (pattern, None),
        };
        let valid =
            |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'.' | b'-' | b'_' | b'*' | b':');
        if name.is_empty() || !name.bytes().all(valid) || name.matches('*').count() > 1 {
            return None;
        }
        let name = name.to_ascii_lowercase();
        let (prefix, suffix) = match name.split_once('*') {
            Some((prefix, suffix)) => (prefix, Some(suffix.into())),
            None => (name.as_str(), None),
        };
        Some(Self {
            prefix: prefix.into(),
            suffix,
            port,
        })
    }
}

impl<S: AsRef<str>> fmt::Display for HostPattern<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.prefix.as_ref())?;
        if let Some(suffix) = &self.suffix {
            write!(f, "*{}", suffix.as_ref())?;
        }
        match self.port {
            Some(port) => write!(f, ":{port}"),
            None => Ok(()),
        }
    }
}

impl<S: AsRef<str>> HostPattern<S> {
    fn matches(&self, host: &Host) -> bool {
        let prefix = self.prefix.as_ref();
        let name = match &self.suffix {
            None => host.name == prefix,
            Some(suffix) => host
                .name
                .strip_prefix(prefix)
                .is_some_and(|rest| rest.ends_with(suffix.as_ref())),
        };
        name && (self.port.is_none() || self.port == host.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn provider(name: &str, port: Option<u16>) -> Option<String> {
        let host = Host {
            name: name.to_owned(),
            port,
        };
        known_host(&host, &[]).map(|known| known.provider.0.into_owned())
    }

    #[test]
    fn hosts_of_the_well_known_providers() {
        for (host, expected) in [
            ("api.openai.com", "openai"),
            ("eu.api.openai.com", "openai"),
            ("example.openai.azure.com", "azure.ai.openai"),
            ("example.services.ai.azure.com", "azure.ai.inference"),
            ("api.anthropic.com", "anthropic"),
            ("generativelanguage.googleapis.com", "gcp.gemini"),
            ("europe-west4-aiplatform.googleapis.com", "gcp.vertex_ai"),
            ("bedrock-runtime.us-east-1.amazonaws.com", "aws.bedrock"),
            ("api.groq.com", "groq"),
            ("api.x.ai", "x_ai"),
            ("dashscope-intl.aliyuncs.com", "alibaba_cloud"),
            ("openrouter.ai", "openrouter"),
        ] {
            assert_eq!(provider(host, None).as_deref(), Some(expected), "{host}");
        }
        assert_eq!(provider("notapi.openai.com.example.org", None), None);
        assert_eq!(
            provider("localhost", Some(11434)).as_deref(),
            Some("ollama")
        );
        assert_eq!(provider("localhost", Some(8000)), None);
    }

    #[test]
    fn the_operator_comes_first_and_is_told_what_is_wrong() {
        let rules = [HostRule::new("*.Models.corp:8443", "vllm").expect("valid")];
        let host = Host {
            name: "a.models.corp".to_owned(),
            port: Some(8443),
        };
        assert_eq!(
            known_host(&host, &rules).expect("a match").provider.0,
            "vllm"
        );
        assert_eq!(
            HostRule::new("a*b*c", "x"),
            Err(HostRuleError::Pattern("a*b*c".to_owned()))
        );
        assert_eq!(
            HostRule::new("a:port", "x"),
            Err(HostRuleError::Pattern("a:port".to_owned()))
        );
        assert_eq!(
            HostRule::new("a", "My LLM"),
            Err(HostRuleError::Provider("My LLM".to_owned()))
        );
    }
}
