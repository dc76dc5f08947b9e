// SPDX-License-Identifier: Apache-2.0
//! Which blocks of the label table are in use.
//!
//! Reading 65,536 labels back takes long on a simulated card. Labels 0 to 15 are reserved (RFC 3032 2.1): the card
//! never looks them up, so their records are free. The driver keeps a directory there: bit j of the `adj` field of
//! record i says that block 16 i + j, of 256 labels, has labels installed. The records' operation stays `Invalid`.

use std::collections::BTreeSet;

use headend_regs::Label;

use crate::rings::Command;

/// Records of the directory.
pub(crate) const DIRECTORY: u32 = 16;
/// Labels of a block.
const BLOCK: u32 = 256;

/// Blocks of the label table that have labels installed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct LabelBlocks(BTreeSet<u32>);

impl LabelBlocks {
    /// Reads the directory's records.
    pub(crate) fn from_records(records: &[Label]) -> Self {
        let bits = |(i, record): (usize, &Label)| {
            let adj = record.adj;
            (0..16u32).filter(move |j| adj >> j & 1 == 1).map(move |j| i as u32 * 16 + j)
        };
        Self(records.iter().enumerate().take(DIRECTORY as usize).flat_map(bits).collect())
    }

    /// The blocks that hold these labels.
    pub(crate) fn of(labels: impl IntoIterator<Item = u32>) -> Self {
        Self(labels.into_iter().map(|label| label / BLOCK).collect())
    }

    /// Every label of the blocks that an installed label may have, below `depth`.
    pub(crate) fn labels(&self, depth: u32) -> Vec<u32> {
        let all = self.0.iter().flat_map(|block| block * BLOCK..(block + 1) * BLOCK);
        all.filter(|label| (DIRECTORY..depth).contains(label)).collect()
    }

    /// The blocks of both.
    pub(crate) fn union(&self, other: &Self) -> Self {
        Self(self.0.union(&other.0).copied().collect())
    }

    /// The writes that make a directory that says `before` say this.
    pub(crate) fn changes(&self, before: &Self) -> Vec<Command> {
        let changed = (0..DIRECTORY).filter(|&i| self.record(i) != before.record(i));
        changed.map(|i| Command::write(i, &self.record(i))).collect()
    }

    fn record(&self, i: u32) -> Label {
        let adj = (0..16).filter(|j| self.0.contains(&(i * 16 + j))).fold(0, |adj, j| adj | 1 << j);
        Label { adj, ..Default::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_written_is_read_back() {
        let blocks = LabelBlocks::of([16, 300, 528, 65_535]);
        let mut records = vec![Label::default(); DIRECTORY as usize];
        for command in blocks.changes(&LabelBlocks::default()) {
            records[command.index() as usize] = command.record().unwrap();
        }
        assert!(records.iter().all(|record| record.op == 0));
        let read = LabelBlocks::from_records(&records);
        assert_eq!(read, blocks);
        assert!(blocks.changes(&read).is_empty());
        assert_eq!(blocks.union(&LabelBlocks::of([17, 301])), blocks);
        let labels = read.labels(65_536);
        assert_eq!(labels.len(), 4 * 256 - 16);
        assert!([16, 300, 528, 65_535].iter().all(|label| labels.contains(label)));
        assert!(read.labels(1024).iter().all(|label| *label < 1024));
    }
}
