// SPDX-License-Identifier: Apache-2.0
//! How far an SA on the card has come in its lifetime.

use headend_regs::SaLimit;

use crate::readback::{InboundSa, OutboundSa};

/// Where an SA stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Life {
    /// No limit is reached.
    Active,
    /// These soft limits are reached: time for a new SA.
    Soft(Vec<SaLimit>),
    /// This hard limit is reached: the SA takes no more packets.
    Expired(SaLimit),
}

/// A limit, how much of it is used, and what is set; 0 is no limit.
struct Use {
    limit: SaLimit,
    used: u64,
    soft: u64,
    hard: u64,
}

impl Life {
    fn of(uses: &[Use]) -> Self {
        let reached = |used: u64, limit: u64| limit > 0 && used >= limit;
        if let Some(hard) = uses.iter().find(|one| reached(one.used, one.hard)) {
            return Self::Expired(hard.limit);
        }
        let soft: Vec<SaLimit> =
            uses.iter().filter(|one| reached(one.used, one.soft)).map(|one| one.limit).collect();
        if soft.is_empty() {
            Self::Active
        } else {
            Self::Soft(soft)
        }
    }
}

impl InboundSa {
    /// Where it stands, by its counters.
    #[must_use]
    pub fn life(&self) -> Life {
        let (record, state) = (&self.record, &self.state);
        Life::of(&[
            Use {
                limit: SaLimit::Packets,
                used: state.packets,
                soft: record.soft_packets,
                hard: record.hard_packets,
            },
            Use {
                limit: SaLimit::Bytes,
                used: state.bytes,
                soft: record.soft_bytes,
                hard: record.hard_bytes,
            },
        ])
    }
}

impl OutboundSa {
    /// Where it stands, by its counters and its sequence number, which ends at 2^32 - 1 without ESN.
    #[must_use]
    pub fn life(&self) -> Life {
        let (record, state) = (&self.record, &self.state);
        let last = if record.esn { u64::MAX } else { u64::from(u32::MAX) };
        Life::of(&[
            Use {
                limit: SaLimit::Packets,
                used: state.packets,
                soft: record.soft_packets,
                hard: record.hard_packets,
            },
            Use {
                limit: SaLimit::Bytes,
                used: state.bytes,
                soft: record.soft_bytes,
                hard: record.hard_bytes,
            },
            Use { limit: SaLimit::Sequence, used: state.seq, soft: record.soft_seq, hard: last },
        ])
    }
}

#[cfg(test)]
mod tests {
    use headend_regs::{SaOut, SaOutState};

    use super::*;

    fn sa(packets: u64, bytes: u64, seq: u64, esn: bool) -> Life {
        let record = SaOut {
            valid: true,
            esn,
            soft_packets: 8,
            hard_packets: 10,
            soft_bytes: 800,
            soft_seq: 5000,
            ..Default::default()
        };
        let state = SaOutState { seq, packets, bytes, ..Default::default() };
        OutboundSa { index: 0, record, state }.life()
    }

    #[test]
    fn limits_are_reached_exactly_at_their_number() {
        assert_eq!(sa(7, 799, 4999, false), Life::Active);
        assert_eq!(sa(8, 799, 4999, false), Life::Soft(vec![SaLimit::Packets]));
        assert_eq!(
            sa(9, 800, 5000, true),
            Life::Soft(vec![SaLimit::Packets, SaLimit::Bytes, SaLimit::Sequence])
        );
        assert_eq!(sa(10, 9999, 0, false), Life::Expired(SaLimit::Packets));
        assert_eq!(sa(0, u64::MAX, 0, false), Life::Soft(vec![SaLimit::Bytes]));
        let end = u64::from(u32::MAX);
        assert_eq!(sa(0, 0, end, false), Life::Expired(SaLimit::Sequence));
        assert_eq!(sa(0, 0, end, true), Life::Soft(vec![SaLimit::Sequence]));
        assert_eq!(sa(0, 0, u64::MAX, true), Life::Expired(SaLimit::Sequence));
    }
}
