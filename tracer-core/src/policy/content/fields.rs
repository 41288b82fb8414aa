//! The kinds of content that are let out one by one.

/// A kind of content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ContentField {
    /// Instructions that came apart from the messages.
    Instructions,
    /// Messages, prompts and queries of requests.
    InputMessages,
    /// What was answered.
    OutputMessages,
    /// Tools that were offered.
    ToolDefinitions,
    /// Arguments of calls of tools, wherever a call stands.
    ToolArguments,
    /// What tools gave, wherever it stands.
    ToolResults,
    /// Documents that were brought along, ordered or found.
    Documents,
}

impl ContentField {
    /// All of them, in order.
    pub const ALL: [Self; 7] = [
        Self::Instructions,
        Self::InputMessages,
        Self::OutputMessages,
        Self::ToolDefinitions,
        Self::ToolArguments,
        Self::ToolResults,
        Self::Documents,
    ];

    /// The word for it in files and attributes.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Instructions => "instructions",
            Self::InputMessages => "input_messages",
            Self::OutputMessages => "output_messages",
            Self::ToolDefinitions => "tool_definitions",
            Self::ToolArguments => "tool_arguments",
            Self::ToolResults => "tool_results",
            Self::Documents => "documents",
        }
    }

    /// The kind with that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.name() == name)
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// A set of kinds of content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct ContentFields(u8);

impl ContentFields {
    /// Nothing.
    pub const NONE: Self = Self(0);
    /// Everything.
    pub const ALL: Self = Self((1 << ContentField::ALL.len()) - 1);

    /// Whether a kind is in it.
    pub const fn contains(self, field: ContentField) -> bool {
        self.0 & field.bit() != 0
    }

    /// The same with a kind.
    #[must_use]
    pub const fn with(self, field: ContentField) -> Self {
        Self(self.0 | field.bit())
    }

    /// The same without a kind.
    #[must_use]
    pub const fn without(self, field: ContentField) -> Self {
        Self(self.0 & !field.bit())
    }

    /// What is in it, in order.
    pub fn iter(self) -> impl Iterator<Item = ContentField> {
        ContentField::ALL
            .into_iter()
            .filter(move |field| self.contains(*field))
    }

    /// Nothing is in it.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl FromIterator<ContentField> for ContentFields {
    fn from_iter<I: IntoIterator<Item = ContentField>>(fields: I) -> Self {
        fields.into_iter().fold(Self::NONE, Self::with)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_holds_what_was_put_in() {
        let all: ContentFields = ContentField::ALL.into_iter().collect();
        assert_eq!(all, ContentFields::ALL);
        let fields = ContentFields::ALL.without(ContentField::ToolResults);
        assert!(!fields.contains(ContentField::ToolResults));
        assert_eq!(fields.iter().count(), ContentField::ALL.len() - 1);
        assert!(ContentFields::NONE.is_empty());
        for field in ContentField::ALL {
            assert_eq!(ContentField::named(field.name()), Some(field));
        }
    }
}
