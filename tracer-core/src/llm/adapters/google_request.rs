//! What a request for content asks for: `generationConfig` and tools.

use serde::{Deserialize, de::MapAccess};

use super::adapter::RequestRead;
use crate::llm::{
    call::{OutputType, RequestFacts},
    json::{
        Count, Filled, Integer, Lenient, List, Number, Object, Text, Texts, Tools, lenient, read,
    },
};

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Request<'a> {
    contents: Filled,
    #[serde(borrow, alias = "generation_config")]
    generation_config: Object<Config<'a>>,
    tools: List<Group>,
    #[serde(alias = "service_tier")]
    service_tier: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Config<'a> {
    #[serde(alias = "max_output_tokens")]
    max_output_tokens: Count,
    temperature: Number,
    #[serde(alias = "top_p")]
    top_p: Number,
    #[serde(alias = "top_k")]
    top_k: Number,
    #[serde(alias = "candidate_count")]
    candidate_count: Count,
    #[serde(alias = "stop_sequences")]
    stop_sequences: Texts,
    seed: Integer,
    #[serde(alias = "frequency_penalty")]
    frequency_penalty: Number,
    #[serde(alias = "presence_penalty")]
    presence_penalty: Number,
    #[serde(borrow, alias = "response_mime_type")]
    response_mime_type: Text<'a>,
    #[serde(alias = "response_modalities")]
    response_modalities: Texts,
    #[serde(alias = "thinking_config")]
    thinking_config: Object<Thinking<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Thinking<'a> {
    #[serde(borrow, alias = "thinking_level")]
    thinking_level: Text<'a>,
    #[serde(alias = "thinking_budget")]
    thinking_budget: Count,
}

/// A tool of the provider, or a group of functions of the caller.
#[derive(Debug, Default)]
struct Group {
    count: u64,
    names: Vec<String>,
}

impl<'de> Lenient<'de> for Group {
    fn map<A: MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
        let mut group = Self::default();
        while let Some(key) = map.next_key::<Text<'de>>()? {
            let Some(name) = key.as_str() else { continue };
            if let "functionDeclarations" | "function_declarations" = name {
                let functions = map.next_value::<Tools>()?;
                group.count += functions.count.unwrap_or(0);
                group.names.extend(functions.names);
            } else {
                map.next_value::<Filled>()?;
                group.count += 1;
                group.names.push(name.to_owned());
            }
        }
        Ok(group)
    }
}

lenient!(Group);

/// Reads the body of a request for content.
pub(in crate::llm) fn read_request(body: &[u8]) -> Option<RequestRead> {
    let body = read::<Request<'_>>(body)?;
    let config = body.generation_config.0.unwrap_or_default();
    let output_type = output_type(&config);
    let thinking = config.thinking_config.0.unwrap_or_default();
    let tools = body.tools.0.iter().map(|group| group.count).sum();
    let names = body.tools.0.into_iter().flat_map(|group| group.names);
    let facts = RequestFacts {
        max_tokens: config.max_output_tokens.0,
        temperature: config.temperature.0,
        top_p: config.top_p.0,
        top_k: config.top_k.0,
        frequency_penalty: config.frequency_penalty.0,
        presence_penalty: config.presence_penalty.0,
        output_type,
        stop_sequences: config.stop_sequences.0,
        seed: config.seed.0,
        choice_count: config.candidate_count.0,
        service_tier: body.service_tier.owned(),
        reasoning_level: thinking.thinking_level.owned(),
        reasoning_budget: thinking.thinking_budget.0,
        tool_count: Some(tools).filter(|&count| count > 0),
        tool_names: names.collect(),
        ..RequestFacts::default()
    };
    Some(RequestRead {
        facts,
        has_shape: body.contents.0,
        ..RequestRead::default()
    })
}

fn output_type(config: &Config<'_>) -> Option<OutputType> {
    let asks = |modality: &str| {
        let mut modalities = config.response_modalities.0.iter();
        modalities.any(|asked| asked.eq_ignore_ascii_case(modality))
    };
    match config.response_mime_type.as_str() {
        _ if asks("IMAGE") => Some(OutputType::Image),
        _ if asks("AUDIO") => Some(OutputType::Speech),
        Some("application/json" | "text/x.enum") => Some(OutputType::Json),
        Some("text/plain") => Some(OutputType::Text),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(body: &str) -> RequestFacts {
        read_request(body.as_bytes()).expect("a request").facts
    }

    #[test]
    fn parameters_in_camel_and_in_snake_case() {
        let camel = r#"{"contents":[{"parts":[{"text":"hi"}]}],
            "tools":[{"functionDeclarations":[{"name":"a"},{"name":"b"}]},{"googleSearch":{}}],
            "generationConfig":{"maxOutputTokens":64,"temperature":0.5,"topP":0.9,"topK":40,
            "candidateCount":2,"stopSequences":["END"],"seed":-7,"responseMimeType":"application/json",
            "thinkingConfig":{"thinkingLevel":"LOW"},"presencePenalty":0.25}}"#;
        let snake = r#"{"contents":[{"parts":[{"text":"hi"}]}],
            "tools":[{"function_declarations":[{"name":"a"},{"name":"b"}]},{"google_search":{}}],
            "generation_config":{"max_output_tokens":64,"temperature":0.5,"top_p":0.9,"top_k":40,
            "candidate_count":2,"stop_sequences":["END"],"seed":-7,"response_mime_type":"application/json",
            "thinking_config":{"thinking_level":"LOW"},"presence_penalty":0.25}}"#;
        let expected = |third: &str| RequestFacts {
            max_tokens: Some(64),
            temperature: Some(0.5),
            top_p: Some(0.9),
            top_k: Some(40.0),
            choice_count: Some(2),
            stop_sequences: vec!["END".to_owned()],
            seed: Some(-7),
            output_type: Some(OutputType::Json),
            reasoning_level: Some("LOW".to_owned()),
            presence_penalty: Some(0.25),
            tool_count: Some(3),
            tool_names: vec!["a".to_owned(), "b".to_owned(), third.to_owned()],
            ..RequestFacts::default()
        };
        assert_eq!(facts(camel), expected("googleSearch"));
        assert_eq!(facts(snake), expected("google_search"));
    }

    #[test]
    fn modalities_say_what_comes_out() {
        let config = |inner| facts(&format!(r#"{{"generationConfig":{{{inner}}}}}"#)).output_type;
        assert_eq!(
            config(r#""responseModalities":["TEXT","IMAGE"]"#),
            Some(OutputType::Image)
        );
        assert_eq!(
            config(r#""responseModalities":["AUDIO"]"#),
            Some(OutputType::Speech)
        );
        assert_eq!(config(r#""temperature":1"#), None);
    }
}
