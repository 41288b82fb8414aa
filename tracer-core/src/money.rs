//! Amounts of money and prices, in whole numbers: sums are exact in any order.

use std::{fmt, str::FromStr};

use thiserror::Error;

/// Digits behind the point of an [`Amount`].
const AMOUNT_DIGITS: i32 = 12;
/// Digits behind the point of a [`Rate`].
const RATE_DIGITS: i32 = 18;
/// Digits of a number that are read: more than any sum of money has.
const MAX_DIGITS: usize = 30;

/// An amount of money, in 10⁻¹² of a currency's unit: a millionth of what a token costs at a dollar
/// per million. Never negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Amount(u128);

impl Amount {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// So many 10⁻¹² of a unit.
    pub const fn from_pico(pico: u128) -> Self {
        Self(pico)
    }

    /// How many 10⁻¹² of a unit.
    pub const fn pico(self) -> u128 {
        self.0
    }

    /// A number of units as somebody computed it: rounded, which takes the noise of binary fractions
    /// away. `None` if it is negative or no number.
    pub fn from_f64(units: f64) -> Option<Self> {
        // The shortest decimal that is this number is what was meant.
        units
            .is_finite()
            .then(|| scaled(&format!("{units:e}"), AMOUNT_DIGITS).map(Self))
            .flatten()
    }

    /// A decimal number of units: `0.00123`, `1.23e-3`. `None` if it is negative or no number.
    pub fn from_decimal(text: &str) -> Option<Self> {
        scaled(text, AMOUNT_DIGITS).map(Self)
    }

    /// The nearest floating-point number of units, for telemetry.
    #[expect(
        clippy::cast_precision_loss,
        reason = "exact below 2^53 pico-units, 9,007 units; the nearest number beyond"
    )]
    pub fn as_f64(self) -> f64 {
        self.0 as f64 / 1e12
    }

    /// The sum; at the end of the range it stays there.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl fmt::Display for Amount {
    /// A decimal number of units, without needless zeros.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = 10_u128.pow(AMOUNT_DIGITS.unsigned_abs());
        let (whole, fraction) = (self.0 / unit, self.0 % unit);
        if fraction == 0 {
            return write!(f, "{whole}");
        }
        let digits = format!("{fraction:012}");
        write!(f, "{whole}.{}", digits.trim_end_matches('0'))
    }
}

impl std::iter::Sum for Amount {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Self::plus)
    }
}

/// A price of one thing that is counted (a token, a request), in 10⁻¹⁸ of a currency's unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Rate(u128);

impl Rate {
    /// Free, because somebody said so.
    pub const FREE: Self = Self(0);

    /// A decimal price of 10^`power` of them: 6 for a price per million. `None` if it is negative or
    /// no number.
    pub fn per_power_of_ten(text: &str, power: i32) -> Option<Self> {
        scaled(text, RATE_DIGITS.checked_sub(power)?).map(Self)
    }

    /// What so many cost, in 10⁻¹⁸ of a unit; `None` if it is out of range.
    pub const fn times(self, count: u64) -> Option<FineAmount> {
        match self.0.checked_mul(count as u128) {
            Some(product) => Some(FineAmount(product)),
            None => None,
        }
    }
}

/// A sum of prices that is not rounded yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FineAmount(u128);

impl FineAmount {
    /// The sum, `None` if it is out of range.
    #[must_use]
    pub const fn plus(self, other: Self) -> Option<Self> {
        match self.0.checked_add(other.0) {
            Some(sum) => Some(Self(sum)),
            None => None,
        }
    }

    /// Rounded to the nearest amount.
    pub const fn rounded(self) -> Amount {
        let step = 10_u128.pow((RATE_DIGITS - AMOUNT_DIGITS).unsigned_abs());
        Amount(self.0.saturating_add(step / 2) / step)
    }
}

/// A currency by its code of ISO 4217.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

/// A text is no code of a currency.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{0}` is no currency: write its three capital letters, such as USD")]
pub struct CurrencyError(String);

impl Currency {
    /// Dollars of the United States, in which providers and lists give prices.
    pub const USD: Self = Self(*b"USD");

