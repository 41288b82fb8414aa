//! A map of bounded size that forgets what was not used for longest.
//!
//! Made for tables of many small entries that are never taken out by name: they stand side by side in
//! one allocation, and four bytes each find them. The `lru` crate has an allocation of its own for each
//! entry and twice as many bytes to find it.

use std::{
    hash::{BuildHasher, Hash, RandomState},
    mem,
};

use hashbrown::HashTable;

/// No entry.
const NONE: u32 = u32::MAX;

/// The entries that were used last.
#[derive(Debug, Clone)]
pub(crate) struct Latest<K, V, S = RandomState> {
    /// Numbers of entries.
    index: HashTable<u32>,
    entries: Vec<Entry<K, V>>,
    newest: u32,
    oldest: u32,
    capacity: usize,
    hasher: S,
}

#[derive(Debug, Clone)]
struct Entry<K, V> {
    key: K,
    value: V,
    newer: u32,
    older: u32,
}

impl<K: Hash + Eq, V, S: BuildHasher + Default> Latest<K, V, S> {
    /// An empty map of at most `capacity` entries, at least one. Memory grows with what is in it.
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            index: HashTable::new(),
            entries: Vec::new(),
            newest: NONE,
            oldest: NONE,
            capacity: capacity.clamp(1, NONE as usize),
            hasher: S::default(),
        }
    }

    /// The value of a key, which is the one that was used last from now on.
    pub(crate) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        let at = self.find(key)?;
        self.refresh(at);
        self.entries
            .get_mut(at as usize)
            .map(|entry| &mut entry.value)
    }

    /// Whether it is there; it is the one that was used last from now on.
    pub(crate) fn contains(&mut self, key: &K) -> bool {
        self.get_mut(key).is_some()
    }

    /// The value of a key, which is made where there is none.
    pub(crate) fn get_or_insert_with(&mut self, key: K, make: impl FnOnce() -> V) -> &mut V {
        let at = match self.find(&key) {
            Some(at) => {
                self.refresh(at);
                at
            }
            None => self.insert(key, make()),
        };
        &mut self.entries[at as usize].value
    }

    /// Gives a key a value; the one it had, if any.
    pub(crate) fn put(&mut self, key: K, value: V) -> Option<V> {
        if let Some(old) = self.get_mut(&key) {
            return Some(mem::replace(old, value));
        }
        self.insert(key, value);
        None
    }

    fn find(&self, key: &K) -> Option<u32> {
        let hash = self.hasher.hash_one(key);
        let is_it = |at: &u32| self.entries[*at as usize].key == *key;
        self.index.find(hash, is_it).copied()
    }

    /// Adds a key that is not there, in the place of the oldest one if there are too many.
    fn insert(&mut self, key: K, value: V) -> u32 {
        let entry = Entry {
            key,
            value,
            newer: NONE,
            older: NONE,
        };
        let at = if self.entries.len() < self.capacity {
            self.entries.push(entry);
            (self.entries.len() - 1) as u32
        } else {
            let at = self.oldest;
            self.unlink(at);
            let gone = mem::replace(&mut self.entries[at as usize], entry);
            let hash = self.hasher.hash_one(&gone.key);
            if let Ok(found) = self.index.find_entry(hash, |other| *other == at) {
                found.remove();
            }
            at
        };
        self.link_newest(at);
        let Self {
            index,
            entries,
            hasher,
            ..
        } = self;
        let hash_of = |at: &u32| hasher.hash_one(&entries[*at as usize].key);
        index.insert_unique(hash_of(&at), at, hash_of);
        at
    }

    fn refresh(&mut self, at: u32) {
        if self.newest != at {
            self.unlink(at);
            self.link_newest(at);
        }
    }

    fn unlink(&mut self, at: u32) {
        let Entry { newer, older, .. } = self.entries[at as usize];
        match self.entries.get_mut(newer as usize) {
            Some(entry) => entry.older = older,
            None => self.newest = older,
        }
        match self.entries.get_mut(older as usize) {
            Some(entry) => entry.newer = newer,
            None => self.oldest = newer,
        }
    }

    fn link_newest(&mut self, at: u32) {
        let before = mem::replace(&mut self.newest, at);
        let entry = &mut self.entries[at as usize];
        entry.newer = NONE;
        entry.older = before;
        match self.entries.get_mut(before as usize) {
            Some(entry) => entry.newer = at,
            None => self.oldest = at,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use lru::LruCache;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_was_not_used_for_longest_is_forgotten() {
        let mut latest = Latest::<u64, &str>::new(2);
        assert_eq!(latest.put(1, "one"), None);
        assert_eq!(latest.put(2, "two"), None);
        assert!(latest.contains(&1));
        assert_eq!(latest.put(3, "three"), None);
        assert!(!latest.contains(&2));
        assert_eq!(latest.put(1, "uno"), Some("one"));
        assert_eq!(latest.get_or_insert_with(4, || "four"), &"four");
        assert_eq!(latest.get_mut(&3), None);
        assert_eq!(latest.get_mut(&1), Some(&mut "uno"));
    }

    #[test]
    fn an_entry_costs_little_more_than_what_is_in_it() {
        assert_eq!(size_of::<Entry<u64, u64>>(), 24);
    }

    #[derive(Debug, Clone)]
    enum Use {
        Get(u8),
        Put(u8, u16),
        GetOrInsert(u8, u16),
    }

    fn uses() -> impl Strategy<Value = Vec<Use>> {
        let one = prop_oneof![
            any::<u8>().prop_map(Use::Get),
            any::<(u8, u16)>().prop_map(|(key, value)| Use::Put(key, value)),
            any::<(u8, u16)>().prop_map(|(key, value)| Use::GetOrInsert(key, value)),
        ];
        proptest::collection::vec(one, 0..600)
    }

    proptest! {
        #[test]
        fn it_holds_what_the_crate_for_it_holds(capacity in 1_usize..100, uses in uses()) {
            let mut latest = Latest::<u8, u16>::new(capacity);
            let mut model = LruCache::new(NonZeroUsize::new(capacity).unwrap());
            for used in uses {
                match used {
                    Use::Get(key) => {
                        prop_assert_eq!(latest.get_mut(&key), model.get_mut(&key));
                    }
                    Use::Put(key, value) => {
                        prop_assert_eq!(latest.put(key, value), model.put(key, value));
                    }
                    Use::GetOrInsert(key, value) => {
                        let ours = *latest.get_or_insert_with(key, || value);
                        prop_assert_eq!(ours, *model.get_or_insert(key, || value));
                    }
                }
                prop_assert_eq!(latest.entries.len(), model.len());
                prop_assert_eq!(latest.index.len(), model.len());
            }
        }
    }
}
