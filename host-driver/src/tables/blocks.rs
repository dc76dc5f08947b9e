// SPDX-License-Identifier: Apache-2.0
//! Allocator of runs of consecutive table entries.

use std::collections::BTreeMap;

/// Free runs of a table, first fit.
#[derive(Clone, Debug)]
pub(crate) struct Blocks {
    /// Free runs: start to length, never adjacent.
    free: BTreeMap<u32, u32>,
}

impl Blocks {
    /// All of `0..depth` free.
    pub(crate) fn new(depth: u32) -> Self {
        Self { free: BTreeMap::from_iter((depth > 0).then_some((0, depth))) }
    }

    /// Takes `len` consecutive entries.
    pub(crate) fn take(&mut self, len: u32) -> Option<u32> {
        let (&start, &run) = self.free.iter().find(|(_, &run)| run >= len)?;
        self.free.remove(&start);
        if run > len {
            self.free.insert(start + len, run - len);
        }
        Some(start)
    }

    /// Gives entries back, joining neighbouring runs.
    pub(crate) fn give(&mut self, start: u32, len: u32) {
        if len == 0 {
            return;
        }
        let (mut start, mut len) = (start, len);
        if let Some((&before, &run)) = self.free.range(..start).next_back() {
            if before + run == start {
                self.free.remove(&before);
                (start, len) = (before, run + len);
            }
        }
        if let Some(run) = self.free.remove(&(start + len)) {
            len += run;
        }
        self.free.insert(start, len);
    }

    /// Free entries.
    #[cfg(test)]
    pub(crate) fn available(&self) -> u32 {
        self.free.values().sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_joined_when_given_back() {
        let mut blocks = Blocks::new(16);
        let taken: Vec<u32> = (0..4).map(|_| blocks.take(4).unwrap()).collect();
        assert_eq!(blocks.take(1), None);
        for n in [1, 3, 0, 2] {
            blocks.give(taken[n], 4);
        }
        assert_eq!(blocks.take(16), Some(0));
    }
}
