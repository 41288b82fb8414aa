//! Ollama `POST /api/chat` and `/api/generate`.
//!
//! <https://docs.ollama.com/api>. A stream is lines of JSON and the default; its last line has
//! `done: true` and the counts. A prompt that is cached whole is not counted by old versions.

use memchr::memmem::Finder;
use serde::Deserialize;
use std::sync::LazyLock;

use super::{
    adapter::{
        Adapter, AnswerContext, Certainty, Endpoint, RequestContext, RequestRead, StreamReader,
        has_member,
    },
    event::Chunk,
    members::value_of,
    request_line::RequestLine,
};
use crate::{
    llm::{
        answer::Answer,
        call::{Operation, OutputType, RequestFacts},
        error_body::ErrorField,
        json::{Count, Filled, Flag, Integer, List, Number, Object, Text, Texts, Tools, read},
        usage::Usage,
    },
    stream::{event::Event, framing::StreamFormat},
};

/// The end of every line but the last.
const GOES_ON: &[u8] = br#""done":false}"#;
/// What such a line can tell beside text.
static TOOL_CALLS: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(r#""tool_calls""#));

/// Chats and completions.
#[derive(Debug)]
pub(super) struct OllamaGenerate;

impl Adapter for OllamaGenerate {
    fn name(&self) -> &'static str {
        "ollama.generate"
    }

    fn flavour(&self) -> &'static str {
        "ollama"
    }

    fn endpoint(&self, request: &RequestLine<'_>) -> Option<Endpoint> {
        let operation = match request.post()? {
            [.., "api", "chat"] => Operation::Chat,
            [.., "api", "generate"] => Operation::TextCompletion,
            _ => return None,
        };
        // The back ends of many web pages have these paths too.
        let certainty = if request.provider() == Some("ollama") {
            Certainty::Sure
        } else {
            Certainty::NeedsShape
        };
        let endpoint = Endpoint::new(operation).with_format(StreamFormat::Lines);
        Some(endpoint.with_certainty(certainty))
    }

    fn seems(&self, body: &[u8]) -> bool {
        has_member(body, r#""model""#)
            && (has_member(body, r#""messages""#) || has_member(body, r#""prompt""#))
    }

    fn read_request(&self, _: &RequestContext<'_>, body: &[u8]) -> Option<RequestRead> {
        Some(read::<Request<'_>>(body)?.into_read())
    }

    fn read_document(&self, _: &AnswerContext<'_>, body: &[u8], answer: &mut Answer) -> bool {
        let Some(line) = read::<Line<'_>>(body) else {
            return false;
        };
        line.tell(answer);
        true
    }

    fn stream(&self, _: &AnswerContext<'_>) -> Box<dyn StreamReader> {
        Box::new(Lines)
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Request<'a> {
    #[serde(borrow)]
    model: Text<'a>,
    messages: Filled,
    prompt: Filled,
    stream: Flag,
    format: Filled,
    think: Text<'a>,
    tools: Tools,
    options: Object<Options>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Options {
    num_predict: Count,
    temperature: Number,
    top_p: Number,
    top_k: Number,
    frequency_penalty: Number,
    presence_penalty: Number,
    stop: Texts,
    seed: Integer,
}

impl Request<'_> {
    fn into_read(self) -> RequestRead {
        let options = self.options.0.unwrap_or_default();
        let has_model = self.model.as_str().is_some();
        let facts = RequestFacts {
            model: self.model.owned(),
            stream: Some(self.stream.0.unwrap_or(true)),
            max_tokens: options.num_predict.0,
            temperature: options.temperature.0,
            top_p: options.top_p.0,
            top_k: options.top_k.0,
            frequency_penalty: options.frequency_penalty.0,
            presence_penalty: options.presence_penalty.0,
            stop_sequences: options.stop.0,
            seed: options.seed.0,
            // `json` or a schema.
            output_type: self.format.0.then_some(OutputType::Json),
            reasoning_level: self.think.owned(),
            tool_count: self.tools.count,
            tool_names: self.tools.names,
            ..RequestFacts::default()
        };
        RequestRead {
            facts,
            has_shape: has_model && (self.messages.0 || self.prompt.0),
            ..RequestRead::default()
        }
    }
}

/// A whole answer or one line of it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Line<'a> {
    #[serde(borrow)]
    model: Text<'a>,
    message: Object<Message<'a>>,
    response: Filled,
    thinking: Filled,
    done: Flag,
    done_reason: Text<'a>,
    prompt_eval_count: Count,
    eval_count: Count,
    error: ErrorField<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Message<'a> {
    content: Filled,
    thinking: Filled,
    #[serde(borrow)]
    tool_calls: List<Object<Tool<'a>>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Tool<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    function: Object<Function<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Function<'a> {
    #[serde(borrow)]
    name: Text<'a>,
}

impl Line<'_> {
    fn tell(&self, answer: &mut Answer) {
        answer.identify(None, self.model.as_str());
        answer.fail(&self.error);
        let message = self.message.0.as_ref();
        let tools = message.map_or(&[][..], |message| message.tool_calls.0.as_slice());
        for tool in tools.iter().filter_map(|tool| tool.0.as_ref()) {
            let function = tool.function.0.as_ref();
            let name = function.and_then(|function| function.name.as_str());
            answer.next_tool(0, tool.id.as_str(), name);
        }
        if let Some(reason) = self.done_reason.as_str() {
            answer.finish(0, reason);
        }
        if self.done.0 == Some(true) {
            answer.ended = true;
            answer.usage = Usage {
                input: self.prompt_eval_count.0,
                output: self.eval_count.0,
                ..Usage::default()
            };
        }
    }

    fn has_output(&self) -> bool {
        let of_message = self.message.0.as_ref().is_some_and(|message| {
            message.content.0 || message.thinking.0 || !message.tool_calls.0.is_empty()
        });
        of_message || self.response.0 || self.thinking.0
    }
}

/// Reads a stream of lines.
#[derive(Debug)]
struct Lines;

impl StreamReader for Lines {
    fn event(&mut self, event: &Event<'_>, answer: &mut Answer) -> Chunk {
        let goes_on = answer.model.is_some() && event.data.ends_with(GOES_ON);
        if goes_on && value_of(&TOOL_CALLS, event.data).is_none() {
            return Chunk::Output;
        }
        let Some(line) = read::<Line<'_>>(event.data) else {
            return Chunk::Other;
        };
        line.tell(answer);
        if line.has_output() {
            Chunk::Output
        } else {
            Chunk::Other
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::testing as support, *};

    #[test]
    fn a_stream_is_the_default() {
        let read = |body| support::request(&OllamaGenerate, "/api/chat", body);
        let plain = read(r#"{"model":"llama3","messages":[{"role":"user","content":"x"}]}"#);
        assert_eq!(plain.facts.stream, Some(true));
        assert!(plain.has_shape);
        let full = read(
            r#"{"model":"llama3","messages":[],"stream":false,"format":"json","think":"low",
                "options":{"num_predict":9,"temperature":0,"top_k":3,"stop":["x"],"seed":1}}"#,
        );
        assert_eq!(full.facts.stream, Some(false));
        assert_eq!(full.facts.output_type, Some(OutputType::Json));
        assert_eq!(full.facts.max_tokens, Some(9));
        assert_eq!(full.facts.reasoning_level.as_deref(), Some("low"));
        assert!(!full.has_shape);
        assert_eq!(
            read(r#"{"format":"","think":true}"#).facts.output_type,
            None
        );
    }

    #[test]
    fn an_answer_in_one_piece() {
        let seen = support::document(
            &OllamaGenerate,
            r#"{"model":"llama3","message":{"role":"assistant","content":"","tool_calls":[
                {"id":"c1","function":{"name":"go","arguments":{}}},{"function":{"name":"on"}}]},
                "done_reason":"stop","done":true,"total_duration":9,"eval_count":79}"#,
        );
        assert_eq!(seen.tokens(), (None, Some(79)));
        assert_eq!(seen.facts.model.as_deref(), Some("llama3"));
        assert_eq!(seen.facts.finish_reasons, ["stop"]);
        assert_eq!(seen.tools(), [("go", Some("c1")), ("on", None)]);
    }

    #[test]
    fn the_last_line_counts() {
        let lines = [
            r#"{"model":"m","created_at":"t","response":"Why","done":false}"#,
            r#"{"model":"m","created_at":"t","response":"\"eval_count\":1","done":false}"#,
            r#"{"model":"m","created_at":"t","response":"","done":true,"done_reason":"length",
                "context":[1],"total_duration":5,"prompt_eval_count":17,"eval_count":2}"#,
        ];
        let seen = support::chunks(&OllamaGenerate, &lines);
        assert_eq!(seen.tokens(), (Some(17), Some(2)));
        assert_eq!(seen.facts.finish_reasons, ["length"]);
        assert_eq!((seen.outputs, seen.ended), (2, true));
        let cut = support::chunks(&OllamaGenerate, &lines[..2]);
        assert_eq!((cut.tokens(), cut.ended), ((None, None), false));
    }

    #[test]
    fn errors_in_a_stream() {
        let seen = support::chunks(&OllamaGenerate, &[r#"{"error":"the model went away"}"#]);
        assert_eq!(seen.error.as_deref(), Some("error"));
    }

    #[test]
    fn lines_are_a_stream_under_any_content_type() {
        let lines = "{\"model\":\"m\",\"message\":{\"content\":\"a\"},\"done\":false}\n\
            {\"model\":\"m\",\"message\":{\"content\":\"\"},\"done\":true,\"done_reason\":\"stop\",\
            \"prompt_eval_count\":7,\"eval_count\":3}\n";
        let post = "POST /api/chat HTTP/1.1\nHost: localhost:11434";
        let asked = support::Asked(post, r#"{"model":"m","messages":[{}]}"#);
        for head in [
            "HTTP/1.1 200 OK\nContent-Type: application/json",
            "HTTP/1.1 200 OK\nContent-Type: text/event-stream",
            "HTTP/1.1 200 OK",
        ] {
            let span = support::span(&asked, &support::Answered(head, lines)).expect("a call");
            let value = |name| support::text(&span, name);
            assert_eq!(value("gen_ai.usage.input_tokens").as_deref(), Some("7"));
            assert_eq!(
                value("gen_ai.response.finish_reasons").as_deref(),
                Some("stop")
            );
        }
        let missing = support::Answered("HTTP/1.1 404 Not Found", r#"{"error":"no model"}"#);
        let span = support::span(&asked, &missing).expect("a call");
        assert_eq!(support::text(&span, "error.type").as_deref(), Some("404"));
    }
}
