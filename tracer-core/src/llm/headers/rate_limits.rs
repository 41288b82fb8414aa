//! Rate limits, which every provider spells its own way.
//!
//! ```text
//! x-ratelimit-{limit,remaining,reset}-{requests,tokens}        OpenAI, Groq, xAI, Azure, vLLM
//! x-ratelimit-{limit,remaining}-{req,tokens}-minute            Mistral, and of tokens a month
//! x-ratelimit-{limit,remaining,reset}-{requests-day,tokens-minute}    Cerebras, and other periods
//! x-ratelimit-{limit,remaining}-tokens-{prompt,generated}      Fireworks
//! x-ratelimit-{limit,remaining,reset}                          Together, OpenRouter
//! x-tokenlimit-{limit,remaining,reset}                         Together
//! x-trial-endpoint-call-{limit,remaining}                      Cohere
//! ratelimit-{limit,remaining,reset}                            Replicate (an IETF draft)
//! anthropic-ratelimit-{requests,tokens,input-tokens,output-tokens}-{limit,remaining,reset}
//! anthropic-ratelimit-unified-{5h,7d}-{utilization,reset}      Anthropic's subscriptions
//! llm_provider-x-ratelimit-…                                   LiteLLM's copies of the upstream's
//! ```
//!
//! A limit of a day or a month is none of a minute: each period has a quota of its own, and one that
//! has none here is not told. Azure sends -1 for what it does not know, which is no count and so absent.

use super::clock::{self, Unit};
use crate::{
    http::head::Headers,
    llm::{
        call::Provider,
        rate_limits::{Quota, RateLimits, Share},
    },
    time::Timestamp,
};

/// What a header counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Requests,
    Tokens,
    InputTokens,
    OutputTokens,
    RequestsPerDay,
    TokensPerDay,
    TokensPerMonth,
    FiveHours,
    SevenDays,
}

/// What it says of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Member {
    Limit,
    Remaining,
    Reset,
    Utilization,
}

const COPY: &str = "llm_provider-";

/// The limits that the headers of an answer tell.
pub(super) fn read(headers: &Headers, provider: &Provider, received: Timestamp) -> RateLimits {
    let reader = Reader {
        headers,
        unit: unit_of_resets(headers, provider),
        received,
    };
    let mut limits = RateLimits::default();
    for (name, value) in headers.iter() {
        if let Some((kind, member)) = meaning(name) {
            reader.put(kind, member, value, &mut limits);
        }
    }
    // The proxy's own limits come first.
    for (name, value) in headers.iter() {
        if let Some((kind, member)) = name.strip_prefix(COPY).and_then(meaning) {
            reader.put(kind, member, value, &mut limits);
        }
    }
    limits.retry_after = reader.retry_after();
    limits
}

/// Azure's bare numbers are milliseconds, those of all others seconds.
fn unit_of_resets(headers: &Headers, provider: &Provider) -> Unit {
    let azure = provider.0.starts_with("azure.") || headers.get("x-ms-region").is_some();
    if azure {
        Unit::Milliseconds
    } else {
        Unit::Seconds
    }
}

fn meaning(name: &str) -> Option<(Kind, Member)> {
    if let Some(rest) = name.strip_prefix("anthropic-ratelimit-") {
        let (kind, member) = rest.rsplit_once('-')?;
        return Some((kind_of(kind)?, member_of(member)?));
    }
    if let Some(member) = name.strip_prefix("x-tokenlimit-") {
        return Some((Kind::Tokens, member_of(member)?));
    }
    if let Some(member) = name.strip_prefix("x-trial-endpoint-call-") {
        return Some((Kind::Requests, member_of(member)?));
    }
    let rest = name
        .strip_prefix("x-ratelimit-")
        .or_else(|| name.strip_prefix("ratelimit-"))?;
    let (member, kind) = rest.split_once('-').unwrap_or((rest, "requests"));
    Some((kind_of(kind)?, member_of(member)?))
}

fn kind_of(name: &str) -> Option<Kind> {
    match name {
        "requests" | "req-minute" | "requests-minute" => Some(Kind::Requests),
        "tokens" | "tokens-minute" => Some(Kind::Tokens),
        "input-tokens" | "tokens-prompt" => Some(Kind::InputTokens),
        "output-tokens" | "tokens-generated" => Some(Kind::OutputTokens),
        "requests-day" => Some(Kind::RequestsPerDay),
        "tokens-day" => Some(Kind::TokensPerDay),
        "tokens-month" => Some(Kind::TokensPerMonth),
        "unified-5h" => Some(Kind::FiveHours),
        "unified-7d" => Some(Kind::SevenDays),
        _ => None,
    }
}

