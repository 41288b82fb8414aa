//! The neutral model of content, after `gen_ai.input.messages`, `gen_ai.output.messages`,
//! `gen_ai.system_instructions` and `gen_ai.tool.definitions` of the conventions.

use super::kept::Kept;

/// Whether content is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ContentCapture {
    /// Metadata only: content is not even parsed.
    #[default]
    Off,
    /// Content goes with every call, as far as there is room.
    Keep {
        /// Bytes of text per call. A quarter is held ready for the answer; what the request leaves
        /// is added to it.
        per_call: usize,
    },
}

/// The content of one call. What was not on the wire is empty.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Content {
    /// Instructions that came apart from the messages.
    pub system: Vec<Part>,
    /// Messages of the request, in order; of a prompt or of texts to embed or to judge, one.
    pub input: Vec<Message>,
    /// The answer: one message per choice, by index.
    pub output: Vec<Choice>,
    /// Tools that were offered.
    pub tools: Vec<ToolDefinition>,
    /// What a retrieval or a reranking was asked for.
    pub query: Option<Kept>,
    /// Documents that the request brought along.
    pub documents: Vec<Document>,
    /// Documents that were found or ordered.
    pub found: Vec<Document>,
    /// How much of the request is here.
    pub request: Extent,
    /// How much of the answer is here.
    pub answer: Extent,
}

/// How much of one side of a call its content holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Extent {
    /// Bytes of text that found no room. Each string says how much of it was cut.
    pub cut_bytes: u64,
    /// Messages, parts, tools and documents that found no room.
    pub cut_items: u64,
    /// Why there may be more than is here, beside want of room.
    pub missing: Option<Missing>,
}

impl Extent {
    /// Nothing is missing.
    pub const fn is_whole(&self) -> bool {
        self.cut_bytes == 0 && self.cut_items == 0 && self.missing.is_none()
    }
}

/// Why content is missing, from best to worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Missing {
    /// The body ended before its end, or was still under way.
    Cut,
    /// A bound on bodies or events was passed.
    Bound,
    /// Bytes were lost on the way, or an event was too long. Nothing is joined across the gap: see
    /// [`Part::Lost`].
    Gap,
    /// There is no reader for it, or it could not be read.
    Unread,
    /// It was dropped, since all calls together held too much.
    Dropped,
}

/// A message of the request.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Message {
    /// Who speaks, in the provider's own word: `system`, `user`, `assistant`, `tool`, `model`.
    pub role: String,
    /// The name of who speaks.
    pub name: Option<String>,
    /// What it says.
    pub parts: Vec<Part>,
}

/// One message that the model answered with.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Choice {
    /// Its index among the choices.
    pub index: u64,
    /// What it says.
    pub parts: Vec<Part>,
    /// Why it ended, in the provider's own word.
    pub finish_reason: Option<String>,
}

/// A piece of a message.
#[derive(Debug, Clone, PartialEq)]
pub enum Part {
    /// Text.
    Text(Kept),
    /// What the model thought, where it is told.
    Reasoning(Kept),
    /// Why the model does not answer.
    Refusal(Kept),
    /// A tool that the caller shall run.
    ToolCall(ToolCall),
    /// What a tool of the caller's gave.
    ToolResponse(ToolResponse),
    /// A tool that the provider ran itself.
    ServerToolCall(ToolCall),
    /// What a tool of the provider gave.
    ServerToolResponse(ToolResponse),
    /// An image, sound, a film or a file; never its bytes.
    Media(Media),
    /// Structured data, as JSON text.
    Json(Kept),
    /// Anything else; only its kind is told.
    Other {
        /// The provider's word for it.
        kind: String,
    },
    /// A part of the answer was not seen here. What stands behind it does not continue what stands
    /// before it.
    Lost,
}

impl Part {
    /// Whether it is part of an answer: what a model thinks is none.
    pub(super) fn says(&self) -> bool {
        match self {
            Self::Text(text) | Self::Refusal(text) | Self::Json(text) => text.digest().is_some(),
            Self::Reasoning(_) => false,
            Self::ToolCall(_)
            | Self::ToolResponse(_)
            | Self::ServerToolCall(_)
            | Self::ServerToolResponse(_)
            | Self::Media(_)
            | Self::Other { .. }
            | Self::Lost => true,
        }
    }
}

/// A call of a tool.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ToolCall {
    /// The provider's id of the call.
    pub id: Option<String>,
    /// The tool's name.
    pub name: Option<String>,
    /// Its arguments as the model wrote them: JSON, if the model wrote JSON.
    pub arguments: Kept,
}

/// The result of a tool.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ToolResponse {
    /// The id of the call.
    pub id: Option<String>,
    /// The tool's name.
    pub name: Option<String>,
    /// What it gave.
    pub response: Vec<Part>,
    /// Whether the tool failed, where that is told.
    pub is_error: Option<bool>,
    /// What it gave begins like an error.
    pub seems_error: bool,
}

/// Media by kind and size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Media {
    /// Which kind.
    pub modality: Modality,
    /// Its media type, where told.
    pub mime_type: Option<String>,
    /// Where it is.
    pub source: MediaSource,
}

/// Kinds of media.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "values of the conventions")]
pub enum Modality {
    Image,
    Audio,
    Video,
    Document,
}

/// Where media are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MediaSource {
    /// In the message itself.
    Inline {
        /// Size of the media, without its coding.
        bytes: u64,
        /// Tells it from others, under a key that is drawn with every start.
        mark: u64,
    },
    /// At an address.
    Uri(Kept),
    /// At the provider, under an id.
    File(String),
    /// Nothing tells.
    Unknown,
}

/// A tool that a request offers.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ToolDefinition {
    /// `function`, or the provider's word for a tool of its own.
    pub kind: String,
    /// Its name, if it has one beside its kind.
    pub name: Option<String>,
    /// What it does.
    pub description: Option<Kept>,
    /// The JSON schema of its arguments.
    pub parameters: Option<Kept>,
}

/// A document that a retrieval or reranking is about.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Document {
    /// Its id, or its place in the list that it was given in.
    pub id: Option<String>,
    /// How well it fits, in the measure of the provider.
    pub score: Option<f64>,
    /// Its text, or its members as JSON.
    pub text: Option<Kept>,
}
