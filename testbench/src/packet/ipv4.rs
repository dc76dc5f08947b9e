// SPDX-License-Identifier: Apache-2.0
//! IPv4 headers (RFC 791) and the Internet checksum (RFC 1071, RFC 1624).

/// The address a.b.c.d as the number that the tables use.
pub fn addr(a: u8, b: u8, c: u8, d: u8) -> u32 {
    u32::from_be_bytes([a, b, c, d])
}

/// Internet checksum of `bytes` (RFC 1071): 0 when they contain a correct checksum. An odd last byte
/// counts as the high half of a word.
pub fn checksum(bytes: &[u8]) -> u16 {
    let mut sum: u64 = 0;
    for pair in bytes.chunks(2) {
        let low = if pair.len() == 2 { pair[1] } else { 0 };
        sum += u64::from(u16::from_be_bytes([pair[0], low]));
    }
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}

/// The checksum field after one 16-bit word changed from `old` to `new`, by equation 3 of RFC 1624:
/// `HC' = ~(~HC + ~m + m')`. Unlike a fresh computation it keeps a wrong checksum wrong.
pub fn checksum_adjust(field: u16, old: u16, new: u16) -> u16 {
    let mut sum = u32::from(!field) + u32::from(!old) + u32::from(new);
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}

/// An IPv4 header; lengths and checksum are filled in by [`Ipv4::build`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ipv4 {
    /// Source address.
    pub src: u32,
    /// Destination address.
    pub dst: u32,
    /// Protocol number.
    pub proto: u8,
    /// Time to live.
    pub ttl: u8,
    /// DSCP (high six bits) and ECN (low two).
    pub tos: u8,
    /// Identification.
    pub id: u16,
    /// Don't fragment.
    pub df: bool,
    /// More fragments.
    pub mf: bool,
    /// Fragment offset in units of 8 bytes, 13 bits.
    pub frag: u16,
    /// Options, padded to a multiple of 4 bytes by the caller, at most 40.
    pub options: Vec<u8>,
}

impl Ipv4 {
    /// A header with TTL 64 and DF set, everything else zero.
    pub fn new(src: u32, dst: u32, proto: u8) -> Ipv4 {
        Ipv4 { src, dst, proto, ttl: 64, tos: 0, id: 0, df: true, mf: false, frag: 0, options: vec![] }
    }

    /// Bytes of the header.
    pub fn header_len(&self) -> usize {
        20 + self.options.len()
    }

    /// The packet: header with correct lengths and checksum, then `payload`.
    pub fn build(&self, payload: &[u8]) -> Vec<u8> {
        let total = self.header_len() + payload.len();
        let flags = u16::from(self.df) << 14 | u16::from(self.mf) << 13 | self.frag & 0x1fff;
        let mut p = Vec::with_capacity(total);
        p.push(0x40 | (self.header_len() / 4) as u8);
        p.push(self.tos);
        p.extend_from_slice(&(total as u16).to_be_bytes());
        p.extend_from_slice(&self.id.to_be_bytes());
        p.extend_from_slice(&flags.to_be_bytes());
        p.push(self.ttl);
        p.push(self.proto);
        p.extend_from_slice(&[0, 0]);
        p.extend_from_slice(&self.src.to_be_bytes());
        p.extend_from_slice(&self.dst.to_be_bytes());
        p.extend_from_slice(&self.options);
        let sum = checksum(&p);
        p[10..12].copy_from_slice(&sum.to_be_bytes());
        p.extend_from_slice(payload);
        p
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksum_of_the_example_in_rfc_1071() {
        // Section 3: the words 0001 f203 f4f5 f6f7 sum to ddf2.
        assert_eq!(checksum(&[0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]), !0xddf2);
    }

    #[test]
    fn adjusting_follows_the_example_in_rfc_1624() {
        // Section 4: HC = dd2f, m = 5555, m' = 3285 gives 0000, where equation 2 would give ffff.
        assert_eq!(checksum_adjust(0xdd2f, 0x5555, 0x3285), 0x0000);
    }

    #[test]
    fn built_headers_agree_with_etherparse() {
        let mut h = Ipv4::new(addr(10, 1, 2, 3), addr(10, 4, 5, 6), 17);
        h.tos = 0xb8;
        h.id = 0x1234;
        h.options = vec![1, 1, 1, 0];
        let p = h.build(&[1, 2, 3, 4, 5]);
        let (ip, rest) = etherparse::Ipv4Header::from_slice(&p).unwrap();
        assert_eq!(ip.header_checksum, ip.calc_header_checksum());
        assert_eq!((ip.total_len, ip.time_to_live, ip.protocol.0), (29, 64, 17));
        assert_eq!((ip.source, ip.destination), ([10, 1, 2, 3], [10, 4, 5, 6]));
        assert!(ip.dont_fragment);
        assert_eq!(rest, [1, 2, 3, 4, 5]);
    }
}
