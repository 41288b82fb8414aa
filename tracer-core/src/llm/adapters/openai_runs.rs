//! OpenAI `POST …/threads/{id}/runs` and `POST …/threads/runs`: runs of an assistant.
//!
//! <https://platform.openai.com/docs/api-reference/runs>. Only a streamed run ends within its call
//! and so has a count of tokens; any other is polled, and what a poll tells is not told again as use.

use serde::Deserialize;

use super::{
    adapter::{
        Adapter, AnswerContext, Endpoint, RequestContext, RequestRead, StreamReader, has_member,
    },
    event::{Chunk, event_type, is_done},
    openai_usage::OpenAiUsage,
    request_line::RequestLine,
};
use crate::{
    llm::{
        answer::{Answer, keep_last},
        call::{Operation, RequestFacts},
        error_body::ErrorField,
        json::{Count, Filled, Flag, List, Number, Object, Text, Tools, read},
    },
    stream::event::Event,
};

/// Runs of assistants.
#[derive(Debug)]
pub(super) struct OpenAiRuns;

impl Adapter for OpenAiRuns {
    fn name(&self) -> &'static str {
        "openai.runs"
    }

    fn flavour(&self) -> &'static str {
        "openai"
    }

    fn endpoint(&self, request: &RequestLine<'_>) -> Option<Endpoint> {
        match request.post()? {
            [.., "threads", "runs"]
            | [.., "threads", _, "runs"]
            | [.., "threads", _, "runs", _, "submit_tool_outputs"] => {
                Some(Endpoint::new(Operation::InvokeAgent))
            }
            _ => None,
        }
    }

    fn seems(&self, body: &[u8]) -> bool {
        has_member(body, r#""assistant_id""#) || has_member(body, r#""tool_outputs""#)
    }

    fn read_request(&self, context: &RequestContext<'_>, body: &[u8]) -> Option<RequestRead> {
        let body = read::<Request<'_>>(body)?;
        let thread = context.request.segment_after(None, "threads");
        Some(RequestRead {
            has_shape: body.assistant_id.as_str().is_some() || body.tool_outputs.0,
            facts: RequestFacts {
                model: body.model.owned(),
                agent_id: body.assistant_id.owned(),
                conversation_id: thread,
                stream: body.stream.0,
                max_tokens: body.max_completion_tokens.0,
                temperature: body.temperature.0,
                top_p: body.top_p.0,
                reasoning_level: body.reasoning_effort.owned(),
                tool_count: body.tools.count,
                tool_names: body.tools.names,
                ..RequestFacts::default()
            },
            ..RequestRead::default()
        })
    }

    fn read_document(&self, _: &AnswerContext<'_>, body: &[u8], answer: &mut Answer) -> bool {
        read::<Run<'_>>(body).is_some_and(|run| {
            run.tell(answer);
            true
        })
    }

    fn stream(&self, _: &AnswerContext<'_>) -> Box<dyn StreamReader> {
        Box::new(RunStream)
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Request<'a> {
    #[serde(borrow)]
    model: Text<'a>,
    assistant_id: Text<'a>,
    tool_outputs: Filled,
    stream: Flag,
    max_completion_tokens: Count,
    temperature: Number,
    top_p: Number,
    reasoning_effort: Text<'a>,
    tools: Tools,
}

/// A run, as a document and in the events about it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Run<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    model: Text<'a>,
    thread_id: Text<'a>,
    status: Text<'a>,
    usage: Object<OpenAiUsage>,
    required_action: Object<Action<'a>>,
    last_error: ErrorField<'a>,
    error: ErrorField<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Action<'a> {
    #[serde(borrow)]
    submit_tool_outputs: Object<Calls<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Calls<'a> {
    #[serde(borrow)]
    tool_calls: List<Object<ToolCall<'a>>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ToolCall<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    function: Object<Named<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Named<'a> {
    #[serde(borrow)]
    name: Text<'a>,
}

