// SPDX-License-Identifier: Apache-2.0
//! Client of the vfio-user protocol (version 0.0, as QEMU and libvfio-user speak it): a simulated card behind a Unix socket.
//!
//! Every request has a deadline; replies are checked for message id, command, size and error. After a time-out or a
//! malformed reply the connection is given up, because nobody knows what the next bytes would belong to.

use std::fs::File;
use std::os::fd::{AsFd, AsRawFd, RawFd};
use std::path::Path;
use std::time::Duration;

use super::mapping::{check_access, BarMapping};
use super::{BackendError, EventFd, PciBackend, Region};
use crate::dma::DmaMemory;

mod socket;
#[cfg(test)]
mod tests;
mod wire;

use socket::{Connection, MAX_FDS};
use wire::{Body, Command, Reader};

/// How long the card may take to answer by default. A simulated card on a busy machine is slow, not dead.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

const DEVICE_FLAG_RESET: u32 = 1 << 0;
const DEVICE_FLAG_PCI: u32 = 1 << 1;
const REGION_FLAG_MMAP: u32 = 1 << 2;
const REGION_FLAG_CAPS: u32 = 1 << 3;
const REGION_CAP_SPARSE_MMAP: u16 = 1;
/// Bytes of the fixed part of a region-info reply.
const REGION_INFO_BYTES: usize = 32;
/// Most bytes of region capabilities the client asks for.
const MAX_CAPS_BYTES: usize = 65536;
const DMA_READ_WRITE: u32 = 3;
const IRQ_INDEX_MSIX: u32 = 2;
const IRQ_DATA_NONE: u32 = 1 << 0;
const IRQ_DATA_EVENTFD: u32 = 1 << 2;
const IRQ_ACTION_TRIGGER: u32 = 1 << 5;

/// A card behind a vfio-user socket.
#[derive(Debug)]
pub struct VfioUser {
    path: String,
    connection: Connection,
    fds_per_message: usize,
    resettable: bool,
    /// Sizes in bytes by region index.
    region_sizes: Vec<u64>,
    bar0: Option<BarMapping>,
    vectors: u32,
    mapped: Vec<DmaMemory>,
}

impl VfioUser {
    /// Connects to a card and asks for its regions and vectors.
    ///
    /// # Errors
    /// No socket, nobody listening, no answer within `timeout`, a malformed answer, or not a PCI device.
    pub fn connect(path: &Path, timeout: Duration) -> Result<Self, BackendError> {
        let connection = Connection::open(path, timeout)?;
        let mut card = Self {
            path: path.display().to_string(),
            connection,
            fds_per_message: 1,
            resettable: false,
            region_sizes: Vec::new(),
            bar0: None,
            vectors: 0,
            mapped: Vec::new(),
        };
        card.negotiate().map_err(|error| busy(&card.path, error))?;
        let regions = card.device_info()?;
        for index in 0..regions {
            card.region_info(index)?;
        }
        card.vectors = card.irq_count(IRQ_INDEX_MSIX)?;
        Ok(card)
    }

    fn negotiate(&mut self) -> Result<(), BackendError> {
        let what = "version negotiation";
        let offer = serde_json::json!({"capabilities": {
            "max_msg_fds": MAX_FDS,
            "max_data_xfer_size": 1 << 20,
            "migration": {"pgsize": crate::dma::PAGE},
        }});
        let mut text = offer.to_string().into_bytes();
        text.push(0);
        let reply = self.connection.request(
            what,
            Command::Version,
            Body::default().u16(0).u16(0).bytes(&text),
            &[],
        )?;
        let mut reader = Reader::new(what, &reply.body);
        let (major, _minor) = (reader.u16()?, reader.u16()?);
        if major != 0 {
            return Err(reader.error(format!("the card speaks vfio-user {major}; expected 0")));
        }
        let json = reader.rest().split(|&byte| byte == 0).next().unwrap_or_default();
        if json.is_empty() {
            return Ok(());
        }
        let answer: serde_json::Value = serde_json::from_slice(json)
            .map_err(|e| reader.error(format!("capabilities are not JSON: {e}")))?;
        let fds = answer["capabilities"]["max_msg_fds"].as_u64().unwrap_or(1);
        self.fds_per_message = usize::try_from(fds).unwrap_or(MAX_FDS).clamp(1, MAX_FDS);
        Ok(())
    }

    /// Asks for the device's flags; gives the number of regions.
    fn device_info(&mut self) -> Result<u32, BackendError> {
        let what = "device information";
        let body = Body::default().u32(16).u32(0).u32(0).u32(0);
        let reply = self.connection.request(what, Command::DeviceGetInfo, body, &[])?;
        let mut reader = Reader::new(what, &reply.body);
        let (_argsz, flags, regions, irqs) = (reader.u32()?, reader.u32()?, reader.u32()?, reader.u32()?);
        if flags & DEVICE_FLAG_PCI == 0 {
            return Err(BackendError::Unsupported(format!("{} is no PCI device", self.path)));
        }
        if regions <= Region::Config as u32 || regions > 256 || irqs <= IRQ_INDEX_MSIX {
            return Err(
                reader.error(format!("{regions} regions and {irqs} interrupt types; expected 9 and 5"))
            );
        }
        self.resettable = flags & DEVICE_FLAG_RESET != 0;
        Ok(regions)
    }

