//! Places in a document of JSON: those that paths lead to, and strings whose escapes hide a match of a
//! pattern.

use std::borrow::Cow;

use regex::Regex;
use serde::de::IgnoredAny;

use super::{
    kind::Kind,
    path::{JsonPath, Step},
    span::Span,
};

/// Whether this is one document of JSON, not nested too deeply.
pub(super) fn is_valid(text: &str) -> bool {
    serde_json::from_str::<IgnoredAny>(text).is_ok()
}

/// What is to be masked in a valid document; `None` if it is none.
pub(super) fn find(text: &str, paths: &[JsonPath], patterns: &[Regex]) -> Option<Vec<Span>> {
    if paths.is_empty() && patterns.is_empty() {
        return Some(Vec::new());
    }
    let mut walk = Walk {
        text,
        at: 0,
        patterns,
        found: Vec::new(),
    };
    let steps: Vec<&[Step]> = paths.iter().map(|path| path.0.as_slice()).collect();
    walk.value(&steps)?;
    Some(walk.found)
}

struct Walk<'t> {
    text: &'t str,
    at: usize,
    patterns: &'t [Regex],
    found: Vec<Span>,
}

impl<'t> Walk<'t> {
    /// A value, and what is left of each path that leads to or through it.
    fn value(&mut self, paths: &[&[Step]]) -> Option<()> {
        self.blanks();
        let start = self.at;
        let text = match self.peek()? {
            b'{' => {
                self.object(paths)?;
                None
            }
            b'[' => {
                self.array(paths)?;
                None
            }
            b'"' => Some(self.string()?),
            _ => {
                self.at += self
                    .rest()?
                    .iter()
                    .take_while(|byte| !b",]} \t\r\n".contains(byte))
                    .count();
                None
            }
        };
        let string = text.is_some();
        let (start, end) = if string {
            (start + 1, self.at - 1)
        } else {
            (start, self.at)
        };
        if paths.iter().any(|path| path.is_empty()) && end > start {
            self.found.push(Span::new(start, end, Kind::Field));
        }
        if let Some(Cow::Owned(text)) = text
            && self.patterns.iter().any(|pattern| pattern.is_match(&text))
        {
            self.found.push(Span::new(start, end, Kind::Custom));
        }
        Some(())
    }

    fn object(&mut self, paths: &[&[Step]]) -> Option<()> {
        self.at += 1;
        loop {
            self.blanks();
            match self.peek()? {
                b'}' => break,
                b',' => {
                    self.at += 1;
                    continue;
                }
                _ => {}
            }
            let name = self.string()?;
            self.blanks();
            self.at += 1;
            let inner = inner(paths, |step| match step {
                Step::Member(member) => **member == *name,
                Step::Any => true,
                Step::Element(_) => false,
            });
            self.value(&inner)?;
        }
        self.at += 1;
        Some(())
    }

    fn array(&mut self, paths: &[&[Step]]) -> Option<()> {
        self.at += 1;
        let mut index = 0;
        loop {
            self.blanks();
            match self.peek()? {
                b']' => break,
                b',' => {
                    self.at += 1;
                    continue;
                }
                _ => {}
            }
            let inner = inner(paths, |step| match step {
                Step::Element(element) => *element == index,
                Step::Any => true,
                Step::Member(_) => false,
            });
            self.value(&inner)?;
            index += 1;
        }
        self.at += 1;
        Some(())
    }

    /// What a string says; owned if it has escapes.
    fn string(&mut self) -> Option<Cow<'t, str>> {
        let start = self.at;
        let mut escaped = false;
        self.at += 1;
        loop {
            self.at += memchr::memchr2(b'"', b'\\', self.rest()?)?;
            if self.peek()? == b'"' {
                break;
            }
            escaped = true;
            self.at += 2;
        }
        self.at += 1;
        let text: &'t str = self.text;
        let literal = text.get(start..self.at)?;
        if escaped {
            return serde_json::from_str(literal).ok().map(Cow::Owned);
        }
        literal.get(1..literal.len() - 1).map(Cow::Borrowed)
    }

    fn blanks(&mut self) {
        let rest = self.rest().unwrap_or_default();
        self.at += rest
            .iter()
            .take_while(|byte| byte.is_ascii_whitespace())
            .count();
    }

    fn rest(&self) -> Option<&[u8]> {
        self.text.as_bytes().get(self.at..)
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }
}

fn inner<'p>(paths: &[&'p [Step]], leads: impl Fn(&Step) -> bool) -> Vec<&'p [Step]> {
    paths
        .iter()
        .filter_map(|path| {
            path.split_first()
                .filter(|(step, _)| leads(step))
                .map(|(_, rest)| rest)
        })
        .collect()
}
