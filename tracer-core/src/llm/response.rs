//! Reads the body of a response, whichever way it comes.
//!
//! [`Framing::of`] decides whether it is a stream.

use super::{
    adapters::{adapter::StreamReader, event::Chunk, gateway_refusal, hook_results},
    answer::Answer,
    body::{BodyBuffer, BodyRead},
    call::CaptureState,
    chunk_times::ChunkTimes,
    content::{Missing, keeper::Keeper},
    mcp::McpRequest,
    recognise::Recognised,
};
use crate::{
    http::head::ResponseHead,
    limits::Limits,
    stream::{
        event::Event,
        framing::{Framing, Signs},
    },
    time::Timestamp,
};

/// The body of one response while it comes in.
#[derive(Debug)]
pub(super) struct ResponseReader {
    head: Box<ResponseHead>,
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
    /// Events.
    Stream(Box<Stream>),
    /// Sound, images or films: counted, never kept.
    Media,
    /// A document whose beginning was read, and whose rest is not looked at.
    Shed,
}

/// A body that comes in events.
#[derive(Debug)]
struct Stream {
    framing: Framing,
    reader: Box<dyn StreamReader>,
    /// Events that the framing left out, as far as the reader knows.
    left_out: u64,
}

/// What the response came to.
#[derive(Debug)]
pub(super) struct ResponseRead {
    /// Status and headers.
    pub(super) head: Box<ResponseHead>,
    pub(super) answer: Answer,
    pub(super) times: ChunkTimes,
    /// Nothing of the answer is missing, whatever the framing says.
    pub(super) is_whole: bool,
    /// What reading found out about the capture.
    pub(super) capture: CaptureState,
}

impl ResponseReader {
    pub(super) fn new(head: Box<ResponseHead>, bound: usize, limits: Limits) -> Self {
        Self {
            head,
            bound,
            limits,
            form: Form::Unknown,
            answer: Answer::default(),
            times: ChunkTimes::default(),
        }
    }

    /// Takes the next bytes of the body, which belongs to the call `recognised`. Its content goes to
    /// `keeper`, if there is one.
    pub(super) fn feed(
        &mut self,
        bytes: &[u8],
        time: Timestamp,
        recognised: &Recognised,
        mut keeper: Option<&mut Keeper>,
    ) {
        let mut bytes = bytes;
        if matches!(self.form, Form::Unknown) {
            // OpenRouter keeps connections alive with white space before JSON.
            bytes = bytes.trim_ascii_start();
            let Some(&first) = bytes.first() else { return };
            self.form = self.form_of(Some(first), recognised);
        }
        match &mut self.form {
            Form::Unknown | Form::Media | Form::Shed => {}
            Form::Document(buffer) => buffer.feed(bytes),
            Form::Stream(stream) => {
                let Stream {
                    framing,
                    reader,
                    left_out,
                } = &mut **stream;
                let (answer, times) = (&mut self.answer, &mut self.times);
                framing.feed(bytes, &mut |event| {
                    if event.left_out > *left_out {
                        *left_out = event.left_out;
                        reader.gap(answer);
                        keeper.iter_mut().for_each(|keeper| keeper.gap());
                    }
                    take_event(&mut **reader, &event, time, answer, times);
                    if let Some(keeper) = &mut keeper {
                        keeper.event(&event);
                    }
                });
            }
        }
    }

    /// The status says that there is an error, and nothing else, to be read.
    fn tells_of_error(&self) -> bool {
        self.head.status.is_some_and(is_error)
    }

    fn form_of(&self, first: Option<u8>, recognised: &Recognised) -> Form {
        let signs = Signs {
            content_type: self.head.headers.get("content-type").unwrap_or_default(),
            first,
            // An error comes in one piece.
            asked_for: (recognised.endpoint.asked_for()).filter(|_| !self.tells_of_error()),
        };
        if signs.is_media() {
            return Form::Media;
        }
        match Framing::of(signs, &self.limits) {
            Some(framing) => Form::Stream(Box::new(Stream {
                framing,
                reader: recognised.adapter.stream(&recognised.answer(&self.head)),
                left_out: 0,
            })),
            None => Form::Document(BodyBuffer::new(self.bound)),
        }
    }

