// SPDX-License-Identifier: Apache-2.0
//! The client's memory: IOVA ranges that it lets the card use.
//!
//! A guest behind an IOMMU maps page by page, all of them pages of one memory file, so files are mapped into
//! this process whole and once, and ranges refer to them. A range without a file is known, but every access to it
//! is refused: nothing the card does needs such memory (QEMU announces option ROMs and BARs so).
//!
//! The client changes its memory while the card reads and writes it, so no Rust reference to it is ever made: bytes are copied by
//! volatile accesses. Touching a page beyond the end of a file would end this process by SIGBUS. A memfd sealed against
//! shrinking (as the driver and QEMU's `memory-backend-memfd` make them) cannot do that to us. The length of any other file is
//! checked before each access; a client that cuts such a file short between check and access still ends the card. It may
//! do so: it has the only connection, and every other way to spoil its own memory too.

use crate::dma::{DmaError, DmaTarget};
use memmap2::{MmapOptions, MmapRaw};
use nix::errno::Errno;
use nix::fcntl::{fcntl, FcntlArg, SealFlag};
use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::sync::atomic::{fence, Ordering};
use std::sync::{Arc, Weak};

/// The card may read.
pub const FLAG_READ: u32 = 1 << 0;
/// The card may write.
pub const FLAG_WRITE: u32 = 1 << 1;
/// Most ranges at once.
pub const MAX_RANGES: usize = 65535;

/// A memory file of the client, mapped whole.
#[derive(Debug)]
struct Backing {
    file: File,
    map: MmapRaw,
    writable: bool,
    /// The file never gets shorter.
    sealed: bool,
    identity: (u64, u64),
}

#[derive(Debug, Clone)]
struct Range {
    size: u64,
    flags: u32,
    /// File and offset of the range in it.
    backing: Option<(Arc<Backing>, u64)>,
}

/// IOVA ranges by start address; they never overlap.
#[derive(Debug, Default)]
pub struct DmaMap {
    ranges: BTreeMap<u64, Range>,
    files: Vec<Weak<Backing>>,
}

impl DmaMap {
    /// Adds a range.
    ///
    /// # Errors
    /// EINVAL: empty, beyond the address space or the end of the file, or no access at all. EEXIST: it overlaps another.
    /// ENOSPC: there are [`MAX_RANGES`] already. Or what mapping the file gave.
    pub fn map(
        &mut self,
        flags: u32,
        offset: u64,
        iova: u64,
        size: u64,
        file: Option<File>,
    ) -> Result<(), Errno> {
        let end = iova.checked_add(size).filter(|_| size > 0).ok_or(Errno::EINVAL)?;
        if flags & !(FLAG_READ | FLAG_WRITE) != 0 {
            return Err(Errno::EINVAL);
        }
        if self.ranges.range(..end).next_back().is_some_and(|(start, r)| start + r.size > iova) {
            return Err(Errno::EEXIST);
        }
        if self.ranges.len() >= MAX_RANGES {
            return Err(Errno::ENOSPC);
        }
        let backing = match file {
            Some(file) => Some((self.backing(&file, flags, offset, size)?, offset)),
            None => None,
        };
        self.ranges.insert(iova, Range { size, flags, backing });
        Ok(())
    }

    /// The mapping of `file`, shared with earlier ranges of the same file.
    fn backing(&mut self, file: &File, flags: u32, offset: u64, size: u64) -> Result<Arc<Backing>, Errno> {
        let meta = file.metadata().map_err(errno)?;
        let end = offset.checked_add(size).ok_or(Errno::EINVAL)?;
        if end > meta.len() {
            return Err(Errno::EINVAL);
        }
        let identity = (meta.dev(), meta.ino());
        let writable = flags & FLAG_WRITE != 0;
        self.files.retain(|f| f.strong_count() > 0);
        let suits = |b: &Arc<Backing>| {
            b.identity == identity && (b.writable || !writable) && b.map.len() as u64 >= end
        };
        if let Some(known) = self.files.iter().filter_map(Weak::upgrade).find(suits) {
            return Ok(known);
        }
        let len = usize::try_from(meta.len()).map_err(|_| Errno::EINVAL)?;
        let mut options = MmapOptions::new();
        options.len(len);
        let map = if writable { options.map_raw(file) } else { options.map_raw_read_only(file) };
        let file = file.try_clone().map_err(errno)?;
        let backing =
            Backing { sealed: is_sealed(&file), file, map: map.map_err(errno)?, writable, identity };
        let backing = Arc::new(backing);
        self.files.push(Arc::downgrade(&backing));
        Ok(backing)
    }

