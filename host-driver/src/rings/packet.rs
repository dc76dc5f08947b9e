// SPDX-License-Identifier: Apache-2.0
//! rx\[0\] and tx\[0\]: packets between host and card, through pools of buffers of one size.

use std::time::Duration;

use headend_regs::{
    param, HostReason, Ingress, IoStatus, Packed, Ring, RxCompletion, RxDesc, TxCompletion, TxDesc, TxDest,
};

use super::core::Shape;
use super::{wait_until, RingCore, Waiter};
use crate::dma::{DmaMemory, IovaAllocator};
use crate::registers::Registers;
use crate::{Error, Result};

/// Bytes of a packet buffer: the largest frame, a multiple of the DMA granule.
const BUFFER_BYTES: usize = param::MAX_FRAME_BYTES.next_multiple_of(param::HOST_BUFFER_ALIGN);

/// A packet that the card handed to the host.
#[derive(Clone, Debug)]
pub struct RxPacket {
    /// Whether the packet arrived whole; `data` is empty when not.
    pub status: IoStatus,
    /// Why it came to the host.
    pub reason: HostReason,
    /// Where it entered the card.
    pub ingress: Ingress,
    /// Starts with an IP header; else with an Ethernet header.
    pub l3: bool,
    /// Came out of inbound SA `sa`.
    pub decrypted: bool,
    /// VRF of the lookup.
    pub vrf: u16,
    /// Inbound SA.
    pub sa: Option<u16>,
    /// Logical interface.
    pub intf: u16,
    /// Core clock cycle at which it entered.
    pub cycle: u64,
    /// The packet.
    pub data: Vec<u8>,
}

/// Fixed-size packet buffers in one DMA memory.
#[derive(Debug)]
struct Pool {
    memory: DmaMemory,
    /// Whether buffer i is with the card.
    busy: Vec<bool>,
}

impl Pool {
    fn new(regs: &mut Registers, iovas: &mut IovaAllocator, count: u32) -> Result<Self> {
        let memory = iovas.allocate(u64::from(count) * BUFFER_BYTES as u64)?;
        regs.backend().dma_map(&memory)?;
        Ok(Self { memory, busy: vec![false; count as usize] })
    }

    fn offset(slot: usize) -> usize {
        slot * BUFFER_BYTES
    }

    fn iova(&self, slot: usize) -> u64 {
        self.memory.iova() + Self::offset(slot) as u64
    }

    /// Takes buffer `cookie` back from the card; `false` when the card never had it.
    fn take_back(&mut self, cookie: u32) -> bool {
        match self.busy.get_mut(cookie as usize) {
            Some(busy) => std::mem::take(busy),
            None => false,
        }
    }
}

/// The receive ring: packets to the host.
#[derive(Debug)]
pub struct RxRing {
    core: RingCore,
    pool: Pool,
    waiter: Waiter,
}

impl RxRing {
    /// Starts the ring with 2^`log2` entries, a buffer posted in each.
    ///
    /// # Errors
    /// Memory, mapping or register access failed.
    pub(crate) fn start(
        regs: &mut Registers,
        iovas: &mut IovaAllocator,
        log2: u32,
        waiter: Waiter,
    ) -> Result<Self> {
        let shape = Shape {
            ring: Ring::Rx0,
            sq_log2: Some(log2),
            cq_log2: log2,
            entry_bytes: param::RING_ENTRY_BYTES,
        };
        let mut core = RingCore::start(regs, iovas, shape, waiter.interrupts())?;
        let mut pool = Pool::new(regs, iovas, core.sq_size())?;
        for slot in 0..core.sq_size() as usize {
            post(&mut core, &mut pool, slot)?;
        }
        core.ring_doorbell(regs)?;
        Ok(Self { core, pool, waiter })
    }

    pub(crate) fn into_parts(self) -> (RingCore, DmaMemory, Waiter) {
        (self.core, self.pool.memory, self.waiter)
    }

    /// How the ring is waited for.
    #[must_use]
    pub fn waiter(&self) -> &Waiter {
        &self.waiter
    }

