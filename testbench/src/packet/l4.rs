// SPDX-License-Identifier: Apache-2.0
//! UDP (RFC 768) and ICMP echo (RFC 792) payloads for IPv4.

use super::checksum;

/// Protocol number of ICMP.
pub const PROTO_ICMP: u8 = 1;
/// Protocol number of TCP.
pub const PROTO_TCP: u8 = 6;
/// Protocol number of UDP.
pub const PROTO_UDP: u8 = 17;
/// Protocol number of ESP.
pub const PROTO_ESP: u8 = 50;
/// Protocol number of AH.
pub const PROTO_AH: u8 = 51;

/// A UDP datagram with its checksum over the pseudo header of `src` and `dst`.
pub fn udp(src: u32, dst: u32, sport: u16, dport: u16, payload: &[u8]) -> Vec<u8> {
    let len = (8 + payload.len()) as u16;
    let mut d = Vec::with_capacity(len.into());
    d.extend_from_slice(&sport.to_be_bytes());
    d.extend_from_slice(&dport.to_be_bytes());
    d.extend_from_slice(&len.to_be_bytes());
    d.extend_from_slice(&[0, 0]);
    d.extend_from_slice(payload);
    let mut pseudo = Vec::with_capacity(12 + d.len());
    pseudo.extend_from_slice(&src.to_be_bytes());
    pseudo.extend_from_slice(&dst.to_be_bytes());
    pseudo.extend_from_slice(&[0, PROTO_UDP]);
    pseudo.extend_from_slice(&len.to_be_bytes());
    pseudo.extend_from_slice(&d);
    let sum = match checksum(&pseudo) {
        0 => 0xffff,
        s => s,
    };
    d[6..8].copy_from_slice(&sum.to_be_bytes());
    d
}

/// An ICMP echo request (or reply) with its checksum.
pub fn icmp_echo(reply: bool, id: u16, seq: u16, payload: &[u8]) -> Vec<u8> {
    let mut m = vec![if reply { 0 } else { 8 }, 0, 0, 0];
    m.extend_from_slice(&id.to_be_bytes());
    m.extend_from_slice(&seq.to_be_bytes());
    m.extend_from_slice(payload);
    let sum = checksum(&m);
    m[2..4].copy_from_slice(&sum.to_be_bytes());
    m
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packet::Ipv4;
    use etherparse::{PacketBuilder, SlicedPacket};

    #[test]
    fn udp_equals_what_etherparse_builds() {
        let payload = [1u8, 2, 3, 4, 5, 6, 7];
        let mut want = vec![];
        PacketBuilder::ipv4([10, 0, 0, 1], [10, 0, 0, 2], 64).udp(5, 6).write(&mut want, &payload).unwrap();
        let got =
            Ipv4::new(0x0a000001, 0x0a000002, PROTO_UDP).build(&udp(0x0a000001, 0x0a000002, 5, 6, &payload));
        assert_eq!(got, want);
    }

    #[test]
    fn icmp_echo_has_a_correct_checksum() {
        let p = Ipv4::new(1, 2, PROTO_ICMP).build(&icmp_echo(false, 7, 9, b"headend"));
        let s = SlicedPacket::from_ip(&p).unwrap();
        let Some(etherparse::TransportSlice::Icmpv4(icmp)) = s.transport else { panic!("not ICMP") };
        assert_eq!(icmp.header().icmp_type.calc_checksum(icmp.payload()), icmp.checksum());
        assert_eq!(icmp.payload(), b"headend");
    }
}
