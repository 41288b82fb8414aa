//! Costs in answers.

use std::borrow::Cow;

use serde::de::{IgnoredAny, MapAccess};

use super::{
    lenient::{Lenient, lenient},
    values::Text,
};
use crate::money::Amount;

/// An amount of dollars: a number, a number as a string, or an object whose `total_cost` is one.
#[derive(Debug, Default, Clone, Copy)]
pub(in crate::llm) struct Money(pub(in crate::llm) Option<Amount>);

impl<'de> Lenient<'de> for Money {
    fn unsigned(value: u64) -> Self {
        Self(Amount::from_decimal(&value.to_string()))
    }
    fn float(value: f64) -> Self {
        Self(Amount::from_f64(value))
    }
    fn text(value: Cow<'de, str>) -> Self {
        Self(Amount::from_decimal(&value))
    }
    fn map<A: MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
        let mut total = Self::default();
        while let Some(key) = map.next_key::<Text<'de>>()? {
            if key.as_str() == Some("total_cost") {
                total = map.next_value()?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(total)
    }
}

lenient!(Money);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::llm::json::read;

    #[test]
    fn dollars_in_every_spelling() {
        for json in [
            "0.00125",
            "1.25e-3",
            r#""0.00125""#,
            r#"{"input_tokens_cost":1,"total_cost":0.00125}"#,
        ] {
            let money = read::<Money>(json.as_bytes()).expect("json").0;
            assert_eq!(money, Amount::from_decimal("0.00125"), "{json}");
        }
        assert_eq!(read::<Money>(b"0").expect("json").0, Some(Amount::ZERO));
        for json in ["null", "-1", r#""free""#, "[1]", "{}", "true"] {
            assert_eq!(
                read::<Money>(json.as_bytes()).expect("json").0,
                None,
                "{json}"
            );
        }
    }

    #[test]
    fn an_object_in_an_object_has_an_end() {
        let deep = format!("{}1{}", r#"{"total_cost":"#.repeat(500), "}".repeat(500));
        assert!(read::<Money>(deep.as_bytes()).is_none_or(|money| money.0.is_none()));
    }
}
