//! The cache of answers: bounded, and true to the time to live that came with each.
//!
//! Two generations: new and touched entries go to the young one; when that holds half of the capacity it
//! becomes the old one, and what stood in the old one is forgotten. So each step costs the same, names in use
//! stay, and the whole never exceeds its capacity.

use std::{
    collections::HashMap,
    mem,
    sync::{Arc, Mutex, PoisonError},
};

use super::DnsError;

/// What is remembered of one name: records, or their absence.
pub(super) type Outcome<T> = Result<Arc<[T]>, DnsError>;

struct Entry<T> {
    outcome: Outcome<T>,
    /// Second (Unix) from which it is stale.
    expires: i64,
}

impl<T> Clone for Entry<T> {
    fn clone(&self) -> Self {
        Self { outcome: self.outcome.clone(), expires: self.expires }
    }
}

struct Generations<T> {
    young: HashMap<Box<str>, Entry<T>>,
    old: HashMap<Box<str>, Entry<T>>,
}

/// Answers for one record type, by name.
pub(super) struct Cache<T> {
    generations: Mutex<Generations<T>>,
    generation_entries_max: usize,
}

impl<T> Cache<T> {
    pub(super) fn new(entries_max: usize) -> Self {
        let generations = Generations { young: HashMap::new(), old: HashMap::new() };
        Self { generations: Mutex::new(generations), generation_entries_max: (entries_max / 2).max(1) }
    }

    /// What is known of `name` at the second `now`.
    pub(super) fn get(&self, name: &str, now: i64) -> Option<Outcome<T>> {
        let mut generations = self.lock();
        if let Some(entry) = generations.young.get(name) {
            return (entry.expires > now).then(|| entry.outcome.clone());
        }
        let (name, entry) = generations.old.remove_entry(name)?;
        if entry.expires <= now {
            return None;
        }
        let outcome = entry.outcome.clone();
        self.put(&mut generations, name, entry);
        Some(outcome)
    }

    /// Remembers `outcome` until the second `expires`.
    pub(super) fn insert(&self, name: &str, outcome: Outcome<T>, expires: i64) {
        self.put(&mut self.lock(), name.into(), Entry { outcome, expires });
    }

    fn put(&self, generations: &mut Generations<T>, name: Box<str>, entry: Entry<T>) {
        if generations.young.len() >= self.generation_entries_max && !generations.young.contains_key(&name) {
            generations.old = mem::take(&mut generations.young);
        }
        generations.young.insert(name, entry);
    }

    /// A panic while the lock was held can't have left a map half changed in a way that matters here.
    fn lock(&self) -> std::sync::MutexGuard<'_, Generations<T>> {
        self.generations.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cache_of(entries_max: usize) -> Cache<u8> {
        Cache::new(entries_max)
    }

    fn records(value: u8) -> Arc<[u8]> {
        Arc::from([value])
    }

    #[test]
    fn an_entry_is_forgotten_when_its_time_is_over() {
        let cache = cache_of(8);
        cache.insert("a.example", Ok(records(1)), 100);
        assert_eq!(cache.get("a.example", 99), Some(Ok(records(1))));
        assert_eq!(cache.get("a.example", 100), None);
    }

    #[test]
    fn absence_is_remembered_too() {
        let cache = cache_of(8);
        cache.insert("gone.example", Err(DnsError::NoSuchName), 100);
        assert_eq!(cache.get("gone.example", 1), Some(Err(DnsError::NoSuchName)));
    }

    #[test]
    fn it_never_holds_more_than_it_may() {
        let cache = cache_of(8);
        for number in 0..1000 {
            cache.insert(&format!("{number}.example"), Ok(records(0)), i64::MAX);
            let generations = cache.lock();
            assert!(generations.young.len() + generations.old.len() <= 8);
        }
    }

    #[test]
    fn a_name_in_use_outlives_those_that_are_not() {
        let cache = cache_of(8);
        cache.insert("used.example", Ok(records(7)), i64::MAX);
        for number in 0..1000 {
            cache.insert(&format!("{number}.example"), Ok(records(0)), i64::MAX);
            assert_eq!(cache.get("used.example", 0), Some(Ok(records(7))), "after {number}");
        }
    }
}
