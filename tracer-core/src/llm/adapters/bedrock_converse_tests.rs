//! Tests of Bedrock's conversations.

use super::{super::testing as support, *};
use crate::llm::usage::Usage;

#[test]
fn the_path_names_model_and_form() {
    let seen = |path| support::facts_of(support::endpoint(&BedrockConverse, "aws.bedrock", path));
    let expected =
        |model: &str, stream| Some((Operation::Chat, Some(model.to_owned()), Some(stream)));
    assert_eq!(
        seen("/model/anthropic.claude-x-v1%3A0/converse"),
        expected("anthropic.claude-x-v1:0", false)
    );
    assert_eq!(
        seen("/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Ainference-profile%2Fx/converse-stream"),
        expected("arn:aws:bedrock:us-east-1:1:inference-profile/x", true)
    );
    assert_eq!(
        seen("/model/arn:aws:bedrock:us-east-1:1:inference-profile/x/converse"),
        expected("arn:aws:bedrock:us-east-1:1:inference-profile/x", false)
    );
    assert_eq!(seen("/model/converse"), None);
    assert_eq!(seen("/model/x/invoke"), None);
}

#[test]
fn parameters_of_a_request() {
    let read = support::request(
        &BedrockConverse,
        "/model/m/converse",
        r#"{"messages":[{"role":"user","content":[{"text":"hi"}]}],
            "inferenceConfig":{"maxTokens":50,"temperature":0.5,"topP":0.9,"stopSequences":["|"]},
            "additionalModelRequestFields":{"top_k":5},
            "guardrailConfig":{"guardrailIdentifier":"gr1","guardrailVersion":"DRAFT"},
            "toolConfig":{"tools":[{"toolSpec":{"name":"a"}},{"cachePoint":{"type":"default"}}]},
            "outputConfig":{"textFormat":{"type":"json_schema"}}}"#,
    );
    assert!(read.has_shape);
    let expected = RequestFacts {
        max_tokens: Some(50),
        temperature: Some(0.5),
        top_p: Some(0.9),
        top_k: Some(5.0),
        stop_sequences: vec!["|".to_owned()],
        guardrail_id: Some("gr1".to_owned()),
        tool_count: Some(1),
        tool_names: vec!["a".to_owned()],
        output_type: Some(OutputType::Json),
        ..RequestFacts::default()
    };
    assert_eq!(read.facts, expected);
}

#[test]
fn cached_tokens_are_added_to_the_input() {
    let seen = support::document(
        &BedrockConverse,
        r#"{"output":{"message":{"role":"assistant","content":[{"text":"x"},
            {"toolUse":{"toolUseId":"t1","name":"look_up","input":{}}},
            {"toolUse":{"toolUseId":"t2","name":"search","type":"server_tool_use"}}]}},
          "stopReason":"tool_use","metrics":{"latencyMs":5},
          "usage":{"inputTokens":10,"outputTokens":4,"totalTokens":121,"cacheReadInputTokens":100,
            "cacheReadInputTokenCount":100,"cacheWriteInputTokens":7,"cacheWriteInputTokenCount":7}}"#,
    );
    let usage = Usage {
        input: Some(117),
        output: Some(4),
        cache_read: Some(100),
        cache_creation: Some(7),
        ..Usage::default()
    };
    assert_eq!(seen.usage, usage);
    assert_eq!(seen.facts.finish_reasons, ["tool_use"]);
    assert_eq!(seen.tools(), [("look_up", Some("t1"))]);
}

#[test]
fn a_stream_of_frames() {
    let seen = support::events(
        &BedrockConverse,
        &[
            ("messageStart", r#"{"p":"ab","role":"assistant"}"#),
            (
                "contentBlockDelta",
                r#"{"contentBlockIndex":0,"delta":{"text":"x"},"p":"abc"}"#,
            ),
            ("contentBlockStop", r#"{"contentBlockIndex":0,"p":"a"}"#),
            (
                "contentBlockStart",
                r#"{"contentBlockIndex":1,"start":{"toolUse":{"name":"go","toolUseId":"t1"}}}"#,
            ),
            (
                "contentBlockDelta",
                r#"{"contentBlockIndex":1,"delta":{"toolUse":{"input":"{}"}}}"#,
            ),
            ("messageStop", r#"{"p":"abcd","stopReason":"tool_use"}"#),
            (
                "metadata",
                r#"{"metrics":{"latencyMs":7},"usage":{"inputTokens":8,"outputTokens":9,"totalTokens":17},
                "trace":{"promptRouter":{"invokedModelId":"m-1"}}}"#,
            ),
        ],
    );
    assert_eq!(seen.tokens(), (Some(8), Some(9)));
    assert_eq!(seen.usage.cache_read, None);
    assert_eq!(seen.tools(), [("go", Some("t1"))]);
    assert_eq!(seen.facts.finish_reasons, ["tool_use"]);
    assert_eq!(seen.facts.model.as_deref(), Some("m-1"));
    assert_eq!((seen.outputs, seen.ended), (2, true));
}

#[test]
fn exceptions_name_the_error() {
    let seen = support::events(
        &BedrockConverse,
        &[("throttlingException", r#"{"message":"slow down"}"#)],
    );
    assert_eq!(seen.error.as_deref(), Some("throttlingException"));
    let error =
        |headers: &[(&str, &str)], body| support::error_with(&BedrockConverse, headers, body);
    let header = [(
        "x-amzn-ErrorType",
        "ValidationException:http://internal.amazon.com/coral/",
    )];
    assert_eq!(
        error(&header, r#"{"message":"no"}"#).as_deref(),
        Some("ValidationException")
    );
    assert_eq!(
        error(
            &[],
            r#"{"__type":"com.amazon.coral.service#AccessDeniedException"}"#
        )
        .as_deref(),
        Some("AccessDeniedException")
    );
    assert_eq!(error(&[], r#"{"message":"no"}"#), None);
}
