//! OpenAI embeddings.

use super::answer::Answer;

/// Fills in the answer: one vector, in base64 as current clients ask for.
pub fn answer(answer: &mut Answer<'_>) {
    let asked = answer.asked;
    answer.entry.response_model = Some(asked.response_model());
    answer.entry.tokens = asked.tokens();
    answer.frames.put(format_args!(
        r#"{{"object":"list","data":[{{"object":"embedding","index":0,"embedding":"AACAPwAAAEAAAEBA"}}],"model":"{}","usage":{{"prompt_tokens":{n},"total_tokens":{n}}}}}"#,
        asked.response_model(),
        n = asked.n
    ));
    answer.frames.end();
}
