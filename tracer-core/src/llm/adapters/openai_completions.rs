//! OpenAI `POST …/completions`, the legacy text completions.
//!
//! <https://platform.openai.com/docs/api-reference/completions>. Answers are read like those of
//! [chat completions](super::openai_chat); only the request differs.

use serde::Deserialize;

use super::{
    adapter::{
        Adapter, AnswerContext, Endpoint, RequestContext, RequestRead, StreamReader, has_member,
    },
    openai_chat,
    openai_chat_stream::ChatStream,
    openai_path,
    openai_usage::ReasoningRule,
    request_line::RequestLine,
};
use crate::llm::{
    answer::Answer,
    call::{Operation, RequestFacts},
    json::{Count, Filled, Flag, Integer, Number, Text, Texts, read},
};

/// Legacy text completions.
#[derive(Debug)]
pub(super) struct OpenAiCompletions;

impl Adapter for OpenAiCompletions {
    fn name(&self) -> &'static str {
        "openai.completions"
    }

    fn flavour(&self) -> &'static str {
        "openai"
    }

    fn endpoint(&self, request: &RequestLine<'_>) -> Option<Endpoint> {
        let [.., "completions"] = request.post()? else {
            return None;
        };
        Some(openai_path::endpoint(request, Operation::TextCompletion))
    }

    fn seems(&self, body: &[u8]) -> bool {
        has_member(body, r#""prompt""#)
    }

    fn read_request(&self, _: &RequestContext<'_>, body: &[u8]) -> Option<RequestRead> {
        read_request(body)
    }

    fn read_document(&self, _: &AnswerContext<'_>, body: &[u8], answer: &mut Answer) -> bool {
        openai_chat::read_document(body, answer, ReasoningRule::Within)
    }

    fn stream(&self, _: &AnswerContext<'_>) -> Box<dyn StreamReader> {
        Box::new(ChatStream::new(ReasoningRule::Within))
    }
}

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

fn read_request(body: &[u8]) -> Option<RequestRead> {
    let body = read::<Request<'_>>(body)?;
    // Servers of one model do not ask for its name.
    let has_shape = body.prompt.0;
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
    Some(RequestRead {
        facts,
        has_shape,
        ..RequestRead::default()
    })
}
