//! Tables of a policy as they are written: each value with its place, no key that nobody reads.

use std::ops::Range;

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::error::PolicyFileError;

/// How alike a key must be to one that exists, to be taken for a slip.
const LIKENESS: f64 = 0.84;

/// The text of a file, to tell places in it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Places<'t>(pub(super) &'t str);

impl Places<'_> {
    /// What is wrong at a place.
    pub(super) fn error(self, place: &Range<usize>, problem: impl Into<String>) -> PolicyFileError {
        let before = self.0.get(..place.start).unwrap_or(self.0);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let column = before.get(line_start..).unwrap_or_default().chars().count();
        PolicyFileError {
            line: before.matches('\n').count() + 1,
            column: column + 1,
            problem: problem.into(),
        }
    }
}

/// A text with its place.
#[derive(Debug, Clone)]
pub(super) struct Text<'t> {
    pub(super) text: &'t str,
    pub(super) place: Range<usize>,
}

/// A table all of whose keys are known.
#[derive(Debug, Clone)]
pub(super) struct Section<'t> {
    pub(super) place: Range<usize>,
    places: Places<'t>,
    table: &'t DeTable<'t>,
}

impl<'t> Section<'t> {
    /// The whole file, or a table in it, called `name` in messages.
    pub(super) fn open(
        places: Places<'t>,
        name: &str,
        table: &'t Spanned<DeTable<'t>>,
        keys: &[&str],
    ) -> Result<Self, PolicyFileError> {
        Self::of(places, name, table.get_ref(), table.span(), keys)
    }

    fn of(
        places: Places<'t>,
        name: &str,
        table: &'t DeTable<'t>,
        place: Range<usize>,
        keys: &[&str],
    ) -> Result<Self, PolicyFileError> {
        for (key, _) in table {
            if !keys.contains(&key.get_ref().as_ref()) {
                let problem = unknown(name, key.get_ref(), keys);
                return Err(places.error(&key.span(), problem));
            }
        }
        Ok(Self {
            place,
            places,
            table,
        })
    }

    /// What is wrong at a place of it.
    pub(super) fn error(
        &self,
        place: &Range<usize>,
        problem: impl Into<String>,
    ) -> PolicyFileError {
        self.places.error(place, problem)
    }

    /// A table below it.
    pub(super) fn section(
        &self,
        key: &str,
        keys: &[&str],
    ) -> Result<Option<Section<'t>>, PolicyFileError> {
        let Some(value) = self.value(key) else {
            return Ok(None);
        };
        match value.get_ref() {
            DeValue::Table(table) => {
                Self::of(self.places, key, table, value.span(), keys).map(Some)
            }
            _ => Err(self.error(
                &value.span(),
                format!("`{key}` is a table: write `[{key}]`"),
            )),
        }
    }

    /// The tables of a list of tables.
    pub(super) fn sections(
        &self,
        key: &str,
        keys: &[&str],
    ) -> Result<Vec<Section<'t>>, PolicyFileError> {
        let Some(value) = self.value(key) else {
            return Ok(Vec::new());
        };
        let refused = || {
            let problem = format!("`{key}` is a list of tables: write `[[{key}]]`");
            self.error(&value.span(), problem)
        };
        let DeValue::Array(items) = value.get_ref() else {
            return Err(refused());
        };
        items
            .iter()
            .map(|item| match item.get_ref() {
                DeValue::Table(table) => Self::of(self.places, key, table, item.span(), keys),
                _ => Err(refused()),
            })
            .collect()
    }

    /// A text.
    pub(super) fn text(&self, key: &str) -> Result<Option<Text<'t>>, PolicyFileError> {
        let text = |value| self.as_text(key, value, "a text between quotation marks");
        self.value(key).map(text).transpose()
    }

    /// A text, or several; none if the key is not there.
    pub(super) fn texts(&self, key: &str) -> Result<Vec<Text<'t>>, PolicyFileError> {
        const EXPECTED: &str = "a text between quotation marks, or a list of them";
        let Some(value) = self.value(key) else {
            return Ok(Vec::new());
        };
        match value.get_ref() {
            DeValue::Array(items) if items.is_empty() => {
                let problem = format!("`{key}` is an empty list: give it an item or leave it out");
                Err(self.error(&value.span(), problem))
            }
            DeValue::Array(items) => items
                .iter()
                .map(|item| self.as_text(key, item, EXPECTED))
                .collect(),
            _ => Ok(vec![self.as_text(key, value, EXPECTED)?]),
        }
    }

    /// A truth value.
    pub(super) fn flag(&self, key: &str) -> Result<Option<bool>, PolicyFileError> {
        let flag = |value: &Spanned<DeValue<'_>>| match value.get_ref() {
            DeValue::Boolean(truth) => Ok(*truth),
            _ => Err(self.error(&value.span(), format!("`{key}` is true or false"))),
        };
        self.value(key).map(flag).transpose()
    }

    /// A part of the whole, with its place.
    pub(super) fn share(&self, key: &str) -> Result<Option<f64>, PolicyFileError> {
        let share = |value: &Spanned<DeValue<'_>>| {
            let text = match value.get_ref() {
                DeValue::Integer(number) if number.radix() == 10 => number.as_str(),
                DeValue::Float(number) => number.as_str(),
                _ => "",
            };
            let number = text.parse::<f64>().ok();
            number
                .filter(|share| (0.0..=1.0).contains(share))
                .ok_or_else(|| {
                    let problem =
                        format!("`{key}` is a number from 0 to 1, such as 0.1 for a tenth");
                    self.error(&value.span(), problem)
                })
        };
        self.value(key).map(share).transpose()
    }

    /// Where the value of a key stands; the section, if it has none.
    pub(super) fn place_of(&self, key: &str) -> Range<usize> {
        self.value(key)
            .map_or_else(|| self.place.clone(), Spanned::span)
    }

    fn as_text(
        &self,
        key: &str,
        value: &'t Spanned<DeValue<'t>>,
        expected: &str,
    ) -> Result<Text<'t>, PolicyFileError> {
        match value.get_ref() {
            DeValue::String(text) => Ok(Text {
                text,
                place: value.span(),
            }),
            _ => Err(self.error(&value.span(), format!("`{key}` is {expected}"))),
        }
    }

    fn value(&self, key: &str) -> Option<&'t Spanned<DeValue<'t>>> {
        let found = self.table.iter().find(|(name, _)| name.get_ref() == key);
        found.map(|(_, value)| value)
    }
}

fn unknown(section: &str, key: &str, keys: &[&str]) -> String {
    let hint = hint(key, keys);
    if section.is_empty() {
        format!("a policy has no `{key}`: {hint}")
    } else {
        format!("`{section}` has no `{key}`: {hint}")
    }
}

/// The nearest of the words allowed, or all of them.
pub(super) fn hint(word: &str, allowed: &[&str]) -> String {
    let likeness = |candidate: &&str| strsim::jaro_winkler(word, candidate);
    let nearest = allowed
        .iter()
        .map(|candidate| (likeness(candidate), candidate))
        .filter(|(likeness, _)| *likeness > LIKENESS)
        .max_by(|(a, _), (b, _)| a.total_cmp(b));
    match nearest {
        Some((_, nearest)) => format!("did you mean `{nearest}`?"),
        None => format!("write one of {}", allowed.join(", ")),
    }
}
