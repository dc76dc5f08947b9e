// SPDX-License-Identifier: Apache-2.0
//! The forwarding decision: labels, VRF routes, adjacencies, and the rewritten packet.

use super::encap::{Protection, MAX_GROWTH};
use super::headers::{label_stack, link, network, Ip, Network, Stack};
use super::{drop, sent, Action, Adjacency, LabelAction, Link, Model, Packet, Step, Verdict};
use crate::packet::{
    checksum_adjust, ethernet, LabelEntry, ETHERTYPE_IPV4, ETHERTYPE_MPLS, ETHER_HEADER_BYTES,
};
use headend_regs::{param, DropReason, HostReason, Ingress};

/// First unreserved label (RFC 3032 2.1).
const FIRST_LABEL: u32 = 16;
/// IPv4 explicit null (RFC 3032 2.1).
const EXPLICIT_NULL: u32 = 0;
/// First multicast address (224.0.0.0); broadcast lies above it.
const FIRST_MULTICAST: u32 = 0xe000_0000;

/// Where popping labels led.
enum Popped {
    /// Route the IP packet in this VRF.
    Vrf(u16),
    /// Send the IP packet to this adjacency.
    Adj(u16),
    /// The labels of this adjacency replace the top entry.
    Swap(u16),
}

impl Model {
    /// Forwards a packet in clear, a decrypted one, or one from the host.
    pub(super) fn forward(&mut self, packet: Packet) -> Step<Verdict> {
        if packet.l3 || link(&packet.bytes).is_none_or(|l| l.ethertype != ETHERTYPE_MPLS) {
            let l3_at = if packet.l3 { 0 } else { ETHER_HEADER_BYTES };
            let vrf = packet.vrf;
            return self.forward_ip(packet, l3_at, Popped::Vrf(vrf));
        }
        let (stack, bottom_seen) = match label_stack(&packet.bytes[ETHER_HEADER_BYTES..]) {
            Stack::Complete(stack) => (stack, true),
            Stack::TooDeep(stack) => (stack, false),
            Stack::Truncated => return drop(DropReason::InnerMalformed),
        };
        let top = stack[0];
        if top.label < FIRST_LABEL && !(top.label == EXPLICIT_NULL && top.bottom) {
            return Err(packet.to_host(HostReason::RouterAlert));
        }
        if !bottom_seen {
            return drop(DropReason::LabelStack);
        }
        if top.ttl <= 1 {
            return Err(packet.to_host(HostReason::MplsTtl));
        }
        let below = ETHER_HEADER_BYTES + 4 * stack.len();
        match self.pop(&packet, &stack)? {
            Popped::Swap(adj) => self.swap(packet, top, below, adj),
            popped => self.forward_ip(packet, below, popped),
        }
    }

    /// The action of the top label; when it pops and is not the bottom, that of the second.
    fn pop(&self, packet: &Packet, stack: &[LabelEntry]) -> Step<Popped> {
        let top = stack[0];
        if top.label == EXPLICIT_NULL && top.bottom {
            return Ok(Popped::Vrf(packet.vrf));
        }
        let action = match self.tables.labels.get(&top.label) {
            None => return drop(DropReason::NoLabel),
            Some(LabelAction::Swap(adj)) => return Ok(Popped::Swap(*adj)),
            Some(_) if top.bottom => self.tables.labels[&top.label],
            Some(_) => match stack.get(1).and_then(|e| self.tables.labels.get(&e.label)) {
                Some(second) if stack[1].bottom => *second,
                _ => return drop(DropReason::LabelStack),
            },
        };
        match action {
            LabelAction::PopVrf(vrf) => Ok(Popped::Vrf(vrf)),
            LabelAction::PopAdj(adj) => Ok(Popped::Adj(adj)),
            LabelAction::Swap(_) => drop(DropReason::LabelStack),
        }
    }

    /// Routes and sends the IP packet at `l3_at`.
    fn forward_ip(&mut self, mut packet: Packet, l3_at: usize, next: Popped) -> Step<Verdict> {
        if let Popped::Vrf(vrf) = next {
            packet.vrf = vrf;
        }
        let header = network(&packet.bytes[l3_at..]);
        match header {
            Network::Malformed => return drop(DropReason::InnerMalformed),
            Network::V4(ip) if !ip.checksum_ok => return drop(DropReason::InnerChecksum),
            _ => self.check_selectors(&packet, header)?,
        }
        let Network::V4(ip) = header else {
            return Err(packet.to_host(HostReason::UnknownEthertype));
        };
        if ip.dst >= FIRST_MULTICAST && (packet.sa.is_some() || l3_at > ETHER_HEADER_BYTES) {
            return drop(DropReason::Multicast);
        }
        if ip.has_options() {
            return Err(packet.to_host(HostReason::IpOptions));
        }
        let adj = match next {
            Popped::Vrf(vrf) => match self.tables.route(vrf, ip.dst) {
                Some(adj) => adj,
                None => return drop(DropReason::NoRoute),
            },
            Popped::Adj(adj) | Popped::Swap(adj) => adj,
        };
        self.adjacency(packet, l3_at, &ip, adj)
    }

