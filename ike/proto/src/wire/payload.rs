// SPDX-License-Identifier: Apache-2.0
//! Payloads and the chain they form (RFC 7296 3.2), the encrypted payload as an envelope (3.14, RFC 7383).

use super::{
    Configuration, Delete, Fault, Header, Notify, Proposal, Reader, TrafficSelector, WireError, Writer,
    HEADER_BYTES, MAX_PAYLOADS,
};

/// Type of a payload (RFC 7296 3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PayloadType(pub u8);

impl PayloadType {
    /// End of the chain.
    pub const NONE: PayloadType = PayloadType(0);
    /// Security association.
    pub const SA: PayloadType = PayloadType(33);
    /// Key exchange.
    pub const KE: PayloadType = PayloadType(34);
    /// Identification of the initiator.
    pub const IDI: PayloadType = PayloadType(35);
    /// Identification of the responder.
    pub const IDR: PayloadType = PayloadType(36);
    /// Certificate.
    pub const CERT: PayloadType = PayloadType(37);
    /// Certificate request.
    pub const CERTREQ: PayloadType = PayloadType(38);
    /// Authentication.
    pub const AUTH: PayloadType = PayloadType(39);
    /// Nonce.
    pub const NONCE: PayloadType = PayloadType(40);
    /// Notify.
    pub const NOTIFY: PayloadType = PayloadType(41);
    /// Delete.
    pub const DELETE: PayloadType = PayloadType(42);
    /// Vendor ID.
    pub const VENDOR: PayloadType = PayloadType(43);
    /// Traffic selectors of the initiator.
    pub const TSI: PayloadType = PayloadType(44);
    /// Traffic selectors of the responder.
    pub const TSR: PayloadType = PayloadType(45);
    /// Encrypted and authenticated.
    pub const SK: PayloadType = PayloadType(46);
    /// Configuration.
    pub const CP: PayloadType = PayloadType(47);
    /// EAP.
    pub const EAP: PayloadType = PayloadType(48);
    /// Encrypted and authenticated fragment (RFC 7383).
    pub const SKF: PayloadType = PayloadType(53);
}

/// Kind of an identity (RFC 7296 3.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct IdentityType(pub u8);

impl IdentityType {
    /// ID_IPV4_ADDR, 4 bytes.
    pub const IPV4: IdentityType = IdentityType(1);
    /// ID_FQDN, text without a final zero.
    pub const FQDN: IdentityType = IdentityType(2);
    /// ID_RFC822_ADDR, text.
    pub const RFC822: IdentityType = IdentityType(3);
    /// ID_IPV6_ADDR, 16 bytes.
    pub const IPV6: IdentityType = IdentityType(5);
    /// ID_DER_ASN1_DN.
    pub const DER_DN: IdentityType = IdentityType(9);
    /// ID_DER_ASN1_GN.
    pub const DER_GN: IdentityType = IdentityType(10);
    /// ID_KEY_ID, opaque.
    pub const KEY_ID: IdentityType = IdentityType(11);
}

/// Who somebody claims to be (RFC 7296 3.5).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Identity {
    /// Kind.
    pub kind: IdentityType,
    /// Bytes, depending on the kind.
    pub data: Vec<u8>,
}

/// Key exchange data (RFC 7296 3.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyExchange {
    /// Key exchange method, a transform ID of type 4.
    pub group: u16,
    /// Public value.
    pub data: Vec<u8>,
}

/// Certificate, or the authorities of a certificate request (RFC 7296 3.6, 3.7).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// Encoding; 4 is an X.509 signature certificate.
    pub encoding: u8,
    /// Certificate, or in a request the SHA-1 hashes of the authorities' public keys, 20 bytes each.
    pub data: Vec<u8>,
}

/// Proof of identity (RFC 7296 3.8).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authentication {
    /// Method: 1 RSA, 2 shared key, 14 digital signature (RFC 7427).
    pub method: u8,
    /// Signature or MAC.
    pub data: Vec<u8>,
}

