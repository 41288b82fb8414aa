//! Files with the operator's prices.
//!
//! ```toml
//! [[price]]
//! model = "gpt-4o*"          # as the answer names it; at most one `*`
//! provider = "openai"        # gen_ai.provider.name; anybody if absent
//! tier = "flex"              # a service tier, "batch", or "*" for any; the ordinary one if absent
//! from = "2026-01-01"        # a day or a time, UTC; until as well
//! currency = "USD"
//! input = 2.50               # of a million tokens
//! output = 10
//! request = 0.005            # of one
//! above = [{ input_tokens = 200000, input = 5, output = 20 }]
//! ```
//!
//! The same as JSON has `price` at its top. A JSON file without it is one of LiteLLM's.

use std::{collections::BTreeMap, fmt};

use serde::{
    Deserialize,
    de::{Deserializer, Visitor},
};
use thiserror::Error;

use super::{
    litellm,
    rates::{Rates, Unit},
    rule::{ModelPattern, PriceRule},
};
use crate::{
    money::{Currency, Rate},
    time::Timestamp,
};

/// Rules of one file: more than any list of prices has.
pub(super) const MAX_RULES: usize = 100_000;

/// Why a file with prices is not taken.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PriceFileError {
    /// It is not what its name says, or has members that no price has.
    #[error("line {line}: {message}")]
    Syntax {
        /// Where, from 1.
        line: usize,
        /// What the parser says.
        message: String,
    },
    /// One of its prices makes no sense.
    #[error("price {number} (`{model}`): {problem}")]
    Price {
        /// Which one, from 1.
        number: usize,
        /// Its model.
        model: String,
        /// What is wrong and what to do.
        problem: String,
    },
    /// It holds no price.
    #[error("it holds no price: write `[[price]]`, or use a list of LiteLLM")]
    Empty,
    /// It holds too many.
    #[error("it holds more than {MAX_RULES} prices: keep those that you need")]
    TooMany,
}

/// Reads a file in our own format, as TOML.
///
/// # Errors
/// Says what is wrong with it, and where.
pub fn from_toml(text: &str) -> Result<Vec<PriceRule>, PriceFileError> {
    let file: File = toml::from_str(text).map_err(|error| {
        let place = error.span().map_or(0, |span| span.start);
        let before = text.get(..place).unwrap_or(text);
        PriceFileError::Syntax {
            line: before.matches('\n').count() + 1,
            message: error.message().replace('\n', ", "),
        }
    })?;
    file.rules()
}

/// Reads a file in our own format, as JSON, or one of LiteLLM.
///
/// # Errors
/// Says what is wrong with it, and where.
pub fn from_json(text: &str) -> Result<Vec<PriceRule>, PriceFileError> {
    let syntax = |error: serde_json::Error| PriceFileError::Syntax {
        line: error.line(),
        message: error.to_string(),
    };
    let members: BTreeMap<String, serde::de::IgnoredAny> =
        serde_json::from_str(text).map_err(syntax)?;
    if members.contains_key("price") {
        return serde_json::from_str::<File>(text).map_err(syntax)?.rules();
    }
    litellm::rules(text)
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    price: Vec<Price>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Price {
    model: String,
    provider: Option<String>,
    tier: Option<String>,
    from: Option<String>,
    until: Option<String>,
    currency: Option<String>,
    #[serde(default)]
    above: Vec<Above>,
    // Flattened members and `deny_unknown_fields` do not go together: those that are no price are
    // refused below.
    input: Option<Decimal>,
    cache_read: Option<Decimal>,
    cache_write: Option<Decimal>,
    cache_write_1h: Option<Decimal>,
    input_audio: Option<Decimal>,
    cache_read_audio: Option<Decimal>,
    input_image: Option<Decimal>,
    cache_read_image: Option<Decimal>,
    output: Option<Decimal>,
    reasoning: Option<Decimal>,
    output_audio: Option<Decimal>,
    output_image: Option<Decimal>,
    web_search: Option<Decimal>,
    request: Option<Decimal>,
}

/// Prices of long prompts.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Above {
    input_tokens: u64,
    input: Option<Decimal>,
    cache_read: Option<Decimal>,
    cache_write: Option<Decimal>,
    cache_write_1h: Option<Decimal>,
    output: Option<Decimal>,
    reasoning: Option<Decimal>,
}

/// A number as it is written.
#[derive(Debug, Clone)]
struct Decimal(String);

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl Visitor<'_> for Any {
            type Value = Decimal;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a price such as 2.50 or \"2.50\"")
            }

            fn visit_u64<E>(self, value: u64) -> Result<Decimal, E> {
                Ok(Decimal(value.to_string()))
            }

            fn visit_i64<E>(self, value: i64) -> Result<Decimal, E> {
                Ok(Decimal(value.to_string()))
            }

            fn visit_f64<E>(self, value: f64) -> Result<Decimal, E> {
                // The shortest decimal that is this number is what was written.
                Ok(Decimal(format!("{value:e}")))
            }

            fn visit_str<E>(self, value: &str) -> Result<Decimal, E> {
                Ok(Decimal(value.to_owned()))
            }
        }
        deserializer.deserialize_any(Any)
    }
}

