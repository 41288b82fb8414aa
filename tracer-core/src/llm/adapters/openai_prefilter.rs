//! Which chunks of a stream are worth parsing.
//!
//! Nearly all chunks carry a piece of text and repeat what the first one said. Searching for the
//! members that matter costs a twentieth of parsing. A string that equals the name of one costs a
//! parse for nothing.

use std::sync::LazyLock;

use super::members::Members;

static MEMBERS: LazyLock<Members<6>> = LazyLock::new(|| {
    Members::new([
        r#""finish_reason""#,
        r#""usage""#,
        r#""error""#,
        r#""delta""#,
        r#""tool_calls""#,
        r#""function_call""#,
    ])
});

/// Members that the first piece of a call of a tool has: they need not come in the same.
static OF_CALL: LazyLock<Members<2>> = LazyLock::new(|| Members::new([r#""id""#, r#""name""#]));

/// What a chunk of a chat completion or a legacy completion can carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Carried<'a> {
    /// A piece of output alone.
    Output,
    /// A piece of output and counts, the text from their value on.
    Counts(&'a [u8]),
    /// More: the end of a choice, the last counts, an error or the beginning of a tool call.
    More,
}

/// What a chunk carries, without parsing it.
pub(super) fn carried(data: &[u8]) -> Carried<'_> {
    let [reason, usage, error, delta, tools, function] = MEMBERS.values(data);
    let mut calls = [tools, function].into_iter().flatten();
    let begins_call = calls.any(|call| OF_CALL.any_is_set(call));
    match usage {
        _ if reason.is_some() || error.is_some() || begins_call => Carried::More,
        None => Carried::Output,
        Some(counts) if delta.is_some() => Carried::Counts(counts),
        Some(_) => Carried::More,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_alone_is_not_parsed() {
        let chunk =
            br#"{"id":"chatcmpl-1","choices":[{"index":0,"delta":{"content":"say \"usage\": {}"},
            "logprobs":null,"finish_reason":null}],"usage":null,"obfuscation":"x"}"#;
        assert_eq!(carried(chunk), Carried::Output);
    }

    #[test]
    fn pieces_of_arguments_are_not_parsed() {
        let chunk = br#"{"id":"c","choices":[{"delta":{"tool_calls":[{"index":0,"id":null,"function":{"arguments":"{\"id\""}}]}}]}"#;
        assert_eq!(carried(chunk), Carried::Output);
    }

    #[test]
    fn counts_beside_text_are_told() {
        let chunk = br#"{"choices":[{"delta":{"content":"a"},"finish_reason":null}],"usage":{"prompt_tokens":1}}"#;
        assert_eq!(carried(chunk), Carried::Counts(br#"{"prompt_tokens":1}}"#));
    }

    #[test]
    fn whatever_may_matter_is_parsed() {
        for chunk in [
            r#"{"choices":[{"delta":{},"finish_reason" : "stop"}]}"#,
            r#"{"choices":[{"finish_reason":null},{"finish_reason":"length"}]}"#,
            r#"{"choices":[],"usage":{"prompt_tokens":1}}"#,
            r#"{"error":{"message":"m"}}"#,
            r#"{"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"name":"f"}}]}}]}"#,
            r#"{"id":"c","choices":[{"delta":{"tool_calls":[{"index":0,"id":"t1"}]}}]}"#,
            r#"{"choices":[{"delta":{"function_call":{"name":"f"}}}]}"#,
        ] {
            assert_eq!(carried(chunk.as_bytes()), Carried::More, "{chunk}");
        }
    }
}
