// SPDX-License-Identifier: Apache-2.0
//! Notify and Delete payloads (RFC 7296 3.10, 3.11).

use super::{Fault, ProtocolId, Reader, WireError, Writer};

/// Notify message type (RFC 7296 3.10.1 and the extensions named).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NotifyType(pub u16);

macro_rules! notify_types {
    ($($name:ident = $value:literal, $doc:literal;)*) => {
        impl NotifyType {
            $(#[doc = $doc] pub const $name: NotifyType = NotifyType($value);)*

            /// Name as in the registry, for logs.
            pub fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($value => Some(stringify!($name)),)*
                    _ => None,
                }
            }
        }
    };
}

notify_types! {
    UNSUPPORTED_CRITICAL_PAYLOAD = 1, "A payload with the critical bit was not understood; data: its type.";
    INVALID_IKE_SPI = 4, "No IKE SA with these SPIs.";
    INVALID_MAJOR_VERSION = 5, "Major version not spoken.";
    INVALID_SYNTAX = 7, "The message was malformed.";
    INVALID_MESSAGE_ID = 9, "Message ID outside the window; data: the ID.";
    INVALID_SPI = 11, "ESP or AH packet with an unknown SPI; data: the SPI.";
    NO_PROPOSAL_CHOSEN = 14, "None of the proposals was acceptable.";
    INVALID_KE_PAYLOAD = 17, "Another key exchange method is wanted; data: its number, 16 bits.";
    AUTHENTICATION_FAILED = 24, "Authentication failed.";
    SINGLE_PAIR_REQUIRED = 34, "Only selectors for a single pair of addresses are accepted.";
    NO_ADDITIONAL_SAS = 35, "No more Child SAs on this IKE SA.";
    INTERNAL_ADDRESS_FAILURE = 36, "No address could be assigned.";
    FAILED_CP_REQUIRED = 37, "A configuration payload was expected.";
    TS_UNACCEPTABLE = 38, "None of the traffic selectors was acceptable.";
    INVALID_SELECTORS = 39, "A packet outside its SA's selectors arrived.";
    TEMPORARY_FAILURE = 43, "Try again later: a rekeying or deletion is under way.";
    CHILD_SA_NOT_FOUND = 44, "The Child SA to rekey does not exist.";
    INITIAL_CONTACT = 16_384, "The only IKE SA between these identities.";
    SET_WINDOW_SIZE = 16_385, "Window of outstanding requests; data: its size, 32 bits.";
    ADDITIONAL_TS_POSSIBLE = 16_386, "Narrowed selectors were possible that did not fit one SA.";
    IPCOMP_SUPPORTED = 16_387, "IPComp is offered or accepted.";
    NAT_DETECTION_SOURCE_IP = 16_388, "SHA-1 of the SPIs and the sender's address and port.";
    NAT_DETECTION_DESTINATION_IP = 16_389, "SHA-1 of the SPIs and the receiver's address and port.";
    COOKIE = 16_390, "Cookie against half-open floods (RFC 7296 2.6).";
    USE_TRANSPORT_MODE = 16_391, "Transport mode is asked for or granted.";
    HTTP_CERT_LOOKUP_SUPPORTED = 16_392, "Certificates may come by hash and URL.";
    REKEY_SA = 16_393, "The Child SA of this SPI is to be replaced.";
    ESP_TFC_PADDING_NOT_SUPPORTED = 16_394, "The sender takes no TFC padding.";
    NON_FIRST_FRAGMENTS_ALSO = 16_395, "Fragments without ports may use the SA.";
    IKEV2_FRAGMENTATION_SUPPORTED = 16_430, "IKE fragmentation (RFC 7383).";
    SIGNATURE_HASH_ALGORITHMS = 16_431, "Hash algorithms of digital signatures (RFC 7427); data: 16 bits each.";
}

impl NotifyType {
    /// An error (types below 16,384), which in a response means that the request failed (RFC 7296 3.10.1).
    pub fn is_error(self) -> bool {
        self.0 < 16_384
    }
}

/// A notification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notify {
    /// Protocol of the SA in `spi`; 0 when there is none.
    pub protocol: ProtocolId,
    /// SPI of the SA that is meant; empty when none, or the IKE SA itself.
    pub spi: Vec<u8>,
    /// What is said.
    pub kind: NotifyType,
    /// Data, depending on `kind`.
    pub data: Vec<u8>,
}

impl Notify {
    /// A notification about the IKE SA or nothing in particular.
    pub fn new(kind: NotifyType, data: impl Into<Vec<u8>>) -> Notify {
        Notify { protocol: ProtocolId::NONE, spi: Vec::new(), kind, data: data.into() }
    }

    pub(crate) fn parse(mut reader: Reader<'_>) -> Result<Notify, WireError> {
        let protocol = ProtocolId(reader.u8()?);
        let spi_len = usize::from(reader.u8()?);
        let kind = NotifyType(reader.u16()?);
        let spi = reader.take(spi_len)?.to_vec();
        Ok(Notify { protocol, spi, kind, data: reader.rest().to_vec() })
    }

    pub(crate) fn write(&self, writer: &mut Writer) -> Result<(), WireError> {
        let spi_len = u8::try_from(self.spi.len()).map_err(|_| WireError {
            what: "notify payload",
            offset: 0,
            fault: Fault::TooLong { bytes: self.spi.len(), limit: 255 },
        })?;
        writer.slice(&[self.protocol.0, spi_len]);
        writer.u16(self.kind.0);
        writer.slice(&self.spi);
        writer.slice(&self.data);
        Ok(())
    }
}

/// SAs that the sender has deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delete {
    /// The IKE SA that carries the message.
    Ike,
    /// Child SAs by the sender's inbound SPIs.
    Child {
        /// ESP or AH.
        protocol: ProtocolId,
        /// SPIs.
        spis: Vec<u32>,
    },
}

impl Delete {
    pub(crate) fn parse(mut reader: Reader<'_>) -> Result<Delete, WireError> {
        let protocol = ProtocolId(reader.u8()?);
        let spi_len = reader.u8()?;
        let count = usize::from(reader.u16()?);
        let delete = match (protocol, spi_len) {
            (ProtocolId::IKE, 0) if count == 0 => Delete::Ike,
            (ProtocolId::ESP | ProtocolId::AH, 4) => {
                let mut spis = Vec::new();
                for _ in 0..count {
                    spis.push(reader.u32()?);
                }
                Delete::Child { protocol, spis }
            }
            (ProtocolId::IKE | ProtocolId::ESP | ProtocolId::AH, _) => {
                return Err(reader.fail(Fault::BadValue { field: "SPI size", value: spi_len.into() }));
            }
            _ => return Err(reader.fail(Fault::BadValue { field: "protocol", value: protocol.0.into() })),
        };
        reader.end()?;
        Ok(delete)
    }

    pub(crate) fn write(&self, writer: &mut Writer) -> Result<(), WireError> {
        match self {
            Delete::Ike => writer.slice(&[ProtocolId::IKE.0, 0, 0, 0]),
            Delete::Child { protocol, spis } => {
                let count = u16::try_from(spis.len()).map_err(|_| WireError {
                    what: "delete payload",
                    offset: 0,
                    fault: Fault::TooMany { limit: 65_535 },
                })?;
                writer.slice(&[protocol.0, 4]);
                writer.u16(count);
                for spi in spis {
                    writer.u32(*spi);
                }
            }
        }
        Ok(())
    }
}
