// SPDX-License-Identifier: Apache-2.0
//! Random packets: ordinary traffic, and the entry point to the hostile kind.

use super::random_tables::{pick, random_mac, Group};
use super::{Profile, Random, Step, Stimulus};
use crate::model::{HostDestination, Model, SaIn, Tables, Verdict};
use crate::packet::{
    ethernet, icmp_echo, mac, mpls_frame, udp, Address, EspPayload, Ipv4, Ipv6, LabelEntry, ETHERTYPE_ARP,
    ETHERTYPE_IPV4, ETHERTYPE_IPV6, ETHERTYPE_QINQ, ETHERTYPE_VLAN, PROTO_AH, PROTO_ESP, PROTO_ICMP,
    PROTO_TCP, PROTO_UDP,
};
use headend_regs::{param, DropReason};
use rand::RngExt;

/// Makes the steps of a scenario one by one.
pub struct Generator {
    pub(super) random: Random,
    pub(super) tables: Tables,
    groups: Vec<Group>,
    profile: Profile,
    /// The card as it will be when the next step enters.
    pub(super) model: Model,
    /// Where packets enter at present: a port, or 2 for the host.
    entrance: usize,
    /// ESP frames sent lately, to be replayed.
    pub(super) recent: Vec<(usize, Vec<u8>)>,
    /// The step in the making needs an empty card.
    pub(super) after_drain: bool,
    /// So does the next one.
    drain_next: bool,
    pub(super) intent: &'static str,
}

/// Next header of IPv4 in tunnel mode.
pub(super) const NEXT_IPV4: u8 = 4;
/// Next header of IPv6 in tunnel mode.
pub(super) const NEXT_IPV6: u8 = 41;

/// A frame on its way to a port.
pub(super) type PortFrame = (usize, Vec<u8>);

impl Generator {
    /// A generator for these tables. `groups` has one entry for both ports, or one per port.
    pub fn new(random: Random, tables: Tables, groups: Vec<Group>, profile: Profile) -> Generator {
        let model = Model::new(tables.clone());
        Generator {
            random,
            tables,
            groups,
            profile,
            model,
            entrance: 0,
            recent: vec![],
            after_drain: false,
            drain_next: false,
            intent: "",
        }
    }

    /// The next step.
    pub fn step(&mut self) -> Step {
        loop {
            self.after_drain = std::mem::take(&mut self.drain_next);
            let stimulus = self.stimulus();
            let mut model = self.model.clone();
            let verdict = model.offer(&stimulus);
            if self.profile.both_ports && self.crosses_groups(&model, stimulus.entrance()) {
                continue;
            }
            // What was replayed inside the window is a duplicate however far the window has moved.
            self.after_drain &= verdict != Verdict::Dropped(DropReason::ReplayDuplicate);
            self.model = model;
            return Step { stimulus, after_drain: self.after_drain, intent: self.intent };
        }
    }

    /// Whether going from the current model to `next` used an outbound SA of another entrance's group:
    /// a mutated label or route may do that, and then the order of two entrances would matter.
    fn crosses_groups(&self, next: &Model, entrance: usize) -> bool {
        let others = self.groups.iter().enumerate().filter(|(n, _)| *n != entrance);
        let mut sas = others.flat_map(|(_, g)| &g.sas_out);
        sas.any(|i| next.sa_out(*i) != self.model.sa_out(*i))
    }

    fn stimulus(&mut self) -> Stimulus {
        // Alone, an entrance keeps sending for a while: changing over means waiting for an empty card.
        if self.profile.both_ports {
            self.entrance = pick(&mut self.random, &[0, 0, 0, 0, 1, 1, 1, 1, 2]);
        } else if self.random.random_ratio(1, 30) {
            self.entrance = pick(&mut self.random, &[0, 0, 0, 1, 1, 1, 2]);
        }
        if self.entrance == 2 {
            return self.host_packet();
        }
        let dice = self.random.random_range(0..100);
        let bad = self.random.random_ratio(1, 150);
        let (port, bytes) = match dice {
            0..45 => self.esp(),
            45..56 => self.plain(),
            56..68 => self.labelled(),
            68..74 => self.exception(),
            74..90 => self.hostile_esp(),
            _ => self.broken(),
        };
        Stimulus::Frame { port, bytes, bad }
    }

