// SPDX-License-Identifier: Apache-2.0
//! ESP with AES-GCM (RFC 4303, RFC 4106), on top of the crate `aes-gcm`.

use aes_gcm::aead::inout::InOutBuf;
use aes_gcm::aead::{AeadInOut, KeyInit};
use aes_gcm::{Aes128Gcm, Aes256Gcm};

/// SPI and sequence number.
pub const ESP_HEADER_BYTES: usize = 8;
/// Explicit IV of RFC 4106 3.1.
pub const ESP_IV_BYTES: usize = 8;

/// Key material of one SA.
#[derive(Clone, PartialEq, Eq)]
pub struct EspKey {
    /// AES key, 16 or 32 bytes.
    pub key: Vec<u8>,
    /// Salt: the first four bytes of the nonce (RFC 4106 4).
    pub salt: [u8; 4],
    /// ICV length in bytes: 8, 12 or 16.
    pub icv_len: usize,
    /// Extended sequence numbers: the high half is authenticated but not sent (RFC 4303 2.2.1).
    pub esn: bool,
}

// Not derived: a failing test must not print keys by accident.
impl std::fmt::Debug for EspKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "EspKey(AES-{}, icv {}, esn {})", self.key.len() * 8, self.icv_len, self.esn)
    }
}

/// What ESP protects: the plaintext up to and including the ESP trailer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EspPayload {
    /// Inner packet, padding, pad length and next header.
    pub plaintext: Vec<u8>,
}

impl EspPayload {
    /// `inner` padded to a multiple of 4 bytes with 1, 2, 3 and so on (RFC 4303 2.4), then the trailer.
    pub fn new(inner: &[u8], next_header: u8) -> EspPayload {
        let pad = (4 - (inner.len() + 2) % 4) % 4;
        EspPayload::with_padding(inner, next_header, pad)
    }

    /// As [`EspPayload::new`], with `pad` padding bytes (at most 255), aligned or not.
    pub fn with_padding(inner: &[u8], next_header: u8, pad: usize) -> EspPayload {
        let mut plaintext = inner.to_vec();
        plaintext.extend((1..=pad).map(|n| n as u8));
        plaintext.push(pad as u8);
        plaintext.push(next_header);
        EspPayload { plaintext }
    }
}

impl EspKey {
    /// Additional authenticated data (RFC 4106 5): SPI, sequence number of 32 or 64 bits.
    pub fn aad(&self, spi: u32, seq: u64) -> Vec<u8> {
        let mut aad = spi.to_be_bytes().to_vec();
        match self.esn {
            true => aad.extend_from_slice(&seq.to_be_bytes()),
            false => aad.extend_from_slice(&(seq as u32).to_be_bytes()),
        }
        aad
    }

    /// Applies the keystream to `data` and returns the full 16-byte tag over the result.
    fn gcm(&self, iv: [u8; 8], aad: &[u8], data: &mut [u8]) -> [u8; 16] {
        let mut nonce = [0; 12];
        nonce[..4].copy_from_slice(&self.salt);
        nonce[4..].copy_from_slice(&iv);
        let buffer = InOutBuf::from(data);
        let tag =
            match self.key.len() {
                16 => Aes128Gcm::new_from_slice(&self.key)
                    .expect("the key has 16 bytes")
                    .encrypt_inout_detached(&nonce.into(), aad, buffer),
                32 => Aes256Gcm::new_from_slice(&self.key)
                    .expect("the key has 32 bytes")
                    .encrypt_inout_detached(&nonce.into(), aad, buffer),
                n => panic!("AES key of {n} bytes: expected 16 or 32"),
            };
        tag.expect("the packet is shorter than GCM's limit").into()
    }

    /// The ESP packet from SPI to ICV. `seq` is the 64-bit number; only its low half is sent.
    pub fn seal(&self, spi: u32, seq: u64, iv: [u8; 8], payload: &EspPayload) -> Vec<u8> {
        let mut data = payload.plaintext.clone();
        let tag = self.gcm(iv, &self.aad(spi, seq), &mut data);
        let mut p = spi.to_be_bytes().to_vec();
        p.extend_from_slice(&(seq as u32).to_be_bytes());
        p.extend_from_slice(&iv);
        p.extend_from_slice(&data);
        p.extend_from_slice(&tag[..self.icv_len]);
        p
    }

    /// Decrypts an ESP packet (SPI to ICV) whose 64-bit sequence number is `seq`. `None` when it is too
    /// short for IV and ICV, or when the ICV is wrong.
    ///
    /// The crate offers no 8-byte tags, so the tag is recomputed from the plaintext and compared here.
    pub fn open(&self, packet: &[u8], seq: u64) -> Option<EspPayload> {
        let overhead = ESP_HEADER_BYTES + ESP_IV_BYTES;
        let body = packet.get(overhead..packet.len().checked_sub(self.icv_len)?)?;
        let icv = &packet[packet.len() - self.icv_len..];
        let spi = u32::from_be_bytes(packet[..4].try_into().ok()?);
        let iv = packet[8..16].try_into().ok()?;
        let aad = self.aad(spi, seq);
        let mut plaintext = body.to_vec();
        self.gcm(iv, &aad, &mut plaintext);
        let mut again = plaintext.clone();
        let tag = self.gcm(iv, &aad, &mut again);
        (tag[..self.icv_len] == *icv).then_some(EspPayload { plaintext })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(bytes: usize, icv_len: usize, esn: bool) -> EspKey {
        EspKey { key: (0..bytes as u8).collect(), salt: [9, 8, 7, 6], icv_len, esn }
    }

    #[test]
    fn what_was_sealed_opens_again_and_nothing_else_does() {
        for bytes in [16, 32] {
            for icv in [8, 12, 16] {
                for esn in [false, true] {
                    let k = key(bytes, icv, esn);
                    let seq = 0x5_0000_0007;
                    let payload = EspPayload::new(b"some inner packet", 4);
                    let p = k.seal(0x1234, seq, [1; 8], &payload);
                    assert_eq!(k.open(&p, seq), Some(payload));
                    assert_eq!(k.open(&p, seq + (1 << 32)).is_none(), esn);
                    for at in 0..p.len() {
                        let mut bad = p.clone();
                        bad[at] ^= 0x10;
                        let seq =
                            seq & !0xffff_ffff | u64::from(u32::from_be_bytes(bad[4..8].try_into().unwrap()));
                        assert_eq!(k.open(&bad, seq), None, "byte {at}");
                    }
                }
            }
        }
    }

    #[test]
    fn padding_ends_on_four_bytes() {
        for n in 0..9 {
            let p = EspPayload::new(&vec![0xaa; n], 4).plaintext;
            let pad = p[p.len() - 2] as usize;
            assert_eq!(p.len() % 4, 0);
            assert!(pad < 4);
            assert_eq!(p.len(), n + pad + 2);
            assert_eq!(p[n..n + pad], [1, 2, 3][..pad]);
        }
    }

    #[test]
    fn short_packets_do_not_open() {
        let k = key(16, 16, false);
        let p = k.seal(1, 1, [0; 8], &EspPayload { plaintext: vec![] });
        assert_eq!(k.open(&p, 1), Some(EspPayload { plaintext: vec![] }));
        for n in 0..p.len() {
            assert_eq!(k.open(&p[..n], 1), None);
        }
    }
}
