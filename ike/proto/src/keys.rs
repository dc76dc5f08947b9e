// SPDX-License-Identifier: Apache-2.0
//! Key derivation (RFC 7296 2.14, 2.17, 2.18) and what an AUTH payload proves (2.15).

use headend_ike_crypto::cipher::Cipher;
use headend_ike_crypto::prf::Prf;
use headend_ike_crypto::{CryptoError, Secret};

/// The two sides' nonces and SPIs, which all keys of an IKE SA depend on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameters<'a> {
    /// Nonce of the initiator of the exchange.
    pub nonce_i: &'a [u8],
    /// Nonce of the responder.
    pub nonce_r: &'a [u8],
    /// SPI of the new IKE SA's initiator.
    pub spi_i: u64,
    /// SPI of its responder.
    pub spi_r: u64,
}

/// Keys of an IKE SA (RFC 7296 2.14).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IkeKeys {
    /// Child keys and the next IKE SA come from this one.
    pub sk_d: Secret,
    /// Integrity, initiator to responder; empty with an AEAD.
    pub sk_ai: Secret,
    /// Integrity, responder to initiator; empty with an AEAD.
    pub sk_ar: Secret,
    /// Encryption, initiator to responder, with the salt of an AEAD at its end.
    pub sk_ei: Secret,
    /// Encryption, responder to initiator.
    pub sk_er: Secret,
    /// AUTH payload of the initiator.
    pub sk_pi: Secret,
    /// AUTH payload of the responder.
    pub sk_pr: Secret,
}

impl IkeKeys {
    /// Keys of a first IKE SA: SKEYSEED = prf(Ni | Nr, g^ir).
    ///
    /// # Errors
    /// `Unsupported` when prf+ would need more than 255 blocks.
    pub fn first(
        prf: Prf,
        cipher: Cipher,
        shared: &Secret,
        with: &Parameters<'_>,
    ) -> Result<IkeKeys, CryptoError> {
        let nonces = Secret::new([with.nonce_i, with.nonce_r].concat());
        IkeKeys::expand(prf, cipher, &prf.compute(nonces.expose(), &[shared.expose()]), with)
    }

    /// Keys of an IKE SA that replaces one: SKEYSEED = prf(SK_d (old), g^ir | Ni | Nr), with the old SA's PRF
    /// (RFC 7296 2.18).
    ///
    /// # Errors
    /// As [`IkeKeys::first`].
    pub fn rekeyed(
        old: (Prf, &Secret),
        prf: Prf,
        cipher: Cipher,
        shared: &Secret,
        with: &Parameters<'_>,
    ) -> Result<IkeKeys, CryptoError> {
        let (old_prf, sk_d) = old;
        let seed = old_prf.compute(sk_d.expose(), &[shared.expose(), with.nonce_i, with.nonce_r]);
        IkeKeys::expand(prf, cipher, &seed, with)
    }

    fn expand(
        prf: Prf,
        cipher: Cipher,
        seed: &Secret,
        with: &Parameters<'_>,
    ) -> Result<IkeKeys, CryptoError> {
        let (a, e, p) = (cipher.integrity_key_bytes(), cipher.encryption_key_bytes(), prf.bytes());
        let lengths = [p, a, a, e, e, p, p];
        let (spi_i, spi_r) = (with.spi_i.to_be_bytes(), with.spi_r.to_be_bytes());
        let parts = [with.nonce_i, with.nonce_r, &spi_i[..], &spi_r[..]];
        let stream = prf.plus(seed.expose(), &parts, lengths.iter().sum())?;
        let [sk_d, sk_ai, sk_ar, sk_ei, sk_er, sk_pi, sk_pr] = cut(&stream, lengths);
        Ok(IkeKeys { sk_d, sk_ai, sk_ar, sk_ei, sk_er, sk_pi, sk_pr })
    }
}

/// Key material of a pair of Child SAs (RFC 7296 2.17): first that of packets from the exchange's initiator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChildKeys {
    /// Initiator to responder.
    pub initiator: Secret,
    /// Responder to initiator.
    pub responder: Secret,
}

impl ChildKeys {
    /// KEYMAT = prf+(SK_d, \[g^ir |\] Ni | Nr), `bytes` for each direction: for AES-GCM the key and then 4 bytes
    /// of salt (RFC 4106 8.1). `shared` is there when the exchange had KE payloads of its own.
    ///
    /// # Errors
    /// `Unsupported` when prf+ would need more than 255 blocks.
    pub fn derive(
        prf: Prf,
        sk_d: &Secret,
        shared: Option<&Secret>,
        nonces: (&[u8], &[u8]),
        bytes: usize,
    ) -> Result<ChildKeys, CryptoError> {
        let shared = shared.map_or(&[][..], Secret::expose);
        let stream = prf.plus(sk_d.expose(), &[shared, nonces.0, nonces.1], 2 * bytes)?;
        let [initiator, responder] = cut(&stream, [bytes, bytes]);
        Ok(ChildKeys { initiator, responder })
    }
}

fn cut<const N: usize>(stream: &Secret, lengths: [usize; N]) -> [Secret; N] {
    let mut at = 0;
    lengths.map(|length| {
        at += length;
        Secret::new(stream.expose()[at - length..at].to_vec())
    })
}

