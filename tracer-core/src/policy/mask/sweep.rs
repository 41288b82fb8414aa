//! Goes over a text window by window and writes it masked.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::{
    dropped::Dropped,
    kind::{Counts, Kind},
    masker::Masker,
    rules::{PseudonymKey, Replacement},
    span::{Reach, Span, Tail},
};

/// What is known between windows.
#[derive(Debug, Default)]
pub(super) struct Sweep {
    counts: Counts,
    /// A place whose end is not reached.
    open: Option<Place>,
    /// How many bytes before the window its first line begins.
    line: usize,
    found: Vec<Span>,
    /// Where the strings are, if the text is a document of JSON: what is masked between them becomes one.
    strings: Option<Strings>,
}

/// Goes along a document and knows where its strings are.
#[derive(Debug, Default)]
struct Strings {
    at: usize,
    inside: bool,
    /// Quotation marks of strings so far.
    marks: usize,
    /// Something was masked outside of strings, across one of their ends, or in the middle of an escape.
    torn: bool,
}

impl Strings {
    /// Whether `[start, end)`, which is to be masked, is outside of strings; asked in order.
    fn is_bare(&mut self, text: &[u8], start: usize, end: usize) -> bool {
        let begins = self.go_to(text, start);
        let (inside, marks) = (self.inside, self.marks);
        let ends = self.go_to(text, end);
        self.torn |= !(inside && begins && ends && marks == self.marks);
        !inside
    }

    /// Whether an escape does not stand on both sides of `to`.
    fn go_to(&mut self, text: &[u8], to: usize) -> bool {
        while self.at < to {
            let rest = text.get(self.at..to).unwrap_or_default();
            let Some(next) = memchr::memchr2(b'"', b'\\', rest) else {
                self.at = to;
                break;
            };
            self.at += next;
            self.at += match text.get(self.at..) {
                Some([b'"', ..]) => {
                    self.inside = !self.inside;
                    self.marks += 1;
                    1
                }
                Some([b'\\', b'u', ..]) if self.inside => 6,
                Some([b'\\', ..]) if self.inside => 2,
                _ => 1,
            };
        }
        self.at == to
    }
}

/// A place that is being masked: all that overlaps is one.
#[derive(Debug)]
struct Place {
    kind: Kind,
    end: usize,
    /// Where it begins.
    start: usize,
    /// What may move its end further, and from where.
    tails: Vec<(Tail, usize)>,
    digest: Option<Hmac<Sha256>>,
    /// Up to where the digest knows it.
    digested: usize,
}

/// The part of a buffer that a step decides on; what stands around it is only looked at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window<'t> {
    pub text: &'t str,
    pub from: usize,
    pub to: usize,
    /// Nothing follows the text.
    pub last: bool,
}

impl Sweep {
    /// Of a document of JSON, in one window.
    pub(super) fn of_document() -> Self {
        Self {
            strings: Some(Strings::default()),
            ..Self::default()
        }
    }

    pub(super) const fn counts(&self) -> Counts {
        self.counts
    }

    /// Whether all that was masked in a document stood within its strings: then it is what it was,
    /// a document or none.
    pub(super) fn kept_to_strings(&self) -> bool {
        self.strings.as_ref().is_some_and(|strings| !strings.torn)
    }

    /// Masks a window; places that begin in it are decided on.
    pub(super) fn window(
        &mut self,
        masker: &Masker,
        window: Window<'_>,
        more: &[Span],
        out: &mut String,
    ) -> Result<(), Dropped> {
        let Window {
            text,
            from,
            to,
            last,
        } = window;
        let mut found = std::mem::take(&mut self.found);
        found.clear();
        masker.find(text, self.line, &mut found);
        found.extend_from_slice(more);
        found.retain(|span| (from..to).contains(&span.start));
        found.sort_unstable_by_key(|span| (span.start, span.kind));
        let mut at = from;
        let mut reach = Reach::default();
        if let Some(place) = &mut self.open {
            place.follow(text, last, &mut reach);
        }
        for span in &found {
            let whole = Place::new(span, masker, &mut reach, (text, last))?;
            if let Some(place) = &mut self.open {
                if place.holds(span.start) {
                    place.join(whole);
                    continue;
                }
                at = self.close(text, out)?;
            }
            out.push_str(text.get(at..whole.start.max(at)).ok_or(Dropped::Internal)?);
            self.open = Some(whole);
        }
        if self
            .open
            .as_ref()
            .is_some_and(|place| last || !place.holds(to))
        {
            at = self.close(text, out)?;
        }
        if let Some(place) = &mut self.open {
            place.digest_to(text, to)?;
        } else {
            out.push_str(text.get(at..to.max(at)).ok_or(Dropped::Internal)?);
        }
        self.found = found;
        Ok(())
    }