    /// Removes everything from `iova` to `iova + size`; a range that reaches beyond keeps the rest. What was never mapped
    /// is no error (QEMU unmaps such ranges). When this returns, the card no longer reaches the memory.
    ///
    /// # Errors
    /// EINVAL: the range leaves the address space.
    pub fn unmap(&mut self, iova: u64, size: u64) -> Result<(), Errno> {
        // The whole 64-bit space cannot be told by its size, so one byte less counts as all of it.
        let end = iova.checked_add(size).ok_or(Errno::EINVAL)?;
        let touched: Vec<u64> = self
            .ranges
            .range(..end)
            .rev()
            .take_while(|(start, r)| **start + r.size > iova)
            .map(|(start, _)| *start)
            .collect();
        for start in touched {
            let Some(range) = self.ranges.remove(&start) else { continue };
            let range_end = start + range.size;
            if start < iova {
                self.ranges.insert(start, Range { size: iova - start, ..range.clone() });
            }
            if range_end > end {
                let backing = range.backing.map(|(file, offset)| (file, offset + (end - start)));
                self.ranges.insert(end, Range { size: range_end - end, backing, ..range });
            }
        }
        Ok(())
    }

    /// Removes every range.
    pub fn clear(&mut self) {
        self.ranges.clear();
        self.files.clear();
    }

    /// Number of ranges.
    pub fn len(&self) -> usize {
        self.ranges.len()
    }

    /// No range at all.
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// Splits an access into pieces of memory: address in this process and length.
    fn resolve(&self, iova: u64, len: usize, need: u32) -> Result<Vec<(*mut u8, usize)>, DmaError> {
        let mut pieces = Vec::with_capacity(1);
        let mut at = iova;
        let end = iova.checked_add(len as u64).ok_or(DmaError::Unmapped)?;
        while at < end {
            let (start, range) = self.ranges.range(..=at).next_back().ok_or(DmaError::Unmapped)?;
            let inside = at - start;
            if inside >= range.size {
                return Err(DmaError::Unmapped);
            }
            if range.flags & need == 0 {
                return Err(DmaError::Refused);
            }
            let (file, offset) = range.backing.as_ref().ok_or(DmaError::Refused)?;
            let count = (range.size - inside).min(end - at);
            // `backing` checked that the range lies inside the mapping; a file that is not sealed may have become shorter since.
            let from = offset + inside;
            if !file.sealed && file.file.metadata().map_or(0, |m| m.len()) < from + count {
                return Err(DmaError::Refused);
            }
            pieces.push((file.map.as_mut_ptr().wrapping_add(from as usize), count as usize));
            at += count;
        }
        Ok(pieces)
    }
}

impl DmaTarget for DmaMap {
    fn read(&mut self, iova: u64, data: &mut [u8]) -> Result<(), DmaError> {
        let mut done = 0;
        for (from, count) in self.resolve(iova, data.len(), FLAG_READ)? {
            // SAFETY: `from` points to `count` bytes of a live mapping (see `resolve`).
            unsafe { copy_in(from, &mut data[done..done + count]) };
            done += count;
        }
        Ok(())
    }

    fn write(&mut self, iova: u64, data: &[u8]) -> Result<(), DmaError> {
        let pieces = self.resolve(iova, data.len(), FLAG_WRITE)?;
        let mut end = data.len();
        for (to, count) in pieces.into_iter().rev() {
            let start = end - count;
            // SAFETY: `to` points to `count` bytes of a live writable mapping (see `resolve`).
            unsafe { copy_out_first_word_last(to, &data[start..end]) };
            end = start;
        }
        Ok(())
    }
}

/// Copies shared memory, whatever is there at the moment, into `data`: by words if it is aligned for them.
///
/// # Safety
/// `from` points to `data.len()` bytes of a live mapping of the client's memory.
unsafe fn copy_in(from: *const u8, data: &mut [u8]) {
    let words = if from.cast::<u64>().is_aligned() { data.len() / 8 } else { 0 };
    let (whole, rest) = data.split_at_mut(words * 8);
    for (i, chunk) in whole.chunks_exact_mut(8).enumerate() {
        // SAFETY: inside the mapping (see above), aligned.
        let word = unsafe { from.cast::<u64>().add(i).read_volatile() };
        chunk.copy_from_slice(&word.to_ne_bytes());
    }
    for (i, byte) in rest.iter_mut().enumerate() {
        // SAFETY: inside the mapping (see above).
        *byte = unsafe { from.add(words * 8 + i).read_volatile() };
    }
}

