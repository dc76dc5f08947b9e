// SPDX-License-Identifier: Apache-2.0
//! Protection of the encrypted payload: AEAD (RFC 5282, RFC 7634), or AES-CBC with HMAC over the whole message
//! (RFC 7296 3.14).
//!
//! The body of the payload is IV, ciphertext, integrity check value (ICV). What is encrypted is the payloads,
//! padding, and the length of the padding in one byte.

use std::ptr::NonNull;

use aws_lc_rs::{constant_time, hmac};
use aws_lc_sys as lc;
use zeroize::Zeroizing;

use crate::{CryptoError, Secret};

/// A cipher for the encrypted payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cipher {
    /// AES-GCM with a key of `key_bits` and an ICV of `icv` bytes (8, 12, 16).
    AesGcm {
        /// Key length in bits.
        key_bits: u16,
        /// ICV length in bytes.
        icv: u8,
    },
    /// ChaCha20-Poly1305.
    ChaCha20Poly1305,
    /// AES-CBC and an integrity algorithm.
    AesCbc {
        /// Key length in bits.
        key_bits: u16,
        /// Integrity algorithm.
        integrity: Integrity,
    },
}

/// An integrity algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Integrity {
    /// AUTH_HMAC_SHA1_96.
    HmacSha1,
    /// AUTH_HMAC_SHA2_256_128.
    HmacSha256,
    /// AUTH_HMAC_SHA2_384_192.
    HmacSha384,
    /// AUTH_HMAC_SHA2_512_256.
    HmacSha512,
}

impl Integrity {
    /// By transform ID (type 3).
    pub fn from_id(id: u16) -> Option<Integrity> {
        match id {
            2 => Some(Integrity::HmacSha1),
            12 => Some(Integrity::HmacSha256),
            13 => Some(Integrity::HmacSha384),
            14 => Some(Integrity::HmacSha512),
            _ => None,
        }
    }

    /// Key length in bytes.
    pub fn key_bytes(self) -> usize {
        match self {
            Integrity::HmacSha1 => 20,
            Integrity::HmacSha256 => 32,
            Integrity::HmacSha384 => 48,
            Integrity::HmacSha512 => 64,
        }
    }

    /// ICV length in bytes: the first part of the HMAC.
    pub fn icv_bytes(self) -> usize {
        match self {
            Integrity::HmacSha1 => 12,
            Integrity::HmacSha256 => 16,
            Integrity::HmacSha384 => 24,
            Integrity::HmacSha512 => 32,
        }
    }

    fn algorithm(self) -> hmac::Algorithm {
        match self {
            Integrity::HmacSha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
            Integrity::HmacSha256 => hmac::HMAC_SHA256,
            Integrity::HmacSha384 => hmac::HMAC_SHA384,
            Integrity::HmacSha512 => hmac::HMAC_SHA512,
        }
    }
}

/// AEAD salt, from the end of the key material (RFC 5282 4, RFC 7634 2).
const SALT_BYTES: usize = 4;
const AES_BLOCK: usize = 16;

impl Cipher {
    /// By transform IDs of types 1 and 3 and the key length in bits.
    pub fn from_ids(encryption: u16, key_bits: Option<u16>, integrity: Option<u16>) -> Option<Cipher> {
        let aes = key_bits.filter(|bits| [128, 192, 256].contains(bits));
        let alone = integrity.is_none_or(|id| id == 0);
        match (encryption, aes) {
            (18, Some(key_bits)) if alone => Some(Cipher::AesGcm { key_bits, icv: 8 }),
            (19, Some(key_bits)) if alone => Some(Cipher::AesGcm { key_bits, icv: 12 }),
            (20, Some(key_bits)) if alone => Some(Cipher::AesGcm { key_bits, icv: 16 }),
            (28, _) if alone && key_bits.is_none() => Some(Cipher::ChaCha20Poly1305),
            (12, Some(key_bits)) => {
                integrity.and_then(Integrity::from_id).map(|integrity| Cipher::AesCbc { key_bits, integrity })
            }
            _ => None,
        }
    }

    /// Bytes of SK_e: key, for AEAD with the salt.
    pub fn encryption_key_bytes(self) -> usize {
        match self {
            Cipher::AesGcm { key_bits, .. } => usize::from(key_bits) / 8 + SALT_BYTES,
            Cipher::ChaCha20Poly1305 => 32 + SALT_BYTES,
            Cipher::AesCbc { key_bits, .. } => usize::from(key_bits) / 8,
        }
    }

