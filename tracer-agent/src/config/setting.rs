//! Types that a key can have: how they are written and what they accept.

use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf};

use percent_encoding::percent_decode_str;

/// A value as a source wrote it, before its key's type looked at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Raw {
    /// One word: a flag, a variable, a TOML scalar.
    One(String),
    /// Several: a repeated flag, a TOML array.
    Many(Vec<String>),
    /// A TOML table of scalars.
    Pairs(Vec<(String, String)>),
}

/// Why a value is not acceptable, as a fragment: `1KiB is less than 64KiB`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal(pub String);

/// A type that a key can have.
pub trait Setting: Sized {
    /// Placeholder in help texts, such as `SIZE`.
    const VALUE_NAME: &'static str;
    /// What is allowed, for messages and docs: `a size such as 4MiB`.
    const EXPECTS: &'static str;
    /// The words allowed, where they are few.
    const CHOICES: &'static [&'static str] = &[];
    /// Whether a flag may be given several times.
    const REPEATS: bool = false;

    /// Whether what a source wrote, acceptable or not, may hold what must not be shown.
    fn hides(_raw: &Raw) -> bool {
        false
    }

    /// Parses what a source wrote.
    fn parse(raw: &Raw) -> Result<Self, Refusal>;

    /// The normal form, which [`Setting::parse`] accepts.
    fn show(&self) -> Raw;
}

/// A setting that one word tells.
pub trait Scalar: Sized {
    /// See [`Setting::VALUE_NAME`].
    const VALUE_NAME: &'static str;
    /// See [`Setting::EXPECTS`].
    const EXPECTS: &'static str;
    /// See [`Setting::EXPECTS`], for a list of these.
    const EXPECTS_LIST: &'static str = "a list";
    /// See [`Setting::CHOICES`].
    const CHOICES: &'static [&'static str] = &[];

    /// Whether a word, acceptable or not, may hold what must not be shown.
    fn hides(_text: &str) -> bool {
        false
    }

    /// Parses the word.
    fn from_text(text: &str) -> Result<Self, Refusal>;

    /// The normal form.
    fn to_text(&self) -> String;
}

impl<T: Scalar> Setting for T {
    const VALUE_NAME: &'static str = T::VALUE_NAME;
    const EXPECTS: &'static str = T::EXPECTS;
    const CHOICES: &'static [&'static str] = T::CHOICES;

    fn hides(raw: &Raw) -> bool {
        matches!(raw, Raw::One(text) if T::hides(text))
    }

    fn parse(raw: &Raw) -> Result<Self, Refusal> {
        match raw {
            Raw::One(text) => T::from_text(text.trim()),
            Raw::Many(_) => Err(Refusal("a list stands where one value belongs".into())),
            Raw::Pairs(_) => Err(Refusal("a table stands where one value belongs".into())),
        }
    }

    fn show(&self) -> Raw {
        Raw::One(self.to_text())
    }
}

/// Absent when empty, or `none` unless that is a word of `T`.
impl<T: Scalar> Setting for Option<T> {
    const VALUE_NAME: &'static str = T::VALUE_NAME;
    const EXPECTS: &'static str = T::EXPECTS;
    const CHOICES: &'static [&'static str] = T::CHOICES;

    fn hides(raw: &Raw) -> bool {
        <T as Setting>::hides(raw)
    }

    fn parse(raw: &Raw) -> Result<Self, Refusal> {
        match raw {
            Raw::One(text) if text.trim().is_empty() || text.trim() == absent::<T>() => Ok(None),
            _ => <T as Setting>::parse(raw).map(Some),
        }
    }

    fn show(&self) -> Raw {
        Raw::One(
            self.as_ref()
                .map_or_else(|| absent::<T>().to_owned(), Scalar::to_text),
        )
    }
}

/// The word for "not set".
fn absent<T: Scalar>() -> &'static str {
    if T::CHOICES.contains(&"none") {
        ""
    } else {
        "none"
    }
}

/// A TOML array, a repeated flag, or words between commas. An item that is empty is refused: with
/// `--exe "$UNSET"` nobody means every process. An empty variable is one that is not set.
impl<T: Scalar> Setting for Vec<T> {
    const VALUE_NAME: &'static str = T::VALUE_NAME;
    const EXPECTS: &'static str = T::EXPECTS_LIST;
    const REPEATS: bool = true;

