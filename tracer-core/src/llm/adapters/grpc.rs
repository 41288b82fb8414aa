//! Calls over gRPC: xAI's own client, and Google's older ones.
//!
//! <https://docs.x.ai>, <https://cloud.google.com/vertex-ai/docs/reference/rpc>. Their bodies are
//! Protocol Buffers, which say nothing without their definitions: they are not decoded, and the
//! call is reported as undecodable with what its head, its status and its messages in time tell.

use super::{
    adapter::{
        Adapter, AnswerContext, Certainty, Endpoint, RequestContext, RequestRead, StreamReader,
    },
    event::Chunk,
    request_line::RequestLine,
};
use crate::{
    http::percent::percent_decoded,
    llm::{answer::Answer, call::Operation},
    stream::event::Event,
};

/// What a method of a service does with a model, and whether it answers with a stream.
type Methods = fn(service: &str, method: &str, model: Option<&str>) -> Option<(Operation, bool)>;

/// The services of one provider.
#[derive(Debug)]
pub(super) struct Grpc {
    name: &'static str,
    flavour: &'static str,
    methods: Methods,
}

/// `xai_api.*`.
pub(super) const XAI_GRPC: Grpc = Grpc {
    name: "xai.grpc",
    flavour: "x_ai",
    methods: xai,
};

/// `google.cloud.aiplatform.*` and `google.ai.generativelanguage.*`.
pub(super) const GOOGLE_GRPC: Grpc = Grpc {
    name: "google.grpc",
    flavour: "gcp.gen_ai",
    methods: google,
};

fn xai(service: &str, method: &str, _: Option<&str>) -> Option<(Operation, bool)> {
    match (service.strip_prefix("xai_api.")?, method) {
        ("Chat", "GetCompletion" | "StartDeferredCompletion") => Some((Operation::Chat, false)),
        ("Chat", "GetCompletionChunk") => Some((Operation::Chat, true)),
        ("Chat", "GetDeferredCompletion" | "GetStoredCompletion") => {
            Some((Operation::FetchResponse, false))
        }
        ("Sample", "SampleText") => Some((Operation::TextCompletion, false)),
        ("Sample", "SampleTextStreaming") => Some((Operation::TextCompletion, true)),
        ("Embedder", "Embed") => Some((Operation::Embeddings, false)),
        ("Image", "GenerateImage") => Some((Operation::ImageGeneration, false)),
        ("Documents", "Search") => Some((Operation::Retrieval, false)),
        ("Tokenize", "TokenizeText") => Some((Operation::CountTokens, false)),
        _ => None,
    }
}

fn google(service: &str, method: &str, model: Option<&str>) -> Option<(Operation, bool)> {
    let known = ["google.cloud.aiplatform.", "google.ai.generativelanguage."];
    if !known.iter().any(|prefix| service.starts_with(prefix)) {
        return None;
    }
    match method {
        "GenerateContent" => Some((Operation::GenerateContent, false)),
        "StreamGenerateContent" => Some((Operation::GenerateContent, true)),
        "EmbedContent" | "BatchEmbedContents" => Some((Operation::Embeddings, false)),
        "CountTokens" => Some((Operation::CountTokens, false)),
        // Serves models of any kind: the name of one of Google's tells which.
        "Predict" if model?.contains("embedding") => Some((Operation::Embeddings, false)),
        "Predict" if model?.starts_with("imagen") => Some((Operation::ImageGeneration, false)),
        _ => None,
    }
}

impl Adapter for Grpc {
    fn name(&self) -> &'static str {
        self.name
    }

    fn flavour(&self) -> &'static str {
        self.flavour
    }

    fn endpoint(&self, request: &RequestLine<'_>) -> Option<Endpoint> {
        let [service, method] = *request.post()? else {
            return None;
        };
        if !request
            .header("content-type")?
            .starts_with("application/grpc")
        {
            return None;
        }
        let model = request
            .header("x-goog-request-params")
            .and_then(model_of_parameters);
        let (operation, stream) = (self.methods)(service, method, model.as_deref())?;
        Some(
            Endpoint::new(operation)
                .with_model(model)
                .with_stream(stream)
                .with_certainty(Certainty::Sure),
        )
    }

    fn seems(&self, _: &[u8]) -> bool {
        false
    }

    fn read_request(&self, _: &RequestContext<'_>, _: &[u8]) -> Option<RequestRead> {
        None
    }

    fn read_document(&self, _: &AnswerContext<'_>, _: &[u8], _: &mut Answer) -> bool {
        false
    }

    fn stream(&self, context: &AnswerContext<'_>) -> Box<dyn StreamReader> {
        Box::new(Messages {
            stream: context.endpoint.stream == Some(true),
        })
    }
}

/// Counts the messages of a stream.
#[derive(Debug)]
struct Messages {
    stream: bool,
}

impl StreamReader for Messages {
    fn event(&mut self, _: &Event<'_>, _: &mut Answer) -> Chunk {
        if self.stream {
            Chunk::Output
        } else {
            Chunk::Other
        }
    }
}

/// The model in `model=projects%2F…%2Fmodels%2F{model}`, by which Google's clients have requests
/// routed; old ones write `endpoint=`.
fn model_of_parameters(parameters: &str) -> Option<String> {
    let value = parameters.split('&').find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        matches!(name, "model" | "endpoint").then_some(value)
    })?;
    let decoded = percent_decoded(value);
    let (_, model) = decoded.rsplit_once("models/")?;
    (!model.is_empty()).then(|| model.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_of_models_only() {
        let stream = |service, method| xai(service, method, None).map(|(_, stream)| stream);
        assert_eq!(stream("xai_api.Chat", "GetCompletionChunk"), Some(true));
        assert_eq!(stream("xai_api.Chat", "GetCompletion"), Some(false));
        assert_eq!(stream("xai_api.Models", "ListLanguageModels"), None);
        assert_eq!(stream("etcdserverpb.KV", "Range"), None);
        let service = "google.cloud.aiplatform.v1.PredictionService";
        assert!(google(service, "StreamGenerateContent", None).is_some());
        assert!(google(service, "Predict", Some("text-embedding-005")).is_some());
        assert!(google(service, "Predict", None).is_none());
        assert!(google("google.pubsub.v1.Publisher", "GenerateContent", None).is_none());
    }

    #[test]
    fn the_model_stands_in_the_routing_header() {
        for (parameters, expected) in [
            (
                "model=projects%2Fp%2Flocations%2Fl%2Fpublishers%2Fgoogle%2Fmodels%2Fgemini-1.5-pro",
                Some("gemini-1.5-pro"),
            ),
            ("x=1&model=models/gemini-pro", Some("gemini-pro")),
            ("endpoint=projects%2Fp%2Fendpoints%2F123", None),
            ("", None),
        ] {
            assert_eq!(model_of_parameters(parameters).as_deref(), expected);
        }
    }
}
