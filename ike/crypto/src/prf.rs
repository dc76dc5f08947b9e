// SPDX-License-Identifier: Apache-2.0
//! Pseudorandom functions of IKEv2 (RFC 7296 2.13, RFC 4868) and the key stream prf+.

use aws_lc_rs::hmac;

use crate::{CryptoError, Secret};

/// A pseudorandom function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Prf {
    /// PRF_HMAC_SHA1.
    HmacSha1,
    /// PRF_HMAC_SHA2_256.
    HmacSha256,
    /// PRF_HMAC_SHA2_384.
    HmacSha384,
    /// PRF_HMAC_SHA2_512.
    HmacSha512,
}

impl Prf {
    /// By transform ID (type 2).
    pub fn from_id(id: u16) -> Option<Prf> {
        match id {
            2 => Some(Prf::HmacSha1),
            5 => Some(Prf::HmacSha256),
            6 => Some(Prf::HmacSha384),
            7 => Some(Prf::HmacSha512),
            _ => None,
        }
    }

    /// Output length in bytes, which is also the preferred key length.
    pub fn bytes(self) -> usize {
        match self {
            Prf::HmacSha1 => 20,
            Prf::HmacSha256 => 32,
            Prf::HmacSha384 => 48,
            Prf::HmacSha512 => 64,
        }
    }

    pub(crate) fn algorithm(self) -> hmac::Algorithm {
        match self {
            Prf::HmacSha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
            Prf::HmacSha256 => hmac::HMAC_SHA256,
            Prf::HmacSha384 => hmac::HMAC_SHA384,
            Prf::HmacSha512 => hmac::HMAC_SHA512,
        }
    }

    /// prf(key, parts\[0\] | parts\[1\] | ...).
    pub fn compute(self, key: &[u8], parts: &[&[u8]]) -> Secret {
        let mut context = hmac::Context::with_key(&hmac::Key::new(self.algorithm(), key));
        parts.iter().for_each(|part| context.update(part));
        Secret::new(context.sign().as_ref().to_vec())
    }

    /// prf+(key, seed), `bytes` long (RFC 7296 2.13).
    ///
    /// # Errors
    /// `Unsupported` when more than 255 blocks would be needed.
    pub fn plus(self, key: &[u8], seed: &[&[u8]], bytes: usize) -> Result<Secret, CryptoError> {
        if bytes > 255 * self.bytes() {
            return Err(CryptoError::Unsupported);
        }
        // One allocation: growing would leave copies of the key behind.
        let mut stream = Vec::with_capacity(bytes + self.bytes());
        let mut block = Secret::new(Vec::new());
        let mut number = 0_u8;
        while stream.len() < bytes {
            number += 1;
            let count = [number];
            let mut parts = vec![block.expose()];
            parts.extend_from_slice(seed);
            parts.push(&count);
            let next = self.compute(key, &parts);
            stream.extend_from_slice(next.expose());
            block = next;
        }
        let mut surplus = stream.split_off(bytes);
        zeroize::Zeroize::zeroize(&mut surplus);
        Ok(Secret::new(stream))
    }
}

#[cfg(test)]
mod tests {
    use ::hmac::{Hmac, KeyInit, Mac};
    use proptest::prelude::*;

    use super::*;

    /// RFC 4231 4.3 (test case 2).
    #[test]
    fn hmac_sha256_gives_the_published_value() {
        let got = Prf::HmacSha256.compute(b"Jefe", &[b"what do ya want ", b"for nothing?"]);
        let want = [
            0x5b, 0xdc, 0xc1, 0x46, 0xbf, 0x60, 0x75, 0x4e, 0x6a, 0x04, 0x24, 0x26, 0x08, 0x95, 0x75, 0xc7,
            0x5a, 0x00, 0x3f, 0x08, 0x9d, 0x27, 0x39, 0x83, 0x9d, 0xec, 0x58, 0xb9, 0x64, 0xec, 0x38, 0x43,
        ];
        assert_eq!(got.expose(), want);
    }

    fn independent<M: Mac + KeyInit>(key: &[u8], data: &[u8]) -> Vec<u8> {
        let mut mac = <M as KeyInit>::new_from_slice(key).expect("any length");
        mac.update(data);
        mac.finalize().into_bytes().to_vec()
    }

    proptest! {
        #[test]
        fn all_functions_agree_with_an_independent_implementation(
            key in prop::collection::vec(any::<u8>(), 0..200),
            data in prop::collection::vec(any::<u8>(), 0..200),
            cut in any::<prop::sample::Index>(),
        ) {
            let (head, tail) = data.split_at(cut.index(data.len() + 1));
            let of = |prf: Prf| prf.compute(&key, &[head, tail]).expose().to_vec();
            prop_assert_eq!(of(Prf::HmacSha256), independent::<Hmac<sha2::Sha256>>(&key, &data));
            prop_assert_eq!(of(Prf::HmacSha384), independent::<Hmac<sha2::Sha384>>(&key, &data));
            prop_assert_eq!(of(Prf::HmacSha512), independent::<Hmac<sha2::Sha512>>(&key, &data));
        }

        /// T1 = prf(K, S | 1), T2 = prf(K, T1 | S | 2), and so on, cut to length.
        #[test]
        fn prf_plus_is_the_chain_of_the_rfc(key in any::<[u8; 32]>(), seed in any::<[u8; 40]>(), bytes in 0_usize..300) {
            let mut stream = Vec::new();
            let mut block = Vec::new();
            for number in 1..=10_u8 {
                let mut data = block.clone();
                data.extend(seed);
                data.push(number);
                block = independent::<Hmac<sha2::Sha256>>(&key, &data);
                stream.extend(&block);
            }
            let got = Prf::HmacSha256.plus(&key, &[&seed[..7], &seed[7..]], bytes).expect("short enough");
            prop_assert_eq!(got.expose(), &stream[..bytes]);
        }
    }

    #[test]
    fn prf_plus_ends_after_255_blocks() {
        assert_eq!(Prf::HmacSha1.plus(b"k", &[b"s"], 255 * 20).map(|s| s.expose().len()), Ok(5_100));
        assert_eq!(Prf::HmacSha1.plus(b"k", &[b"s"], 255 * 20 + 1), Err(CryptoError::Unsupported));
    }
}
