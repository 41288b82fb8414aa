//! The APIs that most calls speak.

use crate::{
    Case,
    events::{data, frames, named},
};

pub fn all() -> Vec<Case> {
    vec![
        chat(),
        chat_choices(),
        messages(),
        contents(),
        converse(),
        responses(),
    ]
}

fn chat() -> Case {
    Case {
        name: "chat completions",
        path: "/v1/chat/completions",
        request: r#"{"model":"m","messages":[
            {"role":"system","content":"Be brief."},
            {"role":"user","name":"ann","content":[{"type":"text","text":"What is \"this\"?"},
                {"type":"image_url","image_url":{"url":"data:image/png;base64,aGVsbG8="}},
                {"type":"image_url","image_url":{"url":"https://example.com/a.png"}},
                {"type":"input_audio","input_audio":{"data":"aGVsbG8=","format":"wav"}},
                {"type":"file","file":{"file_id":"file-1"}}]},
            {"role":"assistant","content":null,"tool_calls":[
                {"id":"c1","type":"function","function":{"name":"add","arguments":"{\"a\":1}"}}]},
            {"role":"tool","tool_call_id":"c1","content":"2"},
            {"role":"function","name":"old","content":"3"}],
            "tools":[{"type":"function","function":{"name":"add","description":"Adds.",
                "parameters":{"type":"object"}}},{"type":"web_search"}]}"#
            .to_owned(),
        asked: &[
            "system: Be brief.",
            "user(ann): What is \"this\"? | Image image/png 5 bytes | Image - https://example.com/a.png | Audio audio/wav 5 bytes | Document - file file-1",
            "assistant: calls c1 add {\"a\":1}",
            "tool: result c1 [2]",
            "function: result old [3]",
            "tool function add Adds. {\"type\":\"object\"}",
            "tool web_search - - -",
        ],
        whole: Some(
            r#"{"id":"1","model":"m","choices":[{"index":0,"finish_reason":"tool_calls","message":{
                "role":"assistant","reasoning_content":"So: add.","content":"Let me \u00e9 add 🦀","tool_calls":[
                {"id":"c1","type":"function","function":{"name":"add","arguments":"{\"a\": 1}"}},
                {"id":"c2","type":"function","function":{"name":"sub","arguments":"{\"b\": 2}"}}]}}]}"#
                .to_owned(),
        ),
        stream: Some(data(&[
            r#"{"id":"1","model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}"#,
            r#"{"id":"1","model":"m","choices":[{"index":0,"delta":{"reasoning_content":"So: "},"finish_reason":null}]}"#,
            r#"{"id":"1","model":"m","choices":[{"index":0,"delta":{"reasoning_content":"add."},"finish_reason":null}]}"#,
            r#"{"id":"1","model":"m","choices":[{"index":0,"delta":{"content":"Let me \u00e9"},"finish_reason":null}]}"#,
            r#"{"id":"1","model":"m","choices":[{"index":0,"delta":{"content":" add \ud83e\udd80"},"finish_reason":null}]}"#,
            r#"{"id":"1","model":"m","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"c1","type":"function","function":{"name":"add","arguments":""}}]}}]}"#,
            r#"{"id":"1","model":"m","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"a\""}}]}}]}"#,
            r#"{"id":"1","model":"m","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":": 1}"}}]}}]}"#,
            r#"{"id":"1","model":"m","choices":[{"index":0,"delta":{"tool_calls":[{"index":1,"id":"c2","function":{"name":"sub","arguments":"{\"b\": 2}"}}]}}]}"#,
            r#"{"id":"1","model":"m","choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}"#,
            "[DONE]",
        ])),
        stream_path: None,
        answered: &["0 tool_calls: thinks So: add. | Let me é add 🦀 | calls c1 add {\"a\": 1} | calls c2 sub {\"b\": 2}"],
    }
}

