// SPDX-License-Identifier: Apache-2.0
//! IPv6 headers (RFC 8200), and addresses of either family.

use std::fmt;

/// Bytes of an IPv6 header without extension headers.
pub const IPV6_HEADER_BYTES: usize = 40;

/// An IPv4 or IPv6 address as a number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Address {
    /// 32 bits.
    V4(u32),
    /// 128 bits.
    V6(u128),
}

impl Address {
    /// Whether it is an IPv6 address.
    pub fn is_v6(self) -> bool {
        matches!(self, Address::V6(_))
    }

    /// The number; an IPv4 address fills the low 32 bits.
    pub fn number(self) -> u128 {
        match self {
            Address::V4(a) => a.into(),
            Address::V6(a) => a,
        }
    }
}

impl From<u32> for Address {
    fn from(a: u32) -> Address {
        Address::V4(a)
    }
}

impl From<u128> for Address {
    fn from(a: u128) -> Address {
        Address::V6(a)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::V4(a) => std::net::Ipv4Addr::from(*a).fmt(f),
            Address::V6(a) => std::net::Ipv6Addr::from(*a).fmt(f),
        }
    }
}

/// An IPv6 header; the payload length is filled in by [`Ipv6::build`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ipv6 {
    /// Source address.
    pub src: u128,
    /// Destination address.
    pub dst: u128,
    /// Type of what follows.
    pub next_header: u8,
    /// Hop limit.
    pub hop_limit: u8,
    /// Traffic class: DSCP (high six bits) and ECN (low two).
    pub tos: u8,
    /// Flow label, 20 bits.
    pub flow: u32,
}

impl Ipv6 {
    /// A header with hop limit 64, everything else zero.
    pub fn new(src: u128, dst: u128, next_header: u8) -> Ipv6 {
        Ipv6 { src, dst, next_header, hop_limit: 64, tos: 0, flow: 0 }
    }

    /// The packet: header with the right length, then `payload`.
    pub fn build(&self, payload: &[u8]) -> Vec<u8> {
        let first = 6 << 28 | u32::from(self.tos) << 20 | self.flow & 0xf_ffff;
        let mut p = Vec::with_capacity(IPV6_HEADER_BYTES + payload.len());
        p.extend_from_slice(&first.to_be_bytes());
        p.extend_from_slice(&(payload.len() as u16).to_be_bytes());
        p.push(self.next_header);
        p.push(self.hop_limit);
        p.extend_from_slice(&self.src.to_be_bytes());
        p.extend_from_slice(&self.dst.to_be_bytes());
        p.extend_from_slice(payload);
        p
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn built_headers_agree_with_etherparse() {
        let h = Ipv6 { hop_limit: 9, tos: 0xb9, flow: 0xf_1234, ..Ipv6::new(5, 1 << 127 | 7, 50) };
        let p = h.build(&[1, 2, 3]);
        let (ip, rest) = etherparse::Ipv6Header::from_slice(&p).unwrap();
        assert_eq!((ip.traffic_class, ip.flow_label.value(), ip.payload_length), (0xb9, 0xf_1234, 3));
        assert_eq!((ip.next_header.0, ip.hop_limit), (50, 9));
        assert_eq!((u128::from_be_bytes(ip.source), u128::from_be_bytes(ip.destination)), (h.src, h.dst));
        assert_eq!(rest, [1, 2, 3]);
    }
}
