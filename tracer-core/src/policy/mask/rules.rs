//! What the operator wants masked, and how.

use std::fmt;

use sha2::{Digest as _, Sha256};

/// What a [`Masker`](super::Masker) is made from.
#[derive(Debug, Clone)]
pub struct MaskRules {
    /// Which of the built-in detectors run.
    pub detectors: Detectors,
    /// Names of people or of anything, whatever their case, as whole words.
    pub names: Vec<String>,
    /// Regular expressions in the syntax of the `regex` crate. Each sees one line at a time, and of a
    /// long line [`PATTERN_BYTES`] at a time; what matches more than half of that may be seen in part.
    pub patterns: Vec<String>,
    /// Paths into JSON documents: `$.user.name`, `$.items[*].id`, `$.items[0]`, `$.*.secret`,
    /// `$['odd name']`.
    pub paths: Vec<String>,
    /// What stands where something was masked.
    pub replacement: Replacement,
}

impl Default for MaskRules {
    /// All detectors, placeholders.
    fn default() -> Self {
        Self {
            detectors: Detectors::ALL,
            names: Vec::new(),
            patterns: Vec::new(),
            paths: Vec::new(),
            replacement: Replacement::Placeholder,
        }
    }
}

/// The built-in detectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "independent switches")]
pub struct Detectors {
    /// Keys, tokens, passwords, cookies, private keys.
    pub credentials: bool,
    /// Addresses of electronic mail.
    pub email: bool,
    /// Telephone numbers.
    pub phone: bool,
    /// Payment cards.
    pub card: bool,
    /// Bank accounts.
    pub iban: bool,
    /// Addresses of IPv4 and IPv6.
    pub ip: bool,
}

impl Detectors {
    /// All.
    pub const ALL: Self = Self {
        credentials: true,
        email: true,
        phone: true,
        card: true,
        iban: true,
        ip: true,
    };
    /// None: only the operator's names, patterns and paths.
    pub const NONE: Self = Self {
        credentials: false,
        email: false,
        phone: false,
        card: false,
        iban: false,
        ip: false,
    };
}

/// What stands where something was masked.
#[derive(Debug, Clone)]
pub enum Replacement {
    /// `[EMAIL]`.
    Placeholder,
    /// `[EMAIL:3f9a0c1d2e4b5a69]`: the same for the same text, by 64 bits of HMAC-SHA-256.
    Pseudonym(PseudonymKey),
}

/// What makes pseudonyms ours: who does not have it cannot try values against them.
#[derive(Clone)]
pub struct PseudonymKey(pub(super) [u8; PseudonymKey::BYTES]);

impl PseudonymKey {
    /// Its length.
    pub const BYTES: usize = 32;

    /// Of random bytes, which must not leave the host.
    pub const fn new(random: [u8; Self::BYTES]) -> Self {
        Self(random)
    }

    /// From the salt of names of API keys: another key, but the same wherever that salt is.
    pub fn derived(salt: &[u8]) -> Self {
        let hash = Sha256::new_with_prefix(b"llm-tracer pseudonyms");
        Self(hash.chain_update(salt).finalize().into())
    }
}

impl fmt::Debug for PseudonymKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PseudonymKey")
    }
}

/// Bytes of a line that a pattern of the operator's sees at once.
pub const PATTERN_BYTES: usize = 8 << 10;
/// The most patterns, and the most paths.
pub const MAX_PATTERNS: usize = 64;
/// The most bytes of names, together.
pub const MAX_NAME_BYTES: usize = 4 << 20;

/// Why rules cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RulesError {
    /// A pattern is not a regular expression, or compiles to more than a megabyte.
    #[error("pattern {index} cannot be used: {reason}")]
    Pattern {
        /// Its place in the list.
        index: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// A pattern matches nothing at all, everywhere.
    #[error("pattern {index} matches the empty text: make it ask for at least one character")]
    Empty {
        /// Its place in the list.
        index: usize,
    },
    /// A path is not of the subset.
    #[error(
        "path {path:?} cannot be read: write `$` and members as `.name`, `['name']`, `[0]` or `[*]`"
    )]
    Path {
        /// The path.
        path: String,
    },
    /// A name is empty or a single letter.
    #[error("name {index} is too short: names have two bytes at least")]
    Name {
        /// Its place in the list.
        index: usize,
    },
    /// There is too much.
    #[error("too many {what}: at most {most}")]
    Many {
        /// What there is too much of.
        what: &'static str,
        /// How much there may be.
        most: usize,
    },
    /// The names cannot be compiled.
    #[error("the names cannot be compiled: {0}")]
    Build(#[from] aho_corasick::BuildError),
}
