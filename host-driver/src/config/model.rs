// SPDX-License-Identifier: Apache-2.0
//! The configuration, checked: names are resolved, numbers in range, keys the right length.

use std::fmt;
use std::net::IpAddr;

use zeroize::Zeroizing;

use crate::tables::Prefix;

/// Everything `headend apply` programs.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// VRFs; the first is always `global`, number 0.
    pub vrfs: Vec<Vrf>,
    /// Interfaces.
    pub interfaces: Vec<Interface>,
    /// Neighbours.
    pub neighbours: Vec<Neighbour>,
    /// Tunnels.
    pub tunnels: Vec<Tunnel>,
    /// Routes.
    pub routes: Vec<Route>,
    /// Incoming labels.
    pub labels: Vec<LabelRule>,
}

/// A VRF.
#[derive(Clone, Debug)]
pub struct Vrf {
    /// Name.
    pub name: String,
    /// Number on the card.
    pub id: u16,
}

/// A port's untagged interface.
#[derive(Clone, Debug)]
pub struct Interface {
    /// Name.
    pub name: String,
    /// Port.
    pub port: u8,
    /// VRF number.
    pub vrf: u16,
    /// Our MAC address.
    pub mac: u64,
    /// Accepts MPLS frames.
    pub mpls: bool,
}

/// A next hop on an interface.
#[derive(Clone, Debug)]
pub struct Neighbour {
    /// Name.
    pub name: String,
    /// Index into [`Config::interfaces`].
    pub interface: usize,
    /// Its MAC address.
    pub mac: u64,
    /// Largest IP packet in bytes on the way to it.
    pub mtu: u16,
}

/// AES-GCM key and salt (RFC 4106): 20 or 36 bytes. Wiped when dropped, never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Key(pub(crate) Zeroizing<Vec<u8>>);

impl std::hash::Hash for Key {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.as_slice().hash(state);
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<secret>")
    }
}

/// Mode of an SA (RFC 4301 4.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Whole packets inside new IP headers.
    #[default]
    Tunnel,
    /// Packets between the two ends themselves: their own IP header stays in front.
    Transport,
}

/// Ports of ESP in UDP (RFC 3948).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Udp {
    /// Source port of the packets to the peer.
    pub local: u16,
    /// Destination port: 4500, or where the peer's NAT put it.
    pub remote: u16,
}

/// A manually keyed pair of ESP SAs, of which one may be missing.
#[derive(Clone, Debug)]
pub struct Tunnel {
    /// Name.
    pub name: String,
    /// Mode, of both SAs.
    pub mode: Mode,
    /// Our outer address.
    pub local: IpAddr,
    /// The peer's outer address, of the same family.
    pub remote: IpAddr,
    /// Front-door VRF number: where the outer packets travel.
    pub fvrf: u16,
    /// Inside VRF number: where decrypted packets are looked up.
    pub vrf: u16,
    /// ICV length in bytes: 8, 12 or 16.
    pub icv_len: u8,
    /// Extended sequence numbers (RFC 4304), in both directions.
    pub esn: bool,
    /// Carry the ECN field through the tunnel, both ways (RFC 6040); tunnel mode only.
    pub ecn: bool,
    /// ESP travels in UDP, both ways; over IPv4 only.
    pub udp: Option<Udp>,
    /// Inbound SA.
    pub inbound: Option<Inbound>,
    /// Outbound SA.
    pub outbound: Option<Outbound>,
}

/// Limits of one kind; 0 is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limit {
    /// The card tells that it is reached.
    pub soft: u64,
    /// The SA takes no more packets, and the card tells.
    pub hard: u64,
}

/// Lifetime of an SA on the card, from its installation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lifetime {
    /// In packets.
    pub packets: Limit,
    /// In inner packet bytes.
    pub bytes: Limit,
    /// Sequence number of which the card tells; 0 is none. The hard limit is the end of the number space.
    pub soft_sequence: u64,
}

/// What is special to an inbound SA.
#[derive(Clone, Debug)]
pub struct Inbound {
    /// SPI.
    pub spi: u32,
    /// Key and salt.
    pub key: Key,
    /// Anti-replay window in packets; 0 is off.
    pub replay_window: u16,
    /// What the decrypted packets may be; `None` is anything.
    pub selector: Option<Selector>,
    /// Limits.
    pub lifetime: Lifetime,
}

/// Traffic selector of an inbound SA (RFC 4301 4.4.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Selector {
    /// Inner source, the peer's side.
    pub remote: Prefix,
    /// Inner destination, our side.
    pub local: Prefix,
    /// IP protocol; 0 is any.
    pub protocol: u8,
}

/// DF bit of the outer IPv4 header (RFC 4301 8.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Df {
    /// Set when the inner packet is IPv4 with DF, or IPv6.
    Copy,
    /// Always set.
    Set,
    /// Never set.
    #[default]
    Clear,
}

/// What is special to an outbound SA.
#[derive(Clone, Debug)]
pub struct Outbound {
    /// SPI.
    pub spi: u32,
    /// Key and salt.
    pub key: Key,
    /// Next hop of the outer packet: index into [`Config::neighbours`].
    pub via: usize,
    /// DSCP of the outer header; `None` copies the inner one.
    pub dscp: Option<u8>,
    /// DF in the outer IPv4 header.
    pub df: Df,
    /// TTL of the outer header.
    pub ttl: u8,
    /// Largest inner IP packet in bytes.
    pub mtu: u16,
    /// Inner packets are padded to so many bytes (RFC 4303 2.7); 0 is none.
    pub tfc: u16,
    /// Limits.
    pub lifetime: Lifetime,
}

/// MPLS labels to push.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Push {
    /// Outermost first; 3 at most.
    pub labels: Vec<u32>,
    /// TTL of the labels; 0 copies the IP TTL.
    pub ttl: u8,
    /// Traffic class of the labels; `None` copies the IP precedence.
    pub exp: Option<u8>,
}

/// Where packets go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// To a neighbour (index into [`Config::neighbours`]), with labels or as plain IP.
    Via(usize, Push),
    /// Into a tunnel's outbound SA (index into [`Config::tunnels`]).
    Tunnel(usize),
    /// To the host.
    Local,
    /// Nowhere.
    Drop,
}

/// A route.
#[derive(Clone, Debug)]
pub struct Route {
    /// VRF number.
    pub vrf: u16,
    /// Destination.
    pub prefix: Prefix,
    /// Where to.
    pub target: Target,
}

/// What to do with an incoming label.
#[derive(Clone, Debug)]
pub struct LabelRule {
    /// Label, from 16.
    pub label: u32,
    /// What to do.
    pub action: LabelAction,
}

/// Action of an incoming label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LabelAction {
    /// Pop, look the IP packet up in this VRF.
    PopVrf(u16),
    /// Pop, send the IP packet there.
    Pop(Target),
    /// Replace by these labels, send to that neighbour.
    Swap(usize, Push),
}