    /// Bytes of SK_a; 0 for AEAD.
    pub fn integrity_key_bytes(self) -> usize {
        match self {
            Cipher::AesCbc { integrity, .. } => integrity.key_bytes(),
            _ => 0,
        }
    }

    /// Bytes of the IV.
    pub fn iv_bytes(self) -> usize {
        match self {
            Cipher::AesCbc { .. } => AES_BLOCK,
            _ => 8,
        }
    }

    fn icv_bytes(self) -> usize {
        match self {
            Cipher::AesGcm { icv, .. } => icv.into(),
            Cipher::ChaCha20Poly1305 => 16,
            Cipher::AesCbc { integrity, .. } => integrity.icv_bytes(),
        }
    }

    /// Padding for `payload_bytes`: none for AEAD, up to the block for CBC.
    fn padding(self, payload_bytes: usize) -> usize {
        match self {
            Cipher::AesCbc { .. } => (AES_BLOCK - (payload_bytes + 1) % AES_BLOCK) % AES_BLOCK,
            _ => 0,
        }
    }

    /// Length of the body for `payload_bytes` of payloads, in bytes. It has to be known before sealing, because
    /// the lengths in the headers are authenticated.
    pub fn body_bytes(self, payload_bytes: usize) -> usize {
        self.iv_bytes() + payload_bytes + self.padding(payload_bytes) + 1 + self.icv_bytes()
    }
}

/// A cipher with the keys of one direction.
pub struct Protection {
    cipher: Cipher,
    keys: Keys,
}

enum Keys {
    Aead { context: Aead, salt: [u8; SALT_BYTES] },
    Cbc { key: Secret, integrity: Box<hmac::Key> },
}

impl Protection {
    /// Takes SK_e and SK_a of one direction.
    ///
    /// # Errors
    /// `Unsupported` when a key has not the length that the cipher wants.
    pub fn new(cipher: Cipher, encryption: &[u8], integrity: &[u8]) -> Result<Protection, CryptoError> {
        if encryption.len() != cipher.encryption_key_bytes()
            || integrity.len() != cipher.integrity_key_bytes()
        {
            return Err(CryptoError::Unsupported);
        }
        let keys = match cipher {
            Cipher::AesCbc { integrity: algorithm, .. } => Keys::Cbc {
                key: Secret::new(encryption.to_vec()),
                integrity: Box::new(hmac::Key::new(algorithm.algorithm(), integrity)),
            },
            _ => {
                let (key, salt_bytes) = encryption.split_at(encryption.len() - SALT_BYTES);
                let mut salt = [0; SALT_BYTES];
                salt.copy_from_slice(salt_bytes);
                Keys::Aead { context: Aead::new(cipher, key)?, salt }
            }
        };
        Ok(Protection { cipher, keys })
    }

    /// The cipher.
    pub fn cipher(&self) -> Cipher {
        self.cipher
    }

    /// The body of an encrypted payload. `prefix` is the message up to the body, with the lengths that
    /// [`Cipher::body_bytes`] gives. `iv` has [`Cipher::iv_bytes`] bytes; for AEAD it must never repeat under a
    /// key (a counter is right), for CBC it must not be predictable.
    ///
    /// # Errors
    /// `Unsupported` for an IV of the wrong length, `Library` when the library fails.
    pub fn seal(&self, prefix: &[u8], iv: &[u8], payloads: &[u8]) -> Result<Vec<u8>, CryptoError> {
        if iv.len() != self.cipher.iv_bytes() {
            return Err(CryptoError::Unsupported);
        }
        let padding = self.cipher.padding(payloads.len());
        let mut plaintext = Zeroizing::new(Vec::with_capacity(payloads.len() + padding + 1));
        plaintext.extend_from_slice(payloads);
        plaintext.resize(payloads.len() + padding, 0);
        plaintext.push(padding as u8);
        let mut body = iv.to_vec();
        match &self.keys {
            Keys::Aead { context, salt } => {
                body.extend(context.seal(&nonce(salt, iv), prefix, &plaintext)?)
            }
            Keys::Cbc { key, integrity } => {
                body.extend(cbc_encrypt(key.expose(), iv, &plaintext)?);
                let icv = mac(integrity, prefix, &body);
                body.extend_from_slice(&icv.as_ref()[..self.cipher.icv_bytes()]);
            }
        }
        Ok(body)
    }

