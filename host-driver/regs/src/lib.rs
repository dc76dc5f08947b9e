// SPDX-License-Identifier: Apache-2.0
//! Everything that crosses the boundary between the Headend card and its software: codes, table
//! records, ring entries and registers, generated from `hdl/tables.toml` (see `docs/registers.md`).
//!
//! A packed record is a little-endian byte string: bit 0 of the record is bit 0 of byte 0. Numbers are
//! plain integers: 10.0.0.1 is `0x0a00_0001`, the MAC address 02:00:00:00:00:01 is `0x0200_0000_0001`.
//! Byte strings (`[u8; N]`) keep stream order. Fields that hold a code are `u8` and have a method
//! `<field>_code()`, because memory may hold codes that a later card defines.
//!
//! Types with secret fields show `<secret>` in `Debug` output and wipe those fields when dropped.
#![no_std]

#[cfg(test)]
extern crate std;

pub mod bits;
#[rustfmt::skip]
mod generated;
#[cfg(test)]
mod tests;

use core::fmt;

use volatile_register::RO;

pub use generated::*;

/// A value with a fixed layout in bits.
pub trait Packed: Sized {
    /// Bits of the packed form.
    const BITS: usize;

    /// Writes the packed form to `buffer` from bit `at` on (bit `n` is bit `n % 8` of byte `n / 8`).
    /// Bits outside the value keep what they hold; reserved fields become zero.
    ///
    /// # Panics
    /// `buffer` ends before bit `at + BITS`.
    fn pack_into(&self, buffer: &mut [u8], at: usize);

    /// Reads the value whose packed form starts at bit `at` of `buffer`.
    ///
    /// # Panics
    /// `buffer` ends before bit `at + BITS`.
    fn unpack_from(buffer: &[u8], at: usize) -> Self;
}

/// The record of a table.
pub trait Record: Packed {
    /// The table.
    const TABLE: Table;
    /// Entries in the description; a card may hold fewer (register `table_depth`).
    const DEPTH: u32;
    /// Commands cannot write it.
    const READ_ONLY: bool;
    /// Bytes of the packed form.
    const RECORD_BYTES: usize = Self::BITS.div_ceil(8);
}

/// What there is to know about a table without its record type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TableInfo {
    /// The table.
    pub table: Table,
    /// Entries.
    pub depth: u32,
    /// Bits of a record.
    pub record_bits: usize,
    /// Commands cannot write it.
    pub read_only: bool,
}

/// A code that has no meaning in this version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownCode {
    /// The set of codes, such as `drop_reason`.
    pub kind: &'static str,
    /// The code.
    pub code: u8,
}

impl fmt::Display for UnknownCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} has no code {}", self.kind, self.code)
    }
}

impl core::error::Error for UnknownCode {}

/// A buffer too short for a packed form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShortBuffer {
    /// Bytes given.
    pub found: usize,
    /// Bytes needed.
    pub expected: usize,
}

impl ShortBuffer {
    pub(crate) fn check(buffer: &[u8], expected: usize) -> Result<(), Self> {
        if buffer.len() < expected {
            return Err(Self { found: buffer.len(), expected });
        }
        Ok(())
    }
}

impl fmt::Display for ShortBuffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "buffer of {} bytes, expected at least {}", self.found, self.expected)
    }
}

impl core::error::Error for ShortBuffer {}

/// A 64-bit counter in BAR0.
#[repr(C)]
pub struct Counter {
    /// Low word; reading it latches the high word.
    pub lo: RO<u32>,
    /// High word as of the last read of `lo`.
    pub hi: RO<u32>,
}

impl Counter {
    /// The 64-bit value. Two threads must not read counters of one card at the same time, because
    /// there is one latch.
    pub fn read(&self) -> u64 {
        let lo = self.lo.read();
        u64::from(self.hi.read()) << 32 | u64::from(lo)
    }
}
