// SPDX-License-Identifier: Apache-2.0
//! Messages of the vfio-user protocol.
//!
//! All fields are little endian. A message is a 16-byte header (id `u16`, command `u16`, size of the whole
//! message `u32`, flags `u32`, error `u32`) and a body.

use std::os::fd::OwnedFd;

/// Bytes of a header.
pub const HEADER_BYTES: usize = 16;
/// Largest region access or transfer in bytes, announced at negotiation.
pub const MAX_TRANSFER: u32 = 1 << 20;
/// Largest message accepted: a transfer with its headers.
pub const MAX_MESSAGE_BYTES: usize = MAX_TRANSFER as usize + 4096;
/// Most descriptors in one message.
pub const MAX_FDS: usize = 16;

/// Flag bits: the type field.
pub const FLAG_TYPE: u32 = 0xf;
/// Type: a reply.
pub const FLAG_REPLY: u32 = 1;
/// The sender wants no reply.
pub const FLAG_NO_REPLY: u32 = 1 << 4;
/// The reply reports an error.
pub const FLAG_ERROR: u32 = 1 << 5;

/// Commands of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u16)]
#[allow(missing_docs, reason = "the protocol's own names")]
pub enum Command {
    Version = 1,
    DmaMap = 2,
    DmaUnmap = 3,
    DeviceGetInfo = 4,
    DeviceGetRegionInfo = 5,
    DeviceGetRegionIoFds = 6,
    DeviceGetIrqInfo = 7,
    DeviceSetIrqs = 8,
    RegionRead = 9,
    RegionWrite = 10,
    DeviceReset = 13,
}

impl Command {
    /// The command of a code.
    pub fn from_code(code: u16) -> Option<Self> {
        use Command::*;
        [
            Version,
            DmaMap,
            DmaUnmap,
            DeviceGetInfo,
            DeviceGetRegionInfo,
            DeviceGetRegionIoFds,
            DeviceGetIrqInfo,
            DeviceSetIrqs,
            RegionRead,
            RegionWrite,
            DeviceReset,
        ]
        .into_iter()
        .find(|c| *c as u16 == code)
    }
}

/// A message header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// Chosen by the sender of a command, repeated in its reply.
    pub id: u16,
    /// Command code.
    pub command: u16,
    /// Bytes of the message, header included.
    pub size: u32,
    /// Flag bits.
    pub flags: u32,
    /// Errno of an error reply.
    pub error: u32,
}

impl Header {
    /// Reads a header.
    pub fn parse(bytes: &[u8; HEADER_BYTES]) -> Self {
        let half = |at: usize| u16::from_le_bytes([bytes[at], bytes[at + 1]]);
        let word = |at: usize| u32::from(half(at)) | u32::from(half(at + 2)) << 16;
        Self { id: half(0), command: half(2), size: word(4), flags: word(8), error: word(12) }
    }

    /// Header of a command with `body` bytes behind it.
    pub fn command(id: u16, command: Command, body: usize) -> Self {
        Self { id, command: command as u16, size: (HEADER_BYTES + body) as u32, flags: 0, error: 0 }
    }

    /// The bytes on the wire.
    pub fn to_bytes(self) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        bytes[0..2].copy_from_slice(&self.id.to_le_bytes());
        bytes[2..4].copy_from_slice(&self.command.to_le_bytes());
        bytes[4..8].copy_from_slice(&self.size.to_le_bytes());
        bytes[8..12].copy_from_slice(&self.flags.to_le_bytes());
        bytes[12..16].copy_from_slice(&self.error.to_le_bytes());
        bytes
    }

    /// The reply to this command, with `body` behind its header.
    pub fn reply(&self, body: &[u8]) -> Vec<u8> {
        let size = (HEADER_BYTES + body.len()) as u32;
        let header = Self { size, flags: FLAG_REPLY, error: 0, ..*self };
        [&header.to_bytes()[..], body].concat()
    }

    /// The error reply to this command.
    pub fn refuse(&self, errno: i32) -> Vec<u8> {
        let header =
            Self { size: HEADER_BYTES as u32, flags: FLAG_REPLY | FLAG_ERROR, error: errno as u32, ..*self };
        header.to_bytes().to_vec()
    }
}

/// A message as it arrived.
#[derive(Debug)]
pub struct Message {
    /// Header.
    pub header: Header,
    /// What follows the header.
    pub body: Vec<u8>,
    /// Descriptors that came with it.
    pub fds: Vec<OwnedFd>,
}

/// Reads little-endian fields from the front of a body; `None` when it is too short.
#[derive(Debug)]
pub struct Reader<'a>(pub &'a [u8]);

impl<'a> Reader<'a> {
    /// The next `count` bytes.
    pub fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    /// The next 16-bit field.
    pub fn u16(&mut self) -> Option<u16> {
        Some(u16::from_le_bytes(self.take(2)?.try_into().ok()?))
    }

    /// The next 32-bit field.
    pub fn u32(&mut self) -> Option<u32> {
        Some(u32::from_le_bytes(self.take(4)?.try_into().ok()?))
    }

    /// The next 64-bit field.
    pub fn u64(&mut self) -> Option<u64> {
        Some(u64::from_le_bytes(self.take(8)?.try_into().ok()?))
    }
}
