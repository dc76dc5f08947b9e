// SPDX-License-Identifier: Apache-2.0
//! Messages of the vfio-user protocol: header, commands, and a checked reader for replies.
//!
//! All fields are little endian. A message is a 16-byte header (message id u16, command u16, size of the whole
//! message u32, flags u32, error u32) and a body.

use super::super::BackendError;

/// Bytes of a message header.
pub(super) const HEADER_BYTES: usize = 16;
/// Largest message the client accepts: a transfer of 1 MiB and its headers.
pub(super) const MAX_MESSAGE_BYTES: usize = (1 << 20) + 4096;

const FLAG_TYPE_MASK: u32 = 0xf;
const FLAG_TYPE_REPLY: u32 = 1;
const FLAG_NO_REPLY: u32 = 1 << 4;
const FLAG_ERROR: u32 = 1 << 5;

/// Commands the client sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub(super) enum Command {
    Version = 1,
    DmaMap = 2,
    DmaUnmap = 3,
    DeviceGetInfo = 4,
    DeviceGetRegionInfo = 5,
    DeviceGetIrqInfo = 7,
    DeviceSetIrqs = 8,
    RegionRead = 9,
    RegionWrite = 10,
    DeviceReset = 13,
}

/// A message header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) id: u16,
    pub(super) command: u16,
    pub(super) size: u32,
    pub(super) flags: u32,
    pub(super) error: u32,
}

impl Header {
    /// Header of a command with a body of `body` bytes.
    pub(super) fn command(id: u16, command: Command, body: usize) -> Self {
        Self { id, command: command as u16, size: (HEADER_BYTES + body) as u32, flags: 0, error: 0 }
    }

    /// Error reply to a command of the server.
    pub(super) fn refusal(&self, errno: u32) -> Self {
        Self { size: HEADER_BYTES as u32, flags: FLAG_TYPE_REPLY | FLAG_ERROR, error: errno, ..*self }
    }

    pub(super) fn to_bytes(self) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        bytes[0..2].copy_from_slice(&self.id.to_le_bytes());
        bytes[2..4].copy_from_slice(&self.command.to_le_bytes());
        bytes[4..8].copy_from_slice(&self.size.to_le_bytes());
        bytes[8..12].copy_from_slice(&self.flags.to_le_bytes());
        bytes[12..16].copy_from_slice(&self.error.to_le_bytes());
        bytes
    }

    pub(super) fn parse(bytes: &[u8; HEADER_BYTES]) -> Self {
        let word = |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
        Self {
            id: u16::from_le_bytes([bytes[0], bytes[1]]),
            command: u16::from_le_bytes([bytes[2], bytes[3]]),
            size: word(4),
            flags: word(8),
            error: word(12),
        }
    }

    /// Whether this is a command (of the server), not a reply.
    pub(super) fn is_command(&self) -> bool {
        self.flags & FLAG_TYPE_MASK == 0
    }

    pub(super) fn is_reply(&self) -> bool {
        self.flags & FLAG_TYPE_MASK == FLAG_TYPE_REPLY
    }

    pub(super) fn wants_no_reply(&self) -> bool {
        self.flags & FLAG_NO_REPLY != 0
    }

    pub(super) fn is_error(&self) -> bool {
        self.flags & FLAG_ERROR != 0
    }
}

/// Body of a command under construction.
#[derive(Default)]
pub(super) struct Body(pub(super) Vec<u8>);

impl Body {
    pub(super) fn u16(mut self, value: u16) -> Self {
        self.0.extend(value.to_le_bytes());
        self
    }

    pub(super) fn u32(mut self, value: u32) -> Self {
        self.0.extend(value.to_le_bytes());
        self
    }

    pub(super) fn u64(mut self, value: u64) -> Self {
        self.0.extend(value.to_le_bytes());
        self
    }

    pub(super) fn bytes(mut self, bytes: &[u8]) -> Self {
        self.0.extend(bytes);
        self
    }
}

/// Reads the body of a reply; running off its end is a protocol error.
pub(super) struct Reader<'a> {
    what: &'a str,
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) fn new(what: &'a str, body: &'a [u8]) -> Self {
        Self { what, rest: body }
    }

    pub(super) fn take(&mut self, count: usize) -> Result<&'a [u8], BackendError> {
        match self.rest.split_at_checked(count) {
            Some((taken, rest)) => {
                self.rest = rest;
                Ok(taken)
            }
            None => Err(self.error(format!("reply is {} bytes too short", count - self.rest.len()))),
        }
    }

    pub(super) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    pub(super) fn u16(&mut self) -> Result<u16, BackendError> {
        let bytes = self.take(2)?;
        Ok(u16::from_le_bytes([bytes[0], bytes[1]]))
    }

    pub(super) fn u32(&mut self) -> Result<u32, BackendError> {
        let bytes = self.take(4)?;
        Ok(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
    }

    pub(super) fn u64(&mut self) -> Result<u64, BackendError> {
        let low = self.u32()?;
        Ok(u64::from(self.u32()?) << 32 | u64::from(low))
    }

    pub(super) fn error(&self, detail: impl Into<String>) -> BackendError {
        BackendError::Protocol { what: self.what.to_owned(), detail: detail.into() }
    }
}
