//! Bounds on every string that leaves the core.
//!
//! Names and ids of providers are short; what is longer is damaged or hostile. A string over its
//! bound is cut, not dropped: its beginning still tells people what it was.

/// Bytes of an id, a model name, a tier, a finish reason, a tool name.
pub(super) const NAME_BYTES: usize = 256;
/// Bytes of an `error.type`.
pub(super) const ERROR_TYPE_BYTES: usize = 100;
/// Bytes of a header value (user agent, headers the operator asked to keep) and of a path.
pub(super) const HEADER_BYTES: usize = 1024;
/// Bytes of one stop sequence: the caller's text, but a parameter in the conventions.
pub(super) const STOP_SEQUENCE_BYTES: usize = 64;
/// Stop sequences.
pub(super) const STOP_SEQUENCES: usize = 16;
/// Tool calls, finish reasons, encodings.
pub(super) const LIST_ITEMS: usize = 128;

/// Removes control characters and cuts at the last character that fits in `max` bytes.
pub(super) fn clean(text: &mut String, max: usize) {
    if text
        .bytes()
        .any(|byte| byte < 0x20 || byte == 0x7f || byte == 0xc2)
    {
        text.retain(|c| !c.is_control());
    }
    if text.len() > max {
        let end = text.floor_char_boundary(max);
        text.truncate(end);
    }
}

/// [`clean`]s an optional string; one that has nothing left is dropped.
pub(super) fn clean_option(text: &mut Option<String>, max: usize) {
    if let Some(inner) = text {
        clean(inner, max);
        if inner.is_empty() {
            *text = None;
        }
    }
}

/// [`clean`]s a list of at most `items`; the rest is dropped.
pub(super) fn clean_list(list: &mut Vec<String>, items: usize, max: usize) {
    list.truncate(items);
    for text in list {
        clean(text, max);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_go_and_cuts_fall_between_characters() {
        let mut text = "gpt\u{0}-4\n\u{85}o".to_owned();
        clean(&mut text, 100);
        assert_eq!(text, "gpt-4o");

        let mut text = "aé".repeat(10);
        clean(&mut text, 5);
        assert_eq!(text, "aéa");
    }

    #[test]
    fn nothing_left_is_nothing() {
        let mut text = Some("\u{7f}\r\n".to_owned());
        clean_option(&mut text, 10);
        assert_eq!(text, None);
    }
}
