use std::sync::LazyLock;

use super::*;
use crate::{
    attribution::AttributionRules,
    detect::Role,
    http::{
        allow_list::AllowList,
        head::{Headers, Host, HttpVersion, Target},
    },
    limits::Limits,
    llm::{builder::Built, call::CaptureState, content::ContentCapture},
    segment::{ConnectionId, ProcessKey},
};

/// A POST of which path and host are unknown.
fn head(host: Option<&str>) -> RequestHead {
    RequestHead {
        method: "POST".to_owned(),
        target: Target::default(),
        host: host.map(|name| Host {
            name: name.to_owned(),
            port: None,
        }),
        headers: Headers::default(),
        target_digest: 0,
        unknown_fields: 3,
        version: HttpVersion::H2,
        wire_bytes: 20,
    }
}

fn context(headers: &AllowList) -> BuilderContext<'_> {
    static NOTHING: LazyLock<AttributionRules> = LazyLock::new(AttributionRules::default);
    BuilderContext {
        body_bytes: 1 << 20,
        limits: Limits::default(),
        headers,
        attribution: &NOTHING,
        hosts: &[],
        content: ContentCapture::Off,
        reads_content: false,
    }
}

/// API, provider, models and input tokens of the call, with the answer in pieces of `cut` bytes.
fn guess(
    host: Option<&str>,
    request: &str,
    answer: &str,
    cut: usize,
) -> Option<(&'static str, String, Option<String>, Option<u64>)> {
    let id = ConnectionId {
        process: ProcessKey(1),
        handle: 1,
        generation: 1,
    };
    let list = AllowList::default();
    let time = Timestamp::default();
    let origin = Origin {
        connection: id,
        exchange: ExchangeId(0),
        role: Role::Client,
    };
    let mut guess = Guess::new(origin, Box::new(head(host)), time);
    let mut call = None;
    let mut take = |kind: Kind<'_>| match &mut call {
        None => call = guess.event(kind, time, context(&list)),
        Some(call) => call.event(kind, time),
    };
    for piece in request.as_bytes().chunks(cut) {
        take(Kind::RequestBody(piece));
    }
    take(Kind::RequestEnd(BodyEnd::Complete));
    take(Kind::ResponseHead(Box::new(ResponseHead {
        status: Some(200),
        headers: Headers::default(),
        unknown_fields: 1,
        wire_bytes: 9,
    })));
    for piece in answer.as_bytes().chunks(cut) {
        take(Kind::ResponseBody(piece));
    }
    let Built::Call(call) = call?.finish(BodyEnd::Complete, time) else {
        return None;
    };
    let facts = call.facts();
    assert_eq!(facts.capture, CaptureState::Headers);
    assert_eq!(facts.request.body_bytes, request.len() as u64);
    assert_eq!(facts.response.body_bytes, answer.len() as u64);
    Some((
        facts.api.0,
        facts.provider.0.to_string(),
        facts.request.model.clone(),
        facts.usage.input,
    ))
}

const MESSAGES: &str =
    r#"{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"hi"}]}"#;
const INPUT: &str = r#"{"model":"m","input":"hi"}"#;

#[test]
fn apis_are_told_by_their_answers() {
    for (request, answer, api, provider, tokens) in [
        (
            MESSAGES,
            r#"{"id":"c","object":"chat.completion","choices":[],"usage":{"prompt_tokens":3,"completion_tokens":1}}"#,
            "openai.chat",
            "openai",
            Some(3),
        ),
        (
            MESSAGES,
            "data: {\"choices\":[{\"delta\":{}}],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":1}}\n\ndata: [DONE]\n\n",
            "openai.chat",
            "openai",
            Some(3),
        ),
        (
            MESSAGES,
            r#"{"id":"msg","type":"message","role":"assistant","content":[{"type":"text","text":"\"choices\""}],"usage":{"input_tokens":3,"output_tokens":1}}"#,
            "anthropic.messages",
            "anthropic",
            Some(3),
        ),
        (
            MESSAGES,
            "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"usage\":{\"input_tokens\":3}}}\n\n",
            "anthropic.messages",
            "anthropic",
            Some(3),
        ),
        (
            INPUT,
            r#"{"id":"r","object":"response","usage":{"input_tokens":3,"output_tokens":1}}"#,
            "openai.responses",
            "openai",
            Some(3),
        ),
        (
            INPUT,
            r#"{"object":"list","data":[{"object":"embedding"}],"usage":{"prompt_tokens":3,"total_tokens":3}}"#,
            "openai.embeddings",
            "openai",
            Some(3),
        ),
    ] {
        for cut in [1, 7, 10_000] {
            let expected = (api, provider.to_owned(), Some("m".to_owned()), tokens);
            assert_eq!(
                guess(None, request, answer, cut),
                Some(expected),
                "{answer}"
            );
        }
    }
}

#[test]
fn a_known_host_names_the_provider() {
    let answer = r#"{"object":"chat.completion","choices":[]}"#;
    let call = guess(Some("api.groq.com"), MESSAGES, answer, 100).expect("a call");
    assert_eq!(call.1, "groq");
}

#[test]
fn what_has_no_mark_or_no_shape_is_no_call() {
    for (request, answer) in [
        (MESSAGES, r#"{"ok":true}"#),
        (r#"{"text":"hi"}"#, r#"{"object":"chat.completion"}"#),
        // The members of a request, but not where they should be.
        (r#"{"a":{"messages":1}}"#, r#"{"object":"chat.completion"}"#),
    ] {
        assert_eq!(guess(None, request, answer, 100), None, "{request}");
    }
    let late = "x".repeat(ANSWER_BYTES) + r#""object":"chat.completion""#;
    assert_eq!(guess(None, MESSAGES, &late, 1000), None);
}
