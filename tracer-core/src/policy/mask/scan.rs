//! One look at a text: what all detectors find in it.
//!
//! What is found at a place depends only on the bytes within [`BEHIND`] before and [`AHEAD`] behind
//! it, which is what makes masking the same however a text is cut.

use aho_corasick::{AhoCorasick, AhoCorasickKind, BuildError, MatchKind};

use super::{
    address, assigned,
    assigned::{WORDS, Word},
    kind::Kind,
    numbers,
    rules::{Detectors, MAX_NAME_BYTES, MaskRules, RulesError},
    span::Span,
    tokens,
    tokens::SHAPES,
    view::View,
    wrapped,
};

/// How many bytes before a place may decide on it.
pub(super) const BEHIND: usize = 16 << 10;
/// How many bytes behind the beginning of a place may decide on it.
pub(super) const AHEAD: usize = 16 << 10;

/// What stands at the beginning or in the middle of what is looked for.
#[derive(Debug, Clone, Copy)]
enum Anchor {
    At,
    Authority,
    Pem,
    Scheme,
    Word(Word),
    Shape(usize),
}

/// All detectors, compiled.
#[derive(Debug)]
pub(super) struct Detection {
    detectors: Detectors,
    anchors: Vec<Anchor>,
    literals: Option<AhoCorasick>,
    names: Option<AhoCorasick>,
}

impl Detection {
    pub(super) fn new(rules: &MaskRules) -> Result<Self, RulesError> {
        let mut literals: Vec<&str> = Vec::new();
        let mut anchors = Vec::new();
        let mut add = |literal, anchor| {
            literals.push(literal);
            anchors.push(anchor);
        };
        let detectors = rules.detectors;
        if detectors.email {
            add("@", Anchor::At);
        }
        if detectors.credentials {
            add("://", Anchor::Authority);
            add("-----BEGIN", Anchor::Pem);
            add("bearer ", Anchor::Scheme);
            add("basic ", Anchor::Scheme);
            for (word, kind) in WORDS {
                add(word, Anchor::Word(*kind));
            }
            for (index, shape) in SHAPES.iter().enumerate() {
                add(shape.prefix, Anchor::Shape(index));
            }
        }
        let compiled =
            (!literals.is_empty()).then(|| automaton(&literals, Some(AhoCorasickKind::DFA)));
        Ok(Self {
            detectors,
            anchors,
            literals: compiled.transpose()?,
            names: names(&rules.names)?,
        })
    }

    /// All that is to be masked, in any order; places may overlap.
    pub(super) fn find(&self, text: &[u8], found: &mut Vec<Span>) {
        self.look(text, found);
        self.unwrap_base64(text, found);
        if let Some(view) = View::of(text) {
            let first = found.len();
            self.look(&view.bytes, found);
            self.unwrap_base64(&view.bytes, found);
            for span in found.iter_mut().skip(first) {
                (span.start, span.end) = view.place(span.start, span.end);
            }
        }
    }

    fn look(&self, text: &[u8], found: &mut Vec<Span>) {
        if let Some(literals) = &self.literals {
            each(literals, text, |index, start, end| {
                let anchor = self.anchors.get(index).copied();
                found.extend(anchor.and_then(|anchor| at_anchor(text, start, end, anchor)));
            });
        }
        if let Some(names) = &self.names {
            each(names, text, |_, start, end| {
                if is_word(text, start, end) {
                    found.push(Span::new(start, end, Kind::Name));
                }
            });
        }
        self.look_at_numbers(text, found);
    }

    fn look_at_numbers(&self, text: &[u8], found: &mut Vec<Span>) {
        let Detectors {
            phone,
            card,
            iban,
            ip,
            ..
        } = self.detectors;
        if !(phone || card || iban || ip) {
            return;
        }
        let mut at = 0;
        while let Some(rest) = text.get(at..) {
            let Some(next) = next_numeric(rest) else {
                return;
            };
            at += next;
            if text.get(at) == Some(&b':') {
                if ip {
                    found.extend(address::ipv6(text, at));
                }
                at += 1;
                continue;
            }
            if iban {
                found.extend(numbers::iban(text, at));
            }
            if super::span::begins_word(text, at) {
                if phone || card {
                    found.extend(numbers::find(text, at, (card, phone)));
                }
                if ip {
                    found.extend(address::ipv4(text, at));
                }
            }
            at += rest
                .get(next..)
                .unwrap_or_default()
                .iter()
                .take_while(|byte| byte.is_ascii_digit())
                .count();
        }
    }

