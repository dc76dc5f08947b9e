// SPDX-License-Identifier: Apache-2.0
//! Building frames, and a parser in software that the RTL one is compared with.

use headend_hdl_tests::Rng;
use headend_regs::{Meta, Parsed};

/// One MPLS label stack entry (RFC 3032).
pub(crate) fn entry(label: u32, tc: u32, bottom: bool, ttl: u32) -> u32 {
    label << 12 | tc << 9 | u32::from(bottom) << 8 | ttl
}

/// Internet checksum (RFC 1071) of a header whose checksum field is zero.
pub(crate) fn checksum(header: &[u8]) -> u16 {
    let mut sum: u32 = 0;
    for pair in header.chunks(2) {
        sum += u32::from(pair[0]) << 8 | u32::from(*pair.get(1).unwrap_or(&0));
    }
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}

/// An IPv4 packet under construction.
#[derive(Debug, Clone)]
pub(crate) struct Ipv4 {
    pub(crate) src: u32,
    pub(crate) dst: u32,
    pub(crate) proto: u8,
    pub(crate) ttl: u8,
    pub(crate) tos: u8,
    pub(crate) frag: u16,
    pub(crate) options: Vec<u8>,
    pub(crate) payload: Vec<u8>,
}

impl Ipv4 {
    pub(crate) fn new(src: u32, dst: u32, proto: u8, payload: Vec<u8>) -> Self {
        Self { src, dst, proto, ttl: 64, tos: 0, frag: 0, options: Vec::new(), payload }
    }

    /// The packet in wire order with a correct checksum.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let header = 20 + self.options.len();
        let total = (header + self.payload.len()) as u16;
        let mut b = vec![0x40 | (header / 4) as u8, self.tos];
        b.extend(total.to_be_bytes());
        b.extend([0x12, 0x34]);
        b.extend(self.frag.to_be_bytes());
        b.extend([self.ttl, self.proto, 0, 0]);
        b.extend(self.src.to_be_bytes());
        b.extend(self.dst.to_be_bytes());
        b.extend(&self.options);
        let sum = checksum(&b);
        b[10..12].copy_from_slice(&sum.to_be_bytes());
        b.extend(&self.payload);
        b
    }
}

/// An IPv6 packet without extension headers.
pub(crate) fn ipv6(src: u128, dst: u128, next: u8, payload: &[u8]) -> Vec<u8> {
    let mut b = vec![0x60, 0, 0, 0];
    b.extend((payload.len() as u16).to_be_bytes());
    b.extend([next, 64]);
    b.extend(src.to_be_bytes());
    b.extend(dst.to_be_bytes());
    b.extend(payload);
    b
}

/// An Ethernet frame: tags (EtherType, TCI), label stack entries, then `payload`.
pub(crate) fn ethernet(
    dmac: u64,
    tags: &[(u16, u16)],
    ethertype: u16,
    labels: &[u32],
    payload: &[u8],
) -> Vec<u8> {
    let mut b = dmac.to_be_bytes()[2..].to_vec();
    b.extend([2, 0, 0, 0, 0, 0x99]);
    for (kind, tci) in tags {
        b.extend(kind.to_be_bytes());
        b.extend(tci.to_be_bytes());
    }
    b.extend(ethertype.to_be_bytes());
    for label in labels {
        b.extend(label.to_be_bytes());
    }
    b.extend(payload);
    b
}

/// First 128 bytes of a packet, zero past its end.
pub(crate) fn window(packet: &[u8]) -> Vec<u8> {
    let mut w = packet[..packet.len().min(128)].to_vec();
    w.resize(128, 0);
    w
}

/// A random frame of a kind the parser knows, sometimes damaged; the second value is `starts_l3`.
pub(crate) fn random_packet(rng: &mut Rng) -> (Vec<u8>, bool) {
    let starts_l3 = rng.chance(25);
    let ip = random_ip(rng);
    let mut packet = if starts_l3 {
        ip
    } else {
        let tags: Vec<(u16, u16)> = (0..[0, 0, 0, 1, 2, 3][rng.below(6) as usize])
            .map(|_| ([0x8100, 0x88a8][rng.below(2) as usize], rng.next_u64() as u16))
            .collect();
        let depth = rng.below(6);
        let labels: Vec<u32> =
            (0..depth).map(|i| rng.next_u64() as u32 & !0x100 | u32::from(i + 1 == depth) << 8).collect();
        let (ethertype, labels) = match rng.below(8) {
            0 => (0x0806, vec![]),
            1 => (0x86dd, vec![]),
            2 => (rng.next_u64() as u16, vec![]),
            3 | 4 => (0x8847, labels),
            _ => (if ip[0] >> 4 == 6 { 0x86dd } else { 0x0800 }, vec![]),
        };
        ethernet(rng.next_u64() >> 16, &tags, ethertype, &labels, &ip)
    };
    if rng.chance(30) {
        packet.resize(packet.len() + rng.below(40) as usize, 0);
    }
    if rng.chance(25) {
        let at = rng.below(packet.len().min(90) as u64) as usize;
        packet[at] = rng.next_u64() as u8;
    }
    if rng.chance(20) {
        packet.truncate(1 + rng.below(packet.len() as u64) as usize);
    }
    (packet, starts_l3)
}

