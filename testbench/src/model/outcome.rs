// SPDX-License-Identifier: Apache-2.0
//! What the card did with a packet, and what it counted.

use super::limits::Told;
use headend_regs::{DropReason, HostReason, Ingress};
use std::collections::BTreeMap;

/// A packet given to the host with the metadata of its completion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostDelivery {
    /// Why the host gets it.
    pub reason: HostReason,
    /// Where it entered.
    pub ingress: Ingress,
    /// Logical interface on which it entered; `None` from the host.
    pub interface: Option<u16>,
    /// VRF of its lookup.
    pub vrf: u16,
    /// Inbound SA out of which it came.
    pub sa: Option<u16>,
    /// The bytes start with an IP header; else with an Ethernet header.
    pub l3: bool,
    /// The bytes, unchanged: the frame, or the inner packet of a decrypted one.
    pub bytes: Vec<u8>,
}

/// The one fate of one packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Sent on a port, padding included.
    Sent {
        /// Port.
        port: usize,
        /// The frame without FCS.
        frame: Vec<u8>,
    },
    /// Handed to the host.
    Host(HostDelivery),
    /// Dropped and counted.
    Dropped(DropReason),
}

impl Verdict {
    /// `sent port 0`, `host Arp`, `drop NoRoute` and so on.
    pub fn name(&self) -> String {
        match self {
            Verdict::Sent { port, .. } => format!("sent port {port}"),
            Verdict::Host(delivery) => format!("host {}", delivery.reason),
            Verdict::Dropped(reason) => format!("drop {reason}"),
        }
    }
}

/// The frame counters of one port.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PortCounters {
    /// Frames received, dropped ones included.
    pub rx_frames: u64,
    /// Bytes of those frames.
    pub rx_bytes: u64,
    /// Frames dropped by the receive side.
    pub rx_drops: u64,
    /// Frames sent.
    pub tx_frames: u64,
    /// Bytes of those frames, padding included.
    pub tx_bytes: u64,
}

/// The card's counters. Codes that never occurred are absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Packets dropped by reason code.
    pub drops: BTreeMap<u8, u64>,
    /// Packets handed to the host by reason code.
    pub host_reasons: BTreeMap<u8, u64>,
    /// Per port.
    pub ports: [PortCounters; 2],
    /// Packets delivered to the host.
    pub host_rx: u64,
    /// Packets taken from the host into the pipeline.
    pub host_tx: u64,
}

impl Counters {
    /// Counts what became of a packet.
    pub(super) fn settle(&mut self, verdict: &Verdict) {
        match verdict {
            Verdict::Sent { port, frame } => {
                self.ports[*port].tx_frames += 1;
                self.ports[*port].tx_bytes += frame.len() as u64;
            }
            Verdict::Host(delivery) => {
                *self.host_reasons.entry(delivery.reason as u8).or_default() += 1;
                self.host_rx += 1;
            }
            Verdict::Dropped(reason) => *self.drops.entry(*reason as u8).or_default() += 1,
        }
    }

    /// Packets that came in minus packets that were accounted for: 0 when nothing is in flight.
    pub fn unaccounted(&self) -> i64 {
        let entered = self.ports.iter().map(|p| p.rx_frames).sum::<u64>() + self.host_tx;
        let sent = self.ports.iter().map(|p| p.tx_frames).sum::<u64>();
        let dropped = self.drops.values().sum::<u64>();
        entered as i64 - (sent + self.host_rx + dropped) as i64
    }
}

/// State of an inbound SA as the card reports it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SaInCounters {
    /// Highest authenticated sequence number.
    pub seq_top: u64,
    /// Packets accepted.
    pub packets: u64,
    /// Bytes accepted inside ESP, without padding.
    pub bytes: u64,
    /// Wrong ICVs.
    pub auth_fail: u64,
    /// Replayed packets.
    pub replay_fail: u64,
    /// Limits told to the host.
    pub told: Told,
}

/// State of an outbound SA as the card reports it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SaOutCounters {
    /// Last sequence number used.
    pub seq: u64,
    /// Packets sent.
    pub packets: u64,
    /// Bytes sent inside ESP, without padding.
    pub bytes: u64,
    /// Limits told to the host.
    pub told: Told,
}