    /// The payloads of an encrypted payload, after its integrity check.
    ///
    /// # Errors
    /// `Forged` for a body that is too short, altered, or padded in an impossible way.
    pub fn open(&self, prefix: &[u8], body: &[u8]) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
        let (iv_bytes, icv_bytes) = (self.cipher.iv_bytes(), self.cipher.icv_bytes());
        if body.len() < iv_bytes + icv_bytes + 1 {
            return Err(CryptoError::Forged);
        }
        let (iv, rest) = body.split_at(iv_bytes);
        let mut plaintext = match &self.keys {
            Keys::Aead { context, salt } => context.open(&nonce(salt, iv), prefix, rest)?,
            Keys::Cbc { key, integrity } => {
                let (covered, icv) = body.split_at(body.len() - icv_bytes);
                let wanted = mac(integrity, prefix, covered);
                constant_time::verify_slices_are_equal(&wanted.as_ref()[..icv_bytes], icv)
                    .map_err(|_| CryptoError::Forged)?;
                let ciphertext = &covered[iv_bytes..];
                if ciphertext.is_empty() || !ciphertext.len().is_multiple_of(AES_BLOCK) {
                    return Err(CryptoError::Forged);
                }
                cbc_decrypt(key.expose(), iv, ciphertext)?
            }
        };
        let padding = usize::from(plaintext.pop().ok_or(CryptoError::Forged)?);
        let payload_bytes = plaintext.len().checked_sub(padding).ok_or(CryptoError::Forged)?;
        plaintext.truncate(payload_bytes);
        Ok(plaintext)
    }
}

fn nonce(salt: &[u8; SALT_BYTES], iv: &[u8]) -> [u8; 12] {
    let mut nonce = [0; 12];
    nonce[..SALT_BYTES].copy_from_slice(salt);
    nonce[SALT_BYTES..].copy_from_slice(iv);
    nonce
}

fn mac(key: &hmac::Key, prefix: &[u8], body: &[u8]) -> hmac::Tag {
    let mut context = hmac::Context::with_key(key);
    context.update(prefix);
    context.update(body);
    context.sign()
}

/// A context of the library's AEAD interface, which unlike `aws_lc_rs::aead` has ICVs of 8 and 12 bytes.
struct Aead {
    context: NonNull<lc::EVP_AEAD_CTX>,
    icv_bytes: usize,
}

impl Aead {
    fn new(cipher: Cipher, key: &[u8]) -> Result<Aead, CryptoError> {
        let icv_bytes = cipher.icv_bytes();
        // SAFETY: the functions return pointers to constants; key pointer and length are those of a live slice,
        // and the library checks that the algorithm takes them.
        let context = unsafe {
            let algorithm = match cipher {
                Cipher::AesGcm { key_bits: 128, .. } => lc::EVP_aead_aes_128_gcm(),
                Cipher::AesGcm { key_bits: 192, .. } => lc::EVP_aead_aes_192_gcm(),
                Cipher::AesGcm { key_bits: 256, .. } => lc::EVP_aead_aes_256_gcm(),
                Cipher::ChaCha20Poly1305 => lc::EVP_aead_chacha20_poly1305(),
                _ => return Err(CryptoError::Unsupported),
            };
            lc::EVP_AEAD_CTX_new(algorithm, key.as_ptr(), key.len(), icv_bytes)
        };
        let context = NonNull::new(context).ok_or(CryptoError::Unsupported)?;
        Ok(Aead { context, icv_bytes })
    }

    fn seal(&self, nonce: &[u8; 12], aad: &[u8], plaintext: &[u8]) -> Result<Vec<u8>, CryptoError> {
        let mut out = vec![0; plaintext.len() + self.icv_bytes];
        let mut written = 0;
        // SAFETY: all pointers and lengths are those of live slices, `out` overlaps none of them, and the
        // library writes at most `out.len()` bytes.
        let done = unsafe {
            lc::EVP_AEAD_CTX_seal(
                self.context.as_ptr(),
                out.as_mut_ptr(),
                &mut written,
                out.len(),
                nonce.as_ptr(),
                nonce.len(),
                plaintext.as_ptr(),
                plaintext.len(),
                aad.as_ptr(),
                aad.len(),
            )
        };
        if done == 1 && written == out.len() {
            Ok(out)
        } else {
            Err(CryptoError::Library)
        }
    }

    fn open(&self, nonce: &[u8; 12], aad: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
        let mut out = Zeroizing::new(vec![0; sealed.len()]);
        let mut written = 0;
        // SAFETY: as in `seal`.
        let done = unsafe {
            lc::EVP_AEAD_CTX_open(
                self.context.as_ptr(),
                out.as_mut_ptr(),
                &mut written,
                out.len(),
                nonce.as_ptr(),
                nonce.len(),
                sealed.as_ptr(),
                sealed.len(),
                aad.as_ptr(),
                aad.len(),
            )
        };
        if done == 1 {
            out.truncate(written);
            Ok(out)
        } else {
            Err(CryptoError::Forged)
        }
    }
}

