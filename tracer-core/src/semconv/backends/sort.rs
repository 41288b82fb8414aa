//! What a span is of, in terms that backends share.

use super::{
    super::{attributes as names, span::Span},
    rule::text,
};

/// What a span is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    /// A conversation with a model.
    Chat,
    /// Anything else that a model makes: text, images, speech, a transcript.
    Generation,
    /// Vectors of texts.
    Embedding,
    /// A search in a store.
    Retrieval,
    /// Documents put in order.
    Rerank,
    /// A turn, or a hosted agent.
    Agent,
    /// A tool.
    Tool,
    /// A check of content.
    Check,
    /// Attempts at one call.
    Attempts,
    /// Something beside these: counts of tokens, batches, housekeeping of MCP.
    Other,
}

impl Sort {
    pub(super) fn of(span: &Span) -> Self {
        if span.attribute(names::LLM_TRACER_ATTEMPT_COUNT).is_some() {
            return Self::Attempts;
        }
        match text(span, names::GEN_AI_OPERATION_NAME) {
            Some("chat") => Self::Chat,
            Some(
                "generate_content" | "text_completion" | "image_generation" | "video_generation"
                | "transcription" | "translation" | "speech" | "ocr" | "compact",
            ) => Self::Generation,
            Some("embeddings") => Self::Embedding,
            Some("retrieval") => Self::Retrieval,
            Some("rerank") => Self::Rerank,
            Some("invoke_agent") => Self::Agent,
            Some("execute_tool") => Self::Tool,
            Some("moderation") => Self::Check,
            // The end of a run in the background, by what the model made.
            None if span.attribute(names::GEN_AI_RESPONSE_MODEL).is_some() => Self::Generation,
            Some(_) | None => Self::Other,
        }
    }
}
