// SPDX-License-Identifier: Apache-2.0
//! The reference model: what the card does with one packet, as plain sequential code.
//!
//! The model shares nothing with the RTL or the driver but the closed lists of codes in
//! `hdl/tables.toml`. It takes packets one at a time, in the order in which they enter the card, and
//! says for each what becomes of it. One packet has exactly one [`Verdict`].
//!
//! ```text
//! receive -> classify -> ESP: decap -> forward -> rewrite -> Protect: encap -> pad -> port
//!                  \------------------^     \-> host
//! ```

mod classify;
mod decap;
mod encap;
mod forward;
mod headers;
mod limits;
mod outcome;
mod replay;
mod tables;
#[cfg(test)]
mod tests;

pub use limits::{SaEvent, Told};
pub use outcome::{Counters, HostDelivery, PortCounters, SaInCounters, SaOutCounters, Verdict};
pub use replay::{Replay, ReplayState};
pub use tables::{
    Action, Adjacency, Interface, LabelAction, Limits, Link, Prefix, Route, SaIn, SaOut, Selector, Tables,
};

use self::headers::{network, Network};
use crate::packet::MIN_SENT_BYTES;
use crate::traffic::Stimulus;
use headend_regs::{param, DropReason, HostReason, Ingress};
use std::collections::BTreeMap;

/// A packet on its way through the pipeline.
#[derive(Clone, Debug)]
struct Packet {
    bytes: Vec<u8>,
    /// The bytes start with an IP header instead of Ethernet.
    l3: bool,
    ingress: Ingress,
    interface: Option<u16>,
    /// VRF of the next lookup.
    vrf: u16,
    /// Inbound SA out of which it came.
    sa: Option<u16>,
    /// ESP without an SA.
    esp_miss: bool,
}

impl Packet {
    /// The packet to the host: unchanged, but without what followed a decrypted IP packet (RFC 4303 2.7).
    fn to_host(&self, reason: HostReason) -> Verdict {
        let len = match network(&self.bytes) {
            Network::V4(ip) if self.sa.is_some() => ip.total_len,
            Network::V6(ip) if self.sa.is_some() => ip.total_len,
            _ => self.bytes.len(),
        };
        Verdict::Host(HostDelivery {
            reason,
            ingress: self.ingress,
            interface: self.interface,
            vrf: self.vrf,
            sa: self.sa,
            l3: self.l3,
            bytes: self.bytes[..len].to_vec(),
        })
    }
}

/// What a stage decided: go on with a value, or the packet's fate is sealed.
type Step<T> = Result<T, Verdict>;

/// Shorthand for a stage that drops.
fn drop<T>(reason: DropReason) -> Step<T> {
    Err(Verdict::Dropped(reason))
}

/// Where the host sends a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostDestination {
    /// Out of a port, unchanged.
    Port(usize),
    /// Into the pipeline at the routing step; the bytes start with the IP header.
    Route {
        /// VRF of the lookup.
        vrf: u16,
    },
}

/// The card: tables, SA state, counters.
#[derive(Clone, Debug, Default)]
pub struct Model {
    tables: Tables,
    replay: BTreeMap<u16, ReplayState>,
    sa_in: BTreeMap<u16, SaInCounters>,
    sa_out: BTreeMap<u16, SaOutCounters>,
    events: Vec<SaEvent>,
    /// The card was free to choose the IPv4 ID of the frame just sent.
    chose_id: bool,
    /// What the card counted.
    pub counters: Counters,
}

impl Model {
    /// A card with these tables, fresh SA state and zero counters.
    pub fn new(tables: Tables) -> Model {
        let mut model = Model::default();
        model.set_tables(tables);
        model
    }

    /// The tables.
    pub fn tables(&self) -> &Tables {
        &self.tables
    }

