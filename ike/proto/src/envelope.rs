// SPDX-License-Identifier: Apache-2.0
//! The encrypted payload as an envelope (RFC 7296 3.14), and IKE fragmentation (RFC 7383).

use headend_ike_crypto::cipher::{Cipher, Protection};
use headend_ike_crypto::{CryptoError, Random};
use zeroize::Zeroizing;

use crate::keys::IkeKeys;
use crate::wire::{Header, Payload, PayloadType, Sealed, WireError, HEADER_BYTES};

/// Why a message could not be sealed or opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// Cryptography failed; `Forged` means that the message is to be dropped in silence (RFC 7296 2.21.2).
    #[error(transparent)]
    Crypto(#[from] CryptoError),
    /// What was inside is malformed.
    #[error(transparent)]
    Wire(#[from] WireError),
    /// The message would need more fragments than can be numbered, or fragments are too small for any data.
    #[error("message of {bytes} bytes does not fit fragments of {limit} bytes")]
    TooManyFragments {
        /// Bytes of payloads.
        bytes: usize,
        /// Largest message in bytes.
        limit: usize,
    },
}

/// Seals what one side sends and opens what the other one sends.
pub struct Envelope {
    send: Protection,
    receive: Protection,
    /// IVs given out for AEAD, which must not repeat: a counter.
    sent: u64,
}

/// Generic payload header, and the numbers of a fragment.
const SK_HEADER_BYTES: usize = 4;
const SKF_HEADER_BYTES: usize = 8;

impl Envelope {
    /// Takes the keys of an IKE SA; `initiator` says whether we are its original initiator.
    ///
    /// # Errors
    /// `Unsupported` when keys and cipher do not belong together.
    pub fn new(cipher: Cipher, keys: &IkeKeys, initiator: bool) -> Result<Envelope, CryptoError> {
        let from_i = Protection::new(cipher, keys.sk_ei.expose(), keys.sk_ai.expose())?;
        let from_r = Protection::new(cipher, keys.sk_er.expose(), keys.sk_ar.expose())?;
        let (send, receive) = if initiator { (from_i, from_r) } else { (from_r, from_i) };
        Ok(Envelope { send, receive, sent: 0 })
    }

    /// Seals `payloads` into one message, or into fragments of at most `limit` bytes each when it would be
    /// larger than that and `limit` is given (the peer must have said that it takes fragments).
    ///
    /// # Errors
    /// [`EnvelopeError`] when something is too long or the library fails.
    pub fn seal(
        &mut self,
        header: &Header,
        payloads: &[Payload],
        limit: Option<usize>,
        random: &mut dyn Random,
    ) -> Result<Vec<Vec<u8>>, EnvelopeError> {
        let (first, chain) = Payload::build_chain(payloads)?;
        let chain = Zeroizing::new(chain);
        let whole = HEADER_BYTES + SK_HEADER_BYTES + self.send.cipher().body_bytes(chain.len());
        let Some(limit) = limit.filter(|limit| whole > *limit) else {
            return Ok(vec![self.seal_one(header, first, None, &chain, random)?]);
        };
        let room = room_in(self.send.cipher(), limit);
        let total = if room == 0 { usize::MAX } else { chain.len().div_ceil(room) };
        let total = u16::try_from(total)
            .map_err(|_| EnvelopeError::TooManyFragments { bytes: chain.len(), limit })?;
        let mut messages = Vec::with_capacity(total.into());
        for (index, part) in chain.chunks(room).enumerate() {
            let number = index as u16 + 1;
            // Only the first fragment names the first payload (RFC 7383 2.5).
            let first = if number == 1 { first } else { PayloadType::NONE };
            messages.push(self.seal_one(header, first, Some((number, total)), part, random)?);
        }
        Ok(messages)
    }

    fn seal_one(
        &mut self,
        header: &Header,
        first: PayloadType,
        fragment: Option<(u16, u16)>,
        plaintext: &[u8],
        random: &mut dyn Random,
    ) -> Result<Vec<u8>, EnvelopeError> {
        let cipher = self.send.cipher();
        let body_bytes = cipher.body_bytes(plaintext.len());
        let mut message = Payload::build_envelope(header, first, fragment, body_bytes)?;
        let mut iv = vec![0; cipher.iv_bytes()];
        match cipher {
            Cipher::AesCbc { .. } => random.fill(&mut iv),
            _ => {
                self.sent = self.sent.checked_add(1).ok_or(CryptoError::Unsupported)?;
                iv.copy_from_slice(&self.sent.to_be_bytes());
            }
        }
        let body = self.send.seal(&message, &iv, plaintext)?;
        message.extend(body);
        Ok(message)
    }

    /// Opens the encrypted payload of a received message: the plaintext, to be parsed as a chain or collected
    /// as a fragment.
    ///
    /// # Errors
    /// `Forged` when it does not come from the peer.
    pub fn open(&self, sealed: &Sealed<'_>) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
        self.receive.open(sealed.aad, sealed.body)
    }
}

/// Plaintext bytes that fit a fragment message of `limit` bytes.
fn room_in(cipher: Cipher, limit: usize) -> usize {
    let mut room = limit.saturating_sub(HEADER_BYTES + SKF_HEADER_BYTES);
    while room > 0 && HEADER_BYTES + SKF_HEADER_BYTES + cipher.body_bytes(room) > limit {
        room -= 1;
    }
    room
}

/// Most fragments that are collected for one message.
pub const MAX_FRAGMENTS: u16 = 64;
/// Most bytes that are collected for one message.
pub const MAX_COLLECTED_BYTES: usize = 256 * 1024;

/// Collects the fragments of one message (RFC 7383 2.6). Fragments must have passed their integrity check.
#[derive(Default)]
pub struct Reassembly {
    first: Option<PayloadType>,
    parts: Vec<Option<Zeroizing<Vec<u8>>>>,
    bytes: usize,
}

/// What a fragment did to the message that is being collected.
#[derive(Debug, PartialEq, Eq)]
pub enum Collected {
    /// More are needed.
    Waiting,
    /// It was there already, or belongs to a division of the message that was given up, or is too much.
    Ignored,
    /// That was the last one: the first payload's type and the whole plaintext.
    Complete(PayloadType, Zeroizing<Vec<u8>>),
}

impl Reassembly {
    /// Takes fragment `number` of `total`. A larger total than before means that the sender cuts smaller
    /// pieces now: what was collected is given up (RFC 7383 2.6.1).
    pub fn add(
        &mut self,
        (number, total): (u16, u16),
        first: PayloadType,
        plaintext: Zeroizing<Vec<u8>>,
    ) -> Collected {
        let known = self.parts.len();
        let (index, total) = (usize::from(number).wrapping_sub(1), usize::from(total));
        if index >= total || total > MAX_FRAGMENTS.into() || total < known {
            return Collected::Ignored;
        }
        if total > known {
            *self = Reassembly { parts: vec![None; total], ..Reassembly::default() };
        }
        if self.parts[index].is_some() || self.bytes + plaintext.len() > MAX_COLLECTED_BYTES {
            return Collected::Ignored;
        }
        if index == 0 {
            self.first = Some(first);
        }
        self.bytes += plaintext.len();
        self.parts[index] = Some(plaintext);
        let Some(first) = self.first.filter(|_| self.parts.iter().all(Option::is_some)) else {
            return Collected::Waiting;
        };
        let mut whole = Zeroizing::new(Vec::with_capacity(self.bytes));
        self.parts.iter().flatten().for_each(|part| whole.extend_from_slice(part));
        *self = Reassembly::default();
        Collected::Complete(first, whole)
    }
}

#[cfg(test)]
mod tests {
    use headend_ike_crypto::cipher::Integrity;
    use headend_ike_crypto::prf::Prf;
    use headend_ike_crypto::Secret;
    use proptest::prelude::*;

    use super::*;
    use crate::keys::Parameters;
    use crate::wire::{ExchangeType, Flags, Message};

    struct Fixed;

    impl Random for Fixed {
        fn fill(&mut self, bytes: &mut [u8]) {
            bytes.fill(0x42);
        }
    }

    const CIPHERS: [Cipher; 3] = [
        Cipher::AesGcm { key_bits: 256, icv: 16 },
        Cipher::ChaCha20Poly1305,
        Cipher::AesCbc { key_bits: 128, integrity: Integrity::HmacSha384 },
    ];

    fn pair(cipher: Cipher) -> (Envelope, Envelope) {
        let with = Parameters { nonce_i: &[1; 32], nonce_r: &[2; 32], spi_i: 1, spi_r: 2 };
        let keys = IkeKeys::first(Prf::HmacSha256, cipher, &Secret::new(vec![3; 32]), &with).expect("keys");
        let side = |initiator| Envelope::new(cipher, &keys, initiator).expect("right lengths");
        (side(true), side(false))
    }

    fn header() -> Header {
        let flags = Flags { initiator: true, ..Flags::default() };
        let first = PayloadType::NONE;
        Header { spi_i: 1, spi_r: 2, first, exchange: ExchangeType::IKE_AUTH, flags, message_id: 1 }
    }

    fn payloads(bytes: usize) -> Vec<Payload> {
        vec![
            Payload::Vendor(vec![7; bytes / 2]),
            Payload::Eap((0..bytes - bytes / 2).map(|n| n as u8).collect()),
        ]
    }

    /// Opens messages one after the other.
    fn receive(envelope: &Envelope, messages: &[Vec<u8>]) -> Option<Vec<Payload>> {
        let mut reassembly = Reassembly::default();
        for bytes in messages {
            let sealed = Message::parse(bytes).expect("well-formed").sealed.expect("sealed");
            let plaintext = envelope.open(&sealed).expect("from the peer");
            let (first, whole) = match sealed.fragment {
                None => (sealed.first, plaintext),
                Some(numbers) => match reassembly.add(numbers, sealed.first, plaintext) {
                    Collected::Complete(first, whole) => (first, whole),
                    _ => continue,
                },
            };
            return Some(Payload::parse_chain(first, &whole).expect("well-formed"));
        }
        None
    }

    proptest! {
        #[test]
        fn messages_arrive_in_pieces_of_any_size_and_order(
            cipher in prop::sample::select(CIPHERS.to_vec()),
            bytes in 0_usize..3_000,
            limit in 120_usize..1_400,
            order in any::<u64>(),
        ) {
            let (mut sender, receiver) = pair(cipher);
            let sent = payloads(bytes);
            let mut messages = sender.seal(&header(), &sent, Some(limit), &mut Fixed).expect("sealed");
            prop_assert!(messages.iter().all(|m| m.len() <= limit));
            let turn = order as usize % messages.len();
            messages.rotate_left(turn);
            if order % 2 == 0 {
                messages.reverse();
            }
            prop_assert_eq!(receive(&receiver, &messages), Some(sent));
            if messages.len() > 1 {
                prop_assert_eq!(receive(&receiver, &messages[1..]), None);
            }
        }
    }

    #[test]
    fn a_side_does_not_open_its_own_messages() {
        for cipher in CIPHERS {
            let (mut sender, receiver) = pair(cipher);
            let messages = sender.seal(&header(), &payloads(50), None, &mut Fixed).expect("sealed");
            let sealed = Message::parse(&messages[0]).expect("well-formed").sealed.expect("sealed");
            assert_eq!(sender.open(&sealed), Err(CryptoError::Forged));
            receiver.open(&sealed).expect("from the peer");
        }
    }

    #[test]
    fn aead_ivs_count() {
        let (mut sender, _) = pair(CIPHERS[0]);
        let mut iv = || {
            let messages = sender.seal(&header(), &[], None, &mut Fixed).expect("sealed");
            u64::from_be_bytes(messages[0][32..40].try_into().expect("8 bytes"))
        };
        assert_eq!((iv(), iv(), iv()), (1, 2, 3));
    }

    #[test]
    fn fragments_too_small_for_data_are_an_error() {
        let (mut sender, _) = pair(CIPHERS[0]);
        let error = sender.seal(&header(), &payloads(100), Some(60), &mut Fixed).expect_err("too small");
        assert!(matches!(error, EnvelopeError::TooManyFragments { limit: 60, .. }));
    }

    #[test]
    fn doubled_foreign_and_superseded_fragments_do_no_harm() {
        let data = |byte: u8| Zeroizing::new(vec![byte; 4]);
        let mut reassembly = Reassembly::default();
        assert_eq!(reassembly.add((2, 2), PayloadType::NONE, data(2)), Collected::Waiting);
        assert_eq!(reassembly.add((2, 2), PayloadType::NONE, data(9)), Collected::Ignored);
        assert_eq!(reassembly.add((0, 2), PayloadType::IDI, data(9)), Collected::Ignored);
        assert_eq!(reassembly.add((3, 2), PayloadType::IDI, data(9)), Collected::Ignored);
        assert_eq!(reassembly.add((1, MAX_FRAGMENTS + 1), PayloadType::IDI, data(9)), Collected::Ignored);
        // Smaller pieces: start again; the old division no longer counts.
        assert_eq!(reassembly.add((1, 3), PayloadType::IDI, data(1)), Collected::Waiting);
        assert_eq!(reassembly.add((1, 2), PayloadType::IDI, data(9)), Collected::Ignored);
        assert_eq!(reassembly.add((3, 3), PayloadType::NONE, data(3)), Collected::Waiting);
        let whole = Zeroizing::new([[1; 4], [2; 4], [3; 4]].concat());
        assert_eq!(
            reassembly.add((2, 3), PayloadType::NONE, data(2)),
            Collected::Complete(PayloadType::IDI, whole)
        );
        let large = Zeroizing::new(vec![0; MAX_COLLECTED_BYTES]);
        assert_eq!(reassembly.add((1, 2), PayloadType::IDI, large), Collected::Waiting);
        assert_eq!(reassembly.add((2, 2), PayloadType::NONE, data(1)), Collected::Ignored);
    }
}
