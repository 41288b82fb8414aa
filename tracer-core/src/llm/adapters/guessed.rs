//! What tells an API by the bodies of a call alone, where the path is unknown.

use super::{
    adapter::Adapter, anthropic::AnthropicMessages, google_generate::GoogleGenerate, mcp::McpHttp,
    openai_chat::OpenAiChat, openai_completions::OpenAiCompletions,
    openai_embeddings::OpenAiEmbeddings, openai_responses::OpenAiResponses,
};
use crate::llm::call::Operation;

/// An API whose answers name it.
#[derive(Debug)]
pub(in crate::llm) struct Mark {
    /// A member that each of its requests has, with both quotes.
    pub(in crate::llm) request: &'static str,
    /// What its answers begin with, before anything that a model wrote.
    pub(in crate::llm) answer: &'static str,
    /// Who reads it.
    pub(in crate::llm) adapter: &'static dyn Adapter,
    /// What it does.
    pub(in crate::llm) operation: Operation,
}

/// Marks of answers and of errors. With the quotes that they have here, none of them can stand in a
/// JSON string.
pub(in crate::llm) static MARKS: &[Mark] = &[
    mark(MESSAGES, r#""chat.completion"#, &OpenAiChat),
    mark(MESSAGES, r#""choices""#, &OpenAiChat),
    mark(MESSAGES, r#"{"error":"#, &OpenAiChat),
    mark(MESSAGES, r#""error": {"#, &OpenAiChat),
    mark(MESSAGES, "event: message_start", &AnthropicMessages),
    mark(MESSAGES, r#""type":"message""#, &AnthropicMessages),
    mark(MESSAGES, r#""type": "message""#, &AnthropicMessages),
    mark(MESSAGES, r#""type":"error""#, &AnthropicMessages),
    mark(INPUT, r#""object":"response""#, &OpenAiResponses),
    mark(INPUT, r#""object": "response""#, &OpenAiResponses),
    mark(INPUT, "event: response.", &OpenAiResponses),
    mark(r#""prompt""#, r#""text_completion""#, &OpenAiCompletions).of(Operation::TextCompletion),
    mark(INPUT, r#""embedding""#, &OpenAiEmbeddings).of(Operation::Embeddings),
    mark(r#""contents""#, r#""candidates""#, &GoogleGenerate).of(Operation::GenerateContent),
    mark(r#""jsonrpc""#, r#""jsonrpc""#, &McpHttp),
];

const MESSAGES: &str = r#""messages""#;
const INPUT: &str = r#""input""#;

const fn mark(request: &'static str, answer: &'static str, adapter: &'static dyn Adapter) -> Mark {
    Mark {
        request,
        answer,
        adapter,
        operation: Operation::Chat,
    }
}

impl Mark {
    const fn of(self, operation: Operation) -> Self {
        Self { operation, ..self }
    }
}
