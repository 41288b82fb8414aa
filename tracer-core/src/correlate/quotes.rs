//! Answers that stand in what other calls ask, amid other text.

use std::borrow::Cow;

use lru::LruCache;

use crate::llm::content::{HEAD, Quotable, TextDigest};

/// Beginnings of answers that are remembered, the oldest forgotten first.
const HEADS: usize = 4096;
/// Answers that begin alike.
const ALIKE: usize = 8;
/// Bytes that are compared for one request: hostile answers begin like all of what is asked.
const COMPARED: u64 = 1 << 20;

/// Where answers begin.
#[derive(Debug)]
pub(super) struct Quotes(LruCache<u64, Vec<Quotable>>);

impl Default for Quotes {
    fn default() -> Self {
        // Not made with its capacity: that would be allocated at once.
        Self(LruCache::unbounded())
    }
}

/// An answer that stands in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Quote {
    /// The digest of the answer.
    pub(super) text: u64,
    /// Its length in bytes.
    pub(super) bytes: u64,
}

impl Quotes {
    /// An answer can be quoted from here on.
    pub(super) fn note(&mut self, answer: Quotable) {
        let alike = self.0.get_or_insert_mut(answer.head, Vec::new);
        if !alike.contains(&answer) {
            if alike.len() >= ALIKE {
                alike.remove(0);
            }
            alike.push(answer);
        }
        while self.0.len() > HEADS {
            self.0.pop_lru();
        }
    }

    /// The answers that stand in the texts of a request, as they were given or as JSON writes them. Of
    /// one that is part of another one only the longer is told.
    pub(super) fn find(&self, texts: &[Box<str>]) -> Vec<Quote> {
        let mut left = COMPARED;
        let mut found = Vec::new();
        for text in texts {
            let plain = self.find_in(text, &mut left);
            let written = unescaped(text).map(|text| self.find_in(&text, &mut left));
            let bytes = |quotes: &[Quote]| quotes.iter().map(|quote| quote.bytes).sum::<u64>();
            let better = written.filter(|written| bytes(written) > bytes(&plain));
            found.extend(better.unwrap_or(plain));
        }
        found
    }

    fn find_in(&self, text: &str, left: &mut u64) -> Vec<Quote> {
        let bytes = text.as_bytes();
        let mut found = Vec::new();
        let mut at = 0;
        while let Some(head) = bytes.get(at..at + HEAD) {
            let alike = text
                .is_char_boundary(at)
                .then(|| self.0.peek(&TextDigest::of(head).value()));
            let quotes = alike.flatten().into_iter().flatten();
            let quotes = quotes.filter(|quote| is_at(text, at, **quote, left));
            match quotes.max_by_key(|quote| quote.bytes) {
                Some(quote) => {
                    found.push(Quote {
                        text: quote.text,
                        bytes: quote.bytes,
                    });
                    at += usize::try_from(quote.bytes).unwrap_or(HEAD);
                }
                None => at += 1,
            }
        }
        found
    }
}

/// Whether a text stands in another one from a place on, and is no part of a longer word.
fn is_at(text: &str, at: usize, quote: Quotable, left: &mut u64) -> bool {
    let end = usize::try_from(quote.bytes)
        .ok()
        .and_then(|bytes| at.checked_add(bytes));
    let Some(whole) = end.and_then(|end| text.get(at..end)) else {
        return false;
    };
    *left = left.saturating_sub(quote.bytes);
    if *left == 0 || TextDigest::of(whole.as_bytes()).value() != quote.text {
        return false;
    }
    let (before, after) = (text.get(..at), text.get(at + whole.len()..));
    let is_word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    let goes_on = is_word(before.and_then(|before| before.chars().next_back()))
        && is_word(whole.chars().next());
    let goes_further =
        is_word(after.and_then(|after| after.chars().next())) && is_word(whole.chars().next_back());
    !goes_on && !goes_further
}

/// A text that holds strings of JSON, as they are read; `None` if it holds no escapes.
fn unescaped(text: &str) -> Option<Cow<'_, str>> {
    if !text.contains('\\') {
        return None;
    }
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, escape)) = rest.split_once('\\') {
        plain.push_str(before);
        let mut chars = escape.chars();
        let kind = chars.next();
        rest = chars.as_str();
        match kind {
            Some('n') => plain.push('\n'),
            Some('t') => plain.push('\t'),
            Some('r') => plain.push('\r'),
            Some(c @ ('"' | '\\' | '/')) => plain.push(c),
            Some('u') => {
                let (c, behind) = unit(rest);
                plain.push(c);
                rest = behind;
            }
            Some(c) => plain.extend(['\\', c]),
            None => plain.push('\\'),
        }
    }
    plain.push_str(rest);
    Some(Cow::Owned(plain))
}

