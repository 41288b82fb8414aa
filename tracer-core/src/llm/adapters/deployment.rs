//! Models that stand in the path of an OpenAI endpoint.

use super::request_line::RequestLine;

/// The model in Azure's `…/openai/deployments/{deployment}/…`, or in the `…/engines/{engine}/…` of
/// the first versions of the API.
pub(super) fn model_of_path(request: &RequestLine<'_>) -> Option<String> {
    request
        .segment_after(Some("openai"), "deployments")
        .or_else(|| request.segment_after(None, "engines"))
}