    /// Bytes of the body are missing here.
    pub(super) fn gap(&mut self, recognised: &Recognised, keeper: Option<&mut Keeper>) {
        if matches!(self.form, Form::Unknown) {
            self.form = self.form_of(None, recognised);
        }
        match &mut self.form {
            Form::Unknown | Form::Media | Form::Shed => {}
            Form::Document(buffer) => buffer.gap(),
            Form::Stream(stream) => {
                stream.framing.gap();
                stream.reader.gap(&mut self.answer);
                if let Some(keeper) = keeper {
                    keeper.gap();
                }
            }
        }
    }

    /// Requests that the server made in what came since the last time, and the bytes of their
    /// messages.
    pub(super) fn take_asked(&mut self) -> Vec<(McpRequest, usize)> {
        std::mem::take(&mut self.answer.asked)
    }

    /// Bytes held for the body.
    pub(super) fn held(&self) -> usize {
        match &self.form {
            Form::Unknown | Form::Media | Form::Shed => 0,
            Form::Document(buffer) => buffer.held(),
            Form::Stream(stream) => stream.framing.held(),
        }
    }

    /// Gives them back: a document is read as far as it came, a stream loses the event under way.
    pub(super) fn shed(&mut self, recognised: &Recognised) {
        match std::mem::replace(&mut self.form, Form::Shed) {
            Form::Document(buffer) => {
                self.read_document(buffer, recognised, None);
            }
            Form::Stream(mut stream) => {
                stream.framing.shed();
                stream.reader.gap(&mut self.answer);
                self.form = Form::Stream(stream);
            }
            form @ (Form::Unknown | Form::Media | Form::Shed) => self.form = form,
        }
    }

    /// Reads a body in one piece; returns whether it was whole, and what that says of the capture.
    fn read_document(
        &mut self,
        buffer: BodyBuffer,
        recognised: &Recognised,
        keeper: Option<&mut Keeper>,
    ) -> (bool, CaptureState) {
        let mut capture = CaptureState::Complete;
        if buffer.is_over_bound() {
            capture = CaptureState::Truncated;
        }
        let adapter = recognised.adapter;
        let context = recognised.answer(&self.head);
        if self.tells_of_error() {
            let body = buffer.bytes();
            adapter.read_error(&context, body, &mut self.answer);
            let findings = &mut self.answer.findings;
            hook_results::tell(body, findings);
            gateway_refusal::tell(body, &self.head.headers, findings);
            return (true, capture);
        }
        if let Some(keeper) = keeper {
            keeper.document(&buffer);
        }
        let read = buffer.read(|body| {
            let mut answer = Answer::default();
            let is_answer = adapter.read_document(&context, body, &mut answer);
            answer.name_error(body);
            hook_results::tell(body, &mut answer.findings);
            is_answer.then_some(answer)
        });
        let is_whole = take_document(read, &mut self.answer, &mut capture);
        (is_whole, capture)
    }

