// SPDX-License-Identifier: Apache-2.0
//! The card as a vfio-user device: answers the client's messages.

use super::dma_map::{DmaMap, MAX_RANGES};
use super::irqs::Irqs;
use super::wire::{Command, Message, Reader, FLAG_NO_REPLY, FLAG_TYPE, MAX_FDS, MAX_TRANSFER};
use crate::card::Card;
use crate::pci::{ConfigEffect, ConfigSpace, BAR0_BYTES, BAR2_BYTES, CONFIG_BYTES, PBA_OFFSET, VECTORS};
use headend_regs::reg;
use nix::errno::Errno;
use std::fs::File;
use std::os::fd::OwnedFd;

/// Regions of a PCI device: six BARs, ROM, configuration space, VGA.
const REGIONS: u32 = 9;
const REGION_BAR0: u32 = 0;
const REGION_BAR2: u32 = 2;
const REGION_CONFIG: u32 = 7;
/// Interrupt indices: INTx, MSI, MSI-X, error, request.
const IRQ_INDICES: u32 = 5;
const IRQ_MSIX: u32 = 2;
const DEVICE_RESETS: u32 = 1 << 0;
const DEVICE_IS_PCI: u32 = 1 << 1;
const REGION_READ_WRITE: u32 = 3;
const IRQ_EVENTFD: u32 = 1 << 0;
const IRQ_NORESIZE: u32 = 1 << 3;
const UNMAP_DIRTY: u32 = 1 << 1;
const UNMAP_ALL: u32 = 1 << 2;
/// Largest access to BAR0 in bytes: each word costs some clock cycles.
const BAR0_ACCESS: u32 = 4096;
/// Reads of the control register until a soft reset counts as stuck.
const RESET_POLLS: u32 = 1000;

/// The card and what its PCI function adds: configuration space, MSI-X, the client's memory.
#[derive(Debug)]
pub struct Device {
    card: Card<DmaMap>,
    config: ConfigSpace,
    irqs: Irqs,
    bar2: Vec<u8>,
    negotiated: bool,
}

impl Device {
    /// Puts the PCI function around a card.
    pub fn new(card: Card<DmaMap>) -> Self {
        Self {
            card,
            config: ConfigSpace::new(),
            irqs: Irqs::default(),
            bar2: vec![0; BAR2_BYTES as usize],
            negotiated: false,
        }
    }

    /// The card.
    pub fn card(&self) -> &Card<DmaMap> {
        &self.card
    }

    /// The card.
    pub fn card_mut(&mut self) -> &mut Card<DmaMap> {
        &mut self.card
    }

    /// Answers a message: the reply to send, or `None` when none is wanted.
    pub fn handle(&mut self, message: Message) -> Option<Vec<u8>> {
        let header = message.header;
        if header.flags & FLAG_TYPE != 0 {
            // A reply to something we never asked.
            return None;
        }
        let silent = header.flags & FLAG_NO_REPLY != 0;
        let result = match Command::from_code(header.command) {
            None => Err(Errno::ENOSYS),
            Some(Command::Version) if !self.negotiated => self.version(&message.body),
            Some(command) if self.negotiated => self.command(command, &message.body, message.fds),
            Some(_) => Err(Errno::EPROTO),
        };
        match result {
            _ if silent => None,
            Ok(body) => Some(header.reply(&body)),
            Err(errno) => Some(header.refuse(errno as i32)),
        }
    }

    fn command(&mut self, command: Command, body: &[u8], fds: Vec<OwnedFd>) -> Result<Vec<u8>, Errno> {
        let mut reader = Reader(body);
        match command {
            Command::Version => Err(Errno::EPROTO),
            Command::DmaMap => self.dma_map(&mut reader, fds),
            Command::DmaUnmap => self.dma_unmap(&mut reader),
            Command::DeviceGetInfo => device_info(&mut reader),
            Command::DeviceGetRegionInfo => region_info(&mut reader),
            Command::DeviceGetRegionIoFds => Err(Errno::ENOTSUP),
            Command::DeviceGetIrqInfo => irq_info(&mut reader),
            Command::DeviceSetIrqs => self.set_irqs(&mut reader, fds),
            Command::RegionRead => self.region_read(&mut reader),
            Command::RegionWrite => self.region_write(&mut reader),
            Command::DeviceReset => {
                self.function_reset();
                Ok(Vec::new())
            }
        }
    }