impl File {
    fn rules(self) -> Result<Vec<PriceRule>, PriceFileError> {
        match self.price.len() {
            0 => return Err(PriceFileError::Empty),
            1..=MAX_RULES => {}
            _ => return Err(PriceFileError::TooMany),
        }
        let prices = (1..).zip(self.price);
        prices
            .map(|(number, price)| {
                let model = price.model.clone();
                price.rule().map_err(|problem| PriceFileError::Price {
                    number,
                    model,
                    problem,
                })
            })
            .collect()
    }
}

impl Price {
    fn rule(self) -> Result<PriceRule, String> {
        let rates = rates(&[
            (Unit::Input, "input", &self.input),
            (Unit::CacheRead, "cache_read", &self.cache_read),
            (Unit::CacheWrite, "cache_write", &self.cache_write),
            (Unit::CacheWrite1h, "cache_write_1h", &self.cache_write_1h),
            (Unit::InputAudio, "input_audio", &self.input_audio),
            (
                Unit::CacheReadAudio,
                "cache_read_audio",
                &self.cache_read_audio,
            ),
            (Unit::InputImage, "input_image", &self.input_image),
            (
                Unit::CacheReadImage,
                "cache_read_image",
                &self.cache_read_image,
            ),
            (Unit::Output, "output", &self.output),
            (Unit::Reasoning, "reasoning", &self.reasoning),
            (Unit::OutputAudio, "output_audio", &self.output_audio),
            (Unit::OutputImage, "output_image", &self.output_image),
            (Unit::WebSearch, "web_search", &self.web_search),
            (Unit::Request, "request", &self.request),
        ])?;
        if rates.is_empty() {
            return Err("it has no price: give `input`, and `output` where there is any".into());
        }
        let mut above: Vec<_> = self
            .above
            .iter()
            .map(Above::rates)
            .collect::<Result<_, _>>()?;
        above.sort_by_key(|(tokens, _)| *tokens);
        let (from, until) = (time(self.from, "from")?, time(self.until, "until")?);
        if let (Some(from), Some(until)) = (from, until)
            && until <= from
        {
            return Err("`until` is not after `from`: it would never hold".into());
        }
        let currency = self
            .currency
            .as_deref()
            .map_or(Ok(Currency::USD), str::parse);
        Ok(PriceRule {
            provider: self.provider.map(Into::into),
            model: ModelPattern::new(&self.model)
                .ok_or("`model` must be a name with at most one `*`")?,
            tier: self.tier.map(|tier| tier.to_ascii_lowercase().into()),
            from,
            until,
            currency: currency.map_err(|error| error.to_string())?,
            rates,
            above,
        })
    }
}

impl Above {
    fn rates(&self) -> Result<(u64, Rates), String> {
        let rates = rates(&[
            (Unit::Input, "input", &self.input),
            (Unit::CacheRead, "cache_read", &self.cache_read),
            (Unit::CacheWrite, "cache_write", &self.cache_write),
            (Unit::CacheWrite1h, "cache_write_1h", &self.cache_write_1h),
            (Unit::Output, "output", &self.output),
            (Unit::Reasoning, "reasoning", &self.reasoning),
        ])?;
        if rates.is_empty() {
            return Err(format!(
                "`above` {} tokens it has no price: give `input` or `output`",
                self.input_tokens
            ));
        }
        Ok((self.input_tokens, rates))
    }
}

fn rates(members: &[(Unit, &str, &Option<Decimal>)]) -> Result<Rates, String> {
    let mut rates = Rates::default();
    for (unit, name, price) in members {
        let Some(Decimal(text)) = price else { continue };
        let power = match unit {
            Unit::Request | Unit::WebSearch => 0,
            _ => 6,
        };
        let rate = Rate::per_power_of_ten(text, power).ok_or_else(|| {
            format!("`{name}` is no price: write a number that is not negative, such as 2.50")
        })?;
        rates.set(*unit, rate);
    }
    Ok(rates)
}

/// Midnight of a day, or a time.
fn time(text: Option<String>, name: &str) -> Result<Option<Timestamp>, String> {
    let Some(text) = text else { return Ok(None) };
    let day = || {
        let date: jiff::civil::Date = text.parse().ok()?;
        Some(date.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp())
    };
    let time = text.parse::<jiff::Timestamp>().ok().or_else(day);
    let nanos = time.and_then(|time| u64::try_from(time.as_nanosecond()).ok());
    let nanos = nanos.ok_or_else(|| {
        format!("`{name}` is no time: write \"2026-01-31\" or \"2026-01-31T12:00:00Z\"")
    })?;
    Ok(Some(Timestamp::from_unix_nanos(nanos)))
}

/// Entry for fuzzing: any text is refused with a reason, or read into rules that price anything.
#[cfg(any(test, feature = "fuzzing"))]
pub fn fuzz_prices(data: &[u8]) {
    use super::quantities::Quantities;

    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let used = Quantities {
        input: u64::MAX,
        cache_read: 1,
        output: 3,
        ..Quantities::default()
    };
    for rules in [from_toml(text), from_json(text)] {
        match rules {
            Ok(rules) => {
                assert!(rules.len() <= MAX_RULES);
                for rule in rules {
                    let _ = rule.cost(&used);
                }
            }
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
}

#[cfg(test)]
#[path = "file_tests.rs"]
mod tests;
