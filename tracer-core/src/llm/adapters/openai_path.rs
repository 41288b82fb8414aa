//! What the paths of OpenAI's endpoints tell beside the endpoint.

use super::{adapter::Endpoint, request_line::RequestLine};
use crate::llm::call::Operation;

/// An endpoint in the style of OpenAI.
pub(super) fn endpoint(request: &RequestLine<'_>, operation: Operation) -> Endpoint {
    let endpoint = Endpoint::new(operation).with_model(model(request));
    match azure(request) {
        Some(provider) => endpoint.with_provider(provider),
        None => endpoint,
    }
}

/// The model in Azure's `…/deployments/{deployment}/…`, which gateways copy with and without
/// `openai` before it, or in the `…/engines/{engine}/…` of the first versions of the API.
fn model(request: &RequestLine<'_>) -> Option<String> {
    request
        .segment_after(None, "deployments")
        .or_else(|| request.segment_after(None, "engines"))
}

/// Azure behind a name of one's own: its paths, and the version that every request must have.
fn azure(request: &RequestLine<'_>) -> Option<&'static str> {
    request.query("api-version")?;
    let has = |name| request.path().contains(&name);
    if has("openai") && has("deployments") {
        Some("azure.ai.openai")
    } else {
        matches!(request.path(), [.., "models", _] | [.., "models", _, _])
            .then_some("azure.ai.inference")
    }
}
