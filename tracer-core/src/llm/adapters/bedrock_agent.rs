//! Bedrock's agents: `POST /agents/{agentId}/agentAliases/{aliasId}/sessions/{sessionId}/text`, and
//! inline ones, `POST /agents/{sessionId}`.
//!
//! <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_agent-runtime_InvokeAgent.html>. The
//! answer comes in frames. Only with `enableTrace` they tell of the runs of models behind it: each
//! counts its own tokens, so that the counts add up to those of the answer.

use memchr::memmem::Finder;
use serde::Deserialize;
use std::sync::LazyLock;

use super::{
    adapter::{
        Adapter, AnswerContext, Endpoint, RequestContext, RequestRead, StreamReader, has_member,
    },
    bedrock_error,
    event::Chunk,
    members::value_of,
    request_line::RequestLine,
};
use crate::{
    http::percent::percent_decoded,
    llm::{
        answer::Answer,
        call::{Operation, RequestFacts},
        json::{Count, Filled, Object, Text, read},
        usage::Usage,
    },
    stream::event::Event,
};

static RUN: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(r#""modelInvocationOutput""#));
static PLAN: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(r#""foundationModel""#));

/// Agents that Bedrock runs.
#[derive(Debug)]
pub(super) struct BedrockAgent;

impl Adapter for BedrockAgent {
    fn name(&self) -> &'static str {
        "bedrock.agent"
    }

    fn flavour(&self) -> &'static str {
        "aws.bedrock"
    }

    fn endpoint(&self, request: &RequestLine<'_>) -> Option<Endpoint> {
        match request.post()? {
            [.., "agents", _, "agentAliases", _, "sessions", _, "text"] => {}
            [.., "agents", _] if request.provider() == Some("aws.bedrock") => {}
            _ => return None,
        }
        Some(Endpoint::new(Operation::InvokeAgent))
    }

    fn seems(&self, body: &[u8]) -> bool {
        has_member(body, r#""inputText""#)
    }

    fn read_request(&self, context: &RequestContext<'_>, body: &[u8]) -> Option<RequestRead> {
        let body = read::<Request<'_>>(body)?;
        let (agent, session) = match context.request.path() {
            [
                ..,
                "agents",
                agent,
                "agentAliases",
                _,
                "sessions",
                session,
                "text",
            ] => (Some(percent_decoded(agent)), Some(percent_decoded(session))),
            [.., "agents", session] => (None, Some(percent_decoded(session))),
            _ => (None, None),
        };
        Some(RequestRead {
            has_shape: body.input_text.0,
            facts: RequestFacts {
                model: body.foundation_model.owned(),
                agent_id: agent,
                conversation_id: session,
                ..RequestFacts::default()
            },
            ..RequestRead::default()
        })
    }

    fn read_document(&self, _: &AnswerContext<'_>, _: &[u8], _: &mut Answer) -> bool {
        true
    }

    fn read_error(&self, context: &AnswerContext<'_>, body: &[u8], answer: &mut Answer) {
        bedrock_error::read_error(context, body, answer);
    }

    fn stream(&self, _: &AnswerContext<'_>) -> Box<dyn StreamReader> {
        Box::<AgentStream>::default()
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Request<'a> {
    input_text: Filled,
    /// Inline agents.
    #[serde(borrow)]
    foundation_model: Text<'a>,
}

/// What a trace tells of a run of a model that is over.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Run {
    metadata: Object<RunMetadata>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RunMetadata {
    usage: Object<RunUsage>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RunUsage {
    input_tokens: Count,
    output_tokens: Count,
}

/// Reads a stream of frames.
#[derive(Debug, Default)]
struct AgentStream {
    /// Frames were lost: the counts of the others are not those of all.
    is_torn: bool,
}

impl StreamReader for AgentStream {
    fn event(&mut self, event: &Event<'_>, answer: &mut Answer) -> Chunk {
        if bedrock_error::take_exception(event, answer) {
            return Chunk::Other;
        }
        match event.event {
            b"chunk" | b"returnControl" => return Chunk::Output,
            b"trace" => self.take_trace(event.data, answer),
            _ => {}
        }
        Chunk::Other
    }

    fn gap(&mut self, answer: &mut Answer) {
        self.is_torn = true;
        answer.usage = Usage::default();
    }
}

impl AgentStream {
    fn take_trace(&self, data: &[u8], answer: &mut Answer) {
        if let Some(model) = value_of(&PLAN, data).and_then(read::<Text<'_>>) {
            answer.identify(None, model.as_str());
        }
        if self.is_torn {
            return;
        }
        let run = value_of(&RUN, data).and_then(read::<Object<Run>>);
        let usage = run
            .and_then(|run| run.0?.metadata.0)
            .and_then(|metadata| metadata.usage.0);
        if let Some(usage) = usage {
            add(&mut answer.usage.input, usage.input_tokens.0);
            add(&mut answer.usage.output, usage.output_tokens.0);
        }
    }
}

fn add(sum: &mut Option<u64>, count: Option<u64>) {
    if let Some(count) = count {
        *sum = Some(sum.unwrap_or(0).saturating_add(count));
    }
}

#[cfg(test)]
mod tests {
    use super::{super::testing as support, *};

    #[test]
    fn agents_and_sessions_stand_in_the_path() {
        let read = support::request(
            &BedrockAgent,
            "/agents/A1/agentAliases/L1/sessions/s%2F1/text",
            r#"{"inputText":"x","enableTrace":true}"#,
        );
        assert!(read.has_shape);
        assert_eq!(read.facts.agent_id.as_deref(), Some("A1"));
        assert_eq!(read.facts.conversation_id.as_deref(), Some("s/1"));
        let inline = support::endpoint(&BedrockAgent, "aws.bedrock", "/agents/s1");
        assert!(inline.is_some());
        assert!(support::endpoint(&BedrockAgent, "", "/agents/s1").is_none());
    }

    #[test]
    fn runs_of_models_add_up() {
        let run = |input, output| {
            format!(
                r#"{{"agentId":"A1","trace":{{"orchestrationTrace":{{"modelInvocationOutput":{{"metadata":
                {{"usage":{{"inputTokens":{input},"outputTokens":{output}}}}},"rawResponse":{{"content":"x"}}}}}}}}}}"#
            )
        };
        let (first, second) = (run(862, 161), run(900, 40));
        let seen = support::events(
            &BedrockAgent,
            &[
                (
                    "trace",
                    r#"{"trace":{"orchestrationTrace":{"modelInvocationInput":{"foundationModel":"m-1"}}}}"#,
                ),
                ("trace", &first),
                (
                    "trace",
                    r#"{"trace":{"orchestrationTrace":{"rationale":{"text":"x"}}}}"#,
                ),
                ("trace", &second),
                ("chunk", r#"{"bytes":"eA=="}"#),
            ],
        );
        assert_eq!(seen.tokens(), (Some(1762), Some(201)));
        assert_eq!(seen.facts.model.as_deref(), Some("m-1"));
        assert_eq!(seen.outputs, 1);
    }

    #[test]
    fn without_a_trace_nothing_is_counted() {
        let seen = support::events(&BedrockAgent, &[("chunk", r#"{"bytes":"eA=="}"#)]);
        assert_eq!(seen.tokens(), (None, None));
        let seen = support::events(&BedrockAgent, &[("dependencyFailedException", "{}")]);
        assert_eq!(seen.error.as_deref(), Some("dependencyFailedException"));
    }
}