    fn region_info(&mut self, index: u32) -> Result<(), BackendError> {
        let what = format!("information on region {index}");
        let mut argsz = REGION_INFO_BYTES;
        // The second round, if the card has capabilities to tell, asks for room for them.
        for _ in 0..2 {
            let body = Body::default().u32(argsz as u32).u32(0).u32(index).u32(0).u64(0).u64(0);
            let mut reply = self.connection.request(&what, Command::DeviceGetRegionInfo, body, &[])?;
            let mut reader = Reader::new(&what, &reply.body);
            let (needed, flags) = (reader.u32()? as usize, reader.u32()?);
            let (got, cap_offset) = (reader.u32()?, reader.u32()? as usize);
            let (size, offset) = (reader.u64()?, reader.u64()?);
            if got != index {
                return Err(reader.error(format!("answer is about region {got}")));
            }
            if flags & REGION_FLAG_CAPS != 0 && needed > argsz {
                if needed > MAX_CAPS_BYTES {
                    return Err(reader.error(format!(
                        "{needed} bytes of capabilities; expected {MAX_CAPS_BYTES} at most"
                    )));
                }
                argsz = needed;
                continue;
            }
            self.region_sizes.push(size);
            let whole = flags & REGION_FLAG_CAPS == 0 || maps_whole(&what, &reply.body, cap_offset, size)?;
            if index == Region::Bar0 as u32 && flags & REGION_FLAG_MMAP != 0 && whole && size > 0 {
                if let Some(fd) = reply.fds.pop() {
                    self.bar0 = Some(map_bar(&what, File::from(fd), offset, size)?);
                }
            }
            return Ok(());
        }
        Err(BackendError::Protocol { what, detail: "the size of the capabilities keeps changing".into() })
    }

    fn irq_count(&mut self, index: u32) -> Result<u32, BackendError> {
        let what = "MSI-X information";
        let body = Body::default().u32(16).u32(0).u32(index).u32(0);
        let reply = self.connection.request(what, Command::DeviceGetIrqInfo, body, &[])?;
        let mut reader = Reader::new(what, &reply.body);
        let (_argsz, _flags, got, count) = (reader.u32()?, reader.u32()?, reader.u32()?, reader.u32()?);
        if got != index || count > 2048 {
            return Err(
                reader.error(format!("index {got} with {count} vectors; expected {index} with 2048 at most"))
            );
        }
        Ok(count)
    }

    fn set_irqs(&mut self, flags: u32, start: u32, count: u32, fds: &[RawFd]) -> Result<(), BackendError> {
        let body = Body::default().u32(20).u32(flags).u32(IRQ_INDEX_MSIX).u32(start).u32(count);
        self.connection.request("connecting interrupts", Command::DeviceSetIrqs, body, fds).map(drop)
    }

    fn check(&self, region: Region, offset: u64) -> Result<(), BackendError> {
        check_access(region, offset, self.region_sizes.get(region as usize).copied().unwrap_or(0))
    }
}

impl PciBackend for VfioUser {
    fn location(&self) -> String {
        format!("vfio-user:{}", self.path)
    }

    fn read32(&mut self, region: Region, offset: u64) -> Result<u32, BackendError> {
        if let (Region::Bar0, Some(bar)) = (region, &self.bar0) {
            return bar.read(region, offset);
        }
        self.check(region, offset)?;
        let what = format!("a read of {region} at {offset:#x}");
        let body = Body::default().u64(offset).u32(region as u32).u32(4);
        let reply = self.connection.request(&what, Command::RegionRead, body, &[])?;
        let mut reader = Reader::new(&what, &reply.body);
        check_echo(&mut reader, region, offset)?;
        reader.u32()
    }

    fn write32(&mut self, region: Region, offset: u64, value: u32) -> Result<(), BackendError> {
        if let (Region::Bar0, Some(bar)) = (region, &self.bar0) {
            return bar.write(region, offset, value);
        }
        self.check(region, offset)?;
        let what = format!("a write of {region} at {offset:#x}");
        let body = Body::default().u64(offset).u32(region as u32).u32(4).u32(value);
        let reply = self.connection.request(&what, Command::RegionWrite, body, &[])?;
        check_echo(&mut Reader::new(&what, &reply.body), region, offset)
    }

