//! The usual set: a provider, our sink and an agent that exports to it.

use std::time::Duration;

use anyhow::{Context as _, Result};

use super::{
    agent::{self, Agent, Launch},
    compare::compare,
    report::Report,
    sink::Sink,
};
use crate::provider::running::Provider;

/// Longest wait for the last call to be printed or exported.
const SETTLE: Duration = Duration::from_secs(15);

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
        let provider = Provider::start(secret)?;
        let sink = Sink::start(0)?;
        let agent = Launch::json()?.otlp(&sink.url(), "http/protobuf").start()?;
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
        let entries = self.provider.ledger.entries();
        let lines = self.agent.settled_calls(entries.len(), SETTLE);
        compare(&entries, &lines).with_context(|| {
            format!("JSON lines\n{}", self.agent.process.stderr.all().join("\n"))
        })?;
        agent::settle(entries.len(), SETTLE, || self.sink.span_count());
        let spans: Vec<Report> = self
            .sink
            .spans()
            .into_iter()
            .map(|span| span.report)
            .collect();
        compare(&entries, &spans).context("exported spans")
    }
}
