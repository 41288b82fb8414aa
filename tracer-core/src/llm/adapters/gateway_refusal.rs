//! Errors by which gateways say that a guardrail of theirs stopped a call.
//!
//! Cloudflare has codes for it, in a list or an object that more than one version of its envelope has:
//! <https://developers.cloudflare.com/ai-gateway/features/guardrails/set-up-guardrail/>. LiteLLM has a
//! sentence, inside a text: <https://docs.litellm.ai/docs/proxy/guardrails/quick_start>.

use memchr::memmem;
use serde::Deserialize;

use crate::{
    evaluation::{Action, Detector, Finding, Findings, Target},
    http::head::Headers,
    llm::json::{List, Object, Scalar, read},
};

/// Cloudflare's codes: what stopped the call, and where.
const CODES: [(&str, &str, Target); 4] = [
    ("2016", "guardrails", Target::Input),
    ("2017", "guardrails", Target::Output),
    ("2029", "dlp", Target::Input),
    ("2030", "dlp", Target::Output),
];
/// LiteLLM's sentences.
const SENTENCES: [&[u8]; 2] = [
    b"Violated guardrail policy",
    b"Violated content safety policy",
];

/// Tells of an error of a gateway, which its headers name.
pub(in crate::llm) fn tell(document: &[u8], headers: &Headers, findings: &mut Findings) {
    let has = |name: &str| headers.get(name).is_some();
    if has("cf-aig-log-id") || has("cf-aig-dlp") {
        tell_code(document, findings);
    }
    let violates = |sentence: &&[u8]| memmem::find(document, sentence).is_some();
    if has("x-litellm-call-id") && SENTENCES.iter().any(violates) {
        (findings.guarded, findings.intervened) = (true, true);
        findings.told_by = Some("error");
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Document<'a> {
    #[serde(borrow)]
    error: List<Object<Coded<'a>>>,
    #[serde(borrow)]
    errors: List<Object<Coded<'a>>>,
}

/// Where the error is an object.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Single<'a> {
    #[serde(borrow)]
    error: Object<Coded<'a>>,
    #[serde(borrow)]
    code: Scalar<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Coded<'a> {
    #[serde(borrow)]
    code: Scalar<'a>,
}

fn tell_code(document: &[u8], findings: &mut Findings) {
    let lists = read::<Document<'_>>(document).unwrap_or_default();
    let single = read::<Single<'_>>(document).unwrap_or_default();
    let lists = lists.errors.0.iter().chain(&lists.error.0);
    let listed = lists.filter_map(|item| item.0.as_ref()?.code.as_str());
    let inner = single.error.0.as_ref().and_then(|it| it.code.as_str());
    let mut codes = listed.chain(inner).chain(single.code.as_str());
    let known = codes.find_map(|code| CODES.iter().find(|(known, ..)| *known == code));
    if let Some((_, category, target)) = known {
        findings.guarded = true;
        findings.told_by = Some("error");
        let found = Finding::new(Detector::Guardrail, category, Action::Blocked);
        findings.add(found.of(Some(*target)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::allow_list::AllowList;

    fn told(mark: &str, document: &str) -> Findings {
        let headers = Headers::admit(&AllowList::default(), [(mark, &b"x"[..])].into_iter());
        let mut findings = Findings::default();
        tell(document.as_bytes(), &headers, &mut findings);
        findings
    }

    #[test]
    fn cloudflare_has_codes() {
        for document in [
            r#"{"success":false,"result":[],"messages":[],"error":[{"code":2016,"message":"canary"}]}"#,
            r#"{"success":false,"errors":[{"code":2016,"message":"canary"}]}"#,
            r#"{"error":{"code":"2016","message":"canary"}}"#,
        ] {
            let findings = told("cf-aig-log-id", document);
            let found = findings.found.first().expect("a finding");
            assert_eq!(
                (found.category.as_str(), found.action),
                ("guardrails", Action::Blocked)
            );
            assert_eq!(found.target, Some(Target::Input));
            // The same number of somebody else is another error.
            assert!(told("x-request-id", document).is_empty());
        }
        let other = r#"{"errors":[{"code":2003,"message":"rate limited"}]}"#;
        assert!(told("cf-aig-log-id", other).is_empty());
    }

    #[test]
    fn litellm_has_a_sentence() {
        let document = r#"{"error":{"message":"{'error': 'Violated guardrail policy', 'x': 'canary'}","type":"None","param":"None","code":"400"}}"#;
        assert!(told("x-litellm-call-id", document).intervened);
        assert!(told("x-request-id", document).is_empty());
    }
}
