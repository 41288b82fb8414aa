//! Credentials that the text names: `password = …`, `"api_key": "…"`, `Authorization: …`,
//! `?token=…`, `https://user:pass@host`.

use super::{
    kind::Kind,
    span::{Span, Tail, begins_word, is_line, is_value},
    tokens::is_mixed,
};

/// How much a word says about the value behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    /// Whatever is assigned to it is secret: `password`.
    Strong,
    /// What is assigned to it may be a count or a type: `token`.
    Weak,
    /// A header whose whole line is secret.
    Header,
}

/// Words that credentials are assigned to, in lower case; they may stand within longer names.
pub(super) const WORDS: &[(&str, Word)] = &[
    ("password", Word::Strong),
    ("passwort", Word::Strong),
    ("passwd", Word::Strong),
    ("passphrase", Word::Strong),
    ("pwd", Word::Strong),
    ("secret", Word::Strong),
    ("private_key", Word::Strong),
    ("privatekey", Word::Strong),
    ("apikey", Word::Weak),
    ("api_key", Word::Weak),
    ("api-key", Word::Weak),
    ("api key", Word::Weak),
    ("access_key", Word::Weak),
    ("accesskey", Word::Weak),
    ("access-key", Word::Weak),
    ("account_key", Word::Weak),
    ("accountkey", Word::Weak),
    ("credential", Word::Weak),
    ("signature", Word::Weak),
    ("token", Word::Weak),
    ("&sig", Word::Weak),
    ("?sig", Word::Weak),
    ("&key", Word::Weak),
    ("?key", Word::Weak),
    ("authorization", Word::Header),
    ("cookie", Word::Header),
];

/// Values that say that there is no secret, in lower case.
const BLANKS: &[&str] = &[
    "password",
    "secret",
    "none",
    "null",
    "nil",
    "true",
    "false",
    "string",
    "undefined",
    "optional",
    "required",
    "redacted",
    "hidden",
    "changeme",
    "example",
    "input",
    "text",
    "bytes",
    "bool",
    "boolean",
    "number",
    "type",
    "xxxx",
    "****",
    "********",
    "hash",
    "field",
];

/// The most bytes of a value before it is only followed.
const VALUE: usize = 256;

/// The value that is assigned to the word which ends at `end`.
pub(super) fn find(text: &[u8], start: usize, end: usize, word: Word) -> Option<Span> {
    let mut at = end
        + count(text, end, 32, |byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
        });
    // Counts of tokens.
    if word == Word::Weak
        && text
            .get(end)
            .is_some_and(|byte| matches!(byte, b's' | b'S'))
    {
        return None;
    }
    let quoted_name = quote(text, at);
    if let Some((_, length)) = quoted_name {
        at += length;
    }
    let spaced = blanks(text, at);
    at += spaced;
    let separator = separator(text, at)?;
    at += separator;
    let gap = blanks(text, at);
    let tight = spaced + gap == 0 && quoted_name.is_none();
    at += gap;
    if word == Word::Header {
        return header(text, at);
    }
    if let Some((mark, length)) = quote(text, at) {
        return quoted(text, at + length, (mark, length), word);
    }
    let length = count(text, at, VALUE, is_value);
    let value = text.get(at..at + length)?;
    let value = trimmed(value);
    let next = text.get(at + length);
    // Calls and look-ups of programs.
    if value.len() == length && matches!(next, Some(b'(' | b'[' | b'{')) {
        return None;
    }
    let in_query = tight && starts_in_query(text, start);
    let secret = match word {
        Word::Strong if tight => value.len() >= 4,
        Word::Strong => value.len() >= 4 && is_telling(value),
        Word::Weak if in_query => value.len() >= 6,
        _ => value.len() >= 12 && is_random(value),
    };
    if !secret || is_blank(value) {
        return None;
    }
    Some(whole(at, value.len(), length == VALUE, Tail::Value))
}

fn whole(at: usize, length: usize, goes_on: bool, tail: Tail) -> Span {
    let span = Span::new(at, at + length, Kind::Credential);
    if goes_on { span.with_tail(tail) } else { span }
}

/// A value between quotation marks.
fn quoted(text: &[u8], at: usize, (mark, escaped): (u8, usize), word: Word) -> Option<Span> {
    let rest = text.get(at..)?;
    let mut length = 0;
    let mut slashes = 0;
    let mut ended = false;
    for byte in rest.iter().take(VALUE) {
        match byte {
            b'\\' => slashes += 1,
            // A mark with more backslashes than the first stands within the value.
            byte if *byte == mark && slashes < escaped => {
                ended = true;
                break;
            }
            b'\n' => {
                ended = true;
                break;
            }
            _ => slashes = 0,
        }
        length += 1;
    }
    let value = rest.get(..length - if ended { slashes.min(length) } else { 0 })?;
    let secret = match word {
        Word::Strong => value.len() >= 4 && !value.starts_with(b"${") && !value.starts_with(b"{{"),
        _ => value.len() >= 8 && !value.contains(&b' ') && is_random(value),
    };
    (secret && !is_blank(value))
        .then(|| whole(at, value.len(), !ended && length == VALUE, Tail::Line))
}

