//! What the agent holds of the machine: at two times, and whether it grew between them.

use std::{collections::BTreeMap, fmt};

use anyhow::Result;
use serde::Serialize;

use crate::harness::{agent::Agent, metrics, tables};

/// What may be more at the end than before, and is no leak: pages that the allocator keeps, caches that are
/// bounded and not full yet.
const MORE_RESIDENT: u64 = 4 << 20;
/// The kernel's tables are made at the start; what is charged for them moves with the processors' pools.
const MORE_TABLE_BYTES: u64 = 256 << 10;
/// Other programs of the machine may bring files of their own meanwhile.
const MORE_DESCRIPTORS: u64 = 16;
const MORE_PROBES: u64 = 40;
/// Connections and threads that happen to be there now and were not before.
const MORE_ENTRIES: u64 = 200;

/// What the agent holds now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Vitals {
    /// Resident memory, bytes.
    pub resident: u64,
    /// Kernel memory of its tables, bytes.
    pub table_bytes: u64,
    /// Open descriptors: files, links, tables.
    pub descriptors: u64,
    /// Places under probe, as its metrics tell.
    pub probes: u64,
    /// Entries of its tables, by their names.
    pub entries: BTreeMap<String, u64>,
}

impl Vitals {
    /// Looks.
    ///
    /// # Errors
    /// If the agent is gone.
    pub fn of(agent: &Agent) -> Result<Self> {
        let pid = agent.process.id();
        let tables = tables::of_process(pid)?;
        let named = tables.values().filter_map(|table| {
            let entries = table.entries?;
            Some((table.name.clone(), entries))
        });
        Ok(Self {
            resident: agent.resident()?,
            table_bytes: tables.values().map(|table| table.bytes).sum(),
            descriptors: tables::descriptor_infos(pid)?.len() as u64,
            probes: metrics::sum(&agent.page("/metrics")?, "llm_tracer_probes"),
            entries: named.collect(),
        })
    }

    /// The middle of each figure over several looks; `None` of none.
    pub fn median(looks: &[Self]) -> Option<Self> {
        let middle = |figure: &dyn Fn(&Self) -> u64| {
            let mut figures: Vec<u64> = looks.iter().map(figure).collect();
            figures.sort_unstable();
            figures.get(figures.len() / 2).copied()
        };
        let names = looks.iter().flat_map(|look| look.entries.keys());
        Some(Self {
            resident: middle(&|look| look.resident)?,
            table_bytes: middle(&|look| look.table_bytes)?,
            descriptors: middle(&|look| look.descriptors)?,
            probes: middle(&|look| look.probes)?,
            entries: names
                .filter_map(|name| {
                    let entries = middle(&|look| look.entries.get(name).copied().unwrap_or(0))?;
                    Some((name.clone(), entries))
                })
                .collect(),
        })
    }

    /// What grew since `before` by more than it may, a text each.
    pub fn growth_since(&self, before: &Self) -> Vec<String> {
        let fixed = [
            (
                "resident memory",
                before.resident,
                self.resident,
                MORE_RESIDENT,
            ),
            (
                "memory of the kernel's tables",
                before.table_bytes,
                self.table_bytes,
                MORE_TABLE_BYTES,
            ),
            (
                "descriptors",
                before.descriptors,
                self.descriptors,
                MORE_DESCRIPTORS,
            ),
            ("probes", before.probes, self.probes, MORE_PROBES),
        ];
        let entries = self.entries.iter().map(|(name, now)| {
            let before = before.entries.get(name).copied().unwrap_or(0);
            (name.as_str(), before, *now, MORE_ENTRIES)
        });
        fixed
            .into_iter()
            .chain(entries)
            .filter(|(_, before, now, more)| *now > before + more)
            .map(|(what, before, now, more)| {
                format!("{what}: {now}, which is more than {more} above {before}")
            })
            .collect()
    }
}

impl fmt::Display for Vitals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entries: u64 = self.entries.values().sum();
        write!(
            f,
            "{:.1} MB resident, {:.2} MB of tables with {entries} entries, {} descriptors, {} probes",
            self.resident as f64 / 1e6,
            self.table_bytes as f64 / 1e6,
            self.descriptors,
            self.probes
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vitals(resident: u64, entries: u64) -> Vitals {
        Vitals {
            resident,
            table_bytes: 0,
            descriptors: 10,
            probes: 5,
            entries: BTreeMap::from([("VERDICTS".to_owned(), entries)]),
        }
    }

    #[test]
    fn growth_is_named() {
        let before = vitals(30 << 20, 10);
        assert!(vitals(33 << 20, 50).growth_since(&before).is_empty());
        let grown = vitals(35 << 20, 500).growth_since(&before);
        assert_eq!(grown.len(), 2);
        assert!(grown[0].contains("resident") && grown[1].contains("VERDICTS"));
    }

    #[test]
    fn one_high_look_is_no_growth() {
        let looks = [vitals(1, 1), vitals(900, 9), vitals(2, 2)];
        assert_eq!(Vitals::median(&looks), Some(vitals(2, 2)));
        assert_eq!(Vitals::median(&[]), None);
    }
}
