//! Tests of Bedrock's models in the formats of their makers.

use super::{super::testing as support, *};

const COUNTED: [(&str, &str); 2] = [
    ("x-amzn-bedrock-input-token-count", "12"),
    ("x-amzn-bedrock-output-token-count", "34"),
];

fn document(body: &str) -> support::Seen {
    support::document_with(&BedrockInvoke, &COUNTED, body)
}

fn frames(chunks: &[&str]) -> support::Seen {
    let frame = |chunk: &&str| {
        let bytes = BASE64_STANDARD.encode(chunk);
        format!(r#"{{"bytes":"{bytes}","p":"abcdef"}}"#)
    };
    let frames: Vec<_> = chunks.iter().map(frame).collect();
    let events: Vec<_> = frames
        .iter()
        .map(|frame| ("chunk", frame.as_str()))
        .collect();
    support::events(&BedrockInvoke, &events)
}

#[test]
fn the_name_of_a_model_may_tell_what_it_does() {
    let operation = |model: &str| {
        let path = format!("/model/{model}/invoke");
        let endpoint = support::endpoint(&BedrockInvoke, "aws.bedrock", &path);
        endpoint.expect("an endpoint").operation
    };
    assert_eq!(
        operation("amazon.titan-embed-text-v2%3A0"),
        Operation::Embeddings
    );
    assert_eq!(operation("cohere.rerank-v3-5%3A0"), Operation::Rerank);
    assert_eq!(
        operation("amazon.nova-canvas-v1%3A0"),
        Operation::ImageGeneration
    );
    assert_eq!(
        operation("meta.llama3-8b-instruct-v1%3A0"),
        Operation::TextCompletion
    );
}

#[test]
fn answers_in_the_formats_of_their_makers() {
    let by_headers = (Some(12), Some(34));
    for (body, tokens, reasons) in [
        // Anthropic.
        (
            r#"{"id":"msg_1","type":"message","model":"claude","content":[],"stop_reason":"end_turn",
                "usage":{"input_tokens":4,"cache_read_input_tokens":100,"output_tokens":5}}"#,
            (Some(104), Some(5)),
            &["end_turn"][..],
        ),
        // Older Claude.
        (
            r#"{"type":"completion","completion":" x","stop_reason":"stop_sequence","stop":"\n"}"#,
            by_headers,
            &["stop_sequence"],
        ),
        // Titan.
        (
            r#"{"inputTextTokenCount":5,"results":[{"tokenCount":10,"outputText":"x","completionReason":"LENGTH"},
                {"tokenCount":3,"outputText":"y","completionReason":"FINISH"}]}"#,
            (Some(5), Some(13)),
            &["LENGTH", "FINISH"],
        ),
        // Llama.
        (
            r#"{"generation":"x","prompt_token_count":8,"generation_token_count":35,"stop_reason":"stop"}"#,
            (Some(8), Some(35)),
            &["stop"],
        ),
        // Nova.
        (
            r#"{"output":{"message":{"content":[{"text":"x"}],"role":"assistant"}},"stopReason":"max_tokens",
                "usage":{"inputTokens":5,"outputTokens":10,"cacheReadInputTokenCount":2}}"#,
            (Some(7), Some(10)),
            &["max_tokens"],
        ),
        // Cohere's completions and chats.
        (
            r#"{"id":"c","generations":[{"finish_reason":"COMPLETE","text":"x"},{"finish_reason":"MAX_TOKENS"}]}"#,
            by_headers,
            &["COMPLETE", "MAX_TOKENS"],
        ),
        (
            r#"{"response_id":"r","generation_id":"g","text":"x","finish_reason":"STOP_SEQUENCE"}"#,
            by_headers,
            &["STOP_SEQUENCE"],
        ),
        // Mistral.
        (
            r#"{"outputs":[{"text":"x","stop_reason":"length"}]}"#,
            by_headers,
            &["length"],
        ),
        // Jurassic.
        (
            r#"{"id":1234,"completions":[{"data":{"text":"x"},"finishReason":{"reason":"endoftext"}}]}"#,
            by_headers,
            &["endoftext"],
        ),
        // Chat completions, and those that say `stop_reason` in one.
        (
            r#"{"choices":[{"index":0,"finish_reason":"stop","message":{"content":"x"}}],
                "usage":{"prompt_tokens":6,"completion_tokens":7}}"#,
            (Some(6), Some(7)),
            &["stop"],
        ),
        (
            r#"{"choices":[{"text":"x","stop_reason":"length"}]}"#,
            by_headers,
            &["length"],
        ),
    ] {
        let seen = document(body);
        assert_eq!(seen.tokens(), tokens, "{body}");
        assert_eq!(seen.facts.finish_reasons, reasons, "{body}");
    }
}

