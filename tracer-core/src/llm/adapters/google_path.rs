//! Paths of Google's APIs: `…/models/{model}:{method}`.
//!
//! Gemini has `/v1beta/models/{model}:{method}`, Vertex
//! `/v1/projects/…/publishers/{publisher}/models/{model}:{method}`. Tuned models and endpoints of
//! Vertex are called by their own id.

use super::request_line::RequestLine;
use crate::http::percent::percent_decoded;

/// Who called which method of which model.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ModelMethod<'a> {
    /// The model's name; of tuned models and endpoints with the collection they stand in.
    pub(super) model: String,
    /// The method, as in `generateContent`.
    pub(super) method: &'a str,
    /// Whose model it is, on Vertex.
    pub(super) publisher: Option<&'a str>,
}

impl ModelMethod<'_> {
    /// Whether the model is one that a customer has deployed, which may be of any kind.
    pub(super) fn is_deployed(&self) -> bool {
        self.model.starts_with("endpoints/")
    }
}

/// Takes the end of the path of a POST apart.
pub(super) fn model_method<'a>(request: &RequestLine<'a>) -> Option<ModelMethod<'a>> {
    let path = request.post()?;
    let (&last, ahead) = path.split_last()?;
    let (name, method) = last
        .rsplit_once(':')
        .or_else(|| last.rsplit_once("%3A"))
        .or_else(|| last.rsplit_once("%3a"))?;
    let name = percent_decoded(name);
    let model = match ahead {
        [.., "models"] => name,
        [.., collection @ ("tunedModels" | "endpoints")] => format!("{collection}/{name}"),
        _ => return None,
    };
    let publisher = match ahead {
        [.., "publishers", publisher, "models"] => Some(*publisher),
        _ => None,
    };
    Some(ModelMethod {
        model,
        method,
        publisher,
    })
}