/// The rest of a line of `Authorization` or `Cookie`.
fn header(text: &[u8], at: usize) -> Option<Span> {
    let at = at + quote(text, at).map_or(0, |(_, length)| length);
    let rest = text.get(at..)?;
    let length = rest
        .iter()
        .take(VALUE)
        .take_while(|byte| is_line(**byte) && **byte != b'\\')
        .count();
    let value = rest.get(..length)?;
    let scheme = [
        &b"bearer "[..],
        b"basic ",
        b"token ",
        b"digest ",
        b"apikey ",
        b"aws4-",
    ]
    .iter()
    .any(|scheme| {
        value
            .get(..scheme.len())
            .is_some_and(|begin| begin.eq_ignore_ascii_case(scheme))
    });
    let template = matches!(rest.get(length), Some(b'$' | b'{'))
        || value.starts_with(b"{")
        || value.starts_with(b"[");
    let secret = (scheme && length >= 12)
        || (length >= 8 && is_mixed(value) && !template && !value.starts_with(b"str"));
    secret.then(|| whole(at, length, length == VALUE, Tail::Line))
}

/// The token behind `Bearer ` or `Basic `, which ends at `end`.
pub(super) fn scheme(text: &[u8], start: usize, end: usize) -> Option<Span> {
    if !begins_word(text, start) {
        return None;
    }
    let length = count(text, end, VALUE, |byte| {
        byte.is_ascii_alphanumeric()
            || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'+' | b'/' | b'=')
    });
    let value = text.get(end..end + length)?;
    (length >= 12 && is_random(value)).then(|| whole(end, length, length == VALUE, Tail::Token))
}

/// User and password between `://`, which ends at `end`, and `@`.
pub(super) fn userinfo(text: &[u8], end: usize) -> Option<Span> {
    let rest = text.get(end..)?;
    let length = rest
        .iter()
        .take(1024)
        .take_while(|byte| {
            is_value(**byte) && !matches!(byte, b'/' | b'?' | b'#') || **byte == b'&'
        })
        .count();
    let authority = rest.get(..length)?;
    let at = memchr::memrchr(b'@', authority)?;
    let user = authority.get(..at)?;
    let secret =
        memchr::memchr(b':', user).is_some_and(|colon| colon + 1 < user.len()) || user.len() >= 16;
    secret.then(|| Span::new(end, end + at, Kind::Credential))
}

/// The header of a private key, whose dashes begin at `at`.
pub(super) fn pem(text: &[u8], at: usize) -> Option<Span> {
    let rest = text.get(at + "-----BEGIN".len()..)?;
    let label = rest.get(..memchr::memmem::find(rest.get(..rest.len().min(80))?, b"-----")?)?;
    memchr::memmem::find(label, b"PRIVATE KEY")?;
    let end = at + "-----BEGIN".len() + label.len() + 5;
    Some(Span::new(at, end, Kind::PrivateKey).with_tail(Tail::Pem))
}

fn count(text: &[u8], at: usize, most: usize, is: impl Fn(u8) -> bool) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    rest.iter().take(most).take_while(|byte| is(**byte)).count()
}

fn blanks(text: &[u8], at: usize) -> usize {
    count(text, at, 8, |byte| matches!(byte, b' ' | b'\t'))
}

/// A quotation mark at `at`, with the backslashes before it, and the length of all that.
fn quote(text: &[u8], at: usize) -> Option<(u8, usize)> {
    let slashes = count(text, at, 16, |byte| byte == b'\\');
    let mark = *text.get(at + slashes)?;
    matches!(mark, b'"' | b'\'' | b'`').then_some((mark, slashes + 1))
}

fn separator(text: &[u8], at: usize) -> Option<usize> {
    match text.get(at..)? {
        [b'=', b'>', ..] | [b':', b'=', ..] => Some(2),
        // A comparison assigns nothing, but tells what it compares with.
        [b'=', b'=', ..] => Some(2),
        [b'=' | b':' | b'>', ..] => Some(1),
        _ => None,
    }
}

/// Without the full stop of a sentence.
fn trimmed(value: &[u8]) -> &[u8] {
    let dots = value
        .iter()
        .rev()
        .take_while(|byte| matches!(byte, b'.' | b':' | b'?'))
        .count();
    value.get(..value.len() - dots).unwrap_or(value)
}

/// Whether the name that ends in the word at `start` begins a parameter of a query.
fn starts_in_query(text: &[u8], start: usize) -> bool {
    if text
        .get(start)
        .is_some_and(|byte| matches!(byte, b'?' | b'&'))
    {
        return true;
    }
    let before = text.get(..start).unwrap_or_default();
    let name = before
        .iter()
        .rev()
        .take(32)
        .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'))
        .count();
    matches!(
        before
            .len()
            .checked_sub(name + 1)
            .and_then(|at| before.get(at)),
        Some(b'?' | b'&')
    )
}

/// Whether a value is more than a word.
fn is_telling(value: &[u8]) -> bool {
    let letters = value.iter().any(u8::is_ascii_alphabetic);
    let digits = value.iter().any(u8::is_ascii_digit);
    let marks = value.iter().any(|byte| {
        matches!(
            byte,
            b'!' | b'@' | b'#' | b'$' | b'%' | b'^' | b'*' | b'~' | b'+'
        )
    });
    (letters && digits) || marks
}

/// Whether letters and digits stand together as in no word or number.
fn is_random(value: &[u8]) -> bool {
    value.iter().any(u8::is_ascii_digit)
        && value
            .iter()
            .filter(|byte| byte.is_ascii_alphabetic())
            .count()
            >= 2
}

fn is_blank(value: &[u8]) -> bool {
    value.starts_with(b"<")
        || BLANKS
            .iter()
            .any(|blank| value.eq_ignore_ascii_case(blank.as_bytes()))
}
