//! Queries of vector stores, and of one search of the web: how many documents were asked for and found, and where. Neither the
//! vectors, nor the text of a query, nor what was found is kept.

mod azure_search;
mod chroma;
mod elasticsearch;
mod milvus;
mod openai_vector_store;
mod perplexity;
mod pinecone;
mod qdrant;
mod store;
mod weaviate;

pub(super) use self::{
    azure_search::AzureSearch, chroma::Chroma, elasticsearch::Elasticsearch, milvus::Milvus,
    openai_vector_store::OpenAiVectorStore, perplexity::Perplexity, pinecone::Pinecone,
    qdrant::Qdrant, store::Retrieval, weaviate::Weaviate,
};

#[cfg(test)]
mod tests;
