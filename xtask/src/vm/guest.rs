//! What the guest said, and whether it is what should have happened.

use anyhow::{Context, ensure};
use serde::Deserialize;

use crate::bench::calls::Reported;

/// The lines of `init.sh`, taken apart.
#[derive(Debug, Default)]
pub struct GuestReport {
    /// Release of the kernel that ran.
    pub kernel: String,
    /// What `doctor --format json` printed.
    pub doctor: String,
    /// Exit status of the doctor.
    pub doctor_status: Option<i32>,
    /// Exit status of the agent after SIGTERM.
    pub agent_status: Option<i32>,
    /// Exchanges made.
    pub made: u64,
    /// The agent's line for each call.
    pub calls: Vec<String>,
    /// Why the guest gave up.
    pub failed: Option<String>,
    /// What the agent said on standard error.
    pub log: Vec<String>,
}

#[derive(Deserialize)]
struct Load {
    made: u64,
}

impl GuestReport {
    /// Reads what came over the serial port.
    pub fn parse(said: &str) -> anyhow::Result<Self> {
        let mut report = Self::default();
        for line in said.lines() {
            let line = line.trim_end();
            let (word, value) = line.split_once(' ').unwrap_or((line, ""));
            match word {
                "kernel" => value.clone_into(&mut report.kernel),
                "doctor" => value.clone_into(&mut report.doctor),
                "doctor_status" => report.doctor_status = value.parse().ok(),
                "agent_status" => report.agent_status = value.parse().ok(),
                "load" => {
                    let load: Load = serde_json::from_str(value)
                        .context("the load client failed in the machine")?;
                    report.made += load.made;
                }
                "call" => report.calls.push(value.to_owned()),
                "failed" => report.failed = Some(value.to_owned()),
                "log" => report.log.push(value.to_owned()),
                _ => {}
            }
        }
        Ok(report)
    }

    /// Every exchange reported once with exact token counts, and everybody ended well.
    pub fn check(&self, expected: u64) -> anyhow::Result<()> {
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
            self.made == expected,
            "{} exchanges were made, not {expected}",
            self.made
        );
        let reported = Reported::read(self.calls.iter().map(String::as_str))?;
        ensure!(
            reported.wrong_tokens == 0,
            "{} calls have wrong token counts",
            reported.wrong_tokens
        );
        ensure!(
            reported.without_tokens == 0,
            "{} calls have no token counts",
            reported.without_tokens
        );
        ensure!(
            reported.repeated == 0,
            "{} calls were reported twice",
            reported.repeated
        );
        ensure!(
            reported.distinct == expected,
            "{} of {expected} calls were reported",
            reported.distinct
        );
        ensure!(
            reported.without_id == 0,
            "{} calls have no response id",
            reported.without_id
        );
        ensure!(
            self.agent_status == Some(0),
            "the agent ended with status {:?}",
            self.agent_status
        );
        Ok(())
    }
}
