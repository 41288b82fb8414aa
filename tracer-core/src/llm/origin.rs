//! Where a call comes from.

use crate::{detect::Role, http::exchange::ExchangeId, segment::ConnectionId};

/// The exchange of a call, and on which side of it the process is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Origin {
    pub(crate) connection: ConnectionId,
    pub(crate) exchange: ExchangeId,
    pub(crate) role: Role,
}
