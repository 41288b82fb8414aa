//! Stopping: signals, the time allowed, and what the exit status says.

use std::{
    fmt::Display,
    future::Future,
    io,
    process::ExitCode,
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use signal_hook::{
    consts::{SIGINT, SIGTERM},
    flag,
};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Exit status of a stop that did not deliver everything. (1 is a failure, 2 a wrong command line.)
const UNDELIVERED: u8 = 3;

/// An output that is not done in time says what it leaves; this much later nobody waits for that.
const MARGIN: Duration = Duration::from_secs(1);

/// What is wrong when they cannot be taken over.
pub const NO_SIGNALS: &str = "cannot take over SIGTERM and SIGINT";

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// On request, and everything that waited was delivered.
    Orderly,
    /// On request, but calls that waited were not delivered.
    Undelivered,
    /// On request, but not within the time allowed.
    TimedOut,
}

impl Ended {
    /// 0 if nothing was lost, else 3.
    pub fn exit_code(self) -> ExitCode {
        match self {
            Self::Orderly => ExitCode::SUCCESS,
            Self::Undelivered | Self::TimedOut => ExitCode::from(UNDELIVERED),
        }
    }
}

/// The signals that ask the agent to stop: SIGTERM and SIGINT. The first asks for an orderly end; a
/// second one, of either kind, ends the process where it stands, with exit status 3. That harms
/// nobody: probes and maps are descriptors, which go with the process.
#[derive(Debug)]
pub struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
}

impl StopSignals {
    /// Takes the signals over; from here on one alone no longer ends the process by itself. Must be
    /// called within a tokio runtime with its I/O driver.
    ///
    /// # Errors
    /// If the handlers cannot be installed.
    pub fn listen() -> io::Result<Self> {
        let asked = Arc::new(AtomicBool::new(false));
        for signal in [SIGTERM, SIGINT] {
            // In this order: what the first signal sets is seen by the second. In the handler itself,
            // for whatever a stop waits for may hang.
            flag::register_conditional_shutdown(signal, UNDELIVERED.into(), asked.clone())?;
            flag::register(signal, asked.clone())?;
        }
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// Waits for the request to stop; returns the signal's name.
    pub async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}

/// Waits for `delivery`, which allows itself `limit` and tells what it could not deliver; hardly longer
/// than that.
pub async fn finish<E: Display>(
    limit: Duration,
    delivery: impl Future<Output = Result<(), E>>,
) -> Ended {
    match tokio::time::timeout(limit.saturating_add(MARGIN), delivery).await {
        Ok(Ok(())) => Ended::Orderly,
        Ok(Err(error)) => {
            tracing::error!("{error}");
            Ended::Undelivered
        }
        Err(_) => Ended::TimedOut,
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use super::*;

    /// One signal for all tests: it reaches the whole process, and a second one ends it.
    #[tokio::test]
    async fn the_first_signal_asks() {
        let mut signals = StopSignals::listen().unwrap();
        let own = rustix::process::getpid();
        rustix::process::kill_process(own, rustix::process::Signal::TERM).unwrap();
        assert_eq!(signals.next().await, "SIGTERM");
    }

    #[tokio::test]
    async fn a_stop_waits_for_delivery_but_not_for_ever() {
        let limit = Duration::from_secs(60);
        let (all, none) = (Ok::<(), &str>(()), Err("nothing was delivered"));
        assert_eq!(finish(limit, ready(all)).await, Ended::Orderly);
        assert_eq!(finish(limit, ready(none)).await, Ended::Undelivered);
        let never = pending::<Result<(), &str>>();
        assert_eq!(finish(Duration::ZERO, never).await, Ended::TimedOut);
    }
}
