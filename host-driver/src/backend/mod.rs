// SPDX-License-Identifier: Apache-2.0
//! The PCI function as the driver sees it: regions, DMA mappings, interrupt vectors, reset.
//!
//! Everything above [`PciBackend`] is one driver. [`vfio_user`] talks to a simulated card over a socket,
//! [`kernel`] to a real (or QEMU's) PCI function over the kernel's VFIO. A test may implement the trait
//! over a simulated core in its own process; nothing in it needs a socket or a file.

use std::fmt;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::time::{Duration, Instant};

use nix::poll::{poll, PollFd, PollFlags, PollTimeout};
pub use vmm_sys_util::eventfd::EventFd;

mod error;
pub mod kernel;
mod location;
mod mapping;
pub mod vfio_user;

pub use error::BackendError;
pub(crate) use location::pci_address;
pub use location::Location;

use crate::dma::DmaMemory;

/// Regions of the function that the driver touches, with VFIO's numbering.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Region {
    /// Registers.
    Bar0 = 0,
    /// MSI-X table.
    Bar2 = 2,
    /// PCI configuration space.
    Config = 7,
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bar0 => "BAR0",
            Self::Bar2 => "BAR2",
            Self::Config => "configuration space",
        })
    }
}

/// Identity of a PCI function, from its configuration space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeviceIds {
    /// Vendor.
    pub vendor: u16,
    /// Device.
    pub device: u16,
    /// Subsystem vendor.
    pub subsystem_vendor: u16,
    /// Subsystem.
    pub subsystem: u16,
    /// Revision.
    pub revision: u8,
}

/// Access to one PCI function.
///
/// All offsets are in bytes and 32-bit aligned; values are in host byte order (the card is little endian).
/// Every method gives an error rather than blocking for ever.
pub trait PciBackend: Send {
    /// Where the card is, for messages: `vfio-user:/run/card.sock`, `pci:0000:01:00.0`.
    fn location(&self) -> String;

    /// Reads a 32-bit word of a region.
    ///
    /// # Errors
    /// Offset outside the region or not aligned, or the access failed.
    fn read32(&mut self, region: Region, offset: u64) -> Result<u32, BackendError>;

    /// Writes a 32-bit word of a region. When this returns the device has seen the write, or, where the region
    /// is mapped, will see it before any later access.
    ///
    /// # Errors
    /// Offset outside the region or not aligned, or the access failed.
    fn write32(&mut self, region: Region, offset: u64, value: u32) -> Result<(), BackendError>;

    /// Lets the device read and write `memory` at its IOVA. The backend keeps a handle while it is mapped.
    ///
    /// # Errors
    /// The mapping was refused, or overlaps another.
    fn dma_map(&mut self, memory: &DmaMemory) -> Result<(), BackendError>;

    /// Takes a mapping back. The device can not reach the memory once this returned `Ok`.
    ///
    /// # Errors
    /// No such mapping, or it was refused.
    fn dma_unmap(&mut self, memory: &DmaMemory) -> Result<(), BackendError>;

    /// MSI-X vectors of the function.
    fn vectors(&self) -> u32;

    /// Connects vector i to `eventfds[i]`, all at once; an empty slice disconnects them.
    ///
    /// # Errors
    /// More eventfds than vectors, or refused.
    fn set_vectors(&mut self, eventfds: &[EventFd]) -> Result<(), BackendError>;

    /// Resets the function: rings stop, interrupts and configuration space return to their power-up values. A Headend
    /// card keeps its tables and goes on forwarding, so that a driver can restart without stopping traffic; applying
    /// an empty configuration clears them.
    ///
    /// # Errors
    /// The function cannot be reset, or did not answer.
    fn reset(&mut self) -> Result<(), BackendError>;

    /// Waits until `eventfd` is signalled, and takes the signal; `false` when `timeout` passed first. A backend
    /// whose device lives in this process runs it here.
    ///
    /// # Errors
    /// Polling failed.
    fn wait(&mut self, eventfd: &EventFd, timeout: Duration) -> Result<bool, BackendError> {
        wait_eventfd(eventfd, timeout)
    }

    /// Identity from the configuration space.
    ///
    /// # Errors
    /// The configuration space could not be read.
    fn device_ids(&mut self) -> Result<DeviceIds, BackendError> {
        let id = self.read32(Region::Config, 0x00)?;
        let class = self.read32(Region::Config, 0x08)?;
        let subsystem = self.read32(Region::Config, 0x2c)?;
        Ok(DeviceIds {
            vendor: id as u16,
            device: (id >> 16) as u16,
            subsystem_vendor: subsystem as u16,
            subsystem: (subsystem >> 16) as u16,
            revision: class as u8,
        })
    }
}

/// Longest time that anything waits; longer time-outs are cut to it, so that adding one to a clock never overflows.
const FOREVER: Duration = Duration::from_secs(10 * 365 * 86_400);

/// The moment `timeout` after now, for any `timeout`.
pub(crate) fn deadline(timeout: Duration) -> Instant {
    Instant::now() + timeout.min(FOREVER)
}

/// Waits for an eventfd by `poll(2)` and takes its signal; `false` on time-out.
///
/// # Errors
/// `poll` or reading the eventfd failed.
pub fn wait_eventfd(eventfd: &EventFd, timeout: Duration) -> Result<bool, BackendError> {
    let millis = PollTimeout::try_from(timeout.as_millis()).unwrap_or(PollTimeout::MAX);
    let mut fds = [PollFd::new(borrow(eventfd), PollFlags::POLLIN)];
    match poll(&mut fds, millis) {
        Ok(0) | Err(nix::errno::Errno::EINTR) => Ok(false),
        Ok(_) => match eventfd.read() {
            Ok(_) => Ok(true),
            Err(e) if e.kind() == std::io::ErrorKind::WouldBlock => Ok(false),
            Err(e) => Err(BackendError::io("reading an interrupt's eventfd", e)),
        },
        Err(e) => Err(BackendError::io("waiting for an interrupt", e)),
    }
}

fn borrow(eventfd: &EventFd) -> BorrowedFd<'_> {
    // SAFETY: the descriptor is open for as long as the EventFd is borrowed, which the lifetime ties down.
    unsafe { BorrowedFd::borrow_raw(eventfd.as_raw_fd()) }
}
