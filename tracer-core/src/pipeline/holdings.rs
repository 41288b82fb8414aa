//! How much memory all connections hold together, and which of them holds most.

use std::collections::BTreeSet;

use crate::segment::ConnectionId;

/// Connections that hold less than this are only counted: ordinary calls come and go without any
/// other bookkeeping.
const SMALL_BYTES: usize = 4 << 10;

/// The ledger of what connections hold. A change costs an addition, and a look at the tree only
/// when a connection passes a power of two.
#[derive(Debug, Default)]
pub(super) struct Holdings {
    total: usize,
    /// Connections that are not small, by size class. Within a class the order means nothing.
    large: BTreeSet<(u32, ConnectionId)>,
}

impl Holdings {
    /// A connection that held `before` holds `now`.
    pub(super) fn change(&mut self, connection: ConnectionId, before: usize, now: usize) {
        self.total = self.total.saturating_sub(before).saturating_add(now);
        let (old, new) = (class(before), class(now));
        if old == new {
            return;
        }
        if let Some(class) = old {
            self.large.remove(&(class, connection));
        }
        if let Some(class) = new {
            self.large.insert((class, connection));
        }
    }

    /// Bytes that all connections hold.
    pub(super) const fn total(&self) -> usize {
        self.total
    }

    /// A connection of which no other holds twice as much; `None` if all are small.
    pub(super) fn largest(&self) -> Option<ConnectionId> {
        self.large.last().map(|(_, connection)| *connection)
    }
}

/// Sizes of one class differ by less than a factor of two; `None` is small.
fn class(bytes: usize) -> Option<u32> {
    (bytes >= SMALL_BYTES).then(|| bytes.ilog2())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::segment::ProcessKey;

    fn connection(handle: u64) -> ConnectionId {
        ConnectionId {
            process: ProcessKey(1),
            handle,
            generation: 1,
        }
    }

    #[test]
    fn small_connections_are_counted_and_not_listed() {
        let mut holdings = Holdings::default();
        holdings.change(connection(1), 0, SMALL_BYTES - 1);
        assert_eq!(holdings.total(), SMALL_BYTES - 1);
        assert_eq!(holdings.largest(), None);
        holdings.change(connection(1), SMALL_BYTES - 1, SMALL_BYTES);
        assert_eq!(holdings.largest(), Some(connection(1)));
        holdings.change(connection(1), SMALL_BYTES, 0);
        assert_eq!((holdings.total(), holdings.largest()), (0, None));
    }

    proptest! {
        #[test]
        fn the_largest_is_never_half_of_another(
            changes in proptest::collection::vec((0u64..8, 0usize..1 << 20), 1..200),
        ) {
            let mut holdings = Holdings::default();
            let mut held = [0usize; 8];
            for (handle, bytes) in changes {
                let place = &mut held[usize::try_from(handle).unwrap()];
                holdings.change(connection(handle), *place, bytes);
                *place = bytes;
                prop_assert_eq!(holdings.total(), held.iter().sum::<usize>());
                let most = *held.iter().max().unwrap();
                match holdings.largest() {
                    Some(largest) => {
                        let largest = held[usize::try_from(largest.handle).unwrap()];
                        prop_assert!(largest * 2 > most);
                    }
                    None => prop_assert!(most < SMALL_BYTES),
                }
            }
        }
    }
}
