//! Reads the body of a response, whichever way it comes.
//!
//! What it is, is decided by its first byte: no JSON text begins like a field of an event stream.
//! The content type settles what is neither; servers answer with JSON where a stream was asked for,
//! and send streams under other types.

use super::{
    adapters::{StreamReader, read_document},
    answer::Answer,
    body::{BodyBuffer, BodyRead},
    call::{Api, CaptureState, Provider},
    chunk_times::ChunkTimes,
    error_body,
    event::Chunk,
};
use crate::{
    http::head::ResponseHead,
    limits::Limits,
    stream::sse::{Event, Sse},
    time::Timestamp,
};

/// The body of one response while it comes in.
#[derive(Debug)]
pub(super) struct ResponseReader {
    status: u16,
    typed_as_stream: bool,
    bound: usize,
    limits: Limits,
    form: Form,
    answer: Answer,
    times: ChunkTimes,
}

/// What the body turned out to be.
#[derive(Debug)]
enum Form {
    /// Nothing but white space so far.
    Unknown,
    /// JSON or anything else in one piece.
    Document(BodyBuffer),
    /// Server-sent events.
    Stream(Box<(Sse, StreamReader)>),
    /// A document whose beginning was read, and whose rest is not looked at.
    Shed,
}

/// What the response came to.
#[derive(Debug)]
pub(super) struct ResponseRead {
    pub(super) answer: Answer,
    pub(super) times: ChunkTimes,
    /// Nothing of the answer is missing, whatever the framing says.
    pub(super) is_whole: bool,
    /// What reading found out about the capture.
    pub(super) capture: CaptureState,
}

impl ResponseReader {
    pub(super) fn new(head: &ResponseHead, bound: usize, limits: Limits) -> Self {
        let content_type = head.headers.get("content-type").unwrap_or_default();
        Self {
            status: head.status,
            typed_as_stream: content_type
                .trim_start()
                .to_ascii_lowercase()
                .starts_with("text/event-stream"),
            bound,
            limits,
            form: Form::Unknown,
            answer: Answer::default(),
            times: ChunkTimes::default(),
        }
    }

    /// Takes the next bytes of the body.
    pub(super) fn feed(&mut self, bytes: &[u8], time: Timestamp, api: Api, provider: &Provider) {
        let mut bytes = bytes;
        if matches!(self.form, Form::Unknown) {
            // OpenRouter keeps connections alive with white space before JSON.
            bytes = bytes.trim_ascii_start();
            let Some(&first) = bytes.first() else { return };
            self.form = self.form_of(first, api, provider);
        }
        match &mut self.form {
            Form::Unknown | Form::Shed => {}
            Form::Document(buffer) => buffer.feed(bytes),
            Form::Stream(stream) => {
                let (sse, reader) = &mut **stream;
                let (answer, times) = (&mut self.answer, &mut self.times);
                sse.feed(bytes, &mut |event| {
                    take_event(reader, &event, time, answer, times)
                });
            }
        }
    }

    fn form_of(&self, first: u8, api: Api, provider: &Provider) -> Form {
        let is_stream = match first {
            b'{' | b'[' => false,
            // `data`, `event`, `id`, `retry` or a comment.
            b'd' | b'e' | b'i' | b'r' | b':' => true,
            _ => self.typed_as_stream,
        };
        if is_stream {
            Form::Stream(Box::new((
                Sse::new(&self.limits),
                StreamReader::new(api, provider),
            )))
        } else {
            Form::Document(BodyBuffer::new(self.bound))
        }
    }

    /// Bytes of the body are missing here.
    pub(super) fn gap(&mut self) {
        match &mut self.form {
            Form::Unknown => {
                let mut buffer = BodyBuffer::new(self.bound);
                buffer.gap();
                self.form = Form::Document(buffer);
            }
            Form::Document(buffer) => buffer.gap(),
            Form::Stream(stream) => stream.0.gap(),
            Form::Shed => {}
        }
    }

    /// Bytes held for the body.
    pub(super) fn held(&self) -> usize {
        match &self.form {
            Form::Unknown | Form::Shed => 0,
            Form::Document(buffer) => buffer.held(),
            Form::Stream(stream) => stream.0.held(),
        }
    }