    fn dma_map(&mut self, memory: &DmaMemory) -> Result<(), BackendError> {
        let what = format!("mapping {} bytes at IOVA {:#x}", memory.len(), memory.iova());
        let body =
            Body::default().u32(32).u32(DMA_READ_WRITE).u64(0).u64(memory.iova()).u64(memory.len() as u64);
        self.connection.request(&what, Command::DmaMap, body, &[memory.fd().as_fd().as_raw_fd()])?;
        self.mapped.push(memory.clone());
        Ok(())
    }

    fn dma_unmap(&mut self, memory: &DmaMemory) -> Result<(), BackendError> {
        let what = format!("unmapping {} bytes at IOVA {:#x}", memory.len(), memory.iova());
        let body = Body::default().u32(24).u32(0).u64(memory.iova()).u64(memory.len() as u64);
        self.connection.request(&what, Command::DmaUnmap, body, &[])?;
        self.mapped.retain(|other| !other.same(memory));
        Ok(())
    }

    fn vectors(&self) -> u32 {
        self.vectors
    }

    fn set_vectors(&mut self, eventfds: &[EventFd]) -> Result<(), BackendError> {
        if eventfds.len() > self.vectors as usize {
            let (wanted, vectors) = (eventfds.len(), self.vectors);
            return Err(BackendError::Unsupported(format!(
                "{wanted} vectors wanted, but the card has {vectors}"
            )));
        }
        if eventfds.is_empty() {
            return self.set_irqs(IRQ_DATA_NONE | IRQ_ACTION_TRIGGER, 0, 0, &[]);
        }
        let fds: Vec<RawFd> = eventfds.iter().map(AsRawFd::as_raw_fd).collect();
        for (i, batch) in fds.chunks(self.fds_per_message).enumerate() {
            let start = (i * self.fds_per_message) as u32;
            self.set_irqs(IRQ_DATA_EVENTFD | IRQ_ACTION_TRIGGER, start, batch.len() as u32, batch)?;
        }
        Ok(())
    }

    fn reset(&mut self) -> Result<(), BackendError> {
        if !self.resettable {
            return Err(BackendError::Unsupported(format!("{} cannot be reset", self.path)));
        }
        self.connection.request("a reset", Command::DeviceReset, Body::default(), &[]).map(drop)
    }
}

/// A server that refuses or ignores the first message is mostly one that serves somebody else.
fn busy(path: &str, error: BackendError) -> BackendError {
    const BUSY: u32 = nix::errno::Errno::EBUSY as u32;
    match error {
        BackendError::Timeout { after, .. } => BackendError::Open(format!(
            "{path} does not answer within {:.1} s: the card serves one program at a time; does another one use it?",
            after.as_secs_f64()
        )),
        BackendError::Refused { errno: BUSY, .. } => BackendError::Open(format!(
            "{path} is busy: the card serves one program at a time, and another one uses it"
        )),
        other => other,
    }
}

/// Checks that a region access was answered for the same place.
fn check_echo(reader: &mut Reader<'_>, region: Region, offset: u64) -> Result<(), BackendError> {
    let (got_offset, got_region, count) = (reader.u64()?, reader.u32()?, reader.u32()?);
    if (got_offset, got_region, count) == (offset, region as u32, 4) {
        Ok(())
    } else {
        Err(reader.error(format!("answer is about {count} bytes at {got_offset:#x} of region {got_region}")))
    }
}

/// Whether a sparse-mmap capability, if any, covers the whole region by its first area.
fn maps_whole(what: &str, body: &[u8], first: usize, size: u64) -> Result<bool, BackendError> {
    let mut at = first;
    let mut previous = 0;
    while at != 0 {
        let reader = Reader::new(what, body);
        if at <= previous || at < REGION_INFO_BYTES {
            return Err(reader.error(format!("capability offset {at} does not advance")));
        }
        let Some(capability) = body.get(at..) else {
            return Err(reader.error(format!("capability at {at} lies outside the reply")));
        };
        let mut reader = Reader::new(what, capability);
        let (id, _version, next) = (reader.u16()?, reader.u16()?, reader.u32()? as usize);
        if id == REGION_CAP_SPARSE_MMAP {
            let (areas, _reserved) = (reader.u32()?, reader.u32()?);
            return Ok(areas == 1 && reader.u64()? == 0 && reader.u64()? == size);
        }
        previous = at;
        at = next;
    }
    Ok(true)
}

/// Maps BAR0 after checking that the file is as long as it claims: touching a page past its end would kill us.
fn map_bar(what: &str, file: File, offset: u64, size: u64) -> Result<BarMapping, BackendError> {
    let len = file.metadata().map_err(|e| BackendError::io(what, e))?.len();
    let fits = size <= 1 << 30 && offset.checked_add(size).is_some_and(|end| end <= len);
    if !fits || !offset.is_multiple_of(crate::dma::PAGE) {
        let detail = format!("BAR0 is {size} bytes at {offset:#x} of a file of {len} bytes");
        return Err(BackendError::Protocol { what: what.into(), detail });
    }
    BarMapping::new(&file, offset, size)
}
