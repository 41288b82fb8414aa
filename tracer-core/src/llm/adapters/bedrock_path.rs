//! Paths of the Bedrock runtime: `/model/{modelId}/{action}`.
//!
//! <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_Operations_Amazon_Bedrock_Runtime.html>.
//! The id is the name of a model, an inference profile, or the ARN of anything that runs one. Its
//! colons and slashes are escaped, though not by every client.

use super::request_line::RequestLine;
use crate::http::percent::percent_decoded;

/// The model and the action of a POST.
pub(super) fn model_action<'a>(request: &RequestLine<'a>) -> Option<(String, &'a str)> {
    let path = request.post()?;
    let at = path.iter().position(|&segment| segment == "model")?;
    let (&action, model) = path.get(at + 1..)?.split_last()?;
    if model.is_empty() {
        return None;
    }
    Some((percent_decoded(&model.join("/")), action))
}