    /// Sends an IP packet to an adjacency.
    fn adjacency(&mut self, packet: Packet, l3_at: usize, ip: &Ip, adj: u16) -> Step<Verdict> {
        let Adjacency { mtu, action } = self.installed(adj)?.clone();
        match action {
            Action::Drop => return drop(DropReason::RouteDrop),
            Action::Host if packet.esp_miss => return drop(DropReason::SaNotFound),
            Action::Host if packet.ingress == Ingress::Host => return drop(DropReason::AdjLoop),
            Action::Host => return Err(packet.to_host(HostReason::LocalAddress)),
            _ => {}
        }
        if ip.ttl <= 1 {
            return Err(packet.to_host(HostReason::TtlExpired));
        }
        // Transport mode protects whole packets (RFC 4303 3.1.1) that carry something.
        if matches!(action, Action::Protect { transport: true, .. }) {
            if ip.total_len == ip.header_len {
                return drop(DropReason::InnerMalformed);
            }
            if ip.fragment {
                return Err(packet.to_host(HostReason::Fragment));
            }
        }
        if ip.total_len > usize::from(mtu) {
            return Err(packet.to_host(HostReason::TooBig));
        }
        let frame = match &action {
            Action::Mpls { labels, .. } => ip.total_len + ETHER_HEADER_BYTES + 4 * labels.len(),
            Action::Protect { transport: false, tfc_len, .. } => {
                ip.total_len.max((*tfc_len).into()) + MAX_GROWTH
            }
            Action::Protect { .. } => ip.total_len + MAX_GROWTH,
            _ => ip.total_len + ETHER_HEADER_BYTES,
        };
        if frame > param::MAX_FRAME_BYTES {
            return Err(packet.to_host(HostReason::TooBig));
        }
        // Ethernet padding ends here: only the IP packet itself goes on.
        let mut inner = packet.bytes[l3_at..l3_at + ip.total_len].to_vec();
        decrement_ttl(&mut inner);
        match action {
            Action::Ip(link) => Ok(sent(link.port, ethernet(link.dmac, link.smac, ETHERTYPE_IPV4, &inner))),
            Action::Mpls { link, labels, ttl, tc } => {
                let ttl = ttl.unwrap_or(inner[8]);
                let tc = tc.unwrap_or(inner[1] >> 5);
                Ok(send_labelled(&link, &stack(&labels, tc, ttl, true), &inner))
            }
            Action::Protect { link, sa, gen, transport, tfc_len } => {
                self.encap(&Protection { sa, gen, transport, tfc_len }, &link, ip, &inner)
            }
            Action::Drop | Action::Host => unreachable!("handled above"),
        }
    }

    /// Replaces the top entry by the labels of an adjacency (RFC 3031 3.10, RFC 3032 2.4.2). `below` is
    /// the offset of what lies under the stack.
    fn swap(&self, packet: Packet, top: LabelEntry, below: usize, adj: u16) -> Step<Verdict> {
        let Adjacency { mtu, action } = self.installed(adj)?;
        let (link, labels, ttl, tc) = match action {
            Action::Drop => return drop(DropReason::RouteDrop),
            Action::Host => return Err(packet.to_host(HostReason::LocalAddress)),
            Action::Ip(_) | Action::Protect { .. } => return drop(DropReason::AdjInvalid),
            Action::Mpls { link, labels, ttl, tc } => (link, labels, ttl, tc),
        };
        // What lies below may be anything. If it is IP, the MTU counts and Ethernet padding ends here.
        let ip_len = match network(&packet.bytes[below..]) {
            Network::V4(ip) => Some(ip.total_len),
            Network::V6(ip) => Some(ip.total_len),
            Network::Malformed => None,
        };
        let end = ip_len.map_or(packet.bytes.len(), |len| below + len);
        if ip_len.is_some_and(|len| len > usize::from(*mtu)) {
            return Err(packet.to_host(HostReason::TooBig));
        }
        // One entry goes, the adjacency's come.
        if end - 4 + 4 * labels.len() > param::MAX_FRAME_BYTES {
            return Err(packet.to_host(HostReason::TooBig));
        }
        // The innermost label takes the place of the swapped one; the others are pushed on top of it.
        let mut entries = stack(labels, tc.unwrap_or(top.tc), ttl.unwrap_or(top.ttl - 1), top.bottom);
        let innermost = entries.last_mut().expect("an MPLS adjacency has a label");
        (innermost.tc, innermost.ttl) = (top.tc, top.ttl - 1);
        Ok(send_labelled(link, &entries, &packet.bytes[ETHER_HEADER_BYTES + 4..end]))
    }

    /// The adjacency, if it is installed.
    fn installed(&self, adj: u16) -> Step<&Adjacency> {
        self.tables.adjacencies.get(&adj).ok_or(Verdict::Dropped(DropReason::AdjInvalid))
    }
}

/// Entries for `labels`, outermost first; `bottom` is the S bit of the innermost.
fn stack(labels: &[u32], tc: u8, ttl: u8, bottom: bool) -> Vec<LabelEntry> {
    let last = labels.len() - 1;
    let entry =
        |(n, label): (usize, &u32)| LabelEntry { label: *label, tc, bottom: bottom && n == last, ttl };
    labels.iter().enumerate().map(entry).collect()
}

/// An MPLS frame on a link.
fn send_labelled(link: &Link, stack: &[LabelEntry], payload: &[u8]) -> Verdict {
    let mut body: Vec<u8> = stack.iter().flat_map(|e| e.to_bytes()).collect();
    body.extend_from_slice(payload);
    sent(link.port, ethernet(link.dmac, link.smac, ETHERTYPE_MPLS, &body))
}

/// Decrements the TTL of an IPv4 packet and adjusts its checksum (RFC 1812 5.3.1, RFC 1624).
fn decrement_ttl(ip: &mut [u8]) {
    let word = |p: &[u8]| u16::from_be_bytes([p[8], p[9]]);
    let old = word(ip);
    ip[8] -= 1;
    let new = word(ip);
    let field = checksum_adjust(u16::from_be_bytes([ip[10], ip[11]]), old, new);
    ip[10..12].copy_from_slice(&field.to_be_bytes());
}