/// Copies `data` to shared memory so that its first aligned word, where the phase bits are, becomes visible after all
/// the rest.
///
/// # Safety
/// `to` points to `data.len()` bytes of a live writable mapping of the client's memory.
unsafe fn copy_out_first_word_last(to: *mut u8, data: &[u8]) {
    let words = if to.cast::<u64>().is_aligned() { data.len() / 8 } else { 0 };
    for (i, byte) in data.iter().enumerate().skip(words * 8) {
        // SAFETY: inside the mapping (see above).
        unsafe { to.add(i).write_volatile(*byte) };
    }
    for (i, chunk) in data.chunks_exact(8).enumerate().take(words).rev() {
        let mut word = [0; 8];
        word.copy_from_slice(chunk);
        if i == 0 {
            fence(Ordering::Release);
        }
        // SAFETY: inside the mapping (see above), aligned.
        unsafe { to.cast::<u64>().add(i).write_volatile(u64::from_ne_bytes(word)) };
    }
}

/// The file is a memfd that cannot be made shorter.
fn is_sealed(file: &File) -> bool {
    let seals = fcntl(file, FcntlArg::F_GET_SEALS).map_or(SealFlag::empty(), SealFlag::from_bits_truncate);
    seals.contains(SealFlag::F_SEAL_SHRINK)
}