/// A payload that is not an envelope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Payload {
    /// SA.
    Sa(Vec<Proposal>),
    /// KE.
    Ke(KeyExchange),
    /// IDi.
    IdI(Identity),
    /// IDr.
    IdR(Identity),
    /// CERT.
    Cert(Certificate),
    /// CERTREQ.
    CertReq(Certificate),
    /// AUTH.
    Auth(Authentication),
    /// Nonce, 16 to 256 bytes (RFC 7296 3.9).
    Nonce(Vec<u8>),
    /// N.
    Notify(Notify),
    /// D.
    Delete(Delete),
    /// V.
    Vendor(Vec<u8>),
    /// TSi. Selectors of a type that is not known are left out when parsed.
    TsI(Vec<TrafficSelector>),
    /// TSr, likewise.
    TsR(Vec<TrafficSelector>),
    /// CP.
    Config(Configuration),
    /// EAP message.
    Eap(Vec<u8>),
    /// Something else.
    Unknown {
        /// Type.
        kind: PayloadType,
        /// The sender insists on its being understood (RFC 7296 2.5).
        critical: bool,
        /// Body.
        data: Vec<u8>,
    },
}

/// The encrypted payload that ends a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed<'a> {
    /// Type of the first payload inside.
    pub first: PayloadType,
    /// Fragment number from 1 and total (RFC 7383 2.5); `None` for a whole message.
    pub fragment: Option<(u16, u16)>,
    /// Bytes of the message before `body`: what AEAD algorithms authenticate (RFC 5282 5.1).
    pub aad: &'a [u8],
    /// IV, ciphertext and integrity check value.
    pub body: &'a [u8],
}

/// A received message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message<'a> {
    /// Header.
    pub header: Header,
    /// Payloads outside the encrypted one, in order.
    pub payloads: Vec<Payload>,
    /// The encrypted payload.
    pub sealed: Option<Sealed<'a>>,
}

/// Bytes of the generic payload header.
const GENERIC_BYTES: usize = 4;
const CRITICAL: u8 = 0x80;
/// Nonces are 16 to 256 bytes (RFC 7296 3.9).
const NONCE_BYTES: std::ops::RangeInclusive<usize> = 16..=256;

impl<'a> Message<'a> {
    /// Parses a whole message, from the IKE header on (without the non-ESP marker of RFC 3948).
    ///
    /// # Errors
    /// [`WireError`] says where and why it is no IKEv2 message.
    pub fn parse(bytes: &'a [u8]) -> Result<Message<'a>, WireError> {
        let header = Header::parse(bytes)?;
        let mut reader = Reader::new("message", HEADER_BYTES, &bytes[HEADER_BYTES..]);
        let mut payloads = Vec::new();
        let mut sealed = None;
        let mut kind = header.first;
        while kind != PayloadType::NONE {
            let (next, critical, mut body, at) = generic(&mut reader)?;
            if kind == PayloadType::SK || kind == PayloadType::SKF {
                let fragment = match kind {
                    PayloadType::SKF => Some(fragment_numbers(&mut body)?),
                    _ => None,
                };
                let start = HEADER_BYTES + at + GENERIC_BYTES + if fragment.is_some() { 4 } else { 0 };
                // It is the last one: `next` is the type of the first payload inside (RFC 7296 3.14).
                reader.end()?;
                sealed = Some(Sealed { first: next, fragment, aad: &bytes[..start], body: body.rest() });
                break;
            }
            push(&mut payloads, kind, critical, body)?;
            kind = next;
        }
        reader.end()?;
        Ok(Message { header, payloads, sealed })
    }
}

/// The generic payload header, its body and its offset from the start of the chain.
fn generic<'a>(reader: &mut Reader<'a>) -> Result<(PayloadType, bool, Reader<'a>, usize), WireError> {
    let at = reader.position();
    let next = PayloadType(reader.u8()?);
    let critical = reader.u8()? & CRITICAL != 0;
    let length = usize::from(reader.u16()?);
    let body = length.checked_sub(GENERIC_BYTES).ok_or_else(|| reader.fail(Fault::BadLength { length }))?;
    Ok((next, critical, reader.sub("payload", body)?, at))
}

fn fragment_numbers(body: &mut Reader<'_>) -> Result<(u16, u16), WireError> {
    let (number, total) = (body.u16()?, body.u16()?);
    if number == 0 || number > total {
        return Err(body.fail(Fault::BadValue { field: "fragment number", value: number.into() }));
    }
    Ok((number, total))
}

fn push(
    payloads: &mut Vec<Payload>,
    kind: PayloadType,
    critical: bool,
    body: Reader<'_>,
) -> Result<(), WireError> {
    if payloads.len() == MAX_PAYLOADS {
        return Err(body.fail(Fault::TooMany { limit: MAX_PAYLOADS }));
    }
    payloads.push(Payload::parse(kind, critical, body)?);
    Ok(())
}