fn member_of(name: &str) -> Option<Member> {
    match name {
        "limit" => Some(Member::Limit),
        "remaining" => Some(Member::Remaining),
        "reset" => Some(Member::Reset),
        "utilization" => Some(Member::Utilization),
        _ => None,
    }
}

struct Reader<'a> {
    headers: &'a Headers,
    unit: Unit,
    received: Timestamp,
}

impl Reader<'_> {
    /// The first value counts.
    fn put(&self, kind: Kind, member: Member, value: &str, limits: &mut RateLimits) {
        let quota: &mut Quota = match kind {
            Kind::Requests => &mut limits.requests,
            Kind::Tokens => &mut limits.tokens,
            Kind::InputTokens => &mut limits.input_tokens,
            Kind::OutputTokens => &mut limits.output_tokens,
            Kind::RequestsPerDay => &mut limits.requests_per_day,
            Kind::TokensPerDay => &mut limits.tokens_per_day,
            Kind::TokensPerMonth => &mut limits.tokens_per_month,
            Kind::FiveHours => return self.put_share(member, value, &mut limits.five_hours),
            Kind::SevenDays => return self.put_share(member, value, &mut limits.seven_days),
        };
        match member {
            Member::Limit => quota.limit = quota.limit.or_else(|| value.parse().ok()),
            Member::Remaining => quota.remaining = quota.remaining.or_else(|| value.parse().ok()),
            Member::Reset => quota.reset = quota.reset.or_else(|| self.until(value, self.unit)),
            Member::Utilization => {}
        }
    }

    fn put_share(&self, member: Member, value: &str, share: &mut Share) {
        match member {
            Member::Utilization => {
                let used = value.parse().ok().filter(|used| (0.0..=1e6).contains(used));
                share.used = share.used.or(used);
            }
            Member::Reset => share.reset = share.reset.or_else(|| self.until(value, self.unit)),
            Member::Limit | Member::Remaining => {}
        }
    }

    fn retry_after(&self) -> Option<std::time::Duration> {
        let millis = self.headers.get("retry-after-ms");
        millis
            .and_then(|value| clock::number(value, Unit::Milliseconds))
            .or_else(|| self.until(self.headers.get("retry-after")?, Unit::Seconds))
    }

    fn until(&self, value: &str, unit: Unit) -> Option<std::time::Duration> {
        clock::until(value, unit, clock::sent_at(self.headers, self.received))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::http::allow_list::AllowList;

    fn limits(provider: &'static str, wire: &[(&str, &str)]) -> RateLimits {
        let wire = wire.iter().map(|(name, value)| (*name, value.as_bytes()));
        let headers = Headers::admit(&AllowList::default(), wire);
        read(&headers, &Provider(provider.into()), Timestamp::default())
    }

    fn quota(limit: u64, remaining: u64, reset_millis: Option<u64>) -> Quota {
        Quota {
            limit: Some(limit),
            remaining: Some(remaining),
            reset: reset_millis.map(Duration::from_millis),
        }
    }

    #[test]
    fn openai_and_its_relatives() {
        let wire = [
            ("x-ratelimit-limit-requests", "10000"),
            ("x-ratelimit-remaining-requests", "9999"),
            ("x-ratelimit-reset-requests", "6ms"),
            ("x-ratelimit-limit-tokens", "200000"),
            ("x-ratelimit-remaining-tokens", "199905"),
            ("x-ratelimit-reset-tokens", "1m30s"),
            ("x-ratelimit-limit-input-images", "50000"),
            ("retry-after", "2"),
            ("retry-after-ms", "1500"),
        ];
        let told = limits("openai", &wire);
        assert_eq!(told.requests, quota(10_000, 9_999, Some(6)));
        assert_eq!(told.tokens, quota(200_000, 199_905, Some(90_000)));
        assert_eq!(told.retry_after, Some(Duration::from_millis(1_500)));
    }

    #[test]
    fn azure_counts_milliseconds_and_says_minus_one_for_unknown() {
        let wire = [
            ("x-ratelimit-limit-requests", "120"),
            ("x-ratelimit-remaining-requests", "-1"),
            ("x-ratelimit-reset-requests", "500"),
            ("x-ratelimit-remaining-tokens", "-1"),
            ("x-ratelimit-key", "gpt-5"),
        ];
        let told = limits("azure.ai.openai", &wire);
        assert_eq!(
            told.requests,
            Quota {
                limit: Some(120),
                remaining: None,
                reset: Some(Duration::from_millis(500))
            }
        );
        assert_eq!(told.tokens, Quota::default());
    }

    #[test]
    fn anthropic_tells_the_time_of_day_by_its_own_clock() {
        let wire = [
            ("date", "Thu, 23 Apr 2026 20:50:30 GMT"),
            ("anthropic-ratelimit-requests-limit", "4000"),
            ("anthropic-ratelimit-requests-remaining", "3999"),
            ("anthropic-ratelimit-requests-reset", "2026-04-23T20:50:36Z"),
            ("anthropic-ratelimit-output-tokens-limit", "80000"),
            ("anthropic-ratelimit-output-tokens-remaining", "0"),
            (
                "anthropic-ratelimit-output-tokens-reset",
                "2026-04-23T20:51:00Z",
            ),
            ("retry-after", "49"),
        ];
        let told = limits("anthropic", &wire);
        assert_eq!(told.requests, quota(4_000, 3_999, Some(6_000)));
        assert_eq!(told.output_tokens, quota(80_000, 0, Some(30_000)));
        assert_eq!(told.input_tokens, Quota::default());
        assert_eq!(told.retry_after, Some(Duration::from_secs(49)));
    }

    #[test]
    fn others() {
        let mistral = [
            ("x-ratelimit-limit-req-minute", "60"),
            ("x-ratelimit-remaining-req-minute", "59"),
            ("x-ratelimit-limit-tokens-minute", "75000"),
            ("x-ratelimit-remaining-tokens-minute", "74932"),
            ("x-ratelimit-limit-tokens-month", "10000000000"),
        ];
        let told = limits("mistral_ai", &mistral);
        assert_eq!(told.requests, quota(60, 59, None));
        assert_eq!(told.tokens, quota(75_000, 74_932, None));
        assert_eq!(told.tokens_per_month.limit, Some(10_000_000_000));

        let together = [
            ("x-ratelimit-limit", "2"),
            ("x-ratelimit-remaining", "1"),
            ("x-ratelimit-reset", "1"),
            ("x-tokenlimit-limit", "500"),
            ("x-tokenlimit-remaining", "499"),
        ];
        let told = limits("together_ai", &together);
        assert_eq!(told.requests, quota(2, 1, Some(1_000)));
        assert_eq!(told.tokens, quota(500, 499, None));

        let cohere = [
            ("x-trial-endpoint-call-limit", "40"),
            ("x-trial-endpoint-call-remaining", "39"),
            ("x-endpoint-monthly-call-limit", "1000"),
        ];
        assert_eq!(limits("cohere", &cohere).requests, quota(40, 39, None));

        let litellm = [
            ("llm_provider-x-ratelimit-limit-requests", "15000"),
            ("llm_provider-x-ratelimit-remaining-requests", "14999"),
            ("x-ratelimit-limit-requests", "100"),
        ];
        assert_eq!(
            limits("openai", &litellm).requests,
            quota(100, 14_999, None)
        );
    }

    #[test]
    fn periods_are_not_mixed() {
        let cerebras = [
            ("x-ratelimit-limit-requests-day", "14400"),
            ("x-ratelimit-remaining-requests-day", "14399"),
            ("x-ratelimit-reset-requests-day", "33011.5"),
            ("x-ratelimit-limit-tokens-minute", "60000"),
            ("x-ratelimit-remaining-tokens-minute", "59900"),
            ("x-ratelimit-limit-tokens-day", "1000000"),
            ("x-ratelimit-limit-tokens-hour", "500000"),
        ];
        let told = limits("cerebras", &cerebras);
        assert_eq!(told.requests, Quota::default());
        assert_eq!(
            told.requests_per_day,
            quota(14_400, 14_399, Some(33_011_500))
        );
        assert_eq!(told.tokens, quota(60_000, 59_900, None));
        assert_eq!(told.tokens_per_day.limit, Some(1_000_000));
    }

    #[test]
    fn subscriptions_tell_shares() {
        let wire = [
            ("date", "Thu, 23 Apr 2026 20:50:30 GMT"),
            ("anthropic-ratelimit-unified-status", "allowed"),
            ("anthropic-ratelimit-unified-5h-status", "allowed"),
            ("anthropic-ratelimit-unified-5h-utilization", "0.25"),
            ("anthropic-ratelimit-unified-5h-reset", "1776977490"),
            ("anthropic-ratelimit-unified-7d-utilization", "nonsense"),
        ];
        let told = limits("anthropic", &wire);
        assert_eq!(
            told.five_hours,
            Share {
                used: Some(0.25),
                reset: Some(Duration::from_mins(1)),
            }
        );
        assert_eq!(told.seven_days, Share::default());
    }
}