fn chat_choices() -> Case {
    Case {
        name: "chat completions with choices and refusals",
        path: "/v1/chat/completions",
        request: r#"{"model":"m","n":2,"messages":[{"role":"user","content":"hi"}],
            "functions":[{"name":"f","parameters":{}}]}"#
            .to_owned(),
        asked: &["user: hi", "tool function f - {}"],
        whole: Some(
            r#"{"id":"1","model":"m","choices":[
                {"index":1,"finish_reason":"stop","message":{"content":null,"refusal":"No way."}},
                {"index":0,"finish_reason":"function_call","message":{"content":"a\nb","function_call":{"name":"f","arguments":"{}"}}}]}"#
                .to_owned(),
        ),
        stream: Some(data(&[
            r#"{"id":"1","model":"m","choices":[{"index":0,"delta":{"content":"a"}},{"index":1,"delta":{"refusal":"No "}}]}"#,
            r#"{"id":"1","model":"m","choices":[{"index":1,"delta":{"refusal":"way."}}]}"#,
            r#"{"id":"1","model":"m","choices":[{"index":0,"delta":{"content":"\nb"}}]}"#,
            r#"{"id":"1","model":"m","choices":[{"index":0,"delta":{"function_call":{"name":"f","arguments":""}}}]}"#,
            r#"{"id":"1","model":"m","choices":[{"index":0,"delta":{"function_call":{"arguments":"{}"}},"finish_reason":"function_call"}]}"#,
            r#"{"id":"1","model":"m","choices":[{"index":1,"delta":{},"finish_reason":"stop"}]}"#,
            "[DONE]",
        ])),
        stream_path: None,
        answered: &["0 function_call: a\nb | calls - f {}", "1 stop: refuses No way."],
    }
}

fn messages() -> Case {
    Case {
        name: "messages",
        path: "/v1/messages",
        request: r#"{"model":"claude","max_tokens":9,
            "system":[{"type":"text","text":"Be brief.","cache_control":{"type":"ephemeral"}}],
            "messages":[{"role":"user","content":"hi"},
            {"role":"assistant","content":[{"type":"thinking","thinking":"Hm.","signature":"x"},
                {"type":"redacted_thinking","data":"abc"},
                {"type":"tool_use","id":"t1","name":"look","input":{"at": "it"}}]},
            {"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","is_error":true,"content":[
                {"type":"text","text":"nothing"},
                {"type":"image","source":{"type":"base64","media_type":"image/png","data":"aGVsbG8="}}]},
                {"type":"document","source":{"type":"url","url":"https://example.com/d.pdf"}},
                {"type":"document","source":{"type":"text","media_type":"text/plain","data":"a text"}}]}],
            "tools":[{"name":"look","description":"Looks.","input_schema":{"type":"object"}},
                {"type":"web_search_20250305","name":"web_search"}]}"#
            .to_owned(),
        asked: &[
            "instructions: Be brief.",
            "user: hi",
            "assistant: thinks Hm. | other redacted_thinking | calls t1 look {\"at\": \"it\"}",
            "user: result t1 failed [nothing | Image image/png 5 bytes] | Document - https://example.com/d.pdf | a text",
            "tool function look Looks. {\"type\":\"object\"}",
            "tool web_search_20250305 web_search - -",
        ],
        whole: Some(
            r#"{"id":"msg_1","type":"message","role":"assistant","model":"claude","stop_reason":"tool_use","content":[
                {"type":"thinking","thinking":"I look.","signature":"x"},{"type":"text","text":"One moment"},
                {"type":"server_tool_use","id":"s1","name":"web_search","input":{"query":"q"}},
                {"type":"web_search_tool_result","tool_use_id":"s1","content":[{"title":"T"}]},
                {"type":"tool_use","id":"t2","name":"look","input":{"at":"that"}},
                {"type":"tool_use","id":"t3","name":"wait","input":{}}]}"#
                .to_owned(),
        ),
        stream: Some(named(&[
            r#"{"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"claude","content":[]}}"#,
            r#"{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}"#,
            r#"{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"I "}}"#,
            r#"{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"look."}}"#,
            r#"{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"x"}}"#,
            r#"{"type":"content_block_stop","index":0}"#,
            r#"{"type":"content_block_start","index":1,"content_block":{"type":"text","text":""}}"#,
            r#"{"type":"ping"}"#,
            r#"{"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"One "}}"#,
            r#"{"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"moment"}}"#,
            r#"{"type":"content_block_stop","index":1}"#,
            r#"{"type":"content_block_start","index":2,"content_block":{"type":"server_tool_use","id":"s1","name":"web_search","input":{}}}"#,
            r#"{"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"{\"query\":"}}"#,
            r#"{"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"\"q\"}"}}"#,
            r#"{"type":"content_block_start","index":3,"content_block":{"type":"web_search_tool_result","tool_use_id":"s1","content":[{"title":"T"}]}}"#,
            r#"{"type":"content_block_start","index":4,"content_block":{"type":"tool_use","id":"t2","name":"look","input":{}}}"#,
            r#"{"type":"content_block_delta","index":4,"delta":{"type":"input_json_delta","partial_json":""}}"#,
            r#"{"type":"content_block_delta","index":4,"delta":{"type":"input_json_delta","partial_json":"{\"at\":\"that\"}"}}"#,
            r#"{"type":"content_block_start","index":5,"content_block":{"type":"tool_use","id":"t3","name":"wait","input":{}}}"#,
            r#"{"type":"content_block_stop","index":5}"#,
            r#"{"type":"message_delta","delta":{"stop_reason":"tool_use"},"usage":{"output_tokens":5}}"#,
            r#"{"type":"message_stop"}"#,
        ])),
        stream_path: None,
        answered: &[
            "0 tool_use: thinks I look. | One moment | server calls s1 web_search {\"query\":\"q\"} | server result s1 [json [{\"title\":\"T\"}]] | calls t2 look {\"at\":\"that\"} | calls t3 wait {}",
        ],
    }
}

