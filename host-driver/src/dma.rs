// SPDX-License-Identifier: Apache-2.0
//! Memory that driver and card share.
//!
//! A [`DmaMemory`] owns a memfd, its mapping in this process and the IOVA at which the card sees it, so that one
//! object serves every backend: the memfd goes to a vfio-user server, the mapping to the kernel's IOMMU.
//! The card may change the memory at any moment, so no Rust reference to it is ever made: bytes are copied in
//! and out by volatile accesses.

use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::atomic::{fence, AtomicU32, Ordering};
use std::sync::Arc;

use memmap2::MmapRaw;
use nix::fcntl::{fcntl, FcntlArg, SealFlag};
use nix::sys::memfd::{memfd_create, MFdFlags};

/// Size of a page, and granule of IOVAs, in bytes.
pub const PAGE: u64 = 4096;
/// First IOVA given out: past 4 GiB, clear of the interrupt window at 0xfee00000.
const FIRST_IOVA: u64 = 1 << 32;
/// One past the last IOVA: every IOMMU of interest translates at least 39 bits.
const END_IOVA: u64 = 1 << 39;

/// Error of DMA memory.
#[derive(Debug, thiserror::Error)]
pub enum DmaError {
    /// The system gave no memory.
    #[error("allocating {bytes} bytes of DMA memory: {source}")]
    Allocate {
        /// Bytes asked for.
        bytes: u64,
        /// The system's error.
        source: std::io::Error,
    },
    /// No IOVA range is free.
    #[error("no free IOVA range of {0} bytes below 2^39")]
    NoIova(u64),
    /// Access outside the memory.
    #[error("access to bytes {offset}..{} of a DMA buffer of {size} bytes", offset.saturating_add(*len))]
    OutOfRange {
        /// Byte offset of the access.
        offset: usize,
        /// Bytes of the access.
        len: usize,
        /// Bytes of the memory.
        size: usize,
    },
}

/// Memory shared with the card. Clones are handles to the same memory.
#[derive(Clone, Debug)]
pub struct DmaMemory {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    file: File,
    map: MmapRaw,
    iova: u64,
}

impl DmaMemory {
    /// Allocates zeroed memory of at least `bytes` bytes (rounded up to pages) that the card will see at `iova`.
    ///
    /// # Errors
    /// The system refused, or `bytes` is 0.
    pub fn new(bytes: u64, iova: u64) -> Result<Self, DmaError> {
        let bytes = bytes.max(1).next_multiple_of(PAGE);
        let fail = |source: std::io::Error| DmaError::Allocate { bytes, source };
        let flags = MFdFlags::MFD_CLOEXEC | MFdFlags::MFD_ALLOW_SEALING;
        let fd = memfd_create(c"headend-dma", flags).map_err(|e| fail(e.into()))?;
        let file = File::from(fd);
        file.set_len(bytes).map_err(fail)?;
        // A server that maps memory which never gets shorter need not fear SIGBUS.
        let seals = SealFlag::F_SEAL_SHRINK | SealFlag::F_SEAL_GROW | SealFlag::F_SEAL_SEAL;
        fcntl(&file, FcntlArg::F_ADD_SEALS(seals)).map_err(|e| fail(e.into()))?;
        let map = MmapRaw::map_raw(&file).map_err(fail)?;
        Ok(Self { inner: Arc::new(Inner { file, map, iova }) })
    }

    /// IOVA of byte 0.
    #[must_use]
    pub fn iova(&self) -> u64 {
        self.inner.iova
    }

    /// Bytes, a multiple of [`PAGE`].
    #[must_use]
    #[allow(clippy::len_without_is_empty, reason = "never empty")]
    pub fn len(&self) -> usize {
        self.inner.map.len()
    }

