//! What the protocol below says of how much of a call was captured.

use super::call::CaptureState;
use crate::http::exchange::BodyEnd;

impl CaptureState {
    /// Of a head with so many fields that could not be decoded.
    pub(super) const fn of_head(unknown_fields: u32) -> Self {
        if unknown_fields > 0 {
            Self::Headers
        } else {
            Self::Complete
        }
    }

    /// Of a message that ended so.
    pub(super) const fn of_end(end: BodyEnd) -> Self {
        match end {
            BodyEnd::Complete | BodyEnd::Cut => Self::Complete,
            BodyEnd::Open => Self::Open,
            BodyEnd::Gap { .. } => Self::Gap,
            BodyEnd::Truncated => Self::Truncated,
            BodyEnd::Undecodable => Self::Undecodable,
        }
    }
}
