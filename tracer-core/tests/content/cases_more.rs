//! The other APIs.

use crate::{
    Case,
    events::{data, invoke, lines, named},
};

pub fn all() -> Vec<Case> {
    vec![
        resumed(),
        completions(),
        ollama(),
        ollama_prompt(),
        cohere(),
        cohere_first(),
        mistral(),
        interactions(),
        nova(),
        claude_on_bedrock(),
        titan(),
        tgi(),
        embeddings(),
        gemini_embeddings(),
        moderation(),
        rerank(),
        image(),
        mcp(),
    ]
}

/// A case without a stream.
fn plain(
    name: &'static str,
    path: &'static str,
    request: &str,
    asked: &'static [&'static str],
    whole: &str,
    answered: &'static [&'static str],
) -> Case {
    Case {
        name,
        path,
        request: request.to_owned(),
        asked,
        whole: Some(whole.to_owned()),
        stream: None,
        stream_path: None,
        answered,
    }
}

/// A stream that hands back the turn at once: all of it comes with the start.
fn resumed() -> Case {
    let message = r#"{"id":"msg_1","type":"message","role":"assistant","model":"claude","content":[
        {"type":"tool_use","id":"t1","name":"look","input":{"at":1},"caller":{"type":"code_execution_20250825"}}],
        "stop_reason":"tool_use","usage":{"input_tokens":0,"output_tokens":0}}"#
        .replace('\n', "");
    Case {
        stream: Some(named(&[
            &format!(r#"{{"type":"message_start","message":{message}}}"#),
            r#"{"type":"message_stop"}"#,
        ])),
        ..plain(
            "messages, resumed",
            "/v1/messages",
            r#"{"model":"claude","max_tokens":9,"messages":[{"role":"user","content":"hi"}]}"#,
            &["user: hi"],
            &message,
            &["0 tool_use: calls t1 look {\"at\":1}"],
        )
    }
}

fn completions() -> Case {
    Case {
        stream: Some(data(&[
            r#"{"id":"1","model":"m","object":"text_completion","choices":[{"index":0,"text":"a ","finish_reason":null}]}"#,
            r#"{"id":"1","model":"m","object":"text_completion","choices":[{"index":0,"text":"b","finish_reason":"stop"}]}"#,
            "[DONE]",
        ])),
        ..plain(
            "completions",
            "/v1/completions",
            r#"{"model":"m","prompt":["say a","say b"]}"#,
            &["user: say a | say b"],
            r#"{"id":"1","model":"m","object":"text_completion","choices":[{"index":0,"text":"a b","finish_reason":"stop"}]}"#,
            &["0 stop: a b"],
        )
    }
}

fn ollama() -> Case {
    Case {
        stream: Some(lines(&[
            r#"{"model":"m","message":{"role":"assistant","content":"","thinking":"Hm."},"done":false}"#,
            r#"{"model":"m","message":{"role":"assistant","content":"A "},"done":false}"#,
            r#"{"model":"m","message":{"role":"assistant","content":"dog."},"done":false}"#,
            r#"{"model":"m","message":{"role":"assistant","content":"","tool_calls":[{"function":{"name":"look","arguments":{"at":1}}}]},"done":false}"#,
            r#"{"model":"m","message":{"role":"assistant","content":""},"done":true,"done_reason":"stop"}"#,
        ])),
        ..plain(
            "ollama chat",
            "/api/chat",
            r#"{"model":"m","messages":[{"role":"user","content":"hi","images":["aGVsbG8="]},
                {"role":"tool","tool_name":"look","content":"seen"}]}"#,
            &["user: hi | Image - 5 bytes", "tool: result look [seen]"],
            r#"{"model":"m","message":{"role":"assistant","content":"A dog.","thinking":"Hm.","tool_calls":[{"function":{"name":"look","arguments":{"at":1}}}]},"done":true,"done_reason":"stop"}"#,
            &["0 stop: thinks Hm. | A dog. | calls - look {\"at\":1}"],
        )
    }
}

fn ollama_prompt() -> Case {
    Case {
        stream: Some(lines(&[
            r#"{"model":"m","response":"A ","done":false}"#,
            r#"{"model":"m","response":"dog.","done":false}"#,
            r#"{"model":"m","response":"","done":true,"done_reason":"stop"}"#,
        ])),
        ..plain(
            "ollama generate",
            "/api/generate",
            r#"{"model":"m","system":"Be brief.","prompt":"hi"}"#,
            &["instructions: Be brief.", "user: hi"],
            r#"{"model":"m","response":"A dog.","done":true,"done_reason":"stop"}"#,
            &["0 stop: A dog."],
        )
    }
}

