//! Safety ratings of Gemini and Vertex AI.
//!
//! <https://ai.google.dev/api/generate-content#safetyrating>.

use serde::Deserialize;

use crate::{
    evaluation::{Action, Detector, Finding, Findings, Target},
    llm::json::{Flag, List, Number, Object, Text},
};

/// Ratings by category.
pub(super) type SafetyRatings<'a> = List<Object<SafetyRating<'a>>>;

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct SafetyRating<'a> {
    #[serde(borrow)]
    category: Text<'a>,
    #[serde(borrow)]
    probability: Text<'a>,
    probability_score: Number,
    blocked: Flag,
}

/// Tells of what was blocked, and of what would be unless the caller asked for less.
pub(super) fn tell(ratings: &SafetyRatings<'_>, target: Option<Target>, findings: &mut Findings) {
    for rating in ratings.0.iter().filter_map(|rating| rating.0.as_ref()) {
        let action = match (rating.blocked.0, rating.probability.as_str()) {
            (Some(true), _) => Action::Blocked,
            (_, Some("MEDIUM" | "HIGH")) => Action::Flagged,
            _ => continue,
        };
        let category = rating.category.as_str().unwrap_or("other");
        let mut found = Finding::new(Detector::Filter, category, action);
        found.score = rating.probability_score.0;
        findings.add(found.of(target).with_severity(rating.probability.as_str()));
    }
}
