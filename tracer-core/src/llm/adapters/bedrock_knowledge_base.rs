//! Bedrock's knowledge bases: `POST /knowledgebases/{id}/retrieve`, `/retrieveAndGenerate`,
//! `/retrieveAndGenerateStream` and `/rerank`.
//!
//! <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_Operations_Agents_for_Amazon_Bedrock_Runtime.html>.
//! None of them counts tokens.

use serde::Deserialize;

use super::{
    adapter::{
        Adapter, AnswerContext, Endpoint, RequestContext, RequestRead, StreamReader, has_member,
    },
    bedrock_error,
    event::Chunk,
    request_line::RequestLine,
};
use crate::{
    llm::{
        answer::{Answer, keep_last},
        call::{Operation, RequestFacts},
        json::{Filled, List, Number, Object, Text, read},
    },
    stream::event::Event,
};

/// Questions to knowledge bases.
#[derive(Debug)]
pub(super) struct BedrockKnowledgeBase;

impl Adapter for BedrockKnowledgeBase {
    fn name(&self) -> &'static str {
        "bedrock.knowledge_base"
    }

    fn flavour(&self) -> &'static str {
        "aws.bedrock"
    }

    fn endpoint(&self, request: &RequestLine<'_>) -> Option<Endpoint> {
        let endpoint = match request.post()? {
            [.., "knowledgebases", _, "retrieve"] => Endpoint::new(Operation::Retrieval),
            [.., "retrieveAndGenerate"] => Endpoint::new(Operation::Chat).with_stream(false),
            [.., "retrieveAndGenerateStream"] => Endpoint::new(Operation::Chat).with_stream(true),
            [.., "rerank"] if request.provider() == Some("aws.bedrock") => {
                Endpoint::new(Operation::Rerank)
            }
            _ => return None,
        };
        Some(endpoint)
    }

    fn seems(&self, body: &[u8]) -> bool {
        has_member(body, r#""retrievalQuery""#)
            || has_member(body, r#""retrieveAndGenerateConfiguration""#)
    }

    fn read_request(&self, context: &RequestContext<'_>, body: &[u8]) -> Option<RequestRead> {
        let mut read = read::<Request<'_>>(body)?.into_read();
        if context.endpoint.operation == Operation::Retrieval {
            read.facts.data_source_id = context.request.segment_after(None, "knowledgebases");
        }
        Some(read)
    }

    fn read_document(&self, _: &AnswerContext<'_>, body: &[u8], answer: &mut Answer) -> bool {
        let Some(document) = read::<Document<'_>>(body) else {
            return false;
        };
        document.tell(answer);
        true
    }

    fn read_error(&self, context: &AnswerContext<'_>, body: &[u8], answer: &mut Answer) {
        bedrock_error::read_error(context, body, answer);
    }

    fn stream(&self, _: &AnswerContext<'_>) -> Box<dyn StreamReader> {
        Box::new(Frames)
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Request<'a> {
    retrieval_query: Filled,
    retrieval_configuration: Object<Retrieval>,
    input: Filled,
    #[serde(borrow)]
    session_id: Text<'a>,
    retrieve_and_generate_configuration: Object<Generation<'a>>,
    queries: Filled,
    reranking_configuration: Object<Reranking<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Retrieval {
    vector_search_configuration: Object<Results>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Results {
    number_of_results: Number,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Generation<'a> {
    #[serde(borrow)]
    knowledge_base_configuration: Object<Source<'a>>,
    external_sources_configuration: Object<Source<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Source<'a> {
    #[serde(borrow)]
    knowledge_base_id: Text<'a>,
    model_arn: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Reranking<'a> {
    #[serde(borrow)]
    bedrock_reranking_configuration: Object<RerankingModel<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RerankingModel<'a> {
    #[serde(borrow)]
    model_configuration: Object<Source<'a>>,
    number_of_results: Number,
}

impl Request<'_> {
    fn into_read(self) -> RequestRead {
        let search = self.retrieval_configuration.0.unwrap_or_default();
        let search = search.vector_search_configuration.0.unwrap_or_default();
        let generation = self.retrieve_and_generate_configuration.0;
        let has_configuration = generation.is_some();
        let generation = generation.unwrap_or_default();
        let source = (generation.knowledge_base_configuration.0)
            .or(generation.external_sources_configuration.0)
            .unwrap_or_default();
        let reranking = self.reranking_configuration.0.unwrap_or_default();
        let reranking = reranking
            .bedrock_reranking_configuration
            .0
            .unwrap_or_default();
        let reranker = reranking.model_configuration.0.unwrap_or_default();
        RequestRead {
            has_shape: self.retrieval_query.0
                || (self.input.0 && has_configuration)
                || self.queries.0,
            facts: RequestFacts {
                model: source
                    .model_arn
                    .owned()
                    .or_else(|| reranker.model_arn.owned()),
                top_k: search.number_of_results.0.or(reranking.number_of_results.0),
                data_source_id: source.knowledge_base_id.owned(),
                conversation_id: self.session_id.owned(),
                ..RequestFacts::default()
            },
            ..RequestRead::default()
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Document<'a> {
    #[serde(borrow)]
    guardrail_action: Text<'a>,
    session_id: Text<'a>,
    /// At most 100, fewer than what a list keeps.
    retrieval_results: Option<List<Filled>>,
}

impl Document<'_> {
    fn tell(&self, answer: &mut Answer) {
        keep_last(&mut answer.conversation_id, self.session_id.as_str());
        if let Some(results) = &self.retrieval_results {
            answer.documents = u64::try_from(results.0.len()).ok();
        }
        // Only a guardrail that did something is a reason.
        if let Some(action) = self
            .guardrail_action
            .as_str()
            .filter(|&action| action != "NONE")
        {
            answer.finish(0, action);
        }
    }
}

/// Reads a stream of frames.
#[derive(Debug)]
struct Frames;

impl StreamReader for Frames {
    fn event(&mut self, event: &Event<'_>, answer: &mut Answer) -> Chunk {
        if bedrock_error::take_exception(event, answer) {
            return Chunk::Other;
        }
        match event.event {
            b"output" => return Chunk::Output,
            b"guardrail" => {
                if let Some(guardrail) = read::<Guardrail<'_>>(event.data) {
                    let document = Document {
                        guardrail_action: guardrail.action,
                        ..Document::default()
                    };
                    document.tell(answer);
                }
            }
            _ => {}
        }
        Chunk::Other
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Guardrail<'a> {
    #[serde(borrow)]
    action: Text<'a>,
}

#[cfg(test)]
mod tests {
    use super::{super::testing as support, *};

    fn read(path: &str, body: &str) -> RequestRead {
        support::request(&BedrockKnowledgeBase, path, body)
    }

    #[test]
    fn what_is_asked_and_where() {
        let found = read(
            "/knowledgebases/KB1/retrieve",
            r#"{"retrievalQuery":{"text":"x"},"retrievalConfiguration":{"vectorSearchConfiguration":
                {"numberOfResults":2}}}"#,
        );
        assert!(found.has_shape);
        assert_eq!(found.facts.data_source_id.as_deref(), Some("KB1"));
        assert_eq!(found.facts.top_k, Some(2.0));
        let generated = read(
            "/retrieveAndGenerate",
            r#"{"input":{"text":"x"},"sessionId":"s1","retrieveAndGenerateConfiguration":{"type":"KNOWLEDGE_BASE",
                "knowledgeBaseConfiguration":{"knowledgeBaseId":"KB1","modelArn":"arn:aws:bedrock:m"}}}"#,
        );
        assert!(generated.has_shape);
        assert_eq!(generated.facts.model.as_deref(), Some("arn:aws:bedrock:m"));
        assert_eq!(generated.facts.data_source_id.as_deref(), Some("KB1"));
        assert_eq!(generated.facts.conversation_id.as_deref(), Some("s1"));
    }

    #[test]
    fn documents_that_were_found_are_counted() {
        let seen = support::document(
            &BedrockKnowledgeBase,
            r#"{"retrievalResults":[{"content":{"text":"a"},"score":0.5},{"content":{"text":"b"}}]}"#,
        );
        assert_eq!(seen.facts.documents, Some(2));
        let none = support::document(&BedrockKnowledgeBase, r#"{"retrievalResults":[]}"#);
        assert_eq!(none.facts.documents, Some(0));
        assert_eq!(seen.tokens(), (None, None));
    }

    #[test]
    fn an_answer_in_frames() {
        let seen = support::events(
            &BedrockKnowledgeBase,
            &[
                ("output", r#"{"text":"Paris"}"#),
                ("citation", r#"{"citation":{}}"#),
                ("guardrail", r#"{"action":"INTERVENED"}"#),
            ],
        );
        assert_eq!(seen.outputs, 1);
        assert_eq!(seen.facts.finish_reasons, ["INTERVENED"]);
        let seen = support::events(&BedrockKnowledgeBase, &[("throttlingException", "{}")]);
        assert_eq!(seen.error.as_deref(), Some("throttlingException"));
    }
}
