//! OpenAI chat completions.

use super::{
    answer::Answer,
    failure::{Failure, Spelling},
    ledger::{Tokens, Tool},
};

const CREATED: u64 = 1_760_000_000;

/// Fills in the answer.
pub fn answer(answer: &mut Answer<'_>) {
    let asked = answer.asked;
    let id = format!("chatcmpl-{}", answer.unique);
    answer.entry.response_id = Some(id.clone());
    answer.entry.response_model = Some(asked.response_model());
    answer.entry.tools = (0..asked.options.tools)
        .map(|index| tool(answer, index))
        .collect();
    if asked.stream {
        stream(answer, &id)
    } else {
        whole(answer, &id)
    }
}

fn tool(answer: &Answer<'_>, index: usize) -> Tool {
    Tool {
        id: answer.tool_id("call_", index),
        name: answer.asked.tool.clone(),
    }
}

fn finish_reason(answer: &Answer<'_>) -> &'static str {
    match &answer.asked.options {
        options if options.tools > 0 => "tool_calls",
        options if options.truncated => "length",
        _ => "stop",
    }
}

fn whole(answer: &mut Answer<'_>, id: &str) {
    let asked = answer.asked;
    let finish = finish_reason(answer);
    let message = if asked.options.tools == 0 {
        format!(
            r#"{{"role":"assistant","content":"{}","refusal":null,"annotations":[]}}"#,
            answer.text(0)
        )
    } else {
        let calls: Vec<_> = answer
            .entry
            .tools
            .iter()
            .enumerate()
            .map(|(i, tool)| call(answer, i, tool))
            .collect();
        format!(
            r#"{{"role":"assistant","content":null,"refusal":null,"tool_calls":[{}]}}"#,
            calls.join(",")
        )
    };
    let choices: Vec<_> = (0..asked.choices)
        .map(|index| format!(r#"{{"index":{index},"message":{message},"logprobs":null,"finish_reason":"{finish}"}}"#))
        .collect();
    let tokens = asked.tokens();
    answer.frames.put(format_args!(
        r#"{{"id":"{id}","object":"chat.completion","created":{CREATED},"model":"{}","choices":[{}],"usage":{},"service_tier":"default","system_fingerprint":"fp_local"}}"#,
        asked.response_model(),
        choices.join(","),
        usage_with_cost(&tokens, asked.options.cost),
    ));
    answer.frames.end();
    answer.entry.tokens = tokens;
    answer.entry.finish_reasons = Some(vec![finish.to_owned(); asked.choices]);
}

fn call(answer: &Answer<'_>, index: usize, tool: &Tool) -> String {
    let (Tool { id, name }, arguments) = (tool, answer.tool_arguments(index));
    format!(
        r#"{{"id":"{id}","type":"function","function":{{"name":"{name}","arguments":"{arguments}"}}}}"#
    )
}

fn stream(answer: &mut Answer<'_>, id: &str) {
    let asked = answer.asked;
    let usage_null = if asked.include_usage {
        r#","usage":null"#
    } else {
        ""
    };
    let head = format!(
        r#"{{"id":"{id}","object":"chat.completion.chunk","created":{CREATED},"model":"{}","service_tier":"default","system_fingerprint":"fp_local"{usage_null}"#,
        asked.response_model()
    );
    let delta = |answer: &mut Answer<'_>, delta: std::fmt::Arguments<'_>, finish: &str| {
        for index in 0..asked.choices {
            answer.frames.event(format_args!(
                r#"{head},"choices":[{{"index":{index},"delta":{delta},"logprobs":null,"finish_reason":{finish}}}]}}"#
            ));
        }
    };
    delta(
        answer,
        format_args!(r#"{{"role":"assistant","content":"","refusal":null}}"#),
        "null",
    );
    for chunk in 0..chunks_before_failure(answer) {
        let piece = output(answer, chunk);
        delta(answer, format_args!("{piece}"), "null");
    }
    if asked.options.failure == Some(Failure::InStream) {
        return fail(answer);
    }
    let finish = finish_reason(answer);
    delta(answer, format_args!("{{}}"), &format!("\"{finish}\""));
    answer.entry.finish_reasons = Some(vec![finish.to_owned(); asked.choices]);
    if asked.include_usage {
        answer.entry.tokens = asked.tokens();
        let head = head.trim_end_matches(usage_null);
        answer.frames.event(format_args!(
            r#"{head},"choices":[],"usage":{}}}"#,
            usage_with_cost(&answer.entry.tokens, asked.options.cost)
        ));
    }
    answer.frames.event(format_args!("[DONE]"));
}

/// Half of the chunks when the stream is to fail.
pub(super) fn chunks_before_failure(answer: &Answer<'_>) -> usize {
    let options = &answer.asked.options;
    let chunks = options.chunks.max(options.tools);
    if options.failure == Some(Failure::InStream) {
        chunks.div_ceil(2)
    } else {
        chunks
    }
}

/// The delta of a chunk: text, or the beginning of a tool call and then its arguments.
fn output(answer: &Answer<'_>, chunk: usize) -> String {
    match answer.entry.tools.get(chunk) {
        Some(Tool { id, name }) => format!(
            r#"{{"tool_calls":[{{"index":{chunk},"id":"{id}","type":"function","function":{{"name":"{name}","arguments":"{}"}}}}]}}"#,
            answer.tool_arguments(chunk)
        ),
        None if answer.entry.tools.is_empty() => {
            format!(r#"{{"content":"{}"}}"#, answer.text(chunk))
        }
        None => r#"{"tool_calls":[{"index":0,"function":{"arguments":""}}]}"#.to_owned(),
    }
}

/// The error event that ends a stream which began with status 200.
pub(super) fn fail(answer: &mut Answer<'_>) {
    let spelling = Spelling::in_stream(answer.asked.api);
    answer.frames.event(format_args!(
        r#"{{"error":{{"message":"the server had an error{}","type":"{}","param":null,"code":"{}"}}}}"#,
        answer.secret,
        spelling.kind,
        spelling.code.unwrap_or_default()
    ));
    answer.entry.error_types = spelling.error_types(None);
}

/// The same with what the call costs, as OpenRouter has it.
fn usage_with_cost(tokens: &Tokens, millionths: Option<u32>) -> String {
    let mut usage = usage(tokens);
    if let Some(millionths) = millionths {
        usage.pop();
        usage.push_str(&format!(r#","cost":{}}}"#, f64::from(millionths) / 1e6));
    }
    usage
}

/// `usage` of chat completions and legacy completions.
pub(super) fn usage(tokens: &Tokens) -> String {
    let [input, output, cached, reasoning] = [
        tokens.input,
        tokens.output,
        tokens.cache_read,
        tokens.reasoning,
    ]
    .map(Option::unwrap_or_default);
    format!(
        r#"{{"prompt_tokens":{input},"completion_tokens":{output},"total_tokens":{},"prompt_tokens_details":{{"cached_tokens":{cached},"audio_tokens":0}},"completion_tokens_details":{{"reasoning_tokens":{reasoning},"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}}}"#,
        input + output
    )
}
