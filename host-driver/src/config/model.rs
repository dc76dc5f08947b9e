// SPDX-License-Identifier: Apache-2.0
//! The configuration, checked: names are resolved, numbers in range, keys the right length.

use std::fmt;
use std::net::Ipv4Addr;

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

/// A manually keyed pair of ESP tunnel-mode SAs, of which one may be missing.
#[derive(Clone, Debug)]
pub struct Tunnel {
    /// Name.
    pub name: String,
    /// Our outer address.
    pub local: Ipv4Addr,
    /// The peer's outer address.
    pub remote: Ipv4Addr,
    /// Front-door VRF number: where the outer packets travel.
    pub fvrf: u16,
    /// Inside VRF number: where decrypted packets are looked up.
    pub vrf: u16,
    /// Extended sequence numbers (RFC 4304), in both directions.
    pub esn: bool,
    /// Inbound SA.
    pub inbound: Option<Inbound>,
    /// Outbound SA.
    pub outbound: Option<Outbound>,
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
    /// Set DF in the outer header.
    pub df: bool,
    /// TTL of the outer header.
    pub ttl: u8,
    /// Largest inner IP packet in bytes.
    pub mtu: u16,
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
