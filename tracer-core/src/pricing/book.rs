//! All prices, in the order in which they are asked.

use std::collections::HashMap;

use super::{
    cost::{Cost, CostSource, KnownCost, UnknownCost},
    list,
    quantities::{Quantities, has_price},
    rule::{ModelPattern, PriceRule},
    served::{Model, Server, Tier},
};
use crate::{
    confidence::Confidence,
    detect::Role,
    llm::{
        call::{Call, CallFacts, Captured},
        usage::{Usage, UsageParts},
    },
    money::{Amount, Currency},
};

/// The prices of the operator and the public list.
#[derive(Debug, Default)]
pub struct PriceBook {
    rules: Vec<PriceRule>,
    /// Places of the rules that name one model, by its name.
    by_model: HashMap<Box<str>, Vec<usize>>,
    /// Places of the others.
    patterns: Vec<usize>,
    /// The public list is asked as well.
    has_list: bool,
}

impl PriceBook {
    /// The operator's rules, of which the first that fits counts, and with `has_list` the public list
    /// behind them.
    pub fn new(rules: Vec<PriceRule>, has_list: bool) -> Self {
        let mut by_model = HashMap::<Box<str>, Vec<usize>>::new();
        let mut patterns = Vec::new();
        for (place, rule) in rules.iter().enumerate() {
            match &rule.model {
                ModelPattern::Exact(name) => by_model.entry(name.clone()).or_default().push(place),
                ModelPattern::Around { .. } => patterns.push(place),
            }
        }
        Self {
            rules,
            by_model,
            patterns,
            has_list,
        }
    }

    /// Reads the public list, which takes some tens of milliseconds, before the first call needs it.
    pub fn warm(&self) {
        if self.has_list {
            list::warm();
        }
    }

    /// Notes what a call costs, or why that is not known.
    pub fn price(&self, call: &mut Call<Captured>) {
        let cost = self.cost(call.facts());
        call.set_cost(cost);
    }

    /// What a call costs, or why that is not known.
    pub fn cost(&self, facts: &CallFacts) -> Cost {
        if facts.is_counted_elsewhere() {
            return Cost::None;
        }
        if let Some(amount) = facts.usage.parts.reported_cost {
            return known(
                amount,
                Currency::USD,
                CostSource::Reported,
                Confidence::Observed,
            );
        }
        if !has_price(facts.operation) || was_refused(facts) {
            return Cost::None;
        }
        let (Some(used), Some(model)) = (Quantities::of(facts), Model::of(facts)) else {
            return Cost::Unknown(if Quantities::of(facts).is_none() {
                UnknownCost::Usage
            } else {
                UnknownCost::Model
            });
        };
        self.count(facts, model, &used)
            .unwrap_or_else(Cost::Unknown)
    }

    fn count(
        &self,
        facts: &CallFacts,
        model: Model<'_>,
        used: &Quantities,
    ) -> Result<Cost, UnknownCost> {
        let server = Server::of(facts);
        let tier = Tier::of(facts);
        let confidence = match server {
            Server::Known if model.is_certain => Confidence::Derived,
            _ => Confidence::Inferred,
        };
        if let Some(rule) = self.rule(facts, server, model.name, &tier) {
            let amount = rule.cost(used).ok_or(UnknownCost::Price)?;
            // A rule that names no provider holds wherever the model is served.
            let confidence = match rule.provider {
                None if model.is_certain => Confidence::Derived,
                _ => confidence,
            };
            return Ok(known(
                amount,
                rule.currency,
                CostSource::Override,
                confidence,
            ));
        }
        // What a process serves costs what its own machines do.
        if !self.has_list || facts.role == Role::Server {
            return Err(UnknownCost::Provider);
        }
        let at = facts.timing.start;
        let amount = list::cost(server, &facts.provider, model.name, &tier, at, used)?;
        Ok(known(amount, Currency::USD, CostSource::List, confidence))
    }

    /// The first rule that fits.
    fn rule(
        &self,
        facts: &CallFacts,
        server: Server,
        model: &str,
        tier: &Tier,
    ) -> Option<&PriceRule> {
        if self.rules.is_empty() {
            return None;
        }
        let model = model.to_ascii_lowercase();
        let named = self.by_model.get(&*model).map_or(&[][..], Vec::as_slice);
        let fits = |place: &&usize| {
            self.rules.get(**place).is_some_and(|rule| {
                let provider = match (rule.provider.as_deref(), server) {
                    (None, _) | (Some(_), Server::Gateway) => true,
                    (Some(name), Server::Known) => facts.provider.0 == *name,
                    (Some(_), Server::Unknown) => false,
                };
                provider && rule.holds(tier, facts.timing.start) && rule.model.matches(&model)
            })
        };
        let first_named = named.iter().find(fits);
        let first_pattern = self.patterns.iter().find(fits);
        let places = first_named.into_iter().chain(first_pattern);
        self.rules.get(*places.min()?)
    }
}

/// Whether the provider refused to serve it, so that nothing was used.
fn was_refused(facts: &CallFacts) -> bool {
    let counted = Usage {
        parts: UsageParts::default(),
        ..facts.usage
    };
    facts.response.status.is_some_and(|status| status >= 400) && counted == Usage::default()
}

const fn known(
    amount: Amount,
    currency: Currency,
    source: CostSource,
    confidence: Confidence,
) -> Cost {
    Cost::Known(KnownCost {
        amount,
        currency,
        source,
        confidence,
    })
}
