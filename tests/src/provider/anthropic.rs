//! Anthropic messages.

use super::{
    answer::Answer,
    failure::{Failure, Spelling},
    ledger::{Tokens, Tool},
    openai_chat::chunks_before_failure,
};

/// Fills in the answer.
pub fn answer(answer: &mut Answer<'_>) {
    let asked = answer.asked;
    answer.entry.response_id = Some(format!("msg_{}", answer.unique));
    answer.entry.response_model = Some(asked.response_model());
    answer.entry.tools = (0..asked.options.tools)
        .map(|index| Tool {
            id: answer.tool_id("toolu_", index),
            name: asked.tool.clone(),
        })
        .collect();
    if asked.stream {
        stream(answer)
    } else {
        whole(answer)
    }
}

fn stop_reason(answer: &Answer<'_>) -> &'static str {
    match &answer.asked.options {
        options if options.tools > 0 => "tool_use",
        options if options.truncated => "max_tokens",
        _ => "end_turn",
    }
}

fn whole(answer: &mut Answer<'_>) {
    let (tokens, stop) = (answer.asked.tokens(), stop_reason(answer));
    let content = if answer.entry.tools.is_empty() {
        format!(r#"{{"type":"text","text":"{}"}}"#, answer.text(0))
    } else {
        let blocks: Vec<_> = answer
            .entry
            .tools
            .iter()
            .enumerate()
            .map(|(i, tool)| tool_block(answer, i, tool))
            .collect();
        blocks.join(",")
    };
    let usage = usage(&tokens, tokens.output.unwrap_or_default());
    let body = message(answer, &content, &format!("\"{stop}\""), &usage);
    answer.frames.put(format_args!("{body}"));
    answer.frames.end();
    answer.entry.tokens = tokens;
    answer.entry.finish_reasons = Some(vec![stop.to_owned()]);
}

fn tool_block(answer: &Answer<'_>, index: usize, Tool { id, name }: &Tool) -> String {
    let input = format!(r#"{{"city":"city {index} {}"}}"#, answer.secret);
    format!(r#"{{"type":"tool_use","id":"{id}","name":"{name}","input":{input}}}"#)
}

fn stream(answer: &mut Answer<'_>) {
    let tokens = answer.asked.tokens();
    answer.entry.tokens = Tokens {
        output: None,
        ..tokens
    };
    let begun = message(answer, "", "null", &usage(&tokens, 1));
    answer.frames.named_event(
        "message_start",
        format_args!(r#"{{"type":"message_start","message":{begun}}}"#),
    );
    if answer.entry.tools.is_empty() {
        text_block(answer)
    } else {
        tool_blocks(answer)
    }
    if answer.asked.options.failure == Some(Failure::InStream) {
        return fail(answer);
    }
    let (stop, output) = (stop_reason(answer), tokens.output.unwrap_or_default());
    answer.frames.named_event(
        "message_delta",
        format_args!(
            r#"{{"type":"message_delta","delta":{{"stop_reason":"{stop}","stop_sequence":null}},"usage":{{"output_tokens":{output}}}}}"#
        ),
    );
    answer
        .frames
        .named_event("message_stop", format_args!(r#"{{"type":"message_stop"}}"#));
    answer.entry.tokens = tokens;
    answer.entry.finish_reasons = Some(vec![stop.to_owned()]);
}

fn text_block(answer: &mut Answer<'_>) {
    begin_block(answer, 0, r#"{"type":"text","text":""}"#);
    answer
        .frames
        .named_event("ping", format_args!(r#"{{"type": "ping"}}"#));
    for chunk in 0..chunks_before_failure(answer) {
        let text = answer.text(chunk).to_string();
        block_delta(
            answer,
            0,
            &format!(r#"{{"type":"text_delta","text":"{text}"}}"#),
        );
    }
    if answer.asked.options.failure.is_none() {
        end_block(answer, 0);
    }
}

fn tool_blocks(answer: &mut Answer<'_>) {
    for (index, Tool { id, name }) in answer.entry.tools.clone().into_iter().enumerate() {
        begin_block(
            answer,
            index,
            &format!(r#"{{"type":"tool_use","id":"{id}","name":"{name}","input":{{}}}}"#),
        );
        let arguments = answer.tool_arguments(index);
        block_delta(
            answer,
            index,
            &format!(r#"{{"type":"input_json_delta","partial_json":"{arguments}"}}"#),
        );
        end_block(answer, index);
    }
}

fn begin_block(answer: &mut Answer<'_>, index: usize, block: &str) {
    answer.frames.named_event(
        "content_block_start",
        format_args!(r#"{{"type":"content_block_start","index":{index},"content_block":{block}}}"#),
    );
}

/// The provider hides the length of a delta behind spaces before its last brace.
fn block_delta(answer: &mut Answer<'_>, index: usize, delta: &str) {
    answer.frames.named_event(
        "content_block_delta",
        format_args!(r#"{{"type":"content_block_delta","index":{index},"delta":{delta}   }}"#),
    );
}

fn end_block(answer: &mut Answer<'_>, index: usize) {
    answer.frames.named_event(
        "content_block_stop",
        format_args!(r#"{{"type":"content_block_stop","index":{index}}}"#),
    );
}

fn fail(answer: &mut Answer<'_>) {
    let spelling = Spelling::in_stream(answer.asked.api);
    answer.frames.named_event(
        "error",
        format_args!(
            r#"{{"type":"error","error":{{"type":"{}","message":"Overloaded{}"}}}}"#,
            spelling.kind, answer.secret
        ),
    );
    answer.entry.error_types = spelling.error_types(None);
}

fn message(answer: &Answer<'_>, content: &str, stop: &str, usage: &str) -> String {
    format!(
        r#"{{"id":"msg_{}","type":"message","role":"assistant","model":"{}","content":[{content}],"stop_reason":{stop},"stop_sequence":null,"usage":{usage}}}"#,
        answer.unique,
        answer.asked.response_model()
    )
}

/// `input_tokens` on the wire excludes what was read from or written to the cache.
fn usage(tokens: &Tokens, output: u64) -> String {
    let [input, read, created] =
        [tokens.input, tokens.cache_read, tokens.cache_creation].map(Option::unwrap_or_default);
    format!(
        r#"{{"input_tokens":{},"cache_creation_input_tokens":{created},"cache_read_input_tokens":{read},"output_tokens":{output},"service_tier":"standard"}}"#,
        input - read - created
    )
}
