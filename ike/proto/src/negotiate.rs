// SPDX-License-Identifier: Apache-2.0
//! Choosing among proposals (RFC 7296 2.7, 3.3.6), and saying why the others were refused.

use std::fmt;

use crate::wire::{Proposal, ProtocolId, Transform, TransformType};

/// ID 0: "NONE" for integrity and key exchange, "no extended sequence numbers" for ESN.
const NONE: u16 = 0;

/// ENCR transforms that authenticate too: AES-CCM and AES-GCM with ICVs of 8, 12, 16 bytes, and
/// ChaCha20-Poly1305 (RFC 5282, RFC 4106, RFC 4309, RFC 7634).
pub const AEAD_IDS: [u16; 7] = [14, 15, 16, 18, 19, 20, 28];

/// Whether `transform` is an encryption algorithm that needs no integrity algorithm beside it.
pub fn is_aead(transform: &Transform) -> bool {
    transform.kind == TransformType::ENCR && AEAD_IDS.contains(&transform.id)
}

/// Which side's order of preference decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preference {
    /// Ours.
    Ours,
    /// The peer's.
    Theirs,
}

/// What was agreed: one transform of each type that is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Index of our proposal.
    pub ours: usize,
    /// The peer's proposal, reduced to the chosen transforms: what a responder sends back.
    pub proposal: Proposal,
}

/// Why a pair of proposals does not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mismatch {
    /// Different protocols.
    Protocol,
    /// No transform of this type is in both.
    Transform {
        /// Type.
        kind: TransformType,
        /// What we take, in order.
        ours: Vec<Transform>,
        /// What the peer offers, in order.
        theirs: Vec<Transform>,
    },
    /// The peer offers only an integrity algorithm beside an encryption that must not have one (RFC 7296 3.3).
    IntegrityBesideAead,
}

/// One refused pair.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Index of our proposal.
    pub ours: usize,
    /// Number of the peer's proposal.
    pub theirs: u8,
    /// Why.
    pub mismatch: Mismatch,
}

/// Takes the first pair of proposals that fits, in the order of `preference`.
///
/// Transforms fit when type, ID and key length are equal and no unknown attribute is there. A type that only one
/// side names fits when that side also takes "none" (ID 0).
///
/// # Errors
/// All pairs with the first thing that does not fit in each; empty when one side proposes nothing.
pub fn choose(
    ours: &[Proposal],
    theirs: &[Proposal],
    preference: Preference,
) -> Result<Choice, Vec<Refusal>> {
    let pairs: Vec<(usize, usize)> = match preference {
        Preference::Ours => (0..ours.len()).flat_map(|o| (0..theirs.len()).map(move |t| (o, t))).collect(),
        Preference::Theirs => (0..theirs.len()).flat_map(|t| (0..ours.len()).map(move |o| (o, t))).collect(),
    };
    let mut refusals = Vec::new();
    for (o, t) in pairs {
        match pair(&ours[o], &theirs[t], preference) {
            Ok(transforms) => {
                let Proposal { number, protocol, spi, .. } = theirs[t].clone();
                return Ok(Choice { ours: o, proposal: Proposal { number, protocol, spi, transforms } });
            }
            Err(mismatch) => refusals.push(Refusal { ours: o, theirs: theirs[t].number, mismatch }),
        }
    }
    Err(refusals)
}

