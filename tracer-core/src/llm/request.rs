//! What an adapter reads from the body of a request.

use super::call::RequestFacts;

/// A request body as an adapter understood it.
#[derive(Debug, Default)]
pub(super) struct RequestRead {
    /// The parameters.
    pub(super) facts: RequestFacts,
    /// The body holds what every request of the API must hold.
    pub(super) has_shape: bool,
}
