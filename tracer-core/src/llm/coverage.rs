//! What is understood, for documentation and diagnosis: the tables as they are compiled in.

use super::{adapters::table::ADAPTERS, call::Api, hosts::KNOWN_HOSTS};

/// A host that is known by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CoveredHost {
    /// Its name, with at most one `*` for any characters, and `:port` where only one counts.
    pub pattern: String,
    /// The `gen_ai.provider.name` of its calls.
    pub provider: &'static str,
    /// It serves much else, so only calls by path and shape are told apart.
    pub is_mixed: bool,
}

/// The wire APIs, each with the `gen_ai.provider.name` of a call to a host that nobody knows, in the
/// order in which they are asked.
pub fn apis() -> impl Iterator<Item = (Api, &'static str)> {
    ADAPTERS
        .iter()
        .map(|row| (Api(row.adapter.name()), row.adapter.flavour()))
}

/// The known hosts; the first that matches counts.
pub fn hosts() -> impl Iterator<Item = CoveredHost> {
    KNOWN_HOSTS.iter().map(|row| CoveredHost {
        pattern: row.pattern.to_string(),
        provider: row.provider,
        is_mixed: !row.dedicated,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_told_as_they_were_written() {
        let patterns: Vec<_> = hosts().map(|host| host.pattern).collect();
        for pattern in ["api.openai.com", "*-aiplatform.googleapis.com", "*:11434"] {
            assert!(patterns.iter().any(|it| it == pattern), "{pattern}");
        }
    }
}
