//! Prices by what they count.

use super::quantities::Quantities;
use crate::money::{Amount, FineAmount, Rate};

/// What a price counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Unit {
    Input,
    CacheRead,
    CacheWrite,
    CacheWrite1h,
    InputAudio,
    CacheReadAudio,
    InputImage,
    CacheReadImage,
    Output,
    Reasoning,
    OutputAudio,
    OutputImage,
    WebSearch,
    Request,
}

const UNITS: usize = Unit::Request as usize + 1;

impl Unit {
    /// What is counted instead where it has no price of its own.
    const fn whole(self) -> Option<Self> {
        match self {
            Self::CacheWrite1h => Some(Self::CacheWrite),
            Self::CacheRead | Self::CacheWrite | Self::InputAudio | Self::InputImage => {
                Some(Self::Input)
            }
            Self::Reasoning | Self::OutputAudio | Self::OutputImage => Some(Self::Output),
            Self::Input
            | Self::Output
            | Self::CacheReadAudio
            | Self::CacheReadImage
            | Self::WebSearch
            | Self::Request => None,
        }
    }
}

/// One price for each unit that has one. A part without a price of its own costs what the whole costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Rates([Option<Rate>; UNITS]);

impl Rates {
    pub(super) const fn set(&mut self, unit: Unit, rate: Rate) {
        // A unit is below the number of units.
        self.0[unit as usize] = Some(rate);
    }

    pub(super) const fn get(&self, unit: Unit) -> Option<Rate> {
        self.0[unit as usize]
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.iter().all(Option::is_none)
    }

    /// These prices, and where there is none those of `other`.
    #[must_use]
    pub(super) fn or(&self, other: &Self) -> Self {
        let mut all = self.0;
        for (own, other) in all.iter_mut().zip(other.0) {
            *own = own.or(other);
        }
        Self(all)
    }

    /// What so much costs; `None` if a part has no price, or the parts are not within the whole.
    pub(super) fn cost(&self, used: &Quantities) -> Option<Amount> {
        let [audio, cached_audio] = self.split(
            (Unit::InputAudio, used.input_audio),
            (Unit::CacheReadAudio, used.cache_read_audio),
            used,
        )?;
        let [image, cached_image] = self.split(
            (Unit::InputImage, used.input_image),
            (Unit::CacheReadImage, used.cache_read_image),
            used,
        )?;
        let less = |whole: u64, parts: &[u64]| {
            let mut parts = parts.iter();
            parts.try_fold(whole, |left, &part| left.checked_sub(part))
        };
        let inputs = [used.cache_read, used.cache_write, audio, image];
        let outputs = [used.reasoning, used.output_audio, used.output_image];
        let counts = [
            (Unit::Input, less(used.input, &inputs)?),
            (
                Unit::CacheRead,
                less(used.cache_read, &[cached_audio, cached_image])?,
            ),
            (
                Unit::CacheWrite,
                less(used.cache_write, &[used.cache_write_1h])?,
            ),
            (Unit::CacheWrite1h, used.cache_write_1h),
            (Unit::InputAudio, audio),
            (Unit::InputImage, image),
            (Unit::Output, less(used.output, &outputs)?),
            (Unit::Reasoning, used.reasoning),
            (Unit::OutputAudio, used.output_audio),
            (Unit::OutputImage, used.output_image),
        ];
        let mut sum = FineAmount::default();
        for (unit, count) in counts.into_iter().filter(|&(_, count)| count > 0) {
            sum = sum.plus(self.rate(unit)?.times(count)?)?;
        }
        for (unit, plain, count) in [
            (Unit::CacheReadAudio, Unit::InputAudio, cached_audio),
            (Unit::CacheReadImage, Unit::InputImage, cached_image),
        ] {
            if count > 0 {
                sum = sum.plus(self.cached_rate(unit, plain)?.times(count)?)?;
            }
        }
        // What has no price here costs nothing on its own: uses of the provider's tools are rarely
        // charged for, and requests almost never.
        for (unit, count) in [(Unit::WebSearch, used.web_searches), (Unit::Request, 1)] {
            if let Some(rate) = self.get(unit) {
                sum = sum.plus(rate.times(count)?)?;
            }
        }
        Some(sum.rounded())
    }

    fn rate(&self, unit: Unit) -> Option<Rate> {
        self.get(unit).or_else(|| self.rate(unit.whole()?))
    }

    /// Tokens of a modality, those from the cache apart. `None` if the price needs to know how many
    /// those are, and nobody says.
    fn split(
        &self,
        (unit, tokens): (Unit, u64),
        (cached_unit, cached): (Unit, Option<u64>),
        used: &Quantities,
    ) -> Option<[u64; 2]> {
        let has_price = self.get(unit).or_else(|| self.get(cached_unit)).is_some();
        if !has_price {
            // They are within the text, cached or not.
            return Some([0, 0]);
        }
        match cached {
            Some(cached) => Some([tokens.checked_sub(cached)?, cached]),
            None if tokens > 0 && used.cache_read > 0 => None,
            None => Some([tokens, 0]),
        }
    }