    /// Takes the next packet, if there is one.
    ///
    /// # Errors
    /// The card misbehaves, or register access failed.
    pub fn poll(&mut self, regs: &mut Registers) -> Result<Option<RxPacket>> {
        receive(&mut self.core, &mut self.pool, regs)
    }

    /// Takes the next packet, waiting up to `timeout` for it.
    ///
    /// # Errors
    /// As [`Self::poll`], or the card stopped the ring.
    pub fn wait(&mut self, regs: &mut Registers, timeout: Duration) -> Result<Option<RxPacket>> {
        let (core, pool) = (&mut self.core, &mut self.pool);
        wait_until(regs, Ring::Rx0, &self.waiter, timeout, |regs| receive(core, pool, regs))
    }
}

fn post(core: &mut RingCore, pool: &mut Pool, slot: usize) -> Result<()> {
    let desc = RxDesc { addr: pool.iova(slot), len: BUFFER_BYTES as u32, cookie: slot as u32 };
    core.push(&desc.to_bytes())?;
    pool.busy[slot] = true;
    Ok(())
}

fn receive(core: &mut RingCore, pool: &mut Pool, regs: &mut Registers) -> Result<Option<RxPacket>> {
    let mut bytes = [0; param::RING_ENTRY_BYTES];
    if !core.pop(&mut bytes)? {
        core.report(regs, true)?;
        return Ok(None);
    }
    let completion = RxCompletion::unpack_from(&bytes, 0);
    let packet = match take(&completion, pool) {
        Ok(packet) => packet,
        Err(detail) => {
            core.kill();
            return Err(Error::misbehaves(Ring::Rx0, detail));
        }
    };
    post(core, pool, completion.cookie as usize)?;
    core.ring_doorbell(regs)?;
    core.report(regs, false)?;
    Ok(Some(packet))
}

/// Copies a completed packet out of its buffer, after checking everything the card says.
fn take(completion: &RxCompletion, pool: &mut Pool) -> Result<RxPacket, String> {
    let cookie = completion.cookie;
    if !pool.take_back(cookie) {
        return Err(format!("completion with cookie {cookie}, which names no posted buffer"));
    }
    let status = completion.status_code().map_err(|e| e.to_string())?;
    let reason = HostReason::try_from(completion.reason).map_err(|e| e.to_string())?;
    let ingress = completion.ingress_code().map_err(|e| e.to_string())?;
    let len = usize::from(completion.len);
    let mut data = Vec::new();
    if status == IoStatus::Ok {
        if len > BUFFER_BYTES {
            return Err(format!("packet of {len} bytes in a buffer of {BUFFER_BYTES}"));
        }
        data.resize(len, 0);
        pool.memory.read(Pool::offset(cookie as usize), &mut data).map_err(|e| e.to_string())?;
    }
    Ok(RxPacket {
        status,
        reason,
        ingress,
        l3: completion.l3,
        decrypted: completion.decrypted,
        vrf: completion.vrf,
        sa: (completion.sa != u16::MAX).then_some(completion.sa),
        intf: completion.intf,
        cycle: completion.cycle,
        data,
    })
}

/// What became of a packet given to the card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TxDone {
    /// Number that [`TxRing::send`] gave.
    pub number: u64,
    /// Whether the card took it.
    pub status: IoStatus,
}

/// The transmit ring: packets from the host.
#[derive(Debug)]
pub struct TxRing {
    core: RingCore,
    pool: Pool,
    waiter: Waiter,
    /// Number of the packet in each buffer.
    numbers: Vec<u64>,
    next: u64,
}

