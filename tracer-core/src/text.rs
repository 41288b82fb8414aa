//! Characters that text of others must not bring along.

/// Control characters, and the format characters that hide or reorder text: zero-width ones,
/// and marks, embeddings, overrides and isolates of bidirectional text (Unicode UAX #9).
pub fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{061c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}