fn pair(ours: &Proposal, theirs: &Proposal, preference: Preference) -> Result<Vec<Transform>, Mismatch> {
    if ours.protocol != theirs.protocol {
        return Err(Mismatch::Protocol);
    }
    let mut kinds: Vec<TransformType> = Vec::new();
    for transform in theirs.transforms.iter().chain(&ours.transforms) {
        if !kinds.contains(&transform.kind) {
            kinds.push(transform.kind);
        }
    }
    kinds.sort_unstable();
    let mut chosen: Vec<Transform> = Vec::new();
    for kind in kinds {
        let of = |p: &Proposal| p.transforms.iter().filter(|t| t.kind == kind).copied().collect::<Vec<_>>();
        let (mine, offered) = (of(ours), of(theirs));
        if kind == TransformType::INTEG && chosen.iter().any(is_aead) {
            // Absent is right, "none" is tolerated and repeated as the peer sent it.
            match offered.iter().find(|t| t.id == NONE) {
                Some(none) => chosen.push(*none),
                None if offered.is_empty() => {}
                None => return Err(Mismatch::IntegrityBesideAead),
            }
            continue;
        }
        match (mine.is_empty(), offered.is_empty()) {
            (false, false) => match common(&mine, &offered, preference) {
                Some(transform) => chosen.push(transform),
                None => return Err(Mismatch::Transform { kind, ours: mine, theirs: offered }),
            },
            (true, false) => match offered.iter().find(|t| t.id == NONE && !t.odd_attributes) {
                Some(none) => chosen.push(*none),
                None => return Err(Mismatch::Transform { kind, ours: mine, theirs: offered }),
            },
            _ if mine.iter().any(|t| t.id == NONE) => {}
            _ => return Err(Mismatch::Transform { kind, ours: mine, theirs: offered }),
        }
    }
    Ok(chosen)
}

fn common(ours: &[Transform], theirs: &[Transform], preference: Preference) -> Option<Transform> {
    let (first, second) = match preference {
        Preference::Ours => (ours, theirs),
        Preference::Theirs => (theirs, ours),
    };
    first.iter().find(|t| !t.odd_attributes && second.contains(t)).copied()
}

/// Whether `answer`, a responder's single proposal, is one that `offered` allows: its number and protocol are
/// those of an offer, and it has exactly one transform of each type of it, out of those offered (a type may be
/// left out where "none" was offered). An initiator must check this (RFC 7296 2.7, 3.3.6).
pub fn answers(offered: &[Proposal], answer: &Proposal) -> bool {
    let Some(offer) = offered.iter().find(|p| p.number == answer.number && p.protocol == answer.protocol)
    else {
        return false;
    };
    let one_each = answer.transforms.iter().enumerate().all(|(index, transform)| {
        offer.transforms.contains(transform)
            && answer.transforms[..index].iter().all(|t| t.kind != transform.kind)
    });
    let none_missing = offer.transforms.iter().all(|wanted| {
        answer.transforms.iter().any(|t| t.kind == wanted.kind)
            || offer.transforms.iter().any(|t| t.kind == wanted.kind && t.id == NONE)
    });
    one_each && none_missing
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "our proposal {} against the peer's {}: {}", self.ours + 1, self.theirs, self.mismatch)
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Mismatch::Protocol => f.write_str("another protocol"),
            Mismatch::Transform { kind, ours, theirs } => {
                write!(f, "{}: we take {}, the peer offers {}", kind_name(*kind), List(ours), List(theirs))
            }
            Mismatch::IntegrityBesideAead => {
                f.write_str("the peer wants an integrity algorithm beside an authenticated cipher")
            }
        }
    }
}

fn kind_name(kind: TransformType) -> &'static str {
    match kind {
        TransformType::ENCR => "encryption",
        TransformType::PRF => "PRF",
        TransformType::INTEG => "integrity",
        TransformType::DH => "key exchange",
        TransformType::ESN => "sequence numbers",
        _ => "unknown transform type",
    }
}

struct List<'a>(&'a [Transform]);

impl fmt::Display for List<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("nothing");
        }
        for (index, transform) in self.0.iter().enumerate() {
            write!(f, "{}{}", if index == 0 { "" } else { ", " }, transform)?;
        }
        Ok(())
    }
}

