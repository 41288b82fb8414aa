//! Paths into JSON documents: a subset of RFC 9535 that names members and elements.

use super::rules::RulesError;

/// `$`, then steps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct JsonPath(pub Vec<Step>);

/// One step down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// `.name`, `['name']`
    Member(String),
    /// `[0]`
    Element(usize),
    /// `.*`, `[*]`: every member or element.
    Any,
}

impl JsonPath {
    pub(super) fn parse(path: &str) -> Result<Self, RulesError> {
        let unreadable = || RulesError::Path {
            path: path.to_owned(),
        };
        let mut rest = path.strip_prefix('$').ok_or_else(unreadable)?;
        let mut steps = Vec::new();
        while !rest.is_empty() {
            let (step, behind) = step(rest).ok_or_else(unreadable)?;
            steps.push(step);
            rest = behind;
        }
        if steps.is_empty() || steps.len() > 64 {
            return Err(unreadable());
        }
        Ok(Self(steps))
    }
}

fn step(rest: &str) -> Option<(Step, &str)> {
    if let Some(rest) = rest.strip_prefix('.') {
        let end = rest.find(['.', '[']).unwrap_or(rest.len());
        let (name, behind) = rest.split_at(end);
        let step = match name {
            "" => return None,
            "*" => Step::Any,
            name => Step::Member(name.to_owned()),
        };
        return Some((step, behind));
    }
    let rest = rest.strip_prefix('[')?;
    for mark in ['\'', '"'] {
        if let Some(rest) = rest.strip_prefix(mark) {
            let (name, behind) = rest.split_once(mark)?;
            return Some((Step::Member(name.to_owned()), behind.strip_prefix(']')?));
        }
    }
    let (inside, behind) = rest.split_once(']')?;
    let step = match inside {
        "*" => Step::Any,
        number => Step::Element(number.parse().ok()?),
    };
    Some((step, behind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read_or_refused() {
        let path = JsonPath::parse("$.a['b c'][*].d[3].*").unwrap();
        let member = |name: &str| Step::Member(name.to_owned());
        assert_eq!(
            path.0,
            [
                member("a"),
                member("b c"),
                Step::Any,
                member("d"),
                Step::Element(3),
                Step::Any
            ]
        );
        for path in [
            "",
            "$",
            "a.b",
            "$..a",
            "$.a[",
            "$.a[-1]",
            "$.a[?(@.b)]",
            "$['a'",
        ] {
            assert!(JsonPath::parse(path).is_err(), "{path}");
        }
    }
}