    fn parse(raw: &Raw) -> Result<Self, Refusal> {
        let parse = |text: &str| {
            text.split(',')
                .map(str::trim)
                .filter(|word| !word.is_empty())
                .map(T::from_text)
                .collect::<Result<Self, _>>()
        };
        match raw {
            Raw::One(text) => parse(text),
            Raw::Many(items) => items.iter().try_fold(Self::new(), |mut all, item| {
                let some = parse(item)?;
                if some.is_empty() {
                    let refusal = "an empty item says nothing: give it a value or leave it out";
                    return Err(Refusal(refusal.into()));
                }
                all.extend(some);
                Ok(all)
            }),
            Raw::Pairs(_) => Err(Refusal("a table stands where a list belongs".into())),
        }
    }

    fn show(&self) -> Raw {
        Raw::Many(self.iter().map(Scalar::to_text).collect())
    }
}

/// Names and values: a TOML table, or `name=value` between commas with percent-encoded values,
/// as in `OTEL_RESOURCE_ATTRIBUTES`.
pub type Pairs = BTreeMap<String, String>;

impl Setting for Pairs {
    const VALUE_NAME: &'static str = "NAME=VALUE";
    const EXPECTS: &'static str =
        "a table of strings in a file, `name=value,name=value` (values percent-encoded) elsewhere";

    fn parse(raw: &Raw) -> Result<Self, Refusal> {
        match raw {
            Raw::Pairs(pairs) => Ok(pairs.iter().cloned().collect()),
            Raw::One(text) => parse_pairs(text),
            Raw::Many(_) => Err(Refusal("a list stands where a table belongs".into())),
        }
    }

    fn show(&self) -> Raw {
        Raw::Pairs(self.iter().map(|(k, v)| (k.clone(), v.clone())).collect())
    }
}

/// Parses `name=value,name=value`; values may be percent-encoded.
pub fn parse_pairs(text: &str) -> Result<Pairs, Refusal> {
    text.split(',')
        .map(str::trim)
        .filter(|item| !item.is_empty())
        .map(|item| match item.split_once('=') {
            Some((name, value)) if !name.trim().is_empty() => {
                Ok((name.trim().to_owned(), percent_decode(value.trim())))
            }
            // The item may be half a secret: it is not repeated.
            _ => Err(Refusal("an item has no `=` between name and value".into())),
        })
        .collect()
}

/// Replaces `%41` by `A`; a stray `%` stays as it is.
fn percent_decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

impl Scalar for bool {
    const VALUE_NAME: &'static str = "BOOL";
    const EXPECTS: &'static str = "true or false";
    const CHOICES: &'static [&'static str] = &["true", "false"];

    fn from_text(text: &str) -> Result<Self, Refusal> {
        // OpenTelemetry's own variables take any case.
        text.to_ascii_lowercase()
            .parse()
            .map_err(|_| Refusal("not a truth value".into()))
    }

    fn to_text(&self) -> String {
        self.to_string()
    }
}

impl Scalar for u32 {
    const VALUE_NAME: &'static str = "N";
    const EXPECTS: &'static str = "a positive whole number";
    const EXPECTS_LIST: &'static str = "positive whole numbers";

    fn from_text(text: &str) -> Result<Self, Refusal> {
        match text.parse() {
            Ok(0) => Err(Refusal("zero is not allowed".into())),
            Ok(number) => Ok(number),
            Err(_) => Err(Refusal("not a number in range".into())),
        }
    }

    fn to_text(&self) -> String {
        self.to_string()
    }
}

impl Scalar for PathBuf {
    const VALUE_NAME: &'static str = "PATH";
    const EXPECTS: &'static str = "an absolute path";
    const EXPECTS_LIST: &'static str = "absolute paths";

    fn from_text(text: &str) -> Result<Self, Refusal> {
        let path = Self::from(text);
        if path.is_absolute() {
            Ok(path)
        } else {
            Err(Refusal("the path is not absolute".into()))
        }
    }

    fn to_text(&self) -> String {
        self.display().to_string()
    }
}

impl Scalar for SocketAddr {
    const VALUE_NAME: &'static str = "ADDRESS";
    const EXPECTS: &'static str = "an address and port such as 127.0.0.1:9469, or none";

    fn from_text(text: &str) -> Result<Self, Refusal> {
        text.parse()
            .map_err(|_| Refusal("not an IP address with a port".into()))
    }

    fn to_text(&self) -> String {
        self.to_string()
    }
}
