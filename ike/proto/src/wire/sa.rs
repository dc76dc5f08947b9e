// SPDX-License-Identifier: Apache-2.0
//! Security association payload: proposals and transforms (RFC 7296 3.3).

use super::{Fault, Reader, WireError, Writer, MAX_PROPOSALS, MAX_TRANSFORMS};

/// Protocol of a proposal, notification or delete (RFC 7296 3.3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ProtocolId(pub u8);

impl ProtocolId {
    /// No SA is meant.
    pub const NONE: ProtocolId = ProtocolId(0);
    /// IKE SA.
    pub const IKE: ProtocolId = ProtocolId(1);
    /// AH.
    pub const AH: ProtocolId = ProtocolId(2);
    /// ESP.
    pub const ESP: ProtocolId = ProtocolId(3);
}

/// Type of a transform (RFC 7296 3.3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TransformType(pub u8);

impl TransformType {
    /// Encryption, AEAD included.
    pub const ENCR: TransformType = TransformType(1);
    /// Pseudorandom function.
    pub const PRF: TransformType = TransformType(2);
    /// Integrity.
    pub const INTEG: TransformType = TransformType(3);
    /// Key exchange method.
    pub const DH: TransformType = TransformType(4);
    /// Extended sequence numbers.
    pub const ESN: TransformType = TransformType(5);
}

/// One transform. Attributes other than the key length make it unknown to every implementation of RFC 7296
/// (3.3.6), which `odd_attributes` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Transform {
    /// Type.
    pub kind: TransformType,
    /// Transform ID within the type.
    pub id: u16,
    /// Key length in bits.
    pub key_bits: Option<u16>,
    /// It came with an attribute that is not the key length, or with the key length twice.
    pub odd_attributes: bool,
}

impl Transform {
    /// A transform without attributes.
    pub const fn new(kind: TransformType, id: u16) -> Transform {
        Transform { kind, id, key_bits: None, odd_attributes: false }
    }

    /// A transform with a key length in bits.
    pub const fn with_key(kind: TransformType, id: u16, bits: u16) -> Transform {
        Transform { kind, id, key_bits: Some(bits), odd_attributes: false }
    }
}

/// One proposal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// Number, from 1 in order of preference.
    pub number: u8,
    /// Protocol.
    pub protocol: ProtocolId,
    /// SPI: empty for the first IKE SA, 8 bytes to rekey one, 4 bytes for ESP and AH.
    pub spi: Vec<u8>,
    /// Transforms in the order sent.
    pub transforms: Vec<Transform>,
}

const LAST: u8 = 0;
const MORE_PROPOSALS: u8 = 2;
const MORE_TRANSFORMS: u8 = 3;
/// Attribute format bit: type and value, no length (RFC 7296 3.3.5).
const SHORT_FORMAT: u16 = 0x8000;
const KEY_LENGTH: u16 = 14;

impl Proposal {
    pub(crate) fn parse_all(mut reader: Reader<'_>) -> Result<Vec<Proposal>, WireError> {
        let mut proposals = Vec::new();
        loop {
            if proposals.len() == MAX_PROPOSALS {
                return Err(reader.fail(Fault::TooMany { limit: MAX_PROPOSALS }));
            }
            let more = reader.u8()?;
            reader.u8()?;
            let length = usize::from(reader.u16()?);
            let body = length.checked_sub(4).ok_or_else(|| reader.fail(Fault::BadLength { length }))?;
            proposals.push(Proposal::parse(reader.sub("proposal", body)?)?);
            match more {
                LAST => break,
                MORE_PROPOSALS => {}
                value => {
                    return Err(
                        reader.fail(Fault::BadValue { field: "last substructure", value: value.into() })
                    )
                }
            }
        }
        reader.end()?;
        Ok(proposals)
    }

    fn parse(mut reader: Reader<'_>) -> Result<Proposal, WireError> {
        let number = reader.u8()?;
        let protocol = ProtocolId(reader.u8()?);
        let spi_len = usize::from(reader.u8()?);
        let count = usize::from(reader.u8()?);
        let spi = reader.take(spi_len)?.to_vec();
        let mut transforms = Vec::with_capacity(count);
        for index in 0..count {
            let more = reader.u8()?;
            let expected = if index + 1 == count { LAST } else { MORE_TRANSFORMS };
            if more != expected {
                return Err(reader.fail(Fault::BadValue { field: "last substructure", value: more.into() }));
            }
            reader.u8()?;
            let length = usize::from(reader.u16()?);
            let body = length.checked_sub(4).ok_or_else(|| reader.fail(Fault::BadLength { length }))?;
            transforms.push(Transform::parse(reader.sub("transform", body)?)?);
        }
        reader.end()?;
        Ok(Proposal { number, protocol, spi, transforms })
    }

    pub(crate) fn write_all(proposals: &[Proposal], writer: &mut Writer) -> Result<(), WireError> {
        let fail = |fault| WireError { what: "SA payload", offset: 0, fault };
        if proposals.is_empty() || proposals.len() > MAX_PROPOSALS {
            return Err(fail(Fault::BadValue {
                field: "number of proposals",
                value: proposals.len() as u64,
            }));
        }
        for (index, proposal) in proposals.iter().enumerate() {
            let spi_len = u8::try_from(proposal.spi.len())
                .map_err(|_| fail(Fault::TooLong { bytes: proposal.spi.len(), limit: 255 }))?;
            if proposal.transforms.len() > MAX_TRANSFORMS {
                return Err(fail(Fault::TooMany { limit: MAX_TRANSFORMS }));
            }
            writer.with_length("proposal", |w| {
                w.u8(if index + 1 == proposals.len() { LAST } else { MORE_PROPOSALS });
                w.slice(&[0, 0, 0]);
                w.u8(proposal.number);
                w.u8(proposal.protocol.0);
                w.u8(spi_len);
                w.u8(proposal.transforms.len() as u8);
                w.slice(&proposal.spi);
                for (n, transform) in proposal.transforms.iter().enumerate() {
                    let more = if n + 1 == proposal.transforms.len() { LAST } else { MORE_TRANSFORMS };
                    w.with_length("transform", |w| {
                        transform.write(more, w);
                        Ok(())
                    })?;
                }
                Ok(())
            })?;
        }
        Ok(())
    }
}

impl Transform {
    fn parse(mut reader: Reader<'_>) -> Result<Transform, WireError> {
        let kind = TransformType(reader.u8()?);
        reader.u8()?;
        let mut transform = Transform::new(kind, reader.u16()?);
        while !reader.is_empty() {
            let head = reader.u16()?;
            let value = reader.u16()?;
            if head & SHORT_FORMAT == 0 {
                reader.take(value.into())?;
                transform.odd_attributes = true;
            } else if head == SHORT_FORMAT | KEY_LENGTH && transform.key_bits.is_none() {
                transform.key_bits = Some(value);
            } else {
                transform.odd_attributes = true;
            }
        }
        Ok(transform)
    }

    fn write(&self, more: u8, writer: &mut Writer) {
        writer.u8(more);
        writer.slice(&[0, 0, 0]);
        writer.u8(self.kind.0);
        writer.u8(0);
        writer.u16(self.id);
        if let Some(bits) = self.key_bits {
            writer.u16(SHORT_FORMAT | KEY_LENGTH);
            writer.u16(bits);
        }
    }
}
