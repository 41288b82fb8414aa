//! Stopping: signals, the time allowed, and what the exit status says.

use std::{future::Future, io, process::ExitCode, time::Duration};

use tokio::signal::unix::{Signal, SignalKind, signal};

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// On request, and everything that waited was delivered.
    Orderly,
    /// On request, but calls that waited were not delivered.
    Undelivered,
    /// On request, but not within the time allowed.
    TimedOut,
    /// On a second request, which asks not to wait.
    Forced,
}

impl Ended {
    /// 0 if nothing was lost, else 3. (1 is a failure, 2 a wrong command line.)
    pub fn exit_code(self) -> ExitCode {
        match self {
            Self::Orderly => ExitCode::SUCCESS,
            Self::Undelivered | Self::TimedOut | Self::Forced => ExitCode::from(3),
        }
    }
}

/// The signals that ask the agent to stop: SIGTERM and SIGINT.
#[derive(Debug)]
pub struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
}

impl StopSignals {
    /// Takes the signals over; from here on they no longer end the process by themselves. Must be
    /// called within a tokio runtime with its I/O driver.
    ///
    /// # Errors
    /// If the handlers cannot be installed.
    pub fn listen() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// Waits for the next request to stop; returns the signal's name.
    pub async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }

    /// Waits for `work`, which delivers what waits and says whether it could, but no longer than
    /// `limit` and not beyond a second signal.
    pub async fn finish(&mut self, limit: Duration, work: impl Future<Output = bool>) -> Ended {
        tokio::select! {
            delivered = work => if delivered { Ended::Orderly } else { Ended::Undelivered },
            () = tokio::time::sleep(limit) => Ended::TimedOut,
            _ = self.next() => Ended::Forced,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    /// One test for all: signals reach the whole process.
    #[tokio::test]
    async fn a_stop_waits_for_delivery_but_not_for_ever() {
        let mut signals = StopSignals::listen().unwrap();
        let own = rustix::process::getpid();
        rustix::process::kill_process(own, rustix::process::Signal::TERM).unwrap();
        assert_eq!(signals.next().await, "SIGTERM");

        assert_eq!(signals.finish(LONG, ready(true)).await, Ended::Orderly);
        assert_eq!(signals.finish(LONG, ready(false)).await, Ended::Undelivered);
        let short = Duration::from_millis(1);
        assert_eq!(signals.finish(short, pending()).await, Ended::TimedOut);

        rustix::process::kill_process(own, rustix::process::Signal::INT).unwrap();
        assert_eq!(signals.finish(LONG, pending()).await, Ended::Forced);
    }
}
