//! From observations to the figures of the benchmark, each against its target.

use super::{
    bystanders::Rates,
    load::{Load, Sample},
    process::Memory,
    round::{Accounted, Round},
    tracer::Tracing,
};

/// A figure under its stable name.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// Name in the JSON file.
    pub name: &'static str,
    /// What it says, for people.
    pub meaning: &'static str,
    /// The value, if it could be measured.
    pub value: Option<f64>,
    /// What it should be.
    pub target: Target,
}

/// What a figure should be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Target {
    /// This or more.
    AtLeast(f64),
    /// This or less.
    AtMost(f64),
    /// Exactly this.
    Exactly(f64),
    /// Told, not judged.
    Told,
}

impl Figure {
    /// Whether the target is met; `None` where there is nothing to judge.
    pub fn passes(&self) -> Option<bool> {
        match self.target {
            Target::Told => None,
            Target::AtLeast(least) => Some(self.value.is_some_and(|value| value >= least)),
            Target::AtMost(most) => Some(self.value.is_some_and(|value| value <= most)),
            Target::Exactly(wanted) => Some(
                self.value
                    .is_some_and(|value| (value - wanted).abs() < f64::EPSILON),
            ),
        }
    }
}

/// All figures, in the order of the report.
pub fn figures(rounds: &[Round]) -> Vec<Figure> {
    use Target::{AtLeast, AtMost, Exactly, Told};
    let figure = |name, meaning, value, target| Figure {
        name,
        meaning,
        value,
        target,
    };
    let of = Observations(rounds);
    let megabytes = |bytes: fn(&Memory) -> u64| of.memory(bytes).map(|bytes| bytes as f64 / 1e6);
    vec![
        figure(
            "bulk_tx_ratio",
            "bulk sent, throughput to untraced",
            of.ratio(Load::BULK_TX),
            AtLeast(0.92),
        ),
        figure(
            "bulk_rx_ratio",
            "bulk received, throughput to untraced",
            of.ratio(Load::BULK_RX),
            AtLeast(0.92),
        ),
        figure(
            "ignored_vs_bare",
            "ignored call, cost to bare probe",
            of.ignored_vs_bare(),
            AtMost(1.15),
        ),
        figure(
            "json_ratio",
            "JSON, throughput to untraced",
            of.ratio(Load::JSON),
            AtLeast(0.85),
        ),
        figure(
            "json_added_us",
            "JSON, added to the process, us",
            of.added(Load::JSON, Sample::cpu_us),
            AtMost(5.0),
        ),
        figure(
            "json_agent_us",
            "JSON, in the agent, us",
            of.agent_us(Load::JSON),
            AtMost(40.0),
        ),
        figure(
            "stream_ratio",
            "stream, throughput to untraced",
            of.ratio(Load::STREAM),
            AtLeast(0.80),
        ),
        figure(
            "stream_added_us",
            "stream, added to the process, us",
            of.added(Load::STREAM, Sample::cpu_us),
            AtMost(450.0),
        ),
        figure(
            "stream_agent_us",
            "stream, in the agent, us",
            of.agent_us(Load::STREAM),
            AtMost(400.0),
        ),
        figure(
            "tcp_bulk_ratio",
            "other TCP, bulk, rate to untraced",
            of.bystander(|rates| rates.tcp_bulk),
            AtLeast(0.95),
        ),
        figure(
            "tcp_small_ratio",
            "other TCP, 64 bytes, rate to untraced",
            of.bystander(|rates| rates.tcp_small),
            AtLeast(0.95),
        ),
        figure(
            "system_call_ratio",
            "other system calls, rate to untraced",
            of.bystander(|rates| rates.system_calls),
            AtLeast(0.98),
        ),
        figure(
            "file_call_ratio",
            "reads and writes of files, rate to untraced",
            of.bystander(|rates| rates.file_calls),
            AtLeast(0.98),
        ),
        figure(
            "json_complete_2000",
            "JSON at 2,000/s, share reported",
            of.complete(Load::JSON_2000),
            Exactly(1.0),
        ),
        figure(
            "stream_complete_200",
            "streams at 200/s, share reported",
            of.complete(Load::STREAM_200),
            Exactly(1.0),
        ),
        figure(
            "saturated_accounted",
            "at full rate, reported or counted lost",
            of.accounted(),
            Exactly(1.0),
        ),
        figure(
            "wrong_reports",
            "reported twice or with wrong tokens",
            of.wrong(),
            Exactly(0.0),
        ),
        figure(
            "rss_mb",
            "agent, resident, MB",
            megabytes(|memory| memory.resident),
            AtMost(40.0),
        ),
        figure(
            "peak_rss_mb",
            "agent, resident at most, MB",
            megabytes(|memory| memory.peak),
            AtMost(60.0),
        ),
        figure(
            "map_mb",
            "kernel maps, MB",
            megabytes(|memory| memory.maps),
            AtMost(16.0),
        ),
        figure(
            "unix_small_ratio",
            "AF_UNIX, 64 bytes, rate to untraced",
            of.bystander(|rates| rates.unix_small),
            Told,
        ),
        figure(
            "connection_ratio",
            "other connections, rate to untraced",
            of.bystander(|rates| rates.connections),
            Told,
        ),
        figure(
            "json_reported",
            "JSON at full rate, share reported",
            of.complete(Load::JSON),
            Told,
        ),
        figure(
            "stream_reported",
            "streams at full rate, share reported",
            of.complete(Load::STREAM),
            Told,
        ),
        figure(
            "json_agent_2000_us",
            "JSON at 2,000/s, in the agent, us",
            of.agent_us(Load::JSON_2000),
            Told,
        ),
        figure(
            "stream_agent_200_us",
            "streams at 200/s, in the agent, us",
            of.agent_us(Load::STREAM_200),
            Told,
        ),
        figure(
            "json_p50_added_us",
            "JSON at 2,000/s, p50 added, us",
            of.added(Load::JSON_2000, |s| s.p50_us),
            Told,
        ),
        figure(
            "json_p99_added_us",
            "JSON at 2,000/s, p99 added, us",
            of.added(Load::JSON_2000, |s| s.p99_us),
            Told,
        ),
        figure(
            "stream_p50_added_us",
            "streams at 200/s, p50 added, us",
            of.added(Load::STREAM_200, |s| s.p50_us),
            Told,
        ),
        figure(
            "stream_p99_added_us",
            "streams at 200/s, p99 added, us",
            of.added(Load::STREAM_200, |s| s.p99_us),
            Told,
        ),
    ]
}

