//! The one type that content leaves in.

use super::{bound::bound, fields::ContentFields, withhold::withhold};
use crate::{
    llm::content::Content,
    policy::mask::{Counts, Dropped, Masker},
};

/// What a policy lets out of the content of a call.
#[derive(Debug, Clone, Copy)]
pub struct ContentGrant<'m> {
    /// In which form.
    pub passage: Passage<'m>,
    /// Which of it.
    pub fields: ContentFields,
    /// How much of it.
    pub bounds: ContentBounds,
}

/// In which form content is let out.
#[derive(Debug, Clone, Copy)]
pub enum Passage<'m> {
    /// Masked; what cannot be masked is dropped.
    Masked(&'m Masker),
    /// As it was said.
    Full,
}

/// How much content is let out, in bytes of text, names and items, before they are written as JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContentBounds {
    /// Of each kind of [`ContentField`](super::ContentField).
    pub per_field: usize,
    /// Of all kinds together.
    pub per_call: usize,
}

impl Default for ContentBounds {
    /// Enough for most conversations, and for a backend that takes attributes of any size.
    fn default() -> Self {
        Self {
            per_field: 64 << 10,
            per_call: 256 << 10,
        }
    }
}

/// Content that the policy let out, within bounds. Nothing outside the policy makes one.
#[derive(Debug, Clone, PartialEq)]
pub struct ReleasedContent {
    content: Content,
    mode: ContentMode,
    withheld: ContentFields,
}

/// In which form content left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContentMode {
    /// Masked: so many places of each kind.
    Masked(Counts),
    /// As it was said.
    Full,
    /// Not at all: it could not be masked.
    Dropped(Dropped),
}

impl ReleasedContent {
    /// Lets out what the grant names of it.
    pub(in crate::policy) fn new(mut content: Content, grant: &ContentGrant<'_>) -> Self {
        let withheld = withhold(&mut content, grant.fields);
        let (mut content, mode) = match grant.passage {
            Passage::Full => (content, ContentMode::Full),
            Passage::Masked(masker) => match masker.mask_content(content) {
                Ok(masked) => {
                    let (content, counts) = masked.into_parts();
                    (content, ContentMode::Masked(counts))
                }
                Err(dropped) => (Content::default(), ContentMode::Dropped(dropped)),
            },
        };
        bound(&mut content, grant.bounds);
        Self {
            content,
            mode,
            withheld,
        }
    }

    /// The content.
    pub const fn content(&self) -> &Content {
        &self.content
    }

    /// In which form it is.
    pub const fn mode(&self) -> ContentMode {
        self.mode
    }

    /// What was there, and is not let out.
    pub const fn withheld(&self) -> ContentFields {
        self.withheld
    }

    /// The same with no more than so many bytes.
    #[must_use]
    pub(crate) fn narrowed(&self, per_call: usize) -> Self {
        let mut narrowed = self.clone();
        let bounds = ContentBounds {
            per_field: per_call,
            per_call,
        };
        bound(&mut narrowed.content, bounds);
        narrowed
    }
}
