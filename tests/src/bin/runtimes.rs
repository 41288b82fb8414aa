//! Loads of real runtimes for the benchmark: starts their drivers and a provider, and for each line of
//! standard input, a number of seconds, lets one driver after the other call for so long. Prints a JSON
//! list of samples for each line.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "the lines are the interface"
)]

use std::{io::stdin, time::Duration};

use anyhow::{Context as _, Result};
use serde::Serialize;
use tests::{
    endurance::{clients::Client, driver::Driver},
    provider::running::Provider,
};

const CLIENTS: [Client; 7] = [
    Client::PYTHON,
    Client::NODE,
    Client::BUN,
    Client::GO,
    Client::RUSTLS,
    Client::GNUTLS,
    Client::PLAIN,
];
/// For runtimes that compile what they run often.
const WARM_UP: f64 = 0.5;

/// What a driver did in its time.
#[derive(Serialize)]
struct Sample {
    runtime: &'static str,
    /// Exchanges, one after the other.
    made: u64,
    /// Time that they took.
    seconds: f64,
    /// Processor time of the driver, microseconds.
    cpu_us: f64,
}

fn main() -> Result<()> {
    let provider = Provider::without_ledger()?;
    let mut drivers = Vec::new();
    for client in CLIENTS {
        if let Some(reason) = client.missing() {
            eprintln!("not measured: {}: {reason}", client.name);
            continue;
        }
        let mut driver = Driver::start(&client, &provider)?;
        driver.load(WARM_UP, Duration::ZERO)?;
        drivers.push((client, driver));
    }
    println!("up");
    for line in stdin().lines() {
        let seconds: f64 = line?
            .trim()
            .parse()
            .context("a line is no number of seconds")?;
        let samples = drivers
            .iter_mut()
            .map(|(client, driver)| sample(client, driver, seconds));
        let samples = samples.collect::<Result<Vec<_>>>()?;
        println!("{}", serde_json::to_string(&samples)?);
    }
    Ok(())
}

fn sample(client: &Client, driver: &mut Driver, seconds: f64) -> Result<Sample> {
    let cpu = driver.cpu_time()?;
    let load = driver
        .load(seconds, Duration::ZERO)
        .with_context(|| client.name)?;
    Ok(Sample {
        runtime: client.name,
        made: load.made,
        seconds: load.busy.as_secs_f64(),
        cpu_us: (driver.cpu_time()? - cpu).as_secs_f64() * 1e6,
    })
}