    /// A frame that nothing is wrong with.
    pub(super) fn good_frame(&mut self) -> PortFrame {
        match self.random.random_range(0..3) {
            0 => self.esp(),
            1 => self.plain(),
            _ => self.labelled(),
        }
    }

    /// A port, and the group that its traffic refers to.
    pub(super) fn port(&mut self) -> (usize, Group) {
        let port = match self.entrance {
            2 => self.random.random_range(0..param::NUM_PORTS),
            port => port,
        };
        (port, self.groups[port % self.groups.len()].clone())
    }

    /// Frame with the interface's MAC address.
    pub(super) fn frame_to_us(&mut self, port: usize, ethertype: u16, payload: &[u8]) -> Vec<u8> {
        let ours = self.tables.interfaces.get(&(port as u16)).map_or(mac(2), |i| i.mac);
        ethernet(ours, random_mac(&mut self.random), ethertype, payload)
    }

    /// An address in a VRF: mostly one that some route of it covers.
    fn address(&mut self, vrf: u16) -> u32 {
        let routes: Vec<_> = self.tables.routes.iter().filter(|r| r.vrf == vrf).copied().collect();
        if routes.is_empty() || self.random.random_ratio(1, 25) {
            return self.random.random();
        }
        let prefix = pick(&mut self.random, &routes).prefix;
        let free = u32::MAX.checked_shr(prefix.len.into()).unwrap_or(0);
        let mut addr = prefix.addr | self.random.random::<u32>() & free;
        // A route of length 0 or so covers multicast, too; keep that rare.
        if addr >= 0xe000_0000 && !self.random.random_ratio(1, 10) {
            addr = prefix.addr | addr & free >> 4;
        }
        addr
    }

    /// Inner or plain packet sizes: every small size, the usual ones, and jumbo.
    pub(super) fn size(&mut self) -> usize {
        let max = self.profile.max_inner.max(46);
        let r = &mut self.random;
        let n = match r.random_range(0..20) {
            0..8 => r.random_range(20..130),
            8..10 => 46,
            10..12 => r.random_range(500..600),
            12..15 => r.random_range(1380..1501),
            // What grows with labels or ESP need not fit a frame any more.
            16..19 if max > 9100 => r.random_range(max - 60..=max),
            15..18 => r.random_range(20..1500),
            _ => r.random_range(20..=max),
        };
        n.min(max)
    }

    /// An IPv4 packet to somewhere in `vrf`, well-formed.
    pub(super) fn ip(&mut self, vrf: u16) -> Vec<u8> {
        let size = self.size();
        let dst = self.address(vrf);
        let mut h = Ipv4::new(0x0a00_0000 | self.random.random::<u32>() & 0xff_ffff, dst, PROTO_UDP);
        h.tos = self.random.random();
        h.id = self.random.random();
        h.df = self.random.random();
        if self.random.random_ratio(1, 20) {
            (h.mf, h.frag) = (self.random.random(), self.random.random_range(0..3));
        }
        h.ttl = if self.random.random_ratio(1, 25) {
            self.random.random_range(0..3)
        } else {
            self.random.random_range(2..=255)
        };
        self.fill(&mut h, size)
    }

    /// An IPv6 packet, for the host.
    fn ip6(&mut self) -> Vec<u8> {
        let size = self.size().max(40) - 40;
        let (next_header, dst) = (self.random.random(), self.random.random());
        let header = self.outer6(dst, next_header);
        header.build(&vec![0x36; size])
    }

    /// The packet of header `h` with a random payload, `size` bytes in all when that is possible.
    fn fill(&mut self, h: &mut Ipv4, size: usize) -> Vec<u8> {
        let room = size.saturating_sub(h.header_len());
        let data: Vec<u8> = (0..room).map(|_| self.random.random()).collect();
        match self.random.random_range(0..4) {
            0 if room >= 8 => {
                h.proto = PROTO_UDP;
                h.build(&udp(h.src, h.dst, self.random.random(), self.random.random(), &data[8..]))
            }
            1 if room >= 8 => {
                h.proto = PROTO_ICMP;
                h.build(&icmp_echo(false, 1, self.random.random(), &data[8..]))
            }
            2 => {
                h.proto = PROTO_TCP;
                h.build(&data)
            }
            _ => {
                // Any protocol but the two that the card looks into.
                h.proto = self.random.random_range(52..=255);
                h.build(&data)
            }
        }
    }

