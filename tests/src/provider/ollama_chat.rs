//! Ollama's chat: a JSON document, or one for each piece of a stream, a line each.

use super::answer::Answer;

const FINISH: &str = "stop";

/// Fills in the answer. It has no id beyond that of the request.
pub fn answer(answer: &mut Answer<'_>) {
    let asked = answer.asked;
    let head = format!(
        r#"{{"model":"{}","created_at":"2026-01-01T00:00:00Z""#,
        asked.response_model()
    );
    if asked.stream {
        for chunk in 0..asked.options.chunks {
            let text = answer.text(chunk).to_string();
            let line = format!("{head},{},\"done\":false}}\n", message(&text));
            answer.frames.bytes(line.as_bytes());
        }
        last(answer, &head, "");
    } else {
        let text = answer.text(0).to_string();
        last(answer, &head, &text);
    }
}

/// The document that counts: all of an answer, or the end of a stream.
fn last(answer: &mut Answer<'_>, head: &str, text: &str) {
    let tokens = answer.asked.tokens();
    let [input, output] = [tokens.input, tokens.output].map(Option::unwrap_or_default);
    let line = format!(
        "{head},{},\"done\":true,\"done_reason\":\"{FINISH}\",\"total_duration\":9000000,\
         \"load_duration\":1000000,\"prompt_eval_count\":{input},\"prompt_eval_duration\":2000000,\
         \"eval_count\":{output},\"eval_duration\":6000000}}\n",
        message(text)
    );
    answer.frames.bytes(line.as_bytes());
    answer.entry.response_model = Some(answer.asked.response_model());
    answer.entry.finish_reasons = Some(vec![FINISH.to_owned()]);
    answer.entry.tokens = tokens;
}

fn message(text: &str) -> String {
    format!(r#""message":{{"role":"assistant","content":"{text}"}}"#)
}