    /// Version 0.0 whatever minor the client offers (QEMU refuses 0.1), and our limits.
    fn version(&mut self, body: &[u8]) -> Result<Vec<u8>, Errno> {
        let mut reader = Reader(body);
        let major = reader.u16().ok_or(Errno::EINVAL)?;
        reader.u16().ok_or(Errno::EINVAL)?;
        if major != 0 {
            return Err(Errno::EPROTONOSUPPORT);
        }
        let json = reader.0.split(|b| *b == 0).next().unwrap_or_default();
        if !json.is_empty() && serde_json::from_slice::<serde_json::Value>(json).is_err() {
            return Err(Errno::EINVAL);
        }
        self.negotiated = true;
        let ours = serde_json::json!({"capabilities": {
            "max_msg_fds": MAX_FDS,
            "max_data_xfer_size": MAX_TRANSFER,
            "max_dma_maps": MAX_RANGES,
            "pgsizes": 4096,
        }});
        Ok([&[0; 4], ours.to_string().as_bytes(), &[0]].concat())
    }

    fn dma_map(&mut self, reader: &mut Reader<'_>, mut fds: Vec<OwnedFd>) -> Result<Vec<u8>, Errno> {
        let mut fields = || Some((reader.u32()?, reader.u32()?, reader.u64()?, reader.u64()?, reader.u64()?));
        let (_argsz, flags, offset, iova, size) = fields().ok_or(Errno::EINVAL)?;
        if fds.len() > 1 {
            return Err(Errno::EINVAL);
        }
        self.card.dma_mut().map(flags, offset, iova, size, fds.pop().map(File::from))?;
        Ok(Vec::new())
    }

    fn dma_unmap(&mut self, reader: &mut Reader<'_>) -> Result<Vec<u8>, Errno> {
        let body = reader.0;
        let mut fields = || Some((reader.u32()?, reader.u32()?, reader.u64()?, reader.u64()?));
        let (_argsz, flags, iova, size) = fields().ok_or(Errno::EINVAL)?;
        if flags & UNMAP_ALL != 0 {
            self.card.dma_mut().clear();
        } else if flags & UNMAP_DIRTY != 0 {
            return Err(Errno::ENOTSUP);
        } else {
            self.card.dma_mut().unmap(iova, size)?;
        }
        Ok(body[..24].to_vec())
    }

    fn set_irqs(&mut self, reader: &mut Reader<'_>, fds: Vec<OwnedFd>) -> Result<Vec<u8>, Errno> {
        let mut fields = || Some((reader.u32()?, reader.u32()?, reader.u32()?, reader.u32()?, reader.u32()?));
        let (_argsz, flags, index, start, count) = fields().ok_or(Errno::EINVAL)?;
        match index {
            IRQ_MSIX => self.irqs.set(flags, start, count, reader.0, fds)?,
            // The other indices have no vectors: disabling nothing is all that can be asked.
            _ if index < IRQ_INDICES && count == 0 => {}
            _ => return Err(Errno::EINVAL),
        }
        Ok(Vec::new())
    }