impl Payload {
    fn parse(kind: PayloadType, critical: bool, mut body: Reader<'_>) -> Result<Payload, WireError> {
        Ok(match kind {
            PayloadType::SA => Payload::Sa(Proposal::parse_all(body)?),
            PayloadType::KE => {
                let group = body.u16()?;
                body.take(2)?;
                Payload::Ke(KeyExchange { group, data: body.rest().to_vec() })
            }
            PayloadType::IDI => Payload::IdI(Identity::parse(body)?),
            PayloadType::IDR => Payload::IdR(Identity::parse(body)?),
            PayloadType::CERT => Payload::Cert(Certificate::parse(body)?),
            PayloadType::CERTREQ => Payload::CertReq(Certificate::parse(body)?),
            PayloadType::AUTH => {
                let method = body.u8()?;
                body.take(3)?;
                Payload::Auth(Authentication { method, data: body.rest().to_vec() })
            }
            PayloadType::NONCE => {
                let nonce = body.rest().to_vec();
                if !NONCE_BYTES.contains(&nonce.len()) {
                    return Err(
                        body.fail(Fault::BadValue { field: "nonce length", value: nonce.len() as u64 })
                    );
                }
                Payload::Nonce(nonce)
            }
            PayloadType::NOTIFY => Payload::Notify(Notify::parse(body)?),
            PayloadType::DELETE => Payload::Delete(Delete::parse(body)?),
            PayloadType::VENDOR => Payload::Vendor(body.rest().to_vec()),
            PayloadType::TSI => Payload::TsI(TrafficSelector::parse_all(body)?),
            PayloadType::TSR => Payload::TsR(TrafficSelector::parse_all(body)?),
            PayloadType::CP => Payload::Config(Configuration::parse(body)?),
            PayloadType::EAP => Payload::Eap(body.rest().to_vec()),
            kind => Payload::Unknown { kind, critical, data: body.rest().to_vec() },
        })
    }

    /// Type on the wire.
    pub fn kind(&self) -> PayloadType {
        match self {
            Payload::Sa(_) => PayloadType::SA,
            Payload::Ke(_) => PayloadType::KE,
            Payload::IdI(_) => PayloadType::IDI,
            Payload::IdR(_) => PayloadType::IDR,
            Payload::Cert(_) => PayloadType::CERT,
            Payload::CertReq(_) => PayloadType::CERTREQ,
            Payload::Auth(_) => PayloadType::AUTH,
            Payload::Nonce(_) => PayloadType::NONCE,
            Payload::Notify(_) => PayloadType::NOTIFY,
            Payload::Delete(_) => PayloadType::DELETE,
            Payload::Vendor(_) => PayloadType::VENDOR,
            Payload::TsI(_) => PayloadType::TSI,
            Payload::TsR(_) => PayloadType::TSR,
            Payload::Config(_) => PayloadType::CP,
            Payload::Eap(_) => PayloadType::EAP,
            Payload::Unknown { kind, .. } => *kind,
        }
    }

    fn write(&self, writer: &mut Writer) -> Result<(), WireError> {
        match self {
            Payload::Sa(proposals) => Proposal::write_all(proposals, writer)?,
            Payload::Ke(ke) => {
                writer.u16(ke.group);
                writer.u16(0);
                writer.slice(&ke.data);
            }
            Payload::IdI(id) | Payload::IdR(id) => {
                writer.slice(&[id.kind.0, 0, 0, 0]);
                writer.slice(&id.data);
            }
            Payload::Cert(cert) | Payload::CertReq(cert) => {
                writer.u8(cert.encoding);
                writer.slice(&cert.data);
            }
            Payload::Auth(auth) => {
                writer.slice(&[auth.method, 0, 0, 0]);
                writer.slice(&auth.data);
            }
            Payload::Nonce(bytes) | Payload::Vendor(bytes) | Payload::Eap(bytes) => writer.slice(bytes),
            Payload::Notify(notify) => notify.write(writer)?,
            Payload::Delete(delete) => delete.write(writer)?,
            Payload::TsI(selectors) | Payload::TsR(selectors) => {
                TrafficSelector::write_all(selectors, writer)?
            }
            Payload::Config(config) => config.write(writer)?,
            Payload::Unknown { data, .. } => writer.slice(data),
        }
        Ok(())
    }

