// SPDX-License-Identifier: Apache-2.0
//! Key material of an SA record: the powers of the GHASH key H that the card's multipliers need.
//!
//! H = AES_K(0^128) (NIST SP 800-38D 6.4). Multiplication is in GF(2^128) with GCM's bit order: the first bit of a
//! block, the most significant bit of byte 0, is the coefficient of x^0.

use aes::cipher::{Block, BlockCipherEncrypt, KeyInit};
use headend_regs::GcmKey;
use zeroize::Zeroize;

/// Bytes of the salt that follows an AES-GCM key (RFC 4106 4).
pub const SALT_BYTES: usize = 4;

/// Makes the key material of an SA from an AES key of 16 or 32 bytes and its salt; `latency` is the card's GHASH
/// multiplier latency L. `None` when the key has another length.
#[must_use]
pub fn gcm_key(key: &[u8], salt: [u8; SALT_BYTES], latency: u32) -> Option<GcmKey> {
    let mut block = Block::<aes::Aes256>::default();
    match key.len() {
        16 => aes::Aes128::new_from_slice(key).ok()?.encrypt_block(&mut block),
        32 => aes::Aes256::new_from_slice(key).ok()?.encrypt_block(&mut block),
        _ => return None,
    }
    let mut h: [u8; 16] = block.into();
    let mut material = GcmKey { salt, aes256: key.len() == 32, icv_len: 16, ..Default::default() };
    material.key[..key.len()].copy_from_slice(key);
    material.h1 = h;
    material.h2 = multiply(&h, &h);
    material.h3 = multiply(&material.h2, &h);
    material.h4 = multiply(&material.h3, &h);
    material.hfb = power(&h, 4 * latency);
    h.zeroize();
    Some(material)
}

/// `base` to the power of `exponent`, by squaring.
fn power(base: &[u8; 16], mut exponent: u32) -> [u8; 16] {
    // The field's one: coefficient of x^0 only.
    let mut result = [0; 16];
    result[0] = 0x80;
    let mut square = *base;
    while exponent > 0 {
        if exponent & 1 == 1 {
            result = multiply(&result, &square);
        }
        square = multiply(&square, &square);
        exponent >>= 1;
    }
    square.zeroize();
    result
}

/// Product in GCM's field, without branches on the operands (SP 800-38D 6.3, algorithm 1).
fn multiply(x: &[u8; 16], y: &[u8; 16]) -> [u8; 16] {
    const R: u128 = 0xe1 << 120;
    let x = u128::from_be_bytes(*x);
    let mut v = u128::from_be_bytes(*y);
    let mut z = 0u128;
    for bit in (0..128).rev() {
        z ^= v & 0u128.wrapping_sub(x >> bit & 1);
        v = v >> 1 ^ R & 0u128.wrapping_sub(v & 1);
    }
    z.to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(hex: &str) -> [u8; 16] {
        u128::from_str_radix(hex, 16).unwrap().to_be_bytes()
    }

    #[test]
    fn powers_match_published_values() {
        // GCM specification (McGrew, Viega), test case 2: H, and X1 = C1 * H, whose sum with the lengths block times H
        // is GHASH(H, {}, C).
        let material = gcm_key(&[0; 16], [0; 4], 1).unwrap();
        assert_eq!(material.h1, block("66e94bd4ef8a2c3b884cfa59ca342b2e"));
        let x1 = multiply(&block("0388dace60b6a392f328c2b971b2fe78"), &material.h1);
        assert_eq!(x1, block("5e2ec746917062882c85b0685353deb7"));
        let sum = u128::from_be_bytes(x1) ^ 0x80;
        let ghash = multiply(&sum.to_be_bytes(), &material.h1);
        assert_eq!(ghash, block("f38cbb1ad69223dcc3457ae5b6b0f885"));
    }

    #[test]
    fn aes256_h_matches_test_case_13() {
        let material = gcm_key(&[0; 32], [0; 4], 1).unwrap();
        assert_eq!(material.h1, block("dc95c078a2408989ad48a21492842087"));
        assert!(material.aes256 && material.icv_len == 16);
    }

    #[test]
    fn powers_are_products() {
        let key: Vec<u8> = (0..32).collect();
        let m = gcm_key(&key, [1, 2, 3, 4], 3).unwrap();
        assert_eq!(m.h2, multiply(&m.h1, &m.h1));
        assert_eq!(m.h4, multiply(&m.h2, &m.h2));
        assert_eq!(m.h3, multiply(&m.h1, &m.h2));
        assert_eq!(m.hfb, multiply(&m.h4, &multiply(&m.h4, &m.h4)));
        assert_eq!(power(&m.h1, 1), m.h1);
        assert_eq!(gcm_key(&key, [1, 2, 3, 4], 1).unwrap().hfb, m.h4);
    }

    #[test]
    fn other_key_lengths_are_refused() {
        assert!(gcm_key(&[0; 24], [0; 4], 1).is_none());
        assert!(gcm_key(&[], [0; 4], 1).is_none());
    }
}