fn random_ip(rng: &mut Rng) -> Vec<u8> {
    let payload_len = [0, 3, 4, 7, 8, 9, 15, 16, 17, 40, 200, 1400][rng.below(12) as usize];
    let mut payload = rng.bytes(payload_len);
    if rng.chance(25) {
        let next = [6, 17, 50, 50, 50, 58, 51, 0, 43, 44, 60, 135][rng.below(12) as usize];
        let mut b = vec![0x60 | rng.below(16) as u8, rng.next_u64() as u8];
        b.extend(rng.bytes(2));
        b.extend((payload.len() as u16).to_be_bytes());
        b.extend([next, 64]);
        b.extend(rng.bytes(32));
        b.extend(payload);
        return b;
    }
    let natt = rng.chance(20);
    if natt && payload.len() >= 4 {
        payload[2..4].copy_from_slice(&4500u16.to_be_bytes());
    }
    if natt && payload.len() >= 12 && rng.chance(30) {
        payload[8..12].fill(0);
        payload[8 + rng.below(4) as usize] = [0, 0, 1, 128][rng.below(4) as usize];
    }
    let mut ip = Ipv4::new(rng.next_u64() as u32, rng.next_u64() as u32, 0, payload);
    ip.proto = if natt { 17 } else { [1, 6, 17, 50, 50, 51, 47][rng.below(7) as usize] };
    ip.ttl = rng.next_u64() as u8;
    ip.tos = rng.next_u64() as u8;
    if rng.chance(20) {
        ip.frag = rng.next_u64() as u16;
    }
    if rng.chance(20) {
        let len = 4 * rng.range(1, 10) as usize;
        ip.options = rng.bytes(len);
    }
    ip.bytes()
}

fn be16(b: &[u8]) -> u16 {
    u16::from_be_bytes([b[0], b[1]])
}

fn be32(b: &[u8]) -> u32 {
    u32::from_be_bytes([b[0], b[1], b[2], b[3]])
}

/// What the parser must find in `packet`, following the text of parse.sv.
pub(crate) fn parse(packet: &[u8], starts_l3: bool) -> Parsed {
    let w = window(packet);
    let mut p = Parsed::default();
    let mut at = 0;
    if !starts_l3 {
        p.dmac = w[..6].iter().fold(0, |a, b| a << 8 | u64::from(*b));
        p.mac_bcast = w[0] & 1 == 1;
        at = 12;
        while p.vlan_count < 2 && [0x8100, 0x88a8].contains(&be16(&w[at..])) {
            if p.vlan_count == 0 {
                p.vid0 = be16(&w[14..]) & 0xfff;
            }
            p.vlan_count += 1;
            at += 4;
        }
        p.ethertype = be16(&w[at..]);
        at += 2;
    }
    p.malformed = packet.len() < at;
    p.is_arp = p.ethertype == 0x0806;
    p.is_mpls = p.ethertype == 0x8847;

    let mut bottom = false;
    let mut labels = Vec::new();
    while p.is_mpls && !bottom && labels.len() < 4 && at + 4 <= packet.len() {
        labels.push(be32(&w[at..]));
        bottom = labels[labels.len() - 1] & 0x100 != 0;
        at += 4;
    }
    p.label_count = labels.len() as u8;
    p.stack_too_deep = labels.len() == 4 && !bottom;
    p.malformed |= p.is_mpls && !bottom && labels.len() < 4;
    labels.resize(4, 0);
    [p.label0, p.label1, p.label2, p.label3] = [labels[0], labels[1], labels[2], labels[3]];
    p.l3_off = at as u8;

    let nibble = w[at] >> 4;
    let by_nibble = starts_l3 || bottom;
    p.is_ipv4 = p.ethertype == 0x0800 || by_nibble && nibble == 4;
    p.is_ipv6 = p.ethertype == 0x86dd || by_nibble && nibble == 6;
    p.malformed |= by_nibble && !p.is_ipv4 && !p.is_ipv6;
    let ip = packet.get(at..).unwrap_or(&[]);
    if p.is_ipv4 {
        p.malformed |= !whole_ipv4(ip);
    }
    if p.is_ipv6 {
        p.malformed |= ip.len() < 40 || nibble != 6 || 40 + usize::from(be16(&ip[4..])) > ip.len();
    }
    if !p.malformed && p.is_ipv4 {
        ipv4_fields(&mut p, ip);
    }
    if !p.malformed && p.is_ipv6 {
        ipv6_fields(&mut p, ip);
    }
    p
}

