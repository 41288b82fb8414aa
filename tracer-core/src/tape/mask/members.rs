//! Which members of a JSON body a masked tape shows: those that the adapters read, and no others.
//!
//! A path names the members from the top of the document down; lists are passed through. What it
//! ends in is shown if it is a name or a number. The rest of the document is masked, and below a
//! member that begins no path its names are, too: tool arguments and schemas are content down to
//! their keys.

/// Paths of a request. Sorted.
const REQUEST: &[&str] = &[
    "conversation",
    "conversation.id",
    "dimensions",
    "encoding_format",
    "frequency_penalty",
    "max_completion_tokens",
    "max_output_tokens",
    "max_tokens",
    "modalities",
    "model",
    "n",
    "output_config.effort",
    "output_config.format.type",
    "output_format.type",
    "presence_penalty",
    "previous_response_id",
    "reasoning.effort",
    "reasoning_effort",
    "response_format.type",
    "seed",
    "service_tier",
    "stop",
    "stop_sequences",
    "temperature",
    "text.format.type",
    "top_k",
    "top_p",
];

/// Paths of an answer and of the events of a stream. Sorted.
const RESPONSE: &[&str] = &[
    "choices.delta.function_call.name",
    "choices.delta.role",
    "choices.delta.tool_calls.custom.name",
    "choices.delta.tool_calls.function.name",
    "choices.delta.tool_calls.id",
    "choices.delta.tool_calls.index",
    "choices.delta.tool_calls.type",
    "choices.finish_reason",
    "choices.index",
    "choices.message.function_call.name",
    "choices.message.role",
    "choices.message.tool_calls.custom.name",
    "choices.message.tool_calls.function.name",
    "choices.message.tool_calls.id",
    "choices.message.tool_calls.index",
    "choices.message.tool_calls.type",
    "code",
    "content.id",
    "content.name",
    "content.type",
    "content_block.id",
    "content_block.name",
    "content_block.type",
    "delta.stop_reason",
    "delta.type",
    "error.code",
    "error.error.code",
    "error.error.status",
    "error.error.type",
    "error.error_type",
    "error.status",
    "error.type",
    "error_type",
    "id",
    "incomplete_details.reason",
    "index",
    "item.call_id",
    "item.id",
    "item.name",
    "item.status",
    "item.type",
    "model",
    "object",
    "output.call_id",
    "output.id",
    "output.name",
    "output.status",
    "output.type",
    "output_index",
    "role",
    "service_tier",
    "status",
    "stop_reason",
    "system_fingerprint",
    "type",
    "usage.*",
    "usage.service_tier",
    "x_groq.usage.*",
];

/// Members at the top that hold an answer once more: of OpenAI's and of Anthropic's events.
const AGAIN: [&str; 2] = ["message", "response"];

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
        if self.at == 0
            && self.of == Members::OfResponse
            && AGAIN.iter().any(|again| again.as_bytes() == name)
        {
            return self.of.top();
        }
        let is_member = |row: &&'static str| {
            self.rest(row)
                .strip_prefix(name)
                .is_some_and(|rest| matches!(rest, [] | [b'.', ..]))
        };
        let rows = self.rows();
        if let Some(first) = rows.iter().position(is_member) {
            let count = rows
                .iter()
                .skip(first)
                .take_while(|row| is_member(row))
                .count();
            return Shown::Paths(Self {
                low: self.low + first,
                high: self.low + first + count,
                at: self.at + name.len() + 1,
                ..self
            });
        }
        if rows.iter().any(|row| self.rest(row) == NUMBERS.as_bytes()) {
            Shown::Numbers
        } else {
            Shown::Nothing
        }
    }

    /// What follows the common beginning.
    fn rest(self, row: &'static str) -> &'static [u8] {
        row.as_bytes().get(self.at..).unwrap_or_default()
    }

    fn rows(&self) -> &'static [&'static str] {
        self.of.paths().get(self.low..self.high).unwrap_or_default()
    }
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
