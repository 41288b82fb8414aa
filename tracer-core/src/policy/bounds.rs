//! Bounds on every string that leaves the core.
//!
//! Names and ids of providers are short; what is longer is damaged or hostile. A string over its
//! bound is cut, not dropped: its beginning still tells people what it was.

use super::looks_like_credential;
use crate::{
    llm::{
        call::OTHER,
        strings::{Bounds, StringKind},
    },
    text::is_invisible,
};

/// Bytes of an id, a model name, a tier, a finish reason, a tool name.
const NAME_BYTES: usize = 256;
/// Bytes of an `error.type`.
const ERROR_TYPE_BYTES: usize = 100;
/// Bytes of a header value (user agent, headers the operator asked to keep) and of a path.
const HEADER_BYTES: usize = 1024;
/// Bytes of one stop sequence: the caller's text, but a parameter in the conventions.
const STOP_SEQUENCE_BYTES: usize = 64;
/// Stop sequences.
const STOP_SEQUENCES: usize = 16;
/// Tool calls, finish reasons, encodings.
const LIST_ITEMS: usize = 128;

/// What every string gets on its way out.
pub(super) struct ReleaseBounds;

impl Bounds for ReleaseBounds {
    fn string(&self, text: &mut String, kind: StringKind) {
        // A kind of error is few words of the provider's, and a label of metrics: some quote the key.
        if kind == StringKind::ErrorType && looks_like_credential(text) {
            OTHER.clone_into(text);
        }
        clean(
            text,
            match kind {
                StringKind::Name => NAME_BYTES,
                StringKind::Header => HEADER_BYTES,
                StringKind::StopSequence => STOP_SEQUENCE_BYTES,
                StringKind::ErrorType => ERROR_TYPE_BYTES,
            },
        );
    }

    /// One that has nothing left is dropped.
    fn option(&self, text: &mut Option<String>, kind: StringKind) {
        if let Some(inner) = text {
            self.string(inner, kind);
            if inner.is_empty() {
                *text = None;
            }
        }
    }

    fn items(&self, kind: StringKind) -> usize {
        match kind {
            StringKind::StopSequence => STOP_SEQUENCES,
            StringKind::Name | StringKind::Header | StringKind::ErrorType => LIST_ITEMS,
        }
    }
}

/// Removes control characters and invisible ones, and cuts at the last character that fits in `max`
/// bytes.
fn clean(text: &mut String, max: usize) {
    if text
        .bytes()
        // The first bytes of all that is invisible, and of some that is not.
        .any(|byte| byte < 0x20 || matches!(byte, 0x7f | 0xc2 | 0xd8 | 0xe2 | 0xef))
    {
        text.retain(|c| !is_invisible(c));
    }
    if text.len() > max {
        let end = text.floor_char_boundary(max);
        text.truncate(end);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_is_a_kind_of_error() {
        let mut kinds = ["sk-proj-canary", "invalid_api_key"].map(str::to_owned);
        for kind in &mut kinds {
            ReleaseBounds.string(kind, StringKind::ErrorType);
        }
        assert_eq!(kinds, ["_OTHER", "invalid_api_key"]);
    }

    #[test]
    fn control_characters_go_and_cuts_fall_between_characters() {
        let mut text = "gpt\u{0}-4\n\u{85}o".to_owned();
        clean(&mut text, 100);
        assert_eq!(text, "gpt-4o");

        let mut text = "\u{202e}gpt\u{61c}-\u{feff}5 \u{2013} é\u{200b}".to_owned();
        clean(&mut text, 100);
        assert_eq!(text, "gpt-5 \u{2013} é");

        let mut text = "aé".repeat(10);
        clean(&mut text, 5);
        assert_eq!(text, "aéa");
    }

    #[test]
    fn nothing_left_is_nothing() {
        let mut text = Some("\u{7f}\r\n".to_owned());
        ReleaseBounds.option(&mut text, StringKind::Name);
        assert_eq!(text, None);
    }
}