    /// The price of a modality that was cached: with one for the modality and another for the cache,
    /// neither of them tells what both come to.
    fn cached_rate(&self, unit: Unit, plain: Unit) -> Option<Rate> {
        match (self.get(unit), self.get(plain), self.get(Unit::CacheRead)) {
            (Some(rate), ..) => Some(rate),
            (None, Some(_), Some(_)) => None,
            (None, plain, cached) => plain.or(cached),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Prices per million.
    fn rates(all: &[(Unit, &str)]) -> Rates {
        let mut rates = Rates::default();
        for (unit, price) in all {
            rates.set(*unit, Rate::per_power_of_ten(price, 6).expect("a price"));
        }
        rates
    }

    fn cost(rates: &Rates, used: Quantities) -> Option<String> {
        rates.cost(&used).map(|cost| cost.to_string())
    }

    #[test]
    fn parts_are_taken_out_of_the_whole() {
        let rates = rates(&[
            (Unit::Input, "3"),
            (Unit::CacheRead, "0.3"),
            (Unit::CacheWrite, "3.75"),
            (Unit::CacheWrite1h, "6"),
            (Unit::Output, "15"),
        ]);
        let used = Quantities {
            input: 10_000,
            cache_read: 4_000,
            cache_write: 3_000,
            cache_write_1h: 1_000,
            output: 500,
            reasoning: 200,
            ..Quantities::default()
        };
        // 3,000 at 3, 4,000 at 0.3, 2,000 at 3.75, 1,000 at 6, 500 at 15.
        assert_eq!(cost(&rates, used).as_deref(), Some("0.0312"));
        let more = Quantities {
            cache_read: 9_000,
            ..used
        };
        assert_eq!(
            cost(&rates, more),
            None,
            "the parts are more than the whole"
        );
    }

    #[test]
    fn a_part_without_a_price_costs_what_the_whole_does() {
        let rates = rates(&[(Unit::Input, "1"), (Unit::Output, "2")]);
        let used = Quantities {
            input: 1_000_000,
            cache_read: 500_000,
            cache_write: 100,
            cache_write_1h: 100,
            input_audio: 700_000,
            output: 1_000_000,
            reasoning: 3,
            output_image: 9,
            ..Quantities::default()
        };
        assert_eq!(cost(&rates, used).as_deref(), Some("3"));
        let only_input = Rates::default().or(&rates_of_input());
        assert_eq!(cost(&only_input, used), None, "output has no price");
    }

    fn rates_of_input() -> Rates {
        rates(&[(Unit::Input, "1")])
    }

    #[test]
    fn free_is_what_is_said_to_be_free() {
        let mut rates = Rates::default();
        rates.set(Unit::Input, Rate::FREE);
        let used = Quantities {
            input: 5,
            ..Quantities::default()
        };
        assert_eq!(cost(&rates, used).as_deref(), Some("0"));
        assert_eq!(cost(&Rates::default(), used), None);
    }

    #[test]
    fn audio_that_may_be_cached_needs_to_be_known() {
        let mut rates = rates(&[(Unit::Input, "4"), (Unit::CacheRead, "0.4")]);
        let used = Quantities {
            input: 1_000_000,
            cache_read: 200_000,
            input_audio: 600_000,
            cache_read_audio: Some(100_000),
            ..Quantities::default()
        };
        assert_eq!(
            cost(&rates, used).as_deref(),
            Some("3.28"),
            "all of it is text"
        );
        rates.set(Unit::InputAudio, Rate::per_power_of_ten("32", 6).unwrap());
        assert_eq!(cost(&rates, used), None, "cached audio has no price");
        rates.set(
            Unit::CacheReadAudio,
            Rate::per_power_of_ten("0.5", 6).unwrap(),
        );
        // 300,000 at 4, 100,000 at 0.4, 500,000 at 32, 100,000 at 0.5.
        assert_eq!(cost(&rates, used).as_deref(), Some("17.29"));
        let unsure = Quantities {
            cache_read_audio: None,
            ..used
        };
        assert_eq!(cost(&rates, unsure), None);
    }

    #[test]
    fn a_request_and_a_search_cost_for_each() {
        let mut rates = rates(&[(Unit::Input, "1")]);
        rates.set(Unit::Request, Rate::per_power_of_ten("0.005", 0).unwrap());
        rates.set(Unit::WebSearch, Rate::per_power_of_ten("10", 3).unwrap());
        let used = Quantities {
            input: 1_000,
            web_searches: 2,
            ..Quantities::default()
        };
        assert_eq!(cost(&rates, used).as_deref(), Some("0.026"));
    }
}
