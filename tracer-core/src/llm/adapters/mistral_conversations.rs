//! Mistral `POST /v1/conversations`, new ones and appended to.
//!
//! <https://docs.mistral.ai/api>, "Conversations". A conversation runs with a model or with an agent
//! that Mistral hosts.

use serde::Deserialize;

use super::{
    adapter::{
        Adapter, AnswerContext, Certainty, Endpoint, RequestContext, RequestRead, StreamReader,
        has_member,
    },
    event::{Chunk, event_type, is_done},
    openai_usage::OpenAiUsage,
    request_line::RequestLine,
};
use crate::{
    http::percent::percent_decoded,
    llm::{
        answer::{Answer, keep_last},
        call::{Operation, RequestFacts},
        error_body::ErrorField,
        json::{
            Count, Filled, Flag, Integer, LongList, Number, Object, Tells, Text, Texts, Tools, read,
        },
    },
    stream::event::Event,
};

/// Conversations.
#[derive(Debug)]
pub(super) struct MistralConversations;

impl Adapter for MistralConversations {
    fn name(&self) -> &'static str {
        "mistral.conversations"
    }

    fn flavour(&self) -> &'static str {
        "mistral_ai"
    }

    fn endpoint(&self, request: &RequestLine<'_>) -> Option<Endpoint> {
        let certainty = if request.provider() == Some("mistral_ai") {
            Certainty::Sure
        } else {
            Certainty::NeedsShape
        };
        match request.post()? {
            [.., "conversations"] | [.., "conversations", _] => {
                Some(Endpoint::new(Operation::Chat).with_certainty(certainty))
            }
            _ => None,
        }
    }

    fn seems(&self, body: &[u8]) -> bool {
        has_member(body, r#""inputs""#)
    }

    fn read_request(&self, context: &RequestContext<'_>, body: &[u8]) -> Option<RequestRead> {
        let body = read::<Request<'_>>(body)?;
        let arguments = body.completion_args.0.unwrap_or_default();
        let by_agent = body.agent_id.as_str().is_some();
        let facts = RequestFacts {
            model: body.model.owned(),
            agent_id: body.agent_id.owned(),
            stream: body.stream.0,
            max_tokens: arguments.max_tokens.0,
            temperature: arguments.temperature.0,
            top_p: arguments.top_p.0,
            frequency_penalty: arguments.frequency_penalty.0,
            presence_penalty: arguments.presence_penalty.0,
            stop_sequences: arguments.stop.0,
            seed: arguments.random_seed.0,
            conversation_id: match context.request.path() {
                [.., "conversations", id] => Some(percent_decoded(id)),
                _ => None,
            },
            tool_count: body.tools.count,
            tool_names: body.tools.names,
            ..RequestFacts::default()
        };
        Some(RequestRead {
            has_shape: body.inputs.0 && (by_agent || facts.model.is_some()),
            facts,
            operation: by_agent.then_some(Operation::InvokeAgent),
            ..RequestRead::default()
        })
    }

    fn read_document(&self, _: &AnswerContext<'_>, body: &[u8], answer: &mut Answer) -> bool {
        read::<Conversation<'_>>(body).is_some_and(|conversation| {
            conversation.tell(answer);
            true
        })
    }

    fn stream(&self, _: &AnswerContext<'_>) -> Box<dyn StreamReader> {
        Box::new(ConversationStream)
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Request<'a> {
    #[serde(borrow)]
    model: Text<'a>,
    agent_id: Text<'a>,
    inputs: Filled,
    stream: Flag,
    tools: Tools,
    completion_args: Object<Arguments>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Arguments {
    max_tokens: Count,
    temperature: Number,
    top_p: Number,
    frequency_penalty: Number,
    presence_penalty: Number,
    stop: Texts,
    random_seed: Integer,
}

/// An answer, or one event of it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Conversation<'a> {
    #[serde(borrow)]
    conversation_id: Text<'a>,
    model: Text<'a>,
    outputs: LongList<Object<Output<'a>>>,
    usage: Object<OpenAiUsage>,
    error: ErrorField<'a>,
    /// Of an event that begins or goes on with a call of a tool.
    tool_call_id: Text<'a>,
    name: Text<'a>,
    output_index: Count,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Output<'a> {
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
    model: Text<'a>,
    tool_call_id: Text<'a>,
    name: Text<'a>,
}

