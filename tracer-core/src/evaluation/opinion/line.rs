//! Judgements as the last line of a text: `GRADE: C`, `Rating: [[8]]`.

use super::{Likeness, Opinion, object::number, word::Word};

/// What such a line begins with.
const NAMES: [&str; 12] = [
    "grade",
    "score",
    "rating",
    "verdict",
    "judgment",
    "judgement",
    "evaluation",
    "overall score",
    "final score",
    "final grade",
    "final verdict",
    "overall rating",
];
/// The longest line of this kind, in bytes.
const LONGEST: usize = 64;

/// Reads the last line, or where it is no judgement the first one; `None` if neither is.
pub(super) fn read(answer: &str) -> Option<Opinion> {
    let mut lines = answer.lines().filter(|line| !line.trim().is_empty());
    let last = lines.next_back()?;
    if let Some(opinion) = of_line(last) {
        return Some(opinion);
    }
    of_line(lines.next()?)
}

fn of_line(line: &str) -> Option<Opinion> {
    let is_mark = |c: char| c.is_whitespace() || "*_#`\"'".contains(c);
    let line = line.trim_matches(is_mark);
    if line.len() > LONGEST {
        return None;
    }
    let (name, value) = match line.split_once([':', '=']) {
        Some((name, value)) => (name.trim_matches(is_mark).to_ascii_lowercase(), value),
        // The whole line is the mark.
        None if line.starts_with("[[") => (String::new(), line),
        None => return None,
    };
    if !name.is_empty() && !NAMES.contains(&name.as_str()) {
        return None;
    }
    let value = value.trim_matches(|c| is_mark(c) || c == '.');
    let inner = value
        .strip_prefix("[[")
        .and_then(|it| it.strip_suffix("]]"));
    let value = inner.unwrap_or(value);
    let (score, label) = (number(value), Word::of(value));
    let likeness = if name.is_empty() {
        Likeness::Common
    } else {
        Likeness::Telling
    };
    Some(Opinion {
        label: label.filter(|_| score.is_none()),
        score,
        reason: None,
        likeness,
    })
    .filter(|opinion| opinion.score.is_some() || opinion.label.is_some())
}
