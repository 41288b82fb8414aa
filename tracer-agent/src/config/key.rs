//! One key of the configuration.

use std::{fmt, marker::PhantomData};

use super::setting::{Raw, Refusal, Setting};

/// A key whose value is a `T`. Keys are statics in [`super::registry`].
pub struct Key<T> {
    path: &'static str,
    env: &'static [&'static str],
    flag: Option<&'static str>,
    default: &'static str,
    doc: &'static str,
    secret: bool,
    value: PhantomData<fn() -> T>,
}

impl<T> Key<T> {
    /// A key with its place in the file (`section.name`), its default as text (empty for "not
    /// set") and what it does, first sentence first.
    pub const fn new(path: &'static str, default: &'static str, doc: &'static str) -> Self {
        Self {
            path,
            env: &[],
            flag: None,
            default,
            doc,
            secret: false,
            value: PhantomData,
        }
    }

    /// Variables that set it; the first one that is set wins.
    pub const fn env(mut self, env: &'static [&'static str]) -> Self {
        self.env = env;
        self
    }

    /// Flag that sets it, without the dashes.
    pub const fn flag(mut self, flag: &'static str) -> Self {
        self.flag = Some(flag);
        self
    }

    /// The value is never shown.
    pub const fn secret(mut self) -> Self {
        self.secret = true;
        self
    }
}

/// A key without the type of its value: what the table of keys holds.
pub trait AnyKey: Sync {
    /// Place in the file: `section.name`.
    fn path(&self) -> &'static str;
    /// Variables that set it, strongest first.
    fn env(&self) -> &'static [&'static str];
    /// Flag that sets it.
    fn flag(&self) -> Option<&'static str>;
    /// Default as text.
    fn default(&self) -> &'static str;
    /// What it does.
    fn doc(&self) -> &'static str;
    /// Whether a value must not be shown: those of some keys never, others by what they hold.
    fn hides(&self, raw: &Raw) -> bool;
    /// Placeholder of the value.
    fn value_name(&self) -> &'static str;
    /// What is allowed.
    fn expects(&self) -> &'static str;
    /// The words allowed, where they are few.
    fn choices(&self) -> &'static [&'static str];
    /// Whether the flag may be repeated.
    fn repeats(&self) -> bool;
    /// The normal form of a value, if it is acceptable.
    fn normalise(&self, raw: &Raw) -> Result<Raw, Refusal>;
}

impl<T: Setting> AnyKey for Key<T> {
    fn path(&self) -> &'static str {
        self.path
    }

    fn env(&self) -> &'static [&'static str] {
        self.env
    }

    fn flag(&self) -> Option<&'static str> {
        self.flag
    }

    fn default(&self) -> &'static str {
        self.default
    }

    fn doc(&self) -> &'static str {
        self.doc
    }

    fn hides(&self, raw: &Raw) -> bool {
        self.secret || T::hides(raw)
    }

    fn value_name(&self) -> &'static str {
        T::VALUE_NAME
    }

    fn expects(&self) -> &'static str {
        T::EXPECTS
    }

    fn choices(&self) -> &'static [&'static str] {
        T::CHOICES
    }

    fn repeats(&self) -> bool {
        T::REPEATS
    }

    fn normalise(&self, raw: &Raw) -> Result<Raw, Refusal> {
        T::parse(raw).map(|value| value.show())
    }
}

impl<T> fmt::Debug for Key<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Key").field(&self.path).finish()
    }
}
