//! The outcome as text and as JSON.

use std::{
    collections::HashSet,
    fmt::{self, Display},
};

use serde_json::{Value as Json, json};

use crate::{
    compare::{Difference, Place, Table},
    exceptions::EXCEPTIONS,
};

/// The whole outcome.
pub struct Report {
    pub table: Table,
    /// Ids of what was played.
    pub recordings: HashSet<String>,
    pub ways: usize,
}

impl Report {
    /// Differences with the reason that excuses them, if there is one.
    pub fn differences(&self) -> impl Iterator<Item = (&Place, &Difference, Option<&'static str>)> {
        self.table.differences.iter().map(|(place, difference)| {
            let covering = EXCEPTIONS.iter().find(|it| it.covers(place));
            (place, difference, covering.map(|it| it.reason.as_str()))
        })
    }

    /// How many times a field was not as expected for a known reason.
    pub fn excused(&self, field: &str) -> usize {
        self.differences()
            .filter(|(place, _, reason)| place.field == field && reason.is_some())
            .map(|(_, difference, _)| difference.ways)
            .sum()
    }

    /// Exceptions of what was played, as field and id, that did not occur.
    pub fn idle_exceptions(&self) -> Vec<(&'static str, &'static str)> {
        let all = EXCEPTIONS
            .iter()
            .flat_map(|it| it.ids.iter().map(|id| (it.field.as_str(), id.as_str())));
        all.filter(|(field, id)| {
            let place = Place {
                id: (*id).to_owned(),
                field: (*field).to_owned(),
            };
            self.recordings.contains(*id) && !self.table.differences.contains_key(&place)
        })
        .collect()
    }

    /// Counts per attribute, and every difference.
    pub fn to_json(&self) -> Json {
        let table = &self.table;
        let attributes = table.fields.iter().map(|(field, counts)| {
            let counts = json!({
                "told": counts.told,
                "absent": counts.absent,
                "wrong": counts.wrong,
                "ambiguous": counts.ambiguous,
                "share": counts.share(),
            });
            (field.clone(), counts)
        });
        let differences = self.differences().map(|(place, difference, reason)| {
            json!({
                "id": place.id,
                "field": place.field,
                "expected": difference.expected,
                "got": difference.got,
                "ways": difference.ways,
                "reason": reason,
            })
        });
        json!({
            "recordings": self.recordings.len(),
            "ways": self.ways,
            "required": table.exchanges,
            "recognised": table.spans,
            "extra": table.extra,
            "attributes": Json::Object(attributes.collect()),
            "differences": Json::Array(differences.collect()),
        })
    }
}

impl Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let table = &self.table;
        writeln!(
            f,
            "{} recordings in {} ways: {} of {} recognised, {} extra",
            self.recordings.len(),
            self.ways,
            table.spans,
            table.exchanges,
            table.extra
        )?;
        writeln!(
            f,
            "{:<44} {:>7} {:>7} {:>6} {:>10} {:>8}",
            "field", "told", "absent", "wrong", "ambiguous", "share"
        )?;
        for (field, counts) in &table.fields {
            writeln!(
                f,
                "{field:<44} {:>7} {:>7} {:>6} {:>10} {:>7.3}%",
                counts.told,
                counts.absent,
                counts.wrong,
                counts.ambiguous,
                100.0 * counts.share()
            )?;
        }
        for (flavour, (exchanges, spans)) in &table.others {
            writeln!(
                f,
                "{flavour:<44} {exchanges} exchanges not compared, {spans} spans"
            )?;
        }
        for (place, difference, reason) in self.differences() {
            writeln!(
                f,
                "{} {} {}: expected {}, got {} ({} ways): {}",
                place.id,
                difference.url,
                place.field,
                difference.expected,
                difference.got,
                difference.ways,
                reason.unwrap_or("UNEXPLAINED")
            )?;
        }
        Ok(())
    }
}
