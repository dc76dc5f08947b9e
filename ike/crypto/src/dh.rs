// SPDX-License-Identifier: Apache-2.0
//! Key exchange methods of IKEv2: MODP (RFC 2409, RFC 3526), ECP (RFC 5903), X25519 (RFC 8031).

use aws_lc_rs::agreement::{self, PrivateKey, UnparsedPublicKey};
use zeroize::Zeroizing;

use crate::bignum::BigNum;
use crate::primes;
use crate::{CryptoError, Random, Secret};

/// A key exchange method.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Group {
    /// Group 1. Broken: only where the policy asks for legacy algorithms.
    Modp768,
    /// Group 2. Weak, likewise.
    Modp1024,
    /// Group 5. Deprecated, likewise.
    Modp1536,
    /// Group 14.
    Modp2048,
    /// Group 15.
    Modp3072,
    /// Group 16.
    Modp4096,
    /// Group 17.
    Modp6144,
    /// Group 18.
    Modp8192,
    /// Group 19.
    Ecp256,
    /// Group 20.
    Ecp384,
    /// Group 21.
    Ecp521,
    /// Group 31.
    X25519,
}

impl Group {
    /// All of them.
    pub const ALL: [Group; 12] = [
        Group::Modp768,
        Group::Modp1024,
        Group::Modp1536,
        Group::Modp2048,
        Group::Modp3072,
        Group::Modp4096,
        Group::Modp6144,
        Group::Modp8192,
        Group::Ecp256,
        Group::Ecp384,
        Group::Ecp521,
        Group::X25519,
    ];

    /// Transform ID (type 4).
    pub fn id(self) -> u16 {
        match self {
            Group::Modp768 => 1,
            Group::Modp1024 => 2,
            Group::Modp1536 => 5,
            Group::Modp2048 => 14,
            Group::Modp3072 => 15,
            Group::Modp4096 => 16,
            Group::Modp6144 => 17,
            Group::Modp8192 => 18,
            Group::Ecp256 => 19,
            Group::Ecp384 => 20,
            Group::Ecp521 => 21,
            Group::X25519 => 31,
        }
    }

    /// By transform ID.
    pub fn from_id(id: u16) -> Option<Group> {
        Group::ALL.into_iter().find(|group| group.id() == id)
    }

    /// Bytes of a public value on the wire: the modulus' length, or both coordinates.
    pub fn public_bytes(self) -> usize {
        match self.kind() {
            Kind::Modp(modp) => modp.bytes,
            Kind::Ecp { coordinate, .. } => 2 * coordinate,
            Kind::X25519 => 32,
        }
    }

    fn kind(self) -> Kind {
        // Exponents have twice the strength of the group (RFC 3526 section 8, the larger estimate; groups 1 and 2: 160 bits).
        let modp = |bits: usize, exponent_bits: usize, prime| {
            Kind::Modp(Modp { bytes: bits / 8, exponent_bytes: exponent_bits / 8, prime })
        };
        let ecp = |coordinate, algorithm| Kind::Ecp { coordinate, algorithm };
        match self {
            Group::Modp768 => modp(768, 160, primes::P768),
            Group::Modp1024 => modp(1024, 160, primes::P1024),
            Group::Modp1536 => modp(1536, 240, primes::P1536),
            Group::Modp2048 => modp(2048, 320, primes::P2048),
            Group::Modp3072 => modp(3072, 424, primes::P3072),
            Group::Modp4096 => modp(4096, 480, primes::P4096),
            Group::Modp6144 => modp(6144, 544, primes::P6144),
            Group::Modp8192 => modp(8192, 624, primes::P8192),
            Group::Ecp256 => ecp(32, &agreement::ECDH_P256),
            Group::Ecp384 => ecp(48, &agreement::ECDH_P384),
            Group::Ecp521 => ecp(66, &agreement::ECDH_P521),
            Group::X25519 => Kind::X25519,
        }
    }
}

struct Modp {
    bytes: usize,
    exponent_bytes: usize,
    prime: &'static str,
}

