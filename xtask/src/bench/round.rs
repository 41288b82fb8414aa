//! One round: every load under every kind of tracing.

use std::{collections::BTreeMap, path::Path};

use serde::Serialize;

use super::{
    bystanders::Rates,
    load::{Load, Sample},
    process::Memory,
    tracer::{Account, Tracer, Tracing, others},
};

/// What a round needs.
#[derive(Debug)]
pub struct Bench<'a> {
    /// The agent's binary.
    pub agent: &'a Path,
    /// The load client's binary.
    pub client: &'a Path,
    /// The binary of the load on sockets and system calls.
    pub bystanders: &'a Path,
    /// Port of the provider.
    pub port: u16,
    /// Seconds that each load is measured.
    pub seconds: f64,
    /// A directory for the outputs.
    pub directory: &'a Path,
}

/// What one round saw.
#[derive(Debug, Default)]
pub struct Round {
    /// The client's side.
    pub samples: BTreeMap<(&'static str, Tracing), Sample>,
    /// What is no traffic of the agent's.
    pub rates: BTreeMap<Tracing, Rates>,
    /// The agent's side of the loads that are LLM traffic.
    pub accounts: BTreeMap<&'static str, Accounted>,
    /// The agent's memory after it did all that.
    pub memory: Option<Memory>,
}

/// The agent's side of one load.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Accounted {
    /// Exchanges made, warm-up included.
    pub made: u64,
    /// Of these, reported.
    pub reported: u64,
    /// Of these, counted as lost.
    pub lost: u64,
    /// Reported more than once, or with wrong token counts.
    pub wrong: u64,
    /// Processor time of the agent, microseconds.
    pub cpu_us: f64,
}

impl Accounted {
    fn new(made: u64, account: &Account) -> Self {
        Self {
            made,
            reported: account.reported.distinct,
            lost: account.lost,
            wrong: account.reported.repeated + account.reported.wrong_tokens,
            cpu_us: account.cpu_us,
        }
    }
}

impl Bench<'_> {
    /// Runs one. The order changes with its `number`, so that no side always comes first. `None` if
    /// somebody else traced meanwhile: an untraced side that was traced proves nothing.
    pub fn round(&self, number: usize) -> anyhow::Result<Option<Round>> {
        let mut round = Round::default();
        let mut order = Tracing::ALL;
        order.rotate_left(number % Tracing::ALL.len());
        for tracing in order {
            let tracer = Tracer::start(tracing, self.agent, self.directory)?;
            for load in Load::ALL {
                let mark = match &tracer {
                    Some(agent) if tracing == Tracing::Agent => Some((agent, agent.mark()?)),
                    _ => None,
                };
                let before = others(tracer.as_ref().map(Tracer::id));
                let sample = load.run(self.client, self.port, self.seconds)?;
                let after = others(tracer.as_ref().map(Tracer::id));
                if let Some(pid) = before.iter().chain(&after).next() {
                    eprintln!("xtask: process {pid} traces as well: this round does not count");
                    return Ok(None);
                }
                round.samples.insert((load.name, tracing), sample);
                if let Some((agent, mark)) = mark
                    && load.is_llm()
                {
                    let account = agent.account(&mark)?;
                    round
                        .accounts
                        .insert(load.name, Accounted::new(sample.made, &account));
                }
            }
            let rates = Rates::measure(self.bystanders, self.seconds / 4.0)?;
            round.rates.insert(tracing, rates);
            if let Some(tracer) = tracer {
                if tracing == Tracing::Agent {
                    round.memory = Some(tracer.memory()?);
                }
                tracer.stop()?;
            }
        }
        Ok(Some(round))
    }
}