impl Drop for Aead {
    fn drop(&mut self) {
        // SAFETY: we own the context and free it once; the library wipes the key.
        unsafe { lc::EVP_AEAD_CTX_free(self.context.as_ptr()) }
    }
}

// SAFETY: the context has no tie to a thread, and sealing and opening do not change it.
unsafe impl Send for Aead {}
// SAFETY: as above: all uses through a shared reference only read the context.
unsafe impl Sync for Aead {}

/// An AES key schedule, wiped when dropped.
struct Schedule(Box<lc::AES_KEY>);

impl Schedule {
    fn new(
        key: &[u8],
        expand: unsafe extern "C" fn(
            *const u8,
            std::os::raw::c_uint,
            *mut lc::AES_KEY,
        ) -> std::os::raw::c_int,
    ) -> Result<Schedule, CryptoError> {
        // SAFETY: AES_KEY is an array of words and a count, for which all-zero bytes are a value.
        let mut schedule = Schedule(Box::new(unsafe { std::mem::zeroed() }));
        // SAFETY: the key pointer covers `key.len() * 8` bits and the schedule is ours to write.
        let failed = unsafe { expand(key.as_ptr(), key.len() as u32 * 8, &mut *schedule.0) };
        if failed == 0 {
            Ok(schedule)
        } else {
            Err(CryptoError::Unsupported)
        }
    }
}

impl Drop for Schedule {
    fn drop(&mut self) {
        // SAFETY: the box is ours; all-zero bytes are a value of AES_KEY; the library's cleanse is not elided.
        unsafe { lc::OPENSSL_cleanse((&raw mut *self.0).cast(), std::mem::size_of::<lc::AES_KEY>()) }
    }
}

fn cbc_encrypt(key: &[u8], iv: &[u8], plaintext: &[u8]) -> Result<Vec<u8>, CryptoError> {
    let schedule = Schedule::new(key, lc::AES_set_encrypt_key)?;
    let mut out = vec![0; plaintext.len()];
    cbc(&schedule, iv, plaintext, &mut out, lc::AES_ENCRYPT)?;
    Ok(out)
}

fn cbc_decrypt(key: &[u8], iv: &[u8], ciphertext: &[u8]) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
    let schedule = Schedule::new(key, lc::AES_set_decrypt_key)?;
    let mut out = Zeroizing::new(vec![0; ciphertext.len()]);
    cbc(&schedule, iv, ciphertext, &mut out, lc::AES_DECRYPT)?;
    Ok(out)
}

