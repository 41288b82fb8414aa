use std::borrow::Cow;

use proptest::prelude::*;

use super::*;
use crate::{
    http::head::Headers,
    llm::{
        adapters::{adapter::Endpoint, table::ADAPTERS},
        call::{Operation, Provider, ProviderBasis, ResponseFacts, ToolCall},
        usage::Usage,
    },
};

/// What a body came to.
#[derive(Debug, PartialEq)]
struct Result {
    facts: ResponseFacts,
    usage: Usage,
    error: Option<String>,
    is_whole: bool,
    chunks: u64,
    capture: CaptureState,
}

fn read(api: &str, provider: &'static str, pieces: &[&[u8]]) -> Result {
    read_bounded(api, provider, pieces, 1 << 20)
}

fn read_bounded(api: &str, provider: &'static str, pieces: &[&[u8]], bound: usize) -> Result {
    let row = ADAPTERS.iter().find(|row| row.adapter.name() == api);
    let recognised = Recognised {
        provider: Provider(Cow::Borrowed(provider)),
        basis: ProviderBasis::Host,
        gateway: None,
        adapter: row.expect("an adapter").adapter,
        endpoint: Endpoint::new(Operation::Chat),
        needs_shape: false,
    };
    let head = Box::new(ResponseHead {
        status: Some(200),
        headers: Headers::default(),
        unknown_fields: 0,
        wire_bytes: 0,
    });
    let mut reader = ResponseReader::new(head, bound, Limits::default());
    for piece in pieces {
        reader.feed(piece, Timestamp::default(), &recognised, None);
    }
    let read = reader.finish(Timestamp::default(), true, &recognised, None);
    let mut answer = read.answer;
    let (usage, error) = (answer.usage, answer.error.take());
    let mut facts = ResponseFacts::default();
    answer.fill(&mut facts);
    Result {
        facts,
        usage,
        error,
        is_whole: read.is_whole,
        chunks: read.times.count,
        capture: read.capture,
    }
}

fn tool(id: &str, name: &str) -> ToolCall {
    ToolCall {
        id: Some(id.to_owned()),
        name: name.to_owned(),
    }
}

const CHAT: &[u8] = br#": OPENROUTER PROCESSING

data: {"id":"","model":"","choices":[],"prompt_filter_results":[]}

data: {"id":"c1","model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}

data: {"id":"c1","model":"m","choices":[{"index":0,"delta":{"content":"say \"usage\":{}"},"finish_reason":null}],"usage":{"prompt_tokens":3,"completion_tokens":1}}

data: {"id":"c1","model":"m","choices":[{"index":0,"delta":{"content":"b"},"finish_reason":null}]}

data: {"id":"c1","model":"m","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"t1","function":{"name":"f","arguments":""}}]},"finish_reason":null}]}

data: {"id":"c1","model":"m","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{}"}}]},"finish_reason":null}]}

