// SPDX-License-Identifier: Apache-2.0
//! Where the card looks for an inbound SA: four rows of a cuckoo hash, and a stash.

use headend_regs::{param, SaHash};

/// CRC-32 (IEEE 802.3), reflected.
const CRC32: u32 = 0xedb8_8320;
/// CRC-32C (Castagnoli, RFC 3385), reflected.
const CRC32C: u32 = 0x82f6_3b78;

/// What identifies an inbound SA (RFC 4301 4.1): front-door VRF, protocol, SPI and outer destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SaKey {
    /// Front-door VRF.
    pub fvrf: u16,
    /// IP protocol, 50 for ESP.
    pub proto: u8,
    /// The destination is IPv6.
    pub ipv6: bool,
    /// SPI.
    pub spi: u32,
    /// Outer destination address; IPv4 in the low 32 bits.
    pub dst: u128,
}

impl SaKey {
    /// Key of an ESP SA over IPv4.
    #[must_use]
    pub fn esp4(fvrf: u16, spi: u32, dst: std::net::Ipv4Addr) -> Self {
        Self { fvrf, proto: 50, ipv6: false, spi, dst: u128::from(u32::from(dst)) }
    }

    /// Key of an ESP SA to an address of either family.
    #[must_use]
    pub fn esp(fvrf: u16, spi: u32, dst: std::net::IpAddr) -> Self {
        Self { fvrf, proto: 50, ipv6: dst.is_ipv6(), spi, dst: address_bits(dst) }
    }

    /// The key of a hash entry.
    #[must_use]
    pub fn of(entry: &SaHash) -> Self {
        Self { fvrf: entry.fvrf, proto: entry.proto, ipv6: entry.ipv6, spi: entry.spi, dst: entry.dst }
    }

    /// The hash entry that leads from this key to SA `sa`.
    #[must_use]
    pub fn entry(&self, sa: u16) -> SaHash {
        SaHash {
            valid: true,
            ipv6: self.ipv6,
            proto: self.proto,
            fvrf: self.fvrf,
            spi: self.spi,
            dst: self.dst,
            sa,
        }
    }

    /// The 24 bytes that the card hashes, little endian.
    fn bytes(&self) -> [u8; 24] {
        let mut bytes = [0; 24];
        bytes[0..2].copy_from_slice(&self.fvrf.to_le_bytes());
        bytes[2] = self.proto;
        bytes[3] = u8::from(self.ipv6);
        bytes[4..8].copy_from_slice(&self.spi.to_le_bytes());
        bytes[8..24].copy_from_slice(&self.dst.to_le_bytes());
        bytes
    }

    /// Table index of this key in each way.
    #[must_use]
    pub fn places(&self) -> [u32; param::SA_HASH_WAYS] {
        let bytes = self.bytes();
        let (a, b) = (crc(CRC32, &bytes), crc(CRC32C, &bytes));
        let rows = param::SA_HASH_ROWS as u32;
        let mut way = 0;
        [a & 0xffff, a >> 16, b & 0xffff, b >> 16].map(|hash| {
            way += 1;
            (way - 1) * rows + hash % rows
        })
    }
}

/// An address as records hold it: IPv4 in the low 32 bits.
#[must_use]
pub fn address_bits(address: std::net::IpAddr) -> u128 {
    match address {
        std::net::IpAddr::V4(address) => u128::from(u32::from(address)),
        std::net::IpAddr::V6(address) => u128::from(address),
    }
}

/// Index of the first stash entry.
pub const STASH: u32 = (param::SA_HASH_WAYS * param::SA_HASH_ROWS) as u32;
/// Entries of hash and stash.
pub const ENTRIES: u32 = STASH + param::SA_STASH_DEPTH as u32;

fn crc(poly: u32, bytes: &[u8]) -> u32 {
    let mut crc = !0;
    for &byte in bytes {
        crc ^= u32::from(byte);
        for _ in 0..8 {
            crc = crc >> 1 ^ if crc & 1 == 1 { poly } else { 0 };
        }
    }
    !crc
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crcs_have_their_published_check_values() {
        assert_eq!(crc(CRC32, b"123456789"), 0xcbf4_3926);
        assert_eq!(crc(CRC32C, b"123456789"), 0xe306_9283);
    }

    #[test]
    fn families_never_share_a_key() {
        // ::192.0.2.1 has the same 128 bits as 192.0.2.1.
        let four = SaKey::esp(3, 0x1001, "192.0.2.1".parse().unwrap());
        let six = SaKey::esp(3, 0x1001, "::192.0.2.1".parse().unwrap());
        assert_eq!((four, four.dst), (SaKey::esp4(3, 0x1001, [192, 0, 2, 1].into()), six.dst));
        assert!(four != six && four.places() != six.places() && six.entry(7).ipv6);
        let far = SaKey::esp(3, 0x1001, "2001:db8::1".parse().unwrap());
        assert_eq!(SaKey::of(&far.entry(7)).dst, 0x2001_0db8 << 96 | 1);
    }

    #[test]
    fn places_lie_in_their_ways() {
        for spi in 0..1000 {
            let places = SaKey::esp4(3, spi, [192, 0, 2, 1].into()).places();
            for (way, place) in places.iter().enumerate() {
                assert_eq!(*place as usize / param::SA_HASH_ROWS, way);
            }
        }
    }
}
