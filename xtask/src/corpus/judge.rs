//! What a run is worth: none missing, none extra, and no difference but the known ones.

use std::{
    collections::BTreeMap,
    fmt::{self, Display},
};

use serde_json::{Value, json};

use super::{
    exceptions::Exceptions,
    harness::{Counts, Difference, Played},
};
use crate::tally::Tally;

/// A run, judged.
pub struct Judged<'a> {
    played: &'a Played,
    /// Exchanges that differ only as they should.
    excused: u64,
    /// Differences without a reason.
    unexplained: Vec<&'a Difference>,
    /// Turns of sessions that are missing or told twice.
    turns: u64,
}

impl<'a> Judged<'a> {
    /// Looks each difference up in the list.
    pub fn new(played: &'a Played, exceptions: &Exceptions) -> Self {
        let mut by_exchange: BTreeMap<&str, Vec<&Difference>> = BTreeMap::new();
        for difference in &played.differences {
            let all = by_exchange.entry(&difference.id).or_default();
            all.push(difference);
        }
        let is_excused = |differences: &&Vec<&Difference>| {
            let mut all = differences.iter();
            all.all(|difference| exceptions.reason(difference).is_some())
        };
        let excused = by_exchange.values().filter(is_excused).count() as u64;
        let unexplained = played
            .differences
            .iter()
            .filter(|difference| exceptions.reason(difference).is_none())
            .collect();
        let turns = played
            .turns
            .map(|turns| turns.recorded.abs_diff(turns.spans));
        Self {
            played,
            excused,
            unexplained,
            turns: turns.unwrap_or(0),
        }
    }

    /// Exchanges as they should be, and others; extra spans count as well.
    pub fn tally(&self) -> Tally {
        let Counts { passed, failed } = self.played.counts;
        Tally {
            passed: passed + self.excused,
            failed: failed.saturating_sub(self.excused) + self.turns,
            skipped: 0,
            failures: self.failures(),
        }
    }

    fn failures(&self) -> Vec<String> {
        let different = self.unexplained.iter().map(|difference| {
            let Difference {
                id,
                field,
                want,
                got,
            } = difference;
            format!("{id} {field}: expected {want}, got {got}: UNEXPLAINED")
        });
        let missing = self
            .played
            .missing
            .iter()
            .map(|id| format!("{id}: MISSING"));
        let turns =
            (self.turns > 0).then(|| format!("{} turns more or less than recorded", self.turns));
        different.chain(missing).chain(turns).collect()
    }

    /// Counts, and what is wrong.
    pub fn to_json(&self, way: &str) -> Value {
        let tally = self.tally();
        // Each turn of a session is a span, of which the harness knows one.
        let spans = self.played.spans.filter(|_| self.played.turns.is_none());
        json!({
            "way": way,
            "passed": tally.passed,
            "failed": tally.failed,
            "excused": self.excused,
            "extra": spans.map(|spans| spans.extra),
            "missing": self.played.missing,
            "differences": self.unexplained.iter().map(|it| json!({
                "id": it.id,
                "field": it.field,
                "expected": it.want,
                "got": it.got,
            })).collect::<Vec<_>>(),
        })
    }
}

impl Display for Judged<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Tally {
            passed,
            failed,
            failures,
            ..
        } = self.tally();
        for failure in failures {
            writeln!(f, "{failure}")?;
        }
        let excused = self.excused;
        write!(
            f,
            "{passed} as they should be, of which {excused} differ for a known reason; {failed} not"
        )
    }
}
