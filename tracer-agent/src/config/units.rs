//! Sizes and times as people write them.

use std::{fmt, time::Duration};

use super::setting::{Refusal, Scalar};

/// A number of bytes, written `512KiB`, `4MiB`, `1GiB`, `8MB` or plain bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ByteSize(pub u64);

/// Units of sizes, greatest first within each kind.
const SIZE_UNITS: [(&str, u64); 8] = [
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("kB", 1_000),
    ("KB", 1_000),
    ("B", 1),
];

impl ByteSize {
    fn parse(text: &str) -> Option<Self> {
        let digits = text
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(text.len());
        let (number, unit) = text.split_at_checked(digits)?;
        let unit = unit.trim();
        let factor = match unit {
            "" => 1,
            _ => SIZE_UNITS.iter().find(|(name, _)| *name == unit)?.1,
        };
        number.parse::<u64>().ok()?.checked_mul(factor).map(Self)
    }
}

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let binary = SIZE_UNITS.iter().filter(|(name, _)| name.ends_with("iB"));
        match binary
            .clone()
            .find(|(_, factor)| self.0 != 0 && self.0.is_multiple_of(*factor))
        {
            Some((unit, factor)) => write!(f, "{}{unit}", self.0 / factor),
            None => write!(f, "{}", self.0),
        }
    }
}

/// A [`ByteSize`] with bounds, both inclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Within<const MIN: u64, const MAX: u64>(pub ByteSize);

impl<const MIN: u64, const MAX: u64> Scalar for Within<MIN, MAX> {
    const VALUE_NAME: &'static str = "SIZE";
    const EXPECTS: &'static str = "a size such as 512KiB or 4MiB";

    fn from_text(text: &str) -> Result<Self, Refusal> {
        let size = ByteSize::parse(text).ok_or_else(|| Refusal("not a size".into()))?;
        if size.0 < MIN || size.0 > MAX {
            let (least, most) = (ByteSize(MIN), ByteSize(MAX));
            return Err(Refusal(format!("not between {least} and {most}")));
        }
        Ok(Self(size))
    }

    fn to_text(&self) -> String {
        self.0.to_string()
    }
}

/// Size of a ring buffer: a power of two, as the kernel wants it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RingSize(pub u32);

impl Scalar for RingSize {
    const VALUE_NAME: &'static str = "SIZE";
    const EXPECTS: &'static str = "a power of two from 64KiB to 1GiB, such as 8MiB";

    fn from_text(text: &str) -> Result<Self, Refusal> {
        let size = Within::<0x1_0000, 0x4000_0000>::from_text(text)?.0;
        u32::try_from(size.0)
            .ok()
            .filter(|bytes| bytes.is_power_of_two())
            .map(Self)
            .ok_or_else(|| Refusal("not a power of two".into()))
    }

    fn to_text(&self) -> String {
        ByteSize(self.0.into()).to_string()
    }
}