impl TxRing {
    /// Starts the ring with 2^`log2` entries and as many buffers.
    ///
    /// # Errors
    /// Memory, mapping or register access failed.
    pub(crate) fn start(
        regs: &mut Registers,
        iovas: &mut IovaAllocator,
        log2: u32,
        waiter: Waiter,
    ) -> Result<Self> {
        let shape = Shape {
            ring: Ring::Tx0,
            sq_log2: Some(log2),
            cq_log2: log2,
            entry_bytes: param::RING_ENTRY_BYTES,
        };
        let core = RingCore::start(regs, iovas, shape, waiter.interrupts())?;
        let count = core.sq_size();
        let pool = Pool::new(regs, iovas, count)?;
        Ok(Self { core, pool, waiter, numbers: vec![0; count as usize], next: 0 })
    }

    pub(crate) fn into_parts(self) -> (RingCore, DmaMemory, Waiter) {
        (self.core, self.pool.memory, self.waiter)
    }

    /// How the ring is waited for.
    #[must_use]
    pub fn waiter(&self) -> &Waiter {
        &self.waiter
    }

    /// Packets the card has not completed.
    #[must_use]
    pub fn outstanding(&self) -> u32 {
        self.core.outstanding()
    }

    /// Gives a packet to the card: a frame to a port, or an IP packet to be routed in `vrf`. Gives its number.
    ///
    /// # Errors
    /// [`Error::RingFull`] when every buffer is with the card: take completions first. [`Error::Invalid`] when the
    /// packet is too short or too long. Register access failed.
    pub fn send(&mut self, regs: &mut Registers, dest: TxDest, vrf: u16, packet: &[u8]) -> Result<u64> {
        let shortest = if dest == TxDest::Route { 20 } else { param::MIN_FRAME_BYTES };
        if !(shortest..=param::MAX_FRAME_BYTES).contains(&packet.len()) {
            let (len, longest) = (packet.len(), param::MAX_FRAME_BYTES);
            return Err(Error::Invalid(format!("packet of {len} bytes; expected {shortest} to {longest}")));
        }
        let slot = self.pool.busy.iter().position(|busy| !busy).ok_or(Error::RingFull(Ring::Tx0))?;
        self.pool.memory.write(Pool::offset(slot), packet)?;
        let desc = TxDesc {
            addr: self.pool.iova(slot),
            len: packet.len() as u32,
            cookie: slot as u32,
            dest: dest.code(),
            vrf,
        };
        self.core.push(&desc.to_bytes())?;
        self.pool.busy[slot] = true;
        let number = self.next;
        self.numbers[slot] = number;
        self.next += 1;
        self.core.ring_doorbell(regs)?;
        Ok(number)
    }

    /// Takes the next completion, if there is one.
    ///
    /// # Errors
    /// The card misbehaves, or register access failed.
    pub fn poll(&mut self, regs: &mut Registers) -> Result<Option<TxDone>> {
        done(&mut self.core, &mut self.pool, &self.numbers, regs)
    }

    /// Takes the next completion, waiting up to `timeout` for it.
    ///
    /// # Errors
    /// As [`Self::poll`], or the card stopped the ring.
    pub fn wait(&mut self, regs: &mut Registers, timeout: Duration) -> Result<Option<TxDone>> {
        let (core, pool, numbers) = (&mut self.core, &mut self.pool, &self.numbers);
        wait_until(regs, Ring::Tx0, &self.waiter, timeout, |regs| done(core, pool, numbers, regs))
    }
}

fn done(
    core: &mut RingCore,
    pool: &mut Pool,
    numbers: &[u64],
    regs: &mut Registers,
) -> Result<Option<TxDone>> {
    let mut bytes = [0; param::RING_ENTRY_BYTES];
    if !core.pop(&mut bytes)? {
        core.report(regs, true)?;
        return Ok(None);
    }
    core.report(regs, false)?;
    let completion = TxCompletion::unpack_from(&bytes, 0);
    let cookie = completion.cookie;
    if !pool.take_back(cookie) {
        core.kill();
        let detail = format!("completion with cookie {cookie}, which names no packet on its way");
        return Err(Error::misbehaves(Ring::Tx0, detail));
    }
    let status = completion.status_code().map_err(|e| Error::misbehaves(Ring::Tx0, e.to_string()))?;
    Ok(Some(TxDone { number: numbers[cookie as usize], status }))
}