    /// Gives them back: a document is read as far as it came, a stream loses the event under way.
    pub(super) fn shed(&mut self, api: Api, provider: &Provider) {
        match std::mem::replace(&mut self.form, Form::Shed) {
            Form::Document(buffer) => {
                self.read_document(buffer, api, provider);
            }
            Form::Stream(mut stream) => {
                stream.0.shed();
                self.form = Form::Stream(stream);
            }
            form @ (Form::Unknown | Form::Shed) => self.form = form,
        }
    }

    /// Reads a body in one piece; returns whether it was whole, and what that says of the capture.
    fn read_document(
        &mut self,
        buffer: BodyBuffer,
        api: Api,
        provider: &Provider,
    ) -> (bool, CaptureState) {
        let mut capture = CaptureState::Complete;
        if buffer.is_over_bound() {
            capture = CaptureState::Truncated;
        }
        let is_whole = if self.status >= 400 {
            self.answer.error = error_body::error_type(buffer.bytes());
            true
        } else {
            read_answer(buffer, api, provider, &mut self.answer, &mut capture)
        };
        (is_whole, capture)
    }

    /// The body is over, at `time`.
    pub(super) fn finish(mut self, time: Timestamp, api: Api, provider: &Provider) -> ResponseRead {
        let mut capture = CaptureState::Complete;
        let is_whole = match std::mem::replace(&mut self.form, Form::Shed) {
            Form::Unknown => false,
            Form::Shed => {
                capture = CaptureState::Truncated;
                false
            }
            Form::Document(buffer) => {
                let (is_whole, read) = self.read_document(buffer, api, provider);
                capture = read;
                is_whole
            }
            Form::Stream(mut stream) => {
                let Self { answer, times, .. } = &mut self;
                let (sse, reader) = &mut *stream;
                if let Some(event) = sse.finish() {
                    take_event(reader, &event, time, answer, times);
                }
                if sse.skipped() > 0 {
                    capture = CaptureState::Truncated;
                }
                answer.ended || answer.has_finished()
            }
        };
        let Self {
            status,
            mut answer,
            times,
            ..
        } = self;
        if status >= 400 && answer.error.is_none() {
            answer.error = Some(status.to_string());
        }
        ResponseRead {
            answer,
            times,
            is_whole,
            capture,
        }
    }
}

fn take_event(
    reader: &mut StreamReader,
    event: &Event<'_>,
    time: Timestamp,
    answer: &mut Answer,
    times: &mut ChunkTimes,
) {
    if reader.event(event, answer) == Chunk::Output {
        times.record(time);
    }
}

/// Reads an answer in one piece; returns whether it was whole.
fn read_answer(
    buffer: BodyBuffer,
    api: Api,
    provider: &Provider,
    answer: &mut Answer,
    capture: &mut CaptureState,
) -> bool {
    let read = buffer.read(|body| {
        let mut answer = Answer::default();
        read_document(api, provider, body, &mut answer).then_some(answer)
    });
    match read {
        BodyRead::Whole(whole) => {
            *answer = whole;
            true
        }
        BodyRead::Beginning(beginning) => {
            *answer = beginning;
            false
        }
        BodyRead::Nothing => {
            *capture = (*capture).max(CaptureState::Undecodable);
            false
        }
    }
}

/// Any body, read by every adapter: whole and in pieces it must come to the same.
#[cfg(any(test, feature = "fuzzing"))]
pub fn fuzz_response(data: &[u8]) {
    const APIS: [Api; 5] = [
        Api::OpenAiChat,
        Api::OpenAiCompletions,
        Api::OpenAiResponses,
        Api::OpenAiEmbeddings,
        Api::AnthropicMessages,
    ];
    let Some((size, body)) = data.split_first() else {
        return;
    };
    let provider = Provider("openai".into());
    let head = ResponseHead {
        status: 200,
        headers: crate::http::head::Headers::default(),
        wire_bytes: 0,
    };
    for api in APIS {
        let read = |size| {
            let mut reader = ResponseReader::new(&head, 1 << 10, Limits::default());
            for piece in body.chunks(size) {
                reader.feed(piece, Timestamp::default(), api, &provider);
            }
            let read = reader.finish(Timestamp::default(), api, &provider);
            let mut facts = super::call::ResponseFacts::default();
            let usage = read.answer.usage;
            read.answer.fill(&mut facts);
            (facts, usage, read.times.count, read.is_whole, read.capture)
        };
        assert_eq!(read(usize::from(*size % 32) + 1), read(usize::MAX));
    }
}

#[cfg(test)]
#[path = "response_tests.rs"]
mod tests;