fn contents() -> Case {
    Case {
        name: "contents",
        path: "/v1beta/models/gemini-2.5-pro:generateContent",
        request: r#"{"systemInstruction":{"parts":[{"text":"Be brief."}]},"contents":[
            {"role":"user","parts":[{"text":"hi"},{"inlineData":{"mimeType":"image/png","data":"aGVsbG8="}},
                {"file_data":{"mime_type":"video/mp4","file_uri":"gs://b/v.mp4"}}]},
            {"role":"model","parts":[{"functionCall":{"name":"look","args":{"at":1}}}]},
            {"role":"user","parts":[{"functionResponse":{"name":"look","response":{"seen":true}}}]}],
            "tools":[{"functionDeclarations":[{"name":"look","description":"Looks.","parameters":{"type":"OBJECT"}}]},
                {"googleSearch":{}}]}"#
            .to_owned(),
        asked: &[
            "instructions: Be brief.",
            "user: hi | Image image/png 5 bytes | Video video/mp4 gs://b/v.mp4",
            "model: calls - look {\"at\":1}",
            "user: result look [json {\"seen\":true}]",
            "tool function look Looks. {\"type\":\"OBJECT\"}",
            "tool googleSearch - - -",
        ],
        whole: Some(
            r#"{"responseId":"r","modelVersion":"g","candidates":[{"index":0,"finishReason":"STOP","content":{"role":"model",
                "parts":[{"text":"I think.","thought":true},{"text":"A dog."},{"functionCall":{"id":"f1","name":"look","args":{"at":2}}},{"text":"Wait."}]}}]}"#
                .to_owned(),
        ),
        stream: Some(data(&[
            r#"{"candidates":[{"content":{"parts":[{"text":"I ","thought":true}],"role":"model"},"index":0}],"responseId":"r","modelVersion":"g"}"#,
            r#"{"candidates":[{"content":{"parts":[{"text":"think.","thought":true},{"text":"A "}],"role":"model"},"index":0}],"responseId":"r","modelVersion":"g"}"#,
            r#"{"candidates":[{"content":{"parts":[{"text":"dog."}],"role":"model"},"index":0}],"responseId":"r","modelVersion":"g"}"#,
            r#"{"candidates":[{"content":{"parts":[{"functionCall":{"id":"f1","name":"look","args":{"at":2}}}],"role":"model"},"index":0}],"responseId":"r","modelVersion":"g"}"#,
            r#"{"candidates":[{"content":{"parts":[{"text":"Wait."}],"role":"model"},"finishReason":"STOP","index":0}],"responseId":"r","modelVersion":"g"}"#,
        ])),
        stream_path: Some("/v1beta/models/gemini-2.5-pro:streamGenerateContent"),
        answered: &["0 STOP: thinks I think. | A dog. | calls f1 look {\"at\":2} | Wait."],
    }
}

