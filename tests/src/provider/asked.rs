//! What a request asked for, as far as the answer depends on it.

use anyhow::Context;
use hyper::{HeaderMap, Version, header, http::request::Parts};
use memchr::memmem;
use serde::Deserialize;

use super::{
    called::Called,
    ledger::{Api, Entry, Tokens},
    options::{OPTIONS_HEADER, Options},
    xai_chat,
};

/// A request, read.
#[derive(Debug)]
pub struct Asked {
    /// Which API.
    pub api: Api,
    /// The model, as a JSON string with its quotes.
    pub model_json: String,
    /// The model.
    pub model: String,
    /// Was a stream asked for?
    pub stream: bool,
    /// Does an OpenAI stream end with usage?
    pub include_usage: bool,
    /// Choices (`n` of the body).
    pub choices: usize,
    /// Name of the tool to ask for: the first offered, unless the options name another.
    pub tool: String,
    /// Its required arguments.
    pub arguments: Vec<String>,
    /// Number that the token counts follow.
    pub n: u64,
    /// Words of the model name and the header.
    pub options: Options,
}

impl Asked {
    /// Reads a request.
    ///
    /// # Errors
    /// When the body is no request of its API.
    pub fn parse(called: Called<'_>, headers: &HeaderMap, body: &[u8]) -> anyhow::Result<Self> {
        let fields = match called.api {
            Api::XaiChat => Fields::of_model(xai_chat::model(body)?),
            _ => serde_json::from_slice(body).context("the body is no JSON object of this API")?,
        };
        let model = called.model.map(str::to_owned).or(fields.model);
        let model = model.context("the request names no model")?;
        let mut options = Options::parse(&model, text(headers, OPTIONS_HEADER));
        options.settle(results(body));
        options.gzip &= text(headers, header::ACCEPT_ENCODING.as_str()).contains("gzip");
        let offered = |name: &String| {
            let mut tools = fields.tools.iter();
            tools.find(|tool| tool.name() == Some(name))
        };
        let named = options.uses.iter().find_map(offered);
        let tool = named.or(fields.tools.first());
        Ok(Self {
            api: called.api,
            model_json: serde_json::Value::from(model.as_str()).to_string(),
            model,
            stream: called.stream.unwrap_or(fields.stream),
            include_usage: fields.stream_options.include_usage,
            choices: fields.n.unwrap_or(1).clamp(1, 8),
            tool: tool
                .and_then(Tool::name)
                .unwrap_or("get_weather")
                .to_owned(),
            arguments: tool
                .map(Tool::arguments)
                .filter(|arguments| !arguments.is_empty())
                .map_or_else(|| vec!["city".to_owned()], <[String]>::to_vec),
            n: number_in_prompt(body).unwrap_or(body.len() as u64),
            options,
        })
    }

    /// Token counts of the answer: functions of the number in the prompt alone.
    pub fn tokens(&self) -> Tokens {
        let output = self.n % 977 + 1;
        let cache_read = Some(self.n / 4);
        match self.api {
            Api::OpenAiEmbeddings => Tokens {
                input: Some(self.n),
                ..Tokens::default()
            },
            Api::AnthropicMessages | Api::BedrockConverse => Tokens {
                input: Some(self.n),
                output: Some(output),
                cache_read,
                cache_creation: Some(self.n / 8),
                reasoning: None,
            },
            Api::OllamaChat => Tokens {
                input: Some(self.n),
                output: Some(output),
                ..Tokens::default()
            },
            _ => Tokens {
                input: Some(self.n),
                output: Some(output),
                cache_read,
                cache_creation: None,
                reasoning: Some(output / 4),
            },
        }
    }

    /// The model that answers, as a provider would name the snapshot behind an alias.
    pub fn response_model(&self) -> String {
        format!("{}-2026-01-01", self.model)
    }

