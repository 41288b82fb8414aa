//! IBM watsonx `POST /ml/v1/text/chat` and `/chat_stream`: chat completions with a `model_id`.
//!
//! <https://cloud.ibm.com/apidocs/watsonx-ai#text-chat>.

use serde::Deserialize;

use super::{
    adapter::{
        Adapter, AnswerContext, Endpoint, RequestContext, RequestRead, StreamReader, has_member,
    },
    event::Chunk,
    openai_chat::OpenAiChat,
    request_line::RequestLine,
    watsonx_error,
};
use crate::{
    llm::{
        answer::Answer,
        call::Operation,
        json::{Text, read},
    },
    stream::event::Event,
};

/// Chats.
#[derive(Debug)]
pub(super) struct WatsonxChat;

impl Adapter for WatsonxChat {
    fn name(&self) -> &'static str {
        "watsonx.chat"
    }

    fn flavour(&self) -> &'static str {
        "ibm.watsonx.ai"
    }

    fn endpoint(&self, request: &RequestLine<'_>) -> Option<Endpoint> {
        let stream = match request.post()? {
            [.., "text", "chat"] => false,
            [.., "text", "chat_stream"] => true,
            _ => return None,
        };
        Some(Endpoint::new(Operation::Chat).with_stream(stream))
    }

    fn seems(&self, body: &[u8]) -> bool {
        has_member(body, r#""messages""#)
    }

    fn read_request(&self, context: &RequestContext<'_>, body: &[u8]) -> Option<RequestRead> {
        let mut read = OpenAiChat.read_request(context, body)?;
        read.facts.model = read.facts.model.or_else(|| model_id(body));
        Some(read)
    }

    fn read_document(&self, context: &AnswerContext<'_>, body: &[u8], answer: &mut Answer) -> bool {
        let is_read = OpenAiChat.read_document(context, body, answer);
        answer.identify(None, model_id(body).as_deref());
        is_read
    }

    fn read_error(&self, _: &AnswerContext<'_>, body: &[u8], answer: &mut Answer) {
        answer.error = watsonx_error::error_type(body);
    }

    fn stream(&self, context: &AnswerContext<'_>) -> Box<dyn StreamReader> {
        Box::new(ChatStream {
            chunks: OpenAiChat.stream(context),
            has_started: false,
        })
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Named<'a> {
    #[serde(borrow)]
    model_id: Text<'a>,
}

fn model_id(body: &[u8]) -> Option<String> {
    read::<Named<'_>>(body)?.model_id.owned()
}

/// Reads a stream of chunks, the first of which names the model.
#[derive(Debug)]
struct ChatStream {
    chunks: Box<dyn StreamReader>,
    has_started: bool,
}

impl StreamReader for ChatStream {
    fn event(&mut self, event: &Event<'_>, answer: &mut Answer) -> Chunk {
        let chunk = self.chunks.event(event, answer);
        if !self.has_started {
            self.has_started = true;
            answer.identify(None, model_id(event.data).as_deref());
        }
        if event.event == b"error" {
            answer.error = Some(watsonx_error::error_type_or_unnamed(event.data));
        }
        chunk
    }

    fn gap(&mut self, answer: &mut Answer) {
        self.chunks.gap(answer);
    }

    fn finish(&mut self, answer: &mut Answer) {
        self.chunks.finish(answer);
    }
}

#[cfg(test)]
mod tests {
    use super::{super::testing as support, *};

    #[test]
    fn the_model_has_a_name_of_its_own() {
        let read = support::request(
            &WatsonxChat,
            "/ml/v1/text/chat",
            r#"{"model_id":"ibm/granite-3","messages":[{"role":"user","content":"x"}],"max_tokens":5}"#,
        );
        assert_eq!(read.facts.model.as_deref(), Some("ibm/granite-3"));
        assert_eq!(read.facts.max_tokens, Some(5));
        let seen = support::document(
            &WatsonxChat,
            r#"{"id":"chat-1","model_id":"ibm/granite-3","choices":[{"index":0,"finish_reason":"stop"}],
                "usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7}}"#,
        );
        assert_eq!(seen.facts.model.as_deref(), Some("ibm/granite-3"));
        assert_eq!(seen.tokens(), (Some(3), Some(4)));
    }

    #[test]
    fn a_stream_names_it_in_its_first_chunk() {
        let seen = support::events(
            &WatsonxChat,
            &[
                (
                    "message",
                    r#"{"id":"chat-1","model_id":"ibm/granite-3","choices":[{"index":0,"delta":{"content":"x"}}]}"#,
                ),
                (
                    "message",
                    r#"{"id":"chat-1","model_id":"ibm/granite-3","choices":[{"index":0,"finish_reason":"stop","delta":{}}]}"#,
                ),
                (
                    "message",
                    r#"{"id":"chat-1","model_id":"ibm/granite-3","choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4}}"#,
                ),
            ],
        );
        assert_eq!(seen.facts.model.as_deref(), Some("ibm/granite-3"));
        assert_eq!(seen.tokens(), (Some(3), Some(4)));
        assert_eq!(seen.facts.finish_reasons, ["stop"]);
    }
}