enum Kind {
    Modp(Modp),
    Ecp { coordinate: usize, algorithm: &'static agreement::Algorithm },
    X25519,
}

/// Generator of all MODP groups.
const GENERATOR: [u8; 1] = [2];
/// Tag of an uncompressed point, which IKE leaves out (RFC 5903 7).
const UNCOMPRESSED: u8 = 4;

enum Private {
    Modp(BigNum),
    Curve(PrivateKey),
}

/// One side's key pair for one exchange.
pub struct KeyPair {
    group: Group,
    private: Private,
    public: Vec<u8>,
}

impl KeyPair {
    /// A fresh key pair.
    ///
    /// # Errors
    /// `Library` when the library fails.
    pub fn generate(group: Group, random: &mut dyn Random) -> Result<KeyPair, CryptoError> {
        match group.kind() {
            Kind::Modp(modp) => {
                let mut bytes = Zeroizing::new(vec![0; modp.exponent_bytes]);
                random.fill(&mut bytes);
                // All exponents have the full length, because the library's time depends on it.
                bytes[0] |= 0x80;
                KeyPair::modp(group, &modp, &bytes)
            }
            Kind::Ecp { coordinate, algorithm } => {
                let mut scalar = Zeroizing::new(vec![0; coordinate]);
                loop {
                    random.fill(&mut scalar);
                    if group == Group::Ecp521 {
                        scalar[0] &= 1;
                    }
                    // Refuses 0 and numbers not below the order: draw again, at worst every second time.
                    if let Ok(key) = PrivateKey::from_private_key(algorithm, &scalar) {
                        return KeyPair::curve(group, key);
                    }
                }
            }
            Kind::X25519 => {
                let mut scalar = Zeroizing::new([0; 32]);
                random.fill(&mut scalar[..]);
                let key = PrivateKey::from_private_key(&agreement::X25519, &scalar[..]);
                KeyPair::curve(group, key.map_err(|_| CryptoError::Library)?)
            }
        }
    }

    fn modp(group: Group, modp: &Modp, exponent: &[u8]) -> Result<KeyPair, CryptoError> {
        let exponent = BigNum::from_bytes(exponent)?;
        let prime = BigNum::from_hex(modp.prime)?;
        let public = BigNum::from_bytes(&GENERATOR)?.power(&exponent, &prime)?.to_bytes(modp.bytes)?;
        Ok(KeyPair { group, private: Private::Modp(exponent), public })
    }

    fn curve(group: Group, key: PrivateKey) -> Result<KeyPair, CryptoError> {
        let public = key.compute_public_key().map_err(|_| CryptoError::Library)?;
        let bytes = public.as_ref();
        let public = if group == Group::X25519 { bytes } else { &bytes[1..] }.to_vec();
        Ok(KeyPair { group, private: Private::Curve(key), public })
    }

    /// The method.
    pub fn group(&self) -> Group {
        self.group
    }

    /// Our public value as in the KE payload.
    pub fn public(&self) -> &[u8] {
        &self.public
    }

    /// The shared secret g^ir as RFC 7296 2.14 wants it: as long as the modulus, the x coordinate, or the 32
    /// bytes of X25519.
    ///
    /// # Errors
    /// `BadPublicValue` when the peer's value has the wrong length, is 0, 1, p - 1 or more (RFC 6989 2.1), is no
    /// point of the curve, or gives the all-zero secret (RFC 8031).
    pub fn agree(&self, peer: &[u8]) -> Result<Secret, CryptoError> {
        if peer.len() != self.group.public_bytes() {
            return Err(CryptoError::BadPublicValue);
        }
        match (&self.private, self.group.kind()) {
            (Private::Modp(exponent), Kind::Modp(modp)) => {
                let prime = BigNum::from_hex(modp.prime)?;
                if !in_group(peer, &prime.to_bytes(modp.bytes)?) {
                    return Err(CryptoError::BadPublicValue);
                }
                let secret = BigNum::from_bytes(peer)?.power(exponent, &prime)?;
                Ok(Secret::new(secret.to_bytes(modp.bytes)?))
            }
            (Private::Curve(key), Kind::Ecp { algorithm, .. }) => {
                let mut point = vec![UNCOMPRESSED];
                point.extend_from_slice(peer);
                curve_secret(key, algorithm, &point)
            }
            (Private::Curve(key), _) => curve_secret(key, &agreement::X25519, peer),
            (Private::Modp(_), _) => Err(CryptoError::Library),
        }
    }
}

fn curve_secret(
    key: &PrivateKey,
    algorithm: &'static agreement::Algorithm,
    peer: &[u8],
) -> Result<Secret, CryptoError> {
    let peer = UnparsedPublicKey::new(algorithm, peer);
    agreement::agree(key, peer, CryptoError::BadPublicValue, |secret| Ok(Secret::new(secret.to_vec())))
}

/// 2 <= value <= prime - 2, both big endian and of the same length.
fn in_group(value: &[u8], prime: &[u8]) -> bool {
    let mut top = prime.to_vec();
    // The primes are odd and end in more than 2: no borrow.
    if let Some(last) = top.last_mut() {
        *last -= 2;
    }
    let at_least_two =
        value.iter().rev().skip(1).any(|byte| *byte != 0) || value.last().is_some_and(|b| *b >= 2);
    at_least_two && value <= top.as_slice()
}

#[cfg(test)]
mod tests {
    use num_bigint::BigUint;