fn whole_ipv4(ip: &[u8]) -> bool {
    if ip.len() < 20 || ip[0] >> 4 != 4 {
        return false;
    }
    let header = usize::from(ip[0] & 15) * 4;
    let total = usize::from(be16(&ip[2..]));
    header >= 20 && header <= ip.len() && total >= header && total <= ip.len()
}

fn ipv4_fields(p: &mut Parsed, ip: &[u8]) {
    let header = usize::from(ip[0] & 15) * 4;
    p.l4_off = p.l3_off + header as u8;
    p.ip_len = be16(&ip[2..]);
    p.tos = ip[1];
    p.ttl = ip[8];
    p.proto = ip[9];
    p.ip_csum = be16(&ip[10..]);
    p.src = be32(&ip[12..]).into();
    p.dst = be32(&ip[16..]).into();
    p.has_options = header > 20;
    p.df = ip[6] & 0x40 != 0;
    p.is_fragment = be16(&ip[6..]) & 0x3fff != 0;
    let mut zeroed = ip[..header].to_vec();
    zeroed[10..12].fill(0);
    // 0 and 0xffff are the same number in ones' complement
    p.csum_bad = checksum(&zeroed) != p.ip_csum && checksum(&ip[..header]) != 0;
    p.is_ah = p.proto == 51;
    p.ip_id = be16(&ip[4..]).into();
    let mut l4 = ip[header..].to_vec();
    l4.resize(l4.len().max(24), 0);
    let payload = usize::from(p.ip_len) - header;
    p.udp_encap =
        p.proto == 17 && !p.is_fragment && payload >= 16 && be16(&l4[2..]) == 4500 && be32(&l4[8..]) != 0;
    p.is_esp = p.proto == 50 && !p.is_fragment || p.udp_encap;
    if p.is_esp {
        let esp = if p.udp_encap { 8 } else { 0 };
        p.l4_off += esp as u8;
        p.spi = be32(&l4[esp..]);
        p.seq = be32(&l4[esp + 4..]);
    }
    if [6, 17].contains(&p.proto) && !p.is_fragment && usize::from(p.ip_len) >= header + 4 {
        p.sport = be16(&l4);
        p.dport = be16(&l4[2..]);
    }
}

fn ipv6_fields(p: &mut Parsed, ip: &[u8]) {
    p.l4_off = p.l3_off + 40;
    p.ip_len = 40 + be16(&ip[4..]);
    p.tos = (be16(ip) >> 4) as u8;
    p.proto = ip[6];
    p.ttl = ip[7];
    p.src = u128::from_be_bytes(ip[8..24].try_into().unwrap());
    p.dst = u128::from_be_bytes(ip[24..40].try_into().unwrap());
    p.ip_id = be32(ip) & 0xf_ffff;
    p.is_ah = p.proto == 51;
    p.is_esp = p.proto == 50;
    p.ip6_ext = [0, 43, 44, 60, 135].contains(&p.proto);
    if p.is_esp {
        let mut l4 = ip[40..].to_vec();
        l4.resize(l4.len().max(8), 0);
        p.spi = be32(&l4);
        p.seq = be32(&l4[4..]);
    }
    if [6, 17].contains(&p.proto) && p.ip_len >= 44 {
        p.sport = be16(&ip[40..]);
        p.dport = be16(&ip[42..]);
    }
}

/// `meta` with `parsed` as the parser would fill it for `packet`.
pub(crate) fn parsed_meta(meta: Meta, packet: &[u8]) -> Meta {
    Meta { parsed: parse(packet, meta.starts_l3), len: packet.len() as u16, ..meta }
}