    /// Plain IPv4 on a port, sometimes with Ethernet padding.
    fn plain(&mut self) -> PortFrame {
        self.intent = "plain IP";
        let (port, _) = self.port();
        let vrf = self.tables.interfaces.get(&(port as u16)).map_or(0, |i| i.vrf);
        let ip = self.ip(vrf);
        let mut frame = self.frame_to_us(port, ETHERTYPE_IPV4, &ip);
        if self.random.random() {
            let padded =
                frame.len().max(60) + self.random.random_range(0..2) * self.random.random_range(0..40);
            frame.resize(padded.min(param::MAX_FRAME_BYTES), 0xa5);
        }
        (port, frame)
    }

    /// An MPLS frame: mostly labels that are installed, one or two entries.
    fn labelled(&mut self) -> PortFrame {
        self.intent = "MPLS";
        let (port, group) = self.port();
        let depth = pick(&mut self.random, &[1, 1, 1, 2, 2, 3, 5]);
        let mut stack: Vec<LabelEntry> = (0..depth).map(|_| self.entry(&group)).collect();
        stack[depth - 1].bottom = self.random.random_ratio(19, 20);
        let vrf = match self.tables.labels.get(&stack[depth.min(2) - 1].label) {
            Some(crate::model::LabelAction::PopVrf(vrf)) => *vrf,
            _ => pick(&mut self.random, &group.inner_vrfs),
        };
        let ip = self.ip(vrf);
        let ours = self.tables.interfaces.get(&(port as u16)).map_or(mac(2), |i| i.mac);
        let mut frame = mpls_frame(ours, random_mac(&mut self.random), &stack, &ip);
        if self.random.random() {
            frame.resize(frame.len().max(60), 0);
        }
        frame.truncate(param::MAX_FRAME_BYTES);
        (port, frame)
    }

    fn entry(&mut self, group: &Group) -> LabelEntry {
        let r = &mut self.random;
        let label = match r.random_range(0..40) {
            0 => r.random_range(0..16),
            1 => 0,
            2 => r.random_range(16..1 << 20),
            _ => pick(r, &group.labels),
        };
        let ttl = if r.random_ratio(1, 20) { r.random_range(0..3) } else { r.random() };
        LabelEntry { label, tc: r.random_range(0..8), bottom: r.random_ratio(1, 15), ttl }
    }

    /// An installed inbound SA that can be reached from a port. The port is random when none can.
    pub(super) fn reachable_sa(&mut self) -> Option<(usize, u16, SaIn)> {
        let (port, group) = self.port();
        let vrf = self.tables.interfaces.get(&(port as u16))?.vrf;
        let here: Vec<u16> =
            group.sas_in.iter().copied().filter(|i| self.tables.sas_in[i].fvrf == vrf).collect();
        if here.is_empty() {
            return None;
        }
        let index = pick(&mut self.random, &here);
        Some((port, index, self.tables.sas_in[&index].clone()))
    }

    /// A frame that carries `payload` in SA `sa`.
    pub(super) fn seal(&mut self, port: usize, sa: &SaIn, seq: u64, payload: &EspPayload) -> Vec<u8> {
        let iv = if self.random.random() { seq.to_be_bytes() } else { self.random.random() };
        let esp = sa.key.seal(sa.spi, seq, iv, payload);
        let (ethertype, mut packet) = match sa.dst {
            Address::V4(dst) if sa.udp => {
                (ETHERTYPE_IPV4, self.outer4(dst, PROTO_UDP).build(&self.in_udp(&esp)))
            }
            Address::V4(dst) => (ETHERTYPE_IPV4, self.outer4(dst, PROTO_ESP).build(&esp)),
            Address::V6(dst) => (ETHERTYPE_IPV6, self.outer6(dst, PROTO_ESP).build(&esp)),
        };
        if self.random.random_ratio(1, 10) {
            packet.extend_from_slice(&[0x77; 5]);
        }
        packet.truncate(param::MAX_FRAME_BYTES - 14);
        let frame = self.frame_to_us(port, ethertype, &packet);
        self.recent.push((port, frame.clone()));
        if self.recent.len() > 300 {
            self.recent.remove(0);
        }
        frame
    }

    /// An outer IPv4 header to `dst`.
    fn outer4(&mut self, dst: u32, proto: u8) -> Ipv4 {
        let r = &mut self.random;
        let header = Ipv4::new(r.random(), dst, proto);
        Ipv4 { tos: r.random(), ttl: r.random(), df: r.random(), id: r.random(), ..header }
    }