/// Units of time, longest first.
const TIME_UNITS: [(&str, u64); 4] = [("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

impl Scalar for Duration {
    const VALUE_NAME: &'static str = "TIME";
    const EXPECTS: &'static str = "a time with its unit such as 500ms, 10s or 2m";

    fn from_text(text: &str) -> Result<Self, Refusal> {
        let digits = text
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(text.len());
        let (number, unit) = text.split_at_checked(digits).unwrap_or((text, ""));
        let number: u64 = number.parse().map_err(|_| Refusal("not a time".into()))?;
        let factor = match (number, unit.trim()) {
            (0, "") => 1,
            (_, "") => return Err(Refusal("the unit is missing".into())),
            (_, unit) => {
                TIME_UNITS
                    .iter()
                    .find(|(name, _)| *name == unit)
                    .ok_or_else(|| Refusal(format!("`{unit}` is not a unit of time")))?
                    .1
            }
        };
        let millis = number
            .checked_mul(factor)
            .ok_or_else(|| Refusal("too long".into()))?;
        Ok(Self::from_millis(millis))
    }

    fn to_text(&self) -> String {
        let millis = u64::try_from(self.as_millis()).unwrap_or(u64::MAX);
        let unit = TIME_UNITS
            .iter()
            .find(|(_, f)| millis != 0 && millis.is_multiple_of(*f));
        unit.map_or_else(
            || "0".to_owned(),
            |(unit, factor)| format!("{}{unit}", millis / factor),
        )
    }
}

/// A time that passes between two of something: not zero, for nothing happens all the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interval(pub Duration);

impl Scalar for Interval {
    const VALUE_NAME: &'static str = Duration::VALUE_NAME;
    const EXPECTS: &'static str = "a time with its unit such as 500ms, 10s or 2m, more than zero";

    fn from_text(text: &str) -> Result<Self, Refusal> {
        match Duration::from_text(text)? {
            Duration::ZERO => Err(Refusal("zero is not allowed".into())),
            time => Ok(Self(time)),
        }
    }

    fn to_text(&self) -> String {
        self.0.to_text()
    }
}

/// How long something may take; `None`, written 0: as long as it likes. That is what zero means in
/// OpenTelemetry's variables for time-outs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeLimit(pub Option<Duration>);

impl Scalar for TimeLimit {
    const VALUE_NAME: &'static str = Duration::VALUE_NAME;
    const EXPECTS: &'static str =
        "a time with its unit such as 500ms, 10s or 2m, or 0 for no limit";

    fn from_text(text: &str) -> Result<Self, Refusal> {
        let time = Duration::from_text(text)?;
        Ok(Self((!time.is_zero()).then_some(time)))
    }

    fn to_text(&self) -> String {
        self.0.unwrap_or_default().to_text()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_read_and_show() {
        for (text, bytes, shown) in [
            ("4MiB", 4 << 20, "4MiB"),
            ("4 MiB", 4 << 20, "4MiB"),
            ("1536KiB", 1536 << 10, "1536KiB"),
            ("8MB", 8_000_000, "8000000"),
            ("100", 100, "100"),
        ] {
            let size = ByteSize::parse(text).unwrap();
            assert_eq!(size.0, bytes);

            assert_eq!(size.to_string(), shown);
            assert_eq!(ByteSize::parse(&size.to_string()), Some(size));
        }
        for bad in ["", "MiB", "-1", "4Mib", "1.5MiB", "99999999999GiB"] {
            assert_eq!(ByteSize::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn times_need_a_unit() {
        assert_eq!(Duration::from_text("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(Duration::from_text("0"), Ok(Duration::ZERO));
        assert_eq!(Duration::from_secs(120).to_text(), "2m");
        assert_eq!(Duration::from_millis(1500).to_text(), "1500ms");
        assert!(Duration::from_text("10").unwrap_err().0.contains("unit"));
        assert!(Duration::from_text("10 days").is_err());
    }

    #[test]
    fn zero_is_no_interval_and_no_limit() {
        let second = Duration::from_secs(1);
        assert_eq!(Interval::from_text("1s"), Ok(Interval(second)));
        assert_eq!(TimeLimit::from_text("1s"), Ok(TimeLimit(Some(second))));
        for zero in ["0", "0ms", "0h"] {
            let Refusal(why) = Interval::from_text(zero).unwrap_err();
            assert_eq!(why, "zero is not allowed");
            assert_eq!(TimeLimit::from_text(zero), Ok(TimeLimit(None)));
        }
        assert_eq!(TimeLimit(None).to_text(), "0");
    }

    #[test]
    fn a_ring_is_a_power_of_two() {
        assert_eq!(RingSize::from_text("8MiB"), Ok(RingSize(8 << 20)));
        assert!(RingSize::from_text("12MiB").is_err());
        assert!(RingSize::from_text("4KiB").is_err());
    }
}
