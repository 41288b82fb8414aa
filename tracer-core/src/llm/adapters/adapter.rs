//! What an adapter is: all that is known of one wire API.

use std::fmt::Debug;

use memchr::memmem;

use super::{event::Chunk, filter_results, request_line::RequestLine};
use crate::{
    http::head::ResponseHead,
    llm::{
        answer::Answer,
        call::{Operation, Provider, RequestFacts},
        error_body,
        mcp::message::Reply,
        usage::Usage,
    },
    stream::{event::Event, framing::StreamFormat},
};

/// One wire API: which requests are its calls, and how their bodies are read.
///
/// An adapter holds no state; what a stream needs lives in its [`StreamReader`]. Everything it is
/// given comes from outside and may be cut, wrong or hostile: what it cannot read is absent.
pub(in crate::llm) trait Adapter: Debug + Sync {
    /// The API, as `family.interface`: see [`Api`](crate::llm::call::Api).
    fn name(&self) -> &'static str;

    /// Whose API it is: the `gen_ai.provider.name` of a call to a host that nobody knows.
    fn flavour(&self) -> &'static str;

    /// Whether calls that the process serves are reported, too.
    fn reads_served(&self) -> bool {
        true
    }

    /// Whether runs that are not over when they are answered are asked for again, by the id of the
    /// answer: that is what [`Operation::FetchResponse`] is to this API.
    fn asks_again(&self) -> bool {
        false
    }

    /// The endpoint that a request goes to, if it is one of this API.
    fn endpoint(&self, request: &RequestLine<'_>) -> Option<Endpoint>;

    /// Whether a body that breaks off looks like a request of this API, where the head alone does
    /// not settle it. See [`has_member`].
    fn seems(&self, body: &[u8]) -> bool;

    /// Reads the body of a request; `None` if it is none.
    fn read_request(&self, context: &RequestContext<'_>, body: &[u8]) -> Option<RequestRead>;

    /// Reads an answer in one piece into `answer`; `false` if it is none. A body that broke off is
    /// given cut after its last whole member.
    fn read_document(&self, context: &AnswerContext<'_>, body: &[u8], answer: &mut Answer) -> bool;

    /// Reads what came with an error status. The status itself stands in for an error without a name.
    fn read_error(&self, context: &AnswerContext<'_>, body: &[u8], answer: &mut Answer) {
        let _ = context;
        answer.error = error_body::error_type(body);
        filter_results::tell_error(body, &mut answer.findings);
    }

    /// A reader of an answer that comes in events. Without one, nothing of it is read.
    fn stream(&self, context: &AnswerContext<'_>) -> Box<dyn StreamReader> {
        let _ = context;
        Box::new(Unread)
    }
}

/// Reads the events of one answer, in order.
pub(in crate::llm) trait StreamReader: Debug + Send {
    /// Takes the next event, and tells what it brought.
    fn event(&mut self, event: &Event<'_>, answer: &mut Answer) -> Chunk;

    /// Events are missing here, perhaps the last ones. A count that they may have changed must not
    /// be told any more: unless the answer is over, by default none is.
    fn gap(&mut self, answer: &mut Answer) {
        if !answer.ended {
            answer.usage = Usage::default();
        }
    }

    /// No more events come: what was put off is done now.
    fn finish(&mut self, answer: &mut Answer) {
        let _ = answer;
    }
}

/// An endpoint of an API, as the head of a request tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::llm) struct Endpoint {
    /// What a call to it does.
    pub(in crate::llm) operation: Operation,
    /// The model, where the path names it.
    pub(in crate::llm) model: Option<String>,
    /// Who serves it, where the path tells and nobody knows the host.
    pub(in crate::llm) provider: Option<&'static str>,
    /// Whether the answer comes as a stream, where the path says so; once the body was read, where
    /// that says so.
    pub(in crate::llm) stream: Option<bool>,
    /// In what it comes then.
    pub(in crate::llm) format: StreamFormat,
    /// Whether the body has a say.
    pub(in crate::llm) certainty: Certainty,
}

/// How sure the head of a request makes that it is a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::llm) enum Certainty {
    /// Path or headers settle it, on any host.
    Sure,
    /// The path settles it on a host that is known to serve models; on any other the body must have
    /// the shape of the API.
    OnKnownHost,
    /// The body must have the shape of the API on any host.
    NeedsShape,
}

impl Endpoint {
    /// An endpoint that does `operation`, certain on known hosts.
    pub(in crate::llm) const fn new(operation: Operation) -> Self {
        Self {
            operation,
            model: None,
            provider: None,
            stream: None,
            format: StreamFormat::Events,
            certainty: Certainty::OnKnownHost,
        }
    }

    /// The path names a model.
    pub(in crate::llm) fn with_model(self, model: Option<String>) -> Self {
        Self { model, ..self }
    }

    /// The path says who serves it, on a host that nobody knows.
    pub(in crate::llm) fn with_provider(self, provider: &'static str) -> Self {
        Self {
            provider: Some(provider),
            ..self
        }
    }

    /// The path says whether the answer is a stream.
    pub(in crate::llm) fn with_stream(self, stream: bool) -> Self {
        Self {
            stream: Some(stream),
            ..self
        }
    }

    /// A stream comes in this format.
    pub(in crate::llm) fn with_format(self, format: StreamFormat) -> Self {
        Self { format, ..self }
    }

    /// The format of the stream that was asked for, if one was.
    pub(in crate::llm) fn asked_for(&self) -> Option<StreamFormat> {
        (self.stream == Some(true)).then_some(self.format)
    }

    /// How sure path and headers make.
    pub(in crate::llm) fn with_certainty(self, certainty: Certainty) -> Self {
        Self { certainty, ..self }
    }
}

/// Where a request body belongs.
#[derive(Debug, Clone, Copy)]
pub(in crate::llm) struct RequestContext<'a> {
    /// Line and headers of the request.
    pub(in crate::llm) request: &'a RequestLine<'a>,
    /// What the adapter made of them.
    pub(in crate::llm) endpoint: &'a Endpoint,
}

/// Where an answer belongs.
#[derive(Debug, Clone, Copy)]
pub(in crate::llm) struct AnswerContext<'a> {
    /// What the adapter made of the request's head.
    pub(in crate::llm) endpoint: &'a Endpoint,
    /// Who serves it.
    pub(in crate::llm) provider: &'a Provider,
    /// Status and headers of the response.
    pub(in crate::llm) head: &'a ResponseHead,
}

