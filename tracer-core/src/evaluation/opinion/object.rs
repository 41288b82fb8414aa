//! Judgements as JSON objects.

use serde_json::{Map, Value};

use super::{Likeness, Opinion, word::Word};

/// Members that hold a number, or a word in place of one.
const SCORES: [&str; 9] = [
    "score",
    "rating",
    "grade",
    "overall_score",
    "overall_rating",
    "final_score",
    "total_score",
    "evaluation_score",
    "result",
];
/// Members that hold a word, or a number in place of one.
const LABELS: [&str; 11] = [
    "verdict",
    "label",
    "choice",
    "judgment",
    "judgement",
    "decision",
    "classification",
    "evaluation",
    "evaluation_result",
    "attributed",
    "assessment",
];
/// Of these, those that others than judges give, too.
const COMMON: [&str; 5] = ["result", "label", "choice", "decision", "classification"];
/// Members that hold a flag.
const FLAGS: [&str; 8] = [
    "pass",
    "passed",
    "passes",
    "correct",
    "is_correct",
    "is_relevant",
    "is_faithful",
    "meets_criteria",
];
/// Members that say why.
const REASONS: [&str; 17] = [
    "reason",
    "reasons",
    "reasoning",
    "rationale",
    "explanation",
    "justification",
    "feedback",
    "comment",
    "comments",
    "critique",
    "analysis",
    "thought",
    "thoughts",
    "chain_of_thought",
    "evidence",
    "steps",
    "strict_reasoning",
];
/// Members that judges give besides.
const BESIDE: [&str; 12] = [
    "confidence",
    "criteria",
    "criterion",
    "metric",
    "metric_name",
    "metric_data_type",
    "scale",
    "max_score",
    "min_score",
    "threshold",
    "statement",
    "id",
];
/// Members that hold one judgement each in a list, of the statements of an answer.
const LISTS: [&str; 4] = ["verdicts", "statements", "classifications", "judgments"];
/// Members that hold all of a judgement.
const AROUND: [&str; 6] = [
    "evaluation",
    "judgment",
    "judgement",
    "result",
    "assessment",
    "grading",
];
/// Statements of one answer; of more nothing is told.
const STATEMENTS: usize = 256;

/// Reads an object; `None` if it is no judgement.
pub(super) fn read(json: &str) -> Option<Opinion> {
    let Value::Object(object) = serde_json::from_str(json).ok()? else {
        return None;
    };
    if let Some((name, inner)) = only(&object) {
        match inner {
            Value::Object(inner) if is_of(&AROUND, &name) => return of(inner),
            Value::Array(items) if is_of(&LISTS, &name) => return of_statements(items),
            _ => {}
        }
    }
    of(&object)
}

fn of(object: &Map<String, Value>) -> Option<Opinion> {
    let mut opinion = Opinion {
        likeness: Likeness::Common,
        ..Opinion::default()
    };
    for (name, value) in object {
        let name = normal(name);
        if is_of(&SCORES, &name) || is_of(&LABELS, &name) || is_of(&FLAGS, &name) {
            take(&mut opinion, &name, value);
            if !is_of(&COMMON, &name) {
                opinion.likeness = Likeness::Telling;
            }
        } else if is_of(&REASONS, &name) {
            let reason = text_of(value).filter(|_| opinion.reason.is_none());
            opinion.reason = reason.or(opinion.reason);
            opinion.likeness = Likeness::Telling;
        } else if !is_of(&BESIDE, &name) {
            return None;
        }
    }
    Some(opinion)
}

/// A member that judges: the first of its kind counts.
fn take(opinion: &mut Opinion, name: &str, value: &Value) {
    let is_pass = name.starts_with("pass");
    match value {
        Value::Bool(is) => {
            let word = if is_pass {
                Word::of_pass
            } else {
                Word::of_flag
            };
            opinion.label = opinion.label.or(Some(word(*is)));
        }
        Value::Number(number) => opinion.score = opinion.score.or(measure(number.as_f64())),
        Value::String(text) => match number(text) {
            Some(number) => opinion.score = opinion.score.or(Some(number)),
            None => opinion.label = opinion.label.or(Word::of(text)),
        },
        Value::Null | Value::Array(_) | Value::Object(_) => {}
    }
}

/// Statements that were judged one by one: the share of those that hold.
fn of_statements(items: &[Value]) -> Option<Opinion> {
    if items.is_empty() || items.len() > STATEMENTS {
        return None;
    }
    let mut held = 0_u32;
    let mut likeness = Likeness::Common;
    for item in items {
        let opinion = of(item.as_object()?)?;
        if opinion.likeness == Likeness::Telling {
            likeness = Likeness::Telling;
        }
        let of_score = |score: f64| match score {
            0.0 => Some(false),
            1.0 => Some(true),
            _ => None,
        };
        let holds = match (opinion.label, opinion.score) {
            (Some(label), _) => label.holds().unwrap_or(false),
            (None, score) => of_score(score?)?,
        };
        held += u32::from(holds);
    }
    let count = u32::try_from(items.len()).ok()?;
    Some(Opinion {
        score: Some(f64::from(held) / f64::from(count)),
        likeness,
        ..Opinion::default()
    })
}

/// The only member of an object.
fn only(object: &Map<String, Value>) -> Option<(String, &Value)> {
    let mut members = object.iter();
    let (name, value) = members.next()?;
    members.next().is_none().then(|| (normal(name), value))
}

/// `Overall Score` and `overall-score` as `overall_score`, `isCorrect` as it is.
fn normal(name: &str) -> String {
    let name = name.trim().to_ascii_lowercase();
    name.replace([' ', '-'], "_")
}

fn is_of(names: &[&str], name: &str) -> bool {
    names.contains(&name)
}

/// A text, or several.
fn text_of(value: &Value) -> Option<Box<str>> {
    match value {
        Value::String(text) if !text.trim().is_empty() => Some(text.trim().into()),
        Value::Array(items) => {
            let texts: Vec<_> = items.iter().filter_map(Value::as_str).collect();
            (!texts.is_empty()).then(|| texts.join("\n").into())
        }
        _ => None,
    }
}

/// `4`, `4.5`, `4/5`, `80%`.
pub(super) fn number(text: &str) -> Option<f64> {
    let text = text.trim();
    if let Some(share) = text.strip_suffix('%') {
        return measure(share.trim_end().parse().ok()).map(|share| share / 100.0);
    }
    let (number, of) = text.split_once('/').unwrap_or((text, "1"));
    let is_number = of.trim().parse::<u32>().is_ok();
    let is_plain = |c: char| c.is_ascii_digit() || "+-. ".contains(c);
    let number = number.trim();
    (is_number && number.chars().all(is_plain))
        .then(|| measure(number.parse().ok()))
        .flatten()
}

/// Largest score that is one: points of a hundred are the most that judges give.
const MOST: f64 = 100.0;
/// What a score is a multiple of: a number with more digits is no measure, but may be somebody's number.
const STEP: f64 = 1e-4;

/// A number that can be a score, and hardly anything that was quoted: scores leave without content.
fn measure(number: Option<f64>) -> Option<f64> {
    let is_round = |number: f64| {
        let steps = number / STEP;
        (steps - steps.round()).abs() < 1e-6
    };
    number.filter(|number| (-1.0..=MOST).contains(number) && is_round(*number))
}
