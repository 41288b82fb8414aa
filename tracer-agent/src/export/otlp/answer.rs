//! What a collector says to a request, over either protocol.

use std::{hash::BuildHasher as _, hash::RandomState, time::Duration};

/// What of an export was not taken although the request was.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Answer {
    /// How many spans or data points; zero with a message: a warning only.
    pub(super) rejected: u64,
    /// For people.
    pub(super) message: String,
}

/// Why an attempt did not deliver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    /// For people.
    pub(super) reason: String,
    pub(super) next: Next,
}

/// What follows a failed attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// Another attempt, no sooner than the collector asks for.
    Retry(Option<Duration>),
    /// Nothing: the collector will never take it.
    GiveUp,
}

impl Failure {
    /// Nobody answered, or the answer broke off.
    pub(super) const fn of_connection(reason: String) -> Self {
        Self {
            reason,
            next: Next::Retry(None),
        }
    }

    /// There was nothing to answer: the request was not made.
    pub(super) const fn of_request(reason: String) -> Self {
        Self {
            reason,
            next: Next::GiveUp,
        }
    }

    /// An HTTP status other than success, with its `Retry-After` in seconds. Those worth another
    /// attempt are listed in the OTLP specification, section "Failures".
    pub(super) fn of_http(status: hyper::StatusCode, retry_after: Option<&str>) -> Self {
        let wait = retry_after.and_then(|seconds| seconds.trim().parse().ok());
        Self {
            reason: format!("it answers {status}"),
            next: match status.as_u16() {
                429 | 502..=504 => Next::Retry(wait.map(Duration::from_secs)),
                _ => Next::GiveUp,
            },
        }
    }

    /// A gRPC status. Those worth another attempt are listed in the same section.
    pub(super) fn of_grpc(status: &tonic::Status) -> Self {
        use tonic::Code;
        let wait = tonic_types::StatusExt::get_details_retry_info(status)
            .and_then(|info| info.retry_delay)
            .filter(|wait| !wait.is_zero());
        let next = match status.code() {
            Code::Cancelled
            | Code::DeadlineExceeded
            | Code::Aborted
            | Code::OutOfRange
            | Code::Unavailable
            | Code::DataLoss => Next::Retry(wait),
            // Recovery is possible if the collector says when.
            Code::ResourceExhausted if wait.is_some() => Next::Retry(wait),
            _ => Next::GiveUp,
        };
        let said = match status.message() {
            "" => String::new(),
            message => format!(", {message}"),
        };
        Self {
            reason: format!("it answers {:?}{said}", status.code()),
            next,
        }
    }
}

/// How long to wait between attempts: longer each time, and never in step with other agents.
#[derive(Debug)]
pub(super) struct Backoff {
    delay: Duration,
}

impl Backoff {
    /// First wait before a retry; doubles up to [`Self::MAX`], plus up to [`Self::JITTER`].
    const FIRST: Duration = Duration::from_millis(500);
    /// Short enough that a collector that is back is found soon, and within a shutdown's patience.
    const MAX: Duration = Duration::from_secs(5);
    /// Keeps agents that lost the same collector from returning to it in step.
    const JITTER: Duration = Duration::from_secs(1);
    /// A collector that asks for a longer wait is asked again all the same.
    const MAX_ASKED: Duration = Duration::from_secs(30);

    pub(super) const fn new() -> Self {
        Self { delay: Self::FIRST }
    }

    /// The next wait, no shorter than what the collector asked for.
    pub(super) fn next(&mut self, asked: Option<Duration>) -> Duration {
        let asked = asked.unwrap_or_default().min(Self::MAX_ASKED);
        // Seeded by the system; a hash of nothing is as random as the seed.
        let jitter = RandomState::new().hash_one(()) % 1_000;
        let jitter = Self::JITTER * u32::try_from(jitter).unwrap_or(0) / 1_000;
        let wait = (self.delay + jitter).min(Self::MAX).max(asked);
        self.delay = (self.delay * 2).min(Self::MAX);
        wait
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_statuses_of_the_specification_are_retried_and_no_others() {
        for (status, retried) in [
            (400, false),
            (401, false),
            (404, false),
            (301, false),
            (408, false),
            (429, true),
            (500, false),
            (501, false),
            (502, true),
            (503, true),
            (504, true),
        ] {
            let status = hyper::StatusCode::from_u16(status).unwrap();
            let next = Failure::of_http(status, None).next;
            assert_eq!(next == Next::Retry(None), retried, "{status}");
        }
        let later = Failure::of_http(hyper::StatusCode::SERVICE_UNAVAILABLE, Some("7"));
        assert_eq!(later.next, Next::Retry(Some(Duration::from_secs(7))));
        for code in [tonic::Code::ResourceExhausted, tonic::Code::Internal] {
            let failure = Failure::of_grpc(&tonic::Status::new(code, "no"));
            assert_eq!(failure.next, Next::GiveUp, "{code:?}");
        }
        let details = tonic_types::ErrorDetails::with_retry_info(Some(Duration::from_secs(3)));
        let status = <tonic::Status as tonic_types::StatusExt>::with_error_details(
            tonic::Code::ResourceExhausted,
            "later",
            details,
        );
        let wait = Some(Duration::from_secs(3));
        assert_eq!(Failure::of_grpc(&status).next, Next::Retry(wait));
    }

    #[test]
    fn waits_grow_up_to_a_bound_and_follow_the_collector() {
        let mut backoff = Backoff::new();
        let waits: Vec<_> = (0..6).map(|_| backoff.next(None)).collect();
        assert!(waits[0] < Duration::from_millis(1_501), "{waits:?}");
        assert_eq!(waits[5], Backoff::MAX);
        let asked = Duration::from_secs(20);
        assert_eq!(backoff.next(Some(asked)), asked);
        assert_eq!(backoff.next(Some(asked * 10)), Backoff::MAX_ASKED);
    }
}
