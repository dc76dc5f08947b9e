// SPDX-License-Identifier: Apache-2.0
//! The tables as a network engineer thinks of them: lists, maps and prefixes, not hash ways and trie
//! nodes. An entry that is not in its map is not installed.

use crate::packet::{Address, EspKey, Mac};
use std::collections::BTreeMap;

/// A logical interface. Interface n, for n below the number of ports, is the untagged interface of
/// port n.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interface {
    /// VRF of what arrives here in clear, and FVRF of ESP that arrives here.
    pub vrf: u16,
    /// Our MAC address.
    pub mac: Mac,
    /// Whether MPLS frames are accepted.
    pub mpls: bool,
}

/// An IPv4 prefix. Bits of `addr` below the length do not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prefix {
    /// Network address.
    pub addr: u32,
    /// Length, 0 to 32.
    pub len: u8,
}

impl Prefix {
    /// Every address.
    pub const ANY: Prefix = Prefix { addr: 0, len: 0 };

    /// Whether `addr` lies in the prefix.
    pub fn contains(&self, addr: u32) -> bool {
        let mask = u32::MAX.checked_shl(32 - u32::from(self.len)).unwrap_or(0);
        (addr ^ self.addr) & mask == 0
    }
}

/// Traffic selector of an inbound SA (RFC 4301 4.4.1.1), as seen in the inner packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Selector {
    /// The remote side.
    pub src: Prefix,
    /// Our side.
    pub dst: Prefix,
    /// Protocol; `None` is any.
    pub proto: Option<u8>,
}

/// Limits of an SA (RFC 4301 4.4.2.1): a soft one is told to the host, a hard one ends the SA. `None` is no limit; 0 is
/// no number for a limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Packets accepted or sent.
    pub soft_packets: Option<u64>,
    /// Packets accepted or sent.
    pub hard_packets: Option<u64>,
    /// Bytes inside ESP, without padding.
    pub soft_bytes: Option<u64>,
    /// Bytes inside ESP, without padding.
    pub hard_bytes: Option<u64>,
    /// Sequence number, outbound only. The hard limit is the end of the number space.
    pub soft_seq: Option<u64>,
}

/// An inbound ESP SA.
#[derive(Clone, Debug)]
pub struct SaIn {
    /// VRF in which the encrypted packets arrive.
    pub fvrf: u16,
    /// SPI.
    pub spi: u32,
    /// Outer destination address.
    pub dst: Address,
    /// Transport mode; else tunnel mode.
    pub transport: bool,
    /// The packets come in UDP (RFC 3948).
    pub udp: bool,
    /// Tunnel mode: the inner ECN field stays as it is.
    pub no_ecn: bool,
    /// When it ends.
    pub limits: Limits,
    /// Keys, ICV length, ESN.
    pub key: EspKey,
    /// Anti-replay window in packets; 0 is off.
    pub window: u32,
    /// VRF in which the inner packets are routed.
    pub ivrf: u16,
    /// Inbound selector check; `None` lets everything pass.
    pub selector: Option<Selector>,
}

impl SaIn {
    /// A tunnel mode SA in VRF 0, without window, selector or limits.
    pub fn tunnel(spi: u32, dst: impl Into<Address>, key: EspKey) -> SaIn {
        SaIn {
            fvrf: 0,
            spi,
            dst: dst.into(),
            transport: false,
            udp: false,
            no_ecn: false,
            limits: Limits::default(),
            key,
            window: 0,
            ivrf: 0,
            selector: None,
        }
    }
}

/// An outbound ESP SA.
#[derive(Clone, Debug)]
pub struct SaOut {
    /// Generation: tells SAs apart that use the same index one after the other.
    pub gen: u8,
    /// Sequence numbers used under the key before.
    pub used: u64,
    /// SPI.
    pub spi: u32,
    /// Outer source address in tunnel mode, of the family of `dst`.
    pub src: Address,
    /// Outer destination address in tunnel mode.
    pub dst: Address,
    /// Transport mode; else tunnel mode.
    pub transport: bool,
    /// Source and destination port when the packets go in UDP (RFC 3948).
    pub udp: Option<(u16, u16)>,
    /// Tunnel mode: the outer ECN field is 0 instead of the inner one.
    pub no_ecn: bool,
    /// When it ends.
    pub limits: Limits,
    /// Keys, ICV length, ESN.
    pub key: EspKey,
    /// DSCP of the outer header; `None` copies the inner one.
    pub dscp: Option<u8>,
    /// Don't-fragment bit of the outer IPv4 header.
    pub df: bool,
    /// Set it also when the inner packet has it, or is IPv6.
    pub copy_df: bool,
    /// TTL or hop limit of the outer header in tunnel mode.
    pub ttl: u8,
}

impl SaOut {
    /// A tunnel mode SA with a new key, generation 1, DF set, DSCP and ECN copied, TTL 64, without limits.
    pub fn tunnel(spi: u32, src: impl Into<Address>, dst: impl Into<Address>, key: EspKey) -> SaOut {
        SaOut {
            gen: 1,
            used: 0,
            spi,
            src: src.into(),
            dst: dst.into(),
            transport: false,
            udp: None,
            no_ecn: false,
            limits: Limits::default(),
            key,
            dscp: None,
            df: true,
            copy_df: false,
            ttl: 64,
        }
    }