    /// Parses the plaintext of an encrypted payload whose first payload has type `first`.
    ///
    /// # Errors
    /// [`WireError`], also for an encrypted payload within.
    pub fn parse_chain(first: PayloadType, plaintext: &[u8]) -> Result<Vec<Payload>, WireError> {
        let mut reader = Reader::new("encrypted payload", 0, plaintext);
        let mut payloads = Vec::new();
        let mut kind = first;
        while kind != PayloadType::NONE {
            let (next, critical, body, _) = generic(&mut reader)?;
            if kind == PayloadType::SK || kind == PayloadType::SKF {
                return Err(reader.fail(Fault::BadValue { field: "payload type", value: kind.0.into() }));
            }
            push(&mut payloads, kind, critical, body)?;
            kind = next;
        }
        reader.end()?;
        Ok(payloads)
    }

    /// The payloads as bytes, and the type of the first one.
    ///
    /// # Errors
    /// [`WireError`] when something is longer than its length field can say.
    pub fn build_chain(payloads: &[Payload]) -> Result<(PayloadType, Vec<u8>), WireError> {
        let mut writer = Writer::default();
        write_chain(payloads, &mut writer)?;
        Ok((payloads.first().map_or(PayloadType::NONE, Payload::kind), writer.bytes))
    }

    /// A whole message without encrypted payload. `header.first` is set from `payloads`.
    ///
    /// # Errors
    /// [`WireError`] when something is too long.
    pub fn build_message(header: &Header, payloads: &[Payload]) -> Result<Vec<u8>, WireError> {
        let (first, chain) = Payload::build_chain(payloads)?;
        let mut writer = Writer::default();
        Header { first, ..*header }.write(&mut writer, HEADER_BYTES + chain.len())?;
        writer.slice(&chain);
        Ok(writer.bytes)
    }

    /// The start of a message that consists of one encrypted payload: header and generic header (and fragment
    /// numbers), for a body of `body_bytes` (IV, ciphertext, padding, integrity check value), whose first
    /// payload has type `first`. The caller appends the body; these bytes are its AAD.
    ///
    /// # Errors
    /// [`WireError`] when the message gets too long.
    pub fn build_envelope(
        header: &Header,
        first: PayloadType,
        fragment: Option<(u16, u16)>,
        body_bytes: usize,
    ) -> Result<Vec<u8>, WireError> {
        let numbers = if fragment.is_some() { 4 } else { 0 };
        let payload = GENERIC_BYTES + numbers + body_bytes;
        let length = u16::try_from(payload).map_err(|_| WireError {
            what: "encrypted payload",
            offset: HEADER_BYTES,
            fault: Fault::TooLong { bytes: payload, limit: 65_535 },
        })?;
        let kind = if fragment.is_some() { PayloadType::SKF } else { PayloadType::SK };
        let mut writer = Writer::default();
        Header { first: kind, ..*header }.write(&mut writer, HEADER_BYTES + payload)?;
        writer.slice(&[first.0, 0]);
        writer.u16(length);
        if let Some((number, total)) = fragment {
            writer.u16(number);
            writer.u16(total);
        }
        Ok(writer.bytes)
    }
}

fn write_chain(payloads: &[Payload], writer: &mut Writer) -> Result<(), WireError> {
    for (index, payload) in payloads.iter().enumerate() {
        let next = payloads.get(index + 1).map_or(PayloadType::NONE, Payload::kind);
        let critical = matches!(payload, Payload::Unknown { critical: true, .. });
        writer.with_length("payload", |w| {
            w.slice(&[next.0, if critical { CRITICAL } else { 0 }, 0, 0]);
            payload.write(w)
        })?;
    }
    Ok(())
}

impl Identity {
    fn parse(mut body: Reader<'_>) -> Result<Identity, WireError> {
        let kind = IdentityType(body.u8()?);
        body.take(3)?;
        let data = body.rest().to_vec();
        let wanted = match kind {
            IdentityType::IPV4 => Some(4),
            IdentityType::IPV6 => Some(16),
            _ => None,
        };
        if wanted.is_some_and(|bytes| bytes != data.len()) {
            return Err(body.fail(Fault::BadValue { field: "identity length", value: data.len() as u64 }));
        }
        Ok(Identity { kind, data })
    }
}

impl Certificate {
    fn parse(mut body: Reader<'_>) -> Result<Certificate, WireError> {
        Ok(Certificate { encoding: body.u8()?, data: body.rest().to_vec() })
    }
}
