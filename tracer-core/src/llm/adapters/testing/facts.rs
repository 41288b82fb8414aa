//! What the tests of the adapters have in common: bodies in, facts out.

use super::super::{
    adapter::{Adapter, AnswerContext, Certainty, Endpoint, RequestContext, RequestRead},
    event::Chunk,
    request_line::RequestLine,
};
use crate::{
    http::{
        allow_list::AllowList,
        head::{Headers, Host, HttpVersion, RequestHead, ResponseHead, Target},
    },
    llm::{
        answer::Answer,
        call::{Operation, Provider, ResponseFacts},
        usage::Usage,
    },
    stream::event::Event,
};

/// What an answer came to.
#[derive(Debug, PartialEq)]
pub(in crate::llm::adapters) struct Seen {
    pub(in crate::llm::adapters) facts: ResponseFacts,
    pub(in crate::llm::adapters) usage: Usage,
    pub(in crate::llm::adapters) error: Option<String>,
    /// The API's end mark came.
    pub(in crate::llm::adapters) ended: bool,
    /// Events that carried output.
    pub(in crate::llm::adapters) outputs: usize,
}

impl Seen {
    fn of(mut answer: Answer, outputs: usize) -> Self {
        let (usage, error, ended) = (answer.usage, answer.error.take(), answer.ended);
        let mut facts = ResponseFacts::default();
        answer.fill(&mut facts);
        Self {
            facts,
            usage,
            error,
            ended,
            outputs,
        }
    }

    /// Input and output tokens.
    pub(in crate::llm::adapters) fn tokens(&self) -> (Option<u64>, Option<u64>) {
        (self.usage.input, self.usage.output)
    }

    /// Names and ids of the tool calls.
    pub(in crate::llm::adapters) fn tools(&self) -> Vec<(&str, Option<&str>)> {
        let tools = self.facts.tool_calls.iter();
        tools
            .map(|tool| (&*tool.name, tool.id.as_deref()))
            .collect()
    }
}

/// A request with a path, to a host of `provider` if one is given.
fn head(method: &str, path: &str) -> RequestHead {
    RequestHead {
        method: method.to_owned(),
        target: Target {
            path: path.to_owned(),
            query: Vec::new(),
        },
        host: Some(Host {
            name: "models.example".to_owned(),
            port: None,
        }),
        headers: Headers::default(),
        target_digest: 0,
        unknown_fields: 0,
        version: HttpVersion::H11,
        wire_bytes: 0,
    }
}

/// The endpoint of a POST to `path` of a host that belongs to `provider`; empty for an unknown one.
pub(in crate::llm::adapters) fn endpoint(
    adapter: &dyn Adapter,
    provider: &str,
    path: &str,
) -> Option<Endpoint> {
    endpoint_of(adapter, provider, "POST", path)
}

/// The same with any method.
pub(in crate::llm::adapters) fn endpoint_of(
    adapter: &dyn Adapter,
    provider: &str,
    method: &str,
    path: &str,
) -> Option<Endpoint> {
    let head = head(method, path);
    let provider = Provider(provider.to_owned().into());
    let known = (!provider.0.is_empty()).then_some(&provider);
    adapter.endpoint(&RequestLine::new(&head, known))
}

/// Operation, model of the path and stream of an endpoint.
pub(in crate::llm::adapters) fn facts_of(
    endpoint: Option<Endpoint>,
) -> Option<(Operation, Option<String>, Option<bool>)> {
    endpoint.map(|endpoint| (endpoint.operation, endpoint.model, endpoint.stream))
}

/// What the adapter reads from the body of a POST to `path`.
pub(in crate::llm::adapters) fn request(
    adapter: &dyn Adapter,
    path: &str,
    body: &str,
) -> RequestRead {
    let head = head("POST", path);
    let provider = Provider("test".into());
    let line = RequestLine::new(&head, Some(&provider));
    let endpoint = adapter.endpoint(&line).expect("an endpoint of the API");
    let context = RequestContext {
        request: &line,
        endpoint: &endpoint,
    };
    adapter
        .read_request(&context, body.as_bytes())
        .expect("a request")
}

/// Reads an answer in one piece.
pub(in crate::llm::adapters) fn document(adapter: &dyn Adapter, body: &str) -> Seen {
    document_with(adapter, &[], body)
}

/// The same, with response headers.
pub(in crate::llm::adapters) fn document_with(
    adapter: &dyn Adapter,
    headers: &[(&str, &str)],
    body: &str,
) -> Seen {
    with_context(headers, |context| {
        let mut answer = Answer::default();
        assert!(
            adapter.read_document(context, body.as_bytes(), &mut answer),
            "no answer: {body}"
        );
        Seen::of(answer, 0)
    })
}

/// Reads what came with an error status.
pub(in crate::llm::adapters) fn error_with(
    adapter: &dyn Adapter,
    headers: &[(&str, &str)],
    body: &str,
) -> Option<String> {
    with_context(headers, |context| {
        let mut answer = Answer::default();
        adapter.read_error(context, body.as_bytes(), &mut answer);
        answer.error
    })
}

/// Reads events of a type and with data each.
pub(in crate::llm::adapters) fn events(adapter: &dyn Adapter, events: &[(&str, &str)]) -> Seen {
    with_context(&[], |context| {
        let mut answer = Answer::default();
        let mut stream = adapter.stream(context);
        let mut outputs = 0;
        for (kind, data) in events {
            let event = Event {
                event: kind.as_bytes(),
                data: data.as_bytes(),
                is_error: kind.ends_with("Exception"),
                ..Event::default()
            };
            outputs += usize::from(stream.event(&event, &mut answer) == Chunk::Output);
        }
        stream.finish(&mut answer);
        Seen::of(answer, outputs)
    })
}

/// Reads events that have data only: lines, items of an array, nameless server-sent events.
pub(in crate::llm::adapters) fn chunks(adapter: &dyn Adapter, chunks: &[&str]) -> Seen {
    let named: Vec<_> = chunks.iter().map(|&data| ("", data)).collect();
    events(adapter, &named)
}

fn with_context<R>(headers: &[(&str, &str)], run: impl FnOnce(&AnswerContext<'_>) -> R) -> R {
    let wire = headers
        .iter()
        .map(|(name, value)| (*name, value.as_bytes()));
    let head = ResponseHead {
        status: Some(200),
        unknown_fields: 0,
        headers: Headers::admit(&AllowList::default(), wire),
        wire_bytes: 0,
    };
    let endpoint = Endpoint::new(Operation::Chat).with_certainty(Certainty::Sure);
    let provider = Provider("test".into());
    run(&AnswerContext {
        endpoint: &endpoint,
        provider: &provider,
        head: &head,
    })
}