fn cohere() -> Case {
    Case {
        stream: Some(named(&[
            r#"{"type":"message-start","id":"1","delta":{"message":{"role":"assistant","content":[]}}}"#,
            r#"{"type":"tool-plan-delta","delta":{"message":{"tool_plan":"I "}}}"#,
            r#"{"type":"tool-plan-delta","delta":{"message":{"tool_plan":"look."}}}"#,
            r#"{"type":"content-start","index":0,"delta":{"message":{"content":{"type":"text","text":""}}}}"#,
            r#"{"type":"content-delta","index":0,"delta":{"message":{"content":{"text":"A "}}}}"#,
            r#"{"type":"content-delta","index":0,"delta":{"message":{"content":{"text":"dog."}}}}"#,
            r#"{"type":"tool-call-start","index":0,"delta":{"message":{"tool_calls":{"id":"t1","type":"function","function":{"name":"look","arguments":""}}}}}"#,
            r#"{"type":"tool-call-delta","index":0,"delta":{"message":{"tool_calls":{"function":{"arguments":"{\"at\""}}}}}"#,
            r#"{"type":"tool-call-delta","index":0,"delta":{"message":{"tool_calls":{"function":{"arguments":":1}"}}}}}"#,
            r#"{"type":"message-end","delta":{"finish_reason":"TOOL_CALL"}}"#,
        ])),
        ..plain(
            "cohere, version 2",
            "/cohere/v2/chat",
            r#"{"model":"m","messages":[{"role":"user","content":"hi"}],"documents":[{"id":"d1","data":{"t":"x"}},"plain"]}"#,
            &[
                "user: hi",
                "document d1: {\"id\":\"d1\",\"data\":{\"t\":\"x\"}}",
                "document -: plain",
            ],
            r#"{"id":"1","finish_reason":"TOOL_CALL","message":{"role":"assistant","tool_plan":"I look.","content":[{"type":"text","text":"A dog."}],
                "tool_calls":[{"id":"t1","type":"function","function":{"name":"look","arguments":"{\"at\":1}"}}]}}"#,
            &["0 TOOL_CALL: thinks I look. | A dog. | calls t1 look {\"at\":1}"],
        )
    }
}

fn cohere_first() -> Case {
    Case {
        stream: Some((
            "application/stream+json",
            lines(&[
                r#"{"event_type":"stream-start","generation_id":"1","is_finished":false}"#,
                r#"{"event_type":"text-generation","text":"A ","is_finished":false}"#,
                r#"{"event_type":"text-generation","text":"dog.","is_finished":false}"#,
                r#"{"event_type":"stream-end","finish_reason":"COMPLETE","is_finished":true,"response":{"text":"A dog.","generation_id":"1","finish_reason":"COMPLETE"}}"#,
            ])
            .1,
        )),
        ..plain(
            "cohere, version 1",
            "/cohere/v1/chat",
            r#"{"model":"m","preamble":"Be brief.","chat_history":[{"role":"USER","message":"x"},{"role":"CHATBOT","message":"y"}],"message":"hi"}"#,
            &["instructions: Be brief.", "USER: x", "CHATBOT: y", "user: hi"],
            r#"{"text":"A dog.","generation_id":"1","finish_reason":"COMPLETE"}"#,
            &["0 COMPLETE: A dog."],
        )
    }
}

fn mistral() -> Case {
    Case {
        stream: Some(named(&[
            r#"{"type":"conversation.response.started","conversation_id":"c"}"#,
            r#"{"type":"message.output.delta","output_index":0,"content_index":0,"role":"assistant","content":"A "}"#,
            r#"{"type":"message.output.delta","output_index":0,"content_index":0,"role":"assistant","content":"dog."}"#,
            r#"{"type":"function.call.delta","output_index":1,"id":"f","tool_call_id":"t1","name":"look","arguments":"{\"at\":1}"}"#,
            r#"{"type":"conversation.response.done","usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}"#,
        ])),
        ..plain(
            "mistral conversations",
            "/v1/conversations",
            r#"{"model":"m","instructions":"Be brief.","inputs":[{"role":"user","content":"hi","type":"message.input"},
                {"type":"function.result","tool_call_id":"t0","result":"seen"}]}"#,
            &[
                "instructions: Be brief.",
                "user: hi",
                "tool: result t0 [seen]",
            ],
            r#"{"conversation_id":"c","outputs":[{"type":"message.output","role":"assistant","content":"A dog.","model":"m"},
                {"type":"function.call","tool_call_id":"t1","name":"look","arguments":"{\"at\":1}"}],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}"#,
            &["0 -: A dog. | calls t1 look {\"at\":1}"],
        )
    }
}