data: {"id":"c1","model":"m","choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}],"usage":null}

data: {"id":"c1","model":"m","choices":[],"usage":{"prompt_tokens":3,"completion_tokens":9,"total_tokens":12}}

data: [DONE]

"#;

#[test]
fn a_chat_stream_gives_its_last_usage() {
    let result = read("openai.chat", "openai", &[CHAT]);
    assert_eq!(result.facts.id.as_deref(), Some("c1"));
    assert_eq!(result.facts.model.as_deref(), Some("m"));
    assert_eq!(result.facts.finish_reasons, ["tool_calls"]);
    assert_eq!(result.facts.tool_calls, [tool("t1", "f")]);
    assert_eq!(
        result.usage,
        Usage {
            input: Some(3),
            output: Some(9),
            ..Usage::default()
        }
    );
    assert_eq!(
        (result.chunks, result.error, result.is_whole),
        (4, None, true)
    );
}

proptest! {
    #[test]
    fn any_split_gives_the_same_answer(cuts in proptest::collection::vec(0..CHAT.len(), 0..12)) {
        let mut cuts = cuts;
        cuts.sort_unstable();
        let mut pieces = Vec::new();
        let mut at = 0;
        for cut in cuts {
            pieces.push(&CHAT[at..cut]);
            at = cut;
        }
        pieces.push(&CHAT[at..]);
        prop_assert_eq!(read("openai.chat", "openai", &pieces), read("openai.chat", "openai", &[CHAT]));
    }

    #[test]
    fn any_bytes_are_read_by_every_adapter(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        fuzz_response(&bytes);
        for beginning in ["\x07data: {", "\x07data: {\"choices\":[{\"delta\":", "\x05{\"usage\":", "\x03event: error\ndata:"] {
            fuzz_response(&[beginning.as_bytes(), &bytes].concat());
        }
    }
}

#[test]
fn errors_inside_a_200() {
    for (api, body, expected) in [
        (
            "openai.chat",
            r#"{"error":{"message":"m","code":"rate_limit_exceeded"}}"#,
            "rate_limit_exceeded",
        ),
        (
            "openai.chat",
            "data: {\"error\":{\"message\":\"m\",\"code\":502}}\n\n",
            "502",
        ),
        (
            "openai.chat",
            "event: error\ndata: {\"error\":{\"message\":\"m\",\"code\":\"tool_use_failed\"}}\n\n",
            "tool_use_failed",
        ),
        (
            "anthropic.messages",
            "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\"}}\n\n",
            "overloaded_error",
        ),
        (
            "openai.responses",
            "event: error\ndata: {\"type\":\"error\",\"code\":\"server_error\",\"message\":\"m\"}\n\n",
            "server_error",
        ),
        (
            "openai.responses",
            "data: {\"type\":\"response.failed\",\"response\":{\"id\":\"r\",\"status\":\"failed\",\"error\":{\"code\":\"rate_limit_exceeded\"}}}\n\n",
            "rate_limit_exceeded",
        ),
        (
            "openai.responses",
            r#"{"id":"r","status":"failed"}"#,
            "failed",
        ),
    ] {
        assert_eq!(
            read(api, "openai", &[body.as_bytes()]).error.as_deref(),
            Some(expected),
            "{body}"
        );
    }
}

#[test]
fn a_cut_anthropic_stream_has_no_output_count() {
    let body = b"event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"m1\",\"model\":\"c\",\
        \"usage\":{\"input_tokens\":5,\"cache_read_input_tokens\":7,\"output_tokens\":1}}}\n\n\
        event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"delta\":{\"type\":\"text_delta\",\"text\":\"a\"}}\n\n";
    let result = read("anthropic.messages", "anthropic", &[body]);
    assert_eq!(
        result.usage,
        Usage {
            input: Some(12),
            cache_read: Some(7),
            ..Usage::default()
        }
    );
    assert!(!result.is_whole);
}

#[test]
fn white_space_before_json_and_json_where_a_stream_was_asked_for() {
    let result = read(
        "openai.chat",
        "openrouter",
        &[b"\n \n", b"  {\"id\":\"c2\",\"choices\":[]}"],
    );
    assert_eq!(result.facts.id.as_deref(), Some("c2"));
}

#[test]
fn of_a_body_over_the_bound_the_whole_members_are_read() {
    let body = format!(
        r#"{{"id":"c3","model":"m","choices":[{{"message":{{"content":"{}"}}}}]}}"#,
        "x".repeat(200)
    );
    let result = read_bounded("openai.chat", "openai", &[body.as_bytes()], 100);
    assert_eq!(
        (result.facts.id.as_deref(), result.facts.model.as_deref()),
        (Some("c3"), Some("m"))
    );
    assert_eq!(
        (result.is_whole, result.capture),
        (false, CaptureState::Truncated)
    );
}

#[test]
fn responses_take_their_tools_from_the_last_event() {
    let body = b"event: response.created\ndata: {\"type\":\"response.created\",\"response\":{\"id\":\"r1\",\"model\":\"g\",\"status\":\"in_progress\"}}\n\n\
        event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\"delta\":\"x\"}\n\n\
        event: response.output_item.done\ndata: {\"type\":\"response.output_item.done\",\"output_index\":1,\"item\":{\"type\":\"function_call\",\"call_id\":\"k\",\"name\":\"f\"}}\n\n\
        event: response.incomplete\ndata: {\"type\":\"response.incomplete\",\"response\":{\"id\":\"r1\",\"model\":\"g\",\"status\":\"incomplete\",\
        \"incomplete_details\":{\"reason\":\"max_output_tokens\"},\"output\":[{\"type\":\"reasoning\"},{\"type\":\"function_call\",\"call_id\":\"k\",\"name\":\"f\"}],\
        \"usage\":{\"input_tokens\":3,\"output_tokens\":4,\"output_tokens_details\":{\"reasoning_tokens\":2}}}}\n\n";
    let result = read("openai.responses", "openai", &[body]);
    assert_eq!(result.facts.tool_calls, [tool("k", "f")]);
    assert_eq!(result.facts.finish_reasons, ["max_output_tokens"]);
    assert_eq!(
        (result.usage.output, result.usage.reasoning, result.chunks),
        (Some(4), Some(2), 1)
    );
    assert!(result.is_whole);
}

#[test]
fn counts_so_far_are_those_of_a_stream_that_breaks_off() {
    let chunk = |delta: &str, finish: &str, tokens: u64| {
        format!(
            "data: {{\"id\":\"c\",\"model\":\"m\",\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{delta}\"}},\
            \"finish_reason\":{finish}}}],\"usage\":{{\"prompt_tokens\":3,\"completion_tokens\":{tokens},\"total_tokens\":9}}}}\n\n"
        )
    };
    let begun = chunk("a", "null", 1) + &chunk("b", "null", 2);
    let cut = read("openai.chat", "vllm", &[begun.as_bytes()]);
    assert_eq!((cut.usage.input, cut.usage.output), (Some(3), Some(2)));
    let whole = begun.clone() + &chunk("", "\"stop\"", 3);
    let whole = read("openai.chat", "vllm", &[whole.as_bytes()]);
    assert_eq!(whole.usage.output, Some(3));
    let bare = "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
    let earlier = read("openai.chat", "vllm", &[begun.as_bytes(), bare.as_bytes()]);
    assert_eq!(earlier.usage.output, Some(2), "the last that was told");
    let done = read(
        "openai.chat",
        "vllm",
        &[begun.as_bytes(), b"data: [DONE]\n\n"],
    );
    assert_eq!(done.usage.output, Some(2));
}

#[test]
fn a_chunk_in_an_envelope() {
    let body = b"data: {\"data\":{\"id\":\"c\",\"model_id\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"},\"finish_reason\":\"stop\"}]}}\n\n";
    let result = read("openai.chat", "openai", &[body]);
    assert_eq!(result.facts.model.as_deref(), Some("m"));
    assert_eq!((result.facts.finish_reasons.len(), result.chunks), (1, 1));
}
