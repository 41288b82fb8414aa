//! Guardrails of gateways that say in headers what they did.

use serde::Deserialize;

use crate::{
    evaluation::{Action, Detector, Finding, Findings, Target},
    http::head::Headers,
    llm::json::{List, Object, Text, read},
};

/// What Cloudflare's data loss prevention found, as JSON: names of policies and ids of profiles.
const DLP: &str = "cf-aig-dlp";
/// The guardrails that LiteLLM ran, by the operator's names.
const APPLIED: &str = "x-litellm-applied-guardrails";

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Dlp<'a> {
    #[serde(borrow)]
    action: Text<'a>,
    #[serde(borrow)]
    findings: List<Object<DlpFinding<'a>>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct DlpFinding<'a> {
    /// `REQUEST` or `RESPONSE`.
    #[serde(borrow)]
    check: Text<'a>,
    #[serde(borrow)]
    policy_ids: List<Text<'a>>,
    #[serde(borrow)]
    profile: Object<Profile<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Profile<'a> {
    #[serde(borrow)]
    profile_id: Text<'a>,
}

/// Tells what the headers of an answer say of guardrails.
pub(super) fn tell(headers: &Headers, findings: &mut Findings) {
    if let Some(dlp) = headers.get(DLP) {
        tell_dlp(dlp, findings);
    }
    if let Some(applied) = headers.get(APPLIED) {
        let names = applied.split(',').map(str::trim);
        for name in names.filter(|name| !name.is_empty()) {
            findings.apply(name);
        }
    }
}

fn tell_dlp(dlp: &str, findings: &mut Findings) {
    let Some(dlp) = read::<Dlp<'_>>(dlp.as_bytes()) else {
        return;
    };
    let action = match dlp.action.as_str() {
        Some(action) if action.eq_ignore_ascii_case("block") => Action::Blocked,
        Some(action) if action.eq_ignore_ascii_case("flag") => Action::Flagged,
        _ => return,
    };
    findings.guarded = true;
    findings.told_by = Some(DLP);
    for finding in dlp
        .findings
        .0
        .iter()
        .filter_map(|finding| finding.0.as_ref())
    {
        let target = match finding.check.as_str() {
            Some("REQUEST") => Some(Target::Input),
            Some("RESPONSE") => Some(Target::Output),
            _ => None,
        };
        let policies = finding.policy_ids.0.iter().filter_map(|id| id.as_str());
        let profile = finding
            .profile
            .0
            .as_ref()
            .and_then(|it| it.profile_id.as_str());
        let mut names = policies.peekable();
        let profile = profile.or(Some("dlp")).filter(|_| names.peek().is_none());
        for name in names.chain(profile) {
            findings.add(Finding::new(Detector::Guardrail, name, action).of(target));
        }
    }
    if findings.found.is_empty() {
        findings.add(Finding::new(Detector::Guardrail, "dlp", action));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::allow_list::AllowList;

    fn told(name: &str, value: &str) -> Findings {
        let wire = [(name, value.as_bytes())];
        let headers = Headers::admit(&AllowList::default(), wire.into_iter());
        let mut findings = Findings::default();
        tell(&headers, &mut findings);
        findings
    }

    #[test]
    fn cloudflare_names_policies_and_profiles() {
        let words = |value: &str| {
            let findings = told(DLP, value);
            let word = |found: &Finding| {
                let side = found.target.map_or("", Target::name);
                format!("{side} {} {:?}", found.words(), found.action)
            };
            findings.found.iter().map(word).collect::<Vec<_>>()
        };
        let of_policy = r#"{"findings":[{"profile":{"context":{},"entry_ids":["e1"],
            "profile_id":"p1"},"policy_ids":["block_financial"],"check":"REQUEST"}],"action":"BLOCK"}"#;
        assert_eq!(words(of_policy), ["input block_financial Blocked"]);
        let of_profile =
            r#"{"findings":[{"profile":{"profile_id":"p1"},"check":"RESPONSE"}],"action":"FLAG"}"#;
        assert_eq!(words(of_profile), ["output p1 Flagged"]);
        assert_eq!(words(r#"{"action":"FLAG"}"#), [" dlp Flagged"]);
        for none in ["", "policy-matched", r#"{"action":"ALLOW"}"#] {
            assert!(words(none).is_empty(), "{none}");
        }
    }

    #[test]
    fn litellm_names_what_it_ran() {
        let findings = told(APPLIED, "pii-masking, toxicity,");
        assert_eq!(findings.applied, ["pii-masking", "toxicity"]);
        assert!(findings.found.is_empty() && !findings.guarded);
    }
}
