//! The table of adapters.

use super::{
    adapter::Adapter,
    anthropic::AnthropicMessages,
    anthropic_complete::AnthropicComplete,
    batches::{AnthropicBatches, OpenAiBatches},
    bedrock_agent::BedrockAgent,
    bedrock_async_invoke::BedrockAsyncInvoke,
    bedrock_converse::BedrockConverse,
    bedrock_count_tokens::BedrockCountTokens,
    bedrock_guardrail::BedrockGuardrail,
    bedrock_invoke::BedrockInvoke,
    bedrock_knowledge_base::BedrockKnowledgeBase,
    cohere_chat::CohereChat,
    cohere_embed::CohereEmbed,
    cohere_generate::CohereGenerate,
    google_count_tokens::GoogleCountTokens,
    google_embeddings::GoogleEmbeddings,
    google_generate::GoogleGenerate,
    google_interactions::GoogleInteractions,
    grpc::{GOOGLE_GRPC, XAI_GRPC},
    llama_cpp_completion::LlamaCppCompletion,
    mcp::McpHttp,
    mistral_conversations::MistralConversations,
    mistral_ocr::MistralOcr,
    ollama_embed::OllamaEmbed,
    ollama_generate::OllamaGenerate,
    openai_audio::OpenAiAudio,
    openai_chat::OpenAiChat,
    openai_completions::OpenAiCompletions,
    openai_embeddings::OpenAiEmbeddings,
    openai_images::OpenAiImages,
    openai_moderations::OpenAiModerations,
    openai_responses::OpenAiResponses,
    openai_runs::OpenAiRuns,
    replicate_predictions::ReplicatePredictions,
    replicate_stream::ReplicateStream,
    rerank::Rerank,
    retrieval::{
        AzureSearch, Chroma, Elasticsearch, Milvus, OpenAiVectorStore, Pinecone, Qdrant, Retrieval,
        Weaviate,
    },
    tgi_generate::TgiGenerate,
    vertex_raw_predict::{VERTEX_ANTHROPIC, VERTEX_CHAT},
    voyage_embeddings::VoyageEmbeddings,
    watsonx_chat::WatsonxChat,
    watsonx_embeddings::WatsonxEmbeddings,
    watsonx_generation::WatsonxGeneration,
};

/// Every adapter. A request belongs to the first one that knows its endpoint, so those of narrow
/// paths stand before those of wide ones.
pub(in crate::llm) static ADAPTERS: &[&dyn Adapter] = &[
    &GOOGLE_GRPC,
    &XAI_GRPC,
    &GoogleGenerate,
    &GoogleEmbeddings,
    &GoogleCountTokens,
    &GoogleInteractions,
    &VERTEX_ANTHROPIC,
    &VERTEX_CHAT,
    &BedrockConverse,
    &BedrockInvoke,
    &BedrockCountTokens,
    &BedrockAsyncInvoke,
    &BedrockGuardrail,
    &BedrockAgent,
    // Before all reranking.
    &BedrockKnowledgeBase,
    &CohereChat,
    &CohereGenerate,
    &CohereEmbed,
    &OllamaGenerate,
    // Before all embeddings.
    &OllamaEmbed,
    &Rerank,
    &WatsonxChat,
    &WatsonxGeneration,
    // Before all embeddings.
    &WatsonxEmbeddings,
    &VoyageEmbeddings,
    &ReplicatePredictions,
    &ReplicateStream,
    &LlamaCppCompletion,
    &TgiGenerate,
    &OpenAiChat,
    &OpenAiResponses,
    &OpenAiEmbeddings,
    &OpenAiImages,
    &OpenAiAudio,
    &OpenAiModerations,
    &OpenAiRuns,
    &AnthropicMessages,
    &AnthropicComplete,
    // Before OpenAI's batches, whose path is the end of this one.
    &AnthropicBatches,
    &OpenAiBatches,
    &MistralConversations,
    &MistralOcr,
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