impl AnswerContext<'_> {
    /// The value of a response header, by its lower-case name, if the allow list lets it through.
    pub(in crate::llm) fn header(&self, name: &str) -> Option<&str> {
        self.head.headers.get(name)
    }
}

/// A request body as an adapter understood it.
#[derive(Debug, Default)]
pub(in crate::llm) struct RequestRead {
    /// The parameters.
    pub(in crate::llm) facts: RequestFacts,
    /// The body holds what every request of the API must hold.
    pub(in crate::llm) has_shape: bool,
    /// It holds too little to tell the API from others: an answer that [tells it] settles that.
    ///
    /// [tells it]: Answer::is_telling
    pub(in crate::llm) may_be: bool,
    /// What the call does, where the body tells better than the path.
    pub(in crate::llm) operation: Option<Operation>,
    /// It is no request, but replies to one of the other side.
    pub(in crate::llm) reply: Option<Box<Reply>>,
}

/// Whether a JSON object that may break off has a member, at any depth: `quoted` is its name with
/// both quotes, which cannot stand inside a JSON string.
pub(super) fn has_member(body: &[u8], quoted: &str) -> bool {
    body.trim_ascii_start().first() == Some(&b'{')
        && memmem::find(body, quoted.as_bytes()).is_some()
}

/// Reads nothing: the API has no streams.
#[derive(Debug)]
struct Unread;

impl StreamReader for Unread {
    fn event(&mut self, _: &Event<'_>, _: &mut Answer) -> Chunk {
        Chunk::Other
    }
}
