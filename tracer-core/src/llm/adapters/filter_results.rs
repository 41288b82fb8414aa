//! What Azure's content filter found: categories with their severity, never the text.
//!
//! <https://learn.microsoft.com/azure/ai-foundry/openai/concepts/content-filter>. Others that put
//! filters in front of models use the same words.

use std::sync::LazyLock;

use memchr::memmem::{self, Finder};
use serde::Deserialize;

use crate::{
    evaluation::{Action, Detector, Finding, Findings, Target},
    llm::json::{Entries, Flag, List, Object, Text, read},
};

/// Severities that are no finding: what the filter lets pass unless it is set to be stricter.
const HARMLESS: [&str; 2] = ["safe", "low"];

/// `content_filter_results`, by category.
#[derive(Debug, Default, Deserialize)]
#[serde(default, transparent)]
pub(super) struct FilterResults<'a>(#[serde(borrow)] Entries<'a, Object<FilterResult<'a>>>);

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct FilterResult<'a> {
    filtered: Flag,
    detected: Flag,
    #[serde(borrow)]
    severity: Text<'a>,
}

impl FilterResults<'_> {
    pub(super) fn tell(&self, target: Option<Target>, findings: &mut Findings) {
        for (category, result) in self.0.iter() {
            let Some(result) = &result.0 else { continue };
            let severity = result.severity.as_str();
            let is_severe = severity.is_some_and(|severity| !HARMLESS.contains(&severity));
            let action = match (result.filtered.0, result.detected.0) {
                (Some(true), _) => Action::Blocked,
                (_, Some(true)) => Action::Flagged,
                _ if is_severe => Action::Flagged,
                _ => continue,
            };
            let found = Finding::new(Detector::Filter, category, action);
            findings.add(found.of(target).with_severity(severity));
        }
    }
}

/// Whether a chunk of a stream says that something was found, without parsing it: whoever filters says
/// of each piece of text that nothing was.
pub(super) fn may_find(chunk: &[u8]) -> bool {
    static FOUND: LazyLock<[Finder<'_>; 4]> = LazyLock::new(|| {
        [
            Finder::new(r#""filtered":true"#),
            Finder::new(r#""detected":true"#),
            Finder::new(r#""severity":"medium""#),
            Finder::new(r#""severity":"high""#),
        ]
    });
    FOUND.iter().any(|found| found.find(chunk).is_some())
}

/// Whether a chunk has results of a filter.
pub(super) fn has_results(chunk: &[u8]) -> bool {
    memmem::find(chunk, b"\"content_filter_results\"").is_some()
}

/// Results of the prompts of a request, one for each.
pub(super) type PromptFilters<'a> = List<Object<PromptFilter<'a>>>;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct PromptFilter<'a> {
    #[serde(borrow, alias = "content_filter_result")]
    content_filter_results: FilterResults<'a>,
}

/// Tells of the prompts of a request.
pub(super) fn tell_prompts(filters: &PromptFilters<'_>, findings: &mut Findings) {
    for filter in filters.0.iter().filter_map(|filter| filter.0.as_ref()) {
        let results = &filter.content_filter_results;
        results.tell(Some(Target::Input), findings);
    }
}

/// Results of the one side or the other, in the words of Responses.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct SideFilter<'a> {
    #[serde(borrow)]
    source_type: Text<'a>,
    content_filter_results: FilterResults<'a>,
}

impl SideFilter<'_> {
    pub(super) fn tell(&self, findings: &mut Findings) {
        let target = match self.source_type.as_str() {
            Some("prompt") => Some(Target::Input),
            Some("completion") => Some(Target::Output),
            _ => None,
        };
        self.content_filter_results.tell(target, findings);
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Document<'a> {
    #[serde(borrow)]
    error: Object<Error<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Error<'a> {
    #[serde(borrow)]
    innererror: Object<PromptFilter<'a>>,
}

/// What an error says of the prompt that it refuses.
pub(super) fn tell_error(document: &[u8], findings: &mut Findings) {
    if memmem::find(document, b"content_filter_result").is_none() {
        return;
    }
    let error = read::<Document<'_>>(document).and_then(|document| document.error.0);
    if let Some(inner) = error.and_then(|error| error.innererror.0) {
        let results = &inner.content_filter_results;
        results.tell(Some(Target::Input), findings);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_tells_why() {
        let document = br#"{"error":{"code":"content_filter","innererror":{
            "code":"ResponsibleAIPolicyViolation","content_filter_result":{
            "hate":{"filtered":true,"severity":"high"},"self_harm":{"filtered":false,"severity":"safe"},
            "violence":{"filtered":false,"severity":"medium"},
            "jailbreak":{"filtered":false,"detected":false},"odd":7}}}}"#;
        let mut findings = Findings::default();
        tell_error(document, &mut findings);
        let words: Vec<_> = findings.found.iter().map(Finding::words).collect();
        assert_eq!(words, ["hate: high", "violence: medium"]);
        assert_eq!(findings.found[0].action, Action::Blocked);
        assert_eq!(findings.found[0].target, Some(Target::Input));
    }
}
