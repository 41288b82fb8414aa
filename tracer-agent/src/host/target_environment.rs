//! What a process says of itself to OpenTelemetry in its environment.
//!
//! Exactly two variables are looked at; the rest of the environment, which is full of secrets, is
//! read past and overwritten in memory.

use std::hint::black_box;

use tracer_core::{policy::looks_like_credential, semconv::resource::SERVICE_NAME};

use super::procfs::{ProcFs, read_bytes};
use crate::{
    config::setting::{Pairs, parse_pairs},
    env_vars::{OTEL_RESOURCE_ATTRIBUTES, OTEL_SERVICE_NAME},
};

/// Most bytes of an environment that are looked through.
const ENVIRONMENT_BYTES: u64 = 1 << 20;
/// Most attributes taken.
pub(super) const ATTRIBUTES: usize = 64;
/// Longest name or value taken.
pub(super) const ATTRIBUTE_BYTES: usize = 1024;

/// The two variables, checked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TargetEnvironment {
    /// `OTEL_SERVICE_NAME`.
    pub service_name: Option<String>,
    /// `OTEL_RESOURCE_ATTRIBUTES` without what looks secret.
    pub attributes: Pairs,
}

impl TargetEnvironment {
    /// Of a process as it was started: later changes do not show in `/proc`.
    pub fn read(proc: &ProcFs, pid: u32) -> Self {
        let mut bytes =
            read_bytes(&proc.path(pid, "environ"), ENVIRONMENT_BYTES).unwrap_or_default();
        let environment = Self::parse(&bytes);
        bytes.fill(0);
        black_box(&bytes);
        environment
    }

    /// Names of the attributes that it says.
    pub fn names(&self) -> Vec<String> {
        let service = self.service_name.as_ref().map(|_| SERVICE_NAME.to_owned());
        service
            .into_iter()
            .chain(self.attributes.keys().cloned())
            .collect()
    }

    fn parse(bytes: &[u8]) -> Self {
        let variable = |name: &str| {
            bytes.split(|byte| *byte == 0).find_map(|entry| {
                let value = entry.strip_prefix(name.as_bytes())?.strip_prefix(b"=")?;
                let value = String::from_utf8_lossy(value).trim().to_owned();
                (!value.is_empty() && value.len() <= ATTRIBUTE_BYTES * ATTRIBUTES).then_some(value)
            })
        };
        let service_name = variable(OTEL_SERVICE_NAME)
            .filter(|name| name.len() <= ATTRIBUTE_BYTES && !looks_secret(OTEL_SERVICE_NAME, name));
        // A malformed list is dropped whole, as the specification wants it.
        let attributes = variable(OTEL_RESOURCE_ATTRIBUTES)
            .and_then(|text| parse_pairs(&text).ok())
            .unwrap_or_default()
            .into_iter()
            .filter(|(name, value)| name.len().max(value.len()) <= ATTRIBUTE_BYTES)
            .filter(|(name, value)| !value.is_empty() && !looks_secret(name, value))
            .take(ATTRIBUTES)
            .collect();
        Self {
            service_name,
            attributes,
        }
    }
}

/// Whether an attribute is likely a credential that somebody put in the wrong place. Biased to
/// drop: a missing attribute is seen and asked about, an exported secret is not.
pub(super) fn looks_secret(name: &str, value: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let words = [
        "secret",
        "token",
        "password",
        "passwd",
        "apikey",
        "credential",
        "authorization",
    ];
    let compound = name.replace(['_', '-', '.'], "");
    words.iter().any(|word| compound.contains(word))
        || compound.contains("privatekey")
        || compound.contains("accesskey")
        || looks_like_credential(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_variables_and_no_secrets() {
        let environment = TargetEnvironment::parse(
            b"OPENAI_API_KEY=sk-canary\0OTEL_SERVICE_NAME= shop \0OTEL_RESOURCE_ATTRIBUTES=\
              deployment.environment.name=prod,team=a%20b,api_key=canary,x=sk-canary,empty=\0",
        );
        assert_eq!(environment.service_name.as_deref(), Some("shop"));
        let expected = [("deployment.environment.name", "prod"), ("team", "a b")];
        let expected: Pairs = expected.map(|(k, v)| (k.to_owned(), v.to_owned())).into();
        assert_eq!(environment.attributes, expected);
        assert_eq!(
            environment.names(),
            ["service.name", "deployment.environment.name", "team"]
        );
        assert!(!format!("{environment:?}").contains("canary"));
    }

    #[test]
    fn malformed_lists_and_other_names_count_for_nothing() {
        let parse = TargetEnvironment::parse;
        assert_eq!(
            parse(b"OTEL_RESOURCE_ATTRIBUTES=a=b,nonsense\0"),
            TargetEnvironment::default()
        );
        assert_eq!(
            parse(b"XOTEL_SERVICE_NAME=a\0OTEL_SERVICE_NAMES=b\0"),
            TargetEnvironment::default()
        );
        assert_eq!(parse(b""), TargetEnvironment::default());
    }
}
