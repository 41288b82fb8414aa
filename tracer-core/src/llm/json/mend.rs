//! JSON that a strict reader refuses, made readable.
//!
//! Servers and clients write what the grammar of RFC 8259 or our types do not take, and go on as if
//! nothing was wrong:
//!
//! - escapes of half a surrogate pair (`"\ud83d"`), where a text was cut between its halves,
//! - bytes that are no UTF-8, and a byte order mark in front,
//! - `NaN`, `Infinity` and `-Infinity`, as Python writes numbers that JSON has not,
//! - a name that an object has twice: its last value counts, as with nearly every parser. Names that
//!   differ in case and underscores only are one name in two spellings (`topP`, `top_p`).
//!
//! Bias: towards reading. Only a text that was refused is mended, so that nothing else pays for it.

use std::{borrow::Cow, collections::HashMap, ops::Range};

use memchr::memchr2;

/// The byte order mark in UTF-8.
pub(in crate::llm) const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Longer names are none that anybody reads.
const LONGEST_NAME: usize = 64;

/// Words that are no JSON and stand for a number.
const NO_NUMBERS: [&[u8]; 3] = [b"NaN", b"Infinity", b"-Infinity"];

/// The value at the beginning of `bytes` in a form that a strict reader takes; `None` if there is
/// nothing to mend. What is wrong in any other way stays so.
pub(in crate::llm) fn mended(bytes: &[u8]) -> Option<Vec<u8>> {
    let unmarked = bytes.strip_prefix(BYTE_ORDER_MARK);
    let text = String::from_utf8_lossy(unmarked.unwrap_or(bytes));
    let mut mender = Mender {
        changed: unmarked.is_some() || matches!(text, Cow::Owned(_)),
        out: Vec::with_capacity(text.len()),
        open: Vec::new(),
    };
    mender.value(text.as_bytes());
    mender.changed.then_some(mender.out)
}

/// Copies a value and mends it on the way.
struct Mender {
    out: Vec<u8>,
    /// The objects (and arrays: `None`) that are open, outermost first.
    open: Vec<Option<Members>>,
    changed: bool,
}

/// The members of an open object.
#[derive(Default)]
struct Members {
    /// Where each stands in the copy, with the comma behind it.
    places: HashMap<Vec<u8>, Range<usize>>,
    now: Member,
}

/// Where in an object we are.
#[derive(Default)]
enum Member {
    /// A name comes next.
    #[default]
    Name,
    /// Behind the name of a member that is remembered.
    Known(Vec<u8>),
    /// Behind any other name.
    Other,
}

impl Mender {
    fn value(&mut self, mut bytes: &[u8]) {
        while let Some((&byte, rest)) = bytes.split_first() {
            bytes = match byte {
                b'"' => self.string(rest),
                b'N' | b'I' | b'-' => self.word(bytes, rest),
                _ => {
                    self.out.push(byte);
                    rest
                }
            };
            match byte {
                b'{' => self.open.push(Some(Members::default())),
                b'[' => self.open.push(None),
                b',' => self.member_ends(),
                b'}' | b']' => drop(self.open.pop()),
                _ => continue,
            }
            if self.open.is_empty() {
                return;
            }
        }
    }

    /// Takes what begins like a word that is no JSON; returns what follows.
    fn word<'a>(&mut self, bytes: &'a [u8], rest: &'a [u8]) -> &'a [u8] {
        if let Some(rest) = NO_NUMBERS.iter().find_map(|word| bytes.strip_prefix(*word)) {
            self.out.extend_from_slice(b"null");
            self.changed = true;
            return rest;
        }
        self.out
            .extend_from_slice(bytes.get(..1).unwrap_or_default());
        rest
    }