impl Run<'_> {
    fn tell(&self, answer: &mut Answer) {
        answer.identify(self.id.as_str(), self.model.as_str());
        keep_last(&mut answer.conversation_id, self.thread_id.as_str());
        match self.status.as_str() {
            Some("failed" | "expired") => {
                let kind = self.last_error.kind().or_else(|| self.status.owned());
                answer.error = kind;
            }
            Some(status @ ("completed" | "incomplete" | "requires_action" | "cancelled")) => {
                answer.finish(0, status);
            }
            _ => {}
        }
        answer.fail(&self.error);
        if let Some(usage) = &self.usage.0 {
            usage.tell(answer);
        }
        let action = self.required_action.0.as_ref();
        let calls = action.and_then(|action| action.submit_tool_outputs.0.as_ref());
        if let Some(calls) = calls {
            answer.clear_tools();
            for call in calls.tool_calls.0.iter().filter_map(|call| call.0.as_ref()) {
                let name = call
                    .function
                    .0
                    .as_ref()
                    .and_then(|named| named.name.as_str());
                answer.next_tool(0, call.id.as_str(), name);
            }
        }
    }
}

/// Reads the events of a run; those of its messages and steps are only counted.
#[derive(Debug)]
struct RunStream;

impl StreamReader for RunStream {
    fn event(&mut self, event: &Event<'_>, answer: &mut Answer) -> Chunk {
        let kind = event_type(event).unwrap_or_default();
        if kind.ends_with(b".delta") {
            return Chunk::Output;
        }
        if is_done(event.data) {
            answer.ended = true;
        } else if kind == b"error" {
            let error = read::<ErrorField<'_>>(event.data).unwrap_or_default();
            answer.error = Some(error.kind_or_unnamed());
        } else if is_about_the_run(kind)
            && let Some(run) = read::<Run<'_>>(event.data)
        {
            run.tell(answer);
        }
        Chunk::Other
    }
}

fn is_about_the_run(kind: &[u8]) -> bool {
    kind.strip_prefix(b"thread.run.")
        .is_some_and(|rest| !rest.starts_with(b"step."))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Answered, Asked, span, text};

    #[test]
    fn a_streamed_run() {
        let post = "POST /v1/threads/thread_1/runs HTTP/1.1\nHost: api.openai.com";
        let body = r#"{"assistant_id":"asst_1","stream":true}"#;
        let events = "event: thread.run.created\ndata: {\"id\":\"run_1\",\"object\":\"thread.run\",\"model\":\"gpt-4o\",\"thread_id\":\"thread_1\",\"status\":\"queued\",\"usage\":null}\n\n\
            event: thread.message.delta\ndata: {\"id\":\"msg_1\"}\n\n\
            event: thread.run.step.completed\ndata: {\"id\":\"step_1\",\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":1,\"total_tokens\":6}}\n\n\
            event: thread.run.completed\ndata: {\"id\":\"run_1\",\"status\":\"completed\",\"usage\":{\"prompt_tokens\":20,\"completion_tokens\":11,\"total_tokens\":31}}\n\n\
            event: done\ndata: [DONE]\n\n";
        let answer = Answered("HTTP/1.1 200 OK\nContent-Type: text/event-stream", events);
        let span = span(&Asked(post, body), &answer).expect("a call");
        assert_eq!(span.name, "invoke_agent");
        for (name, value) in [
            ("gen_ai.agent.id", Some("asst_1")),
            ("gen_ai.conversation.id", Some("thread_1")),
            ("gen_ai.response.id", Some("run_1")),
            ("gen_ai.response.model", Some("gpt-4o")),
            ("gen_ai.usage.input_tokens", Some("20")),
            ("gen_ai.usage.output_tokens", Some("11")),
            ("llm_tracer.response.chunks", Some("1")),
        ] {
            assert_eq!(text(&span, name).as_deref(), value, "{name}");
        }
    }

    #[test]
    fn messages_of_a_thread_are_no_calls() {
        let post = "POST /v1/threads/thread_1/messages HTTP/1.1\nHost: api.openai.com";
        let answer = Answered("HTTP/1.1 200 OK", r#"{"id":"msg_1"}"#);
        assert!(span(&Asked(post, r#"{"role":"user","content":"x"}"#), &answer).is_none());
    }
}
