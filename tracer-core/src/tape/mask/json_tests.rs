use super::*;

fn masked(members: Members, text: &str) -> String {
    let mut out = Vec::new();
    JsonMask::new(members).feed(text.as_bytes(), &mut out);
    assert_eq!(out.len(), text.len());
    String::from_utf8(out).expect("ascii")
}

#[test]
fn a_request_keeps_its_parameters() {
    assert_eq!(
        masked(
            Members::OfRequest,
            r#"{"model":"gpt-5","messages":[{"role":"user","content":"a \"b\" ü"}],"n":2,"user":"me","metadata":{"k":1},"stop":["\n","END"],"stream":true}"#
        ),
        r#"{"model":"gpt-5","messages":[{"xxxx":"xxxx","xxxxxxx":"xxxxxxxxxx"}],"n":2,"user":"xx","metadata":{"x":1},"stop":["xx","END"],"stream":true}"#
            .replace(r#""xxxxxxxxxx""#, &format!("\"{}\"", "x".repeat("a \\\"b\\\" ü".len())))
    );
}

#[test]
fn an_answer_keeps_names_and_counts() {
    assert_eq!(
        masked(
            Members::OfResponse,
            r#"{"id":"c-1","choices":[{"message":{"content":"hi","tool_calls":[{"function":{"name":"f","arguments":"{}"}}]},"finish_reason":"stop","logprobs":[-1.5]}],"usage":{"prompt_tokens":12}}"#
        ),
        r#"{"id":"c-1","choices":[{"message":{"content":"xx","tool_calls":[{"function":{"name":"f","arguments":"xx"}}]},"finish_reason":"stop","logprobs":[-1.1]}],"usage":{"prompt_tokens":12}}"#
    );
}

#[test]
fn tool_arguments_are_content_down_to_their_names() {
    assert_eq!(
        masked(
            Members::OfResponse,
            r#"{"content":[{"type":"tool_use","name":"pay","input":{"id":"secret","type":7}}]}"#
        ),
        r#"{"content":[{"type":"tool_use","name":"pay","input":{"xx":"xxxxxx","xxxx":1}}]}"#
    );
}

#[test]
fn what_is_no_json_is_hidden_to_its_end() {
    for (text, expected) in [
        (r#"{"id" "model"}"#, r#"{"id" xxxxxxxx"#),
        ("secret {\"id\":1}", "xxxxxxxxxxxxxxx"),
        (r#"{"a":trusted}"#, r#"{"a":truxxxxx"#),
        ("{\"id\":\"a\nb\"}", "{\"id\":\"axxxx"),
        (r#"{"id":"a"]"#, r#"{"id":"a"x"#),
        ("[DONE]", "[DONE]"),
        ("[DONE it]", "[DONE xxx"),
    ] {
        assert_eq!(masked(Members::OfResponse, text), expected, "{text}");
    }
}

#[test]
fn sentences_and_long_texts_are_no_names() {
    assert_eq!(
        masked(Members::OfResponse, r#"{"code":"The caller may not"}"#),
        r#"{"code":"The xxxxxx xxx xxx"}"#
    );
    let long = format!(r#"{{"id":"{}"}}"#, "a".repeat(300));
    let out = masked(Members::OfResponse, &long);
    assert_eq!(out.matches('a').count(), TEXT_BYTES);
    assert!(serde_json::from_str::<serde_json::Value>(&out).is_ok());
}

#[test]
fn documents_may_follow_each_other() {
    assert_eq!(
        masked(
            Members::OfResponse,
            "{\"id\":\"a\"}\n{\"id\":\"b\",\"x\":\"c\"}\n"
        ),
        "{\"id\":\"a\"}\n{\"id\":\"b\",\"x\":\"x\"}\n"
    );
}
