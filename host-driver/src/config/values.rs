// SPDX-License-Identifier: Apache-2.0
//! Values as users write them: MAC addresses, keys, protocols.

use zeroize::Zeroizing;

use super::model::Key;
use crate::tables::SALT_BYTES;

/// AES-GCM for ESP (RFC 4106): key and ICV length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Algorithm {
    key_bytes: usize,
    pub(super) icv_len: u8,
}

impl Algorithm {
    /// Reads a name as strongSwan writes it: `aes256gcm16`, or with the ICV in bits, `aes256gcm128`.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        const EXPECTED: &str = "expected aes128 or aes256 with gcm16, gcm12 or gcm8, such as aes256gcm16";
        let parts = text.strip_prefix("aes").and_then(|rest| rest.split_once("gcm"));
        let (bits, icv) = parts.ok_or_else(|| EXPECTED.to_owned())?;
        let icv_len = match icv {
            "8" | "64" => 8,
            "12" | "96" => 12,
            "16" | "128" => 16,
            _ => return Err(EXPECTED.into()),
        };
        match bits {
            "128" => Ok(Self { key_bytes: 16, icv_len }),
            "256" => Ok(Self { key_bytes: 32, icv_len }),
            "192" => Err(format!("AES-192 is not in the card; {EXPECTED}")),
            _ => Err(EXPECTED.into()),
        }
    }
}

/// Reads a unicast MAC address: six hexadecimal bytes with colons.
pub(super) fn mac(text: &str) -> Result<u64, String> {
    let expected = || "expected a unicast MAC address such as 02:00:00:00:00:01".to_owned();
    let parts: Vec<&str> = text.split(':').collect();
    if parts.len() != 6 || parts.iter().any(|part| part.len() != 2) {
        return Err(expected());
    }
    let mut value = 0;
    for part in parts {
        value = value << 8 | u64::from(u8::from_str_radix(part, 16).map_err(|_| expected())?);
    }
    if value >> 40 & 1 == 1 || value == 0 {
        return Err(expected());
    }
    Ok(value)
}

/// Reads key and salt in hexadecimal, as `ip xfrm` takes them: the AES key, then the 4 bytes of salt.
pub(super) fn key(text: &str, algorithm: Algorithm) -> Result<Key, String> {
    let digits = text.strip_prefix("0x").unwrap_or(text).as_bytes();
    let expected = 2 * (algorithm.key_bytes + SALT_BYTES);
    let format = format!(
        "expected {expected} hexadecimal digits: {} bytes of key and {SALT_BYTES} of salt, as `ip xfrm` takes them",
        algorithm.key_bytes
    );
    if digits.len() != expected {
        return Err(format!("has {} digits; {format}", digits.len()));
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(expected / 2));
    for pair in digits.chunks(2) {
        let nibble = |digit: u8| char::from(digit).to_digit(16).map(|value| value as u8);
        match (nibble(pair[0]), nibble(pair[1])) {
            (Some(high), Some(low)) => bytes.push(high << 4 | low),
            _ => return Err(format!("has characters that are no digits; {format}")),
        }
    }
    Ok(Key(bytes))
}

/// Reads the name of an IP protocol.
pub(super) fn protocol(text: &str) -> Result<u8, String> {
    match text {
        "any" => Ok(0),
        "icmp" => Ok(1),
        "tcp" => Ok(6),
        "udp" => Ok(17),
        "gre" => Ok(47),
        _ => Err("expected any, icmp, tcp, udp, gre or a protocol number".into()),
    }
}

/// What surrounds an inner packet on the wire.
#[derive(Clone, Copy, Debug)]
pub(super) struct Overhead {
    pub(super) transport: bool,
    pub(super) ipv6: bool,
    pub(super) udp: bool,
    pub(super) icv_len: u8,
}

impl Overhead {
    /// Largest inner packet whose ESP packet fits `mtu`: IP header, UDP header, ESP header and IV 16 bytes, ICV; payload,
    /// padding and 2 trailer bytes fill a multiple of 4. In transport mode the inner packet's header is the outer one.
    pub(super) fn inner_mtu(self, mtu: u16) -> u16 {
        let header = if self.ipv6 { 40 } else { 20 };
        let around = header + if self.udp { 8 } else { 0 } + 16 + u16::from(self.icv_len);
        let payload = (mtu.saturating_sub(around) & !3).saturating_sub(2);
        payload + if self.transport { header } else { 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_inner_packet_fits_and_one_byte_more_does_not() {
        for bits in 0..8 {
            let (transport, ipv6, udp) = (bits & 1 > 0, bits & 2 > 0, bits & 4 > 0);
            for icv_len in [8, 12, 16] {
                let overhead = Overhead { transport, ipv6, udp, icv_len };
                let header = if ipv6 { 40 } else { 20 };
                // RFC 4303 2: header, SPI and sequence 8, IV 8, payload with trailer to a multiple of 4, ICV.
                let wire = |inner: u16| {
                    let payload = if transport { inner - header } else { inner };
                    let udp = if udp { 8 } else { 0 };
                    header + udp + 16 + (payload + 2).next_multiple_of(4) + u16::from(icv_len)
                };
                for mtu in [576, 1280, 1499, 1500, 1501, 1502, 9000, 9202] {
                    let inner = overhead.inner_mtu(mtu);
                    assert!(wire(inner) <= mtu && wire(inner + 1) > mtu, "{overhead:?} {mtu}: {inner}");
                }
            }
        }
        assert_eq!(Overhead { transport: false, ipv6: false, udp: false, icv_len: 16 }.inner_mtu(1500), 1446);
    }

    #[test]
    fn algorithms_are_named_as_strongswan_does() {
        for (name, key_bytes, icv_len) in
            [("aes128gcm8", 16, 8), ("aes256gcm12", 32, 12), ("aes128gcm128", 16, 16), ("aes256gcm64", 32, 8)]
        {
            assert_eq!(Algorithm::parse(name), Ok(Algorithm { key_bytes, icv_len }));
        }
        for name in
            ["aes128", "aes128gcm", "aes128gcm4", "aes512gcm16", "gcm16", "aes256gmac", "AES128GCM16", ""]
        {
            assert!(Algorithm::parse(name).unwrap_err().starts_with("expected aes128 or aes256"), "{name}");
        }
        assert!(Algorithm::parse("aes192gcm16").unwrap_err().contains("AES-192 is not in the card"));
    }
}
