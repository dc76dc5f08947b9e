// SPDX-License-Identifier: Apache-2.0
//! IKEv2 messages on the wire (RFC 7296 section 3).
//!
//! Numbers are big endian on the wire and plain integers here. Parsing checks every length against the bytes
//! that are there, refuses what is left over inside a structure, and bounds the number of payloads, proposals,
//! transforms, selectors and attributes; it never panics. What it does not know it keeps as bytes, so that the
//! caller can answer as RFC 7296 2.5 asks. Reserved fields are ignored when read and zero when written.

mod config;
mod header;
mod notify;
mod payload;
mod reader;
mod sa;
mod ts;

#[cfg(test)]
mod tests;

pub use config::{Attribute, AttributeType, ConfigType, Configuration};
pub use header::{ExchangeType, Flags, Header, HEADER_BYTES};
pub use notify::{Delete, Notify, NotifyType};
pub use payload::{
    Authentication, Certificate, Identity, IdentityType, KeyExchange, Message, Payload, PayloadType, Sealed,
};
pub use sa::{Proposal, ProtocolId, Transform, TransformType};
pub use ts::{IpRange, TrafficSelector};

pub(crate) use reader::{Reader, Writer};

/// Most payloads in one message or one encrypted payload.
pub const MAX_PAYLOADS: usize = 128;
/// Most proposals in one SA payload; their numbers have 8 bits.
pub const MAX_PROPOSALS: usize = 255;
/// Most transforms in one proposal; their count has 8 bits.
pub const MAX_TRANSFORMS: usize = 255;
/// Largest message in bytes: what UDP over IPv6 carries with a non-ESP marker (RFC 3948 2.2).
pub const MAX_MESSAGE_BYTES: usize = 65_535 - 8 - 4;

/// Why bytes are no IKEv2 message, or a value cannot become one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} at byte {offset}: {fault}")]
pub struct WireError {
    /// Structure in which it happened.
    pub what: &'static str,
    /// Offset from the start of the message in bytes; inside an encrypted payload from the start of its plaintext.
    pub offset: usize,
    /// What is wrong.
    pub fault: Fault,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The structure ends before its field does.
    #[error("{need} bytes needed, {have} there")]
    Truncated {
        /// Bytes that the field has.
        need: usize,
        /// Bytes that are left.
        have: usize,
    },
    /// Bytes are left over behind the last field.
    #[error("{bytes} bytes too many")]
    Surplus {
        /// How many.
        bytes: usize,
    },
    /// A length field that is smaller than the structure's own header, or contradicts another field.
    #[error("length field says {length}")]
    BadLength {
        /// Value of the field.
        length: usize,
    },
    /// A field has a value that the RFC does not allow.
    #[error("{field} is {value}")]
    BadValue {
        /// Name of the field.
        field: &'static str,
        /// Its value.
        value: u64,
    },
    /// More elements than this implementation takes.
    #[error("more than {limit} elements")]
    TooMany {
        /// The limit.
        limit: usize,
    },
    /// Longer than its length field can say.
    #[error("{bytes} bytes, at most {limit} are possible")]
    TooLong {
        /// Length in bytes.
        bytes: usize,
        /// Largest possible length in bytes.
        limit: usize,
    },
}
