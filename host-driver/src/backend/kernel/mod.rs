// SPDX-License-Identifier: Apache-2.0
//! A PCI function over the kernel's VFIO: container and group, type 1 IOMMU.
//!
//! `vfio-ioctls` opens the container and the device. Region accesses are our own, because its accessors log an
//! error and go on as if nothing had happened.

use std::os::fd::{AsRawFd, BorrowedFd};
use std::path::Path;
use std::sync::Arc;

use nix::sys::uio::{pread, pwrite};
use vfio_bindings::bindings::vfio::{VFIO_PCI_MSIX_IRQ_INDEX, VFIO_REGION_INFO_FLAG_MMAP};
use vfio_ioctls::{VfioContainer, VfioDevice, VfioError, VfioRegionInfoCap};

use super::mapping::{check_access, BarMapping};
use super::{BackendError, EventFd, PciBackend, Region};
use crate::dma::DmaMemory;

mod bind;
mod sysfs;

pub use bind::{bind, unbind, Binding};

mod ioctl {
    //! VFIO_DEVICE_RESET of <linux/vfio.h>.
    #![allow(missing_docs, unreachable_pub, reason = "the macro's output cannot be annotated")]
    nix::ioctl_none_bad!(vfio_device_reset, nix::request_code_none!(b';', 100 + 11));
}

/// A PCI function bound to vfio-pci.
///
/// Field order matters: the device closes before its container, and the memory is freed last.
pub struct Kernel {
    address: String,
    bar0: Option<BarMapping>,
    device: VfioDevice,
    container: Arc<VfioContainer>,
    mapped: Vec<DmaMemory>,
}

impl Kernel {
    /// Opens the function at a PCI address as sysfs writes it, `0000:01:00.0`.
    ///
    /// # Errors
    /// The function is missing, not bound to vfio-pci, without IOMMU, busy or not permitted; the text says what to do.
    pub fn open(address: &str) -> Result<Self, BackendError> {
        let sysfs = sysfs::check(Path::new("/"), address)?;
        let fail = |error: VfioError| BackendError::Open(advice(address, &error));
        let container = Arc::new(VfioContainer::new(None).map_err(fail)?);
        let device = VfioDevice::new(&sysfs, container.clone(), false).map_err(fail)?;
        let bar0 = map_bar0(&device)?;
        Ok(Self { address: address.to_owned(), bar0, device, container, mapped: Vec::new() })
    }

    /// Descriptor and file offset for an access to a region.
    fn place(&self, region: Region, offset: u64) -> Result<(BorrowedFd<'_>, i64), BackendError> {
        let index = region as u32;
        let size = self.device.get_region_size(index);
        check_access(region, offset, size)?;
        let at = i64::try_from(self.device.get_region_offset(index).saturating_add(offset))
            .map_err(|_| BackendError::OutOfRange { region, offset, size })?;
        // SAFETY: the device descriptor is open for as long as `self`, which the returned lifetime ties down.
        Ok((unsafe { BorrowedFd::borrow_raw(self.device.as_raw_fd()) }, at))
    }
}

fn map_bar0(device: &VfioDevice) -> Result<Option<BarMapping>, BackendError> {
    let index = Region::Bar0 as u32;
    let (flags, size) = (device.get_region_flags(index), device.get_region_size(index));
    let sparse =
        device.get_region_caps(index).iter().any(|cap| matches!(cap, VfioRegionInfoCap::SparseMmap(_)));
    if flags & VFIO_REGION_INFO_FLAG_MMAP == 0 || sparse || size == 0 {
        return Ok(None);
    }
    BarMapping::new(device.as_raw_fd(), device.get_region_offset(index), size).map(Some)
}

