//! Who stands behind a gateway, as far as the request tells.

use std::borrow::Cow;

use super::{adapters::request_line::RequestLine, call::Provider};

/// Cloudflare names the provider in the path, `/v1/{account}/{gateway}/{provider}/…`, and Portkey in
/// a header.
pub(super) fn of_request(request: &RequestLine<'_>) -> Option<Provider> {
    let name = match request.provider()? {
        "cloudflare_ai_gateway" => request.path().get(3).copied(),
        "portkey" => request.header("x-portkey-provider"),
        _ => None,
    }?;
    provider(name).map(|name| Provider(Cow::Borrowed(name)))
}

/// The `gen_ai.provider.name` of a provider by the name that gateways give it.
fn provider(name: &str) -> Option<&'static str> {
    // Portkey: the name of a provider that the caller set up.
    Some(match name.strip_prefix('@').unwrap_or(name) {
        "openai" => "openai",
        "azure-openai" => "azure.ai.openai",
        "azure-ai" => "azure.ai.inference",
        "anthropic" => "anthropic",
        "aws-bedrock" | "bedrock" => "aws.bedrock",
        "google" | "google-ai-studio" => "gcp.gemini",
        "google-vertex-ai" | "vertex-ai" => "gcp.vertex_ai",
        "groq" => "groq",
        "mistral" | "mistral-ai" => "mistral_ai",
        "deepseek" => "deepseek",
        "grok" | "x-ai" => "x_ai",
        "perplexity" | "perplexity-ai" => "perplexity",
        "cohere" => "cohere",
        "openrouter" => "openrouter",
        "together-ai" => "together_ai",
        "fireworks-ai" => "fireworks_ai",
        _ => return None,
    })
}