    /// The memfd behind the memory.
    #[must_use]
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.inner.file.as_fd()
    }

    /// Address of byte 0 in this process; valid while any clone lives. The card writes here too: only volatile
    /// or atomic accesses are sound.
    #[must_use]
    pub fn as_mut_ptr(&self) -> *mut u8 {
        self.inner.map.as_mut_ptr()
    }

    /// Whether two handles name the same memory.
    #[must_use]
    pub fn same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.inner, &other.inner)
    }

    fn check(&self, offset: usize, len: usize) -> Result<*mut u8, DmaError> {
        if offset.checked_add(len).is_some_and(|end| end <= self.len()) {
            // SAFETY: offset lies inside the mapping, or one past its end when len is 0.
            Ok(unsafe { self.as_mut_ptr().add(offset) })
        } else {
            Err(DmaError::OutOfRange { offset, len, size: self.len() })
        }
    }

    /// Copies bytes out of the memory.
    ///
    /// # Errors
    /// The range lies outside.
    pub fn read(&self, offset: usize, out: &mut [u8]) -> Result<(), DmaError> {
        let from = self.check(offset, out.len())?;
        let words = if offset.is_multiple_of(8) { out.len() / 8 } else { 0 };
        for (i, chunk) in out.chunks_exact_mut(8).take(words).enumerate() {
            // SAFETY: check() proved the range; offset is a multiple of 8 and the mapping is page aligned.
            let word = unsafe { from.cast::<u64>().add(i).read_volatile() };
            chunk.copy_from_slice(&word.to_ne_bytes());
        }
        for (i, byte) in out.iter_mut().enumerate().skip(words * 8) {
            // SAFETY: check() proved the range.
            *byte = unsafe { from.add(i).read_volatile() };
        }
        Ok(())
    }

    /// Copies bytes into the memory.
    ///
    /// # Errors
    /// The range lies outside.
    pub fn write(&self, offset: usize, bytes: &[u8]) -> Result<(), DmaError> {
        let to = self.check(offset, bytes.len())?;
        let words = if offset.is_multiple_of(8) { bytes.len() / 8 } else { 0 };
        for (i, chunk) in bytes.chunks_exact(8).take(words).enumerate() {
            let word = chunk.iter().rev().fold(0u64, |word, byte| word << 8 | u64::from(*byte));
            // SAFETY: check() proved the range; offset is a multiple of 8 and the mapping is page aligned.
            unsafe { to.cast::<u64>().add(i).write_volatile(word.to_le()) };
        }
        for (i, byte) in bytes.iter().enumerate().skip(words * 8) {
            // SAFETY: check() proved the range.
            unsafe { to.add(i).write_volatile(*byte) };
        }
        Ok(())
    }

    /// Zeroes a range, so that used-up key material does not linger.
    ///
    /// # Errors
    /// The range lies outside.
    pub fn zero(&self, offset: usize, len: usize) -> Result<(), DmaError> {
        let to = self.check(offset, len)?;
        for i in 0..len {
            // SAFETY: check() proved the range.
            unsafe { to.add(i).write_volatile(0) };
        }
        Ok(())
    }

    /// Reads a little-endian word, ordered before every later access (acquire).
    ///
    /// # Errors
    /// The word lies outside or is not 4-byte aligned.
    pub fn load32(&self, offset: usize) -> Result<u32, DmaError> {
        let at = self.check(offset, 4)?;
        if !offset.is_multiple_of(4) {
            return Err(DmaError::OutOfRange { offset, len: 4, size: self.len() });
        }
        // SAFETY: in range, aligned, and only ever accessed by atomics, volatile accesses or the device.
        Ok(u32::from_le(unsafe { AtomicU32::from_ptr(at.cast()) }.load(Ordering::Acquire)))
    }

    /// Makes all earlier writes visible to the card before a doorbell that follows.
    pub fn publish(&self) {
        fence(Ordering::SeqCst);
    }
}

/// The driver's own allocator of IOVA ranges. Ranges are page aligned and never overlap.
#[derive(Debug)]
pub struct IovaAllocator {
    /// Used ranges as (start, end), sorted.
    used: Vec<(u64, u64)>,
}

impl IovaAllocator {
    /// An allocator with everything free.
    #[must_use]
    pub fn new() -> Self {
        Self { used: Vec::new() }
    }

    /// Allocates DMA memory of at least `bytes` bytes at a free IOVA.
    ///
    /// # Errors
    /// No memory or no IOVA range.
    pub fn allocate(&mut self, bytes: u64) -> Result<DmaMemory, DmaError> {
        let len = bytes.max(1).checked_next_multiple_of(PAGE).ok_or(DmaError::NoIova(bytes))?;
        let mut start = FIRST_IOVA;
        let mut place = self.used.len();
        for (i, &(from, to)) in self.used.iter().enumerate() {
            if from - start >= len {
                place = i;
                break;
            }
            start = to;
        }
        if start.checked_add(len).is_none_or(|end| end > END_IOVA) {
            return Err(DmaError::NoIova(len));
        }
        let memory = DmaMemory::new(len, start)?;
        self.used.insert(place, (start, start + len));
        Ok(memory)
    }

    /// Gives the IOVA range of `memory` back; the caller has unmapped it from the device.
    pub fn release(&mut self, memory: &DmaMemory) {
        self.used.retain(|&(from, _)| from != memory.iova());
    }
}

impl Default for IovaAllocator {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_written_at_any_offset_are_read_back() {
        let memory = DmaMemory::new(100, FIRST_IOVA).unwrap();
        assert_eq!(memory.len(), 4096);
        let data: Vec<u8> = (0..61).collect();
        for offset in [0, 1, 8, 13, 4096 - 61] {
            memory.write(offset, &data).unwrap();
            let mut back = [0; 61];
            memory.read(offset, &mut back).unwrap();
            assert_eq!(&back[..], &data[..]);
        }
        memory.write(64, &[0x78, 0x56, 0x34, 0x12]).unwrap();
        assert_eq!(memory.load32(64).unwrap(), 0x1234_5678);
        memory.zero(64, 4).unwrap();
        assert_eq!(memory.load32(64).unwrap(), 0);
    }

    #[test]
    fn accesses_outside_are_errors() {
        let memory = DmaMemory::new(4096, FIRST_IOVA).unwrap();
        assert!(memory.read(4090, &mut [0; 8]).is_err());
        assert!(memory.write(usize::MAX, &[0; 2]).is_err());
        assert!(memory.load32(4094).is_err());
        assert!(memory.load32(2).is_err());
        assert!(memory.zero(0, 4097).is_err());
    }

    #[test]
    fn iova_ranges_do_not_overlap_and_are_reused() {
        let mut iovas = IovaAllocator::new();
        let a = iovas.allocate(1).unwrap();
        let b = iovas.allocate(3 * PAGE).unwrap();
        let c = iovas.allocate(PAGE).unwrap();
        assert_eq!((a.iova(), b.iova(), c.iova()), (1 << 32, (1 << 32) + PAGE, (1 << 32) + 4 * PAGE));
        iovas.release(&b);
        assert_eq!(iovas.allocate(4 * PAGE).unwrap().iova(), c.iova() + PAGE);
        assert_eq!(iovas.allocate(2 * PAGE).unwrap().iova(), b.iova());
        assert!(iovas.allocate(1 << 40).is_err());
        assert!(iovas.allocate(u64::MAX).is_err());
    }
}
