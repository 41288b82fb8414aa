//! Google's generation of content.

use super::{answer::Answer, ledger::Tokens};

const FINISH: &str = "STOP";

/// Fills in the answer.
pub fn answer(answer: &mut Answer<'_>) {
    let asked = answer.asked;
    answer.entry.response_id = Some(answer.unique.to_owned());
    answer.entry.response_model = Some(asked.response_model());
    let tokens = asked.tokens();
    let chunks = if asked.stream {
        asked.options.chunks
    } else {
        1
    };
    for chunk in 0..chunks {
        let is_last = chunk + 1 == chunks;
        let document = document(answer, chunk, &tokens, is_last);
        if asked.stream {
            answer.frames.event(format_args!("{document}"));
        } else {
            answer.frames.put(format_args!("{document}"));
            answer.frames.end();
        }
    }
    answer.entry.tokens = tokens;
    answer.entry.finish_reasons = Some(vec![FINISH.to_owned()]);
}

/// A whole answer, or a chunk of a stream: each tells the counts so far.
fn document(answer: &Answer<'_>, chunk: usize, tokens: &Tokens, is_last: bool) -> String {
    let finish = if is_last {
        format!(r#","finishReason":"{FINISH}""#)
    } else {
        String::new()
    };
    format!(
        r#"{{"candidates":[{{"content":{{"parts":[{{"text":"{}"}}],"role":"model"}}{finish},"index":0}}],"usageMetadata":{},"modelVersion":"{}","responseId":"{}"}}"#,
        answer.text(chunk),
        usage(tokens, is_last),
        answer.asked.response_model(),
        answer.unique,
    )
}

/// What was thought is not part of what was answered.
fn usage(tokens: &Tokens, is_last: bool) -> String {
    let [input, output, cached, thoughts] = [
        tokens.input,
        tokens.output,
        tokens.cache_read,
        tokens.reasoning,
    ]
    .map(Option::unwrap_or_default);
    if !is_last {
        return format!(r#"{{"promptTokenCount":{input},"totalTokenCount":{input}}}"#);
    }
    format!(
        r#"{{"promptTokenCount":{input},"candidatesTokenCount":{},"totalTokenCount":{},"cachedContentTokenCount":{cached},"thoughtsTokenCount":{thoughts}}}"#,
        output - thoughts,
        input + output
    )
}
