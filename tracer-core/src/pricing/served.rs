//! By whom and how a call was served, as prices see it.

use crate::llm::call::{CallFacts, ProviderBasis};

/// Names of service tiers whose prices are the ordinary ones.
const STANDARD: [&str; 5] = ["default", "standard", "auto", "on_demand", "standard_only"];
/// Anthropic's name for answers to requests of a batch.
const BATCH: &str = "batch";

/// The tier that a call was served by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Tier {
    Standard,
    Batch,
    /// Another one, in lower case.
    Named(String),
    /// Another one was asked for, and the answer does not say whether it was given.
    Unsure,
}

impl Tier {
    pub(super) fn of(facts: &CallFacts) -> Self {
        let tier = |name: &Option<String>| name.as_deref().map(str::to_ascii_lowercase);
        let is_standard = |tier: &String| {
            // Groq's `flex` costs the same, and may be refused.
            STANDARD.contains(&&**tier) || (facts.provider.0 == "groq" && tier == "flex")
        };
        match tier(&facts.response.service_tier) {
            Some(tier) if is_standard(&tier) => Self::Standard,
            Some(tier) if tier == BATCH => Self::Batch,
            Some(tier) => Self::Named(tier),
            None => match tier(&facts.request.service_tier) {
                Some(tier) if !is_standard(&tier) => Self::Unsure,
                _ => Self::Standard,
            },
        }
    }
}

/// How sure it is who served a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Server {
    /// The host says, or the gateway was told.
    Known,
    /// A gateway, whose models are named after whoever serves them.
    Gateway,
    /// Anybody: a server of the caller's own may give its models any name.
    Unknown,
}

impl Server {
    pub(super) fn of(facts: &CallFacts) -> Self {
        match facts.provider_basis {
            ProviderBasis::Host | ProviderBasis::Gateway => Self::Known,
            ProviderBasis::Format if facts.response.gateway.is_some() => Self::Gateway,
            ProviderBasis::Format => Self::Unknown,
        }
    }
}

/// The model that served a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Model<'a> {
    pub(super) name: &'a str,
    /// The answer names it, or the name in the request can stand for no other.
    pub(super) is_certain: bool,
}

impl<'a> Model<'a> {
    /// The one that the answer names, else the one that was asked for.
    pub(super) fn of(facts: &'a CallFacts) -> Option<Self> {
        if let Some(name) = facts.response.model.as_deref() {
            return Some(Self {
                name,
                is_certain: true,
            });
        }
        let name = facts.request.model.as_deref()?;
        // A deployment of Azure has any name.
        let is_certain = !facts.provider.0.starts_with("azure.");
        Some(Self { name, is_certain })
    }
}
