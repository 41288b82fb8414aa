//! What an agent that runs on this host has seen so far, by its metrics.

use std::{
    collections::HashMap,
    io::{self, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use super::report::{Answer, RunningAgent};
use crate::telemetry::registry::BINARY_CALLS;

/// Longest wait for each step of the answer.
const PATIENCE: Duration = Duration::from_secs(1);
/// Most bytes read of the answer.
const PAGE_BYTES: u64 = 16 << 20;

/// Calls seen through each file, by its path.
pub(super) type CallsSeen = HashMap<String, u64>;

/// Asks the agent whose metrics would be at `address`, if they are to be anywhere.
pub(super) fn ask(address: Option<SocketAddr>) -> (RunningAgent, CallsSeen) {
    let told = match address {
        Some(address) => metrics(address).map_err(|error| {
            format!("no agent tells its metrics on {address} ({error}): calls seen are not known")
        }),
        None => Err("the metrics of agents are turned off: calls seen are not known".to_owned()),
    };
    let address = address.map(|address| address.to_string());
    match told {
        Ok(page) => {
            let agent = RunningAgent {
                address,
                reached: Answer::Yes,
                reason: None,
            };
            (agent, calls(&page))
        }
        Err(reason) => {
            let agent = RunningAgent {
                address,
                reached: Answer::No,
                reason: Some(reason),
            };
            (agent, CallsSeen::new())
        }
    }
}

fn metrics(address: SocketAddr) -> io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    write!(
        stream,
        "GET /metrics HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n"
    )?;
    let mut page = Vec::new();
    stream.take(PAGE_BYTES).read_to_end(&mut page)?;
    let page = String::from_utf8_lossy(&page).into_owned();
    if page.starts_with("HTTP/1.1 200") && page.contains("llm_tracer_") {
        Ok(page)
    } else {
        Err(io::Error::other("what listens there is no agent"))
    }
}

/// Lines are `name{binary="PATH",build_id="ID"} NUMBER`, of OpenMetrics.
fn calls(page: &str) -> CallsSeen {
    let mut calls = CallsSeen::new();
    for line in page.lines() {
        let Some(labels) = line.strip_prefix(BINARY_CALLS.name) else {
            continue;
        };
        let Some((labels, value)) = labels.rsplit_once("} ") else {
            continue;
        };
        let path = labels
            .strip_prefix("{binary=\"")
            .and_then(|rest| Some(rest.split_once("\",build_id=")?.0));
        if let (Some(path), Ok(value)) = (path, value.trim().parse::<u64>()) {
            let path = path.replace("\\\"", "\"").replace("\\\\", "\\");
            *calls.entry(path).or_default() += value;
        }
    }
    calls
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_told_by_file() {
        let page = "\
# TYPE llm_tracer_binary_calls counter
llm_tracer_binary_calls_total{binary=\"/usr/lib/libssl.so.3\",build_id=\"aa\"} 7
llm_tracer_binary_calls_total{binary=\"/usr/lib/libssl.so.3\",build_id=\"bb\"} 2
llm_tracer_binary_calls_total{binary=\"/usr/bin/node\",build_id=\"\"} 1
llm_tracer_binary_calls_total{binary=\"cut
llm_tracer_segments_total 9
";
        let calls = calls(page);
        assert_eq!(calls.get("/usr/lib/libssl.so.3"), Some(&9));
        assert_eq!(calls.get("/usr/bin/node"), Some(&1));
        assert_eq!(calls.len(), 2);
    }

    #[test]
    fn nobody_there_is_said() {
        let (agent, calls) = ask(None);
        assert_eq!(agent.reached, Answer::No);
        assert!(agent.reason.is_some() && calls.is_empty());
    }
}
