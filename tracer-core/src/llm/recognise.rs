//! Is this request a call to a model, and of which API? By path and shape, hosts only help.
//!
//! Bias: every `POST` to a path that ends like an OpenAI or Anthropic endpoint is taken for one
//! until its body says otherwise, since gateways and local servers have any name and any prefix.
//! Wrong this way costs the copied bytes of one exchange: the body of a request to an unknown host
//! must have the shape of the API ([`Certainty::NeedsShape`]) or no call is reported. Wrong the
//! other way, a model served under a path of its own, costs the call.

use std::borrow::Cow;

use super::{
    call::{Api, Operation, Provider},
    provider::{HostRule, known_host},
};
use crate::http::head::RequestHead;

/// A request that looks like a call to a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recognised {
    /// Who serves it.
    pub provider: Provider,
    /// Which wire API.
    pub api: Api,
    /// What it does.
    pub operation: Operation,
    /// The model, where the path names it (Azure deployments).
    pub path_model: Option<String>,
    /// Whether the body has a say.
    pub certainty: Certainty,
}

/// How sure the head alone makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Certainty {
    /// The host or a header of the API settles it.
    Sure,
    /// Only the path speaks for it: the body must have the API's shape.
    NeedsShape,
}

/// What the head of a request tells.
pub fn recognise(head: &RequestHead, rules: &[HostRule]) -> Option<Recognised> {
    if head.method != "POST" {
        return None;
    }
    let segments = Segments::of(&head.target.path);
    let (api, operation) = endpoint(&segments, head)?;
    let known = head.host.as_ref().and_then(|host| known_host(host, rules));
    let certainty = match (&known, head.headers.get("anthropic-version")) {
        (Some(_), _) | (None, Some(_)) => Certainty::Sure,
        (None, None) => Certainty::NeedsShape,
    };
    let provider = match known {
        Some(known) => behind_gateway(known.provider, &segments),
        None => Provider(Cow::Borrowed(wire_flavour(api))),
    };
    Some(Recognised {
        provider,
        api,
        operation,
        path_model: deployment(&segments),
        certainty,
    })
}

/// Which endpoint a path ends in.
fn endpoint(path: &Segments<'_>, head: &RequestHead) -> Option<(Api, Operation)> {
    match path.last_two() {
        (Some("chat"), "completions") => Some((Api::OpenAiChat, Operation::Chat)),
        // Mistral: answers have the shape of chat completions.
        (Some("agents"), "completions") => Some((Api::OpenAiChat, Operation::Chat)),
        (Some("fim"), "completions") => Some((Api::OpenAiChat, Operation::TextCompletion)),
        (_, "completions") => Some((Api::OpenAiCompletions, Operation::TextCompletion)),
        (_, "responses") => Some((Api::OpenAiResponses, Operation::Chat)),
        (_, "embeddings") => Some((Api::OpenAiEmbeddings, Operation::Embeddings)),
        // `/v1/threads/{id}/messages` is another API: there the id stands before `messages`.
        (Some("v1"), "messages") => Some((Api::AnthropicMessages, Operation::Chat)),
        (_, "messages") if head.headers.get("anthropic-version").is_some() => {
            Some((Api::AnthropicMessages, Operation::Chat))
        }
        // Writer: chat completions under a path of its own.
        (Some("v1"), "chat")
            if head
                .host
                .as_ref()
                .is_some_and(|host| host.name == "api.writer.com") =>
        {
            Some((Api::OpenAiChat, Operation::Chat))
        }
        _ => None,
    }
}

const fn wire_flavour(api: Api) -> &'static str {
    match api {
        Api::OpenAiChat | Api::OpenAiCompletions | Api::OpenAiResponses | Api::OpenAiEmbeddings => {
            "openai"
        }
        Api::AnthropicMessages => "anthropic",
    }
}

/// Cloudflare's gateway names the provider in the path: `/v1/{account}/{gateway}/{provider}/…`.
fn behind_gateway(provider: Provider, path: &Segments<'_>) -> Provider {
    if provider.0 != "cloudflare_ai_gateway" {
        return provider;
    }
    let name = match path.get(3) {
        Some("openai") => "openai",
        Some("azure-openai") => "azure.ai.openai",
        Some("anthropic") => "anthropic",
        Some("google-ai-studio") => "gcp.gemini",
        Some("google-vertex-ai") => "gcp.vertex_ai",
        Some("groq") => "groq",
        Some("mistral") => "mistral_ai",
        Some("deepseek") => "deepseek",
        Some("grok") => "x_ai",
        Some("perplexity-ai") => "perplexity",
        Some("cohere") => "cohere",
        Some("openrouter") => "openrouter",
        _ => return provider,
    };
    Provider(Cow::Borrowed(name))
}

/// The model in `…/openai/deployments/{deployment}/…` or the old `…/engines/{engine}/…`.
fn deployment(path: &Segments<'_>) -> Option<String> {
    let name = path
        .after(|before, here| here == "deployments" && before == Some("openai"))
        .or_else(|| {
            // The engine of the old API.
            path.after(|_, here| here == "engines")
        })?;
    Some(percent_decode(name))
}

/// The segments of a path; empty ones (`//`) do not count.
struct Segments<'a>(Vec<&'a str>);

impl<'a> Segments<'a> {
    fn of(path: &'a str) -> Self {
        Self(
            path.split('/')
                .filter(|segment| !segment.is_empty())
                .collect(),
        )
    }

    fn get(&self, index: usize) -> Option<&'a str> {
        self.0.get(index).copied()
    }

    fn last_two(&self) -> (Option<&'a str>, &'a str) {
        match self.0.as_slice() {
            [.., before, last] => (Some(before), last),
            [last] => (None, last),
            [] => (None, ""),
        }
    }

    /// The segment that follows the first one that `is` accepts; never the path's last.
    fn after(&self, is: impl Fn(Option<&str>, &str) -> bool) -> Option<&'a str> {
        let before = std::iter::once(None).chain(self.0.iter().copied().map(Some));
        let at = before
            .zip(&self.0)
            .position(|(before, here)| is(before, here))?;
        if at + 2 < self.0.len() {
            self.get(at + 1)
        } else {
            None
        }
    }
}

fn percent_decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((&first, tail)) = rest.split_first() {
        let decoded = match (first, tail) {
            (b'%', [high, low, ..]) => hex(*high).zip(hex(*low)).map(|(h, l)| h << 4 | l),
            _ => None,
        };
        match decoded {
            Some(byte) => {
                out.push(byte);
                rest = tail.get(2..).unwrap_or_default();
            }
            None => {
                out.push(first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
#[path = "recognise_tests.rs"]
mod tests;