impl fmt::Display for Transform {
    /// The name that strongSwan's and our configurations use, or the number.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bits = self.key_bits.unwrap_or(0);
        let name = match (self.kind, self.id) {
            (TransformType::ENCR, 12) => return write!(f, "aes{bits}"),
            (TransformType::ENCR, 13) => return write!(f, "aes{bits}ctr"),
            (TransformType::ENCR, 18) => return write!(f, "aes{bits}gcm8"),
            (TransformType::ENCR, 19) => return write!(f, "aes{bits}gcm12"),
            (TransformType::ENCR, 20) => return write!(f, "aes{bits}gcm16"),
            (TransformType::ENCR, 28) => "chacha20poly1305",
            (TransformType::PRF, 2) => "prfsha1",
            (TransformType::PRF, 5) => "prfsha256",
            (TransformType::PRF, 6) => "prfsha384",
            (TransformType::PRF, 7) => "prfsha512",
            (TransformType::INTEG, NONE) | (TransformType::DH, NONE) => "none",
            (TransformType::INTEG, 2) => "sha1",
            (TransformType::INTEG, 12) => "sha256",
            (TransformType::INTEG, 13) => "sha384",
            (TransformType::INTEG, 14) => "sha512",
            (TransformType::DH, 1) => "modp768",
            (TransformType::DH, 2) => "modp1024",
            (TransformType::DH, 5) => "modp1536",
            (TransformType::DH, 14) => "modp2048",
            (TransformType::DH, 15) => "modp3072",
            (TransformType::DH, 16) => "modp4096",
            (TransformType::DH, 17) => "modp6144",
            (TransformType::DH, 18) => "modp8192",
            (TransformType::DH, 19) => "ecp256",
            (TransformType::DH, 20) => "ecp384",
            (TransformType::DH, 21) => "ecp521",
            (TransformType::DH, 31) => "x25519",
            (TransformType::ESN, NONE) => "noesn",
            (TransformType::ESN, 1) => "esn",
            (kind, id) => {
                write!(f, "type {} id {id}", kind.0)?;
                return if bits == 0 { Ok(()) } else { write!(f, " key {bits}") };
            }
        };
        f.write_str(name)
    }
}

