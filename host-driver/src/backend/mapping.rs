// SPDX-License-Identifier: Apache-2.0
//! A BAR mapped into this process, for backends whose device offers it.

use memmap2::{MmapAsRawDesc, MmapOptions, MmapRaw};
use volatile_register::RW;

use super::{BackendError, Region};

/// A mapped BAR: 32-bit volatile accesses, bounds checked.
#[derive(Debug)]
pub(crate) struct BarMapping {
    map: MmapRaw,
}

impl BarMapping {
    /// Maps `size` bytes of `file` from `offset`.
    pub(crate) fn new(file: impl MmapAsRawDesc, offset: u64, size: u64) -> Result<Self, BackendError> {
        let len = usize::try_from(size)
            .map_err(|_| BackendError::Unsupported(format!("a BAR of {size} bytes cannot be mapped")))?;
        let map = MmapOptions::new()
            .offset(offset)
            .len(len)
            .map_raw(file)
            .map_err(|e| BackendError::io(format!("mapping a BAR of {size} bytes"), e))?;
        Ok(Self { map })
    }

    pub(crate) fn read(&self, region: Region, offset: u64) -> Result<u32, BackendError> {
        Ok(u32::from_le(self.register(region, offset)?.read()))
    }

    pub(crate) fn write(&self, region: Region, offset: u64, value: u32) -> Result<(), BackendError> {
        // SAFETY: any 32-bit value may be written to a card register; it cannot affect this process' memory
        // other than through DMA, which reaches mapped DmaMemory only.
        unsafe { self.register(region, offset)?.write(value.to_le()) };
        Ok(())
    }

    fn register(&self, region: Region, offset: u64) -> Result<&RW<u32>, BackendError> {
        check_access(region, offset, self.map.len() as u64)?;
        // SAFETY: offset is 32-bit aligned and inside the mapping, which is page aligned and lives as long as
        // the returned reference; RW<u32> has the layout of u32 and is only accessed volatilely.
        Ok(unsafe { &*self.map.as_ptr().add(offset as usize).cast::<RW<u32>>() })
    }
}

/// Checks a 32-bit access against a region's size.
pub(crate) fn check_access(region: Region, offset: u64, size: u64) -> Result<(), BackendError> {
    let inside = offset.checked_add(4).is_some_and(|end| end <= size);
    if inside && offset.is_multiple_of(4) {
        Ok(())
    } else {
        Err(BackendError::OutOfRange { region, offset, size })
    }
}