/// The character of an escape behind its `u`, and what follows.
fn unit(text: &str) -> (char, &str) {
    let hex = |text: &str| u32::from_str_radix(text.get(..4)?, 16).ok();
    let behind = |bytes: usize| text.get(bytes..).unwrap_or_default();
    let Some(high) = hex(text) else {
        return (char::REPLACEMENT_CHARACTER, text);
    };
    if let Some(c) = char::from_u32(high) {
        return (c, behind(4));
    }
    let low = behind(4).strip_prefix("\\u").and_then(hex);
    let pair = low
        .filter(|low| (0xdc00..0xe000).contains(low) && (0xd800..0xdc00).contains(&high))
        .and_then(|low| char::from_u32(0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00)));
    match pair {
        Some(c) => (c, behind(10)),
        None => (char::REPLACEMENT_CHARACTER, behind(4)),
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    const ANSWER: &str =
        "Paris is the capital of France.\nIt lies at the \"Seine\" – naturally 🙂.";

    fn quotable(text: &str) -> Quotable {
        let bytes = text.as_bytes();
        Quotable {
            head: TextDigest::of(&bytes[..HEAD]).value(),
            bytes: bytes.len() as u64,
            text: TextDigest::of(bytes).value(),
        }
    }

    /// Which of the answers stand in a text.
    fn find(answers: &[&str], text: &str) -> Vec<usize> {
        let mut quotes = Quotes::default();
        answers.iter().for_each(|text| quotes.note(quotable(text)));
        let found = quotes.find(&[text.into()]);
        let place = |quote: &Quote| {
            let is_it = |text: &&str| quotable(text).text == quote.text;
            answers.iter().position(is_it).expect("an answer")
        };
        found.iter().map(place).collect()
    }

    #[test]
    fn an_answer_is_found_amid_other_text() {
        for text in [
            ANSWER.to_owned(),
            format!("<answer>{ANSWER}</answer>"),
            format!("Submission: {ANSWER}\n***"),
            format!("{}", serde_json::json!({"response": ANSWER, "other": [1]})),
        ] {
            assert_eq!(find(&[ANSWER], &text), [0], "{text}");
        }
        let ascii = ANSWER
            .replace('–', "\\u2013")
            .replace('🙂', "\\ud83d\\ude42");
        let ascii = ascii.replace('\n', "\\n").replace('"', "\\\"");
        assert_eq!(
            find(&[ANSWER], &format!("{{\"response\": \"{ascii}\"}}")),
            [0]
        );
    }

    #[test]
    fn part_of_an_answer_is_another_text() {
        let without_end = ANSWER.trim_end_matches('.');
        for text in [
            without_end,
            &ANSWER[1..],
            "",
            "Paris is the capital of Spain.",
        ] {
            assert!(find(&[ANSWER], text).is_empty(), "{text}");
        }
        let word = "A sentence that ends with a word";
        assert!(find(&[word], "A sentence that ends with a wordy").is_empty());
        assert!(find(&[word], "xA sentence that ends with a word").is_empty());
        assert_eq!(
            find(&[word], "A sentence that ends with a word, and goes on"),
            [0]
        );
    }

    #[test]
    fn of_an_answer_within_another_one_only_the_longer_is_told() {
        let inner = "It lies at the \"Seine\"";
        assert_eq!(find(&[inner, ANSWER], &format!("Text: {ANSWER}")), [1]);
        let longer = format!("{ANSWER} Indeed.");
        assert_eq!(find(&[ANSWER, &longer], &format!("Text: {longer}")), [1]);
        assert_eq!(find(&[inner, ANSWER], &format!("{inner} {ANSWER}")), [0, 1]);
    }

    #[test]
    #[expect(
        clippy::disallowed_methods,
        reason = "how long it takes is what is tested"
    )]
    fn hostile_texts_take_no_time() {
        let all = "a".repeat(64 << 10);
        let answers: Vec<_> = (1..=ALIKE).map(|n| "a".repeat((32 << 10) + n)).collect();
        let answers: Vec<_> = answers.iter().map(String::as_str).collect();
        let before = Instant::now();
        find(&answers, &format!("b{all}\\n"));
        assert!(before.elapsed() < Duration::from_secs(2));
    }
}