/// A proposal from its transforms, number 1, no SPI.
pub fn proposal(protocol: ProtocolId, transforms: impl Into<Vec<Transform>>) -> Proposal {
    Proposal { number: 1, protocol, spi: Vec::new(), transforms: transforms.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GCM128: Transform = Transform::with_key(TransformType::ENCR, 20, 128);
    const GCM256: Transform = Transform::with_key(TransformType::ENCR, 20, 256);
    const CBC256: Transform = Transform::with_key(TransformType::ENCR, 12, 256);
    const SHA256: Transform = Transform::new(TransformType::INTEG, 12);
    const NO_INTEG: Transform = Transform::new(TransformType::INTEG, 0);
    const PRF: Transform = Transform::new(TransformType::PRF, 5);
    const X25519: Transform = Transform::new(TransformType::DH, 31);
    const ECP256: Transform = Transform::new(TransformType::DH, 19);
    const NO_DH: Transform = Transform::new(TransformType::DH, 0);
    const ESN: Transform = Transform::new(TransformType::ESN, 1);
    const NO_ESN: Transform = Transform::new(TransformType::ESN, 0);

    fn esp(transforms: &[Transform]) -> Proposal {
        proposal(ProtocolId::ESP, transforms)
    }

    fn taken(ours: &[Proposal], theirs: &[Proposal], preference: Preference) -> Vec<Transform> {
        choose(ours, theirs, preference).expect("a choice").proposal.transforms
    }

    #[test]
    fn the_preferred_transform_of_each_type_is_taken() {
        let ours = [proposal(ProtocolId::IKE, [GCM256, GCM128, PRF, X25519, ECP256])];
        let theirs = [proposal(ProtocolId::IKE, [GCM128, GCM256, PRF, ECP256, X25519])];
        assert_eq!(taken(&ours, &theirs, Preference::Ours), [GCM256, PRF, X25519]);
        assert_eq!(taken(&ours, &theirs, Preference::Theirs), [GCM128, PRF, ECP256]);
    }

    #[test]
    fn the_second_proposal_is_taken_when_the_first_does_not_fit_and_keeps_its_number_and_spi() {
        let ours = [esp(&[GCM256, ESN, NO_ESN])];
        let mut theirs = [esp(&[CBC256, SHA256, NO_ESN]), esp(&[GCM256, NO_ESN])];
        theirs[1].number = 2;
        theirs[1].spi = vec![1, 2, 3, 4];
        let choice = choose(&ours, &theirs, Preference::Ours).expect("a choice");
        assert_eq!((choice.proposal.number, choice.proposal.spi), (2, vec![1, 2, 3, 4]));
        assert_eq!(choice.proposal.transforms, [GCM256, NO_ESN]);
    }

    #[test]
    fn key_lengths_and_odd_attributes_keep_transforms_apart() {
        let odd = Transform { odd_attributes: true, ..GCM256 };
        for theirs in [GCM128, odd, Transform { key_bits: None, ..GCM256 }] {
            let refusals = choose(&[esp(&[GCM256, NO_ESN])], &[esp(&[theirs, NO_ESN])], Preference::Ours)
                .expect_err("no choice");
            assert!(matches!(refusals[0].mismatch, Mismatch::Transform { kind: TransformType::ENCR, .. }));
        }
    }

    #[test]
    fn integrity_beside_an_aead_is_refused_unless_none_is_offered() {
        let ours = [esp(&[GCM256, NO_ESN])];
        let refused =
            choose(&ours, &[esp(&[GCM256, SHA256, NO_ESN])], Preference::Ours).expect_err("no choice");
        assert_eq!(refused[0].mismatch, Mismatch::IntegrityBesideAead);
        assert_eq!(
            taken(&ours, &[esp(&[GCM256, SHA256, NO_INTEG, NO_ESN])], Preference::Ours),
            [GCM256, NO_INTEG, NO_ESN]
        );
    }

    #[test]
    fn a_type_that_one_side_lacks_needs_none_on_the_other() {
        let without = [esp(&[GCM256, NO_ESN])];
        let with = [esp(&[GCM256, X25519, NO_ESN])];
        let either = [esp(&[GCM256, X25519, NO_DH, NO_ESN])];
        choose(&without, &with, Preference::Ours).expect_err("the peer insists on a key exchange");
        choose(&with, &without, Preference::Ours).expect_err("we insist on a key exchange");
        assert_eq!(taken(&without, &either, Preference::Ours), [GCM256, NO_DH, NO_ESN]);
        assert_eq!(taken(&either, &without, Preference::Ours), [GCM256, NO_ESN]);
    }

    #[test]
    fn refusals_name_what_was_wanted_and_what_was_offered() {
        let refusals = choose(&[esp(&[GCM256, ESN])], &[esp(&[GCM256, NO_ESN])], Preference::Ours)
            .expect_err("no choice");
        assert_eq!(
            refusals[0].to_string(),
            "our proposal 1 against the peer's 1: sequence numbers: we take esn, the peer offers noesn"
        );
        assert_eq!(choose(&[], &[], Preference::Ours), Err(vec![]));
    }

    #[test]
    fn an_answer_must_come_out_of_the_offer() {
        let offered = [esp(&[GCM256, GCM128, X25519, NO_DH, ESN, NO_ESN])];
        assert!(answers(&offered, &esp(&[GCM128, X25519, ESN])));
        assert!(answers(&offered, &esp(&[GCM128, NO_ESN])), "none may be left out");
        assert!(!answers(&offered, &esp(&[GCM128, GCM256, X25519, ESN])), "two of a type");
        assert!(!answers(&offered, &esp(&[CBC256, X25519, ESN])), "not offered");
        assert!(!answers(&offered, &esp(&[X25519, ESN])), "no encryption");
        assert!(!answers(&offered, &Proposal { number: 2, ..esp(&[GCM128, ESN]) }), "another number");
    }
}
