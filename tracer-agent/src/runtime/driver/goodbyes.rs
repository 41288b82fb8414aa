//! Connections on which the process said that it will write no more (`SSL_shutdown`).
//!
//! Nearly always nothing follows, and the TLS object may be freed much later or never: then what
//! was under way was given up at that moment. But a process may say so behind its request and read
//! the answer in peace, so it is believed after a while without a byte.
//!
//! Bias: an answer that begins later than that is told as cancelled.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use tracer_common::conn::ConnKey;
use tracer_core::{
    segment::{ConnectionId, FinalCounts},
    time::Timestamp,
};

use super::{Driver, Resolve};

/// How long nothing may follow.
const QUIET: Duration = Duration::from_secs(10);
/// Connections that are waited for; with more, the oldest is believed at once.
const MOST: usize = 4096;

/// Those that are waited for, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Goodbyes(VecDeque<Goodbye>);

#[derive(Debug, Clone, Copy)]
struct Goodbye {
    key: ConnKey,
    connection: ConnectionId,
    /// How far it had gone.
    counts: FinalCounts,
    time: Timestamp,
    said: Instant,
}

impl Goodbyes {
    /// Takes the oldest if its time has come, or there are too many.
    fn pop_due(&mut self, now: Instant) -> Option<Goodbye> {
        let due =
            self.0.len() > MOST || now.saturating_duration_since(self.0.front()?.said) >= QUIET;
        due.then(|| self.0.pop_front()).flatten()
    }
}

impl<R: Resolve> Driver<R> {
    /// The process said that it will write no more on a connection that went so far.
    pub(super) fn said_goodbye(
        &mut self,
        key: ConnKey,
        connection: ConnectionId,
        counts: FinalCounts,
        time: Timestamp,
    ) {
        let said = Instant::now();
        self.goodbyes.0.push_back(Goodbye {
            key,
            connection,
            counts,
            time,
            said,
        });
        self.believe(said);
    }

    /// Nobody will wait any longer.
    pub(super) fn believe_all(&mut self) {
        self.believe(Instant::now() + QUIET);
    }

    /// Ends what went no further since then. The kernel half knows: it counts what it does not
    /// forward as well.
    pub(super) fn believe(&mut self, now: Instant) {
        while let Some(goodbye) = self.goodbyes.pop_due(now) {
            let Goodbye {
                key,
                connection,
                counts,
                time,
                ..
            } = goodbye;
            if self.final_counts(key, connection) == Some(counts) {
                self.pipeline.close(connection, time, Some(counts));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tracer_core::segment::ProcessKey;

    use super::*;

    fn goodbye(handle: u64, said: Instant) -> Goodbye {
        Goodbye {
            key: ConnKey {
                tgid: 1,
                zero: 0,
                handle,
            },
            connection: ConnectionId {
                process: ProcessKey(1),
                handle,
                generation: 1,
            },
            counts: FinalCounts::default(),
            time: Timestamp::default(),
            said,
        }
    }

    #[test]
    fn a_goodbye_is_believed_after_a_while_or_when_there_are_many() {
        let start = Instant::now();
        let mut goodbyes = Goodbyes::default();
        goodbyes.0.push_back(goodbye(0, start));
        assert!(goodbyes.pop_due(start + QUIET / 2).is_none());
        assert!(goodbyes.pop_due(start + QUIET).is_some());
        assert!(goodbyes.pop_due(start + QUIET).is_none());
        for handle in 0..=MOST as u64 {
            goodbyes.0.push_back(goodbye(handle, start));
        }
        assert_eq!(
            goodbyes.pop_due(start).map(|first| first.key.handle),
            Some(0)
        );
        assert!(goodbyes.pop_due(start).is_none());
    }
}
