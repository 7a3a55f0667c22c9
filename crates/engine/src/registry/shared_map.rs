//! An ordered map whose clones share their parts. A change of one clone copies a chunk of at most 256 entries, so the cost
//! of a change does not grow with the number of entries, and readers retain their snapshot.

use std::borrow::Borrow;
use std::sync::Arc;

/// The largest number of entries in a chunk.
const CHUNK: usize = 256;

type Chunk<K, V> = Vec<(K, V)>;

/// Entries sorted by key. Clones are cheap.
#[derive(Debug)]
pub(super) struct SharedMap<K, V> {
    /// No chunk is empty; keys are sorted within a chunk and from chunk to chunk.
    chunks: Vec<Arc<Chunk<K, V>>>,
}

impl<K, V> Default for SharedMap<K, V> {
    fn default() -> Self {
        Self { chunks: Vec::new() }
    }
}

impl<K, V> Clone for SharedMap<K, V> {
    fn clone(&self) -> Self {
        Self { chunks: self.chunks.clone() }
    }
}

impl<K, V> SharedMap<K, V> {
    /// The position of the first entry for whose key `before` is false: its chunk, and its index in the chunk.
    fn place(&self, before: impl Fn(&K) -> bool) -> (usize, usize) {
        let chunk = self.chunks.partition_point(|chunk| chunk.last().is_some_and(|(key, _)| before(key)));
        let at = self.chunks.get(chunk).map_or(0, |chunk| chunk.partition_point(|(key, _)| before(key)));
        (chunk, at)
    }

    /// The number of entries for whose keys `before` is true.
    pub(super) fn rank(&self, before: impl Fn(&K) -> bool) -> usize {
        let (chunk, at) = self.place(before);
        self.chunks.iter().take(chunk).map(|chunk| chunk.len()).sum::<usize>() + at
    }

    /// The entries from the first one for whose key `before` is false.
    pub(super) fn iter_from(&self, before: impl Fn(&K) -> bool) -> impl Iterator<Item = (&K, &V)> {
        let (chunk, at) = self.place(before);
        let entries = self.chunks.iter().skip(chunk).flat_map(|chunk| chunk.iter());
        entries.skip(at).map(|(key, value)| (key, value))
    }

    /// All entries, sorted by key.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.chunks.iter().flat_map(|chunk| chunk.iter()).map(|(key, value)| (key, value))
    }

    /// All values, sorted by key.
    pub(super) fn values(&self) -> impl Iterator<Item = &V> {
        self.iter().map(|(_, value)| value)
    }
}

impl<K: Ord, V> SharedMap<K, V> {
    /// Returns the value of a key.
    pub(super) fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        let (chunk, at) = self.place(|other| other.borrow() < key);
        let (found, value) = self.chunks.get(chunk)?.get(at)?;
        (found.borrow() == key).then_some(value)
    }
}

impl<K: Ord + Clone, V: Clone> SharedMap<K, V> {
    /// Inserts an entry. Returns the previous value of the key.
    pub(super) fn insert(&mut self, key: K, value: V) -> Option<V> {
        let (place, at) = self.place(|other| *other < key);
        let Some(chunk) = self.chunks.get_mut(place) else {
            self.push(key, value);
            return None;
        };
        let chunk = Arc::make_mut(chunk);
        match chunk.get_mut(at) {
            Some((found, old)) if *found == key => return Some(std::mem::replace(old, value)),
            _ => chunk.insert(at, (key, value)),
        }
        if chunk.len() > CHUNK {
            let rest = chunk.split_off(CHUNK / 2);
            self.chunks.insert(place + 1, Arc::new(rest));
        }
        None
    }

    /// Appends an entry after all others. Starts a new chunk if the last one is full, so that ascending keys fill chunks.
    fn push(&mut self, key: K, value: V) {
        match self.chunks.last_mut() {
            Some(last) if last.len() < CHUNK => Arc::make_mut(last).push((key, value)),
            _ => self.chunks.push(Arc::new(vec![(key, value)])),
        }
    }

    /// Removes an entry and returns its value.
    pub(super) fn remove<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        self.get(key)?;
        let (place, at) = self.place(|other| other.borrow() < key);
        let chunk = Arc::make_mut(self.chunks.get_mut(place)?);
        let (_, value) = chunk.remove(at);
        if chunk.is_empty() {
            self.chunks.remove(place);
        }
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// A value that counts how often it is cloned.
    #[derive(Debug)]
    struct Counted(Arc<AtomicUsize>);

    impl Clone for Counted {
        fn clone(&self) -> Self {
            self.0.fetch_add(1, Ordering::Relaxed);
            Self(Arc::clone(&self.0))
        }
    }

    #[test]
    fn a_change_of_a_shared_map_copies_no_more_than_a_chunk() {
        const ALL: usize = 100_000;
        let copies = Arc::new(AtomicUsize::new(0));
        let mut map = SharedMap::default();
        for key in 0..ALL {
            map.insert(key * 2, Counted(Arc::clone(&copies)));
        }
        assert_eq!(copies.load(Ordering::Relaxed), 0, "nobody else has it");
        for key in [1, ALL, ALL * 2 + 1] {
            let snapshot = map.clone();
            map.insert(key | 1, Counted(Arc::clone(&copies)));
            assert!(map.remove(&(key & !1)).is_some() || key > ALL);
            assert_eq!(snapshot.iter().filter(|(key, _)| **key % 2 == 0).count() % 2, ALL % 2);
            assert!(copies.swap(0, Ordering::Relaxed) <= 2 * CHUNK);
            map.insert(key & !1, Counted(Arc::clone(&copies)));
        }
    }

    proptest! {
        #[test]
        fn it_is_an_ordered_map(
            steps in prop::collection::vec((any::<bool>(), 0_u16..2000), 1..3000),
            bound in 0_u16..2000,
        ) {
            let (mut map, mut model) = (SharedMap::default(), BTreeMap::new());
            let mut snapshots = Vec::new();
            for (number, (insert, key)) in steps.into_iter().enumerate() {
                if insert {
                    prop_assert_eq!(map.insert(key, number), model.insert(key, number));
                } else {
                    prop_assert_eq!(map.remove(&key), model.remove(&key));
                }
                prop_assert_eq!(map.get(&key), model.get(&key));
                if number % 500 == 0 {
                    snapshots.push((map.clone(), model.clone()));
                }
            }
            snapshots.push((map, model));
            for (map, model) in snapshots {
                prop_assert!(map.iter().eq(model.iter()));
                prop_assert!(map.iter_from(|key| *key < bound).eq(model.range(bound..)));
                prop_assert_eq!(map.rank(|key| *key < bound), model.range(..bound).count());
            }
        }
    }
}
