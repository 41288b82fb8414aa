//! Which chunks of a stream are worth parsing.
//!
//! Nearly all chunks carry a piece of text and repeat what the first one said. Searching for the
//! members that matter costs a tenth of parsing. A member's name with both of its quotes cannot
//! stand inside a JSON string, where quotes are escaped, so the search never misses; a string that
//! equals a name costs one parse for nothing.

use std::sync::LazyLock;

use memchr::memmem::Finder;

static FINISH_REASON: LazyLock<Finder<'static>> =
    LazyLock::new(|| Finder::new(r#""finish_reason""#));
static USAGE: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(r#""usage""#));
static ERROR: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(r#""error""#));
static TOOL_CALLS: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(r#""tool_calls""#));
static FUNCTION_CALL: LazyLock<Finder<'static>> =
    LazyLock::new(|| Finder::new(r#""function_call""#));
static NAME: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(r#""name""#));

/// Whether a chunk of a chat completion or a legacy completion can carry more than text: the end of
/// a choice, usage, an error or the beginning of a tool call.
pub(super) fn chunk_has_metadata(data: &[u8]) -> bool {
    has_value(&FINISH_REASON, data)
        || has_value(&USAGE, data)
        || has_value(&ERROR, data)
        || (has_value(&NAME, data)
            && (has_value(&TOOL_CALLS, data) || has_value(&FUNCTION_CALL, data)))
}

/// Whether a member is there and not null.
fn has_value(member: &Finder<'_>, data: &[u8]) -> bool {
    member.find_iter(data).any(|at| {
        let after = data.get(at + member.needle().len()..).unwrap_or_default();
        let value = after
            .trim_ascii_start()
            .strip_prefix(b":")
            .map(<[u8]>::trim_ascii_start);
        value.is_some_and(|value| !value.starts_with(b"null"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_alone_is_not_parsed() {
        let chunk =
            br#"{"id":"chatcmpl-1","choices":[{"index":0,"delta":{"content":"say \"usage\": {}"},
            "logprobs":null,"finish_reason":null}],"usage":null,"obfuscation":"x"}"#;
        assert!(!chunk_has_metadata(chunk));
    }

    #[test]
    fn whatever_may_matter_is_parsed() {
        for chunk in [
            r#"{"choices":[{"delta":{},"finish_reason" : "stop"}]}"#,
            r#"{"choices":[{"finish_reason":null},{"finish_reason":"length"}]}"#,
            r#"{"choices":[],"usage":{"prompt_tokens":1}}"#,
            r#"{"error":{"message":"m"}}"#,
            r#"{"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"name":"f"}}]}}]}"#,
            r#"{"choices":[{"delta":{"function_call":{"name":"f"}}}]}"#,
        ] {
            assert!(chunk_has_metadata(chunk.as_bytes()), "{chunk}");
        }
    }
}