    fn unwrap_base64(&self, text: &[u8], found: &mut Vec<Span>) {
        let mut decoded = Vec::new();
        wrapped::runs(text, |start, end| {
            if end - start > wrapped::MAX_RUN {
                found.push(wrapped::too_long(start));
            } else if let Some(inner) = text.get(start..end).and_then(wrapped::decode) {
                decoded.clear();
                self.look(inner.as_bytes(), &mut decoded);
                let kind = decoded.iter().map(|span| span.kind).min();
                found.extend(kind.map(|kind| Span::new(start, end, kind)));
            }
        });
    }
}

/// Bytes that are looked at together.
const BLOCK: usize = 32;

/// Where the next digit stands, or what stands between the parts of an IPv6 address.
fn next_numeric(text: &[u8]) -> Option<usize> {
    let is = |byte: &u8| matches!(byte, b'0'..=b':');
    // Without a branch for each byte.
    let has = |block: &[u8]| block.iter().fold(false, |any, byte| any | is(byte));
    let blocks = text.chunks_exact(BLOCK);
    let empty = blocks.take_while(|block| !has(block)).count() * BLOCK;
    let rest = text.get(empty..).unwrap_or_default();
    Some(empty + rest.iter().position(is)?)
}

fn at_anchor(text: &[u8], start: usize, end: usize, anchor: Anchor) -> Option<Span> {
    match anchor {
        Anchor::At => address::email(text, start),
        Anchor::Authority => assigned::userinfo(text, end),
        Anchor::Pem => assigned::pem(text, start),
        Anchor::Scheme => assigned::scheme(text, start, end),
        Anchor::Word(word) => assigned::find(text, start, end, word),
        Anchor::Shape(index) => tokens::find(text, start, SHAPES.get(index)?),
    }
}

fn automaton<T: AsRef<[u8]>>(
    literals: &[T],
    kind: Option<AhoCorasickKind>,
) -> Result<AhoCorasick, BuildError> {
    AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .match_kind(MatchKind::Standard)
        .kind(kind)
        .prefilter(false)
        .build(literals)
}

/// Letters beyond ASCII are compared in small and in capital.
fn names(names: &[String]) -> Result<Option<AhoCorasick>, RulesError> {
    if names.iter().map(String::len).sum::<usize>() > MAX_NAME_BYTES {
        return Err(RulesError::Many {
            what: "bytes of names",
            most: MAX_NAME_BYTES,
        });
    }
    let mut forms = Vec::new();
    for (index, name) in names.iter().map(|name| name.trim()).enumerate() {
        if !(2..=256).contains(&name.len()) {
            return Err(RulesError::Name { index });
        }
        forms.push(name.to_owned());
        if !name.is_ascii() {
            forms.extend([name.to_lowercase(), name.to_uppercase()]);
        }
    }
    Ok((!forms.is_empty())
        .then(|| automaton(&forms, None))
        .transpose()?)
}

fn each(automaton: &AhoCorasick, text: &[u8], mut found: impl FnMut(usize, usize, usize)) {
    for place in automaton.find_overlapping_iter(text) {
        found(place.pattern().as_usize(), place.start(), place.end());
    }
}

/// Whether no letter or digit runs into a place. Letters beyond ASCII do, those of an escape do not.
fn is_word(text: &[u8], start: usize, end: usize) -> bool {
    let before = text.get(..start).unwrap_or_default();
    let begins = super::span::begins_word(text, start)
        && !last_char(before).is_some_and(char::is_alphanumeric);
    let escaped = matches!(before, [.., b'\\', b'n' | b't' | b'r']);
    let behind = text.get(end..).unwrap_or_default();
    (begins || escaped) && !first_char(behind).is_some_and(char::is_alphanumeric)
}

fn last_char(text: &[u8]) -> Option<char> {
    let start = text
        .iter()
        .rev()
        .take(4)
        .position(|byte| byte & 0xc0 != 0x80)?;
    first_char(text.get(text.len() - 1 - start..)?)
}

fn first_char(text: &[u8]) -> Option<char> {
    let text = text.get(..text.len().min(4))?;
    text.utf8_chunks().next()?.valid().chars().next()
}
