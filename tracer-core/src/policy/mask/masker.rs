//! The masker, and the only things it lets out.

use regex::{Regex, RegexBuilder};

use super::{
    document,
    dropped::Dropped,
    kind::{Counts, Kind},
    path::JsonPath,
    rules::{MAX_PATTERNS, MaskRules, PATTERN_BYTES, Replacement, RulesError},
    scan::Detection,
    span::Span,
    stream::StreamMasker,
    sweep::{Sweep, Window},
};

/// The most memory of a compiled pattern, in bytes.
const PATTERN_SIZE: usize = 1 << 20;
/// The longest word at the end of a cut text that is taken away with it, in bytes.
const CUT_BYTES: usize = 4096;

/// In place of a document that masking would have broken.
const WHOLE: &str = "\"[FIELD]\"";

/// Rules, compiled: finds and replaces what they name. Cheap to share, costly to make.
#[derive(Debug)]
pub struct Masker {
    detection: Detection,
    patterns: Vec<Regex>,
    paths: Vec<JsonPath>,
    replacement: Replacement,
}

/// Text that went through a masker. Nothing else makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Masked {
    text: String,
    counts: Counts,
}

impl Masked {
    pub(super) const fn new(text: String, counts: Counts) -> Self {
        Self { text, counts }
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text, as it is owned.
    pub fn into_text(self) -> String {
        self.text
    }

    /// What was masked in it.
    pub const fn counts(&self) -> Counts {
        self.counts
    }
}

/// Whether a text is all there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// It ends where it ends.
    Whole,
    /// More followed that is not here: its last word may be the beginning of a secret, and is masked.
    Cut,
}

/// Which ends of a text may lie within a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Edges {
    /// Something before it is missing.
    pub torn: bool,
    /// Something behind it is missing.
    pub cut: bool,
}

impl Edges {
    pub(super) const WHOLE: Self = Self {
        torn: false,
        cut: false,
    };

    fn of(ending: Ending) -> Self {
        Self {
            cut: ending == Ending::Cut,
            ..Self::WHOLE
        }
    }
}

impl Masker {
    /// Compiles rules.
    ///
    /// # Errors
    /// If a pattern, a path or a name cannot be used, or there are too many.
    pub fn new(rules: &MaskRules) -> Result<Self, RulesError> {
        for (what, count) in [
            ("patterns", rules.patterns.len()),
            ("paths", rules.paths.len()),
        ] {
            if count > MAX_PATTERNS {
                return Err(RulesError::Many {
                    what,
                    most: MAX_PATTERNS,
                });
            }
        }
        let patterns = rules.patterns.iter().enumerate();
        let paths = rules.paths.iter().map(|path| JsonPath::parse(path));
        Ok(Self {
            detection: Detection::new(rules)?,
            patterns: patterns
                .map(|(index, pattern)| compile(index, pattern))
                .collect::<Result<_, _>>()?,
            paths: paths.collect::<Result<_, _>>()?,
            replacement: rules.replacement.clone(),
        })
    }

    /// The same, with something else in place of what is found.
    #[must_use]
    pub fn replacing(self, replacement: Replacement) -> Self {
        Self {
            replacement,
            ..self
        }
    }

    /// Masks a text. JSON paths do not apply: a text is no document.
    ///
    /// # Errors
    /// [`Dropped::Internal`] if the masker fails.
    pub fn mask(&self, text: &str, ending: Ending) -> Result<Masked, Dropped> {
        self.mask_between(text, Edges::of(ending))
    }

    pub(super) fn mask_between(&self, text: &str, edges: Edges) -> Result<Masked, Dropped> {
        let first = edges.torn.then(|| first_word(text));
        let last = edges.cut.then(|| last_word(text));
        let words: Vec<Span> = first.into_iter().chain(last).collect();
        self.sweep(&mut Sweep::default(), text, &words)
    }

    /// The same with bytes.
    ///
    /// # Errors
    /// [`Dropped::NotText`] of what is not UTF-8.
    pub fn mask_bytes(&self, bytes: &[u8], ending: Ending) -> Result<Masked, Dropped> {
        let text = std::str::from_utf8(bytes).map_err(|_| Dropped::NotText)?;
        self.mask(text, ending)
    }

    /// Masks a document of JSON. It stays one: what is masked outside strings becomes a string. Text
    /// that is no JSON is masked as text, unless there are paths to follow.
    ///
    /// # Errors
    /// [`Dropped::NotJson`] if there are paths and they cannot be followed.
    pub fn mask_json(&self, text: &str, ending: Ending) -> Result<Masked, Dropped> {
        self.mask_json_between(text, Edges::of(ending))
    }

