// SPDX-License-Identifier: Apache-2.0
//! Values as users write them: MAC addresses, keys, protocols.

use zeroize::Zeroizing;

use super::model::Key;
use crate::tables::SALT_BYTES;

/// An ESP algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Algorithm {
    Aes128Gcm16,
    Aes256Gcm16,
}

impl Algorithm {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        match text {
            "aes128gcm16" => Ok(Self::Aes128Gcm16),
            "aes256gcm16" => Ok(Self::Aes256Gcm16),
            _ => Err("expected aes128gcm16 or aes256gcm16".into()),
        }
    }

    fn key_bytes(self) -> usize {
        match self {
            Self::Aes128Gcm16 => 16,
            Self::Aes256Gcm16 => 32,
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
    let expected = 2 * (algorithm.key_bytes() + SALT_BYTES);
    let format = format!(
        "expected {expected} hexadecimal digits: {} bytes of key and {SALT_BYTES} of salt, as `ip xfrm` takes them",
        algorithm.key_bytes()
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

/// Largest inner IPv4 packet whose ESP tunnel packet (AES-GCM, 16-byte ICV) fits `mtu`: outer header 20, ESP header 8,
/// IV 8 and ICV 16 bytes; payload, padding and 2 trailer bytes fill a multiple of 4.
pub(super) fn inner_mtu(mtu: u16) -> u16 {
    (mtu.saturating_sub(52) & !3).saturating_sub(2)
}
