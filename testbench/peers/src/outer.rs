// SPDX-License-Identifier: Apache-2.0
//! The outer headers of ESP frames: what tests look at, and what a router or a NAT on the way changes.
//!
//! Nothing here is shared with the card's code or with the reference model.

use headend_testbench::packet::{
    checksum, ETHERTYPE_IPV4, ETHERTYPE_IPV6, ETHER_HEADER_BYTES, PROTO_ESP, PROTO_UDP,
};

/// UDP port of ESP in UDP (RFC 3948).
pub const NATT_PORT: u16 = 4500;

/// An ESP packet as it lies in a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outer {
    /// Over IPv6.
    pub ipv6: bool,
    /// TOS or traffic class.
    pub tos: u8,
    /// DF bit; `false` over IPv6.
    pub df: bool,
    /// TTL or hop limit.
    pub ttl: u8,
    /// Ports and checksum, when in UDP: source, destination, checksum.
    pub udp: Option<(u16, u16, u16)>,
    /// SPI.
    pub spi: u32,
    /// Sequence number field.
    pub seq: u32,
    /// Offset of the ESP header in the frame.
    pub esp_at: usize,
    /// Bytes of the ESP packet, ICV included.
    pub esp_bytes: usize,
}

fn be16(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

/// Where the IP header ends, whether it is IPv6, its protocol, and where the packet ends.
fn ip_header(frame: &[u8]) -> Option<(usize, bool, u8, usize)> {
    let at = ETHER_HEADER_BYTES;
    match be16(frame, 12)? {
        ETHERTYPE_IPV4 => {
            let header = usize::from(frame.get(at)? & 0xf) * 4;
            Some((at + header, false, *frame.get(at + 9)?, at + usize::from(be16(frame, at + 2)?)))
        }
        ETHERTYPE_IPV6 => {
            Some((at + 40, true, *frame.get(at + 6)?, at + 40 + usize::from(be16(frame, at + 4)?)))
        }
        _ => None,
    }
}

impl Outer {
    /// Reads a frame without VLAN tags; `None` when it holds no ESP.
    #[must_use]
    pub fn of(frame: &[u8]) -> Option<Self> {
        let (mut esp_at, ipv6, protocol, end) = ip_header(frame)?;
        let mut udp = None;
        if protocol == PROTO_UDP {
            let (source, destination) = (be16(frame, esp_at)?, be16(frame, esp_at + 2)?);
            if source != NATT_PORT && destination != NATT_PORT {
                return None;
            }
            udp = Some((source, destination, be16(frame, esp_at + 6)?));
            esp_at += 8;
        } else if protocol != PROTO_ESP {
            return None;
        }
        let ip = ETHER_HEADER_BYTES;
        let (tos, df, ttl) = if ipv6 {
            ((be16(frame, ip)? >> 4) as u8, false, frame[ip + 7])
        } else {
            (frame[ip + 1], frame[ip + 6] & 0x40 != 0, frame[ip + 8])
        };
        // A frame that ends before its packet does is no ESP packet.
        let esp_bytes = frame.get(esp_at..end)?.len();
        let (spi, seq) = (be32(frame, esp_at)?, be32(frame, esp_at + 4)?);
        // SPI 0 in UDP marks IKE (RFC 3948 2.2).
        (spi != 0).then_some(Self { ipv6, tos, df, ttl, udp, spi, seq, esp_at, esp_bytes })
    }
}

/// Writes an IPv4 header's checksum anew.
fn mend(frame: &mut [u8]) {
    let (start, end) =
        (ETHER_HEADER_BYTES, ETHER_HEADER_BYTES + usize::from(frame[ETHER_HEADER_BYTES] & 0xf) * 4);
    frame[start + 10..start + 12].fill(0);
    let sum = checksum(&frame[start..end]);
    frame[start + 10..start + 12].copy_from_slice(&sum.to_be_bytes());
}

/// Sets the ECN field of an ESP frame's outer header, as a congested router does; other frames stay as they are.
pub fn mark_ecn(frame: &mut [u8], ecn: u8) {
    let Some(outer) = Outer::of(frame) else { return };
    let ip = ETHER_HEADER_BYTES;
    if outer.ipv6 {
        frame[ip + 1] = frame[ip + 1] & !0x30 | (ecn & 3) << 4;
    } else {
        frame[ip + 1] = frame[ip + 1] & !3 | ecn & 3;
        mend(frame);
    }
}

/// Changes a port of ESP in UDP from `from` to `to`, as a NAT does: the source port on the way out of the private
/// network, the destination port on the way in.
pub fn translate_port(frame: &mut [u8], outwards: bool, from: u16, to: u16) {
    let Some(Outer { udp: Some((source, destination, _)), esp_at, .. }) = Outer::of(frame) else { return };
    let (port, at) = if outwards { (source, esp_at - 8) } else { (destination, esp_at - 6) };
    if port == from {
        frame[at..at + 2].copy_from_slice(&to.to_be_bytes());
    }
}

#[cfg(test)]
mod tests {
    use headend_testbench::packet::{addr, ethernet, mac, udp, Ipv4};

    use super::*;

    const ESP: [u8; 24] = [0, 0, 0x10, 1, 0, 0, 0, 7, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 9, 9, 9, 9, 9];

    fn bare() -> Vec<u8> {
        let header = Ipv4 { tos: 0xb8, ..Ipv4::new(addr(192, 0, 2, 1), addr(192, 0, 2, 2), PROTO_ESP) };
        let mut frame = ethernet(mac(1), mac(2), ETHERTYPE_IPV4, &header.build(&ESP));
        frame.extend_from_slice(&[0; 9]);
        frame
    }

    #[test]
    fn bare_esp_is_found_and_its_mark_keeps_the_checksum_right() {
        let mut frame = bare();
        let seen = Outer::of(&frame).unwrap();
        assert_eq!((seen.spi, seen.seq, seen.tos, seen.df, seen.esp_bytes), (0x1001, 7, 0xb8, true, 24));
        mark_ecn(&mut frame, 3);
        assert_eq!(Outer::of(&frame).unwrap().tos, 0xbb);
        assert_eq!(checksum(&frame[14..34]), 0);
        assert_eq!(Outer::of(&frame[..50]), None);
    }

    #[test]
    fn esp_over_ipv6_is_found_and_marked() {
        let mut packet = vec![0x6b, 0x80, 0, 0, 0, 24, PROTO_ESP, 33];
        packet.extend_from_slice(&[0; 32]);
        packet.extend_from_slice(&ESP);
        let mut frame = ethernet(mac(1), mac(2), ETHERTYPE_IPV6, &packet);
        let seen = Outer::of(&frame).unwrap();
        assert_eq!((seen.ipv6, seen.tos, seen.ttl, seen.esp_at), (true, 0xb8, 33, 54));
        mark_ecn(&mut frame, 3);
        assert_eq!(Outer::of(&frame).unwrap().tos, 0xbb);
    }

    #[test]
    fn a_nat_changes_one_port_each_way() {
        let (near, far) = (addr(192, 0, 2, 1), addr(192, 0, 2, 2));
        let datagram = udp(near, far, NATT_PORT, NATT_PORT, &ESP);
        let mut frame =
            ethernet(mac(1), mac(2), ETHERTYPE_IPV4, &Ipv4::new(near, far, PROTO_UDP).build(&datagram));
        translate_port(&mut frame, true, NATT_PORT, 31_000);
        let ports = |frame: &[u8]| {
            Outer::of(frame).unwrap().udp.map(|(source, destination, _)| (source, destination))
        };
        assert_eq!(ports(&frame), Some((31_000, 4500)));
        translate_port(&mut frame, false, 31_000, 4500);
        assert_eq!(ports(&frame), Some((31_000, 4500)), "another port stays");
        let dns = udp(near, far, 53, 53, &ESP);
        assert_eq!(
            Outer::of(&ethernet(mac(1), mac(2), ETHERTYPE_IPV4, &Ipv4::new(near, far, 17).build(&dns))),
            None
        );
    }
}