fn converse() -> Case {
    Case {
        name: "converse",
        path: "/model/m/converse",
        request: r#"{"system":[{"text":"Be brief."},{"cachePoint":{"type":"default"}}],"messages":[
            {"role":"user","content":[{"text":"hi"},{"image":{"format":"png","source":{"bytes":"aGVsbG8="}}},
                {"document":{"format":"pdf","name":"d","source":{"s3Location":{"uri":"s3://b/d.pdf"}}}}]},
            {"role":"assistant","content":[{"toolUse":{"toolUseId":"t1","name":"look","input":{"at":1}}}]},
            {"role":"user","content":[{"toolResult":{"toolUseId":"t1","status":"error","content":[{"json":{"no":1}},{"text":"x"}]}}]}],
            "toolConfig":{"tools":[{"toolSpec":{"name":"look","description":"Looks.","inputSchema":{"json":{"type":"object"}}}}]}}"#
            .to_owned(),
        asked: &[
            "instructions: Be brief.",
            "user: hi | Image image/png 5 bytes | Document application/pdf s3://b/d.pdf",
            "assistant: calls t1 look {\"at\":1}",
            "user: result t1 failed [json {\"no\":1} | x]",
            "tool function look Looks. {\"type\":\"object\"}",
        ],
        whole: Some(
            r#"{"output":{"message":{"role":"assistant","content":[{"reasoningContent":{"reasoningText":{"text":"Hm.","signature":"s"}}},
                {"text":"A dog."},{"toolUse":{"toolUseId":"t2","name":"look","input":{"at":2}}}]}},"stopReason":"tool_use"}"#
                .to_owned(),
        ),
        stream: Some(frames(&[
            ("messageStart", r#"{"role":"assistant"}"#.to_owned()),
            ("contentBlockDelta", r#"{"contentBlockIndex":0,"delta":{"reasoningContent":{"text":"Hm."}},"p":"a"}"#.to_owned()),
            ("contentBlockDelta", r#"{"contentBlockIndex":0,"delta":{"reasoningContent":{"signature":"s"}},"p":"a"}"#.to_owned()),
            ("contentBlockDelta", r#"{"contentBlockIndex":1,"delta":{"text":"A "},"p":"ab"}"#.to_owned()),
            ("contentBlockDelta", r#"{"contentBlockIndex":1,"delta":{"text":"dog."},"p":"ab"}"#.to_owned()),
            ("contentBlockStop", r#"{"contentBlockIndex":1}"#.to_owned()),
            ("contentBlockStart", r#"{"contentBlockIndex":2,"start":{"toolUse":{"toolUseId":"t2","name":"look"}}}"#.to_owned()),
            ("contentBlockDelta", r#"{"contentBlockIndex":2,"delta":{"toolUse":{"input":"{\"at\""}}}"#.to_owned()),
            ("contentBlockDelta", r#"{"contentBlockIndex":2,"delta":{"toolUse":{"input":":2}"}}}"#.to_owned()),
            ("messageStop", r#"{"stopReason":"tool_use"}"#.to_owned()),
            ("metadata", r#"{"usage":{"inputTokens":1,"outputTokens":2}}"#.to_owned()),
        ])),
        stream_path: Some("/model/m/converse-stream"),
        answered: &["0 tool_use: thinks Hm. | A dog. | calls t2 look {\"at\":2}"],
    }
}

/// The items of an answer of the Responses API.
const OUTPUT: &str = r#"[{"id":"rs_1","type":"reasoning","summary":[{"type":"summary_text","text":"Hm."}]},
{"id":"ws_1","type":"web_search_call","status":"completed","action":{"type":"search","query":"q"}},
{"id":"msg_1","type":"message","role":"assistant","content":[{"type":"output_text","text":"A dog.","annotations":[]},{"type":"refusal","refusal":"No."}]},
{"id":"fc_1","type":"function_call","call_id":"c1","name":"look","arguments":"{\"at\":1}"}]"#;

fn responses() -> Case {
    let response = |output: &str| {
        format!(
            r#"{{"id":"resp_1","object":"response","model":"m","status":"completed","output":{output}}}"#
        )
    };
    let completed = format!(
        r#"{{"type":"response.completed","response":{}}}"#,
        response(&OUTPUT.replace('\n', ""))
    );
    Case {
        name: "responses",
        path: "/v1/responses",
        request: r#"{"model":"m","instructions":"Be brief.","input":[
            {"role":"user","content":[{"type":"input_text","text":"hi"},{"type":"input_image","image_url":"data:image/png;base64,aGVsbG8="},
                {"type":"input_file","file_id":"file-1"}]},
            {"type":"item_reference","id":"x"},
            {"type":"function_call","call_id":"c0","name":"look","arguments":"{}"},
            {"type":"function_call_output","call_id":"c0","output":"seen"}],
            "tools":[{"type":"function","name":"look","parameters":{"type":"object"}},{"type":"web_search"}]}"#
            .to_owned(),
        asked: &[
            "instructions: Be brief.",
            "user: hi | Image image/png 5 bytes | Document - file file-1",
            "assistant: calls c0 look {}",
            "tool: result c0 [seen]",
            "tool function look - {\"type\":\"object\"}",
            "tool web_search - - -",
        ],
        whole: Some(response(OUTPUT)),
        stream: Some(named(&[
            r#"{"type":"response.created","response":{"id":"resp_1","model":"m","status":"in_progress","output":[]}}"#,
            r#"{"type":"response.output_item.added","output_index":0,"item":{"id":"rs_1","type":"reasoning","summary":[]}}"#,
            r#"{"type":"response.reasoning_summary_text.delta","output_index":0,"summary_index":0,"delta":"H"}"#,
            r#"{"type":"response.reasoning_summary_text.delta","output_index":0,"summary_index":0,"delta":"m."}"#,
            r#"{"type":"response.output_item.done","output_index":0,"item":{"id":"rs_1","type":"reasoning","summary":[{"type":"summary_text","text":"Hm."}]}}"#,
            r#"{"type":"response.output_item.added","output_index":1,"item":{"id":"ws_1","type":"web_search_call","status":"in_progress"}}"#,
            r#"{"type":"response.output_item.done","output_index":1,"item":{"id":"ws_1","type":"web_search_call","status":"completed","action":{"type":"search","query":"q"}}}"#,
            r#"{"type":"response.output_item.added","output_index":2,"item":{"id":"msg_1","type":"message","role":"assistant","content":[]}}"#,
            r#"{"type":"response.output_text.delta","output_index":2,"content_index":0,"delta":"A "}"#,
            r#"{"type":"response.output_text.delta","output_index":2,"content_index":0,"delta":"dog."}"#,
            r#"{"type":"response.refusal.delta","output_index":2,"content_index":1,"delta":"No."}"#,
            r#"{"type":"response.output_item.added","output_index":3,"item":{"id":"fc_1","type":"function_call","call_id":"c1","name":"look","arguments":""}}"#,
            r#"{"type":"response.function_call_arguments.delta","output_index":3,"delta":"{\"at\""}"#,
            r#"{"type":"response.function_call_arguments.delta","output_index":3,"delta":":1}"}"#,
            r#"{"type":"response.output_item.done","output_index":2,"item":{"id":"msg_1","type":"message","role":"assistant","content":[{"type":"output_text","text":"A dog."},{"type":"refusal","refusal":"No."}]}}"#,
            &completed,
        ])),
        stream_path: None,
        answered: &["0 completed: thinks Hm. | server calls ws_1 web_search {\"type\":\"search\",\"query\":\"q\"} | A dog. | refuses No. | calls c1 look {\"at\":1}"],
    }
}
