//! What the agent reported, checked against what the provider is known to have answered.

use std::collections::HashSet;

use anyhow::Context;
use serde::Deserialize;

/// Names of the load clients' processes: with TLS, without, with that of the kernel.
const PROCESSES: [&str; 3] = ["load", "plain", "kernel-tls"];
/// What stands before the number in the ids of the provider.
const ID_PREFIX: &str = "chatcmpl-";

/// The calls of some lines of the agent's JSON output.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reported {
    /// Calls of which there is a line.
    pub distinct: u64,
    /// Lines of a call that had one already.
    pub repeated: u64,
    /// Calls whose token counts are there, but not those that the provider gave.
    pub wrong_tokens: u64,
    /// Calls without token counts: their capture was cut short.
    pub without_tokens: u64,
    /// Calls of other processes than the load clients.
    pub foreign: u64,
    /// Calls without a response id: they cannot be told apart, and count as distinct.
    pub without_id: u64,
}

/// The fields of a line that matter here.
#[derive(Deserialize)]
struct Line<'a> {
    process: Option<&'a str>,
    kind: Option<&'a str>,
    #[serde(rename = "gen_ai.response.id")]
    id: Option<&'a str>,
    #[serde(rename = "gen_ai.usage.input_tokens")]
    input: Option<u64>,
    #[serde(rename = "gen_ai.usage.output_tokens")]
    output: Option<u64>,
}

impl Reported {
    /// Reads the lines; those that are no JSON object (`ready`) are passed over, and so are those of
    /// the end that served a call.
    pub fn read<'a>(lines: impl Iterator<Item = &'a str>) -> anyhow::Result<Self> {
        let mut reported = Self::default();
        let mut seen = HashSet::new();
        for line in lines.filter(|line| line.starts_with('{')) {
            let call: Line<'_> =
                serde_json::from_str(line).with_context(|| format!("not a call: {line}"))?;
            if call.kind != Some("server") {
                reported.add(&call, &mut seen);
            }
        }
        Ok(reported)
    }

    fn add(&mut self, call: &Line<'_>, seen: &mut HashSet<u64>) {
        if !call.process.is_some_and(|name| PROCESSES.contains(&name)) {
            self.foreign += 1;
            return;
        }
        let Some(id) = call.id.and_then(number) else {
            self.distinct += 1;
            self.without_id += 1;
            return;
        };
        if !seen.insert(id) {
            self.repeated += 1;
            return;
        }
        self.distinct += 1;
        match (call.input, call.output) {
            (None, None) => self.without_tokens += 1,
            tokens if tokens != (Some(1000 + id % 1000), Some(2000 + id % 500)) => {
                self.wrong_tokens += 1
            }
            _ => {}
        }
    }
}

fn number(id: &str) -> Option<u64> {
    id.strip_prefix(ID_PREFIX)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(id: u64, input: u64) -> String {
        format!(
            r#"{{"process":"load","gen_ai.response.id":"chatcmpl-{id:016}","gen_ai.usage.input_tokens":{input},"gen_ai.usage.output_tokens":2007}}"#
        )
    }

    #[test]
    fn calls_are_counted_once_and_checked_by_id() {
        let lines = [
            "ready".to_owned(),
            line(7, 1007),
            line(7, 1007),
            line(507, 1508),
            r#"{"process":"load"}"#.to_owned(),
            r#"{"process":"load","gen_ai.response.id":"chatcmpl-0000000000000009"}"#.to_owned(),
            r#"{"process":"other"}"#.to_owned(),
            r#"{"process":"load","kind":"server"}"#.to_owned(),
        ];
        let reported = Reported::read(lines.iter().map(String::as_str)).unwrap();
        let expected = Reported {
            distinct: 4,
            repeated: 1,
            wrong_tokens: 1,
            without_tokens: 1,
            without_id: 1,
            foreign: 1,
        };
        assert_eq!(reported, expected);
    }
}
