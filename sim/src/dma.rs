// SPDX-License-Identifier: Apache-2.0
//! Where the card's DMA goes.

/// Why a DMA access was refused; the card sees it as the AXI response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DmaError {
    /// No memory there (AXI DECERR), as an IOMMU fault would be.
    #[error("no mapping")]
    Unmapped,
    /// There is memory, but this access is not allowed (AXI SLVERR): a write to a read-only mapping, say.
    #[error("access not allowed")]
    Refused,
}

/// Host memory as the card sees it. Addresses are IOVAs in bytes.
pub trait DmaTarget {
    /// Fills `data` from `iova` on.
    ///
    /// # Errors
    /// Some byte cannot be read; `data` is then undefined.
    fn read(&mut self, iova: u64, data: &mut [u8]) -> Result<(), DmaError>;

    /// Writes `data` from `iova` on. The first eight bytes become visible last, because that is where the
    /// phase bits of completions are.
    ///
    /// # Errors
    /// Some byte cannot be written; nothing has been written then.
    fn write(&mut self, iova: u64, data: &[u8]) -> Result<(), DmaError>;
}

/// No memory at all: every access is refused.
#[derive(Debug, Default, Clone, Copy)]
pub struct NoMemory;

impl DmaTarget for NoMemory {
    fn read(&mut self, _: u64, _: &mut [u8]) -> Result<(), DmaError> {
        Err(DmaError::Unmapped)
    }

    fn write(&mut self, _: u64, _: &[u8]) -> Result<(), DmaError> {
        Err(DmaError::Unmapped)
    }
}

/// One block of memory for tests that run the card in their own process.
#[derive(Debug, Clone)]
pub struct BlockMemory {
    /// IOVA of the first byte.
    pub base: u64,
    /// The bytes.
    pub bytes: Vec<u8>,
}

impl BlockMemory {
    /// `size` zero bytes at `base`.
    pub fn new(base: u64, size: usize) -> Self {
        Self { base, bytes: vec![0; size] }
    }

    /// The bytes from `iova` on.
    ///
    /// # Errors
    /// The range leaves the block.
    pub fn slice(&mut self, iova: u64, len: usize) -> Result<&mut [u8], DmaError> {
        let start =
            iova.checked_sub(self.base).and_then(|o| usize::try_from(o).ok()).ok_or(DmaError::Unmapped)?;
        let end = start.checked_add(len).ok_or(DmaError::Unmapped)?;
        self.bytes.get_mut(start..end).ok_or(DmaError::Unmapped)
    }
}

impl DmaTarget for BlockMemory {
    fn read(&mut self, iova: u64, data: &mut [u8]) -> Result<(), DmaError> {
        data.copy_from_slice(self.slice(iova, data.len())?);
        Ok(())
    }

    fn write(&mut self, iova: u64, data: &[u8]) -> Result<(), DmaError> {
        self.slice(iova, data.len())?.copy_from_slice(data);
        Ok(())
    }
}
