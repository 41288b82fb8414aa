//! The table of adapters.

use super::{
    adapter::Adapter,
    anthropic::AnthropicMessages,
    anthropic_complete::AnthropicComplete,
    batches::{AnthropicBatches, OpenAiBatches},
    bedrock_agent::BedrockAgent,
    bedrock_async_invoke::BedrockAsyncInvoke,
    bedrock_bidirectional::BedrockBidirectional,
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
    google_jobs::GoogleJobs,
    google_predict::GooglePredict,
    grpc::{GOOGLE_GRPC, XAI_GRPC},
    llama_cpp_completion::LlamaCppCompletion,
    llama_cpp_embedding::LlamaCppEmbedding,
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
    openai_videos::OpenAiVideos,
    replicate_predictions::ReplicatePredictions,
    replicate_stream::ReplicateStream,
    rerank::Rerank,
    retrieval::{
        AzureSearch, Chroma, Elasticsearch, Milvus, OpenAiVectorStore, Perplexity, Pinecone,
        Qdrant, Retrieval, Weaviate,
    },
    tgi_compatible::{TGI_INVOCATIONS, TGI_ROOT},
    tgi_generate::TgiGenerate,
    vertex_raw_predict::{VERTEX_ANTHROPIC, VERTEX_CHAT},
    vllm_pooling::VllmPooling,
    vllm_tokenize::VllmTokenize,
    voyage_embeddings::VoyageEmbeddings,
    watsonx_chat::WatsonxChat,
    watsonx_embeddings::WatsonxEmbeddings,
    watsonx_generation::WatsonxGeneration,
};
use crate::llm::content::shape::Shape;

/// An adapter, and the shape of what its API says.
#[derive(Debug)]
pub(in crate::llm) struct Row {
    pub(in crate::llm) adapter: &'static dyn Adapter,
    shape: Shape,
}

const fn row(adapter: &'static dyn Adapter, shape: Shape) -> Row {
    Row { adapter, shape }
}

/// The shape of the content of an API.
pub(in crate::llm) fn shape(adapter: &dyn Adapter) -> Shape {
    let row = ADAPTERS
        .iter()
        .find(|row| row.adapter.name() == adapter.name());
    row.map_or(Shape::Unread, |row| row.shape)
}

/// Every adapter. A request belongs to the first one that knows its endpoint, so those of narrow
/// paths stand before those of wide ones.
pub(in crate::llm) static ADAPTERS: &[Row] = &[
    row(&GOOGLE_GRPC, Shape::Unread),
    row(&XAI_GRPC, Shape::Unread),
    row(&GoogleGenerate, Shape::Contents),
    row(&GoogleEmbeddings, Shape::Inputs),
    // Behind embeddings, which are predicted, too.
    row(&GooglePredict, Shape::Inputs),
    row(&GoogleJobs, Shape::Unread),
    row(&GoogleCountTokens, Shape::Contents),
    row(&GoogleInteractions, Shape::Steps),
    row(&VERTEX_ANTHROPIC, Shape::Messages),
    row(&VERTEX_CHAT, Shape::Chat),
    row(&BedrockConverse, Shape::Converse),
    row(&BedrockInvoke, Shape::Invoke),
    row(&BedrockBidirectional, Shape::Unread),
    row(&BedrockCountTokens, Shape::Inputs),
    row(&BedrockAsyncInvoke, Shape::Inputs),
    row(&BedrockGuardrail, Shape::Inputs),
    row(&BedrockAgent, Shape::Inputs),
    // Before all reranking.
    row(&BedrockKnowledgeBase, Shape::Search),
    row(&CohereChat, Shape::Cohere),
    row(&CohereGenerate, Shape::Prompt),
    row(&CohereEmbed, Shape::Inputs),
    row(&OllamaGenerate, Shape::Ollama),
    // Before all embeddings.
    row(&OllamaEmbed, Shape::Inputs),
    row(&Rerank, Shape::Search),
    row(&WatsonxChat, Shape::Chat),
    row(&WatsonxGeneration, Shape::Prompt),
    // Before all embeddings.
    row(&WatsonxEmbeddings, Shape::Inputs),
    row(&VoyageEmbeddings, Shape::Inputs),
    row(&ReplicatePredictions, Shape::Prompt),
    row(&ReplicateStream, Shape::Prompt),
    row(&LlamaCppCompletion, Shape::Prompt),
    row(&LlamaCppEmbedding, Shape::Inputs),
    row(&TgiGenerate, Shape::Prompt),
    row(&TGI_ROOT, Shape::Prompt),
    row(&VllmPooling, Shape::Inputs),
    row(&VllmTokenize, Shape::Inputs),
    row(&OpenAiChat, Shape::Chat),
    row(&OpenAiResponses, Shape::Responses),
    row(&OpenAiEmbeddings, Shape::Inputs),
    row(&OpenAiImages, Shape::Inputs),
    row(&OpenAiVideos, Shape::Inputs),
    row(&OpenAiAudio, Shape::Inputs),
    row(&OpenAiModerations, Shape::Inputs),
    row(&OpenAiRuns, Shape::Runs),
    row(&AnthropicMessages, Shape::Messages),
    row(&AnthropicComplete, Shape::Prompt),
    // Before OpenAI's batches, whose path is the end of this one.
    row(&AnthropicBatches, Shape::Unread),
    row(&OpenAiBatches, Shape::Unread),
    row(&MistralConversations, Shape::Steps),
    row(&MistralOcr, Shape::Inputs),
    // Any other path that ends in `completions`.
    row(&OpenAiCompletions, Shape::Chat),
    // Vector stores.
    row(&Retrieval(AzureSearch), Shape::Search),
    row(&Retrieval(Chroma), Shape::Search),
    row(&Retrieval(Elasticsearch), Shape::Search),
    row(&Retrieval(Milvus), Shape::Search),
    row(&Retrieval(OpenAiVectorStore), Shape::Search),
    row(&Retrieval(Perplexity), Shape::Search),
    row(&Retrieval(Pinecone), Shape::Search),
    row(&Retrieval(Qdrant), Shape::Search),
    row(&Retrieval(Weaviate), Shape::Search),
    // Any path at all.
    row(&McpHttp, Shape::Rpc),
    // Behind it, since tools are invoked, too.
    row(&TGI_INVOCATIONS, Shape::Prompt),
];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn names_are_unique_and_have_a_family() {
        let mut names = HashSet::new();
        for row in ADAPTERS {
            let name = row.adapter.name();
            assert!(names.insert(name), "{name} is there twice");
            assert!(name.split_once('.').is_some(), "{name} has no family");
        }
    }
}
