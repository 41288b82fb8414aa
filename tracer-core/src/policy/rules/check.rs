//! What is allowed in a policy, and likely not meant.

use super::{file::PolicyFile, rule::Rule};
use crate::policy::sample::Rate;

impl PolicyFile {
    /// What an operator should look at again: rules that can never decide, settings that do nothing.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        let rules = &self.rules.rules;
        for (place, rule) in rules.iter().enumerate() {
            let before = rules.iter().take(place);
            if let Some(first) = before.into_iter().find(|before| before.shadows(rule)) {
                warnings.push(format!(
                    "rule `{}` never decides: all its calls match `{}` before it; move it up",
                    rule.name, first.name
                ));
            }
        }
        for (place, rule) in rules.iter().enumerate() {
            if rule.when.is_empty() && place + 1 < rules.len() {
                warnings.push(format!(
                    "rule `{}` matches every call: nothing behind it is asked",
                    rule.name
                ));
            }
        }
        if self.says_default && rules.iter().any(|rule| rule.when.is_empty()) {
            warnings.push("[default] never decides: a rule matches every call".to_owned());
        }
        if self.masking.is_some() && !self.rules.mask() {
            warnings.push("[mask] does nothing: no rule says capture = \"masked\"".to_owned());
        }
        let kept = self.always.slower_than.is_some() || self.always.costlier_than.is_some();
        if kept && self.rules.rulings().all(|ruling| ruling.rate == Rate::ALL) {
            warnings.push("[sampling] keeps what it does not drop: give it a `rate`".to_owned());
        }
        warnings
    }
}

impl Rule {
    /// Whether all calls of `later` are of this rule.
    fn shadows(&self, later: &Self) -> bool {
        self.when.iter().all(|(fact, patterns)| {
            let same = later.when.iter().find(|(of, _)| of == fact);
            same.is_some_and(|(_, theirs)| patterns.cover(theirs))
        })
    }
}
