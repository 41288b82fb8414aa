//! `--profile`: where the agent's processor time goes, by perf.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, ensure};

use super::{
    load::Load,
    process::Process,
    round::Bench,
    tracer::{Tracer, Tracing},
};

/// Samples a second of processor time; a prime, so as not to beat with timers.
const FREQUENCY: &str = "1999";

impl Bench<'_> {
    /// Records a profile of the agent under each LLM load, and returns the files.
    pub fn profile(&self, into: &Path) -> anyhow::Result<Vec<PathBuf>> {
        [Load::JSON_2000, Load::STREAM_200]
            .into_iter()
            .map(|load| self.profile_of(load, into))
            .collect()
    }

    fn profile_of(&self, load: Load, into: &Path) -> anyhow::Result<PathBuf> {
        let file = into.join(format!("{}.perf.data", load.name));
        let tracer = Tracer::start(Tracing::Agent, self.agent, self.directory)?
            .context("the agent did not start")?;
        // The machine may have no hardware counters; the clock serves everywhere.
        let perf = Command::new("perf")
            .args([
                "record",
                "--quiet",
                "-e",
                "cpu-clock",
                "-F",
                FREQUENCY,
                "--call-graph",
                "fp",
            ])
            .args(["--pid", &tracer.id().to_string(), "--output"])
            .arg(&file)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("cannot run perf: install the package linux-perf")?;
        let perf = Process::new(perf);
        load.run(self.client, self.port, self.seconds)?;
        perf.interrupt()?;
        tracer.stop()?;
        ensure!(
            file.is_file(),
            "perf recorded nothing: see /proc/sys/kernel/perf_event_paranoid"
        );
        Ok(file)
    }
}
