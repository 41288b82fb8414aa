//! Requests of Bedrock's InvokeModel: the union of what the makers of models call their parameters.
//!
//! <https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters.html>. Most put them beside
//! the prompt; Titan and Nova have an object of their own for them.

use serde::Deserialize;

use super::{adapter::RequestRead, bedrock_tools::ToolConfig};
use crate::llm::{
    call::{Operation, RequestFacts},
    json::{Count, Filled, Integer, Number, Object, Texts, Tools, read},
};

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Request {
    messages: Filled,
    prompt: Filled,
    /// Titan.
    input_text: Filled,
    /// Cohere.
    message: Filled,
    texts: Filled,
    text_generation_config: Object<Parameters>,
    inference_config: Object<Parameters>,
    tools: Tools,
    tool_config: Object<ToolConfig>,
    dimensions: Count,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Parameters {
    max_tokens: Count,
    max_new_tokens: Count,
    max_tokens_to_sample: Count,
    max_gen_len: Count,
    #[serde(rename = "maxTokens")]
    max_tokens_camel: Count,
    #[serde(rename = "maxTokenCount")]
    max_token_count: Count,
    temperature: Number,
    top_p: Number,
    #[serde(rename = "topP")]
    top_p_camel: Number,
    p: Number,
    top_k: Number,
    #[serde(rename = "topK")]
    top_k_camel: Number,
    k: Number,
    stop: Texts,
    stop_sequences: Texts,
    #[serde(rename = "stopSequences")]
    stop_sequences_camel: Texts,
    frequency_penalty: Number,
    presence_penalty: Number,
    seed: Integer,
    n: Count,
    num_generations: Count,
    #[serde(rename = "numResults")]
    num_results: Count,
}

impl Parameters {
    fn into_facts(self) -> RequestFacts {
        let stops = [self.stop, self.stop_sequences, self.stop_sequences_camel];
        RequestFacts {
            max_tokens: (self.max_tokens.0)
                .or(self.max_new_tokens.0)
                .or(self.max_tokens_to_sample.0)
                .or(self.max_gen_len.0)
                .or(self.max_tokens_camel.0)
                .or(self.max_token_count.0),
            temperature: self.temperature.0,
            top_p: self.top_p.0.or(self.top_p_camel.0).or(self.p.0),
            top_k: self.top_k.0.or(self.top_k_camel.0).or(self.k.0),
            stop_sequences: stops.into_iter().flat_map(|texts| texts.0).collect(),
            frequency_penalty: self.frequency_penalty.0,
            presence_penalty: self.presence_penalty.0,
            seed: self.seed.0,
            choice_count: self.n.0.or(self.num_generations.0).or(self.num_results.0),
            ..RequestFacts::default()
        }
    }
}

/// Reads a body. `by_name` is what the model's name says it does.
pub(super) fn read_request(by_name: Operation, body: &[u8]) -> Option<RequestRead> {
    let request = read::<Request>(body)?;
    let apart = request
        .text_generation_config
        .0
        .or(request.inference_config.0);
    let parameters = match apart {
        Some(parameters) => parameters,
        None => read::<Parameters>(body)?,
    };
    let (tool_count, tool_names) = match request.tool_config.0 {
        Some(config) => (config.tools.count, config.tools.names),
        None => (request.tools.count, request.tools.names),
    };
    let is_chat = by_name == Operation::TextCompletion && (request.messages.0 || request.message.0);
    Some(RequestRead {
        facts: RequestFacts {
            tool_count,
            tool_names,
            embedding_dimensions: request.dimensions.0,
            ..parameters.into_facts()
        },
        has_shape: request.messages.0
            || request.prompt.0
            || request.input_text.0
            || request.message.0
            || request.texts.0,
        operation: is_chat.then_some(Operation::Chat),
        ..RequestRead::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(body: &str) -> RequestFacts {
        read_request(Operation::TextCompletion, body.as_bytes())
            .expect("a request")
            .facts
    }

    #[test]
    fn every_maker_has_words_of_its_own() {
        let expected = RequestFacts {
            max_tokens: Some(10),
            temperature: Some(0.5),
            top_p: Some(0.75),
            stop_sequences: vec!["|".to_owned()],
            ..RequestFacts::default()
        };
        for body in [
            r#"{"anthropic_version":"bedrock-2023-05-31","messages":[],"max_tokens":10,
                "temperature":0.5,"top_p":0.75,"stop_sequences":["|"]}"#,
            r#"{"prompt":"x","max_tokens_to_sample":10,"temperature":0.5,"top_p":0.75,"stop_sequences":["|"]}"#,
            r#"{"inputText":"x","textGenerationConfig":{"maxTokenCount":10,"temperature":0.5,"topP":0.75,
                "stopSequences":["|"]}}"#,
            r#"{"messages":[],"inferenceConfig":{"max_new_tokens":10,"temperature":0.5,"topP":0.75,
                "stopSequences":["|"]}}"#,
            r#"{"prompt":"x","max_tokens":10,"temperature":0.5,"p":0.75,"stop_sequences":["|"]}"#,
            r#"{"prompt":"x","maxTokens":10,"temperature":0.5,"topP":0.75,"stopSequences":["|"]}"#,
            r#"{"prompt":"x","max_tokens":10,"temperature":0.5,"top_p":0.75,"stop":["|"]}"#,
        ] {
            assert_eq!(facts(body), expected, "{body}");
        }
    }

    #[test]
    fn messages_make_a_chat_unless_the_name_says_otherwise() {
        let operation = |by_name, body: &str| {
            read_request(by_name, body.as_bytes())
                .expect("a request")
                .operation
        };
        let messages = r#"{"messages":[{"role":"user","content":"x"}]}"#;
        assert_eq!(
            operation(Operation::TextCompletion, messages),
            Some(Operation::Chat)
        );
        assert_eq!(
            operation(Operation::TextCompletion, r#"{"prompt":"x"}"#),
            None
        );
        assert_eq!(operation(Operation::Embeddings, messages), None);
    }
}
