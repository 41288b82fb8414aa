//! OpenAI legacy completions.

use super::{
    answer::Answer,
    failure::Failure,
    openai_chat::{chunks_before_failure, fail, usage},
};

/// Fills in the answer.
pub fn answer(answer: &mut Answer<'_>) {
    let asked = answer.asked;
    let id = format!("cmpl-{}", answer.unique);
    answer.entry.response_model = Some(asked.response_model());
    let head = format!(
        r#"{{"id":"{id}","object":"text_completion","created":1760000000,"model":"{}""#,
        asked.response_model()
    );
    answer.entry.response_id = Some(id);
    let finish = if asked.options.truncated {
        "length"
    } else {
        "stop"
    };
    if asked.stream {
        stream(answer, &head, finish)
    } else {
        whole(answer, &head, finish)
    }
}

fn whole(answer: &mut Answer<'_>, head: &str, finish: &str) {
    let asked = answer.asked;
    let text = answer.text(0).to_string();
    let choices: Vec<_> = (0..asked.choices)
        .map(|index| {
            format!(
                r#"{{"text":"{text}","index":{index},"logprobs":null,"finish_reason":"{finish}"}}"#
            )
        })
        .collect();
    answer.entry.tokens = asked.tokens();
    answer.entry.finish_reasons = Some(vec![finish.to_owned(); asked.choices]);
    let usage = usage(&answer.entry.tokens);
    answer.frames.put(format_args!(
        r#"{head},"choices":[{}],"usage":{usage}}}"#,
        choices.join(",")
    ));
    answer.frames.end();
}

fn stream(answer: &mut Answer<'_>, head: &str, finish: &str) {
    let asked = answer.asked;
    let chunk = |answer: &mut Answer<'_>, text: &str, finish: &str| {
        for index in 0..asked.choices {
            answer.frames.event(format_args!(
                r#"{head},"choices":[{{"text":"{text}","index":{index},"logprobs":null,"finish_reason":{finish}}}]}}"#
            ));
        }
    };
    for index in 0..chunks_before_failure(answer) {
        let text = answer.text(index).to_string();
        chunk(answer, &text, "null");
    }
    if asked.options.failure == Some(Failure::InStream) {
        return fail(answer);
    }
    chunk(answer, "", &format!("\"{finish}\""));
    answer.entry.finish_reasons = Some(vec![finish.to_owned(); asked.choices]);
    if asked.include_usage {
        answer.entry.tokens = asked.tokens();
        answer.frames.event(format_args!(
            r#"{head},"choices":[],"usage":{}}}"#,
            usage(&answer.entry.tokens)
        ));
    }
    answer.frames.event(format_args!("[DONE]"));
}
