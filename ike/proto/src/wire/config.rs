// SPDX-License-Identifier: Apache-2.0
//! Configuration payload (RFC 7296 3.15).

use super::{Fault, Reader, WireError, Writer};

/// What a configuration payload does (RFC 7296 3.15).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ConfigType(pub u8);

impl ConfigType {
    /// CFG_REQUEST.
    pub const REQUEST: ConfigType = ConfigType(1);
    /// CFG_REPLY.
    pub const REPLY: ConfigType = ConfigType(2);
    /// CFG_SET.
    pub const SET: ConfigType = ConfigType(3);
    /// CFG_ACK.
    pub const ACK: ConfigType = ConfigType(4);
}

/// Type of a configuration attribute (RFC 7296 3.15.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AttributeType(pub u16);

impl AttributeType {
    /// INTERNAL_IP4_ADDRESS, 0 or 4 bytes.
    pub const IP4_ADDRESS: AttributeType = AttributeType(1);
    /// INTERNAL_IP4_NETMASK, 0 or 4 bytes.
    pub const IP4_NETMASK: AttributeType = AttributeType(2);
    /// INTERNAL_IP4_DNS, 0 or 4 bytes.
    pub const IP4_DNS: AttributeType = AttributeType(3);
    /// APPLICATION_VERSION, text.
    pub const APPLICATION_VERSION: AttributeType = AttributeType(7);
    /// INTERNAL_IP6_ADDRESS, 0 or 17 bytes: address and prefix length.
    pub const IP6_ADDRESS: AttributeType = AttributeType(8);
    /// INTERNAL_IP6_DNS, 0 or 16 bytes.
    pub const IP6_DNS: AttributeType = AttributeType(10);
    /// INTERNAL_IP4_SUBNET, 0 or 8 bytes: address and mask.
    pub const IP4_SUBNET: AttributeType = AttributeType(13);
    /// SUPPORTED_ATTRIBUTES, 16 bits each.
    pub const SUPPORTED: AttributeType = AttributeType(14);
    /// INTERNAL_IP6_SUBNET, 17 bytes: prefix and length.
    pub const IP6_SUBNET: AttributeType = AttributeType(15);
}

/// One attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// Type, 15 bits.
    pub kind: AttributeType,
    /// Value; empty in a request that leaves the choice to the peer.
    pub value: Vec<u8>,
}

/// A configuration payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Configuration {
    /// What it does.
    pub kind: ConfigType,
    /// Attributes in order.
    pub attributes: Vec<Attribute>,
}

impl Configuration {
    pub(crate) fn parse(mut reader: Reader<'_>) -> Result<Configuration, WireError> {
        let kind = ConfigType(reader.u8()?);
        reader.take(3)?;
        let mut attributes = Vec::new();
        while !reader.is_empty() {
            let kind = AttributeType(reader.u16()? & 0x7fff);
            let length = usize::from(reader.u16()?);
            attributes.push(Attribute { kind, value: reader.take(length)?.to_vec() });
        }
        Ok(Configuration { kind, attributes })
    }

    pub(crate) fn write(&self, writer: &mut Writer) -> Result<(), WireError> {
        writer.slice(&[self.kind.0, 0, 0, 0]);
        for attribute in &self.attributes {
            let length = u16::try_from(attribute.value.len()).map_err(|_| WireError {
                what: "configuration attribute",
                offset: 0,
                fault: Fault::TooLong { bytes: attribute.value.len(), limit: 65_535 },
            })?;
            writer.u16(attribute.kind.0 & 0x7fff);
            writer.u16(length);
            writer.slice(&attribute.value);
        }
        Ok(())
    }
}