    pub(super) fn mask_json_between(&self, text: &str, edges: Edges) -> Result<Masked, Dropped> {
        if text.trim().is_empty() {
            return self.mask_between(text, edges);
        }
        // Whether it is a document matters where something leads into it, or where more is masked than
        // what strings hold; to know that takes as long as to mask it.
        let leads = !(self.paths.is_empty() && self.patterns.is_empty());
        if edges == Edges::WHOLE && (!leads || document::is_valid(text)) {
            let spans =
                document::find(text, &self.paths, &self.patterns).ok_or(Dropped::Internal)?;
            let mut sweep = Sweep::of_document();
            let masked = self.sweep(&mut sweep, text, &spans)?;
            if sweep.kept_to_strings() {
                return Ok(masked);
            }
            if leads || document::is_valid(text) {
                // What was found across quotation marks, or in the middle of a number.
                let broken = !document::is_valid(&masked.text);
                return Ok(if broken {
                    Masked::new(WHOLE.to_owned(), masked.counts)
                } else {
                    masked
                });
            }
        }
        if self.paths.is_empty() {
            self.mask_between(text, edges)
        } else {
            Err(Dropped::NotJson)
        }
    }

    /// Masks a text that comes in pieces. `None` if the rules have JSON paths, which need whole
    /// documents.
    pub fn stream(&self) -> Option<StreamMasker<'_>> {
        self.paths.is_empty().then(|| StreamMasker::new(self))
    }

    pub(super) const fn replacement(&self) -> &Replacement {
        &self.replacement
    }

    fn sweep(&self, sweep: &mut Sweep, text: &str, more: &[Span]) -> Result<Masked, Dropped> {
        let mut out = String::with_capacity(text.len());
        let window = Window {
            text,
            from: 0,
            // What begins at the very end is nothing.
            to: text.len(),
            last: true,
        };
        sweep.window(self, window, more, &mut out)?;
        Ok(Masked::new(out, sweep.counts()))
    }

    /// All that is to be masked in a text whose first line began `line` bytes before it.
    pub(super) fn find(&self, text: &str, line: usize, found: &mut Vec<Span>) {
        self.detection.find(text.as_bytes(), found);
        if !self.patterns.is_empty() {
            pieces(text, line, |start, piece| {
                for pattern in &self.patterns {
                    found.extend(
                        pattern
                            .find_iter(piece)
                            .filter(|place| !place.is_empty())
                            .map(|place| {
                                Span::new(start + place.start(), start + place.end(), Kind::Custom)
                            }),
                    );
                }
            });
        }
    }
}

fn compile(index: usize, pattern: &str) -> Result<Regex, RulesError> {
    let compiled = RegexBuilder::new(pattern)
        .size_limit(PATTERN_SIZE)
        .dfa_size_limit(PATTERN_SIZE)
        .build();
    let compiled = compiled.map_err(|error| RulesError::Pattern {
        index,
        reason: error.to_string(),
    })?;
    if compiled.is_match("") {
        return Err(RulesError::Empty { index });
    }
    Ok(compiled)
}

/// Lines, and of a long one pieces that overlap by half, from places that only the text decides on.
fn pieces(text: &str, line: usize, mut piece: impl FnMut(usize, &str)) {
    const STEP: usize = PATTERN_BYTES / 2;
    let mut start = 0;
    let mut before = line;
    while start < text.len() {
        let rest = text.as_bytes().get(start..).unwrap_or_default();
        let end = memchr::memchr(b'\n', rest).map_or(text.len(), |length| start + length);
        // Of a line that begins before the text, its next piece.
        let mut at = start + before.next_multiple_of(STEP) - before;
        loop {
            let from = text.floor_char_boundary(at.min(end));
            let to = text.floor_char_boundary((at + PATTERN_BYTES).min(end));
            if let Some(text) = text.get(from..to) {
                piece(from, text);
            }
            if at + PATTERN_BYTES >= end {
                break;
            }
            at += STEP;
        }
        start = end + 1;
        before = 0;
    }
}

/// The first word of a text, with the digits behind it.
fn first_word(text: &str) -> Span {
    let bytes = text.as_bytes();
    let word = bytes
        .iter()
        .take(CUT_BYTES)
        .take_while(|byte| !byte.is_ascii_whitespace())
        .count();
    let rest = bytes.get(word..).unwrap_or_default();
    let numbers = rest
        .iter()
        .take(CUT_BYTES)
        .take_while(|byte| !byte.is_ascii_alphabetic() && **byte < 0x80 && **byte != b'\n')
        .count();
    let number = rest
        .get(..numbers)
        .unwrap_or_default()
        .iter()
        .rposition(u8::is_ascii_digit);
    Span::new(0, word + number.map_or(0, |number| number + 1), Kind::Cut)
}

/// The last word of a text, with the groups of digits before it, which may be one number.
pub(super) fn last_word(text: &str) -> Span {
    let bytes = text.as_bytes();
    let word = |end: usize, is: fn(&u8) -> bool| {
        let before = bytes.get(..end).unwrap_or_default();
        end - before
            .iter()
            .rev()
            .take(CUT_BYTES)
            .take_while(|byte| is(byte))
            .count()
    };
    let start = word(bytes.len(), |byte| !byte.is_ascii_whitespace());
    let numbers = word(start, |byte| {
        !byte.is_ascii_alphabetic() && *byte < 0x80 && *byte != b'\n'
    });
    let before = bytes.get(numbers..start).unwrap_or_default();
    let number = before
        .iter()
        .position(|byte| byte.is_ascii_digit() || matches!(byte, b'+' | b'('));
    let start = number.map_or(start, |number| numbers + number);
    Span::new(start, bytes.len(), Kind::Cut)
}
