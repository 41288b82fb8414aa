//! What the guest said.

use anyhow::{Context as _, ensure};
use serde::Deserialize;

/// The lines of `init.sh`, taken apart.
#[derive(Debug, Default)]
pub struct GuestReport {
    /// Release of the kernel that ran.
    pub kernel: String,
    /// What `doctor --format json` printed.
    pub doctor: String,
    /// Exit status of the doctor.
    pub doctor_status: Option<i32>,
    /// Exit status of each agent after SIGTERM.
    pub agent_statuses: Vec<i32>,
    /// Exchanges made by those who count their own, with the family.
    pub made: Vec<(String, u64)>,
    /// What the provider wrote down, with the family.
    pub served: Vec<(String, Served)>,
    /// The lines of the agents, each with the number of the agent.
    pub calls: Vec<(usize, String)>,
    /// Families whose client failed.
    pub failures: Vec<String>,
    /// What clients said that failed, with the family.
    pub clients: Vec<(String, String)>,
    /// Why the guest gave up.
    pub failed: Option<String>,
    /// What the agents said on standard error.
    pub log: Vec<String>,
}

/// An exchange as the provider knows it, as far as it matters here.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Served {
    /// What joins it with reports.
    pub request_id: String,
    /// Status of the answer.
    pub status: u16,
    /// Version of HTTP.
    pub http_version: String,
    /// Whether a stream was asked for.
    pub stream: bool,
    /// Token counts of the answer.
    pub tokens: Tokens,
}

/// Token counts, absent where there are none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
pub struct Tokens {
    /// What went in.
    pub input: Option<u64>,
    /// What came out.
    pub output: Option<u64>,
}

#[derive(Deserialize)]
struct Load {
    made: u64,
}

impl GuestReport {
    /// What the agents counted that they did not see, and how full their rings were.
    pub fn unseen(&self) -> Vec<&str> {
        let lines = self.log.iter().map(String::as_str);
        lines
            .filter(|line| line.starts_with("llm_tracer_"))
            .collect()
    }

    /// Reads what came over the port.
    pub fn parse(said: &str) -> anyhow::Result<Self> {
        let mut report = Self::default();
        for line in said.lines() {
            let line = line.trim_end();
            let (word, value) = line.split_once(' ').unwrap_or((line, ""));
            let (first, rest) = value.split_once(' ').unwrap_or((value, ""));
            match word {
                "kernel" => value.clone_into(&mut report.kernel),
                "doctor" => value.clone_into(&mut report.doctor),
                "doctor_status" => report.doctor_status = value.parse().ok(),
                "agent_status" => report.agent_statuses.push(value.parse()?),
                "load" => {
                    let load: Load = serde_json::from_str(rest)
                        .with_context(|| format!("{first} printed no count: {rest}"))?;
                    report.made.push((first.to_owned(), load.made));
                }
                "served" => {
                    let entry = serde_json::from_str(rest)
                        .with_context(|| format!("not an entry of a ledger: {rest}"))?;
                    report.served.push((first.to_owned(), entry));
                }
                "call" => {
                    let agent = first.parse().context("a call of no agent")?;
                    report.calls.push((agent, rest.to_owned()));
                }
                "failure" => report.failures.push(first.to_owned()),
                "client" => report.clients.push((first.to_owned(), rest.to_owned())),
                "failed" => report.failed = Some(value.to_owned()),
                "log" => report.log.push(value.to_owned()),
                _ => {}
            }
        }
        Ok(report)
    }

    /// Everybody ended well: what has to hold whatever was traced.
    pub fn check(&self) -> anyhow::Result<()> {
        if let Some(reason) = &self.failed {
            anyhow::bail!("{reason}");
        }
        ensure!(
            self.doctor_status == Some(0),
            "doctor ended with status {:?}",
            self.doctor_status
        );
        serde_json::from_str::<serde_json::Value>(&self.doctor)
            .context("doctor printed no JSON")?;
        ensure!(
            self.agent_statuses.iter().all(|status| *status == 0),
            "the agents ended with statuses {:?}",
            self.agent_statuses
        );
        Ok(())
    }
}
