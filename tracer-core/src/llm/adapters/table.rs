//! The table of adapters.

use super::{
    adapter::Adapter,
    anthropic::AnthropicMessages,
    mcp::McpHttp,
    openai_chat::OpenAiChat,
    openai_completions::OpenAiCompletions,
    openai_embeddings::OpenAiEmbeddings,
    openai_responses::OpenAiResponses,
    retrieval::{
        AzureSearch, Chroma, Elasticsearch, Milvus, OpenAiVectorStore, Pinecone, Qdrant, Retrieval,
        Weaviate,
    },
};

/// Every adapter. A request belongs to the first one that knows its endpoint, so those of narrow
/// paths stand before those of wide ones.
pub(in crate::llm) static ADAPTERS: &[&dyn Adapter] = &[
    &OpenAiChat,
    &OpenAiResponses,
    &OpenAiEmbeddings,
    &AnthropicMessages,
    // Any other path that ends in `completions`.
    &OpenAiCompletions,
    // Vector stores.
    &Retrieval(AzureSearch),
    &Retrieval(Chroma),
    &Retrieval(Elasticsearch),
    &Retrieval(Milvus),
    &Retrieval(OpenAiVectorStore),
    &Retrieval(Pinecone),
    &Retrieval(Qdrant),
    &Retrieval(Weaviate),
    // Any path at all.
    &McpHttp,
];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn names_are_unique_and_have_a_family() {
        let mut names = HashSet::new();
        for adapter in ADAPTERS {
            let name = adapter.name();
            assert!(names.insert(name), "{name} is there twice");
            assert!(name.split_once('.').is_some(), "{name} has no family");
        }
    }
}