    use super::*;
    use crate::testing::TestRandom;

    fn bytes(hex: &str) -> Vec<u8> {
        let digits: Vec<u8> =
            hex.chars().filter(|c| !c.is_whitespace()).map(|c| c.to_digit(16).expect("hex") as u8).collect();
        digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
    }

    #[test]
    fn both_sides_get_the_same_secret_in_every_group() {
        for group in Group::ALL {
            let a = KeyPair::generate(group, &mut TestRandom(1)).expect("key pair");
            let b = KeyPair::generate(group, &mut TestRandom(2)).expect("key pair");
            assert_eq!(a.public().len(), group.public_bytes());
            assert_ne!(a.public(), b.public());
            let secret = a.agree(b.public()).expect("secret");
            assert_eq!(secret, b.agree(a.public()).expect("secret"), "{group:?}");
            let again = KeyPair::generate(group, &mut TestRandom(1)).expect("key pair");
            assert_eq!(a.public(), again.public(), "{group:?} is repeatable");
            assert_eq!(Group::from_id(group.id()), Some(group));
        }
        assert_eq!(Group::from_id(22), None);
    }

    /// RFC 5903 8.1, 256-bit random ECP group.
    #[test]
    fn ecp256_gives_the_published_values() {
        let i = bytes("C88F01F5 10D9AC3F 70A292DA A2316DE5 44E9AAB8 AFE84049 C62A9C57 862D1433");
        let gi = bytes(
            "DAD0B653 94221CF9 B051E1FE CA5787D0 98DFE637 FC90B9EF 945D0C37 72581180
             5271A046 1CDB8252 D61F1C45 6FA3E59A B1F45B33 ACCF5F58 389E0577 B8990BB3",
        );
        let gr = bytes(
            "D12DFB52 89C8D4F8 1208B702 70398C34 2296970A 0BCCB74C 736FC755 4494BF63
             56FBF3CA 366CC23E 8157854C 13C58D6A AC23F046 ADA30F83 53E74F33 039872AB",
        );
        let shared = bytes("D6840F6B 42F6EDAF D13116E0 E1256520 2FEF8E9E CE7DCE03 812464D0 4B9442DE");
        let key = PrivateKey::from_private_key(&agreement::ECDH_P256, &i).expect("scalar");
        let pair = KeyPair::curve(Group::Ecp256, key).expect("key pair");
        assert_eq!(pair.public(), gi);
        assert_eq!(pair.agree(&gr).expect("secret").expose(), shared);
    }

    /// RFC 7748 6.1.
    #[test]
    fn x25519_gives_the_published_values() {
        let private = bytes("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a");
        let public = bytes("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a");
        let peer = bytes("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f");
        let shared = bytes("4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742");
        let key = PrivateKey::from_private_key(&agreement::X25519, &private).expect("scalar");
        let pair = KeyPair::curve(Group::X25519, key).expect("key pair");
        assert_eq!(pair.public(), public);
        assert_eq!(pair.agree(&peer).expect("secret").expose(), shared);
    }