fn interactions() -> Case {
    let event = |kind: &str, rest: &str| {
        format!("event: {kind}\ndata: {{{rest},\"event_type\":\"{kind}\"}}\n\n").into_bytes()
    };
    Case {
        stream: Some((
            "text/event-stream",
            vec![
                event(
                    "interaction.created",
                    r#""interaction":{"id":"v1","model":"g"}"#,
                ),
                event("step.start", r#""index":0,"step":{"type":"thought"}"#),
                event(
                    "step.delta",
                    r#""index":0,"delta":{"type":"thought_summary","content":{"type":"text","text":"Hm."}}"#,
                ),
                event("step.start", r#""index":1,"step":{"type":"model_output"}"#),
                event(
                    "step.delta",
                    r#""index":1,"delta":{"text":"A ","type":"text"}"#,
                ),
                event(
                    "step.delta",
                    r#""index":1,"delta":{"text":"dog.","type":"text"}"#,
                ),
                event(
                    "step.start",
                    r#""index":2,"step":{"type":"function_call","id":"f1","name":"look","arguments":{}}"#,
                ),
                event(
                    "step.delta",
                    r#""index":2,"delta":{"arguments":"{\"at\":1}","type":"arguments_delta"}"#,
                ),
                event(
                    "interaction.completed",
                    r#""interaction":{"id":"v1","status":"completed","usage":{"total_tokens":9,"total_input_tokens":4,"total_output_tokens":5}}"#,
                ),
            ],
        )),
        ..plain(
            "interactions",
            "/v1beta/interactions",
            r#"{"model":"g","system_instruction":"Be brief.","input":[{"type":"text","text":"hi"},{"type":"image","data":"aGVsbG8=","mime_type":"image/png"}]}"#,
            &[
                "instructions: Be brief.",
                "user: hi",
                "user: Image image/png 5 bytes",
            ],
            r#"{"id":"v1","model":"g","status":"completed","steps":[{"type":"thought","summary":[{"type":"text","text":"Hm."}]},
                {"type":"model_output","content":[{"type":"text","text":"A dog."}]},{"type":"function_call","id":"f1","name":"look","arguments":{"at":1}}],
                "usage":{"total_tokens":9,"total_input_tokens":4,"total_output_tokens":5}}"#,
            &["0 -: thinks Hm. | A dog. | calls f1 look {\"at\":1}"],
        )
    }
}

fn nova() -> Case {
    Case {
        stream: Some(invoke(&[
            r#"{"messageStart":{"role":"assistant"}}"#,
            r#"{"contentBlockDelta":{"delta":{"text":"A "},"contentBlockIndex":0}}"#,
            r#"{"contentBlockDelta":{"delta":{"text":"dog."},"contentBlockIndex":0}}"#,
            r#"{"messageStop":{"stopReason":"end_turn"}}"#,
            r#"{"metadata":{"usage":{"inputTokens":1,"outputTokens":2}},"amazon-bedrock-invocationMetrics":{"inputTokenCount":1,"outputTokenCount":2}}"#,
        ])),
        stream_path: Some("/model/amazon.nova-lite-v1:0/invoke-with-response-stream"),
        ..plain(
            "nova by InvokeModel",
            "/model/amazon.nova-lite-v1:0/invoke",
            r#"{"inferenceConfig":{"maxTokens":9},"system":[{"text":"Be brief."}],"messages":[{"role":"user","content":[{"text":"hi"}]}]}"#,
            &["instructions: Be brief.", "user: hi"],
            r#"{"output":{"message":{"role":"assistant","content":[{"text":"A dog."}]}},"stopReason":"end_turn","usage":{"inputTokens":1,"outputTokens":2}}"#,
            &["0 end_turn: A dog."],
        )
    }
}

fn claude_on_bedrock() -> Case {
    Case {
        stream: Some(invoke(&[
            r#"{"type":"message_start","message":{"id":"msg_1","type":"message","model":"claude","content":[]}}"#,
            r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#,
            r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"A dog."}}"#,
            r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":2}}"#,
            r#"{"type":"message_stop","amazon-bedrock-invocationMetrics":{"inputTokenCount":1,"outputTokenCount":2}}"#,
        ])),
        stream_path: Some("/model/anthropic.claude-x/invoke-with-response-stream"),
        ..plain(
            "claude by InvokeModel",
            "/model/anthropic.claude-x/invoke",
            r#"{"anthropic_version":"bedrock-2023-05-31","max_tokens":9,"messages":[{"role":"user","content":"hi"}]}"#,
            &["user: hi"],
            r#"{"id":"msg_1","type":"message","model":"claude","content":[{"type":"text","text":"A dog."}],"stop_reason":"end_turn"}"#,
            &["0 end_turn: A dog."],
        )
    }
}

