// SPDX-License-Identifier: Apache-2.0
//! Bit fields in byte strings: bit `n` is bit `n % 8` of byte `n / 8`.
//!
//! Every function panics when the field reaches beyond the buffer.

/// Writes the low `width` bits of `value` (at most 64) at bit `at`.
pub fn put(buffer: &mut [u8], at: usize, width: usize, value: u64) {
    debug_assert!(width <= 64);
    put_wide(buffer, at, width, u128::from(value));
}

/// Reads `width` bits (at most 64) from bit `at`.
pub fn get(buffer: &[u8], at: usize, width: usize) -> u64 {
    debug_assert!(width <= 64);
    get_wide(buffer, at, width) as u64
}

/// Writes the low `width` bits of `value` (at most 128) at bit `at`.
pub fn put_wide(buffer: &mut [u8], at: usize, width: usize, value: u128) {
    let mut done = 0;
    while done < width {
        let shift = (at + done) % 8;
        let count = (8 - shift).min(width - done);
        let mask = ((1u16 << count) - 1) as u8;
        let part = (value >> done) as u8 & mask;
        let byte = &mut buffer[(at + done) / 8];
        *byte = *byte & !(mask << shift) | part << shift;
        done += count;
    }
}

/// Reads `width` bits (at most 128) from bit `at`.
pub fn get_wide(buffer: &[u8], at: usize, width: usize) -> u128 {
    let mut value = 0;
    let mut done = 0;
    while done < width {
        let shift = (at + done) % 8;
        let count = (8 - shift).min(width - done);
        let mask = ((1u16 << count) - 1) as u8;
        value |= u128::from(buffer[(at + done) / 8] >> shift & mask) << done;
        done += count;
    }
    value
}

/// Writes `bytes` at bit `at`.
pub fn put_bytes(buffer: &mut [u8], at: usize, bytes: &[u8]) {
    if at.is_multiple_of(8) {
        buffer[at / 8..at / 8 + bytes.len()].copy_from_slice(bytes);
        return;
    }
    for (i, byte) in bytes.iter().enumerate() {
        put(buffer, at + 8 * i, 8, u64::from(*byte));
    }
}

/// Reads `N` bytes from bit `at`.
pub fn get_bytes<const N: usize>(buffer: &[u8], at: usize) -> [u8; N] {
    let mut bytes = [0; N];
    if at.is_multiple_of(8) {
        bytes.copy_from_slice(&buffer[at / 8..at / 8 + N]);
        return bytes;
    }
    for (i, byte) in bytes.iter_mut().enumerate() {
        *byte = get(buffer, at + 8 * i, 8) as u8;
    }
    bytes
}

/// Clears `width` bits at bit `at`.
pub fn clear(buffer: &mut [u8], at: usize, width: usize) {
    let mut done = 0;
    while done < width {
        let count = (width - done).min(64);
        put(buffer, at + done, count, 0);
        done += count;
    }
}

/// Bits `lsb..lsb + width` of a register.
pub const fn field(register: u32, lsb: u32, width: u32) -> u32 {
    register >> lsb & mask(width)
}

/// `register` with bits `lsb..lsb + width` replaced by those of `value`.
pub const fn with_field(register: u32, lsb: u32, width: u32, value: u32) -> u32 {
    register & !(mask(width) << lsb) | (value & mask(width)) << lsb
}

const fn mask(width: u32) -> u32 {
    u32::MAX >> (32 - width)
}
