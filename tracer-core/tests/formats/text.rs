//! Formats of server-sent events, lines and arrays.

/// Chat completions as OpenAI sends them: the counts come at the end.
pub fn chat(pieces: usize) -> Vec<Vec<u8>> {
    let chunk = |rest: &str| {
        bytes(format!(
            "data: {{\"id\":\"chatcmpl-AbCdEfGhIjKlMnOpQrStUvWxYz012\",\"object\":\"chat.completion.chunk\",\
             \"created\":1760000000,\"model\":\"gpt-4o-mini-2024-07-18\",\"service_tier\":\"default\",\
             \"system_fingerprint\":\"fp_0123456789\",{rest}}}\n\n"
        ))
    };
    let mut events = vec![chunk(
        r#""choices":[{"index":0,"delta":{"role":"assistant","content":""},"logprobs":null,"finish_reason":null}],"usage":null"#,
    )];
    events.extend((0..pieces).map(|n| {
        chunk(&format!(
            r#""choices":[{{"index":0,"delta":{{"content":" word{n}"}},"logprobs":null,"finish_reason":null}}],"usage":null,"obfuscation":"aB3dE5fG7h""#
        ))
    }));
    events.push(chunk(
        r#""choices":[{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}],"usage":null"#,
    ));
    events.push(chunk(&format!(
        r#""choices":[],"usage":{{"prompt_tokens":9,"completion_tokens":{pieces},"total_tokens":{}}}"#,
        pieces + 9
    )));
    events.push(b"data: [DONE]\n\n".to_vec());
    events
}

