// SPDX-License-Identifier: Apache-2.0
//! The IKE header (RFC 7296 3.1).

use super::{Fault, PayloadType, Reader, WireError, Writer};

/// Bytes of the IKE header.
pub const HEADER_BYTES: usize = 28;

/// Major version that this module speaks, in the upper half of the version byte.
const VERSION_2_0: u8 = 0x20;

/// Exchange type (RFC 7296 3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ExchangeType(pub u8);

impl ExchangeType {
    /// IKE_SA_INIT.
    pub const IKE_SA_INIT: ExchangeType = ExchangeType(34);
    /// IKE_AUTH.
    pub const IKE_AUTH: ExchangeType = ExchangeType(35);
    /// CREATE_CHILD_SA.
    pub const CREATE_CHILD_SA: ExchangeType = ExchangeType(36);
    /// INFORMATIONAL.
    pub const INFORMATIONAL: ExchangeType = ExchangeType(37);
}

/// Flags of the header (RFC 7296 3.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    /// Sent by the original initiator of the IKE SA.
    pub initiator: bool,
    /// The sender could speak a higher major version.
    pub higher_version: bool,
    /// A response to a request with the same message ID.
    pub response: bool,
}

impl Flags {
    const INITIATOR: u8 = 0x08;
    const VERSION: u8 = 0x10;
    const RESPONSE: u8 = 0x20;

    fn from_byte(byte: u8) -> Flags {
        Flags {
            initiator: byte & Flags::INITIATOR != 0,
            higher_version: byte & Flags::VERSION != 0,
            response: byte & Flags::RESPONSE != 0,
        }
    }

    fn to_byte(self) -> u8 {
        (if self.initiator { Flags::INITIATOR } else { 0 })
            | (if self.higher_version { Flags::VERSION } else { 0 })
            | (if self.response { Flags::RESPONSE } else { 0 })
    }
}

/// The IKE header without its length, which belongs to the bytes and not to the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// SPI of the initiator; never 0 (RFC 7296 3.1).
    pub spi_i: u64,
    /// SPI of the responder; 0 in the first message of an exchange that creates the IKE SA.
    pub spi_r: u64,
    /// Type of the first payload.
    pub first: PayloadType,
    /// Exchange type.
    pub exchange: ExchangeType,
    /// Flags.
    pub flags: Flags,
    /// Message ID.
    pub message_id: u32,
}

impl Header {
    /// Reads the header of `message` and checks version and length against the bytes there.
    ///
    /// # Errors
    /// [`WireError`] when the header is cut off, the major version is not 2 (`BadValue`, field "version": RFC
    /// 7296 2.5 asks for INVALID_MAJOR_VERSION when it is higher), the initiator's SPI is 0, or the length
    /// field is not the number of bytes of `message`.
    pub fn parse(message: &[u8]) -> Result<Header, WireError> {
        let mut reader = Reader::new("IKE header", 0, message);
        let spi_i = reader.u64()?;
        let spi_r = reader.u64()?;
        let first = PayloadType(reader.u8()?);
        let version = reader.u8()?;
        let exchange = ExchangeType(reader.u8()?);
        let flags = Flags::from_byte(reader.u8()?);
        let message_id = reader.u32()?;
        let length = reader.u32()? as usize;
        if version >> 4 != VERSION_2_0 >> 4 {
            return Err(reader.fail(Fault::BadValue { field: "version", value: version.into() }));
        }
        if spi_i == 0 {
            return Err(reader.fail(Fault::BadValue { field: "initiator SPI", value: 0 }));
        }
        if length != message.len() {
            return Err(reader.fail(Fault::BadLength { length }));
        }
        Ok(Header { spi_i, spi_r, first, exchange, flags, message_id })
    }

    /// Writes the header of a message of `length` bytes, header included.
    pub(crate) fn write(&self, writer: &mut Writer, length: usize) -> Result<(), WireError> {
        if length > super::MAX_MESSAGE_BYTES {
            let fault = Fault::TooLong { bytes: length, limit: super::MAX_MESSAGE_BYTES };
            return Err(WireError { what: "IKE header", offset: 0, fault });
        }
        writer.slice(&self.spi_i.to_be_bytes());
        writer.slice(&self.spi_r.to_be_bytes());
        writer.u8(self.first.0);
        writer.u8(VERSION_2_0);
        writer.u8(self.exchange.0);
        writer.u8(self.flags.to_byte());
        writer.u32(self.message_id);
        writer.u32(length as u32);
        Ok(())
    }
}