    /// An outer IPv6 header to `dst`.
    fn outer6(&mut self, dst: u128, next_header: u8) -> Ipv6 {
        let r = &mut self.random;
        let header = Ipv6::new(r.random(), dst, next_header);
        Ipv6 { tos: r.random(), hop_limit: r.random(), flow: r.random_range(0..1 << 20), ..header }
    }

    /// `payload` in UDP to our port for ESP, from behind any NAT, with a checksum that must not matter (RFC 3948 2.1)
    /// and mostly the right length.
    fn in_udp(&mut self, payload: &[u8]) -> Vec<u8> {
        let r = &mut self.random;
        let len = if r.random_ratio(1, 20) { r.random() } else { (8 + payload.len()) as u16 };
        let sport = if r.random() { 4500 } else { r.random() };
        let sum = if r.random() { 0 } else { r.random() };
        let mut datagram = vec![];
        for word in [sport, param::NATT_PORT as u16, len, sum] {
            datagram.extend_from_slice(&u16::to_be_bytes(word));
        }
        datagram.extend_from_slice(payload);
        datagram
    }

    /// What an SA carries: in tunnel mode an IP packet, in transport mode what follows an IP header; with its next
    /// header.
    pub(super) fn content(&mut self, sa: &SaIn) -> (Vec<u8>, u8) {
        if !sa.transport {
            return (self.ip(sa.ivrf), NEXT_IPV4);
        }
        let size = self.size() - 19;
        let next_header = match sa.selector.and_then(|s| s.proto) {
            Some(proto) if self.random.random_ratio(9, 10) => proto,
            _ => pick(&mut self.random, &[PROTO_UDP, PROTO_TCP, PROTO_ICMP, 47, NEXT_IPV4, NEXT_IPV6, 115]),
        };
        ((0..size).map(|_| self.random.random()).collect(), next_header)
    }

    /// A sequence number for the next good packet of an SA: the next one, a small jump, or a free one
    /// inside the window; now and then far ahead.
    fn good_seq(&mut self, index: u16, sa: &SaIn) -> u64 {
        let top = self.model.sa_in(index).expect("installed").seq_top;
        let max = if sa.key.esn { u64::MAX } else { u32::MAX.into() };
        match self.random.random_range(0..40) {
            0..4 => top.saturating_add(self.random.random_range(2..1500)).min(max),
            4..10 => top.saturating_sub(self.random.random_range(0..u64::from(sa.window.max(1)))).max(1),
            10 if sa.key.esn => {
                // Up to the largest step that can be inferred, and across the 2^32 boundary.
                (self.after_drain, self.drain_next) = (true, true);
                let step = self.random.random_range(1u64 << 30..(1 << 32) - 2000);
                top.saturating_add(step)
            }
            11 if top < max / 2 => {
                // Just below the boundary.
                (self.after_drain, self.drain_next) = (true, true);
                let edge = (top >> 32 << 32) + 0xffff_fff0;
                if edge > top && edge - top < (1 << 32) - 2000 {
                    edge
                } else {
                    top + 1
                }
            }
            _ => top.saturating_add(1).min(max),
        }
    }

    /// Good ESP.
    fn esp(&mut self) -> PortFrame {
        let Some((port, index, sa)) = self.reachable_sa() else { return self.plain() };
        self.intent = "ESP";
        let (mut inner, next_header) = self.content(&sa);
        if let (Some(selector), false, true) = (sa.selector, sa.transport, self.random.random_ratio(9, 10)) {
            steer(&mut inner, &selector);
        }
        let seq = self.good_seq(index, &sa);
        let payload = match self.random.random_range(0..10) {
            0 if !sa.transport => {
                // Traffic flow confidentiality (RFC 4303 2.7) and more padding than needed.
                let padded = inner.len() + self.random.random_range(0..300);
                inner.resize(padded.min(inner.len().max(9000)), 0xcc);
                EspPayload::new(&inner, NEXT_IPV4)
            }
            1 => {
                let least = (4 - (inner.len() + 2) % 4) % 4;
                EspPayload::with_padding(&inner, next_header, least + 4 * self.random.random_range(0..60))
            }
            2 if !sa.transport => EspPayload::new(&self.ip6(), NEXT_IPV6),
            _ => EspPayload::new(&inner, next_header),
        };
        (port, self.seal(port, &sa, seq, &payload))
    }

