// SPDX-License-Identifier: Apache-2.0
//! Limits of SAs, each told to the host exactly once.

use super::{Limits, SaIn, SaInCounters, SaOut, SaOutCounters};
use headend_regs::SaLimit;

/// A limit that an SA reached, as the card tells it to the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SaEvent {
    /// Outbound SA.
    pub out: bool,
    /// SA index.
    pub sa: u16,
    /// Hard limit: the SA has ended.
    pub hard: bool,
    /// Code of the limit ([`SaLimit`]).
    pub limit: u8,
    /// SPI of the SA.
    pub spi: u32,
    /// Sequence number of the packet that raised the event.
    pub seq: u64,
}

/// Limits of an SA that were told to the host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// Soft limits, bit n for the limit of code n.
    pub soft: u8,
    /// A hard limit.
    pub hard: bool,
}

impl Limits {
    /// Whether an SA that has counted so much takes no more packets.
    pub(super) fn ended(&self, packets: u64, bytes: u64) -> bool {
        self.hard_packets.is_some_and(|at| packets >= at) || self.hard_bytes.is_some_and(|at| bytes >= at)
    }
}

/// Counts held against their limits, by the limits' codes; `None` is no limit.
type Reached = [(SaLimit, Option<u64>, u64); 3];

/// The events that inbound SA `index` raises with a good packet of number `seq`, or one that came after its end.
pub(super) fn inbound(index: u16, sa: &SaIn, state: &mut SaInCounters, seq: u64) -> Vec<SaEvent> {
    let Limits { soft_packets, hard_packets, soft_bytes, hard_bytes, .. } = sa.limits;
    let of = |packets, bytes| {
        [
            (SaLimit::Packets, packets, state.packets),
            (SaLimit::Bytes, bytes, state.bytes),
            (SaLimit::Sequence, None, seq),
        ]
    };
    let (soft, hard) = (of(soft_packets, soft_bytes), of(hard_packets, hard_bytes));
    let event = SaEvent { out: false, sa: index, hard: false, limit: 0, spi: sa.spi, seq };
    tell(event, soft, hard, &mut state.told)
}

/// The events that outbound SA `index` raises when it has sent a packet, or refused one after its end.
pub(super) fn outbound(index: u16, sa: &SaOut, state: &mut SaOutCounters) -> Vec<SaEvent> {
    let Limits { soft_packets, hard_packets, soft_bytes, hard_bytes, soft_seq } = sa.limits;
    let of = |packets, bytes, seq| {
        [
            (SaLimit::Packets, packets, state.packets),
            (SaLimit::Bytes, bytes, state.bytes),
            (SaLimit::Sequence, seq, state.seq),
        ]
    };
    let soft = of(soft_packets, soft_bytes, soft_seq);
    let hard = of(hard_packets, hard_bytes, Some(sa.last_seq()));
    let event = SaEvent { out: true, sa: index, hard: false, limit: 0, spi: sa.spi, seq: state.seq };
    tell(event, soft, hard, &mut state.told)
}

/// One event for each soft limit that was reached and not told yet, and one for the first hard limit.
fn tell(event: SaEvent, soft: Reached, hard: Reached, told: &mut Told) -> Vec<SaEvent> {
    let reached = |(limit, at, count): (SaLimit, Option<u64>, u64)| {
        at.is_some_and(|at| count >= at).then_some(limit.code())
    };
    let mut events = vec![];
    for limit in soft.into_iter().filter_map(reached).filter(|limit| told.soft >> limit & 1 == 0) {
        events.push(SaEvent { limit, ..event });
    }
    if let (Some(limit), false) = (hard.into_iter().find_map(reached), told.hard) {
        told.hard = true;
        events.push(SaEvent { hard: true, limit, ..event });
    }
    told.soft |= events.iter().filter(|e| !e.hard).fold(0, |bits, e| bits | 1 << e.limit);
    events
}
