// SPDX-License-Identifier: Apache-2.0
//! The cryptography of IKEv2, over AWS-LC.
//!
//! - [`prf`]: pseudorandom functions and prf+ (RFC 7296 2.13).
//! - [`dh`]: key exchange methods: MODP (RFC 2409, RFC 3526), ECP (RFC 5903), X25519 (RFC 8031).
//! - [`cipher`]: the encrypted payload: AEAD (RFC 5282, RFC 7634) and CBC with HMAC.
//!
//! Randomness comes from the caller ([`Random`]), so that an exchange can be replayed. Secrets are wiped when
//! dropped and have no `Debug` output.

mod bignum;
pub mod cipher;
pub mod dh;
pub mod prf;
mod primes;

use zeroize::{Zeroize, ZeroizeOnDrop};

/// Source of random bytes.
pub trait Random {
    /// Fills `bytes`.
    fn fill(&mut self, bytes: &mut [u8]);
}

/// Secret bytes: wiped when dropped, not printed.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Secret(Vec<u8>);

impl Secret {
    /// Takes the bytes over.
    pub fn new(bytes: Vec<u8>) -> Secret {
        Secret(bytes)
    }

    /// The bytes.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Secret({} bytes)", self.0.len())
    }
}

/// What can go wrong. Nothing here depends on secret data but [`CryptoError::Forged`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CryptoError {
    /// Algorithm or key length that is not implemented.
    #[error("algorithm or key length not implemented")]
    Unsupported,
    /// A peer's public value of the wrong length, outside the group, or of small order (RFC 6989).
    #[error("the peer's public value is not acceptable")]
    BadPublicValue,
    /// The integrity check failed, or the padding behind it is impossible.
    #[error("integrity check failed")]
    Forged,
    /// The library refused for lack of memory or an internal error.
    #[error("the cryptographic library failed")]
    Library,
}

#[cfg(test)]
pub(crate) mod testing {
    /// A repeatable source of bytes for tests (SplitMix64).
    pub(crate) struct TestRandom(pub(crate) u64);

    impl crate::Random for TestRandom {
        fn fill(&mut self, bytes: &mut [u8]) {
            for byte in bytes {
                self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
                let mut z = self.0;
                z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
                z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
                *byte = (z ^ (z >> 31)) as u8;
            }
        }
    }
}