    /// The buffer loses `bytes` at its beginning.
    pub(super) fn shift(&mut self, text: &str, bytes: usize) {
        let gone = text.as_bytes().get(..bytes).unwrap_or_default();
        self.line = match memchr::memrchr(b'\n', gone) {
            Some(at) => bytes - at - 1,
            None => self.line + bytes,
        };
        if let Some(place) = &mut self.open {
            place.end = place.end.saturating_sub(bytes);
            place.digested = place.digested.saturating_sub(bytes);
            for (_, from) in &mut place.tails {
                *from = from.saturating_sub(bytes);
            }
        }
    }

    /// Writes what stands for the open place; where it ended.
    fn close(&mut self, text: &str, out: &mut String) -> Result<usize, Dropped> {
        let mut place = self.open.take().ok_or(Dropped::Internal)?;
        place.digest_to(text, usize::MAX)?;
        self.counts.add(place.kind);
        let bare = self
            .strings
            .as_mut()
            .is_some_and(|strings| strings.is_bare(text.as_bytes(), place.start, place.end));
        let quote = if bare { "\"" } else { "" };
        out.push_str(quote);
        write(out, place.kind, place.digest);
        out.push_str(quote);
        Ok(place.end)
    }
}

impl Place {
    fn new(
        span: &Span,
        masker: &Masker,
        reach: &mut Reach,
        (text, last): (&str, bool),
    ) -> Result<Self, Dropped> {
        let digest = match masker.replacement() {
            Replacement::Placeholder => None,
            Replacement::Pseudonym(key) => Some(keyed(key)?),
        };
        let mut place = Self {
            kind: span.kind,
            // Places begin and end between characters; where one does not, more is masked.
            end: text.ceil_char_boundary(span.end),
            start: text.floor_char_boundary(span.start),
            tails: Vec::new(),
            digest,
            digested: text.floor_char_boundary(span.start),
        };
        if span.tail != Tail::None {
            place.tails.push((span.tail, span.end));
        }
        place.follow(text, last, reach);
        Ok(place)
    }

    /// Whether a place that begins at `start` is part of this one.
    fn holds(&self, start: usize) -> bool {
        start < self.end || !self.tails.is_empty()
    }

    fn join(&mut self, other: Self) {
        self.end = self.end.max(other.end);
        for tail in other.tails {
            // Two of a kind that both come to the end of the text go on as one.
            if !self.tails.contains(&tail) {
                self.tails.push(tail);
            }
        }
    }

    /// Goes on with each tail as far as the text goes.
    fn follow(&mut self, text: &str, last: bool, reach: &mut Reach) {
        let mut end = self.end;
        self.tails.retain_mut(|(tail, from)| {
            let (reached, open) = reach.extend(*tail, text.as_bytes(), *from);
            *from = reached;
            end = end.max(if open && last { text.len() } else { reached });
            open && !last
        });
        self.end = text.ceil_char_boundary(end);
    }

    fn digest_to(&mut self, text: &str, to: usize) -> Result<(), Dropped> {
        let to = to.min(self.end);
        if let Some(digest) = &mut self.digest
            && to > self.digested
        {
            let fold = matches!(self.kind, Kind::Email | Kind::Name);
            let piece = text.get(self.digested..to).ok_or(Dropped::Internal)?;
            if fold {
                digest.update(piece.to_ascii_lowercase().as_bytes());
            } else {
                digest.update(piece.as_bytes());
            }
            self.digested = to;
        }
        Ok(())
    }
}

fn keyed(key: &PseudonymKey) -> Result<Hmac<Sha256>, Dropped> {
    Hmac::new_from_slice(&key.0).map_err(|_| Dropped::Internal)
}

fn write(out: &mut String, kind: Kind, digest: Option<Hmac<Sha256>>) {
    use std::fmt::Write as _;

    out.push('[');
    out.push_str(kind.label());
    if let Some(digest) = digest {
        let code = digest.finalize().into_bytes();
        let code = code.first_chunk().copied().map_or(0, u64::from_be_bytes);
        // Writing to a string does not fail.
        let _ = write!(out, ":{code:016x}");
    }
    out.push(']');
}
