// SPDX-License-Identifier: Apache-2.0
//! A cursor over received bytes that knows where in the message it stands.

use super::{Fault, WireError};

/// Bytes still to be read. `what` names the structure for errors, `base` is its offset in the message.
#[derive(Clone, Debug)]
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    base: usize,
    what: &'static str,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(what: &'static str, base: usize, bytes: &'a [u8]) -> Reader<'a> {
        Reader { bytes, at: 0, base, what }
    }

    /// The error `fault` at the present position.
    pub(crate) fn fail(&self, fault: Fault) -> WireError {
        WireError { what: self.what, offset: self.base + self.at, fault }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.at == self.bytes.len()
    }

    /// Bytes read so far.
    pub(crate) fn position(&self) -> usize {
        self.at
    }

    /// The next `n` bytes.
    pub(crate) fn take(&mut self, n: usize) -> Result<&'a [u8], WireError> {
        let end = self.at.checked_add(n).filter(|end| *end <= self.bytes.len());
        let end =
            end.ok_or_else(|| self.fail(Fault::Truncated { need: n, have: self.bytes.len() - self.at }))?;
        let taken = &self.bytes[self.at..end];
        self.at = end;
        Ok(taken)
    }

    /// The next `n` bytes as a reader of their own.
    pub(crate) fn sub(&mut self, what: &'static str, n: usize) -> Result<Reader<'a>, WireError> {
        let base = self.base + self.at;
        Ok(Reader::new(what, base, self.take(n)?))
    }

    /// All that is left.
    pub(crate) fn rest(&mut self) -> &'a [u8] {
        let rest = &self.bytes[self.at..];
        self.at = self.bytes.len();
        rest
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], WireError> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    pub(crate) fn u8(&mut self) -> Result<u8, WireError> {
        Ok(self.array::<1>()?[0])
    }

    pub(crate) fn u16(&mut self) -> Result<u16, WireError> {
        self.array().map(u16::from_be_bytes)
    }

    pub(crate) fn u32(&mut self) -> Result<u32, WireError> {
        self.array().map(u32::from_be_bytes)
    }

    pub(crate) fn u64(&mut self) -> Result<u64, WireError> {
        self.array().map(u64::from_be_bytes)
    }

    /// Refuses what is left over.
    pub(crate) fn end(&self) -> Result<(), WireError> {
        if self.is_empty() {
            Ok(())
        } else {
            Err(self.fail(Fault::Surplus { bytes: self.bytes.len() - self.at }))
        }
    }
}

/// Appends to a message; lengths are filled in when a structure is closed.
#[derive(Debug, Default)]
pub(crate) struct Writer {
    pub(crate) bytes: Vec<u8>,
}

impl Writer {
    pub(crate) fn u8(&mut self, value: u8) {
        self.bytes.push(value);
    }

    pub(crate) fn u16(&mut self, value: u16) {
        self.bytes.extend(value.to_be_bytes());
    }

    pub(crate) fn u32(&mut self, value: u32) {
        self.bytes.extend(value.to_be_bytes());
    }

    pub(crate) fn slice(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Writes what `body` writes and puts the count of bytes since `start` into the 16 bits at `start + 2`,
    /// where all of IKEv2's nested structures have their length (RFC 7296 3.2 to 3.13).
    pub(crate) fn with_length(
        &mut self,
        what: &'static str,
        body: impl FnOnce(&mut Writer) -> Result<(), WireError>,
    ) -> Result<(), WireError> {
        let start = self.bytes.len();
        body(self)?;
        let length = self.bytes.len() - start;
        let field = u16::try_from(length).map_err(|_| WireError {
            what,
            offset: start,
            fault: Fault::TooLong { bytes: length, limit: 65_535 },
        })?;
        self.bytes[start + 2..start + 4].copy_from_slice(&field.to_be_bytes());
        Ok(())
    }
}
