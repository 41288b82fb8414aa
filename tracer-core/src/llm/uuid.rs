//! UUIDs as text, by which agents number their sessions: <https://www.rfc-editor.org/rfc/rfc9562#section-4>.

/// Characters of one.
const LENGTH: usize = 36;

/// Whether a text is one.
pub(crate) fn is_uuid(text: &str) -> bool {
    let groups = text.split('-').map(|group| {
        let is_hex = group.bytes().all(|digit| digit.is_ascii_hexdigit());
        is_hex.then_some(group.len())
    });
    groups.eq([8, 4, 4, 4, 12].map(Some))
}

/// The first one behind a word, where nothing but punctuation and the rest of a name is between them.
pub(super) fn uuid_behind<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    /// `_id": "`, and as much again.
    const BETWEEN: usize = 16;
    let (_, rest) = text.rsplit_once(word)?;
    (0..BETWEEN).find_map(|start| {
        let found = rest.get(start..start + LENGTH)?;
        is_uuid(found).then_some(found)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "4be7cf2e-0f5a-4b8f-9c39-6b4cf2a5d1aa";

    #[test]
    fn a_session_in_the_id_of_a_user() {
        for text in [
            format!("user_5ab0_account_{ID}_session_{ID}"),
            format!(r#"{{"device_id":"5ab0","session_id":"{ID}"}}"#),
        ] {
            assert_eq!(uuid_behind(&text, "session"), Some(ID));
        }
        assert_eq!(uuid_behind("jane.doe@example.com", "session"), None);
        assert_eq!(uuid_behind("session_of_jane", "session"), None);
        assert_eq!(uuid_behind(&format!("{ID}_session"), "session"), None);
        assert_eq!(uuid_behind("session_é4be7cf2e-0f5a", "session"), None);
    }
}
