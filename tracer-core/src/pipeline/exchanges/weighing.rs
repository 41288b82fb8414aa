//! What an exchange says about its connection.
//!
//! Of a connection that the process serves only calls that an adapter [reads on that
//! side](crate::llm::recognise::recognise_as) are followed, and it is left sooner. Bias: towards
//! leaving, since a server of anything else must not pay for it. Wrong costs the calls of a client
//! that asks for much else first, on the same connection.

use super::Exchanges;
use crate::{
    detect::Role,
    http::head::RequestHead,
    llm::provider::known_host,
    pipeline::{judge::Evidence, output::Report},
    verdict::Verdict,
};

impl Exchanges {
    pub(super) fn weigh(&mut self, evidence: Evidence, report: &mut Report<'_>) {
        // What goes on beside a call is no reason to leave it.
        let may_be_left = self.role == Role::Server || self.judge.follows_whole();
        if evidence == Evidence::Other && may_be_left && self.has_calls() {
            return;
        }
        let verdict = match self.role {
            Role::Client => self
                .judge
                .weigh(evidence, report.config.head_only_exchanges),
            Role::Server => self.weigh_served(evidence, report),
        };
        if let Some(verdict) = verdict {
            report.verdict(verdict);
        }
    }

    fn weigh_served(&mut self, evidence: Evidence, report: &mut Report<'_>) -> Option<Verdict> {
        let process = report.connection.process;
        let usual = report.config.head_only_exchanges;
        if evidence != Evidence::Other {
            if evidence == Evidence::Llm {
                report.processes.served_call(process);
            }
            return self.judge.weigh(evidence, usual);
        }
        let whole = self.judge.follows_whole();
        let patience = report.processes.served_other(process, usual, whole);
        let verdict = self
            .judge
            .weigh_served(patience, report.processes.makes_calls(process));
        report.stats.server_connections += u64::from(verdict == Some(Verdict::Ignore));
        verdict
    }
}

/// Clients of MCP ask for what they need to be let in, and browsers whether they may ask at all.
pub(super) fn may_come_first(head: &RequestHead) -> bool {
    head.method == "OPTIONS" || head.target.path.starts_with("/.well-known/")
}

/// What the host says of a request that is no call by itself.
pub(super) fn of_host(head: &RequestHead, report: &Report<'_>) -> Evidence {
    let known = head
        .host
        .as_ref()
        .and_then(|host| known_host(host, &report.config.hosts));
    if known.is_some_and(|known| known.dedicated) {
        Evidence::Llm
    } else {
        Evidence::Other
    }
}