impl Tells for Output<'_> {
    /// A call that the caller has to carry out.
    fn tells(&self) -> bool {
        self.kind.as_str() == Some("function.call")
    }
}

impl Conversation<'_> {
    fn tell(&self, answer: &mut Answer) {
        keep_last(&mut answer.conversation_id, self.conversation_id.as_str());
        answer.identify(None, self.model.as_str());
        for output in self.outputs.0.iter().filter_map(|output| output.0.as_ref()) {
            answer.identify(None, output.model.as_str());
            if output.tells() {
                answer.next_tool(0, output.tool_call_id.as_str(), output.name.as_str());
            }
        }
        if let Some(usage) = &self.usage.0 {
            usage.tell(answer);
        }
        answer.fail(&self.error);
    }
}

#[derive(Debug)]
struct ConversationStream;

impl StreamReader for ConversationStream {
    fn event(&mut self, event: &Event<'_>, answer: &mut Answer) -> Chunk {
        let kind = event_type(event).unwrap_or_default();
        let is_output = kind.ends_with(b".delta");
        // The model stands in the pieces of text.
        if kind == b"message.output.delta" && answer.model.is_some() {
            return Chunk::Output;
        }
        if is_done(event.data) {
            answer.ended = true;
            return Chunk::Other;
        }
        if let Some(conversation) = read::<Conversation<'_>>(event.data) {
            conversation.tell(answer);
            if kind == b"function.call.delta" {
                let index = conversation.output_index.0.unwrap_or(0);
                let id = conversation.tool_call_id.as_str();
                answer.tool(0, index, id, conversation.name.as_str());
            }
        }
        if kind.ends_with(b".error") && answer.error.is_none() {
            let error = read::<ErrorField<'_>>(event.data).unwrap_or_default();
            answer.error = Some(error.kind_or_unnamed());
        }
        answer.ended |= kind == b"conversation.response.done";
        if is_output {
            Chunk::Output
        } else {
            Chunk::Other
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Answered, Asked, span, text};

    #[test]
    fn an_agent_is_asked_in_a_conversation() {
        let post = "POST /v1/conversations HTTP/1.1\nHost: api.mistral.ai";
        let body = r#"{"agent_id":"ag_1","inputs":"canary","stream":true}"#;
        let events = "event: conversation.response.started\ndata: {\"type\":\"conversation.response.started\",\"conversation_id\":\"conv_1\"}\n\n\
            event: message.output.delta\ndata: {\"type\":\"message.output.delta\",\"model\":\"mistral-medium\",\"content\":\"a\"}\n\n\
            event: message.output.delta\ndata: {\"type\":\"message.output.delta\",\"model\":\"mistral-medium\",\"content\":\"b\"}\n\n\
            event: function.call.delta\ndata: {\"type\":\"function.call.delta\",\"output_index\":1,\"tool_call_id\":\"t1\",\"name\":\"f\",\"arguments\":\"{\"}\n\n\
            event: conversation.response.done\ndata: {\"type\":\"conversation.response.done\",\"usage\":{\"prompt_tokens\":8,\"completion_tokens\":3,\"total_tokens\":11}}\n\n";
        let answer = Answered("HTTP/1.1 200 OK\nContent-Type: text/event-stream", events);
        let span = span(&Asked(post, body), &answer).expect("a call");
        for (name, value) in [
            ("gen_ai.operation.name", Some("invoke_agent")),
            ("gen_ai.agent.id", Some("ag_1")),
            ("gen_ai.conversation.id", Some("conv_1")),
            ("gen_ai.response.model", Some("mistral-medium")),
            ("gen_ai.usage.input_tokens", Some("8")),
            ("gen_ai.usage.output_tokens", Some("3")),
            ("llm_tracer.tool_call.names", Some("f")),
            ("llm_tracer.response.chunks", Some("3")),
        ] {
            assert_eq!(text(&span, name).as_deref(), value, "{name}");
        }
    }

    #[test]
    fn openai_keeps_conversations_too_but_runs_no_model_there() {
        let post = "POST /v1/conversations HTTP/1.1\nHost: api.openai.com";
        let answer = Answered("HTTP/1.1 200 OK", r#"{"id":"conv_1"}"#);
        assert!(span(&Asked(post, r#"{"items":[]}"#), &answer).is_none());
    }
}
