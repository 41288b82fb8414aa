//! OpenAI `POST …/completions`, the legacy text completions.
//!
//! <https://platform.openai.com/docs/api-reference/completions>. Answers are read like those of
//! [chat completions](super::openai_chat); only the request differs.

use serde::Deserialize;

use super::{
    call::RequestFacts,
    json::{Count, Filled, Flag, Integer, Number, Text, Texts, read},
    request::RequestRead,
};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Request<'a> {
    #[serde(borrow)]
    model: Text<'a>,
    prompt: Filled,
    stream: Flag,
    max_tokens: Count,
    temperature: Number,
    top_p: Number,
    top_k: Number,
    frequency_penalty: Number,
    presence_penalty: Number,
    stop: Texts,
    seed: Integer,
    n: Count,
}

/// Reads a request body.
pub(super) fn read_request(body: &[u8]) -> Option<RequestRead> {
    let body = read::<Request<'_>>(body)?;
    let has_shape = body.prompt.0 && body.model.as_str().is_some();
    let facts = RequestFacts {
        model: body.model.owned(),
        stream: body.stream.0,
        max_tokens: body.max_tokens.0,
        temperature: body.temperature.0,
        top_p: body.top_p.0,
        top_k: body.top_k.0,
        frequency_penalty: body.frequency_penalty.0,
        presence_penalty: body.presence_penalty.0,
        stop_sequences: body.stop.0,
        seed: body.seed.0,
        choice_count: body.n.0,
        ..RequestFacts::default()
    };
    Some(RequestRead { facts, has_shape })
}
