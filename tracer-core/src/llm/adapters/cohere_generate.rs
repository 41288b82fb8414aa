//! Cohere `POST /v1/generate`, the text completions before chats.
//!
//! <https://docs.cohere.com/v1/reference/generate>. A stream is lines of JSON; the last one holds the
//! whole answer.

use serde::Deserialize;
use std::sync::LazyLock;

use super::{
    adapter::{
        Adapter, AnswerContext, Endpoint, RequestContext, RequestRead, StreamReader, has_member,
    },
    cohere_request::{is_cohere, read_request},
    cohere_usage::CohereUsage,
    event::Chunk,
    members::Members,
    request_line::RequestLine,
};
use crate::{
    llm::{
        answer::Answer,
        call::Operation,
        json::{Flag, List, Object, Text, read},
    },
    stream::{event::Event, framing::StreamFormat},
};

static TELLING: LazyLock<Members<2>> =
    LazyLock::new(|| Members::new([r#""response""#, r#""finish_reason""#]));

/// Completions of a prompt.
#[derive(Debug)]
pub(super) struct CohereGenerate;

impl Adapter for CohereGenerate {
    fn name(&self) -> &'static str {
        "cohere.generate"
    }

    fn flavour(&self) -> &'static str {
        "cohere"
    }

    fn endpoint(&self, request: &RequestLine<'_>) -> Option<Endpoint> {
        match request.post()? {
            [.., "v1", "generate"] if is_cohere(request) => {
                let endpoint = Endpoint::new(Operation::TextCompletion);
                Some(endpoint.with_format(StreamFormat::Lines))
            }
            _ => None,
        }
    }

    fn seems(&self, body: &[u8]) -> bool {
        has_member(body, r#""prompt""#)
    }

    fn read_request(&self, _: &RequestContext<'_>, body: &[u8]) -> Option<RequestRead> {
        read_request(body)
    }

    fn read_document(&self, _: &AnswerContext<'_>, body: &[u8], answer: &mut Answer) -> bool {
        let Some(document) = read::<Document<'_>>(body) else {
            return false;
        };
        document.tell(answer);
        true
    }

    fn stream(&self, _: &AnswerContext<'_>) -> Box<dyn StreamReader> {
        Box::new(GenerateStream)
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Document<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    generations: List<Object<Generation<'a>>>,
    meta: Object<CohereUsage>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Generation<'a> {
    #[serde(borrow)]
    finish_reason: Text<'a>,
}

impl Document<'_> {
    fn tell(&self, answer: &mut Answer) {
        answer.identify(self.id.as_str(), None);
        for (at, generation) in (0..).zip(self.generations.0.iter()) {
            let reason = generation
                .0
                .as_ref()
                .and_then(|one| one.finish_reason.as_str());
            if let Some(reason) = reason {
                answer.finish(at, reason);
            }
        }
        if let Some(usage) = self.meta.0.as_ref().and_then(CohereUsage::normalise) {
            answer.usage = usage;
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Line<'a> {
    is_finished: Flag,
    #[serde(borrow)]
    finish_reason: Text<'a>,
    response: Object<Document<'a>>,
}

/// Reads a stream of lines.
#[derive(Debug)]
struct GenerateStream;

impl StreamReader for GenerateStream {
    fn event(&mut self, event: &Event<'_>, answer: &mut Answer) -> Chunk {
        if !TELLING.any_is_set(event.data) {
            return Chunk::Output;
        }
        let Some(line) = read::<Line<'_>>(event.data) else {
            return Chunk::Other;
        };
        if let Some(reason) = line.finish_reason.as_str() {
            answer.finish(0, reason);
        }
        if let Some(response) = &line.response.0 {
            response.tell(answer);
        }
        answer.ended |= line.is_finished.0 == Some(true);
        Chunk::Other
    }
}

#[cfg(test)]
mod tests {
    use super::{super::testing as support, *};

    const WHOLE: &str = r#"{"id":"g","generations":[{"id":"g1","text":"a","finish_reason":"COMPLETE"},
        {"id":"g2","text":"b","finish_reason":"MAX_TOKENS"}],"prompt":"p",
        "meta":{"billed_units":{"input_tokens":7,"output_tokens":129}}}"#;

    #[test]
    fn an_answer_in_one_piece() {
        let seen = support::document(&CohereGenerate, WHOLE);
        assert_eq!(seen.tokens(), (Some(7), Some(129)));
        assert_eq!(seen.facts.finish_reasons, ["COMPLETE", "MAX_TOKENS"]);
    }

    #[test]
    fn a_stream_of_lines() {
        let last =
            format!(r#"{{"is_finished":true,"finish_reason":"COMPLETE","response":{WHOLE}}}"#);
        let text = r#"{"text":"a","is_finished":false}"#;
        let seen = support::chunks(&CohereGenerate, &[text, text, &last]);
        assert_eq!(seen.tokens(), (Some(7), Some(129)));
        assert_eq!((seen.outputs, seen.ended), (2, true));
    }
}
