// SPDX-License-Identifier: Apache-2.0
//! Placement in the inbound SA hash.
//!
//! The host keeps a picture of the table and computes the moves; the card only looks keys up. Moving an SA writes its
//! new place before its old place is overwritten, so that at every moment each installed SA is found.

use std::collections::{HashMap, HashSet, VecDeque};

use headend_regs::{SaHash, Table};

use super::hash::{SaKey, ENTRIES, STASH};
use crate::rings::Command;
use crate::{Error, Result};

/// Longest search for a free place, in entries looked at.
const SEARCH: usize = 2000;

/// The host's picture of the inbound SA hash.
#[derive(Clone, Debug, Default)]
pub struct Cuckoo {
    /// Entry by table index.
    entries: HashMap<u32, (SaKey, u16)>,
    /// Table index by key.
    places: HashMap<SaKey, u32>,
}

impl Cuckoo {
    /// An empty table.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes over an entry that the card already holds at `index`.
    pub fn adopt(&mut self, index: u32, key: SaKey, sa: u16) {
        self.entries.insert(index, (key, sa));
        self.places.insert(key, index);
    }

    /// Entries in use.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether no entry is in use.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The SA of a key.
    #[must_use]
    pub fn get(&self, key: &SaKey) -> Option<u16> {
        Some(self.entries[self.places.get(key)?].1)
    }