    /// Last sequence number that it may use (RFC 4303 3.3.3): the counter must not cycle.
    pub fn last_seq(&self) -> u64 {
        if self.key.esn {
            u64::MAX
        } else {
            u32::MAX.into()
        }
    }
}

/// A route. The longest prefix of the VRF wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// VRF.
    pub vrf: u16,
    /// Destinations.
    pub prefix: Prefix,
    /// Adjacency that matching packets take.
    pub adj: u16,
}

/// What to do with an incoming label (NHLFE, RFC 3031 3.10).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LabelAction {
    /// Pop, and route the IP packet in this VRF.
    PopVrf(u16),
    /// Pop, and send the IP packet to this adjacency.
    PopAdj(u16),
    /// Replace the label by the labels of this adjacency.
    Swap(u16),
}

/// The Ethernet link on which an adjacency's packets leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// Port.
    pub port: usize,
    /// MAC address of the neighbour.
    pub dmac: Mac,
    /// Our MAC address.
    pub smac: Mac,
}

/// What an adjacency does with a packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Blackhole.
    Drop,
    /// Hand to the host.
    Host,
    /// Send to a neighbour as plain IP.
    Ip(Link),
    /// Send to a neighbour with labels, outermost first.
    Mpls {
        /// Where to.
        link: Link,
        /// One to three labels, outermost first.
        labels: Vec<u32>,
        /// TTL of the entries; `None` copies the decremented TTL (uniform model, RFC 3443 5.3).
        ttl: Option<u8>,
        /// Traffic class of the entries; `None` copies the IP precedence.
        tc: Option<u8>,
    },
    /// Encrypt with this outbound SA and send the outer packet to a neighbour.
    Protect {
        /// Where the outer packet goes.
        link: Link,
        /// Outbound SA.
        sa: u16,
        /// Generation that the SA must have.
        gen: u8,
        /// The SA must be in transport mode; else in tunnel mode.
        transport: bool,
        /// Tunnel mode: zeros follow inner packets shorter than this (RFC 4303 2.7).
        tfc_len: u16,
    },
}

/// An adjacency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adjacency {
    /// Largest IP packet in bytes, before labels and ESP.
    pub mtu: u16,
    /// What it does.
    pub action: Action,
}

/// Everything that the host programs into the card.
#[derive(Clone, Debug, Default)]
pub struct Tables {
    /// Interfaces by number.
    pub interfaces: BTreeMap<u16, Interface>,
    /// Inbound SAs by index.
    pub sas_in: BTreeMap<u16, SaIn>,
    /// Outbound SAs by index.
    pub sas_out: BTreeMap<u16, SaOut>,
    /// Routes, in any order, no (VRF, prefix) twice.
    pub routes: Vec<Route>,
    /// Label actions by incoming label.
    pub labels: BTreeMap<u32, LabelAction>,
    /// Adjacencies by index.
    pub adjacencies: BTreeMap<u16, Adjacency>,
}

impl Tables {
    /// The adjacency index of the longest prefix of `vrf` that contains `dst`.
    pub fn route(&self, vrf: u16, dst: u32) -> Option<u16> {
        let hits = self.routes.iter().filter(|r| r.vrf == vrf && r.prefix.contains(dst));
        hits.max_by_key(|r| r.prefix.len).map(|r| r.adj)
    }

    /// The index of the inbound SA for an ESP packet.
    pub fn sa_in(&self, fvrf: u16, spi: u32, dst: Address) -> Option<u16> {
        let found = self.sas_in.iter().find(|(_, s)| s.fvrf == fvrf && s.spi == spi && s.dst == dst);
        found.map(|(index, _)| *index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_of_every_length_match_their_bits() {
        for len in 0..=32u8 {
            let p = Prefix { addr: 0xa5a5_a5a5, len };
            assert!(p.contains(0xa5a5_a5a5));
            for bit in 0..32 {
                assert_eq!(p.contains(0xa5a5_a5a5 ^ 1 << bit), 32 - bit > u32::from(len), "/{len} bit {bit}");
            }
        }
    }

    #[test]
    fn longest_prefix_of_the_right_vrf_wins() {
        let route = |vrf, addr, len, adj| Route { vrf, prefix: Prefix { addr, len }, adj };
        let t = Tables {
            routes: vec![route(1, 0, 0, 10), route(1, 0x0a00_0000, 8, 11), route(2, 0x0a01_0000, 16, 12)],
            ..Tables::default()
        };
        assert_eq!(t.route(1, 0x0a01_0203), Some(11));
        assert_eq!(t.route(1, 0x0b01_0203), Some(10));
        assert_eq!(t.route(2, 0x0a01_0203), Some(12));
        assert_eq!(t.route(2, 0x0a02_0203), None);
        assert_eq!(t.route(3, 0x0a02_0203), None);
    }
}
