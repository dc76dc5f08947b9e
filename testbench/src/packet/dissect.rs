// SPDX-License-Identifier: Apache-2.0
//! Taking a frame apart for people and for checks: what `make demo` prints and what tests assert on.

use super::{
    Ipv4, LabelEntry, Mac, ETHERTYPE_IPV4, ETHERTYPE_MPLS, ETHER_HEADER_BYTES, PROTO_ESP, PROTO_ICMP,
    PROTO_UDP,
};
use std::fmt;

/// The IPv4 packet inside a frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IpInfo {
    /// Header, without its lengths and checksum.
    pub header: Ipv4,
    /// What follows the header, cut to the packet's own length (Ethernet padding is not part of it).
    pub payload: Vec<u8>,
}

/// A frame taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dissection {
    /// Destination MAC address.
    pub dmac: Mac,
    /// Source MAC address.
    pub smac: Mac,
    /// EtherType.
    pub ethertype: u16,
    /// MPLS label stack, outermost first; empty without MPLS.
    pub labels: Vec<LabelEntry>,
    /// The IPv4 packet, if there is a well-formed one.
    pub ip: Option<IpInfo>,
}

impl Dissection {
    /// SPI and sequence number when the packet is ESP.
    pub fn esp(&self) -> Option<(u32, u32)> {
        let ip = self.ip.as_ref().filter(|ip| ip.header.proto == PROTO_ESP)?;
        let word = |at: usize| Some(u32::from_be_bytes(ip.payload.get(at..at + 4)?.try_into().ok()?));
        Some((word(0)?, word(4)?))
    }
}

/// Takes an Ethernet frame apart; `None` when it is shorter than an Ethernet header.
pub fn dissect(frame: &[u8]) -> Option<Dissection> {
    let dmac = frame.get(..6)?.try_into().ok()?;
    let smac = frame.get(6..12)?.try_into().ok()?;
    let ethertype = u16::from_be_bytes(frame.get(12..14)?.try_into().ok()?);
    let mut rest = &frame[ETHER_HEADER_BYTES..];
    let mut labels = vec![];
    if ethertype == ETHERTYPE_MPLS {
        while let Some(entry) = LabelEntry::from_bytes(rest) {
            rest = &rest[4..];
            labels.push(entry);
            if entry.bottom {
                break;
            }
        }
    }
    let bottom = labels.last().is_some_and(|e: &LabelEntry| e.bottom);
    let ip = if ethertype == ETHERTYPE_IPV4 || bottom { ipv4(rest) } else { None };
    Some(Dissection { dmac, smac, ethertype, labels, ip })
}

/// The IPv4 packet at the start of `b`, if its lengths agree with each other and with `b`.
fn ipv4(b: &[u8]) -> Option<IpInfo> {
    let header_len = usize::from(*b.first()? & 0xf) * 4;
    let be16 = |at: usize| Some(u16::from_be_bytes(b.get(at..at + 2)?.try_into().ok()?));
    let be32 = |at: usize| Some(u32::from_be_bytes(b.get(at..at + 4)?.try_into().ok()?));
    let total = usize::from(be16(2)?);
    if b[0] >> 4 != 4 || header_len < 20 || total < header_len || b.len() < total {
        return None;
    }
    let flags = be16(6)?;
    let header = Ipv4 {
        src: be32(12)?,
        dst: be32(16)?,
        proto: b[9],
        ttl: b[8],
        tos: b[1],
        id: be16(4)?,
        df: flags >> 14 & 1 == 1,
        mf: flags >> 13 & 1 == 1,
        frag: flags & 0x1fff,
        options: b[20..header_len].to_vec(),
    };
    Some(IpInfo { header, payload: b[header_len..total].to_vec() })
}

/// One line, outermost layer first, as an engineer reads it.
impl fmt::Display for Dissection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.labels.is_empty() && self.ip.is_none() {
            return write!(f, "ethertype {:#06x}", self.ethertype);
        }
        for e in &self.labels {
            write!(f, "[label {} tc {} ttl {}{}] ", e.label, e.tc, e.ttl, if e.bottom { " S" } else { "" })?;
        }
        let Some(ip) = &self.ip else { return write!(f, "not IPv4") };
        let h = &ip.header;
        write!(f, "{} > {} ", Dotted(h.src), Dotted(h.dst))?;
        match (h.proto, self.esp(), ip.payload.first()) {
            (_, Some((spi, seq)), _) => write!(f, "ESP spi {spi:#010x} seq {seq}")?,
            (PROTO_ICMP, _, Some(8)) => write!(f, "ICMP echo request")?,
            (PROTO_ICMP, _, Some(0)) => write!(f, "ICMP echo reply")?,
            (PROTO_ICMP, _, _) => write!(f, "ICMP")?,
            (PROTO_UDP, _, _) => write!(f, "UDP")?,
            (p, _, _) => write!(f, "protocol {p}")?,
        }
        write!(f, " ttl {} len {}", h.ttl, h.header_len() + ip.payload.len())
    }
}

/// An IPv4 address in dotted form.
struct Dotted(u32);

impl fmt::Display for Dotted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d] = self.0.to_be_bytes();
        write!(f, "{a}.{b}.{c}.{d}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packet::{addr, ethernet, icmp_echo, mac, mpls_frame};

    #[test]
    fn labelled_ping_is_taken_apart() {
        let h = Ipv4::new(addr(10, 1, 1, 2), addr(10, 2, 2, 2), PROTO_ICMP);
        let stack = [
            LabelEntry { label: 702, tc: 0, bottom: false, ttl: 63 },
            LabelEntry { label: 498, tc: 0, bottom: true, ttl: 63 },
        ];
        let p = h.build(&icmp_echo(false, 1, 2, &[0; 10]));
        let mut frame = mpls_frame(mac(1), mac(2), &stack, &p);
        frame.extend_from_slice(&[0; 7]);
        let d = dissect(&frame).unwrap();
        assert_eq!(d.labels, stack);
        assert_eq!(d.ip.as_ref().unwrap().header, h);
        assert_eq!(d.ip.as_ref().unwrap().payload.len(), 18);
        assert_eq!(
            d.to_string(),
            "[label 702 tc 0 ttl 63] [label 498 tc 0 ttl 63 S] 10.1.1.2 > 10.2.2.2 ICMP echo request ttl 64 len 38"
        );
    }

    #[test]
    fn spi_and_sequence_are_found() {
        let mut esp = vec![0, 0, 0x12, 0x34, 0, 0, 0, 9];
        esp.extend_from_slice(&[0; 24]);
        let f = ethernet(mac(1), mac(2), ETHERTYPE_IPV4, &Ipv4::new(1, 2, PROTO_ESP).build(&esp));
        assert_eq!(dissect(&f).unwrap().esp(), Some((0x1234, 9)));
    }

    #[test]
    fn every_prefix_of_a_frame_is_survived() {
        let stack = [LabelEntry { label: 1, tc: 0, bottom: true, ttl: 1 }];
        let f = mpls_frame(mac(1), mac(2), &stack, &Ipv4::new(1, 2, 1).build(&[8; 30]));
        for n in 0..f.len() {
            assert_eq!(dissect(&f[..n]).is_none(), n < 14);
        }
    }
}
