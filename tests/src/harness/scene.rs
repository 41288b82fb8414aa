//! The usual set: a provider, our sink and an agent that exports to it.

use anyhow::{Context as _, Result};

use super::{
    agent::{Agent, Launch},
    compare::compare,
    patience::settled,
    sink::Sink,
};
use crate::provider::{ledger::Entry, running::Provider};

/// Everything running.
#[derive(Debug)]
pub struct Scene {
    /// Serves and keeps the ledger.
    pub provider: Provider,
    /// Takes OTLP over HTTP.
    pub sink: Sink,
    /// Attached.
    pub agent: Agent,
}

impl Scene {
    /// Starts all three, the agent last.
    ///
    /// # Errors
    /// If one of them does not come up.
    pub fn start() -> Result<Self> {
        Self::with_secret("")
    }

    /// The same with a secret in every answer.
    ///
    /// # Errors
    /// If one of them does not come up.
    pub fn with_secret(secret: &str) -> Result<Self> {
        Self::with(Provider::start(secret)?, Launch::json()?)
    }

    /// The same with a variable in the agent's environment.
    ///
    /// # Errors
    /// If one of them does not come up.
    pub fn with_variable(name: &str, value: &str) -> Result<Self> {
        let launch = Launch::json()?.variable(name, value);
        Self::with(Provider::start("")?, launch)
    }

    /// Starts the agent as it is to be launched, with our sink.
    ///
    /// # Errors
    /// If one of them does not come up.
    pub fn with(provider: Provider, launch: Launch) -> Result<Self> {
        let sink = Sink::start(0)?;
        let agent = launch.otlp(&sink.url(), "http/protobuf").start()?;
        Ok(Self {
            provider,
            sink,
            agent,
        })
    }

    /// Asserts that the JSON lines and the exported spans both tell exactly what was served.
    ///
    /// # Errors
    /// With all that differs.
    pub fn check(&self) -> Result<()> {
        self.check_for(&self.provider.ledger.entries())
    }

    /// The same where the provider sees the end of a relay, not of the client.
    ///
    /// # Errors
    /// With all that differs.
    pub fn check_relayed(&self) -> Result<()> {
        let mut entries = self.provider.ledger.entries();
        for entry in &mut entries {
            entry.client_port = None;
        }
        self.check_for(&entries)
    }

    fn check_for(&self, entries: &[Entry]) -> Result<()> {
        let lines = settled(entries.len(), || self.agent.calls(&self.provider));
        let log = || format!("JSON lines\n{}", self.agent.process.stderr.all().join("\n"));
        compare(entries, &lines).with_context(log)?;
        let spans = settled(entries.len(), || self.sink.reports_of(&self.provider));
        compare(entries, &spans).context("exported spans")
    }
}
