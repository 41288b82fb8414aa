//! What Bedrock's guardrails found: policies and actions, never what matched.
//!
//! <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_GuardrailAssessment.html>.

use serde::Deserialize;

use crate::{
    evaluation::{Action, Detector, Finding, Findings, Target},
    llm::json::{Entries, Flag, List, Number, Object, Text},
};

/// What a guardrail found in what was asked and what was answered. Converse and InvokeModel have
/// other names for the same.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct GuardrailTrace<'a> {
    #[serde(borrow, alias = "input")]
    input_assessment: Entries<'a, Object<Assessment<'a>>>,
    #[serde(borrow)]
    output_assessments: Entries<'a, List<Object<Assessment<'a>>>>,
    #[serde(borrow)]
    outputs: List<Entries<'a, Object<Assessment<'a>>>>,
}

/// One assessment, by policies.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Assessment<'a> {
    #[serde(borrow)]
    topic_policy: Object<Policy<'a>>,
    #[serde(borrow)]
    content_policy: Object<Policy<'a>>,
    #[serde(borrow)]
    word_policy: Object<Policy<'a>>,
    #[serde(borrow)]
    sensitive_information_policy: Object<Policy<'a>>,
    #[serde(borrow)]
    contextual_grounding_policy: Object<Policy<'a>>,
}

/// The union of the lists of all policies.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Policy<'a> {
    #[serde(borrow)]
    topics: List<Object<Found<'a>>>,
    #[serde(borrow)]
    filters: List<Object<Found<'a>>>,
    #[serde(borrow)]
    custom_words: List<Object<Found<'a>>>,
    #[serde(borrow)]
    managed_word_lists: List<Object<Found<'a>>>,
    #[serde(borrow)]
    pii_entities: List<Object<Found<'a>>>,
    #[serde(borrow)]
    regexes: List<Object<Found<'a>>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Found<'a> {
    /// The operator's name for a topic or an expression.
    #[serde(borrow)]
    name: Text<'a>,
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow)]
    confidence: Text<'a>,
    #[serde(borrow)]
    action: Text<'a>,
    detected: Flag,
    score: Number,
    /// Of grounding and relevance: what scores below it is found.
    threshold: Number,
}

impl GuardrailTrace<'_> {
    pub(super) fn tell(&self, findings: &mut Findings) {
        findings.guarded = true;
        for (_, assessment) in self.input_assessment.iter() {
            tell(assessment, Some(Target::Input), findings);
        }
        for assessment in self.output_assessments.iter().flat_map(|(_, list)| &list.0) {
            tell(assessment, Some(Target::Output), findings);
        }
        for (_, assessment) in self.outputs.0.iter().flat_map(Entries::iter) {
            tell(assessment, Some(Target::Output), findings);
        }
    }
}

/// Tells of one assessment.
pub(super) fn tell(
    assessment: &Object<Assessment<'_>>,
    target: Option<Target>,
    findings: &mut Findings,
) {
    let Some(assessment) = &assessment.0 else {
        return;
    };
    let policies = [
        &assessment.topic_policy,
        &assessment.content_policy,
        &assessment.word_policy,
        &assessment.sensitive_information_policy,
        &assessment.contextual_grounding_policy,
    ];
    for policy in policies.into_iter().filter_map(|policy| policy.0.as_ref()) {
        let lists = [
            (&policy.topics, "topic"),
            (&policy.filters, "filter"),
            (&policy.custom_words, "custom_word"),
            (&policy.managed_word_lists, "word_list"),
            (&policy.pii_entities, "personal_data"),
            (&policy.regexes, "regex"),
        ];
        for (list, kind) in lists {
            for found in list.0.iter().filter_map(|found| found.0.as_ref()) {
                found.tell(kind, target, findings);
            }
        }
    }
}

impl Found<'_> {
    fn passes(&self) -> bool {
        let scores = self.score.0.zip(self.threshold.0);
        scores.is_some_and(|(score, threshold)| score >= threshold)
    }

    fn tell(&self, of: &'static str, target: Option<Target>, findings: &mut Findings) {
        let action = match self.action.as_str() {
            Some("BLOCKED") => Action::Blocked,
            Some("ANONYMIZED") => Action::Masked,
            // An answer that is grounded well enough.
            _ if self.passes() => return,
            // It only looks; what it did not find it tells as well.
            _ if self.detected.0 != Some(false) => Action::Flagged,
            _ => return,
        };
        // A topic's type is always the same.
        let own = [self.name.as_str(), self.kind.as_str()];
        let category = own.into_iter().flatten().next().unwrap_or(of);
        let mut found = Finding::new(Detector::Guardrail, category, action);
        found.score = self.score.0;
        findings.add(found.of(target).with_severity(self.confidence.as_str()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::llm::json::read;

    fn words(json: &str) -> Vec<String> {
        let mut findings = Findings::default();
        let trace = read::<GuardrailTrace<'_>>(json.as_bytes()).expect("json");
        trace.tell(&mut findings);
        let word = |found: &Finding| {
            let side = found.target.map_or("", Target::name);
            format!("{side} {} {:?}", found.words(), found.action)
        };
        findings.found.iter().map(word).collect()
    }

    #[test]
    fn what_matched_stays_there() {
        let converse = r#"{"inputAssessment":{"gr1":{"topicPolicy":{"topics":[
            {"name":"finance","type":"DENY","action":"BLOCKED"}]},
            "sensitiveInformationPolicy":{"piiEntities":[
            {"match":"canary","type":"EMAIL","action":"ANONYMIZED"}]}}},
            "outputAssessments":{"gr1":[{"contentPolicy":{"filters":[
            {"type":"HATE","confidence":"HIGH","action":"NONE","detected":true},
            {"type":"INSULTS","confidence":"NONE","action":"NONE","detected":false}]}}]}}"#;
        assert_eq!(
            words(converse),
            [
                "input finance Blocked",
                "input EMAIL Masked",
                "output HATE: HIGH Flagged"
            ]
        );
    }

    #[test]
    fn grounding_has_scores() {
        let trace = r#"{"outputAssessments":{"gr1":[{"contextualGroundingPolicy":{"filters":[
            {"type":"GROUNDING","threshold":0.75,"score":0.35,"action":"BLOCKED"},
            {"type":"RELEVANCE","threshold":0.5,"score":0.9,"action":"NONE"}]}}]}}"#;
        assert_eq!(words(trace), ["output GROUNDING: 0.35 Blocked"]);
    }

    #[test]
    fn models_that_are_invoked_tell_in_other_words() {
        let invoke = r#"{"input":{"gr1":{"wordPolicy":{"customWords":[
            {"match":"canary","action":"BLOCKED"}]}}},"outputs":[{"gr1":{"wordPolicy":
            {"managedWordLists":[{"match":"canary","type":"PROFANITY","action":"BLOCKED"}]}}}]}"#;
        assert_eq!(
            words(invoke),
            ["input custom_word Blocked", "output PROFANITY Blocked"]
        );
    }
}
