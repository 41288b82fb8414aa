//! What leaves of a record, and what is taken from it before.

use std::{collections::HashSet, sync::Arc};

use tracer_core::semconv::Event;

use super::explained::{Explained, ExplainedMetrics, ExplainedOrigin, Stays, Told};
use crate::{
    export::{
        fields::Fields,
        finish::Finisher,
        ids::SpanIds,
        otlp::unsent::{Part, Unsent},
        record::Record,
    },
    host::process::ProcessInfo,
};

/// Why something is taken away.
const NEVER: &str = "[attributes] never lets it out";

/// Finishes what leaves as for a collector, and takes it apart.
pub(super) struct Leaving {
    finisher: Finisher,
    unsent: Unsent,
    origins: Vec<Fields>,
    /// Origins that nobody was told of yet.
    news: Vec<ExplainedOrigin>,
    metrics: Vec<Part>,
}

/// A span and its events, as they would be sent.
#[derive(Default)]
struct Sent {
    origin: Option<Fields>,
    fields: Fields,
}

impl Leaving {
    pub(super) fn new(finisher: Finisher, unsent: Unsent) -> Self {
        Self {
            finisher,
            unsent,
            origins: Vec::new(),
            news: Vec::new(),
            metrics: Vec::new(),
        }
    }

    /// Whether events go anywhere by themselves.
    pub(super) const fn has_logs(&self) -> bool {
        self.unsent.signals().logs
    }

    /// Whether evaluations of spans that have left go anywhere.
    pub(super) const fn has_evaluations(&self) -> bool {
        self.has_logs() || self.unsent.signals().annotations
    }

    /// What leaves of a record.
    pub(super) fn record(&mut self, mut record: Record) -> Told {
        self.finisher.attribute(&mut record);
        let ids = self.finisher.ids(&record.span);
        let whole = self.sent(&record, ids);
        self.finisher.strip(&mut record);
        let stripped = self.sent(&record, ids);
        let early = self.unsent.measure(&record);
        self.metrics.extend(early);
        self.told(whole, stripped)
    }

    /// What leaves of an event that goes by itself.
    pub(super) fn event(&mut self, mut process: Arc<ProcessInfo>, mut event: Event) -> Told {
        let whole = self.alone(&process, &event);
        self.finisher.strip_event(&mut process, &mut event);
        let stripped = self.alone(&process, &event);
        self.told(whole, stripped)
    }

    /// All that was measured.
    pub(super) fn metrics(&mut self) -> Vec<ExplainedMetrics> {
        let mut parts = std::mem::take(&mut self.metrics);
        parts.extend(self.unsent.metrics());
        let explained = parts.into_iter().map(|part| {
            let mut leaves = Fields::default();
            leaves.listed("metrics", part.items);
            ExplainedMetrics {
                origin: self.origin(part.origin, Vec::new()),
                leaves,
            }
        });
        explained.collect()
    }

    /// Origins that were not told of yet.
    pub(super) fn news(&mut self) -> impl Iterator<Item = Explained> + use<> {
        std::mem::take(&mut self.news)
            .into_iter()
            .map(Explained::Origin)
    }

    fn sent(&self, record: &Record, ids: SpanIds) -> Sent {
        if !record.is_sampled {
            return Sent::default();
        }
        let (process, events) = (&record.process, &record.events);
        let events = self.unsent.events(process, events, Some(ids));
        Sent::of(self.unsent.span(record, ids), events)
    }

    fn alone(&self, process: &Arc<ProcessInfo>, event: &Event) -> Sent {
        let event = std::slice::from_ref(event);
        let mut sent = Sent::of(None, self.unsent.events(process, event, None));
        let annotation = event
            .first()
            .and_then(|event| self.unsent.annotation(event));
        sent.fields
            .named("annotation", annotation.unwrap_or_default());
        sent
    }

    fn told(&mut self, whole: Sent, stripped: Sent) -> Told {
        let stays = withheld(&whole.fields, &stripped.fields);
        let of_origin = match (&whole.origin, &stripped.origin) {
            (Some(whole), Some(stripped)) => withheld(whole, stripped),
            _ => Vec::new(),
        };
        Told {
            origin: stripped.origin.map(|it| self.origin(it, of_origin)),
            leaves: stripped.fields,
            stays,
        }
    }

    /// The number of an origin, which is news if it was not there before.
    fn origin(&mut self, leaves: Fields, stays: Vec<Stays>) -> usize {
        if let Some(known) = self.origins.iter().position(|known| *known == leaves) {
            return known + 1;
        }
        self.origins.push(leaves.clone());
        let number = self.origins.len();
        self.news.push(ExplainedOrigin {
            number,
            leaves,
            stays,
        });
        number
    }
}

impl Sent {
    fn of(span: Option<Part>, events: Option<Part>) -> Self {
        let mut sent = Self::default();
        if let Some(Part { origin, items }) = span {
            sent.origin = Some(origin);
            for span in items {
                sent.fields.named("span", span);
            }
        }
        if let Some(Part { origin, items }) = events {
            sent.origin = Some(origin);
            sent.fields.listed("logs", items);
        }
        sent
    }
}

/// Fields that are not there any more, or say less.
fn withheld(whole: &Fields, stripped: &Fields) -> Vec<Stays> {
    let left = stripped.values();
    let left: HashSet<_> = left
        .into_iter()
        .map(|(at, it)| (at, it.to_string()))
        .collect();
    let whole = whole.values().into_iter();
    let gone = whole.filter(|(at, it)| !left.contains(&(at.clone(), it.to_string())));
    gone.map(|(at, _)| Stays::new(at, NEVER)).collect()
}
