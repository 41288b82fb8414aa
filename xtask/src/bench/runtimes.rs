//! What tracing costs programs in real runtimes: exchanges one after the other, by each runtime that is
//! here, under each kind of tracing.

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{ChildStdin, ChildStdout, Command, Stdio},
};

use anyhow::Context;
use serde::{Deserialize, Serialize};

use super::{
    figures::median,
    process::Process,
    tracer::{Tracer, Tracing, others},
};

/// Name of the program that has the drivers and their provider: its end is not measured, and not traced.
pub const NAME: &str = "runtimes";

/// What one runtime did in its time.
#[derive(Debug, Clone, Deserialize, Serialize)]
struct Sample {
    runtime: String,
    made: u64,
    seconds: f64,
    cpu_us: f64,
}

impl Sample {
    /// Processor time of an exchange, microseconds.
    fn cpu(&self) -> f64 {
        self.cpu_us / self.made.max(1) as f64
    }

    /// Exchanges a second.
    fn rate(&self) -> f64 {
        self.made as f64 / self.seconds
    }
}

/// The median over the rounds of what two samples of one round say.
fn paired(
    left: &[Sample],
    right: &[Sample],
    figure: impl Fn(&Sample, &Sample) -> f64,
) -> Option<f64> {
    median(left.iter().zip(right).map(|(a, b)| figure(a, b)))
}

/// The program that has the drivers.
struct Drivers {
    _process: Process,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Drivers {
    fn start(program: &Path) -> anyhow::Result<Self> {
        let mut child = Command::new(program)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot run {}", program.display()))?;
        let input = child.stdin.take().context("no standard input")?;
        let output = child.stdout.take().context("no standard output")?;
        let mut drivers = Self {
            _process: Process::new(child),
            input,
            output: BufReader::new(output),
        };
        drivers.line().context("the runtimes do not start")?;
        Ok(drivers)
    }

    fn measure(&mut self, seconds: f64) -> anyhow::Result<Vec<Sample>> {
        writeln!(self.input, "{seconds}")?;
        serde_json::from_str(&self.line()?).context("the runtimes print no samples")
    }

    fn line(&mut self) -> anyhow::Result<String> {
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        Ok(line)
    }
}

/// The samples of all rounds, by runtime and tracing.
#[derive(Debug, Default)]
pub struct Runtimes(BTreeMap<String, BTreeMap<Tracing, Vec<Sample>>>);

/// The costs of one runtime: medians over the rounds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Cost {
    /// Runtime and library.
    pub runtime: String,
    /// Processor time of an exchange that nobody traces, microseconds.
    pub untraced_us: f64,
    /// What empty programs at the same places add to it.
    pub bare_added_us: f64,
    /// What the agent adds to it.
    pub agent_added_us: f64,
    /// Exchanges a second beside the agent, to untraced.
    pub ratio: f64,
    /// The same to empty programs.
    pub ratio_to_bare: f64,
}

impl Runtimes {
    /// Runs the rounds. One in which somebody else traced does not count.
    pub fn measure(
        program: &Path,
        agent: &Path,
        directory: &Path,
        rounds: usize,
        seconds: f64,
    ) -> anyhow::Result<Self> {
        let mut drivers = Drivers::start(program)?;
        let mut runtimes = Self::default();
        for number in 0..rounds {
            let mut order = Tracing::ALL;
            order.rotate_left(number % Tracing::ALL.len());
            for tracing in order {
                let tracer = Tracer::start(tracing, agent, directory)?;
                let own = tracer.as_ref().map(Tracer::id);
                let before = others(own);
                let samples = drivers.measure(seconds)?;
                if let Some(pid) = before.iter().chain(&others(own)).next() {
                    eprintln!("xtask: process {pid} traces as well: runtimes are not compared");
                    return Ok(Self::default());
                }
                for sample in samples {
                    let runtime = runtimes.0.entry(sample.runtime.clone()).or_default();
                    runtime.entry(tracing).or_default().push(sample);
                }
                if let Some(tracer) = tracer {
                    tracer.stop()?;
                }
            }
        }
        Ok(runtimes)
    }

    /// A row for each runtime.
    pub fn costs(&self) -> Vec<Cost> {
        self.0
            .iter()
            .filter_map(|(runtime, samples)| {
                let of = |tracing| samples.get(&tracing).map(Vec::as_slice);
                let (untraced, bare, agent) = (
                    of(Tracing::Untraced)?,
                    of(Tracing::Bare)?,
                    of(Tracing::Agent)?,
                );
                Some(Cost {
                    runtime: runtime.clone(),
                    untraced_us: median(untraced.iter().map(Sample::cpu))?,
                    bare_added_us: paired(untraced, bare, |a, b| b.cpu() - a.cpu())?,
                    agent_added_us: paired(untraced, agent, |a, b| b.cpu() - a.cpu())?,
                    ratio: paired(untraced, agent, |a, b| b.rate() / a.rate())?,
                    ratio_to_bare: paired(bare, agent, |a, b| b.rate() / a.rate())?,
                })
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costs_are_medians_to_untraced() {
        let sample = |made, cpu_us| Sample {
            runtime: "a".to_owned(),
            made,
            seconds: 1.0,
            cpu_us,
        };
        let of = |made, cpu_us| vec![sample(made, cpu_us); 3];
        let samples = BTreeMap::from([
            (Tracing::Untraced, of(1000, 100_000.0)),
            (Tracing::Bare, of(900, 99_000.0)),
            (Tracing::Agent, of(800, 96_000.0)),
        ]);
        let costs = Runtimes(BTreeMap::from([("a".to_owned(), samples)])).costs();
        let [cost] = &costs[..] else {
            panic!("{costs:?}")
        };
        assert!((cost.bare_added_us - 10.0).abs() < 1e-9);
        assert!((cost.agent_added_us - 20.0).abs() < 1e-9);
        assert!((cost.ratio - 0.8).abs() < 1e-9);
    }
}