/// What a side signs: its first message, the other side's nonce, and its identity under its SK_p (RFC 7296
/// 2.15). `identity` is the body of the ID payload: type, three zero bytes, data.
pub fn signed_octets(prf: Prf, message: &[u8], peer_nonce: &[u8], sk_p: &Secret, identity: &[u8]) -> Vec<u8> {
    let mac = prf.compute(sk_p.expose(), &[identity]);
    [message, peer_nonce, mac.expose()].concat()
}

/// AUTH data of the shared key method: prf(prf(secret, "Key Pad for IKEv2"), octets) (RFC 7296 2.15).
pub fn shared_key_auth(prf: Prf, secret: &Secret, octets: &[u8]) -> Secret {
    let key = prf.compute(secret.expose(), &[b"Key Pad for IKEv2"]);
    prf.compute(key.expose(), &[octets])
}

#[cfg(test)]
mod tests {
    use super::*;

    const CBC: Cipher =
        Cipher::AesCbc { key_bits: 256, integrity: headend_ike_crypto::cipher::Integrity::HmacSha256 };
    const GCM: Cipher = Cipher::AesGcm { key_bits: 128, icv: 16 };
    const PRF: Prf = Prf::HmacSha256;

    fn parameters() -> Parameters<'static> {
        Parameters { nonce_i: &[1; 32], nonce_r: &[2; 24], spi_i: 0x1122, spi_r: 0x3344 }
    }

    #[test]
    fn keys_come_in_the_order_of_the_rfc() {
        let shared = Secret::new(vec![9; 32]);
        let keys = IkeKeys::first(PRF, CBC, &shared, &parameters()).expect("keys");
        let seed = PRF.compute(&[&[1; 32][..], &[2; 24]].concat(), &[&[9; 32]]);
        let tail = [0, 0, 0, 0, 0, 0, 0x11, 0x22, 0, 0, 0, 0, 0, 0, 0x33, 0x44];
        let stream = PRF.plus(seed.expose(), &[&[1; 32], &[2; 24], &tail], 7 * 32).expect("stream");
        let all = [&keys.sk_d, &keys.sk_ai, &keys.sk_ar, &keys.sk_ei, &keys.sk_er, &keys.sk_pi, &keys.sk_pr];
        let joined: Vec<u8> = all.iter().flat_map(|key| key.expose().to_vec()).collect();
        assert_eq!(joined, stream.expose());
    }

    #[test]
    fn an_aead_has_no_integrity_keys_and_a_salt() {
        let keys = IkeKeys::first(PRF, GCM, &Secret::new(vec![9; 32]), &parameters()).expect("keys");
        assert_eq!((keys.sk_ai.expose().len(), keys.sk_ar.expose().len()), (0, 0));
        assert_eq!((keys.sk_ei.expose().len(), keys.sk_pi.expose().len()), (20, 32));
    }

    #[test]
    fn a_rekeyed_sa_depends_on_the_old_one_and_its_prf() {
        let shared = Secret::new(vec![9; 32]);
        let old = Secret::new(vec![3; 32]);
        let of = |prf, sk_d: &Secret| {
            IkeKeys::rekeyed((prf, sk_d), PRF, GCM, &shared, &parameters()).expect("keys")
        };
        let keys = of(PRF, &old);
        assert_ne!(keys, of(PRF, &Secret::new(vec![4; 32])));
        assert_ne!(keys, of(Prf::HmacSha512, &old));
        assert_ne!(keys, IkeKeys::first(PRF, GCM, &shared, &parameters()).expect("keys"));
    }

    #[test]
    fn child_keys_differ_by_direction_and_by_key_exchange() {
        let sk_d = Secret::new(vec![3; 32]);
        let of = |shared: Option<&Secret>| ChildKeys::derive(PRF, &sk_d, shared, (&[1; 16], &[2; 16]), 36);
        let plain = of(None).expect("keys");
        assert_ne!(plain.initiator, plain.responder);
        assert_ne!(plain, of(Some(&Secret::new(vec![9; 32]))).expect("keys"));
        let stream = PRF.plus(&[3; 32], &[&[1; 16], &[2; 16]], 72).expect("stream");
        assert_eq!([plain.initiator.expose(), plain.responder.expose()].concat(), stream.expose());
    }

    #[test]
    fn auth_binds_message_nonce_identity_and_secret() {
        let auth = |message: &[u8], nonce: &[u8], sk_p: u8, identity: &[u8], secret: &[u8]| {
            let octets = signed_octets(PRF, message, nonce, &Secret::new(vec![sk_p; 32]), identity);
            shared_key_auth(PRF, &Secret::new(secret.to_vec()), &octets)
        };
        let base = auth(b"message", b"nonce", 1, b"identity", b"secret");
        assert_eq!(base.expose().len(), 32);
        for other in [
            auth(b"Message", b"nonce", 1, b"identity", b"secret"),
            auth(b"message", b"Nonce", 1, b"identity", b"secret"),
            auth(b"message", b"nonce", 2, b"identity", b"secret"),
            auth(b"message", b"nonce", 1, b"Identity", b"secret"),
            auth(b"message", b"nonce", 1, b"identity", b"Secret"),
        ] {
            assert_ne!(base, other);
        }
    }
}