    /// The code.
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl FromStr for Currency {
    type Err = CurrencyError;

    fn from_str(text: &str) -> Result<Self, CurrencyError> {
        match <[u8; 3]>::try_from(text.as_bytes()) {
            Ok(code) if code.iter().all(u8::is_ascii_uppercase) => Ok(Self(code)),
            _ => Err(CurrencyError(text.to_owned())),
        }
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// A decimal number times 10^`shift`, rounded half up; `None` if it is negative, no number or out of
/// range.
fn scaled(text: &str, shift: i32) -> Option<u128> {
    let text = text.trim();
    let (number, exponent) = match text.split_once(['e', 'E']) {
        Some((number, exponent)) => (number, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let number = number.strip_prefix('+').unwrap_or(number);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && fraction.is_empty() || number.len() > MAX_DIGITS {
        return None;
    }
    let mut digits = 0_u128;
    for byte in whole.bytes().chain(fraction.bytes()) {
        let digit = byte.is_ascii_digit().then(|| u128::from(byte - b'0'))?;
        digits = digits.checked_mul(10)?.checked_add(digit)?;
    }
    let behind_point = i32::try_from(fraction.len()).ok()?;
    let power = exponent.checked_add(shift)?.checked_sub(behind_point)?;
    let factor = 10_u128.checked_pow(power.unsigned_abs());
    match factor {
        Some(factor) if power >= 0 => digits.checked_mul(factor),
        Some(factor) => {
            Some((digits / factor).checked_add(u128::from(digits % factor >= factor.div_ceil(2)))?)
        }
        // Zero stays zero, and so does what is far below the last digit.
        None if power < 0 || digits == 0 => Some(0),
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn decimals_are_exact() {
        for (text, pico) in [
            ("0.00014823", 148_230_000),
            ("1.25e-06", 1_250_000),
            ("1.2299999999999998e-05", 12_300_000),
            ("0", 0),
            ("12", 12_000_000_000_000),
            (".5", 500_000_000_000),
            ("0.0000000000004", 0),
            ("0.0000000000005", 1),
            ("1e-400", 0),
        ] {
            assert_eq!(Amount::from_decimal(text), Some(Amount(pico)), "{text}");
        }
        for text in [
            "", ".", "-1", "1,5", "NaN", "inf", "None", "1e400", "0x1", "1e",
        ] {
            assert_eq!(Amount::from_decimal(text), None, "{text}");
        }
    }

    #[test]
    fn the_noise_of_binary_fractions_is_rounded_away() {
        assert_eq!(Amount::from_f64(0.1 + 0.2), Amount::from_decimal("0.3"));
        assert_eq!(Amount::from_f64(-0.1), None);
        assert_eq!(Amount::from_f64(f64::NAN), None);
        assert_eq!(Amount::from_decimal("0.3").unwrap().as_f64(), 0.3);
    }

    #[test]
    fn a_price_per_million_is_exact_for_each() {
        let rate = Rate::per_power_of_ten("0.075", 6).expect("a price");
        let cost = rate.times(3).expect("in range").rounded();
        assert_eq!(cost, Amount::from_decimal("0.000000225").unwrap());
        assert_eq!(cost.to_string(), "0.000000225");
        assert_eq!(Amount::from_decimal("2.50").unwrap().to_string(), "2.5");
        assert_eq!(Amount::ZERO.to_string(), "0");
    }

    #[test]
    fn currencies_have_codes() {
        assert_eq!("EUR".parse::<Currency>().unwrap().code(), "EUR");
        for text in ["", "usd", "US", "USDT", "€"] {
            assert!(text.parse::<Currency>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn sums_are_equal_in_any_order(
            (pico, shuffled) in prop::collection::vec(0_u64.., 0..200)
                .prop_flat_map(|pico| (Just(pico.clone()), Just(pico).prop_shuffle())),
        ) {
            let sum = |all: &[u64]| all.iter().map(|&pico| Amount::from_pico(pico.into())).sum::<Amount>();
            prop_assert_eq!(sum(&pico), sum(&shuffled));
            prop_assert_eq!(sum(&pico).pico(), pico.iter().map(|&pico| u128::from(pico)).sum::<u128>());
        }

        #[test]
        fn what_is_printed_is_read_back(pico in 0..u128::from(u64::MAX)) {
            let amount = Amount::from_pico(pico);
            prop_assert_eq!(Amount::from_decimal(&amount.to_string()), Some(amount));
        }

        #[test]
        fn anything_is_read_without_a_panic(text in ".{0,40}") {
            let _ = Amount::from_decimal(&text);
        }
    }
}