/// What to do about an error of opening VFIO.
fn advice(address: &str, error: &VfioError) -> String {
    let hint = match error {
        VfioError::OpenContainer(_) => "load vfio-pci, and run as root or give this user /dev/vfio",
        VfioError::OpenGroup(..) => {
            "run as root or give this user the group's file; when it is busy, another program uses the card"
        }
        VfioError::GroupViable => "bind every function of the card's IOMMU group to vfio-pci",
        VfioError::VfioType1V2 | VfioError::VfioExtension | VfioError::ContainerSetIOMMU(_) => {
            "load vfio_iommu_type1 and enable the IOMMU; the no-IOMMU mode is not supported"
        }
        _ => "see the kernel log (`dmesg`)",
    };
    format!("opening {address} over VFIO: {error}; {hint}")
}

impl PciBackend for Kernel {
    fn location(&self) -> String {
        format!("pci:{}", self.address)
    }

    fn read32(&mut self, region: Region, offset: u64) -> Result<u32, BackendError> {
        if let (Region::Bar0, Some(bar)) = (region, &self.bar0) {
            return bar.read(region, offset);
        }
        let (fd, at) = self.place(region, offset)?;
        let mut bytes = [0; 4];
        let what = || format!("reading {region} at {offset:#x}");
        match pread(fd, &mut bytes, at) {
            Ok(4) => Ok(u32::from_le_bytes(bytes)),
            Ok(count) => Err(BackendError::Protocol { what: what(), detail: format!("{count} bytes of 4") }),
            Err(errno) => Err(BackendError::io(what(), errno)),
        }
    }

    fn write32(&mut self, region: Region, offset: u64, value: u32) -> Result<(), BackendError> {
        if let (Region::Bar0, Some(bar)) = (region, &self.bar0) {
            return bar.write(region, offset, value);
        }
        let (fd, at) = self.place(region, offset)?;
        let what = || format!("writing {region} at {offset:#x}");
        match pwrite(fd, &value.to_le_bytes(), at) {
            Ok(4) => Ok(()),
            Ok(count) => Err(BackendError::Protocol { what: what(), detail: format!("{count} bytes of 4") }),
            Err(errno) => Err(BackendError::io(what(), errno)),
        }
    }

    fn dma_map(&mut self, memory: &DmaMemory) -> Result<(), BackendError> {
        // SAFETY: the range is a live mapping of exactly that size, accessed only by volatile and atomic operations;
        // `mapped` keeps it alive until dma_unmap succeeds or the container is closed.
        unsafe { self.container.vfio_dma_map(memory.iova(), memory.len(), memory.as_mut_ptr()) }.map_err(
            |e| {
                let what = format!("mapping {} bytes at IOVA {:#x}", memory.len(), memory.iova());
                BackendError::Unsupported(format!(
                    "{what}: {e}; is the locked-memory limit (`ulimit -l`) too small?"
                ))
            },
        )?;
        self.mapped.push(memory.clone());
        Ok(())
    }

    fn dma_unmap(&mut self, memory: &DmaMemory) -> Result<(), BackendError> {
        self.container.vfio_dma_unmap(memory.iova(), memory.len()).map_err(|e| {
            BackendError::Unsupported(format!(
                "unmapping {} bytes at IOVA {:#x}: {e}",
                memory.len(),
                memory.iova()
            ))
        })?;
        self.mapped.retain(|other| !other.same(memory));
        Ok(())
    }

    fn vectors(&self) -> u32 {
        self.device.get_irq_info(VFIO_PCI_MSIX_IRQ_INDEX).map_or(0, |info| info.count)
    }

    fn set_vectors(&mut self, eventfds: &[EventFd]) -> Result<(), BackendError> {
        let result = if eventfds.is_empty() {
            self.device.disable_msix()
        } else {
            self.device.enable_msix(eventfds.iter().collect())
        };
        let (wanted, vectors) = (eventfds.len(), self.vectors());
        result.map_err(|e| {
            BackendError::Unsupported(format!("connecting {wanted} of {vectors} MSI-X vectors: {e}"))
        })
    }

    fn reset(&mut self) -> Result<(), BackendError> {
        // SAFETY: VFIO_DEVICE_RESET takes no argument and touches no memory of this process.
        let result = unsafe { ioctl::vfio_device_reset(self.device.as_raw_fd()) };
        result.map(drop).map_err(|errno| BackendError::io(format!("resetting {}", self.address), errno))
    }
}
