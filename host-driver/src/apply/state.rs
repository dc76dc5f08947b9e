// SPDX-License-Identifier: Apache-2.0
//! What a card holds before a configuration is applied.

use headend_regs::{FibNode, Intf, Label, Record, SaHash, SaIn, SaOut, SaOutState, Table};

use crate::card::Card;
use crate::rings::Command;
use crate::tables::hash::{SaKey, ENTRIES};
use crate::tables::{Cuckoo, LabelBlocks, DIRECTORY};
use crate::{Error, Result};

/// Tables of a card, as far as a new configuration has to know them.
pub(super) struct CardState {
    /// Interfaces that are up.
    pub(super) interfaces: Vec<u32>,
    /// The inbound SA hash.
    pub(super) hash: Cuckoo,
    /// Entries of the hash whose key occurs elsewhere: a move was interrupted there.
    pub(super) doubles: Vec<u32>,
    /// All inbound SA records; keys read as zero.
    pub(super) sa_in: Vec<SaIn>,
    /// All outbound SA records; keys read as zero.
    pub(super) sa_out: Vec<SaOut>,
    /// State of the outbound SAs that are valid, by index.
    pub(super) sent: Vec<(usize, SaOutState)>,
    /// VRFs with routes.
    pub(super) vrfs: Vec<u32>,
    /// Blocks of installed labels.
    pub(super) labels: LabelBlocks,
}

impl CardState {
    /// Reads a card's tables.
    pub(super) fn read(card: &mut Card) -> Result<Self> {
        if card.depth(Table::SaHash) != ENTRIES {
            let depth = card.depth(Table::SaHash);
            return Err(Error::Invalid(format!(
                "the card's SA hash has {depth} entries; expected {ENTRIES}"
            )));
        }
        let (mut hash, mut doubles) = (Cuckoo::new(), Vec::new());
        for (index, entry) in (0..).zip(all::<SaHash>(card)?).filter(|(_, entry)| entry.valid) {
            let key = SaKey::of(&entry);
            if hash.get(&key).is_some() {
                doubles.push(index);
            } else {
                hash.adopt(index, key, entry.sa);
            }
        }
        let interfaces = all::<Intf>(card)?;
        let sa_out = all::<SaOut>(card)?;
        let valid: Vec<u32> = indices(&sa_out, |sa| sa.valid);
        let sent = valid.iter().map(|&i| i as usize).zip(card.read_many(&valid)?).collect();
        let vrf_indices: Vec<u32> = (0..headend_regs::param::VRF_DEPTH as u32).collect();
        let roots = card.read_many::<FibNode>(&vrf_indices)?;
        let directory: Vec<u32> = (0..DIRECTORY).collect();
        Ok(Self {
            interfaces: indices(&interfaces, |intf| intf.valid),
            hash,
            doubles,
            sa_in: all(card)?,
            sa_out,
            sent,
            vrfs: indices(&roots, |root| *root != FibNode::default()),
            labels: LabelBlocks::from_records(&card.read_many::<Label>(&directory)?),
        })
    }

    /// Sequence number that an outbound SA used last.
    pub(super) fn sequence(&self, index: usize) -> u64 {
        self.sent.iter().find(|(i, _)| *i == index).map_or(0, |(_, state)| state.seq)
    }
}

fn all<R: Record>(card: &mut Card) -> Result<Vec<R>> {
    let depth = card.depth(R::TABLE);
    card.read_many(&(0..depth).collect::<Vec<u32>>())
}

fn indices<R>(records: &[R], wanted: impl Fn(&R) -> bool) -> Vec<u32> {
    (0..).zip(records).filter(|(_, record)| wanted(record)).map(|(index, _)| index).collect()
}

/// A record of an SA that is gone: only its generation stays, so that the next one differs.
pub(super) fn vacated_in(index: usize, record: &SaIn) -> Command {
    Command::write(index as u32, &SaIn { gen: record.gen, ..Default::default() })
}