    /// Frames that the host has to handle.
    fn exception(&mut self) -> PortFrame {
        self.intent = "exception";
        let (port, group) = self.port();
        let mut h = Ipv4::new(self.random.random(), self.address(group.front_vrf), PROTO_UDP);
        let data: Vec<u8> = (0..self.random.random_range(0..200)).map(|_| self.random.random()).collect();
        let frame = match self.random.random_range(0..12) {
            9 => {
                // IKE beside ESP in UDP, a keepalive, and what is neither (RFC 3948 2.2, 2.3).
                h.dst = pick(&mut self.random, &group.gateways);
                let keepalive = self.random.random_ratio(1, 4);
                let mut datagram = if keepalive { vec![0xff] } else { [vec![0; 4], data].concat() };
                if self.random.random_ratio(1, 4) {
                    datagram.truncate(self.random.random_range(0..10));
                }
                let packet = h.build(&self.in_udp(&datagram));
                self.frame_to_us(port, ETHERTYPE_IPV4, &packet)
            }
            10 | 11 => {
                let next = pick(&mut self.random, &[0, 43, 44, 60, 135, 51, 50, 58, 6, 17, 59]);
                let dst = pick(&mut self.random, &group.gateways6);
                let packet = self.outer6(dst, next).build(&data);
                self.frame_to_us(port, ETHERTYPE_IPV6, &packet)
            }
            0 => self.frame_to_us(port, ETHERTYPE_ARP, &data),
            1 => self.frame_to_us(port, ETHERTYPE_IPV6, &data),
            2 => {
                let tag = pick(&mut self.random, &[ETHERTYPE_VLAN, ETHERTYPE_QINQ]);
                self.frame_to_us(port, tag, &data)
            }
            3 => {
                let any = self.random.random();
                self.frame_to_us(port, any, &data)
            }
            4 => {
                let group_mac = if self.random.random() { [0xff; 6] } else { [1, 0, 0x5e, 0, 0, 5] };
                let ethertype = pick(&mut self.random, &[ETHERTYPE_IPV4, ETHERTYPE_ARP, ETHERTYPE_VLAN]);
                ethernet(group_mac, random_mac(&mut self.random), ethertype, &h.build(&data))
            }
            5 => {
                h.options = vec![1; 4 * self.random.random_range(1..11)];
                self.frame_to_us(port, ETHERTYPE_IPV4, &h.build(&data))
            }
            6 => {
                h.proto = PROTO_AH;
                self.frame_to_us(port, ETHERTYPE_IPV4, &h.build(&data))
            }
            7 => {
                (h.proto, h.mf) = (PROTO_ESP, true);
                self.frame_to_us(port, ETHERTYPE_IPV4, &h.build(&data))
            }
            _ => {
                h.dst = pick(&mut self.random, &group.gateways);
                self.frame_to_us(port, ETHERTYPE_IPV4, &h.build(&data))
            }
        };
        (port, frame)
    }

    /// A packet from the host: to a port, or into a VRF when the host shares state with nobody else.
    fn host_packet(&mut self) -> Stimulus {
        self.intent = "from the host";
        if self.profile.both_ports || self.random.random() {
            let (port, _) = self.port();
            let size = self.size().max(14);
            let bytes = (0..size).map(|_| self.random.random()).collect();
            return Stimulus::Host { destination: HostDestination::Port(port), bytes };
        }
        let (_, group) = self.port();
        let vrf = pick(&mut self.random, &group.inner_vrfs);
        Stimulus::Host { destination: HostDestination::Route { vrf }, bytes: self.ip(vrf) }
    }
}

/// Moves a packet into a selector: addresses and protocol, checksum made right again.
fn steer(ip: &mut [u8], selector: &crate::model::Selector) {
    let mut put = |at: usize, prefix: crate::model::Prefix| {
        let old = u32::from_be_bytes([ip[at], ip[at + 1], ip[at + 2], ip[at + 3]]);
        let free = u32::MAX.checked_shr(prefix.len.into()).unwrap_or(0);
        ip[at..at + 4].copy_from_slice(&(prefix.addr & !free | old & free).to_be_bytes());
    };
    put(12, selector.src);
    put(16, selector.dst);
    ip[9] = selector.proto.unwrap_or(ip[9]);
    super::hostile::fix_checksum(ip);
}
