//! Results of tools that look like errors.
//!
//! Few APIs have a member for it, so frameworks write into the result what went wrong. Bias: only
//! beginnings count that are hardly anything else; a page about errors is a result.

/// Beginnings, in lower case.
const BEGINNINGS: [&str; 16] = [
    "error:",
    "error -",
    "error calling",
    "error executing",
    "error invoking",
    "error running",
    "an error occurred",
    "exception:",
    "traceback (most recent call last)",
    "fatal:",
    "failed to ",
    "command failed",
    "tool execution failed",
    "tool error:",
    "tool call failed",
    "unhandled exception",
];
/// Members of a JSON object, without white space, that say so.
const MEMBERS: [&str; 7] = [
    r#"{"error":""#,
    r#"{"error":{"#,
    r#"{"error":true"#,
    r#"{"iserror":true"#,
    r#"{"is_error":true"#,
    r#"{"success":false"#,
    r#"{"status":"error""#,
];
/// Bytes that are looked at.
const LOOKED_AT: usize = 64;

/// Whether a result begins like an error.
pub(super) fn seems_error(text: &str) -> bool {
    let mut beginning = [0; LOOKED_AT];
    let is_object = text.trim_ascii_start().starts_with('{');
    let bytes = text.trim_ascii_start().bytes().take(4 * LOOKED_AT);
    let bytes = bytes.filter(|byte| !is_object || !byte.is_ascii_whitespace());
    let mut length = 0;
    for (place, byte) in beginning.iter_mut().zip(bytes) {
        *place = byte.to_ascii_lowercase();
        length += 1;
    }
    let beginning = beginning.get(..length).unwrap_or_default();
    let names: &[&str] = if is_object { &MEMBERS } else { &BEGINNINGS };
    names
        .iter()
        .any(|name| beginning.starts_with(name.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beginnings_tell() {
        for text in [
            "Error: no such file",
            "  Traceback (most recent call last):\n",
            "{ \"error\" : \"not found\" }",
            r#"{"success": false, "why": 1}"#,
            "Failed to fetch https://example.com",
        ] {
            assert!(seems_error(text), "{text}");
        }
        for text in [
            "",
            "Error handling in Rust is explicit",
            "no error: all is well",
            r#"{"error":null,"result":1}"#,
            r#"{"errors":[]}"#,
            r#"{"result":"error: none"}"#,
            "errors",
        ] {
            assert!(!seems_error(text), "{text}");
        }
    }
}
