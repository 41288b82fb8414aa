//! How much may be spent: `team=search 100 USD per day`.

use std::{fmt, str::FromStr};

use tracer_core::{
    attribution::Dimension,
    money::{Amount, Currency},
};

use super::setting::{Pairs, Raw, Refusal, Setting};

/// The budgets, by name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Budgets {
    pairs: Pairs,
    /// Each with its name.
    pub all: Vec<(String, Budget)>,
}

/// How much somebody may spend in a period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Budget {
    /// Whose calls.
    pub scope: Scope,
    /// How much.
    pub limit: Amount,
    /// Of what; costs in other currencies do not count.
    pub currency: Currency,
    /// In which time.
    pub period: Period,
}

/// Whose calls a budget is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// All calls together.
    All,
    /// Those of one value of a dimension.
    One(Dimension, String),
    /// Each value of a dimension has a budget of its own.
    Each(Dimension),
}

/// A time by the calendar, in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Period {
    /// From the full hour.
    Hour,
    /// From midnight.
    Day,
    /// From Monday.
    Week,
    /// From the first.
    Month,
}

impl Period {
    const ALL: [Self; 4] = [Self::Hour, Self::Day, Self::Week, Self::Month];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all"),
            Self::One(dimension, value) => write!(f, "{}={value}", dimension.name()),
            Self::Each(dimension) => write!(f, "{}=*", dimension.name()),
        }
    }
}

impl FromStr for Budget {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Refusal> {
        let refusal = |what: &str| Refusal(what.to_owned());
        // A value may have blanks in it, what follows has none.
        let mut words = text.trim().rsplitn(5, char::is_whitespace);
        let (Some(period), Some("per"), Some(currency), Some(limit), Some(scope)) = (
            words.next(),
            words.next(),
            words.next(),
            words.next(),
            words.next(),
        ) else {
            return Err(refusal("not `WHOSE AMOUNT CURRENCY per PERIOD`"));
        };
        let periods = Period::ALL.into_iter();
        let scope = match scope.trim().split_once('=') {
            None if scope.trim() == "all" => Scope::All,
            None => {
                return Err(refusal(
                    "it does not say whose: `all`, `team=search`, `team=*`",
                ));
            }
            Some((dimension, value)) => {
                let dimension = dimension.parse().map_err(
                    |error: tracer_core::attribution::DimensionError| Refusal(error.to_string()),
                )?;
                match value {
                    "" => return Err(refusal("nothing stands behind `=`")),
                    "*" => Scope::Each(dimension),
                    value => Scope::One(dimension, value.to_owned()),
                }
            }
        };
        let limit = Amount::from_decimal(limit).filter(|limit| *limit > Amount::ZERO);
        let currency = currency.parse();
        Ok(Self {
            scope,
            limit: limit.ok_or_else(|| refusal("the amount is no number above zero"))?,
            currency: currency
                .map_err(|error: tracer_core::money::CurrencyError| Refusal(error.to_string()))?,
            period: periods
                .into_iter()
                .find(|it| it.name() == period)
                .ok_or_else(|| refusal("the period is none of hour, day, week and month"))?,
        })
    }
}

impl Setting for Budgets {
    const VALUE_NAME: &'static str = "NAME=BUDGET";
    const EXPECTS: &'static str = "a table of name = \"WHOSE AMOUNT CURRENCY per PERIOD\", such as search = \"team=search 100 USD per day\"";

    fn parse(raw: &Raw) -> Result<Self, Refusal> {
        let pairs = Pairs::parse(raw)?;
        let parse = |(name, text): (&String, &String)| Ok((name.clone(), text.parse()?));
        Ok(Self {
            all: pairs.iter().map(parse).collect::<Result<_, Refusal>>()?,
            pairs,
        })
    }

    fn show(&self) -> Raw {
        self.pairs.show()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn budget(text: &str) -> Result<Budget, String> {
        text.parse().map_err(|Refusal(why)| why)
    }

    #[test]
    fn budgets_are_written_as_they_are_said() {
        let search = budget("team=search 100 USD per day").unwrap();
        assert_eq!(search.scope, Scope::One(Dimension::Team, "search".into()));
        assert_eq!(search.limit.to_string(), "100");
        assert_eq!(search.period, Period::Day);
        let each = budget("user=* 0.5 EUR per month").unwrap();
        assert_eq!(each.scope, Scope::Each(Dimension::User));
        assert_eq!(
            (each.currency.code(), each.limit.to_string().as_str()),
            ("EUR", "0.5")
        );
        assert_eq!(budget("all 5 USD per hour").unwrap().scope, Scope::All);
        let named = budget("team=Search and Find 1 USD per week").unwrap();
        assert_eq!(named.scope.to_string(), "team=Search and Find");
    }

    #[test]
    fn what_is_wrong_is_told() {
        for (text, why) in [
            ("100 USD", "not `WHOSE AMOUNT CURRENCY per PERIOD`"),
            (
                "search 1 USD per day",
                "it does not say whose: `all`, `team=search`, `team=*`",
            ),
            (
                "group=a 1 USD per day",
                "`group` is nothing that calls are attributed to",
            ),
            ("team= 1 USD per day", "nothing stands behind `=`"),
            ("all 0 USD per day", "the amount is no number above zero"),
            ("all -1 USD per day", "the amount is no number above zero"),
            (
                "all 1 usd per day",
                "`usd` is no currency: write its three capital letters, such as USD",
            ),
            (
                "all 1 USD per year",
                "the period is none of hour, day, week and month",
            ),
        ] {
            assert_eq!(budget(text), Err(why.to_owned()), "{text}");
        }
    }
}
