//! One file per wire API, and the table that lists them. `README.md` beside this file shows how to
//! add one.

pub(super) mod adapter;
pub(super) mod bedrock_families;
pub(super) mod event;
pub(super) mod guessed;
pub(super) mod members;
pub(super) mod request_line;
pub(super) mod table;

mod bedrock_error;
mod bedrock_invoke_request;
mod bedrock_message;
mod bedrock_path;
mod bedrock_tools;
mod cohere_request;
mod cohere_usage;
mod google_error;
mod google_path;
pub(super) mod google_request;
mod google_usage;
pub(super) mod openai_chat_request;
mod openai_chat_stream;
mod openai_path;
mod openai_prefilter;
pub(super) mod openai_usage;
mod running;
mod watsonx_error;

mod anthropic;
mod anthropic_complete;
mod batches;
mod bedrock_agent;
mod bedrock_async_invoke;
mod bedrock_converse;
mod bedrock_count_tokens;
mod bedrock_guardrail;
mod bedrock_invoke;
mod bedrock_knowledge_base;
mod cohere_chat;
mod cohere_embed;
mod cohere_generate;
mod google_count_tokens;
mod google_embeddings;
mod google_generate;
mod google_interactions;
mod google_jobs;
mod google_predict;
mod grpc;
mod llama_cpp_completion;
mod mcp;
mod mistral_conversations;
mod mistral_ocr;
mod ollama_embed;
mod ollama_generate;
mod openai_audio;
mod openai_chat;
mod openai_completions;
mod openai_embeddings;
mod openai_images;
mod openai_moderations;
pub(super) mod openai_responses;
mod openai_runs;
mod openai_videos;
mod replicate_predictions;
mod replicate_stream;
mod rerank;
mod retrieval;
mod tgi_generate;
mod vertex_raw_predict;
mod voyage_embeddings;
mod watsonx_chat;
mod watsonx_embeddings;
mod watsonx_generation;

#[cfg(test)]
mod testing;
