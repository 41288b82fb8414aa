//! What guardrails of Portkey's gateway found: which check failed, never of what.
//!
//! The gateway adds a member to the provider's answer, or an event before the first of a stream; where
//! it denies a request or an answer, that stands beside its own error (status 446), and where it lets
//! pass what failed, beside the answer (246). <https://portkey.ai/docs/product/guardrails>.

use memchr::memmem;
use serde::Deserialize;

use crate::{
    evaluation::{Action, Detector, Finding, Findings, Target},
    llm::json::{Flag, List, Object, Text, read},
};

/// Who says it.
const SOURCE: &str = "hook_results";

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Document<'a> {
    #[serde(borrow)]
    hook_results: Object<HookResults<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct HookResults<'a> {
    #[serde(borrow)]
    before_request_hooks: List<Object<Hook<'a>>>,
    #[serde(borrow)]
    after_request_hooks: List<Object<Hook<'a>>>,
}

/// A guardrail, or something that changes what passes.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Hook<'a> {
    /// The operator's name, or one that was drawn.
    #[serde(borrow)]
    id: Text<'a>,
    verdict: Flag,
    transformed: Flag,
    deny: Flag,
    skipped: Flag,
    #[serde(borrow)]
    checks: List<Object<Check<'a>>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Check<'a> {
    /// `default.contains`.
    #[serde(borrow)]
    id: Text<'a>,
    verdict: Flag,
    transformed: Flag,
}

/// Tells of an answer, an error or the first events of a stream.
pub(in crate::llm) fn tell(document: &[u8], findings: &mut Findings) {
    if memmem::find(document, br#""hook_results""#).is_none() {
        return;
    }
    let results = read::<Document<'_>>(document).and_then(|it| it.hook_results.0);
    let Some(results) = results else { return };
    let sides = [
        (&results.before_request_hooks, Target::Input),
        (&results.after_request_hooks, Target::Output),
    ];
    for (hooks, target) in sides {
        for hook in hooks.0.iter().filter_map(|hook| hook.0.as_ref()) {
            hook.tell(target, findings);
        }
    }
}

impl Hook<'_> {
    fn tell(&self, target: Target, findings: &mut Findings) {
        if self.skipped.0 == Some(true) {
            return;
        }
        findings.guarded = true;
        findings.told_by = Some(SOURCE);
        let action = match (self.verdict.0, self.transformed.0, self.deny.0) {
            (Some(false), _, Some(true)) => Action::Blocked,
            (_, Some(true), _) => Action::Masked,
            (Some(false), ..) => Action::Flagged,
            _ => return,
        };
        let checks = self.checks.0.iter().filter_map(|check| check.0.as_ref());
        let mut failed = checks
            .filter(|check| check.verdict.0 == Some(false) || check.transformed.0 == Some(true))
            .filter_map(|check| check.id.as_str())
            .peekable();
        if failed.peek().is_none() {
            let own = self.id.as_str().unwrap_or("guardrail");
            return findings.add(Finding::new(Detector::Guardrail, own, action).of(Some(target)));
        }
        for check in failed {
            findings.add(Finding::new(Detector::Guardrail, check, action).of(Some(target)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(document: &str) -> (bool, Vec<String>) {
        let mut findings = Findings::default();
        tell(document.as_bytes(), &mut findings);
        let word = |found: &Finding| {
            let side = found.target.map_or("", Target::name);
            format!("{side} {} {:?}", found.words(), found.action)
        };
        let words = findings.found.iter().map(word).collect();
        (findings.guarded, words)
    }

    #[test]
    fn a_check_that_fails_is_named() {
        let denied = r#"{"error":{"message":"m","type":"hooks_failed","param":null,"code":null},
            "hook_results":{"before_request_hooks":[{"verdict":false,"id":"input_guardrail_1",
            "transformed":false,"checks":[{"data":{"explanation":"canary"},"verdict":false,
            "id":"default.contains","execution_time":0,"created_at":"2026-01-01T00:00:00.000Z"},
            {"verdict":true,"id":"default.wordCount","execution_time":0}],"feedback":null,
            "execution_time":1,"async":false,"type":"guardrail","deny":true}],
            "after_request_hooks":[]}}"#;
        let wanted = vec!["input default.contains Blocked".to_owned()];
        assert_eq!(words(denied), (true, wanted));
        let passed = denied.replace(r#""deny":true"#, r#""deny":false"#);
        let wanted = vec!["input default.contains Flagged".to_owned()];
        assert_eq!(words(&passed), (true, wanted));
    }

    #[test]
    fn what_is_changed_is_masked_and_what_passes_is_no_finding() {
        let hook = |more: &str| {
            format!(
                r#"{{"choices":[],"hook_results":{{"before_request_hooks":[],
                "after_request_hooks":[{{"id":"pii","checks":[],"type":"mutator",{more}}}]}}}}"#
            )
        };
        let masked = hook(r#""verdict":true,"transformed":true,"deny":false"#);
        assert_eq!(words(&masked), (true, vec!["output pii Masked".to_owned()]));
        let passed = hook(r#""verdict":true,"transformed":false,"deny":true"#);
        assert_eq!(words(&passed), (true, vec![]));
        let skipped = hook(r#""verdict":true,"skipped":true"#);
        assert_eq!(words(&skipped), (false, vec![]));
        assert_eq!(words(r#"{"hook_results":[]}"#), (false, vec![]));
    }
}