fn titan() -> Case {
    Case {
        stream: Some(invoke(&[
            r#"{"outputText":"A ","index":0,"completionReason":null}"#,
            r#"{"outputText":"dog.","index":0,"completionReason":"FINISH","amazon-bedrock-invocationMetrics":{"inputTokenCount":1,"outputTokenCount":2}}"#,
        ])),
        stream_path: Some("/model/amazon.titan-x/invoke-with-response-stream"),
        ..plain(
            "titan by InvokeModel",
            "/model/amazon.titan-x/invoke",
            r#"{"inputText":"hi","textGenerationConfig":{"maxTokenCount":9}}"#,
            &["user: hi"],
            r#"{"inputTextTokenCount":1,"results":[{"tokenCount":2,"outputText":"A dog.","completionReason":"FINISH"}]}"#,
            &["0 FINISH: A dog."],
        )
    }
}

fn tgi() -> Case {
    Case {
        stream: Some(data(&[
            r#"{"index":1,"token":{"id":1,"text":"A ","special":false},"generated_text":null,"details":null}"#,
            r#"{"index":2,"token":{"id":2,"text":"dog.","special":false},"generated_text":"A dog.","details":{"finish_reason":"length","generated_tokens":2,"input_length":1}}"#,
        ])),
        stream_path: Some("/generate_stream"),
        ..plain(
            "TGI",
            "/generate",
            r#"{"inputs":"hi","parameters":{"details":true,"max_new_tokens":9}}"#,
            &["user: hi"],
            r#"{"generated_text":"A dog.","details":{"finish_reason":"length","generated_tokens":2,"prefill":[],"tokens":[]}}"#,
            &["0 length: A dog."],
        )
    }
}

fn embeddings() -> Case {
    plain(
        "embeddings",
        "/v1/embeddings",
        r#"{"model":"m","input":["one","two"]}"#,
        &["user: one | two"],
        r#"{"model":"m","data":[{"index":0,"embedding":[0.1]}],"usage":{"prompt_tokens":2,"total_tokens":2}}"#,
        &["0 -: "],
    )
}

fn gemini_embeddings() -> Case {
    plain(
        "gemini embeddings",
        "/v1beta/models/e:batchEmbedContents",
        r#"{"requests":[{"model":"models/e","content":{"parts":[{"text":"one"}]}},{"model":"models/e","content":{"parts":[{"text":"two"}]}}]}"#,
        &["user: one | two"],
        r#"{"embeddings":[{"values":[0.1]},{"values":[0.2]}]}"#,
        &["0 -: "],
    )
}

fn moderation() -> Case {
    plain(
        "moderations",
        "/v1/moderations",
        r#"{"model":"m","input":[{"type":"text","text":"bad"},{"type":"image_url","image_url":{"url":"https://example.com/a.png"}}]}"#,
        &["user: bad | Image - https://example.com/a.png"],
        r#"{"id":"1","model":"m","results":[{"flagged":true}]}"#,
        &["0 -: "],
    )
}

fn rerank() -> Case {
    plain(
        "rerank",
        "/v2/rerank",
        r#"{"model":"m","query":"which","documents":["one",{"text":"two"}]}"#,
        &[
            "query: which",
            "document -: one",
            "document -: {\"text\":\"two\"}",
        ],
        r#"{"id":"1","results":[{"index":1,"relevance_score":0.75,"document":{"text":"two"}},{"index":0,"relevance_score":0.25}]}"#,
        &["document 1 0.75: two", "document 0 0.25: "],
    )
}

fn image() -> Case {
    plain(
        "images",
        "/v1/images/generations",
        r#"{"model":"m","prompt":"a dog"}"#,
        &["user: a dog"],
        r#"{"created":1,"data":[{"b64_json":"aGVsbG8="},{"url":"https://example.com/i.png"}]}"#,
        &["0 -: Image - 5 bytes | Image - https://example.com/i.png"],
    )
}

fn mcp() -> Case {
    Case {
        stream: Some(data(&[
            r#"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progress":1}}"#,
            r#"{"jsonrpc":"2.0","id":7,"result":{"isError":false,"content":[{"type":"text","text":"seen"},{"type":"image","data":"aGVsbG8=","mimeType":"image/png"}]}}"#,
        ])),
        ..plain(
            "MCP",
            "/mcp",
            r#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"look","arguments":{"at":1}}}"#,
            &["assistant: calls 7 look {\"at\":1}"],
            r#"{"jsonrpc":"2.0","id":7,"result":{"isError":false,"content":[{"type":"text","text":"seen"},{"type":"image","data":"aGVsbG8=","mimeType":"image/png"}]}}"#,
            &["0 -: result 7 [seen | Image image/png 5 bytes]"],
        )
    }
}
