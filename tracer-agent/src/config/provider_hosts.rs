//! The operator's own hosts and who serves them.

use tracer_core::llm::provider::HostRule;

use super::setting::{Pairs, Raw, Refusal, Setting};

/// Host patterns and provider names, checked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProviderHosts {
    pairs: Pairs,
    rules: Vec<HostRule>,
}

impl ProviderHosts {
    /// The rules, most specific first.
    pub fn rules(&self) -> &[HostRule] {
        &self.rules
    }
}

impl Setting for ProviderHosts {
    const VALUE_NAME: &'static str = "HOST=PROVIDER";
    const EXPECTS: &'static str =
        "a table of host = \"provider\" in a file, `host=provider,host=provider` elsewhere";

    fn parse(raw: &Raw) -> Result<Self, Refusal> {
        let pairs = Pairs::parse(raw)?;
        let mut by_weight: Vec<_> = pairs.iter().collect();
        // Whole names before patterns, and longer ones before shorter ones.
        by_weight.sort_by_key(|(host, _)| (host.contains('*'), std::cmp::Reverse(host.len())));
        let rules = by_weight
            .into_iter()
            .map(|(host, provider)| HostRule::new(host, provider))
            .collect::<Result<_, _>>()
            .map_err(|error| Refusal(error.to_string()))?;
        Ok(Self { pairs, rules })
    }

    fn show(&self) -> Raw {
        self.pairs.show()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_specific_host_comes_first() {
        let text = "*=a,*.example.com=b,x.example.com=c";
        let hosts = ProviderHosts::parse(&Raw::One(text.into())).unwrap();
        let expected: Vec<_> = [("x.example.com", "c"), ("*.example.com", "b"), ("*", "a")]
            .map(|(host, provider)| HostRule::new(host, provider).unwrap())
            .into();
        assert_eq!(hosts.rules(), expected);
    }

    #[test]
    fn a_bad_name_is_refused() {
        assert!(ProviderHosts::parse(&Raw::One("a=Open AI".into())).is_err());
    }
}
