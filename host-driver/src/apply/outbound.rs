// SPDX-License-Identifier: Apache-2.0
//! Sequence numbers of outbound SAs across configurations: no nonce is ever used twice under one key.
//!
//! AES-GCM breaks when one key and salt see a sequence number twice (RFC 4106 2), whatever SPI or address stands in front
//! of it. So the sequence belongs to the key: each outbound record carries a check value of its key, a slot whose SA
//! is gone keeps that value and the last sequence number, and a new SA whose key has been used goes on from there.
//!
//! Packets may be sealed until the moment in which a slot is written, and the write sets the slot's sequence. So a slot is
//! stopped with the number read just before, when nothing leads to it any more, plus [`MARGIN`]: more than the card's
//! queues can still hold. From then on the number stands still.

use headend_regs::{SaOut, SaOutState};

use super::sas::Placement;
use super::state::CardState;
use crate::card::Card;
use crate::config::Config;
use crate::rings::Command;
use crate::{Error, Result};

/// Sequence numbers left out when an SA is stopped, for packets sealed between the reading of its sequence and the
/// write that stops it. No route leads to it by then: they can only come from the card's buffers, which hold some
/// thousands of packets.
pub(super) const MARGIN: u64 = 1 << 16;

/// The outbound half of a plan.
pub(super) struct Outbound {
    /// SAs on the card that go.
    gone: Vec<(usize, SaOut)>,
    /// SAs to write; their sequence is known when the others have stopped.
    new: Vec<(usize, SaOut)>,
    /// Key check and last sequence number of the slots whose SA went earlier.
    remembered: Vec<(u32, u64)>,
    /// Mark of the slots that are vacated now: higher is later.
    stamp: u32,
}

impl Outbound {
    /// Takes the SAs to write out of a placement.
    ///
    /// # Errors
    /// An SA without ESN would continue a key that has no 32-bit sequence numbers left.
    pub(super) fn plan(config: &Config, state: &CardState, placement: &mut Placement) -> Result<Self> {
        let stays =
            |index| placement.outbound.iter().flatten().any(|sa| sa.index == index && sa.record.is_none());
        let valid = state.sa_out.iter().enumerate().filter(|(_, record)| record.valid);
        let gone: Vec<(usize, SaOut)> = valid
            .filter(|(index, _)| !stays(*index))
            .map(|(index, record)| (index, record.clone()))
            .collect();
        let vacant = state.sa_out.iter().filter(|record| !record.valid);
        let remembered: Vec<(u32, u64)> =
            vacant.clone().map(|record| (record.key_check, record.seq)).collect();
        let stamp = vacant.map(|record| record.spi).max().unwrap_or(0).saturating_add(1);
        let mut plan = Self { gone, new: Vec::new(), remembered, stamp };

        let states: Vec<SaOutState> = plan
            .gone
            .iter()
            .map(|(index, _)| SaOutState { seq: state.sequence(*index), ..Default::default() })
            .collect();
        let stopped = plan.stopped(&states);
        for (placed, tunnel) in placement.outbound.iter_mut().zip(&config.tunnels) {
            let Some(Some(record)) = placed.as_mut().map(|placed| placed.record.take()) else { continue };
            let used = plan.used(&stopped, record.key_check);
            if !record.esn && used >= u64::from(u32::MAX) {
                return Err(Error::Invalid(format!(
                    "tunnel `{}`: the key of its outbound SA {:#010x} has used {used} sequence numbers, and without ESN \
                     there are 4294967295 in all: give it a new key",
                    tunnel.name, record.spi
                )));
            }
            let index = placed.as_ref().map_or(0, |placed| placed.index);
            plan.new.push((index, record));
        }
        Ok(plan)
    }

    /// SAs that will be removed.
    pub(super) fn removed(&self) -> usize {
        self.gone.len()
    }

    /// SAs that will be written.
    pub(super) fn installed(&self) -> usize {
        self.new.len()
    }

    /// The writes that stop what goes, and then install what is new. Call it when no route and no label leads to an SA
    /// that goes.
    pub(super) fn commands(&self, card: &mut Card) -> Result<Vec<Command>> {
        let indices: Vec<u32> = self.gone.iter().map(|(index, _)| *index as u32).collect();
        let stopped = self.stopped(&card.read_many(&indices)?);
        let install = self.new.iter().map(|(index, record)| {
            let used = self.used(&stopped, record.key_check);
            // The last number of all makes the card drop with SeqExhausted, and reuse nothing.
            let seq = if record.esn { used } else { used.min(u32::MAX.into()) };
            Command::write(*index as u32, &SaOut { seq, ..record.clone() })
        });
        let stop = indices.iter().zip(&stopped).map(|(index, record)| Command::write(*index, record));
        Ok(stop.chain(install).collect())
    }

    /// What the slots of SAs that go shall hold, by their states: no SA and no key, but what must not be forgotten.
    fn stopped(&self, states: &[SaOutState]) -> Vec<SaOut> {
        let record = |((_, record), state): (&(usize, SaOut), &SaOutState)| SaOut {
            gen: record.gen,
            key_check: record.key_check,
            seq: state.seq.saturating_add(MARGIN),
            spi: self.stamp,
            ..Default::default()
        };
        self.gone.iter().zip(states).map(record).collect()
    }

    /// Highest sequence number that may have been used under the key with this check value.
    fn used(&self, stopped: &[SaOut], key_check: u32) -> u64 {
        let stopped = stopped.iter().map(|record| (record.key_check, record.seq));
        let all = self.remembered.iter().copied().chain(stopped);
        all.filter(|(check, _)| *check == key_check).map(|(_, seq)| seq).max().unwrap_or(0)
    }
}

/// Slot for a new SA: the one that remembers its key; else one never used; else the one whose SA went the longest ago,
/// whose key is forgotten then; else one whose SA goes now.
pub(super) fn slot(records: &[SaOut], used: &[bool], key_check: u32) -> Option<usize> {
    let rank = |record: &SaOut| match record {
        record if record.key_check == key_check => (0, 0),
        SaOut { valid: true, .. } => (3, 0),
        SaOut { key_check: 0, seq: 0, .. } => (1, 0),
        SaOut { spi: stamp, .. } => (2, *stamp),
    };
    let free = records.iter().enumerate().filter(|(index, _)| !used[*index]);
    free.min_by_key(|(_, record)| rank(record)).map(|(index, _)| index)
}