    /// A ledger entry with what the request alone tells.
    pub fn entry(
        &self,
        head: &Parts,
        sequence: u64,
        client_port: u16,
        request_id: String,
    ) -> Entry {
        let host = text(&head.headers, header::HOST.as_str());
        // HTTP/2 has a field of its own for it.
        let host = head.uri.authority().map_or(host, |it| it.as_str());
        Entry {
            sequence,
            client_port: Some(client_port),
            api: self.api,
            operation: self.api.operation().to_owned(),
            host: host.to_owned(),
            http_version: if head.version == Version::HTTP_2 {
                "2"
            } else {
                "1.1"
            }
            .to_owned(),
            request_model: self.api.is_read().then(|| self.model.clone()),
            stream: self.stream,
            n: self.n,
            retry_count: text(&head.headers, "x-stainless-retry-count").parse().ok(),
            status: 200,
            request_id,
            response_id: None,
            response_model: None,
            finish_reasons: None,
            tokens: Tokens::default(),
            tools: Vec::new(),
            error_types: Vec::new(),
            complete: false,
        }
    }
}

/// What is read of a body.
#[derive(Deserialize, Default)]
struct Fields {
    model: Option<String>,
    #[serde(default)]
    stream: bool,
    #[serde(default)]
    stream_options: StreamOptions,
    n: Option<usize>,
    #[serde(default)]
    tools: Vec<Tool>,
}

impl Fields {
    fn of_model(model: String) -> Self {
        Self {
            model: Some(model),
            ..Self::default()
        }
    }
}

#[derive(Deserialize, Default)]
struct StreamOptions {
    #[serde(default)]
    include_usage: bool,
}

/// OpenAI chat puts name and parameters into `function`, all others beside the type.
#[derive(Deserialize)]
struct Tool {
    name: Option<String>,
    #[serde(alias = "input_schema")]
    parameters: Option<Schema>,
    function: Option<Function>,
}

#[derive(Deserialize)]
struct Function {
    name: String,
    parameters: Option<Schema>,
}

#[derive(Deserialize)]
struct Schema {
    #[serde(default)]
    required: Vec<String>,
}

impl Tool {
    fn name(&self) -> Option<&str> {
        self.name.as_deref().or(self
            .function
            .as_ref()
            .map(|function| function.name.as_str()))
    }

    /// Names of those that are required.
    fn arguments(&self) -> &[String] {
        let nested = self.function.as_ref();
        let nested = nested.and_then(|function| function.parameters.as_ref());
        let schema = self.parameters.as_ref().or(nested);
        schema.map_or(&[], |schema| &schema.required)
    }
}

/// Results of tools in a body, in the words of all APIs.
fn results(body: &[u8]) -> usize {
    const RESULTS: [(&str, &str); 3] = [
        ("role", "tool"),
        ("type", "tool_result"),
        ("type", "function_call_output"),
    ];
    let count = |(member, value): (&str, &str)| {
        let (member, value) = (format!("\"{member}\""), format!("\"{value}\""));
        let is_value = |at: &usize| {
            let before = body.get(..*at).unwrap_or_default().trim_ascii_end();
            let before = before.strip_suffix(b":").unwrap_or_default();
            before.trim_ascii_end().ends_with(member.as_bytes())
        };
        memmem::find_iter(body, &value).filter(is_value).count()
    };
    RESULTS.into_iter().map(count).sum()
}

/// The first `n=DIGITS` in the body.
pub(super) fn number_in_prompt(body: &[u8]) -> Option<u64> {
    memmem::find_iter(body, b"n=").find_map(|at| {
        let digits: &[u8] = body.get(at + 2..)?;
        let length = digits
            .iter()
            .take(15)
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        std::str::from_utf8(digits.get(..length)?)
            .ok()?
            .parse()
            .ok()
    })
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_of_tools_are_counted() {
        let body = br#"{"messages":[{"role":"tool","content":"tool"}, {"role": "user","content":
            [{"type": "tool_result"},{"type":"tool"}]}],"input":[{"type":"function_call_output"}]}"#;
        assert_eq!(results(body), 3);
        assert_eq!(results(br#"{"tool":1,"x":"tool","note":"role tool"}"#), 0);
    }

    #[test]
    fn the_first_number_of_the_prompt_counts() {
        assert_eq!(
            number_in_prompt(br#"{"messages":[{"content":"n=x n=1234, n=5"}]}"#),
            Some(1234)
        );
        assert_eq!(number_in_prompt(b"{}"), None);
    }
}
