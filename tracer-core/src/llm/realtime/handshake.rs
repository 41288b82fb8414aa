//! Does a handshake open a session with a model, and of which API? By path; hosts only help.
//!
//! Bias: towards no. A WebSocket may carry anything at any rate, so only paths that nothing else
//! is known to use count on hosts that nobody knows.

use std::borrow::Cow;

use super::{
    dialect::Dialect, google_live::GoogleLive, openai_realtime::OpenAiRealtime,
    openai_responses::OpenAiResponses,
};
use crate::{
    http::head::RequestHead,
    llm::{
        call::{Api, Provider, ProviderBasis},
        provider::{HostRule, known_host},
    },
};

/// A session with a model, as the request of its handshake tells.
#[derive(Debug)]
pub(crate) struct Recognised {
    /// Who serves it.
    pub(super) provider: Provider,
    /// How that is known.
    pub(super) basis: ProviderBasis,
    /// Which API.
    pub(super) api: Api,
    /// Who understands it.
    pub(super) dialect: Box<dyn Dialect>,
}

/// The APIs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    OpenAiRealtime,
    OpenAiResponses,
    GoogleLive,
}

/// What the head of a request tells, if it asks for a WebSocket at all.
pub(crate) fn recognise(head: &RequestHead, rules: &[HostRule]) -> Option<Recognised> {
    let upgrade = head.headers.get("upgrade")?;
    // Over HTTP/2 it is a CONNECT: RFC 8441.
    if !matches!(&*head.method, "GET" | "CONNECT")
        || !upgrade.trim().eq_ignore_ascii_case("websocket")
    {
        return None;
    }
    let known = head.host.as_ref().and_then(|host| known_host(host, rules));
    let kind = kind(&head.target.path, known.is_some())?;
    let model = head
        .target
        .query("model")
        .or_else(|| head.target.query("deployment"))
        .map(str::to_owned);
    let recognised = Recognised::new(kind, model);
    Some(match known {
        Some(known) => Recognised {
            provider: known.provider,
            basis: ProviderBasis::Host,
            ..recognised
        },
        None => recognised,
    })
}

impl Recognised {
    /// A session whose handshake was not seen.
    pub(super) fn overheard(kind: Kind) -> Self {
        Self::new(kind, None)
    }

    fn new(kind: Kind, model: Option<String>) -> Self {
        let (api, flavour, dialect): (_, _, Box<dyn Dialect>) = match kind {
            Kind::OpenAiRealtime => (
                "openai.realtime",
                "openai",
                Box::new(OpenAiRealtime::new(model)),
            ),
            Kind::OpenAiResponses => (
                "openai.responses",
                "openai",
                Box::<OpenAiResponses>::default(),
            ),
            Kind::GoogleLive => ("google.live", "gcp.gemini", Box::<GoogleLive>::default()),
        };
        Self {
            provider: Provider(Cow::Borrowed(flavour)),
            basis: ProviderBasis::Format,
            api: Api(api),
            dialect,
        }
    }
}

fn kind(path: &str, known_host: bool) -> Option<Kind> {
    let segments: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    match segments.as_slice() {
        // Azure: `/openai/realtime`, `/openai/v1/realtime`, `/voice-live/realtime`.
        [.., "v1" | "openai" | "voice-live", "realtime"] => Some(Kind::OpenAiRealtime),
        [.., "realtime"] if known_host => Some(Kind::OpenAiRealtime),
        [.., "v1", "responses"] => Some(Kind::OpenAiResponses),
        [.., "responses"] if known_host => Some(Kind::OpenAiResponses),
        // Gemini: `/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent`;
        // Vertex: `/ws/google.cloud.aiplatform.v1beta1.LlmBidiService/BidiGenerateContent`.
        [.., last] if last.contains("BidiGenerateContent") => Some(Kind::GoogleLive),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_sessions() {
        for (path, unknown, known) in [
            (
                "/v1/realtime",
                Some(Kind::OpenAiRealtime),
                Some(Kind::OpenAiRealtime),
            ),
            (
                "/openai/realtime",
                Some(Kind::OpenAiRealtime),
                Some(Kind::OpenAiRealtime),
            ),
            (
                "/openai/v1/realtime",
                Some(Kind::OpenAiRealtime),
                Some(Kind::OpenAiRealtime),
            ),
            (
                "/voice-live/realtime",
                Some(Kind::OpenAiRealtime),
                Some(Kind::OpenAiRealtime),
            ),
            ("/realtime", None, Some(Kind::OpenAiRealtime)),
            (
                "/v1/responses",
                Some(Kind::OpenAiResponses),
                Some(Kind::OpenAiResponses),
            ),
            (
                "/backend-api/codex/responses",
                None,
                Some(Kind::OpenAiResponses),
            ),
            (
                "/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent",
                Some(Kind::GoogleLive),
                Some(Kind::GoogleLive),
            ),
            (
                "/ws/google.cloud.aiplatform.v1beta1.LlmBidiService/BidiGenerateContent",
                Some(Kind::GoogleLive),
                Some(Kind::GoogleLive),
            ),
            ("/realtime/v1/websocket", None, None),
            ("/socket.io/", None, None),
            ("/", None, None),
        ] {
            assert_eq!(
                (kind(path, false), kind(path, true)),
                (unknown, known),
                "{path}"
            );
        }
    }
}
