//! A bounded map that forgets what was not used lately.

use std::collections::HashMap;
use std::hash::Hash;
use std::mem;

/// Holds between `capacity` and twice that many of the latest entries, in two generations: when
/// the young one is full it becomes the old one, and the old one is dropped.
#[derive(Debug)]
pub(super) struct Recent<K, V> {
    capacity: usize,
    young: HashMap<K, V>,
    old: HashMap<K, V>,
}

impl<K: Hash + Eq + Clone, V: Clone> Recent<K, V> {
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            capacity,
            young: HashMap::new(),
            old: HashMap::new(),
        }
    }

    /// Looks up and keeps for longer.
    pub(super) fn get(&mut self, key: &K) -> Option<V> {
        if let Some(value) = self.young.get(key) {
            return Some(value.clone());
        }
        let value = self.old.remove(key)?;
        self.insert(key.clone(), value.clone());
        Some(value)
    }

    pub(super) fn insert(&mut self, key: K, value: V) {
        if self.young.len() >= self.capacity {
            self.old = mem::take(&mut self.young);
        }
        self.young.insert(key, value);
    }

    pub(super) fn remove(&mut self, key: &K) {
        self.young.remove(key);
        self.old.remove(key);
    }

    pub(super) fn remove_value(&mut self, unwanted: impl Fn(&V) -> bool) {
        self.young.retain(|_, value| !unwanted(value));
        self.old.retain(|_, value| !unwanted(value));
    }
}

#[cfg(test)]
mod tests {
    use super::Recent;

    #[test]
    fn what_is_used_stays_and_what_is_not_goes() {
        let mut recent = Recent::new(4);
        for key in 0..100 {
            recent.insert(key, key);
            assert_eq!(recent.get(&0), Some(0));
        }
        assert_eq!(recent.get(&99), Some(99));
        assert_eq!(recent.get(&50), None);
        assert!(recent.young.len() + recent.old.len() <= 8);
    }
}
