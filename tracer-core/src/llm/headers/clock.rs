//! Times and durations as headers spell them.

use std::time::Duration;

use jiff::SignedDuration;

use crate::{http::head::Headers, time::Timestamp};

/// What a number without a unit counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Seconds,
    Milliseconds,
}

/// The longest duration that is believed: more is damage.
const LONGEST: Duration = Duration::from_hours(24 * 366);

/// When an answer was sent, by the provider's own clock if it told, since it reckons with that one.
pub(super) fn sent_at(headers: &Headers, received: Timestamp) -> jiff::Timestamp {
    let told = headers.get("date").and_then(http_date);
    told.unwrap_or_else(|| {
        let nanos = i128::from(received.unix_nanos());
        jiff::Timestamp::from_nanosecond(nanos).unwrap_or_default()
    })
}

/// A number of `unit`s.
pub(super) fn number(text: &str, unit: Unit) -> Option<Duration> {
    let number = text.trim().parse::<f64>().ok()?;
    let seconds = match unit {
        Unit::Seconds => number,
        Unit::Milliseconds => number / 1e3,
    };
    Duration::try_from_secs_f64(seconds)
        .ok()
        .filter(|&duration| duration <= LONGEST)
}

/// Time from `now` on: a number of `unit`s (`60`), a number with units (`6m0s`, `17ms`), seconds or
/// milliseconds since the epoch, or a time of day in the form of RFC 3339 or HTTP.
pub(super) fn until(text: &str, unit: Unit, now: jiff::Timestamp) -> Option<Duration> {
    let text = text.trim();
    if let Ok(number_of_units) = text.parse::<f64>() {
        return match since_epoch(number_of_units) {
            Some(then) => from_now(then, now),
            None => number(text, unit),
        };
    }
    if let Ok(duration) = text.parse::<SignedDuration>() {
        return Duration::try_from(duration)
            .ok()
            .filter(|&duration| duration <= LONGEST);
    }
    let then = text.parse::<jiff::Timestamp>().ok();
    from_now(then.or_else(|| http_date(text))?, now)
}

/// Numbers that would be decades are times.
#[expect(
    clippy::cast_possible_truncation,
    reason = "whole milliseconds in the range that was checked"
)]
fn since_epoch(number: f64) -> Option<jiff::Timestamp> {
    let millis = match number {
        1e9..1e11 => number * 1e3,
        1e12..1e14 => number,
        _ => return None,
    };
    jiff::Timestamp::from_millisecond(millis as i64).ok()
}

/// A time that has passed is now.
fn from_now(then: jiff::Timestamp, now: jiff::Timestamp) -> Option<Duration> {
    let left = then.duration_since(now).max(SignedDuration::ZERO);
    Duration::try_from(left)
        .ok()
        .filter(|&left| left <= LONGEST)
}

fn http_date(text: &str) -> Option<jiff::Timestamp> {
    let date = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text.trim());
    date.ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn until_at(text: &str, unit: Unit) -> Option<u128> {
        let now = "2026-04-23T20:50:30Z".parse().expect("a time");
        until(text, unit, now).map(|left| left.as_millis())
    }

    #[test]
    fn every_spelling_comes_to_the_same_unit() {
        for (text, unit, millis) in [
            ("49", Unit::Seconds, 49_000),
            ("500", Unit::Milliseconds, 500),
            ("0.25", Unit::Seconds, 250),
            ("17ms", Unit::Seconds, 17),
            ("6m0s", Unit::Seconds, 360_000),
            ("1h2m3.5s", Unit::Milliseconds, 3_723_500),
            ("17.379s", Unit::Seconds, 17_379),
            ("2026-04-23T20:50:37Z", Unit::Seconds, 7_000),
            ("2026-04-23T20:50:29Z", Unit::Seconds, 0),
            ("Thu, 23 Apr 2026 20:51:30 GMT", Unit::Seconds, 60_000),
            ("1776977440", Unit::Milliseconds, 10_000),
            ("1776977440000", Unit::Seconds, 10_000),
        ] {
            assert_eq!(until_at(text, unit), Some(millis), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_absent() {
        for text in ["", "-1", "-5s", "soon", "NaN", "inf", "1e300", "99999999d"] {
            assert_eq!(until_at(text, Unit::Seconds), None, "{text}");
        }
    }
}
