//! What a provider lets through, as one answer told; absent is unknown.

use std::time::Duration;

/// The quotas of the caller, whatever the provider calls them.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct RateLimits {
    /// Requests; the window is the provider's, mostly a minute, never one of those below.
    pub requests: Quota,
    /// Tokens, in and out.
    pub tokens: Quota,
    /// Input tokens, where they are counted on their own.
    pub input_tokens: Quota,
    /// Output tokens, where they are counted on their own.
    pub output_tokens: Quota,
    /// Requests of a day.
    pub requests_per_day: Quota,
    /// Tokens of a day.
    pub tokens_per_day: Quota,
    /// Tokens of a month.
    pub tokens_per_month: Quota,
    /// What a subscription lets through in five hours.
    pub five_hours: Share,
    /// What it lets through in seven days.
    pub seven_days: Share,
    /// How long to wait before the next attempt.
    pub retry_after: Option<Duration>,
}

/// One quota.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Quota {
    /// What fits into a window.
    pub limit: Option<u64>,
    /// What is left of it.
    pub remaining: Option<u64>,
    /// Time until it is full again, from when the answer was sent.
    pub reset: Option<Duration>,
}

/// A quota of which only a share is told.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Share {
    /// How much of it is used up, 1 being all.
    pub used: Option<f64>,
    /// Time until it is full again, from when the answer was sent.
    pub reset: Option<Duration>,
}