#[test]
fn a_stream_of_titan_or_llama_is_counted_at_its_end() {
    let seen = frames(&[
        r#"{"generation":"a","prompt_token_count":10,"generation_token_count":1,"stop_reason":null}"#,
        r#"{"generation":"b","prompt_token_count":null,"generation_token_count":2,"stop_reason":null}"#,
        r#"{"generation":"","prompt_token_count":null,"generation_token_count":3,"stop_reason":"stop",
            "amazon-bedrock-invocationMetrics":{"inputTokenCount":10,"outputTokenCount":3,"firstByteLatency":1}}"#,
    ]);
    assert_eq!(seen.tokens(), (Some(10), Some(3)));
    assert_eq!(seen.facts.finish_reasons, ["stop"]);
    assert_eq!((seen.outputs, seen.ended), (3, true));
}

#[test]
fn a_stream_of_anthropic_counts_itself() {
    let seen = frames(&[
        r#"{"type":"message_start","message":{"id":"msg_1","model":"claude","usage":{"input_tokens":4,"cache_creation_input_tokens":9,"output_tokens":1}}}"#,
        r#"{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"t1","name":"go"}}"#,
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{}"}}"#,
        r#"{"type":"message_delta","delta":{"stop_reason":"tool_use"},"usage":{"output_tokens":22}}"#,
        r#"{"type":"message_stop","amazon-bedrock-invocationMetrics":{"inputTokenCount":4,"outputTokenCount":22}}"#,
    ]);
    assert_eq!(seen.tokens(), (Some(13), Some(22)));
    assert_eq!(seen.tools(), [("go", Some("t1"))]);
    assert_eq!(seen.facts.id.as_deref(), Some("msg_1"));
    assert_eq!((seen.outputs, seen.ended), (1, true));
}

#[test]
fn a_stream_of_nova() {
    let seen = frames(&[
        r#"{"messageStart":{"role":"assistant"}}"#,
        r#"{"contentBlockStart":{"start":{"toolUse":{"toolUseId":"t1","name":"go"}},"contentBlockIndex":0}}"#,
        r#"{"contentBlockDelta":{"delta":{"text":"x"},"contentBlockIndex":0}}"#,
        r#"{"messageStop":{"stopReason":"tool_use"}}"#,
        r#"{"metadata":{"usage":{"inputTokens":5,"outputTokens":10,"cacheReadInputTokenCount":0}},
            "amazon-bedrock-invocationMetrics":{"inputTokenCount":5,"outputTokenCount":10}}"#,
    ]);
    assert_eq!(seen.tokens(), (Some(5), Some(10)));
    assert_eq!(seen.usage.cache_read, Some(0));
    assert_eq!(seen.facts.finish_reasons, ["tool_use"]);
    assert_eq!(seen.tools(), [("go", Some("t1"))]);
    assert_eq!((seen.outputs, seen.ended), (1, true));
}

#[test]
fn a_stream_of_chat_completions() {
    let seen = frames(&[
        r#"{"id":"c1","model":"m","choices":[{"index":0,"delta":{"content":"x"}}]}"#,
        r#"{"id":"c1","model":"m","choices":[{"index":0,"delta":{},"finish_reason":"stop"}],
            "amazon-bedrock-invocationMetrics":{"inputTokenCount":2,"outputTokenCount":3}}"#,
    ]);
    assert_eq!(seen.tokens(), (Some(2), Some(3)));
    assert_eq!(seen.facts.finish_reasons, ["stop"]);
}

#[test]
fn a_stream_of_mistral_or_deepseek_says_stop_reason() {
    let seen = frames(&[
        r#"{"choices":[]}"#,
        r#"{"choices":[{"index":0,"message":{"role":"assistant","content":"x"},"stop_reason":null}]}"#,
        r#"{"choices":[{"index":0,"message":{"role":"assistant","content":""},"stop_reason":"stop"}],
            "amazon-bedrock-invocationMetrics":{"inputTokenCount":2,"outputTokenCount":3}}"#,
    ]);
    assert_eq!(seen.tokens(), (Some(2), Some(3)));
    assert_eq!(seen.facts.finish_reasons, ["stop"]);
    assert_eq!(seen.outputs, 1);
}

#[test]
fn damaged_frames_and_exceptions() {
    let seen = support::events(
        &BedrockInvoke,
        &[
            ("chunk", r#"{"bytes":"%%%"}"#),
            ("chunk", r#"{"bytes":5}"#),
            ("chunk", "{"),
            (
                "modelStreamErrorException",
                r#"{"message":"m","originalStatusCode":424}"#,
            ),
        ],
    );
    assert_eq!(seen.outputs, 0);
    assert_eq!(seen.error.as_deref(), Some("modelStreamErrorException"));
}