fn errno(error: std::io::Error) -> Errno {
    Errno::from_raw(error.raw_os_error().unwrap_or(libc::EIO))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Seek, SeekFrom, Write};

    const PAGE: u64 = 4096;

    fn file(pages: u64) -> File {
        let mut file = tempfile::tempfile().unwrap();
        for page in 0..pages {
            file.write_all(&[page as u8 + 1; PAGE as usize]).unwrap();
        }
        file
    }

    fn byte(map: &mut DmaMap, iova: u64) -> Result<u8, DmaError> {
        let mut data = [0];
        map.read(iova, &mut data).map(|()| data[0])
    }

    #[test]
    fn accesses_follow_the_offsets_and_cross_ranges() {
        let mut map = DmaMap::default();
        let memory = file(4);
        map.map(3, 2 * PAGE, 0x10_0000, PAGE, Some(memory.try_clone().unwrap())).unwrap();
        map.map(3, 0, 0x10_1000, PAGE, Some(memory.try_clone().unwrap())).unwrap();
        let mut data = [0; 16];
        map.read(0x10_0ff8, &mut data).unwrap();
        assert_eq!(data, [3, 3, 3, 3, 3, 3, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1]);
        map.write(0x10_0ff8, &[9; 16]).unwrap();
        let mut back = Vec::new();
        (&memory).seek(SeekFrom::Start(0)).unwrap();
        (&memory).read_to_end(&mut back).unwrap();
        assert_eq!(
            (&back[..9], &back[3 * PAGE as usize - 8..][..9]),
            (&[9, 9, 9, 9, 9, 9, 9, 9, 1][..], &[9, 9, 9, 9, 9, 9, 9, 9, 4][..])
        );
        assert_eq!(map.files.len(), 1, "one mapping serves both ranges");
    }

    #[test]
    fn outside_read_only_and_fileless_ranges_are_refused() {
        let mut map = DmaMap::default();
        map.map(FLAG_READ, 0, 0x1000, PAGE, Some(file(1))).unwrap();
        map.map(3, 0, 0x8000, PAGE, None).unwrap();
        assert_eq!(byte(&mut map, 0x1fff), Ok(1));
        assert_eq!(byte(&mut map, 0x0fff), Err(DmaError::Unmapped));
        assert_eq!(byte(&mut map, 0x2000), Err(DmaError::Unmapped));
        assert_eq!(map.read(0x1ff0, &mut [0; 32]), Err(DmaError::Unmapped));
        assert_eq!(map.write(0x1000, &[0; 8]), Err(DmaError::Refused));
        assert_eq!(byte(&mut map, 0x8000), Err(DmaError::Refused));
        assert_eq!(map.read(u64::MAX, &mut [0; 2]), Err(DmaError::Unmapped));
    }

    #[test]
    fn a_file_cut_short_is_refused() {
        let mut map = DmaMap::default();
        let memory = file(2);
        map.map(3, 0, 0x1000, 2 * PAGE, Some(memory.try_clone().unwrap())).unwrap();
        memory.set_len(PAGE).unwrap();
        assert_eq!((byte(&mut map, 0x1000), byte(&mut map, 0x2000)), (Ok(1), Err(DmaError::Refused)));
    }

    #[test]
    fn sealed_files_are_told_from_others() {
        use nix::sys::memfd::{memfd_create, MFdFlags};
        let memory = File::from(memfd_create(c"test", MFdFlags::MFD_ALLOW_SEALING).unwrap());
        memory.set_len(PAGE).unwrap();
        assert!(!is_sealed(&memory) && !is_sealed(&file(1)));
        fcntl(&memory, FcntlArg::F_ADD_SEALS(SealFlag::F_SEAL_SHRINK)).unwrap();
        assert!(is_sealed(&memory));
        let mut map = DmaMap::default();
        map.map(3, 0, 0x1000, PAGE, Some(memory)).unwrap();
        map.write(0x1ff8, &[6; 8]).unwrap();
        assert_eq!(byte(&mut map, 0x1fff), Ok(6));
    }

    #[test]
    fn copies_of_every_length_and_alignment() {
        let mut map = DmaMap::default();
        map.map(3, 0, 0x1000, PAGE, Some(file(1))).unwrap();
        for at in 0..9 {
            for len in 0..40 {
                map.write(0x1000, &[0xee; 64]).unwrap();
                let data: Vec<u8> = (1..=len).collect();
                map.write(0x1000 + at, &data).unwrap();
                let mut back = [0; 64];
                map.read(0x1000, &mut back).unwrap();
                let mut expected = [0xee; 64];
                expected[at as usize..][..data.len()].copy_from_slice(&data);
                assert_eq!(back, expected, "{len} bytes at {at}");
                let mut part = vec![0; data.len()];
                map.read(0x1000 + at, &mut part).unwrap();
                assert_eq!(part, data, "{len} bytes from {at}");
            }
        }
    }

    #[test]
    fn there_is_a_limit_to_ranges() {
        let mut map = DmaMap::default();
        for i in 0..MAX_RANGES as u64 {
            map.map(3, 0, i * PAGE, PAGE, None).unwrap();
        }
        assert_eq!(map.map(3, 0, 1 << 40, PAGE, None), Err(Errno::ENOSPC));
        map.unmap(0, PAGE).unwrap();
        map.map(3, 0, 1 << 40, PAGE, None).unwrap();
    }

    #[test]
    fn bad_ranges_are_refused() {
        let mut map = DmaMap::default();
        map.map(3, 0, 0x2000, 2 * PAGE, Some(file(2))).unwrap();
        assert_eq!(map.map(3, 0, 0x3000, PAGE, None), Err(Errno::EEXIST));
        assert_eq!(map.map(3, 0, 0x1000, 2 * PAGE, None), Err(Errno::EEXIST));
        assert_eq!(map.map(3, 0, 0x2000, PAGE, None), Err(Errno::EEXIST));
        assert_eq!(map.map(3, 0, 0x9000, 0, None), Err(Errno::EINVAL));
        assert_eq!(map.map(3, 0, u64::MAX - 8, PAGE, None), Err(Errno::EINVAL));
        assert_eq!(map.map(3, PAGE, 0x9000, PAGE, Some(file(1))), Err(Errno::EINVAL), "beyond the file");
        assert_eq!(map.map(3, u64::MAX, 0x9000, PAGE, Some(file(1))), Err(Errno::EINVAL));
        assert_eq!(map.map(8, 0, 0x9000, PAGE, None), Err(Errno::EINVAL));
        map.map(3, 0, 0x1000, PAGE, None).unwrap();
        map.map(3, 0, 0x4000, PAGE, None).unwrap();
        assert_eq!(map.len(), 3);
    }

    #[test]
    fn unmap_takes_parts_wholes_and_nothing() {
        let mut map = DmaMap::default();
        map.map(3, 0, 0x10000, 4 * PAGE, Some(file(4))).unwrap();
        map.unmap(0x11000, PAGE).unwrap();
        assert_eq!(byte(&mut map, 0x10000), Ok(1));
        assert_eq!(byte(&mut map, 0x11000), Err(DmaError::Unmapped));
        assert_eq!(byte(&mut map, 0x12000), Ok(3));
        map.unmap(0x80_0000, PAGE).unwrap();
        map.unmap(0, u64::MAX).unwrap();
        assert!(map.is_empty());
        assert_eq!(map.unmap(PAGE, u64::MAX), Err(Errno::EINVAL));
    }
}
