//! What was made, what was served, what was seen: whether the three agree, call by call.
//!
//! A call that was answered must be seen exactly once, every field as served, as one of the process that
//! made it. Of a call that was cut when its process was killed the provider tells whether it came: then it
//! must be seen once, too; what is told of it must be right; and it must either be told whole or say that
//! it was not.

use std::collections::{HashMap, HashSet};

use serde::Serialize;

use super::{
    clients::Client,
    life::{End, Life, is_marked},
};
use crate::{
    harness::{compare::compare, otlp::Span, report::Report},
    provider::ledger::Entry,
};

/// What became of the calls of one of the processes that run at once, over all of its lives.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Row {
    /// Runtime and library.
    pub client: String,
    /// Times that it was started.
    pub lives: usize,
    /// Calls whose answers it has read.
    pub made: u64,
    /// Calls that it was killed in.
    pub cut: u64,
    /// Calls of these that came to the provider.
    pub cut_served: u64,
    /// Calls that were seen, the cut ones included.
    pub seen: u64,
    /// What is wrong.
    pub problems: Vec<String>,
}

/// The whole run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verdict {
    /// A row for each process, in the order of the clients.
    pub rows: Vec<Row>,
    /// Spans and exchanges that are nobody's.
    pub strays: Vec<String>,
}

/// Holds the calls of the lives against what was served and what was seen.
pub fn judge(clients: &[Client], lives: &[Life], entries: &[Entry], spans: &[Span]) -> Verdict {
    let mut verdict = Verdict {
        rows: clients.iter().map(row).collect(),
        strays: Vec::new(),
    };
    let mut seen = Seen::new(spans);
    let mut served: HashMap<u64, Vec<&Entry>> = HashMap::new();
    for entry in entries {
        served.entry(entry.n).or_default().push(entry);
    }
    for life in lives {
        let (Some(client), Some(row)) = (clients.get(life.slot), verdict.rows.get_mut(life.slot))
        else {
            continue;
        };
        row.lives += 1;
        row.made += life.answered;
        row.cut += u64::from(life.cut);
        let mut judge = Judge { client, life, row };
        for k in 0..life.answered + u64::from(life.cut) {
            let entries = served.remove(&life.call(k)).unwrap_or_default();
            judge.call(life.call(k), &entries, &mut seen);
        }
    }
    let unknown = served.values().flatten();
    verdict.strays = unknown
        .map(|entry| format!("served, but made by nobody: n={}", entry.n))
        .chain(seen.unclaimed())
        .collect();
    verdict
}

fn row(client: &Client) -> Row {
    Row {
        client: client.name.to_owned(),
        ..Row::default()
    }
}

const REQUEST_ID: &str = "llm_tracer.request_id";

/// The spans, until somebody claims them.
struct Seen<'a> {
    spans: &'a [Span],
    by_id: HashMap<&'a str, Vec<usize>>,
    /// Of calls that had no answer yet: nothing but the process tells whose they are.
    unanswered: Vec<usize>,
    claimed: HashSet<usize>,
}

impl<'a> Seen<'a> {
    fn new(spans: &'a [Span]) -> Self {
        let mut by_id: HashMap<&str, Vec<usize>> = HashMap::new();
        let mut unanswered = Vec::new();
        for (index, span) in spans.iter().enumerate() {
            match span.report.text(REQUEST_ID) {
                Some(id) => by_id.entry(id).or_default().push(index),
                None => unanswered.push(index),
            }
        }
        Self {
            spans,
            by_id,
            unanswered,
            claimed: HashSet::new(),
        }
    }

    fn of_entry(&mut self, entry: &Entry) -> Vec<&'a Span> {
        let found = self
            .by_id
            .remove(entry.request_id.as_str())
            .unwrap_or_default();
        self.claim(found)
    }

    fn unanswered_of(&mut self, client: &Client, life: &Life) -> Vec<&'a Span> {
        let of_life = |index: &usize| {
            let span = self.spans.get(*index);
            span.is_some_and(|span| {
                is_of_process(&span.resource, client, life) && asks_in(life.slot, &span.report)
            })
        };
        let (found, others) = self.unanswered.iter().copied().partition(of_life);
        self.unanswered = others;
        self.claim(found)
    }

    fn claim(&mut self, found: Vec<usize>) -> Vec<&'a Span> {
        self.claimed.extend(&found);
        found
            .into_iter()
            .filter_map(|index| self.spans.get(index))
            .collect()
    }

    fn unclaimed(&self) -> impl Iterator<Item = String> {
        let left = self.spans.iter().enumerate();
        left.filter(|(index, _)| !self.claimed.contains(index))
            .map(|(_, span)| format!("seen, but of no call: {:?}", span.report))
    }
}

