//! Short forms of `cargo xtask soak`, `churn` and `cycles`.

use std::time::Duration;

use anyhow::Result;
use tests::{
    endurance::{check::all_hold, churn, clients::Client, cycles, soak},
    harness::requirements::{
        Need::{Agent, Python, ShortLived},
        met,
    },
};

/// Long enough for each to be killed or to end, and to be started anew.
const SOAK: Duration = Duration::from_secs(12);
/// One of each kind of TLS; none of those that take seconds to start.
const CLIENTS: [Client; 6] = [
    Client::PYTHON,
    Client::GNUTLS,
    Client::NODE,
    Client::GO,
    Client::RUSTLS,
    Client::CURL,
];
const PROCESSES: usize = 5000;
const CYCLES: u64 = 10;

#[test]
fn mixed_runtimes_with_restarts() -> Result<()> {
    if !met(&[Agent, Python]) {
        return Ok(());
    }
    all_hold(&soak::run(SOAK, &CLIENTS, CLIENTS.len(), |_| ())?.checks)
}

#[test]
fn thousands_of_programs_leave_nothing_behind() -> Result<()> {
    if !met(&[Agent, Python, ShortLived]) {
        return Ok(());
    }
    all_hold(&churn::run(PROCESSES)?.checks)
}

#[test]
fn agents_that_come_and_go_harm_nobody() -> Result<()> {
    if !met(&[Agent, Python]) {
        return Ok(());
    }
    all_hold(&cycles::run(CYCLES, |_| ())?.checks)
}