    /// Replaces all tables. As on the card, writing an SA resets its state.
    pub fn set_tables(&mut self, tables: Tables) {
        self.replay = tables.sas_in.iter().map(|(i, sa)| (*i, ReplayState::new(sa.window))).collect();
        self.sa_in = tables.sas_in.keys().map(|i| (*i, SaInCounters::default())).collect();
        let fresh = |sa: &SaOut| SaOutCounters { seq: sa.used, ..SaOutCounters::default() };
        self.sa_out = tables.sas_out.iter().map(|(i, sa)| (*i, fresh(sa))).collect();
        self.tables = tables;
    }

    /// The limits that SAs reached since the last call.
    pub fn take_events(&mut self) -> Vec<SaEvent> {
        std::mem::take(&mut self.events)
    }

    /// Whether the card was free to choose the IPv4 ID of the frame it just sent (a tunnel's outer header without DF).
    /// The model writes 0.
    pub fn chose_id(&self) -> bool {
        self.chose_id
    }

    /// State of an installed inbound SA.
    pub fn sa_in(&self, index: u16) -> Option<SaInCounters> {
        let counters = *self.sa_in.get(&index)?;
        Some(SaInCounters { seq_top: self.replay[&index].top(), ..counters })
    }

    /// State of an installed outbound SA.
    pub fn sa_out(&self, index: u16) -> Option<SaOutCounters> {
        self.sa_out.get(&index).copied()
    }

    /// A packet enters the card.
    pub fn offer(&mut self, stimulus: &Stimulus) -> Verdict {
        match stimulus {
            Stimulus::Frame { port, bytes, bad } => self.receive(*port, bytes, *bad),
            Stimulus::Host { destination, bytes } => self.host_send(*destination, bytes),
        }
    }

    /// A frame arrives on a port. `bad` is the MAC's verdict on it (FCS, alignment).
    pub fn receive(&mut self, port: usize, frame: &[u8], bad: bool) -> Verdict {
        self.chose_id = false;
        let counters = &mut self.counters.ports[port];
        counters.rx_frames += 1;
        counters.rx_bytes += frame.len() as u64;
        let verdict = match receive_check(frame, bad) {
            Some(reason) => {
                counters.rx_drops += 1;
                Verdict::Dropped(reason)
            }
            None => self.outside_in(port, frame).unwrap_or_else(|fate| fate),
        };
        self.counters.settle(&verdict);
        verdict
    }

    /// The host sends a packet.
    pub fn host_send(&mut self, destination: HostDestination, bytes: &[u8]) -> Verdict {
        self.chose_id = false;
        self.counters.host_tx += 1;
        let verdict = match destination {
            HostDestination::Port(port) => sent(port, bytes.to_vec()),
            HostDestination::Route { vrf } => {
                let packet = Packet {
                    bytes: bytes.to_vec(),
                    l3: true,
                    ingress: Ingress::Host,
                    interface: None,
                    vrf,
                    sa: None,
                    esp_miss: false,
                };
                self.forward(packet).unwrap_or_else(|fate| fate)
            }
        };
        self.counters.settle(&verdict);
        verdict
    }

    /// The way of a frame that the port accepted.
    fn outside_in(&mut self, port: usize, frame: &[u8]) -> Step<Verdict> {
        match self.classify(port, frame)? {
            classify::Class::Esp { packet, outer, sa, esp } => {
                let inner = self.decap(packet, outer, sa, &esp)?;
                self.forward(inner)
            }
            classify::Class::Clear(packet) => self.forward(packet),
        }
    }
}

/// The checks of the receive side of a port.
fn receive_check(frame: &[u8], bad: bool) -> Option<DropReason> {
    if bad {
        Some(DropReason::RxError)
    } else if frame.len() < param::MIN_FRAME_BYTES {
        Some(DropReason::RxRunt)
    } else if frame.len() > param::MAX_FRAME_BYTES {
        Some(DropReason::RxOversize)
    } else {
        None
    }
}

/// A frame that leaves a port: padded with zeros to the Ethernet minimum.
fn sent(port: usize, mut frame: Vec<u8>) -> Verdict {
    if frame.len() < MIN_SENT_BYTES {
        frame.resize(MIN_SENT_BYTES, 0);
    }
    Verdict::Sent { port, frame }
}