/// The same of a server that counts along, as vLLM does if asked to.
pub fn counting_chat(pieces: usize) -> Vec<Vec<u8>> {
    let chunk = |choices: &str, count: usize| {
        bytes(format!(
            "data: {{\"id\":\"chatcmpl-0123456789abcdef0123456789abcdef\",\"object\":\"chat.completion.chunk\",\
             \"created\":1760000000,\"model\":\"meta-llama/Llama-3.1-8B-Instruct\",\"choices\":[{choices}],\
             \"usage\":{{\"prompt_tokens\":9,\"total_tokens\":{},\"completion_tokens\":{count}}}}}\n\n",
            count + 9
        ))
    };
    let mut events: Vec<_> = (0..pieces)
        .map(|n| {
            let delta = format!(r#"{{"index":0,"delta":{{"content":" word{n}"}},"logprobs":null,"finish_reason":null}}"#);
            chunk(&delta, n)
        })
        .collect();
    events.push(chunk(
        r#"{"index":0,"delta":{"content":""},"logprobs":null,"finish_reason":"stop","stop_reason":null}"#,
        pieces,
    ));
    events.push(chunk("", pieces));
    events.push(b"data: [DONE]\n\n".to_vec());
    events
}

/// Chat completions of Mistral: the counts come with the reason.
pub fn mistral(pieces: usize) -> Vec<Vec<u8>> {
    let chunk = |delta: &str, rest: &str| {
        bytes(format!(
            "data: {{\"id\":\"0123456789abcdef0123456789abcdef\",\"object\":\"chat.completion.chunk\",\"created\":1760000000,\
             \"model\":\"mistral-small-latest\",\"choices\":[{{\"index\":0,\"delta\":{{{delta}}},{rest}}}\n\n"
        ))
    };
    let mut events = vec![chunk(
        r#""role":"assistant","content":"""#,
        r#""finish_reason":null}]"#,
    )];
    events.extend((0..pieces).map(|n| {
        chunk(
            &format!(r#""content":" word{n}""#),
            r#""finish_reason":null}],"p":"abcdefghijklmnopqrstuv""#,
        )
    }));
    events.push(chunk(
        r#""content":"""#,
        &format!(
            r#""finish_reason":"stop"}}],"usage":{{"prompt_tokens":9,"total_tokens":{},"completion_tokens":{pieces}}}"#,
            pieces + 9
        ),
    ));
    events.push(b"data: [DONE]\n\n".to_vec());
    events
}

/// A stream of the Responses API.
pub fn responses(pieces: usize) -> Vec<Vec<u8>> {
    let mut events = vec![named(
        "response.created",
        r#","sequence_number":0,"response":{"id":"resp_1","model":"gpt-4o","status":"in_progress","output":[]}"#,
    )];
    events.extend((0..pieces).map(|n| {
        named(
            "response.output_text.delta",
            &format!(
                r#","sequence_number":{n},"item_id":"msg_68a1b2c3d4e5f60718293a4b5c6d7e8f","output_index":0,"content_index":0,"delta":" word","logprobs":[],"obfuscation":"aB3dE5fG7h""#
            ),
        )
    }));
    events.push(named(
        "response.completed",
        &format!(
            r#","response":{{"id":"resp_1","model":"gpt-4o","status":"completed","output":[],"usage":{{"input_tokens":9,"output_tokens":{pieces},"total_tokens":{}}}}}"#,
            pieces + 9
        ),
    ));
    events
}

/// A stream of Anthropic's messages.
pub fn messages(pieces: usize) -> Vec<Vec<u8>> {
    message_events(pieces)
        .iter()
        .map(|(kind, data)| bytes(format!("event: {kind}\ndata: {data}\n\n")))
        .collect()
}

/// Its events: their types and their data.
pub fn message_events(pieces: usize) -> Vec<(&'static str, String)> {
    let event = |kind, rest: &str| (kind, format!(r#"{{"type":"{kind}"{rest}}}"#));
    let mut events = vec![event(
        "message_start",
        r#","message":{"id":"msg_1","type":"message","role":"assistant","model":"claude","content":[],"usage":{"input_tokens":4,"cache_creation_input_tokens":0,"cache_read_input_tokens":5,"output_tokens":1}}"#,
    )];
    events.extend((0..pieces).map(|n| {
        let delta = format!(
            r#","index":0,"delta":{{"type":"text_delta","text":" some words{n}"}}           "#
        );
        event("content_block_delta", &delta)
    }));
    events.push(event(
        "message_delta",
        &format!(
            r#","delta":{{"stop_reason":"end_turn","stop_sequence":null}},"usage":{{"output_tokens":{pieces}}}"#
        ),
    ));
    events.push(event("message_stop", ""));
    events
}

/// Chunks as Gemini writes them: each counts the tokens so far.
pub fn chunks(pieces: usize) -> Vec<String> {
    let chunk = |candidate: &str, count: usize| {
        let total = count + 9 + 2;
        format!(
            "{{\"candidates\":[{{{candidate}\"index\":0}}],\"usageMetadata\":{{\"promptTokenCount\":9,\
             \"candidatesTokenCount\":{count},\"totalTokenCount\":{total},\
             \"promptTokensDetails\":[{{\"modality\":\"TEXT\",\"tokenCount\":9}}],\"thoughtsTokenCount\":2}},\
             \"modelVersion\":\"gemini-2.5-flash\",\"responseId\":\"aBcDeFgHiJkL\"}}"
        )
    };
    let content =
        |text: &str| format!(r#""content":{{"parts":[{{"text":"{text}"}}],"role":"model"}},"#);
    let mut chunks: Vec<_> = (0..pieces)
        .map(|n| {
            let text = format!(
                "some words of answer {n}, and then some more so that it is about as long as usual"
            );
            chunk(&content(&text), n / 2)
        })
        .collect();
    let last = content("") + r#""finishReason":"STOP","#;
    chunks.push(chunk(&last, pieces - 2));
    chunks
}

/// Gemini with `alt=sse`.
pub fn contents(pieces: usize) -> Vec<Vec<u8>> {
    let event = |chunk| bytes(format!("data: {chunk}\r\n\r\n"));
    chunks(pieces).into_iter().map(event).collect()
}

/// Gemini without: an array, with the line breaks that Google writes.
pub fn array(pieces: usize) -> Vec<Vec<u8>> {
    let mut parts = Vec::new();
    for (n, chunk) in chunks(pieces).iter().enumerate() {
        let value: serde_json::Value = serde_json::from_str(chunk).expect("a chunk");
        let pretty = serde_json::to_string_pretty(&value).expect("a value");
        parts.push(bytes(if n == 0 {
            format!("[{pretty}")
        } else {
            format!("\n,\r\n{pretty}")
        }));
    }
    parts.push(b"\n]".to_vec());
    parts
}

/// A stream of Cohere's second version.
pub fn cohere(pieces: usize) -> Vec<Vec<u8>> {
    let mut events = vec![
        bytes("event: message-start\ndata: {\"id\":\"29f14a5a-11de-4cae-9800-25e4747408ea\",\"type\":\"message-start\",\"delta\":{\"message\":{\"role\":\"assistant\",\"content\":[],\"tool_plan\":\"\",\"tool_calls\":[],\"citations\":[]}}}\n\n".to_owned()),
        named("content-start", r#","index":0,"delta":{"message":{"content":{"type":"text","text":""}}}"#),
    ];
    events.extend((0..pieces).map(|n| {
        let text =
            format!(r#","index":0,"delta":{{"message":{{"content":{{"text":" word{n}"}}}}}}"#);
        named("content-delta", &text)
    }));
    events.push(named("content-end", r#","index":0"#));
    events.push(named(
        "message-end",
        &format!(
            r#","delta":{{"finish_reason":"COMPLETE","usage":{{"billed_units":{{"input_tokens":9,"output_tokens":{pieces}}},"tokens":{{"input_tokens":75,"output_tokens":{pieces}}}}}}}"#
        ),
    ));
    events.push(b"data: [DONE]\n\n".to_vec());
    events
}

/// A stream of Ollama.
pub fn lines(pieces: usize) -> Vec<Vec<u8>> {
    let line = |rest: &str| {
        bytes(format!(
            "{{\"model\":\"llama3\",\"created_at\":\"2026-01-01T00:00:00.123456Z\",{rest}}}\n"
        ))
    };
    let mut lines: Vec<_> = (0..pieces)
        .map(|n| {
            line(&format!(
                r#""message":{{"role":"assistant","content":" word{n}"}},"done":false"#
            ))
        })
        .collect();
    lines.push(line(&format!(
        r#""message":{{"role":"assistant","content":""}},"done":true,"done_reason":"stop","total_duration":12345678,"load_duration":1234,"prompt_eval_count":9,"prompt_eval_duration":1234,"eval_count":{pieces},"eval_duration":1234567"#
    )));
    lines
}

/// A stream of text-generation-inference.
pub fn tokens(pieces: usize) -> Vec<Vec<u8>> {
    let event = |n: usize, rest: &str| {
        bytes(format!(
            "data:{{\"index\":{n},\"token\":{{\"id\":3821,\"text\":\" word{n}\",\"logprob\":-0.34155273,\"special\":false}},{rest}}}\n\n"
        ))
    };
    let mut events: Vec<_> = (1..pieces)
        .map(|n| event(n, r#""generated_text":null,"details":null"#))
        .collect();
    events.push(event(
        pieces,
        &format!(
            r#""generated_text":"words","details":{{"finish_reason":"length","generated_tokens":{pieces},"seed":null,"input_length":9}}"#
        ),
    ));
    events
}

/// A stream of llama.cpp's own API.
pub fn completion(pieces: usize) -> Vec<Vec<u8>> {
    let mut events: Vec<_> = (1..=pieces)
        .map(|n| {
            bytes(format!(
                "data: {{\"index\":0,\"content\":\" word{n}\",\"tokens\":[3821],\"stop\":false,\"id_slot\":-1,\"tokens_predicted\":{n},\"tokens_evaluated\":9}}\n\n"
            ))
        })
        .collect();
    events.push(bytes(format!(
        "data: {{\"index\":0,\"content\":\"\",\"tokens\":[],\"id_slot\":0,\"stop\":true,\"model\":\"m.gguf\",\"tokens_predicted\":{pieces},\"tokens_evaluated\":9,\"generation_settings\":{{\"seed\":1}},\"prompt\":\"hi\",\"stop_type\":\"limit\",\"stopping_word\":\"\",\"timings\":{{\"prompt_n\":9}}}}\n\n"
    )));
    events
}

/// An event whose data begin with its type.
fn named(kind: &str, rest: &str) -> Vec<u8> {
    bytes(format!(
        "event: {kind}\ndata: {{\"type\":\"{kind}\"{rest}}}\n\n"
    ))
}

fn bytes(text: String) -> Vec<u8> {
    text.into_bytes()
}