    fn region_read(&mut self, reader: &mut Reader<'_>) -> Result<Vec<u8>, Errno> {
        let access = Access::parse(reader)?;
        let mut data = vec![0; access.count as usize];
        match access.region {
            REGION_BAR0 => self.bar0_read(access.offset, &mut data)?,
            REGION_BAR2 => {
                let range = access.range(BAR2_BYTES as usize)?;
                let pba = PBA_OFFSET as usize;
                self.bar2[pba..pba + 8].copy_from_slice(&self.irqs.pending_bits().to_le_bytes());
                data.copy_from_slice(&self.bar2[range]);
            }
            REGION_CONFIG if self.config.read(access.offset, &mut data) => {}
            _ => return Err(Errno::EINVAL),
        }
        Ok([&access.to_bytes(), &data[..]].concat())
    }

    fn region_write(&mut self, reader: &mut Reader<'_>) -> Result<Vec<u8>, Errno> {
        let access = Access::parse(reader)?;
        let data = reader.take(access.count as usize).ok_or(Errno::EINVAL)?;
        match access.region {
            REGION_BAR0 => self.bar0_write(access.offset, data)?,
            REGION_BAR2 => {
                let range = access.range(BAR2_BYTES as usize)?;
                self.bar2[range].copy_from_slice(data);
            }
            REGION_CONFIG => match self.config.write(access.offset, data).ok_or(Errno::EINVAL)? {
                ConfigEffect::None => {}
                ConfigEffect::FunctionReset => self.function_reset(),
            },
            _ => return Err(Errno::EINVAL),
        }
        Ok(access.to_bytes().to_vec())
    }

    /// Checks an access to BAR0 and cuts it into words: offset, and which bytes of `data` stand where in the word.
    fn bar0_words(
        offset: u64,
        len: usize,
    ) -> Result<impl Iterator<Item = (u16, std::ops::Range<usize>, usize)>, Errno> {
        let end =
            offset.checked_add(len as u64).filter(|end| *end <= BAR0_BYTES.into()).ok_or(Errno::EINVAL)?;
        if len == 0 || len > BAR0_ACCESS as usize {
            return Err(Errno::EINVAL);
        }
        let first = offset & !3;
        Ok((first..end).step_by(4).map(move |word| {
            let (from, to) = (word.max(offset), (word + 4).min(end));
            (word as u16, (from - offset) as usize..(to - offset) as usize, (from - word) as usize)
        }))
    }

    fn bar0_read(&mut self, offset: u64, data: &mut [u8]) -> Result<(), Errno> {
        for (word, part, skip) in Self::bar0_words(offset, data.len())? {
            let value = self.card.read32(word).map_err(report)?.to_le_bytes();
            let len = part.len();
            data[part].copy_from_slice(&value[skip..skip + len]);
        }
        Ok(())
    }

    fn bar0_write(&mut self, offset: u64, data: &[u8]) -> Result<(), Errno> {
        for (word, part, skip) in Self::bar0_words(offset, data.len())? {
            let strobe = ((1u8 << part.len()) - 1) << skip;
            let mut value = [0; 4];
            value[skip..skip + part.len()].copy_from_slice(&data[part]);
            self.card.write32_bytes(word, u32::from_le_bytes(value), strobe).map_err(report)?;
        }
        Ok(())
    }

    /// Function level reset: rings, interrupts and configuration space are as after power-up. Tables, counters and
    /// the ports go on, because the kernel's VFIO resets the function whenever its user opens or closes it: packets
    /// must not stop when a driver restarts. The client's mappings and eventfds stay, as in VFIO.
    fn function_reset(&mut self) {
        self.reset_host_side();
    }

    /// Signals the interrupts that the card has raised.
    pub fn deliver_interrupts(&mut self) {
        while let Some(vector) = self.card.pop_interrupt() {
            if u16::from(vector) < VECTORS {
                self.irqs.raise(vector.into());
            }
        }
    }

    /// The client is gone: rings stop, its memory and eventfds are let go. Tables, counters and ports go on, so that
    /// one program may configure the card and another look at it.
    pub fn disconnect(&mut self) {
        if self.negotiated {
            self.reset_host_side();
        }
        self.card.dma_mut().clear();
        self.irqs.clear();
        self.negotiated = false;
    }