fn cbc(
    schedule: &Schedule,
    iv: &[u8],
    from: &[u8],
    to: &mut [u8],
    direction: i32,
) -> Result<(), CryptoError> {
    let mut chain: [u8; AES_BLOCK] = iv.try_into().map_err(|_| CryptoError::Unsupported)?;
    if from.len() != to.len() || !from.len().is_multiple_of(AES_BLOCK) {
        return Err(CryptoError::Unsupported);
    }
    // SAFETY: `from` and `to` are live, do not overlap and have the same length, a multiple of the block; the
    // chaining value has one block.
    unsafe {
        lc::AES_cbc_encrypt(
            from.as_ptr(),
            to.as_mut_ptr(),
            from.len(),
            &*schedule.0,
            chain.as_mut_ptr(),
            direction,
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use aes_gcm::aead::{Aead as _, KeyInit, Payload};
    use proptest::prelude::*;

    use super::*;

    fn ciphers() -> Vec<Cipher> {
        let mut all = vec![Cipher::ChaCha20Poly1305];
        for key_bits in [128, 192, 256] {
            all.extend([8, 12, 16].map(|icv| Cipher::AesGcm { key_bits, icv }));
            let integrities =
                [Integrity::HmacSha1, Integrity::HmacSha256, Integrity::HmacSha384, Integrity::HmacSha512];
            all.extend(integrities.map(|integrity| Cipher::AesCbc { key_bits, integrity }));
        }
        all
    }

    fn protection(cipher: Cipher) -> Protection {
        let key: Vec<u8> = (0..cipher.encryption_key_bytes() as u8).collect();
        Protection::new(cipher, &key, &vec![0x5a; cipher.integrity_key_bytes()]).expect("right lengths")
    }

    #[test]
    fn transforms_name_ciphers() {
        assert_eq!(Cipher::from_ids(20, Some(256), None), Some(Cipher::AesGcm { key_bits: 256, icv: 16 }));
        assert_eq!(Cipher::from_ids(18, Some(128), Some(0)), Some(Cipher::AesGcm { key_bits: 128, icv: 8 }));
        assert_eq!(Cipher::from_ids(28, None, None), Some(Cipher::ChaCha20Poly1305));
        assert!(matches!(
            Cipher::from_ids(12, Some(192), Some(14)),
            Some(Cipher::AesCbc { key_bits: 192, .. })
        ));
        for (encryption, bits, integrity) in [
            (20, None, None),
            (20, Some(100), None),
            (20, Some(256), Some(12)),
            (12, Some(256), None),
            (3, None, None),
        ] {
            assert_eq!(Cipher::from_ids(encryption, bits, integrity), None);
        }
    }

    /// RFC 3602 4, case 2: AES-128-CBC of 32 bytes.
    #[test]
    fn cbc_gives_the_published_ciphertext() {
        let key = 0xc286_696d_887c_9aa0_611b_bb3e_2025_a45a_u128.to_be_bytes();
        let iv = 0x562e_1799_6d09_3d28_ddb3_ba69_5a2e_6f58_u128.to_be_bytes();
        let plaintext: Vec<u8> = (0..32).collect();
        let mut want = 0xd296_cd94_c2cc_cf8a_3a86_3028_b5e1_dc0a_u128.to_be_bytes().to_vec();
        want.extend(0x7586_602d_253c_fff9_1b82_66be_a6d6_1ab1_u128.to_be_bytes());
        assert_eq!(cbc_encrypt(&key, &iv, &plaintext).expect("sealed"), want);
        assert_eq!(*cbc_decrypt(&key, &iv, &want).expect("opened"), plaintext);
    }

    proptest! {
        #[test]
        fn what_is_sealed_opens_and_nothing_else_does(
            index in any::<prop::sample::Index>(),
            payloads in prop::collection::vec(any::<u8>(), 0..100),
            iv in any::<[u8; 16]>(),
            prefix in prop::collection::vec(any::<u8>(), 1..60),
            at in any::<prop::sample::Index>(),
            flip in 1_u8..,
        ) {
            let cipher = ciphers()[index.index(ciphers().len())];
            let protection = protection(cipher);
            let body = protection.seal(&prefix, &iv[..cipher.iv_bytes()], &payloads).expect("sealed");
            prop_assert_eq!(body.len(), cipher.body_bytes(payloads.len()));
            prop_assert_eq!(&*protection.open(&prefix, &body).expect("opened"), &payloads);

            let mut altered = body.clone();
            let place = at.index(body.len());
            altered[place] ^= flip;
            prop_assert_eq!(protection.open(&prefix, &altered), Err(CryptoError::Forged));
            let mut other = prefix.clone();
            let place = at.index(prefix.len());
            other[place] ^= flip;
            prop_assert_eq!(protection.open(&other, &body), Err(CryptoError::Forged));
            prop_assert_eq!(protection.open(&prefix, &body[..at.index(body.len())]), Err(CryptoError::Forged));
        }

        #[test]
        fn gcm_agrees_with_an_independent_implementation(
            key in any::<[u8; 36]>(),
            iv in any::<[u8; 8]>(),
            payloads in prop::collection::vec(any::<u8>(), 0..100),
            prefix in prop::collection::vec(any::<u8>(), 0..60),
        ) {
            let cipher = Cipher::AesGcm { key_bits: 256, icv: 16 };
            let protection = Protection::new(cipher, &key, &[]).expect("right lengths");
            let sealed = protection.seal(&prefix, &iv, &payloads).expect("sealed");
            let oracle = aes_gcm::Aes256Gcm::new_from_slice(&key[..32]).expect("key");
            let nonce: [u8; 12] = [&key[32..], &iv[..]].concat().try_into().expect("12 bytes");
            let plaintext = [&payloads[..], &[0]].concat();
            let want = oracle.encrypt(&nonce.into(), Payload { msg: &plaintext, aad: &prefix }).expect("sealed");
            prop_assert_eq!(&sealed[..8], &iv);
            prop_assert_eq!(&sealed[8..], &want);
        }
    }

    #[test]
    fn a_pad_length_longer_than_the_plaintext_is_refused() {
        let protection = protection(Cipher::AesGcm { key_bits: 128, icv: 16 });
        let Keys::Aead { context, salt } = &protection.keys else { unreachable!("an AEAD") };
        let mut body = vec![0; 8];
        body.extend(context.seal(&nonce(salt, &[0; 8]), b"prefix", &[1, 2, 3, 4]).expect("sealed"));
        assert_eq!(protection.open(b"prefix", &body), Err(CryptoError::Forged));
    }
}