/// The middle of the values, `None` of none.
pub fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<f64> = values.filter(|value| value.is_finite()).collect();
    values.sort_by(f64::total_cmp);
    let (low, high) = (
        values.get(values.len().checked_sub(1)? / 2)?,
        values.get(values.len() / 2)?,
    );
    Some(f64::midpoint(*low, *high))
}

struct Observations<'a>(&'a [Round]);

impl Observations<'_> {
    /// Exchanges a second with the agent to those without.
    fn ratio(&self, load: Load) -> Option<f64> {
        self.median(|round| {
            Some(
                sample(round, load, Tracing::Agent)?.rate()
                    / sample(round, load, Tracing::Untraced)?.rate(),
            )
        })
    }

    /// A rate with the agent to that without.
    fn bystander(&self, rate: fn(&Rates) -> f64) -> Option<f64> {
        self.median(|round| {
            let of = |tracing| round.rates.get(&tracing).map(rate);
            Some(of(Tracing::Agent)? / of(Tracing::Untraced)?)
        })
    }

    /// What the agent adds to a figure of the client.
    fn added(&self, load: Load, figure: fn(&Sample) -> f64) -> Option<f64> {
        self.median(|round| added(round, load, Tracing::Agent, figure))
    }

    /// What a call on an ignored connection costs with the agent, to what it costs with a program
    /// that does nothing; the call's own cost is subtracted from both.
    fn ignored_vs_bare(&self) -> Option<f64> {
        self.median(|round| {
            let added = |tracing| added(round, Load::DISCARD, tracing, Sample::cpu_us);
            Some(added(Tracing::Agent)? / added(Tracing::Bare)?)
        })
    }

    /// Processor time of the agent per call reported, all its threads.
    fn agent_us(&self, load: Load) -> Option<f64> {
        self.median(|round| {
            let account = round.accounts.get(load.name)?;
            Some(account.cpu_us / account.reported as f64)
        })
    }

    /// Calls reported of exchanges made.
    fn complete(&self, load: Load) -> Option<f64> {
        let (made, reported) = self.totals(&[load], |account| account.reported);
        (made > 0).then(|| reported as f64 / made as f64)
    }

    /// Calls reported or counted lost, of exchanges made at full rate.
    fn accounted(&self) -> Option<f64> {
        let (made, known) = self.totals(&[Load::JSON, Load::STREAM], |account| {
            account.reported + account.lost
        });
        (made > 0).then(|| known as f64 / made as f64)
    }

    fn wrong(&self) -> Option<f64> {
        let (made, wrong) = self.totals(&Load::ALL, |account| account.wrong);
        (made > 0).then_some(wrong as f64)
    }

    fn memory(&self, bytes: fn(&Memory) -> u64) -> Option<u64> {
        self.0
            .iter()
            .filter_map(|round| round.memory.as_ref())
            .map(bytes)
            .max()
    }

    fn totals(&self, loads: &[Load], what: fn(&Accounted) -> u64) -> (u64, u64) {
        let accounts = self.0.iter().flat_map(|round| {
            loads
                .iter()
                .filter_map(|load| round.accounts.get(load.name))
        });
        accounts.fold((0, 0), |(made, sum), account| {
            (made + account.made, sum + what(account))
        })
    }

    fn median(&self, figure: impl Fn(&Round) -> Option<f64>) -> Option<f64> {
        median(self.0.iter().filter_map(figure))
    }
}

