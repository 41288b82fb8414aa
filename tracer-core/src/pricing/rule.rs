//! A price that the operator gives.

use super::{quantities::Quantities, rates::Rates, served::Tier};
use crate::{
    money::{Amount, Currency},
    time::Timestamp,
};

/// The name in a rule that stands for any tier.
pub(super) const ANY_TIER: &str = "*";
/// The name of a batch in rules.
pub(super) const BATCH_TIER: &str = "batch";

/// One price, and for what it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceRule {
    /// Who serves, by `gen_ai.provider.name`; anybody if absent.
    pub(super) provider: Option<Box<str>>,
    pub(super) model: ModelPattern,
    /// The service tier, or [`ANY_TIER`]; the ordinary one if absent.
    pub(super) tier: Option<Box<str>>,
    /// It holds from here on.
    pub(super) from: Option<Timestamp>,
    /// It does no more from here on.
    pub(super) until: Option<Timestamp>,
    pub(super) currency: Currency,
    pub(super) rates: Rates,
    /// Prices in place of those where the input has more tokens than this; ascending.
    pub(super) above: Vec<(u64, Rates)>,
}

impl PriceRule {
    /// Whether it is about this tier and time.
    pub(super) fn holds(&self, tier: &Tier, at: Timestamp) -> bool {
        let tier = match (self.tier.as_deref(), tier) {
            (Some(ANY_TIER), _) | (None, Tier::Standard) | (Some(BATCH_TIER), Tier::Batch) => true,
            (Some(name), Tier::Named(tier)) => name == tier,
            _ => false,
        };
        tier && self.from.is_none_or(|from| from <= at) && self.until.is_none_or(|until| at < until)
    }

    /// What so much costs; `None` if a part of it has no price.
    pub(super) fn cost(&self, used: &Quantities) -> Option<Amount> {
        let above = self.above.iter().rev();
        let long = above.into_iter().find(|(tokens, _)| used.input > *tokens);
        match long {
            Some((_, rates)) => rates.or(&self.rates).cost(used),
            None => self.rates.cost(used),
        }
    }
}

/// A name of a model in lower case, with at most one `*` in it for any characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ModelPattern {
    Exact(Box<str>),
    Around { prefix: Box<str>, suffix: Box<str> },
}

impl ModelPattern {
    /// `None` if it is empty or has several `*`.
    pub(super) fn new(text: &str) -> Option<Self> {
        let text = text.to_ascii_lowercase();
        match text.split_once('*') {
            None if text.is_empty() => None,
            None => Some(Self::Exact(text.into())),
            Some((_, suffix)) if suffix.contains('*') => None,
            Some((prefix, suffix)) => Some(Self::Around {
                prefix: prefix.into(),
                suffix: suffix.into(),
            }),
        }
    }

    /// Whether it is about this model, whose name is in lower case.
    pub(super) fn matches(&self, model: &str) -> bool {
        match self {
            Self::Exact(name) => **name == *model,
            Self::Around { prefix, suffix } => model
                .strip_prefix(&**prefix)
                .is_some_and(|rest| rest.ends_with(&**suffix)),
        }
    }
}
