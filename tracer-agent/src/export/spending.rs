//! Budgets: what is spent, and what brings it over a limit.
//!
//! Kept in memory only: an agent that starts anew counts from nothing.

use std::collections::HashMap;

use jiff::{Timestamp, ToSpan as _, Zoned, tz::TimeZone};
use prometheus_client::metrics::counter::Counter;
use tracer_core::{
    attribution::Dimension,
    money::Amount,
    pricing::Cost,
    semconv::{Value, attributes::LLM_TRACER_BUDGET_EXCEEDED},
};

use super::record::Record;
use crate::{
    config::budgets::{Budget, Period, Scope},
    telemetry::Telemetry,
};

/// Values that are counted apart, over all budgets: what goes beyond is counted as not watched.
const MAX_ACCOUNTS: usize = 4_096;

/// What is spent of each budget.
#[derive(Debug)]
pub struct Spending {
    budgets: Vec<Watched>,
    accounts: HashMap<(usize, String), Account>,
    /// The hour in which accounts of periods that are over were looked for: no period ends within one.
    cleared: Option<Timestamp>,
    unwatched: Counter,
}

#[derive(Debug)]
struct Watched {
    name: String,
    budget: Budget,
    exceeded: Counter,
}

/// What one value spent in a period.
#[derive(Debug, Clone, Copy)]
struct Account {
    period: Timestamp,
    spent: Amount,
    is_over: bool,
}

impl Spending {
    /// Of these budgets, by name.
    pub fn new(budgets: Vec<(String, Budget)>, telemetry: &Telemetry) -> Self {
        let watched = budgets.into_iter().map(|(name, budget)| Watched {
            exceeded: telemetry.budgets.exceeded(&name),
            name,
            budget,
        });
        Self {
            budgets: watched.collect(),
            accounts: HashMap::new(),
            cleared: None,
            unwatched: telemetry.budgets.unwatched.clone(),
        }
    }

    /// How many values are counted apart.
    #[cfg(test)]
    pub(super) fn watched(&self) -> usize {
        self.accounts.len()
    }

    /// Counts a call of these; one that brings a budget over its limit says so, once in each period.
    pub(super) fn count(&mut self, known: &[(Dimension, String)], record: &mut Record) {
        let Some(call) = record.call.clone() else {
            return;
        };
        let facts = call.facts();
        let Cost::Known(cost) = facts.cost else {
            return;
        };
        let nanos = i128::from(facts.timing.end.unix_nanos());
        let at = Timestamp::from_nanosecond(nanos).unwrap_or_default();
        let mut exceeded = Vec::new();
        for (place, watched) in self.budgets.iter().enumerate() {
            let Watched {
                name,
                budget,
                exceeded: counter,
            } = watched;
            if budget.currency != cost.currency {
                continue;
            }
            let Some(value) = of(&budget.scope, known) else {
                continue;
            };
            let Some(period) = beginning(budget.period, at) else {
                continue;
            };
            let key = (place, value.to_owned());
            if self.accounts.len() >= MAX_ACCOUNTS && !self.accounts.contains_key(&key) {
                let hour = beginning(Period::Hour, at);
                if hour > self.cleared {
                    self.cleared = hour;
                    let budgets = &self.budgets;
                    self.accounts.retain(|(place, _), account| {
                        let of = budgets.get(*place).map(|it| it.budget.period);
                        of.and_then(|period| beginning(period, at)) == Some(account.period)
                    });
                }
                if self.accounts.len() >= MAX_ACCOUNTS {
                    self.unwatched.inc();
                    continue;
                }
            }
            let account = self.accounts.entry(key).or_insert(Account::new(period));
            if account.period < period {
                *account = Account::new(period);
            }
            // A call that ended before its period did, and comes late, is of the one before.
            if account.period != period {
                continue;
            }
            account.spent = account.spent.plus(cost.amount);
            if account.spent <= budget.limit || account.is_over {
                continue;
            }
            account.is_over = true;
            counter.inc();
            let whose = match &budget.scope {
                Scope::All => "all".to_owned(),
                Scope::One(dimension, _) | Scope::Each(dimension) => {
                    format!("{}={value}", dimension.name())
                }
            };
            tracing::warn!(
                budget = name,
                whose,
                "over budget: {} of {} {} per {} are spent since {period}",
                account.spent,
                budget.limit,
                budget.currency,
                budget.period.name(),
            );
            exceeded.push(name.clone());
        }
        if !exceeded.is_empty() {
            let attribute = (LLM_TRACER_BUDGET_EXCEEDED.into(), Value::StrList(exceeded));
            record.span.attributes.push(attribute);
        }
    }
}

impl Account {
    const fn new(period: Timestamp) -> Self {
        Self {
            period,
            spent: Amount::ZERO,
            is_over: false,
        }
    }
}

/// Whose account of a budget a call goes to; `None` if it is not of it.
fn of<'a>(scope: &'a Scope, known: &'a [(Dimension, String)]) -> Option<&'a str> {
    let value = |dimension: &Dimension| {
        let found = known.iter().find(|(of, _)| of == dimension);
        found.map(|(_, value)| value.as_str())
    };
    match scope {
        Scope::All => Some(""),
        Scope::One(dimension, wanted) => value(dimension).filter(|value| value == wanted),
        Scope::Each(dimension) => value(dimension),
    }
}