fn sample(round: &Round, load: Load, tracing: Tracing) -> Option<&Sample> {
    round.samples.get(&(load.name, tracing))
}

fn added(round: &Round, load: Load, tracing: Tracing, figure: fn(&Sample) -> f64) -> Option<f64> {
    Some(figure(sample(round, load, tracing)?) - figure(sample(round, load, Tracing::Untraced)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(measured: u64, user_us: f64) -> Sample {
        Sample {
            made: measured,
            measured,
            calls: 0,
            bytes: 0,
            seconds: 1.0,
            user_us,
            system_us: 0.0,
            p50_us: 1.0,
            p99_us: 2.0,
        }
    }

    fn value(figures: &[Figure], name: &str) -> f64 {
        figures
            .iter()
            .find(|figure| figure.name == name)
            .and_then(|figure| figure.value)
            .unwrap()
    }

    #[test]
    fn medians_are_taken_over_rounds_not_over_sides() {
        let rounds = [(1000, 900), (500, 450), (100, 10)].map(|(untraced, agent)| Round {
            samples: [
                (
                    (Load::BULK_TX.name, Tracing::Untraced),
                    sample(untraced, 0.0),
                ),
                ((Load::BULK_TX.name, Tracing::Agent), sample(agent, 0.0)),
            ]
            .into(),
            ..Round::default()
        });
        assert!((value(&figures(&rounds), "bulk_tx_ratio") - 0.9).abs() < 1e-9);
    }

    #[test]
    fn an_ignored_call_is_compared_without_its_own_cost() {
        let round = Round {
            samples: [
                (Tracing::Untraced, 400.0),
                (Tracing::Bare, 1400.0),
                (Tracing::Agent, 1500.0),
            ]
            .map(|(tracing, us)| ((Load::DISCARD.name, tracing), sample(1000, us)))
            .into(),
            ..Round::default()
        };
        assert!((value(&figures(&[round]), "ignored_vs_bare") - 1.1).abs() < 1e-9);
    }

    #[test]
    fn one_call_missing_in_a_million_is_a_miss() {
        let account = Accounted {
            made: 1_000_000,
            reported: 999_999,
            lost: 0,
            wrong: 0,
            cpu_us: 0.0,
        };
        let round = Round {
            accounts: [(Load::JSON_2000.name, account)].into(),
            ..Round::default()
        };
        let figures = figures(&[round]);
        let complete = figures
            .iter()
            .find(|figure| figure.name == "json_complete_2000")
            .unwrap();
        assert_eq!(complete.passes(), Some(false));
    }

    #[test]
    fn what_was_not_measured_does_not_pass() {
        assert!(
            figures(&[])
                .iter()
                .all(|figure| figure.passes() != Some(true))
        );
        assert_eq!(
            median([3.0, 1.0, f64::NAN, 2.0, 10.0].into_iter()),
            Some(2.5)
        );
    }
}
