//! What of a connection's headers may be kept.

use crate::http::allow_list::AllowList;

/// What may be kept.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Keep<'a> {
    /// Pseudo headers, and what the list lets through.
    Listed(&'a AllowList),
    /// Everything, as a decoder that is compared with others must.
    #[cfg(any(test, feature = "fuzzing"))]
    Everything,
}

impl Keep<'_> {
    /// Whether the value of a field of this name may be.
    pub(super) fn admits(self, name: &[u8]) -> bool {
        match self {
            Self::Listed(list) => {
                matches!(
                    name,
                    b":method" | b":path" | b":authority" | b":status" | b":protocol" | b"host"
                ) || std::str::from_utf8(name).is_ok_and(|name| list.admits(name))
            }
            #[cfg(any(test, feature = "fuzzing"))]
            Self::Everything => true,
        }
    }

    /// Whether secrets are to be taken out of what is kept.
    pub(super) const fn is_listed(self) -> bool {
        match self {
            Self::Listed(_) => true,
            #[cfg(any(test, feature = "fuzzing"))]
            Self::Everything => false,
        }
    }
}
