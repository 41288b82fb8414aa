//! Reports against the ledger: none missing, none extra, every field exact.

use std::{collections::HashMap, fmt::Write as _};

use anyhow::{Result, bail};

use super::report::Report;
use crate::provider::ledger::Entry;

/// The provider's request id, unique for each exchange, is what joins the two.
const REQUEST_ID: &str = "llm_tracer.request_id";

/// Differences shown before the rest is only counted.
const SHOWN: usize = 12;

/// Compares all; the error lists what differs.
///
/// # Errors
/// If a call is missing, reported twice, made up, or wrong in a field.
pub fn compare(entries: &[Entry], reports: &[Report]) -> Result<()> {
    let mut by_id: HashMap<&str, Vec<&Report>> = HashMap::new();
    let mut differences = Differences::default();
    for report in reports {
        match report.text(REQUEST_ID) {
            Some(id) => by_id.entry(id).or_default().push(report),
            None => differences.add(format!("a report without a request id: {report:?}")),
        }
    }
    for entry in entries {
        match by_id.remove(entry.request_id.as_str()).as_deref() {
            None => differences.add(format!("missing: {entry:?}")),
            Some([report]) => fields(entry, report, &mut differences),
            Some(several) => {
                differences.add(format!("reported {} times: {entry:?}", several.len()))
            }
        }
    }
    for (id, reports) in by_id {
        differences.add(format!("extra: {id} {reports:?}"));
    }
    differences.into_result(entries.len(), reports.len())
}

#[derive(Debug, Default)]
struct Differences(Vec<String>);

impl Differences {
    fn add(&mut self, difference: String) {
        self.0.push(difference);
    }

    fn equal<T: PartialEq + std::fmt::Debug>(
        &mut self,
        entry: &Entry,
        name: &str,
        wanted: T,
        got: T,
    ) {
        if wanted != got {
            let Entry {
                sequence,
                api,
                request_model,
                stream,
                ..
            } = entry;
            self.add(format!(
                "{name} of #{sequence} ({api:?}, {request_model:?}, stream {stream}) is {got:?}, not {wanted:?}"
            ));
        }
    }

    fn into_result(self, served: usize, reported: usize) -> Result<()> {
        if self.0.is_empty() {
            return Ok(());
        }
        let mut message = format!(
            "{} differences; {served} served, {reported} reported",
            self.0.len()
        );
        for difference in self.0.iter().take(SHOWN) {
            let _ = write!(message, "\n  {difference}");
        }
        bail!(message)
    }
}

fn fields(entry: &Entry, report: &Report, differences: &mut Differences) {
    let mut text =
        |name, wanted: Option<&str>| differences.equal(entry, name, wanted, report.text(name));
    text("gen_ai.operation.name", Some(&entry.operation));
    text("gen_ai.provider.name", Some(entry.api.provider()));
    text("gen_ai.request.model", entry.request_model.as_deref());
    text("network.protocol.version", Some(&entry.http_version));
    if entry.complete || entry.stream {
        text("gen_ai.response.id", entry.response_id.as_deref());
        text("gen_ai.response.model", entry.response_model.as_deref());
    }
    let stream = "gen_ai.request.stream";
    differences.equal(entry, stream, entry.stream, report.flag(stream));
    let mut number =
        |name, wanted: Option<u64>| differences.equal(entry, name, wanted, report.number(name));
    number("http.response.status_code", Some(entry.status.into()));
    // A first attempt is the rule and not worth an attribute.
    number(
        "llm_tracer.retry_count",
        entry.retry_count.filter(|count| *count > 0),
    );
    server(entry, report, differences);
    tools(entry, report, differences);
    outcome(entry, report, differences);
    if entry.complete {
        usage(entry, report, differences);
        let finish = "gen_ai.response.finish_reasons";
        if let Some(wanted) = &entry.finish_reasons {
            differences.equal(
                entry,
                finish,
                wanted.iter().map(String::as_str).collect(),
                report.texts(finish),
            );
        }
    }
}

fn server(entry: &Entry, report: &Report, differences: &mut Differences) {
    let (host, port) = entry.host.rsplit_once(':').unwrap_or((&entry.host, "443"));
    differences.equal(
        entry,
        "server.address",
        Some(host),
        report.text("server.address"),
    );
    differences.equal(
        entry,
        "server.port",
        port.parse().ok(),
        report.number("server.port"),
    );
    // Absent where the connection could not be matched; but then nothing wrong.
    let local = "network.local.port";
    if let (Some(wanted), Some(port)) = (entry.client_port, report.number(local)) {
        differences.equal(entry, local, u64::from(wanted), port);
    }
}

fn usage(entry: &Entry, report: &Report, differences: &mut Differences) {
    let tokens = entry.tokens;
    for (name, wanted) in [
        ("gen_ai.usage.input_tokens", tokens.input),
        ("gen_ai.usage.output_tokens", tokens.output),
        ("gen_ai.usage.cache_read.input_tokens", tokens.cache_read),
        (
            "gen_ai.usage.cache_creation.input_tokens",
            tokens.cache_creation,
        ),
        ("gen_ai.usage.reasoning.output_tokens", tokens.reasoning),
    ] {
        differences.equal(entry, name, wanted, report.number(name));
    }
}

fn tools(entry: &Entry, report: &Report, differences: &mut Differences) {
    if !entry.complete {
        return;
    }
    let (names, ids) = ("llm_tracer.tool_call.names", "llm_tracer.tool_call.ids");
    differences.equal(
        entry,
        names,
        entry.tools.iter().map(|tool| tool.name.as_str()).collect(),
        report.texts(names),
    );
    differences.equal(
        entry,
        ids,
        entry.tools.iter().map(|tool| tool.id.as_str()).collect(),
        report.texts(ids),
    );
}

fn outcome(entry: &Entry, report: &Report, differences: &mut Differences) {
    let reported = report.text("error.type");
    if entry.complete {
        let right = match reported {
            None => entry.error_types.is_empty(),
            Some(error) => entry.error_types.iter().any(|wanted| wanted == error),
        };
        if !right {
            differences.equal(
                entry,
                "error.type",
                Some(&entry.error_types.join("|")[..]),
                reported,
            );
        }
    }
    let cancelled = "llm_tracer.cancelled";
    differences.equal(entry, cancelled, !entry.complete, report.flag(cancelled));
    if entry.complete {
        let state = report
            .text("llm_tracer.capture_state")
            .unwrap_or("complete");
        let wanted = if entry.api.is_read() {
            "complete"
        } else {
            "undecodable"
        };
        differences.equal(entry, "llm_tracer.capture_state", wanted, state);
    }
}