/// When the period of a time began.
fn beginning(period: Period, at: Timestamp) -> Option<Timestamp> {
    let at: Zoned = at.to_zoned(TimeZone::UTC);
    let day = at.start_of_day().ok()?;
    let beginning = match period {
        Period::Hour => day.checked_add(i64::from(at.hour()).hours()).ok()?,
        Period::Day => day,
        Period::Week => {
            let days = i64::from(day.weekday().to_monday_zero_offset());
            day.checked_sub(days.days()).ok()?
        }
        Period::Month => day.with().day(1).build().ok()?,
    };
    Some(beginning.timestamp())
}

#[cfg(test)]
mod tests {
    use tracer_core::{
        confidence::Confidence,
        llm::call::CallFacts,
        money::Currency,
        pricing::{CostSource, KnownCost},
        time,
    };

    use super::*;
    use crate::export::samples;

    fn spending(budgets: &[(&str, &str)], telemetry: &Telemetry) -> Spending {
        let budgets = budgets
            .iter()
            .map(|(name, text)| ((*name).to_owned(), text.parse().expect("a budget")));
        Spending::new(budgets.collect(), telemetry)
    }

    /// The budgets that a call brings over their limits.
    fn spend(spending: &mut Spending, team: &str, dollars: &str, at: &str) -> Vec<String> {
        let at: Timestamp = at.parse().expect("a time");
        let mut facts: CallFacts = samples::chat();
        facts.cost = Cost::Known(KnownCost {
            amount: Amount::from_decimal(dollars).expect("an amount"),
            currency: Currency::USD,
            source: CostSource::Reported,
            confidence: Confidence::Observed,
        });
        let nanos = u64::try_from(at.as_nanosecond()).expect("after 1970");
        facts.timing.end = time::Timestamp::from_unix_nanos(nanos);
        let mut record = samples::record(1, facts);
        spending.count(&[(Dimension::Team, team.to_owned())], &mut record);
        match record.span.attribute(LLM_TRACER_BUDGET_EXCEEDED) {
            Some(Value::StrList(names)) => names.clone(),
            _ => Vec::new(),
        }
    }

    #[test]
    fn a_limit_is_crossed_once_in_each_period() {
        let telemetry = Telemetry::new();
        let budgets = [
            ("search", "team=search 1 USD per day"),
            ("each", "team=* 2 USD per month"),
            ("euros", "all 0.001 EUR per hour"),
        ];
        let mut spending = spending(&budgets, &telemetry);
        let mut spend = |team, dollars, at| spend(&mut spending, team, dollars, at);
        assert_eq!(
            spend("search", "1", "2026-11-23T10:00:00Z"),
            [""; 0],
            "not over"
        );
        assert_eq!(
            spend("search", "0.000001", "2026-11-23T23:59:59Z"),
            ["search"]
        );
        assert_eq!(
            spend("search", "0.1", "2026-11-23T23:59:59Z"),
            [""; 0],
            "told"
        );
        assert_eq!(
            spend("ads", "1.5", "2026-11-23T23:59:59Z"),
            [""; 0],
            "others"
        );
        assert_eq!(
            spend("search", "0.95", "2026-11-24T00:00:00Z"),
            ["each"],
            "a new day"
        );
        assert_eq!(spend("search", "0.1", "2026-11-24T00:00:00Z"), ["search"]);
        assert_eq!(
            spend("search", "0.1", "2026-11-23T23:59:59Z"),
            [""; 0],
            "late"
        );
        let scraped = telemetry.render();
        assert!(scraped.contains(r#"llm_tracer_budget_exceeded_total{budget="search"} 2"#));
        assert!(scraped.contains(r#"llm_tracer_budget_exceeded_total{budget="euros"} 0"#));
    }

    #[test]
    fn periods_begin_by_the_calendar() {
        let at: Timestamp = "2026-11-25T13:45:10Z".parse().unwrap();
        for (period, expected) in [
            (Period::Hour, "2026-11-25T13:00:00Z"),
            (Period::Day, "2026-11-25T00:00:00Z"),
            (Period::Week, "2026-11-23T00:00:00Z"),
            (Period::Month, "2026-11-01T00:00:00Z"),
        ] {
            assert_eq!(beginning(period, at), Some(expected.parse().unwrap()));
        }
    }

    #[test]
    fn accounts_are_bounded_and_old_ones_go_first() {
        let telemetry = Telemetry::new();
        let mut spending = spending(&[("each", "team=* 1 USD per day")], &telemetry);
        for number in 0..MAX_ACCOUNTS + 10 {
            spend(
                &mut spending,
                &number.to_string(),
                "0.1",
                "2026-11-23T10:00:00Z",
            );
        }
        assert_eq!(spending.accounts.len(), MAX_ACCOUNTS);
        assert_eq!(telemetry.budgets.unwatched.get(), 10);
        spend(&mut spending, "new", "0.1", "2026-11-24T10:00:00Z");
        assert_eq!(spending.accounts.len(), 1);
    }
}