    /// The body is over, at `time`, with the last bytes that were seen or with more.
    pub(super) fn finish(
        mut self,
        time: Timestamp,
        saw_its_end: bool,
        recognised: &Recognised,
        keeper: Option<&mut Keeper>,
    ) -> ResponseRead {
        let mut capture = CaptureState::Complete;
        let tells_of_error = self.tells_of_error();
        let is_whole = match std::mem::replace(&mut self.form, Form::Shed) {
            Form::Unknown | Form::Media => false,
            Form::Shed => {
                capture = CaptureState::Truncated;
                false
            }
            Form::Document(buffer) => {
                let (is_whole, read) = self.read_document(buffer, recognised, keeper);
                capture = read;
                is_whole
            }
            Form::Stream(mut stream) => {
                let Self { answer, times, .. } = &mut self;
                let Stream {
                    framing,
                    reader,
                    left_out,
                } = &mut *stream;
                let skipped = framing.skipped();
                let mut keeper = keeper;
                if skipped > *left_out {
                    reader.gap(answer);
                    keeper.iter_mut().for_each(|keeper| keeper.gap());
                }
                if let Some(event) = framing.finish() {
                    take_event(&mut **reader, &event, time, answer, times);
                    keeper.iter_mut().for_each(|keeper| keeper.event(&event));
                }
                reader.finish(answer);
                if !saw_its_end {
                    reader.gap(answer);
                    keeper.iter_mut().for_each(|keeper| keeper.gap());
                }
                if skipped > 0 {
                    capture = CaptureState::Truncated;
                }
                let is_whole = answer.ended || answer.has_finished();
                if let Some(keeper) = keeper.filter(|_| !is_whole) {
                    keeper.miss(Some(Missing::Cut));
                }
                if tells_of_error {
                    *times = ChunkTimes::default();
                    answer.keep_error();
                }
                is_whole
            }
        };
        let Self {
            head,
            mut answer,
            times,
            ..
        } = self;
        if answer.error.is_none() {
            answer.error = head
                .status
                .filter(|status| is_error(*status))
                .map(|status| status.to_string());
        }
        ResponseRead {
            head,
            answer,
            times,
            is_whole,
            capture,
        }
    }
}

const fn is_error(status: u16) -> bool {
    status >= 400
}

fn take_event(
    reader: &mut dyn StreamReader,
    event: &Event<'_>,
    time: Timestamp,
    answer: &mut Answer,
    times: &mut ChunkTimes,
) {
    if times.count == 0 {
        // A gateway says what it did before anything of the answer comes.
        hook_results::tell(event.data, &mut answer.findings);
    }
    if reader.event(event, answer) == Chunk::Output {
        times.record(time);
    }
    answer.name_error(event.data);
}

/// Takes an answer in one piece; returns whether it was whole.
fn take_document(read: BodyRead<Answer>, answer: &mut Answer, capture: &mut CaptureState) -> bool {
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
    use super::{
        adapters::{adapter::Endpoint, table::ADAPTERS},
        call::{Operation, Provider, ProviderBasis},
        content::ContentCapture,
    };
    use crate::http::exchange::BodyEnd;

    let Some((size, body)) = data.split_first() else {
        return;
    };
    let head = ResponseHead {
        status: Some(200),
        headers: crate::http::head::Headers::default(),
        unknown_fields: 0,
        wire_bytes: 0,
    };
    for row in ADAPTERS {
        let recognised = Recognised {
            provider: Provider("openai".into()),
            basis: ProviderBasis::Host,
            gateway: None,
            adapter: row.adapter,
            endpoint: Endpoint::new(Operation::Chat),
            needs_shape: false,
        };
        let read = |size| {
            let head = Box::new(head.clone());
            let mut reader = ResponseReader::new(head, 1 << 10, Limits::default());
            let keep = ContentCapture::Keep { per_call: 512 };
            let mut keeper = Keeper::new(keep, true, row.adapter).expect("content is kept");
            for piece in body.chunks(size) {
                let keeper = Some(&mut *keeper);
                reader.feed(piece, Timestamp::default(), &recognised, keeper);
            }
            let of_content = Some(&mut *keeper);
            let read = reader.finish(Timestamp::default(), true, &recognised, of_content);
            let content = keeper.finish(BodyEnd::Complete, |index| Some(index.to_string()));
            let mut facts = super::call::ResponseFacts::default();
            let usage = read.answer.usage;
            read.answer.fill(&mut facts);
            let of_stream = (read.times.count, read.is_whole, read.capture);
            (facts, usage, of_stream, content)
        };
        assert_eq!(read(usize::from(*size % 32) + 1), read(usize::MAX));
    }
}

#[cfg(test)]
#[path = "response_tests.rs"]
mod tests;