    fn reset_host_side(&mut self) {
        if let Err(error) = self.reset_rings() {
            eprintln!("headend-card: rings do not reset ({error}); power-cycling the card");
            self.card.power_cycle();
        }
        while self.card.pop_interrupt().is_some() {}
        self.irqs.forget_pending();
        self.config = ConfigSpace::new();
        self.bar2.fill(0);
    }

    fn reset_rings(&mut self) -> Result<(), crate::card::CardError> {
        let control = reg::CONTROL as u16;
        let reset = reg::Control::SOFT_RESET.bits();
        let value = self.card.read32(control)?;
        self.card.write32(control, value | reset)?;
        for _ in 0..RESET_POLLS {
            if self.card.read32(control)? & reset == 0 {
                return Ok(());
            }
        }
        Err(crate::card::CardError::Timeout { access: "soft reset", offset: control })
    }
}

/// Region, offset and count of a region access.
struct Access {
    offset: u64,
    region: u32,
    count: u32,
}

impl Access {
    fn parse(reader: &mut Reader<'_>) -> Result<Self, Errno> {
        let mut fields = || Some((reader.u64()?, reader.u32()?, reader.u32()?));
        let (offset, region, count) = fields().ok_or(Errno::EINVAL)?;
        if count == 0 || count > MAX_TRANSFER {
            return Err(Errno::EINVAL);
        }
        Ok(Self { offset, region, count })
    }

    fn range(&self, size: usize) -> Result<std::ops::Range<usize>, Errno> {
        let start = usize::try_from(self.offset).map_err(|_| Errno::EINVAL)?;
        let end = start.checked_add(self.count as usize).filter(|end| *end <= size).ok_or(Errno::EINVAL)?;
        Ok(start..end)
    }

    fn to_bytes(&self) -> [u8; 16] {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&self.offset.to_le_bytes());
        bytes[8..12].copy_from_slice(&self.region.to_le_bytes());
        bytes[12..].copy_from_slice(&self.count.to_le_bytes());
        bytes
    }
}

fn device_info(reader: &mut Reader<'_>) -> Result<Vec<u8>, Errno> {
    reader.take(16).ok_or(Errno::EINVAL)?;
    Ok(words(&[16, DEVICE_RESETS | DEVICE_IS_PCI, REGIONS, IRQ_INDICES]))
}

fn region_info(reader: &mut Reader<'_>) -> Result<Vec<u8>, Errno> {
    let mut fields = || Some((reader.u32()?, reader.u32()?, reader.u32()?, reader.take(20)?));
    let (_argsz, _flags, index, _rest) = fields().ok_or(Errno::EINVAL)?;
    let size = match index {
        REGION_BAR0 => BAR0_BYTES,
        REGION_BAR2 => BAR2_BYTES,
        REGION_CONFIG => CONFIG_BYTES as u32,
        _ if index < REGIONS => 0,
        _ => return Err(Errno::EINVAL),
    };
    let flags = if size > 0 { REGION_READ_WRITE } else { 0 };
    Ok(words(&[32, flags, index, 0, size, 0, 0, 0]))
}

fn irq_info(reader: &mut Reader<'_>) -> Result<Vec<u8>, Errno> {
    let mut fields = || Some((reader.u32()?, reader.u32()?, reader.u32()?, reader.u32()?));
    let (_argsz, _flags, index, _count) = fields().ok_or(Errno::EINVAL)?;
    match index {
        IRQ_MSIX => Ok(words(&[16, IRQ_EVENTFD | IRQ_NORESIZE, index, VECTORS.into()])),
        _ if index < IRQ_INDICES => Ok(words(&[16, 0, index, 0])),
        _ => Err(Errno::EINVAL),
    }
}

fn words(values: &[u32]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_le_bytes()).collect()
}

/// A register access that failed: said once in the log, answered with EIO.
fn report(error: crate::card::CardError) -> Errno {
    eprintln!("headend-card: {error}");
    Errno::EIO
}