    #[test]
    fn modp_agrees_with_an_independent_implementation() {
        for group in [Group::Modp768, Group::Modp1024, Group::Modp1536, Group::Modp2048, Group::Modp3072] {
            let Kind::Modp(modp) = group.kind() else { unreachable!("MODP") };
            let prime_bytes =
                BigNum::from_hex(modp.prime).and_then(|p| p.to_bytes(modp.bytes)).expect("prime");
            let prime = BigUint::from_bytes_be(&prime_bytes);
            assert_eq!(prime.bits() as usize, modp.bytes * 8);
            let exponent = vec![0xa7; modp.exponent_bytes];
            let pair = KeyPair::modp(group, &modp, &exponent).expect("key pair");
            let exponent = BigUint::from_bytes_be(&exponent);
            assert_eq!(BigUint::from_bytes_be(pair.public()), BigUint::from(2_u8).modpow(&exponent, &prime));
            let peer = KeyPair::generate(group, &mut TestRandom(5)).expect("key pair");
            let want = BigUint::from_bytes_be(peer.public()).modpow(&exponent, &prime);
            assert_eq!(BigUint::from_bytes_be(pair.agree(peer.public()).expect("secret").expose()), want);
        }
    }

    /// floor(2^bits * pi) by Machin's formula, with 64 bits more on the way.
    fn pi(bits: u32) -> BigUint {
        let one = BigUint::from(1_u8) << (bits + 64);
        let arctan = |x: u32| {
            let (mut term, mut sum, mut n) = (&one / x, num_bigint::BigInt::ZERO, 1_u32);
            while term != BigUint::ZERO {
                let part = num_bigint::BigInt::from(&term / n);
                sum += if n % 4 == 1 { part } else { -part };
                term /= x * x;
                n += 2;
            }
            sum
        };
        let scaled: num_bigint::BigInt = (arctan(5) * 4 - arctan(239)) * 4;
        scaled.to_biguint().expect("positive") >> 64
    }

    #[test]
    fn the_primes_are_those_of_the_formula() {
        let groups = [
            (primes::P768, 768_u32, 149_686_u32),
            (primes::P1024, 1024, 129_093),
            (primes::P1536, 1536, 741_804),
            (primes::P2048, 2048, 124_476),
            (primes::P3072, 3072, 1_690_314),
            (primes::P4096, 4096, 240_904),
            (primes::P6144, 6144, 929_484),
            (primes::P8192, 8192, 4_743_158),
        ];
        for (hex, n, k) in groups {
            let one = BigUint::from(1_u8);
            let want = (&one << n) - (&one << (n - 64)) - &one + ((pi(n - 130) + k) << 64);
            assert_eq!(BigUint::parse_bytes(hex.as_bytes(), 16), Some(want), "{n} bits");
        }
    }

    #[test]
    fn degenerate_public_values_are_refused() {
        let modp = KeyPair::generate(Group::Modp2048, &mut TestRandom(3)).expect("key pair");
        let prime = BigNum::from_hex(primes::P2048).and_then(|p| p.to_bytes(256)).expect("prime");
        let number = |n: &BigUint| {
            let digits = n.to_bytes_be();
            [vec![0; 256 - digits.len()], digits].concat()
        };
        let prime = BigUint::from_bytes_be(&prime);
        let one = BigUint::from(1_u8);
        for bad in [BigUint::ZERO, one.clone(), &prime - &one, prime.clone(), &prime + &one] {
            assert_eq!(modp.agree(&number(&bad)), Err(CryptoError::BadPublicValue));
        }
        for good in [&one + &one, &prime - &one - &one] {
            modp.agree(&number(&good)).expect("in the group");
        }
        assert_eq!(modp.agree(&[2; 255]), Err(CryptoError::BadPublicValue));

        for group in [Group::Ecp256, Group::Ecp384, Group::Ecp521, Group::X25519] {
            let pair = KeyPair::generate(group, &mut TestRandom(4)).expect("key pair");
            assert_eq!(
                pair.agree(&vec![0; group.public_bytes()]),
                Err(CryptoError::BadPublicValue),
                "{group:?}"
            );
            assert_eq!(pair.agree(&vec![0xff; group.public_bytes()]).is_err(), group != Group::X25519);
        }
    }
}
