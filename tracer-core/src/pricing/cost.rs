//! What is known of the cost of a call.

use crate::{
    confidence::Confidence,
    money::{Amount, Currency},
};

/// The public list, with its version.
pub(super) const LIST_NAME: &str = "genai-prices 0.2.1";

/// What is known of the cost of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Cost {
    /// Nothing with a price was used, as far as this call goes: what it used may stand on another one.
    #[default]
    None,
    /// Something was used, and what it costs is not known.
    Unknown(UnknownCost),
    /// It is known.
    Known(KnownCost),
}

/// A cost and how it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownCost {
    /// How much.
    pub amount: Amount,
    /// Of what.
    pub currency: Currency,
    /// Who says so.
    pub source: CostSource,
    /// How sure that is.
    pub confidence: Confidence,
}

/// Whose word a cost is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CostSource {
    /// The provider's or the gateway's, in its answer.
    Reported,
    /// Counted by the operator's prices.
    Override,
    /// Counted by the public list.
    List,
}

impl CostSource {
    /// Its name in attributes.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Reported => "reported",
            Self::Override => "override",
            Self::List => LIST_NAME,
        }
    }
}

/// Why a cost is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UnknownCost {
    /// Not all that was used is known: it was not told, was lost, or the answer was cut off.
    Usage,
    /// Who served it is not known, or has no prices.
    Provider,
    /// The provider has no price for the model that served it, or which one that was is not known.
    Model,
    /// It was served by a service tier that has no price.
    Tier,
    /// A part of what was used has no price.
    Price,
}

impl UnknownCost {
    /// Its name in attributes.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Usage => "usage",
            Self::Provider => "provider",
            Self::Model => "model",
            Self::Tier => "tier",
            Self::Price => "price",
        }
    }
}
