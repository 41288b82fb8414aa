//! Judgements of moderation APIs: categories and scores, never what was judged.
//!
//! <https://platform.openai.com/docs/api-reference/moderations/object>. Mistral says no `flagged`.

use serde::Deserialize;

use crate::{
    evaluation::{Action, Detector, Finding, Findings, Judged, Target},
    llm::json::{Entries, Flag, List, Number, Object},
};

/// One judgement, or a list of them.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Judgement<'a> {
    flagged: Flag,
    #[serde(borrow)]
    categories: Entries<'a, Flag>,
    #[serde(borrow)]
    category_scores: Entries<'a, Number>,
    #[serde(borrow)]
    results: List<Object<Judgement<'a>>>,
}

/// Judgements of both sides of a call, beside its answer.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct BothSides<'a> {
    #[serde(borrow)]
    input: Object<Judgement<'a>>,
    #[serde(borrow)]
    output: Object<Judgement<'a>>,
}

/// Tells of the judgements of a list, one for each input.
pub(super) fn tell_all(results: &List<Object<Judgement<'_>>>, findings: &mut Findings) {
    for result in &results.0 {
        match &result.0 {
            Some(result) => result.tell_one(None, findings),
            None => findings.judge(Judged::default()),
        }
    }
}

impl Judgement<'_> {
    /// Tells of all inputs, in order.
    pub(super) fn tell(&self, target: Option<Target>, findings: &mut Findings) {
        if self.flagged.0.is_some() || !self.categories.0.is_empty() {
            self.tell_one(target, findings);
        }
        for result in self.results.0.iter().filter_map(|result| result.0.as_ref()) {
            result.tell_one(target, findings);
        }
    }

    fn tell_one(&self, target: Option<Target>, findings: &mut Findings) {
        let item = findings.judged.len();
        let score_of = |category: &str| {
            let mut scores = self.category_scores.iter();
            scores.find(|(name, _)| *name == category)?.1.0
        };
        let flagged = self
            .categories
            .iter()
            .filter(|(_, flag)| flag.0 == Some(true));
        let mut is_flagged = self.flagged.0;
        for (category, _) in flagged {
            is_flagged.get_or_insert(true);
            let mut found = Finding::new(Detector::Moderation, category, Action::Flagged);
            found.item = item;
            found.score = score_of(category);
            findings.add(found.of(target));
        }
        let scores = self.category_scores.iter();
        findings.judge(Judged {
            target,
            is_flagged: is_flagged.or((!self.categories.0.is_empty()).then_some(false)),
            score: scores
                .filter_map(|(_, score)| score.0)
                .max_by(f64::total_cmp),
        });
    }
}

impl BothSides<'_> {
    /// Tells of both sides.
    pub(super) fn tell(&self, findings: &mut Findings) {
        let sides = [(&self.input, Target::Input), (&self.output, Target::Output)];
        for (judgement, target) in sides {
            if let Some(judgement) = &judgement.0 {
                judgement.tell(Some(target), findings);
            }
        }
    }
}