    /// Takes a string from behind its first quote; returns what follows it.
    fn string<'a>(&mut self, mut bytes: &'a [u8]) -> &'a [u8] {
        let start = self.out.len();
        self.out.push(b'"');
        while let Some(at) = memchr2(b'"', b'\\', bytes) {
            let (text, rest) = bytes.split_at_checked(at).unwrap_or((bytes, &[]));
            self.out.extend_from_slice(text);
            if let Some(rest) = rest.strip_prefix(b"\"") {
                self.out.push(b'"');
                self.name_ends(start);
                return rest;
            }
            bytes = self.escape(rest);
        }
        self.out.extend_from_slice(bytes);
        &[]
    }

    /// Takes an escape; returns what follows it.
    fn escape<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let (length, is_alone) = match code_unit(bytes) {
            Some(0xd800..=0xdbff) => match bytes.get(6..).and_then(code_unit) {
                Some(0xdc00..=0xdfff) => (12, false),
                _ => (6, true),
            },
            Some(unit) => (6, (0xdc00..=0xdfff).contains(&unit)),
            None => (2, false),
        };
        let (escape, rest) = bytes.split_at_checked(length).unwrap_or((bytes, &[]));
        self.changed |= is_alone;
        self.out
            .extend_from_slice(if is_alone { br"\ufffd" } else { escape });
        rest
    }

    /// A string ended that began at `start`: if it names a member, an earlier one goes.
    fn name_ends(&mut self, start: usize) {
        let Some(Some(members)) = self.open.last_mut() else {
            return;
        };
        if !matches!(members.now, Member::Name) {
            return;
        }
        let name = self.out.get(start + 1..self.out.len() - 1);
        let Some(name) = name.filter(|name| name.len() <= LONGEST_NAME) else {
            members.now = Member::Other;
            return;
        };
        let name: Vec<u8> = (name.iter().filter(|&&byte| byte != b'_'))
            .map(u8::to_ascii_lowercase)
            .collect();
        if let Some(earlier) = members.places.insert(name.clone(), start..start)
            && let Some(place) = self.out.get_mut(earlier)
        {
            place.fill(b' ');
            self.changed = true;
        }
        members.now = Member::Known(name);
    }

    /// A comma came.
    fn member_ends(&mut self) {
        if let Some(Some(members)) = self.open.last_mut()
            && let Member::Known(name) = std::mem::take(&mut members.now)
            && let Some(place) = members.places.get_mut(&name)
        {
            place.end = self.out.len();
        }
    }
}

/// The code unit that an escape at the beginning of `bytes` stands for: `\u` and four digits.
fn code_unit(bytes: &[u8]) -> Option<u16> {
    let digits = bytes.strip_prefix(br"\u")?.get(..4)?;
    digits.iter().try_fold(0, |unit, &digit| {
        let digit = char::from(digit).to_digit(16)?;
        Some(unit << 4 | u16::try_from(digit).ok()?)
    })
}

/// Any bytes: what is mended needs no more mending.
#[cfg(any(test, feature = "fuzzing"))]
pub fn fuzz_mended(data: &[u8]) {
    if let Some(text) = mended(data) {
        assert!(text.len() <= data.len() * 3);
        assert_eq!(mended(&text), None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: &[u8]) -> Option<String> {
        mended(bytes).map(|text| String::from_utf8(text).expect("text"))
    }

    #[test]
    fn what_is_fine_is_left_alone() {
        for fine in [
            r#"{"a":"\ud83d\ude00 \\ud83d \"NaN","b":[-1,{"a":2},{"a":3}],"NaN":null}"#,
            r#"{"a":1} NaN"#,
            r#"{"a":["b","b"],"c":"a"}"#,
            "",
            "[",
        ] {
            assert_eq!(text(fine.as_bytes()), None, "{fine}");
        }
    }

    #[test]
    fn halves_of_pairs() {
        for (broken, expected) in [
            (r#"["\ud83d"]"#, r#"["\ufffd"]"#),
            (r#"["\ude00x"]"#, r#"["\ufffdx"]"#),
            (r#"["\uD83D\ud83d\uDE00"]"#, r#"["\ufffd\ud83d\uDE00"]"#),
            (r#"["\ud83d\n","\ud83"#, r#"["\ufffd\n","\ud83"#),
        ] {
            assert_eq!(text(broken.as_bytes()).as_deref(), Some(expected));
        }
    }

    #[test]
    fn what_is_no_text_and_what_stands_before_it() {
        assert_eq!(text(b"[\"a\xffb\"]").as_deref(), Some("[\"a\u{fffd}b\"]"));
        assert_eq!(text(b"\xef\xbb\xbf{}").as_deref(), Some("{}"));
    }

    #[test]
    fn numbers_that_are_none() {
        assert_eq!(
            text(br#"{"a":NaN,"b":[-Infinity,-1,Infinity],"c":"NaN"}"#).as_deref(),
            Some(r#"{"a":null,"b":[null,-1,null],"c":"NaN"}"#)
        );
    }

    #[test]
    fn the_last_member_of_a_name_counts() {
        let value = |text: Option<String>| {
            text.map(|text| serde_json::from_str::<serde_json::Value>(&text).expect("json"))
        };
        assert_eq!(
            value(text(
                br#"{"a":{"x":1,"x":2},"b":[{"a":1}],"a":{"y":3}, "b" :4,"a":5}"#
            )),
            Some(serde_json::json!({"a": 5, "b": 4}))
        );
        assert_eq!(
            value(text(br#"{"topP":1,"top_p":2}"#)),
            Some(serde_json::json!({"top_p": 2}))
        );
        // One that breaks off.
        assert_eq!(
            text(br#"{"a":1,"b":2,"a":"#).as_deref(),
            Some(r#"{      "b":2,"a":"#)
        );
    }
}
