//! Which members of a JSON body a masked tape shows: those that the adapters read, and no others.
//!
//! A path names the members from the top of the document down; lists are passed through. What it
//! ends in is shown if it is a name or a number. The rest of the document is masked, and below a
//! member that begins no path its names are, too: tool arguments and schemas are content down to
//! their keys.

use super::paths::{REQUEST, RESPONSE};

/// Members at the top that hold an answer once more: of gateways, of events of Anthropic and of
/// OpenAI.
const AGAIN: [&str; 3] = ["data", "message", "response"];

/// The last name of a path below which every number is shown, and no text.
const NUMBERS: &str = "*";

/// Which paths there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Members {
    /// Those of requests.
    OfRequest,
    /// Those of responses.
    OfResponse,
}

/// What is shown of one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    /// Nothing: it is content, or unknown.
    Nothing,
    /// Numbers, however deep.
    Numbers,
    /// What the paths say that share a beginning.
    Paths(Paths),
}

/// The paths from `low` up to `high` of a table, which are the same up to the byte `at`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Paths {
    of: Members,
    low: usize,
    high: usize,
    at: usize,
}

impl Members {
    /// What is shown of a whole document.
    pub(super) const fn top(self) -> Shown {
        Shown::Paths(Paths {
            of: self,
            low: 0,
            high: self.paths().len(),
            at: 0,
        })
    }

    const fn paths(self) -> &'static [&'static str] {
        match self {
            Self::OfRequest => REQUEST,
            Self::OfResponse => RESPONSE,
        }
    }
}

impl Shown {
    /// What is shown of the member `name` of an object.
    pub(super) fn member(self, name: &[u8]) -> Self {
        match self {
            Self::Paths(paths) => paths.member(name),
            Self::Numbers | Self::Nothing => self,
        }
    }

    /// Whether the names of an object's members are shown.
    pub(super) fn has_names(self) -> bool {
        match self {
            Self::Nothing => false,
            Self::Numbers => true,
            Self::Paths(paths) => paths.rows().iter().any(|row| row.len() >= paths.at),
        }
    }

    /// Whether a text is shown.
    pub(super) fn has_text(self) -> bool {
        matches!(self, Self::Paths(paths) if paths.rows().iter().any(|row| row.len() < paths.at))
    }

    /// Whether a number is shown.
    pub(super) fn has_number(self) -> bool {
        self == Self::Numbers || self.has_text()
    }
}

impl Paths {
    fn member(self, name: &[u8]) -> Shown {
        let is_answer = |again: &&str| is_same(again.as_bytes(), name);
        if self.at == 0 && self.of == Members::OfResponse && AGAIN.iter().any(is_answer) {
            return self.of.top();
        }
        let is_member = |row: &&'static str| is_same(self.component(row), name);
        let rows = self.rows();
        if let Some(first) = rows.iter().position(is_member) {
            let rest = rows.get(first..).unwrap_or_default();
            let count = rest.iter().take_while(|row| is_member(row)).count();
            let length = rest.first().map_or(0, |row| self.component(row).len());
            return Shown::Paths(Self {
                low: self.low + first,
                high: self.low + first + count,
                at: self.at + length + 1,
                ..self
            });
        }
        if rows
            .iter()
            .any(|row| self.component(row) == NUMBERS.as_bytes())
        {
            Shown::Numbers
        } else {
            Shown::Nothing
        }
    }

    /// The name that follows the common beginning; empty if the path ends there.
    fn component(self, row: &'static str) -> &'static [u8] {
        let rest = row.as_bytes().get(self.at..).unwrap_or_default();
        rest.split(|byte| *byte == b'.').next().unwrap_or_default()
    }

    fn rows(&self) -> &'static [&'static str] {
        self.of.paths().get(self.low..self.high).unwrap_or_default()
    }
}

/// Whether a name is a spelling of one of the table.
fn is_same(known: &[u8], name: &[u8]) -> bool {
    let letters = |name| <[u8]>::iter(name).filter(|byte| **byte != b'_');
    !name.is_empty()
        && letters(known)
            .copied()
            .eq(letters(name).map(u8::to_ascii_lowercase))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(path: &str) -> Shown {
        path.split('.')
            .fold(Members::OfResponse.top(), |shown, name| {
                shown.member(name.as_bytes())
            })
    }

    #[test]
    fn the_tables_are_sorted() {
        assert!(REQUEST.is_sorted());
        assert!(RESPONSE.is_sorted());
    }

    #[test]
    fn spellings_are_the_same_name() {
        for name in ["tool_use_id", "toolUseId", "tooluseid"] {
            assert!(is_same(b"tool_use_id", name.as_bytes()), "{name}");
        }
        assert!(!is_same(b"id", b"ids") && !is_same(b"id", b""));
    }

    #[test]
    fn paths_lead_to_what_is_shown() {
        assert!(at("choices.delta.tool_calls.function.name").has_text());
        assert!(!at("choices.delta.tool_calls.function.arguments").has_text());
        assert!(!at("choices.delta.content").has_text());
        assert!(!at("choices").has_text() && at("choices").has_names());
        assert!(!at("content.input").has_names());
        assert_eq!(at("content.input.id"), Shown::Nothing);
        assert_eq!(at("mod"), Shown::Nothing);
    }

    #[test]
    fn usage_shows_its_numbers() {
        assert_eq!(
            at("usage.completion_tokens_details.reasoning_tokens"),
            Shown::Numbers
        );
        assert!(!at("usage.note").has_text());
        assert!(at("usage.service_tier").has_text());
    }

    #[test]
    fn events_hold_answers() {
        assert_eq!(at("response.usage.input_tokens"), Shown::Numbers);
        assert!(at("message.model").has_text());
        // The text of an error.
        assert!(!at("message").has_text());
        assert!(!at("error.message").has_text());
    }
}