fn is_of_process(resource: &Report, client: &Client, life: &Life) -> bool {
    let name = if client.has_children() {
        "process.parent_pid"
    } else {
        "process.pid"
    };
    resource.number(name) == Some(life.pid.into())
}

fn asks_in(slot: usize, report: &Report) -> bool {
    let model = report.text("gen_ai.request.model");
    model.is_some_and(|model| is_marked(model, slot))
}

/// Judges the calls of one life.
struct Judge<'a> {
    client: &'a Client,
    life: &'a Life,
    row: &'a mut Row,
}

impl Judge<'_> {
    fn call(&mut self, n: u64, entries: &[&Entry], seen: &mut Seen<'_>) {
        let end = self.life.end_of(n);
        let mut spans: Vec<&Span> = entries
            .iter()
            .flat_map(|entry| seen.of_entry(entry))
            .collect();
        if end == End::Cut {
            self.row.cut_served += entries.len() as u64;
            spans.extend(seen.unanswered_of(self.client, self.life));
        }
        self.row.seen += spans.len() as u64;
        match (end, entries, &spans[..]) {
            (End::Answered, [entry], [span]) => self.whole(n, entry, span),
            (End::Cut, [entry], [span]) => self.cut(n, entry, span),
            // It was killed before the request had come, or had left.
            (End::Cut, [], []) => {}
            (End::Cut, [], [span]) => self.process(n, span),
            _ => self.problem(
                n,
                &format!(
                    "{end:?}, served {} times, seen {} times",
                    entries.len(),
                    spans.len()
                ),
            ),
        }
    }

    fn whole(&mut self, n: u64, entry: &Entry, span: &Span) {
        if !entry.complete {
            self.problem(n, "the provider did not send the answer to its end");
        }
        let report = std::slice::from_ref(&span.report);
        if let Err(difference) = compare(std::slice::from_ref(entry), report) {
            self.problem(n, &format!("{difference:#}"));
        }
        self.process(n, span);
    }

    fn cut(&mut self, n: u64, entry: &Entry, span: &Span) {
        let report = &span.report;
        let usage = [
            ("gen_ai.usage.input_tokens", entry.tokens.input),
            ("gen_ai.usage.output_tokens", entry.tokens.output),
        ];
        for (name, wanted) in usage {
            let told = report.number(name);
            // The counts of an answer that did not come to its end are not in the ledger.
            if told.is_some() && entry.complete && told != wanted {
                self.problem(n, &format!("{name} is {told:?}, not {wanted:?}"));
            }
        }
        let texts = [
            ("gen_ai.response.id", &entry.response_id),
            ("gen_ai.request.model", &entry.request_model),
        ];
        for (name, wanted) in texts {
            let told = report.text(name);
            if told.is_some() && wanted.is_some() && told != wanted.as_deref() {
                self.problem(n, &format!("{name} is {told:?}, not {wanted:?}"));
            }
        }
        let is_whole = compare(
            &[Entry {
                complete: true,
                ..entry.clone()
            }],
            std::slice::from_ref(report),
        )
        .is_ok();
        let says_so = report.flag("llm_tracer.cancelled")
            || report
                .text("llm_tracer.capture_state")
                .is_some_and(|it| it != "complete");
        if !(is_whole || says_so) {
            self.problem(n, &format!("cut, and does not say so: {report:?}"));
        }
        self.process(n, span);
    }

    fn process(&mut self, n: u64, span: &Span) {
        if !is_of_process(&span.resource, self.client, self.life) {
            let pid = self.life.pid;
            self.problem(
                n,
                &format!(
                    "told of another process than {pid}: {:?}, child of {:?}",
                    span.resource.number("process.pid"),
                    span.resource.number("process.parent_pid")
                ),
            );
        }
        if !asks_in(self.life.slot, &span.report) {
            let model = span.report.text("gen_ai.request.model");
            self.problem(n, &format!("the model of another process: {model:?}"));
        }
    }

    fn problem(&mut self, n: u64, what: &str) {
        self.row.problems.push(format!("n={n}: {what}"));
    }
}

#[cfg(test)]
#[path = "verdict_tests.rs"]
mod tests;
