//! The built-in table of hosts.
//!
//! Names are the well-known values of `gen_ai.provider.name` where there is one, else custom ones
//! in the same style. The first row that matches counts.

use super::provider::HostPattern;

/// One row of the table.
pub(super) struct HostRow {
    pub(super) pattern: HostPattern<&'static str>,
    pub(super) provider: &'static str,
    /// See [`KnownHost::dedicated`](super::provider::KnownHost).
    pub(super) dedicated: bool,
    /// See [`KnownHost::is_gateway`](super::provider::KnownHost).
    pub(super) is_gateway: bool,
}

/// A host that serves models.
const fn models(pattern: &'static str, provider: &'static str) -> HostRow {
    HostRow {
        pattern: HostPattern::new(pattern),
        provider,
        dedicated: true,
        is_gateway: false,
    }
}

/// A host that serves models among much else: only the path tells.
const fn mixed(pattern: &'static str, provider: &'static str) -> HostRow {
    HostRow {
        pattern: HostPattern::new(pattern),
        provider,
        dedicated: false,
        is_gateway: false,
    }
}

/// A gateway that passes calls on to providers of the caller's choice.
const fn gateway(pattern: &'static str, name: &'static str) -> HostRow {
    HostRow {
        is_gateway: true,
        ..models(pattern, name)
    }
}

/// A local server by the port it uses by default.
const fn port(port: u16, provider: &'static str) -> HostRow {
    HostRow {
        pattern: HostPattern::on_port("*", port),
        provider,
        dedicated: false,
        is_gateway: false,
    }
}

pub(super) const KNOWN_HOSTS: &[HostRow] = &[
    // Well-known values of the conventions.
    models("api.openai.com", "openai"),
    models("*.api.openai.com", "openai"),
    mixed("chatgpt.com", "openai"),
    models("*.openai.azure.com", "azure.ai.openai"),
    models("*.cognitiveservices.azure.com", "azure.ai.openai"),
    mixed("*.azure-api.net", "azure.ai.openai"),
    models("*.services.ai.azure.com", "azure.ai.inference"),
    models("*.models.ai.azure.com", "azure.ai.inference"),
    models("models.inference.ai.azure.com", "azure.ai.inference"),
    models("api.anthropic.com", "anthropic"),
    models("generativelanguage.googleapis.com", "gcp.gemini"),
    models("aiplatform.googleapis.com", "gcp.vertex_ai"),
    models("*-aiplatform.googleapis.com", "gcp.vertex_ai"),
    models("aiplatform.*.rep.googleapis.com", "gcp.vertex_ai"),
    models("bedrock-runtime*.amazonaws.com", "aws.bedrock"),
    models("bedrock-runtime*.api.aws", "aws.bedrock"),
    models("bedrock-agent-runtime*.amazonaws.com", "aws.bedrock"),
    models("bedrock-mantle.*.api.aws", "aws.bedrock"),
    models("api.cohere.com", "cohere"),
    models("api.cohere.ai", "cohere"),
    models("api.mistral.ai", "mistral_ai"),
    models("codestral.mistral.ai", "mistral_ai"),
    models("api.groq.com", "groq"),
    models("api.deepseek.com", "deepseek"),
    models("api.x.ai", "x_ai"),
    models("api.perplexity.ai", "perplexity"),
    models("*.ml.cloud.ibm.com", "ibm.watsonx.ai"),
    models("api.moonshot.cn", "moonshot_ai"),
    models("api.moonshot.ai", "moonshot_ai"),
    // Providers without a well-known value.
    models("api.together.xyz", "together_ai"),
    models("api.together.ai", "together_ai"),
    models("api.fireworks.ai", "fireworks_ai"),
    models("api.cerebras.ai", "cerebras"),
    models("api.z.ai", "z_ai"),
    models("open.bigmodel.cn", "z_ai"),
    models("dashscope*.aliyuncs.com", "alibaba_cloud"),
    models("api.minimax.io", "minimax"),
    models("api.sambanova.ai", "sambanova"),
    models("api.deepinfra.com", "deepinfra"),
    models("api.novita.ai", "novita_ai"),
    models("api.studio.nebius.ai", "nebius"),
    models("api.studio.nebius.com", "nebius"),
    models("router.huggingface.co", "hugging_face"),
    models("api-inference.huggingface.co", "hugging_face"),
    models("*.endpoints.huggingface.cloud", "hugging_face"),
    models("api.replicate.com", "replicate"),
    models("stream*.replicate.com", "replicate"),
    models("stream*.replicate.net", "replicate"),
    models("api.voyageai.com", "voyage_ai"),
    models("api.jina.ai", "jina_ai"),
    models("api.ai21.com", "ai21"),
    models("api.writer.com", "writer"),
    models("api.inference.crusoecloud.com", "crusoe"),
    models("*.inference.heroku.com", "heroku"),
    models("integrate.api.nvidia.com", "nvidia"),
    models("models.github.ai", "github_models"),
    models("api.githubcopilot.com", "github_copilot"),
    models("*.githubcopilot.com", "github_copilot"),
    mixed("*.snowflakecomputing.com", "snowflake"),
    mixed("*.databricks.com", "databricks"),
    mixed("*.azuredatabricks.net", "databricks"),
    // Gateways; those that pass on to one provider carry its name.
    models("openrouter.ai", "openrouter"),
    models("oai.helicone.ai", "openai"),
    models("anthropic.helicone.ai", "anthropic"),
    gateway("gateway.helicone.ai", "helicone"),
    gateway("ai-gateway.helicone.ai", "helicone"),
    gateway("api.portkey.ai", "portkey"),
    gateway("ai-gateway.vercel.sh", "vercel_ai_gateway"),
    gateway("gateway.ai.cloudflare.com", "cloudflare_ai_gateway"),
    // Vector stores: only their queries count.
    mixed("*.pinecone.io", "pinecone"),
    mixed("*.cloud.qdrant.io", "qdrant"),
    mixed("*.weaviate.cloud", "weaviate"),
    mixed("*.weaviate.network", "weaviate"),
    mixed("api.trychroma.com", "chroma"),
    mixed("*.zillizcloud.com", "milvus"),
    mixed("*.search.windows.net", "azure.ai.search"),
    // Local servers.
    models("ollama.com", "ollama"),
    port(11434, "ollama"),
];