    /// Every entry: table index, key, SA.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &SaKey, u16)> {
        self.entries.iter().map(|(&index, (key, sa))| (index, key, *sa))
    }

    /// Leads `key` to `sa`: gives the writes, to be carried out in order. A key that is present keeps its place.
    ///
    /// # Errors
    /// No place within reach, and the stash is full; nothing has changed then.
    pub fn insert(&mut self, key: SaKey, sa: u16) -> Result<Vec<Command>> {
        if let Some(&place) = self.places.get(&key) {
            self.entries.insert(place, (key, sa));
            return Ok(vec![Command::write(place, &key.entry(sa))]);
        }
        let path = self.free_path(&key).ok_or_else(|| Error::TableFull {
            table: Table::SaHash,
            detail: format!("no place for SPI {:#010x} with {} SAs installed", key.spi, self.len()),
        })?;
        // The path runs from a place of the new key to a free place: move from its far end.
        let mut commands = Vec::new();
        for pair in path.windows(2).rev() {
            let (moved, moved_sa) = self.entries[&pair[0]];
            commands.push(Command::write(pair[1], &moved.entry(moved_sa)));
            self.adopt(pair[1], moved, moved_sa);
        }
        commands.push(Command::write(path[0], &key.entry(sa)));
        self.adopt(path[0], key, sa);
        Ok(commands)
    }

    /// Shortest chain of places from one of `key` to a free one, by breadth-first search; else a free stash entry.
    fn free_path(&self, key: &SaKey) -> Option<Vec<u32>> {
        let mut from: HashMap<u32, Option<u32>> = key.places().iter().map(|&place| (place, None)).collect();
        let mut queue: VecDeque<u32> = key.places().into();
        let mut seen: HashSet<u32> = key.places().into();
        while let Some(place) = queue.pop_front() {
            let Some((holder, _)) = self.entries.get(&place) else {
                let mut path = vec![place];
                let mut at = place;
                while let Some(&Some(previous)) = from.get(&at) {
                    path.push(previous);
                    at = previous;
                }
                path.reverse();
                return Some(path);
            };
            if seen.len() > SEARCH {
                break;
            }
            for next in holder.places() {
                if seen.insert(next) {
                    from.insert(next, Some(place));
                    queue.push_back(next);
                }
            }
        }
        (STASH..ENTRIES).find(|index| !self.entries.contains_key(index)).map(|index| vec![index])
    }

    /// Removes a key: gives the writes. SAs in the stash move into the place that became free, if it is one of theirs.
    pub fn remove(&mut self, key: &SaKey) -> Vec<Command> {
        let Some(place) = self.places.remove(key) else { return Vec::new() };
        self.entries.remove(&place);
        let waiting = (STASH..ENTRIES)
            .filter_map(|index| Some((index, *self.entries.get(&index)?)))
            .find(|(_, (stashed, _))| stashed.places().contains(&place));
        match waiting {
            Some((stash, (stashed, sa))) => {
                self.entries.remove(&stash);
                self.adopt(place, stashed, sa);
                vec![Command::write(place, &stashed.entry(sa)), Command::write(stash, &SaHash::default())]
            }
            None => vec![Command::write(place, &SaHash::default())],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use headend_regs::param;

    /// The table as the card would hold it.
    #[derive(Default)]
    struct Mirror(HashMap<u32, SaHash>);

    impl Mirror {
        fn apply(&mut self, command: &Command) {
            let entry: SaHash = command.record().unwrap();
            self.0.insert(command.index(), entry);
        }

        /// Looks up as the card does.
        fn find(&self, key: &SaKey) -> Option<u16> {
            let stash = STASH..ENTRIES;
            key.places().into_iter().chain(stash).find_map(|index| {
                let entry = self.0.get(&index).filter(|entry| entry.valid && SaKey::of(entry) == *key)?;
                Some(entry.sa)
            })
        }
    }

    fn key(n: u32) -> SaKey {
        SaKey::esp4((n % 7) as u16, n.wrapping_mul(0x9e37_79b9), [198, 51, 100, (n % 3) as u8].into())
    }

    #[test]
    fn ninety_percent_full_with_no_sa_ever_missing() {
        let capacity = (param::SA_HASH_WAYS * param::SA_HASH_ROWS) as u32;
        let count = capacity * 92 / 100;
        let (mut cuckoo, mut mirror) = (Cuckoo::new(), Mirror::default());
        for n in 0..count {
            for command in cuckoo.insert(key(n), n as u16).unwrap() {
                mirror.apply(&command);
                let step = (n / 16).max(1) as usize;
                for installed in (0..n).step_by(step).chain(n.saturating_sub(40)..n) {
                    assert_eq!(mirror.find(&key(installed)), Some(installed as u16), "while inserting {n}");
                }
            }
            assert_eq!(mirror.find(&key(n)), Some(n as u16));
        }
        for n in 0..count {
            assert_eq!(mirror.find(&key(n)), Some(n as u16));
        }
        for n in (0..count).step_by(2) {
            for command in cuckoo.remove(&key(n)) {
                mirror.apply(&command);
            }
            assert_eq!(mirror.find(&key(n)), None);
            assert_eq!(mirror.find(&key(n + 1)), Some(n as u16 + 1));
        }
        assert_eq!(cuckoo.len() as u32, count / 2);
    }

    #[test]
    fn a_full_table_is_an_error_and_changes_nothing() {
        let mut cuckoo = Cuckoo::new();
        let mut n = 0;
        let error = loop {
            match cuckoo.insert(key(n), n as u16) {
                Ok(_) => n += 1,
                Err(error) => break error,
            }
        };
        assert!(n > STASH * 95 / 100, "only {n}");
        assert!(matches!(error, Error::TableFull { .. }));
        assert_eq!(cuckoo.len() as u32, n);
        cuckoo.remove(&key(0));
        for installed in 1..n {
            assert_eq!(cuckoo.get(&key(installed)), Some(installed as u16));
        }
    }

    #[test]
    fn a_key_that_is_present_keeps_its_place() {
        let mut cuckoo = Cuckoo::new();
        cuckoo.insert(key(1), 1).unwrap();
        let commands = cuckoo.insert(key(1), 2).unwrap();
        assert_eq!(commands.len(), 1);
        assert_eq!(cuckoo.get(&key(1)), Some(2));
        assert!(cuckoo.remove(&key(2)).is_empty());
    }
}
