//! Where a text may be cut.

use crate::policy::mask::Kind;

/// Hexadecimal digits of a pseudonym.
const PSEUDONYM: usize = 16;
/// The longest placeholder: `[PRIVATE_KEY:0123456789abcdef]` has 30 bytes.
const PLACEHOLDER: usize = 32;

/// The last place, at most at `most`, where a text can be cut: between two characters, and not within
/// the placeholder of something masked.
pub(super) fn place(text: &str, most: usize) -> usize {
    let place = text.floor_char_boundary(most);
    let before = text.floor_char_boundary(place.saturating_sub(PLACEHOLDER));
    let near = text.get(before..place).unwrap_or_default();
    match near.rfind('[') {
        Some(start) if reaches_beyond(text, before + start, place) => before + start,
        _ => place,
    }
}

/// Whether a placeholder begins at `start` and ends behind `place`.
fn reaches_beyond(text: &str, start: usize, place: usize) -> bool {
    let rest = text.get(start..).unwrap_or_default();
    placeholder(rest).is_some_and(|length| start + length > place)
}

/// The length of the placeholder that a text begins with.
fn placeholder(text: &str) -> Option<usize> {
    let inner = text.strip_prefix('[')?;
    let rest = Kind::ALL
        .iter()
        .find_map(|kind| behind_label(inner.strip_prefix(kind.label())?))?;
    Some(text.len() - rest.len())
}

/// What follows a placeholder, from behind its label on.
fn behind_label(rest: &str) -> Option<&str> {
    let rest = match rest.strip_prefix(':') {
        Some(rest) => {
            let (digits, rest) = rest.split_at_checked(PSEUDONYM)?;
            let is_digits = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
            is_digits.then_some(rest)?
        }
        None => rest,
    };
    rest.strip_prefix(']')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str, most: usize) -> &str {
        &text[..place(text, most)]
    }

    #[test]
    fn cuts_fall_between_characters() {
        assert_eq!(cut("aéb", 2), "a");
        assert_eq!(cut("aéb", 3), "aé");
        assert_eq!(cut("aéb", 9), "aéb");
        assert_eq!(cut("aéb", 0), "");
    }

    #[test]
    fn placeholders_stay_whole() {
        for kind in Kind::ALL {
            for placeholder in [
                format!("[{}]", kind.label()),
                format!("[{}:0123456789abcdef]", kind.label()),
            ] {
                let text = format!("to {placeholder}, or {placeholder}");
                let end = 3 + placeholder.len();
                for most in 3..end {
                    assert_eq!(cut(&text, most), "to ", "{text} at {most}");
                }
                assert_eq!(cut(&text, end), format!("to {placeholder}"));
                assert_eq!(cut(&text, text.len()), text);
            }
        }
    }

    #[test]
    fn other_brackets_are_text() {
        assert_eq!(cut("see [EMAILS] there", 8), "see [EMA");
        assert_eq!(cut("[EMAIL:no] and", 5), "[EMAI");
        assert_eq!(cut("[EMAIL", 5), "[EMAI");
        assert_eq!(cut("[[EMAIL]", 4), "[");
    }
}
