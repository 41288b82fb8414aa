//! What the path of a request says: which API is called, and in some of them more.

use super::ledger::Api;

/// A call, by its path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Called<'a> {
    /// Which API.
    pub api: Api,
    /// The model, where the path names it.
    pub model: Option<&'a str>,
    /// Whether a stream is asked for, where the path says so.
    pub stream: Option<bool>,
}

impl<'a> Called<'a> {
    /// The API behind a path.
    pub fn of_path(path: &'a str) -> Option<Self> {
        let api = match path {
            "/v1/chat/completions" => Api::OpenAiChat,
            "/v1/completions" => Api::OpenAiCompletions,
            "/v1/embeddings" => Api::OpenAiEmbeddings,
            "/v1/responses" => Api::OpenAiResponses,
            "/v1/messages" => Api::AnthropicMessages,
            "/api/chat" => Api::OllamaChat,
            _ => return google(path).or_else(|| bedrock(path)).or_else(|| xai(path)),
        };
        Some(Self {
            api,
            model: None,
            stream: None,
        })
    }
}

fn google(path: &str) -> Option<Called<'_>> {
    let version = path.strip_prefix("/v1beta");
    let models = version.or_else(|| path.strip_prefix("/v1"))?;
    let (model, method) = models.strip_prefix("/models/")?.split_once(':')?;
    let stream = match method {
        "generateContent" => false,
        "streamGenerateContent" => true,
        _ => return None,
    };
    Some(Called {
        api: Api::GoogleGenerate,
        model: Some(model),
        stream: Some(stream),
    })
}

fn bedrock(path: &str) -> Option<Called<'_>> {
    let (model, action) = path.strip_prefix("/model/")?.split_once('/')?;
    let stream = match action {
        "converse" => false,
        "converse-stream" => true,
        _ => return None,
    };
    Some(Called {
        api: Api::BedrockConverse,
        model: Some(model),
        stream: Some(stream),
    })
}

fn xai(path: &str) -> Option<Called<'_>> {
    let stream = match path.strip_prefix("/xai_api.Chat/")? {
        "GetCompletion" => false,
        "GetCompletionChunk" => true,
        _ => return None,
    };
    Some(Called {
        api: Api::XaiChat,
        model: None,
        stream: Some(stream),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_name_the_model() {
        let seen = |path| {
            let called = Called::of_path(path)?;
            Some((called.api, called.model?, called.stream?))
        };
        assert_eq!(
            seen("/v1beta/models/gemini-local-1:streamGenerateContent"),
            Some((Api::GoogleGenerate, "gemini-local-1", true))
        );
        assert_eq!(
            seen("/v1/models/gemini-local-1:generateContent"),
            Some((Api::GoogleGenerate, "gemini-local-1", false))
        );
        assert_eq!(
            seen("/model/claude-local-1/converse"),
            Some((Api::BedrockConverse, "claude-local-1", false))
        );
        assert_eq!(seen("/v1beta/models/gemini-local-1:countTokens"), None);
    }
}
