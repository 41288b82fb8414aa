//! Whether what was reported of a family is what happened.

use std::collections::{HashMap, HashSet};

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;

use super::{
    architecture::Architecture,
    families::{Family, Judged},
    guest::{GuestReport, Served, Tokens},
};
use crate::bench::calls::Reported;

/// The counts of a row. Of a call that both ends are seen of there are two spans.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Exchanges that were made.
    pub made: u64,
    /// Of them those of which the end that made them was reported, each once and exactly.
    pub client_spans: u64,
    /// Those of which the end that served them was reported, each once.
    pub server_spans: u64,
}

/// The fields of an agent's line that matter here.
#[derive(Debug, Deserialize)]
struct Line<'a> {
    process: Option<&'a str>,
    kind: Option<&'a str>,
    #[serde(rename = "gen_ai.response.id")]
    response: Option<&'a str>,
    #[serde(rename = "llm_tracer.request_id")]
    request: Option<&'a str>,
    #[serde(rename = "gen_ai.usage.input_tokens")]
    input: Option<u64>,
    #[serde(rename = "gen_ai.usage.output_tokens")]
    output: Option<u64>,
}

/// Every exchange of the family reported once by the end that made it, with exact token counts, and once
/// by the end that served it.
///
/// # Errors
/// What does not hold.
pub fn judge(report: &GuestReport, family: &Family, architecture: Architecture) -> Result<Counts> {
    let said = report
        .clients
        .iter()
        .filter(|(name, _)| name == family.name);
    let said: Vec<&str> = said.map(|(_, text)| &**text).collect();
    ensure!(
        !report.failures.iter().any(|name| name == family.name),
        "the client failed: {}",
        said.join("; ")
    );
    let of_agent = report.calls.iter().filter(|(n, _)| *n == family.agent);
    let lines: Vec<(Line<'_>, &str)> = of_agent
        .map(|(_, text)| {
            let line = serde_json::from_str(text).with_context(|| format!("not a call: {text}"))?;
            Ok((line, &**text))
        })
        .collect::<Result<_>>()?;
    let counts = match family.judged {
        Judged::ById => by_id(report, family, &lines)?,
        Judged::ByLedger => {
            let served = report.served.iter().filter(|(name, _)| name == family.name);
            by_ledger(family, served.map(|(_, entry)| entry), &lines)?
        }
    };
    let Counts {
        made, server_spans, ..
    } = counts;
    // The providers have rustls. Where its record layer is not looked for, nothing is seen of them.
    let unseen = architecture == Architecture::Arm64 && server_spans == 0;
    ensure!(
        server_spans == made || unseen,
        "of {made} exchanges {server_spans} were reported by who served them"
    );
    Ok(counts)
}

fn by_id(report: &GuestReport, family: &Family, lines: &[(Line<'_>, &str)]) -> Result<Counts> {
    let made = report.made.iter().filter(|(name, _)| name == family.name);
    let made = made.map(|(_, made)| made).sum();
    ensure!(
        made == family.exchanges,
        "{made} exchanges were made, not {}",
        family.exchanges
    );
    let clients = lines
        .iter()
        .filter(|(line, _)| line.process == Some(family.program) && line.kind != Some("server"));
    let reported = Reported::read(clients.clone().map(|(_, text)| *text))?;
    let expected = Reported {
        distinct: made,
        ..Reported::default()
    };
    ensure!(reported == expected, "of {made} calls: {reported:?}");
    let ids: HashSet<_> = clients.filter_map(|(line, _)| line.response).collect();
    let servers = lines
        .iter()
        .filter(|(line, _)| line.kind == Some("server"))
        .filter_map(|(line, _)| line.response)
        .filter(|id| ids.contains(id));
    counts(made, servers)
}

fn by_ledger<'a>(
    family: &Family,
    served: impl Iterator<Item = &'a Served>,
    lines: &[(Line<'_>, &str)],
) -> Result<Counts> {
    let served: Vec<&Served> = served.collect();
    let made = served.len() as u64;
    ensure!(
        made == family.exchanges,
        "{made} exchanges were served, not {}",
        family.exchanges
    );
    let mut by_id: HashMap<&str, Vec<&Line<'_>>> = HashMap::new();
    for (line, _) in lines.iter().filter(|(line, _)| line.kind != Some("server")) {
        if let Some(id) = line.request {
            by_id.entry(id).or_default().push(line);
        }
    }
    let mut wrong = Vec::new();
    for entry in &served {
        match by_id.get(&*entry.request_id).map(Vec::as_slice) {
            None => wrong.push(format!("missing: {entry:?}")),
            Some([line]) => {
                let tokens = Tokens {
                    input: line.input,
                    output: line.output,
                };
                if tokens != entry.tokens {
                    wrong.push(format!("{tokens:?}, not as in {entry:?}"));
                }
            }
            Some(several) => wrong.push(format!("{} times: {entry:?}", several.len())),
        }
    }
    ensure!(
        wrong.is_empty(),
        "{} of {made} calls are not reported as they were, the first: {}",
        wrong.len(),
        wrong
            .join("\n")
            .lines()
            .take(3)
            .collect::<Vec<_>>()
            .join("; ")
    );
    let ids: HashSet<&str> = served.iter().map(|entry| &*entry.request_id).collect();
    let servers = lines
        .iter()
        .filter(|(line, _)| line.kind == Some("server"))
        .filter_map(|(line, _)| line.request)
        .filter(|id| ids.contains(id));
    counts(made, servers)
}

/// What is seen of servers is seen once.
fn counts<'a>(made: u64, servers: impl Iterator<Item = &'a str>) -> Result<Counts> {
    let mut seen = HashSet::new();
    for id in servers {
        ensure!(seen.insert(id), "{id} was reported twice by who served it");
    }
    Ok(Counts {
        made,
        client_spans: made,
        server_spans: seen.len() as u64,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vm::families::FAMILIES;

    fn judged(report: &GuestReport, architecture: Architecture) -> Result<Counts> {
        let mut families = FAMILIES.iter();
        let family = families.find(|family| family.name == "openssl-static");
        judge(report, family.unwrap(), architecture)
    }

    fn call(kind: &str, id: u64, input: u64) -> String {
        format!(
            r#"call 0 {{"kind":"{kind}","process":"openssl-static","llm_tracer.request_id":"req-{id}","gen_ai.usage.input_tokens":{input},"gen_ai.usage.output_tokens":5}}"#
        )
    }

    /// What a guest says of the family that makes the fewest calls.
    fn said(more: &[String]) -> String {
        let served = (1..=6).map(|id| {
            format!(
                r#"served openssl-static {{"request_id":"req-{id}","status":200,"http_version":"1.1","stream":false,"tokens":{{"input":{id},"output":5,"cache_read":null}}}}"#
            )
        });
        let lines: Vec<String> = served.chain(more.iter().cloned()).collect();
        lines.join("\r\n")
    }

    #[test]
    fn each_exchange_is_one_span_of_each_end() {
        let clients = (1..=6).map(|id| call("client", id, id));
        let servers = (1..=6).map(|id| call("server", id, id));
        let report = GuestReport::parse(&said(&clients.chain(servers).collect::<Vec<_>>()));
        let counts = judged(&report.unwrap(), Architecture::X86_64).unwrap();
        let expected = Counts {
            made: 6,
            client_spans: 6,
            server_spans: 6,
        };
        assert_eq!(counts, expected);
    }

    #[test]
    fn who_serves_is_seen_as_well() {
        let clients: Vec<String> = (1..=6).map(|id| call("client", id, id)).collect();
        let some = [&clients[..], &[call("server", 1, 1)]].concat();
        let [none, some] = [&clients, &some].map(|calls| GuestReport::parse(&said(calls)).unwrap());
        for architecture in [Architecture::X86_64, Architecture::Arm64] {
            let error = judged(&some, architecture).unwrap_err().to_string();
            assert!(error.contains("of 6 exchanges 1 "), "{error}");
        }
        assert!(judged(&none, Architecture::X86_64).is_err());
        assert!(judged(&none, Architecture::Arm64).is_ok());
    }

    #[test]
    fn missing_repeated_and_wrong_calls_fail() {
        let right: Vec<String> = (1..=6).map(|id| call("client", id, id)).collect();
        let fails = |calls: &[String]| {
            let report = GuestReport::parse(&said(calls)).unwrap();
            judged(&report, Architecture::Arm64)
                .unwrap_err()
                .to_string()
        };
        assert!(fails(&right[1..]).contains("missing"));
        assert!(fails(&[&right[..], &right[..1]].concat()).contains("2 times"));
        let mut wrong = right.clone();
        wrong[0] = call("client", 1, 7);
        assert!(fails(&wrong).contains("Some(7)"));
        let twice = [call("server", 1, 1), call("server", 1, 1)];
        assert!(fails(&[&right[..], &twice].concat()).contains("twice"));
    }

    #[test]
    fn a_client_that_failed_is_a_failure() {
        let failure = "failure openssl-static 1\nclient openssl-static no route".to_owned();
        let report = GuestReport::parse(&said(&[failure])).unwrap();
        let error = judged(&report, Architecture::Arm64).unwrap_err();
        assert!(error.to_string().contains("no route"));
    }
}
