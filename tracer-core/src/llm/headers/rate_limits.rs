//! Rate limits, which every provider spells its own way.
//!
//! ```text
//! x-ratelimit-{limit,remaining,reset}-{requests,tokens}        OpenAI, Groq, xAI, Azure, vLLM
//! x-ratelimit-{limit,remaining}-{req,tokens}-minute            Mistral
//! x-ratelimit-{limit,remaining}-tokens-{prompt,generated}      Fireworks
//! x-ratelimit-{limit,remaining,reset}                          Together, OpenRouter
//! ratelimit-{limit,remaining,reset}                            Replicate (an IETF draft)
//! anthropic-ratelimit-{requests,tokens,input-tokens,output-tokens}-{limit,remaining,reset}
//! llm_provider-x-ratelimit-…                                   LiteLLM's copies of the upstream's
//! ```
//!
//! Azure sends -1 for what it does not know, which is no count and so absent.

use super::clock::{self, Unit};
use crate::{
    http::head::Headers,
    llm::{
        call::Provider,
        rate_limits::{Quota, RateLimits},
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
}

/// What it says of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Member {
    Limit,
    Remaining,
    Reset,
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
    let rest = name
        .strip_prefix("x-ratelimit-")
        .or_else(|| name.strip_prefix("ratelimit-"))?;
    let (member, kind) = rest.split_once('-').unwrap_or((rest, "requests"));
    Some((kind_of(kind)?, member_of(member)?))
}

fn kind_of(name: &str) -> Option<Kind> {
    match name {
        "requests" | "req-minute" => Some(Kind::Requests),
        "tokens" | "tokens-minute" => Some(Kind::Tokens),
        "input-tokens" | "tokens-prompt" => Some(Kind::InputTokens),
        "output-tokens" | "tokens-generated" => Some(Kind::OutputTokens),
        _ => None,
    }
}

fn member_of(name: &str) -> Option<Member> {
    match name {
        "limit" => Some(Member::Limit),
        "remaining" => Some(Member::Remaining),
        "reset" => Some(Member::Reset),
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
        };
        match member {
            Member::Limit => quota.limit = quota.limit.or_else(|| value.parse().ok()),
            Member::Remaining => quota.remaining = quota.remaining.or_else(|| value.parse().ok()),
            Member::Reset => quota.reset = quota.reset.or_else(|| self.until(value, self.unit)),
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

        let together = [
            ("x-ratelimit-limit", "2"),
            ("x-ratelimit-remaining", "1"),
            ("x-ratelimit-reset", "1"),
        ];
        assert_eq!(
            limits("together_ai", &together).requests,
            quota(2, 1, Some(1_000))
        );

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
}
