//! Cohere `POST /v2/chat` and `/v1/chat`, which is `/chat` as well.
//!
//! <https://docs.cohere.com/v2/reference/chat>, <https://docs.cohere.com/v1/reference/chat>. Version 2
//! streams server-sent events, version 1 lines of JSON whose last one holds the whole answer.

use serde::Deserialize;
use std::sync::LazyLock;

use super::{
    adapter::{
        Adapter, AnswerContext, Endpoint, RequestContext, RequestRead, StreamReader, has_member,
    },
    cohere_request::{is_cohere, read_request},
    cohere_usage::CohereUsage,
    event::{Chunk, event_type, is_done},
    members::Members,
    request_line::RequestLine,
};
use crate::{
    llm::{
        answer::Answer,
        call::Operation,
        error_body::ErrorField,
        json::{List, Object, Text, read},
    },
    stream::{event::Event, framing::StreamFormat},
};

/// Members of a line of version 1: its text, and those that tell more.
static MEMBERS: LazyLock<Members<5>> = LazyLock::new(|| {
    Members::new([
        r#""text""#,
        r#""generation_id""#,
        r#""finish_reason""#,
        r#""response""#,
        r#""error""#,
    ])
});

/// Chats.
#[derive(Debug)]
pub(super) struct CohereChat;

impl Adapter for CohereChat {
    fn name(&self) -> &'static str {
        "cohere.chat"
    }

    fn flavour(&self) -> &'static str {
        "cohere"
    }

    fn endpoint(&self, request: &RequestLine<'_>) -> Option<Endpoint> {
        let format = match request.post()? {
            [.., "v1", "chat"] if is_cohere(request) => StreamFormat::Lines,
            ["chat"] if request.provider() == Some("cohere") => StreamFormat::Lines,
            [.., "v2" | "v2beta", "chat"] if is_cohere(request) => StreamFormat::Events,
            // Nobody else has a second version; the first one is anybody's path.
            [.., "v2", "chat"] if request.provider().is_none() => StreamFormat::Events,
            _ => return None,
        };
        Some(Endpoint::new(Operation::Chat).with_format(format))
    }

    fn seems(&self, body: &[u8]) -> bool {
        has_member(body, r#""messages""#)
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
        Box::new(ChatStream)
    }
}

/// An answer in one piece, of either version.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Document<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    finish_reason: Text<'a>,
    message: Object<Message<'a>>,
    usage: Object<CohereUsage>,
    /// Version 1.
    generation_id: Text<'a>,
    tool_calls: Tools<'a>,
    meta: Object<CohereUsage>,
    error: ErrorField<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Message<'a> {
    #[serde(borrow)]
    tool_calls: Tools<'a>,
}

/// A list of calls, or one call as the events of a stream have it.
#[derive(Debug, Default)]
struct Tools<'a>(Vec<Object<Tool<'a>>>);

impl<'de: 'a, 'a> crate::llm::json::Lenient<'de> for Tools<'a> {
    fn list<A: serde::de::SeqAccess<'de>>(list: A) -> Result<Self, A::Error> {
        Ok(Self(List::list(list)?.0))
    }
    fn map<A: serde::de::MapAccess<'de>>(map: A) -> Result<Self, A::Error> {
        Ok(Self(vec![Object::map(map)?]))
    }
}

crate::llm::json::lenient!(Tools<'a>);

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Tool<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    function: Object<Named<'a>>,
    /// Version 1.
    name: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Named<'a> {
    #[serde(borrow)]
    name: Text<'a>,
}

impl Tools<'_> {
    fn tell(&self, answer: &mut Answer) {
        for tool in self.0.iter().filter_map(|tool| tool.0.as_ref()) {
            let function = tool
                .function
                .0
                .as_ref()
                .and_then(|function| function.name.as_str());
            answer.next_tool(0, tool.id.as_str(), function.or(tool.name.as_str()));
        }
    }
}

impl Document<'_> {
    fn tell(&self, answer: &mut Answer) {
        answer.identify(self.id.as_str().or(self.generation_id.as_str()), None);
        if let Some(reason) = self.finish_reason.as_str() {
            answer.finish(0, reason);
        }
        self.tool_calls.tell(answer);
        if let Some(message) = &self.message.0 {
            message.tool_calls.tell(answer);
        }
        tell_usage(self.usage.0.as_ref().or(self.meta.0.as_ref()), answer);
        answer.fail(&self.error);
    }
}

fn tell_usage(usage: Option<&CohereUsage>, answer: &mut Answer) {
    if let Some(usage) = usage.and_then(CohereUsage::normalise) {
        answer.usage = usage;
    }
}

/// The members of all events that are parsed.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Data<'a> {
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
    /// Version 1.
    event_type: Text<'a>,
    id: Text<'a>,
    generation_id: Text<'a>,
    delta: Object<Delta<'a>>,
    finish_reason: Text<'a>,
    response: Object<Document<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Delta<'a> {
    #[serde(borrow)]
    message: Object<Message<'a>>,
    finish_reason: Text<'a>,
    usage: Object<CohereUsage>,
    error: ErrorField<'a>,
}

/// Reads a stream of events or lines.
#[derive(Debug)]
struct ChatStream;

impl StreamReader for ChatStream {
    fn event(&mut self, event: &Event<'_>, answer: &mut Answer) -> Chunk {
        if is_done(event.data) {
            answer.ended = true;
            return Chunk::Other;
        }
        match event_type(event) {
            Some(b"content-delta" | b"tool-plan-delta" | b"tool-call-delta") => {
                return Chunk::Output;
            }
            Some(b"content-end" | b"tool-call-end" | b"citation-end") => return Chunk::Other,
            Some(_) => {}
            None => {
                if let [Some(_), None, None, None, None] = MEMBERS.values(event.data) {
                    return Chunk::Output;
                }
            }
        }
        let Some(data) = read::<Data<'_>>(event.data) else {
            return Chunk::Other;
        };
        data.tell(event.event, answer)
    }
}

impl Data<'_> {
    fn tell(&self, name: &[u8], answer: &mut Answer) -> Chunk {
        answer.identify(self.id.as_str().or(self.generation_id.as_str()), None);
        let kind = self.kind.as_str().or(self.event_type.as_str());
        match kind.map_or(name, str::as_bytes) {
            b"tool-call-start" => {
                if let Some(message) = self
                    .delta
                    .0
                    .as_ref()
                    .and_then(|delta| delta.message.0.as_ref())
                {
                    message.tool_calls.tell(answer);
                }
            }
            b"message-end" => {
                self.end(answer);
                answer.ended = true;
            }
            b"stream-end" => {
                if let Some(response) = &self.response.0 {
                    response.tell(answer);
                }
                if let Some(reason) = self.finish_reason.as_str() {
                    answer.finish(0, reason);
                }
                answer.ended = true;
            }
            b"content-delta" | b"tool-plan-delta" | b"tool-call-delta" | b"text-generation"
            | b"tool-calls-chunk" => return Chunk::Output,
            _ => {}
        }
        Chunk::Other
    }

    fn end(&self, answer: &mut Answer) {
        let Some(delta) = &self.delta.0 else { return };
        if let Some(reason) = delta.finish_reason.as_str() {
            answer.finish(0, reason);
        }
        tell_usage(delta.usage.0.as_ref(), answer);
        answer.fail(&delta.error);
    }
}

#[cfg(test)]
#[path = "cohere_chat_tests.rs"]
mod tests;
