// SPDX-License-Identifier: Apache-2.0
//! What all rings share: memory, indices, phases, doorbells.

use headend_regs::reg::RingControl;
use headend_regs::{param, Ring};

use crate::dma::{DmaMemory, IovaAllocator};
use crate::registers::{Registers, RingRegister};
use crate::{Error, Result};

/// Bytes of the index block.
const INDEX_BYTES: u64 = 64;
/// Bytes at the start of a command that hold its operation; `Nop` is 0.
const OPERATION_BYTES: usize = 4;

/// Shape of a ring.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    pub(crate) ring: Ring,
    /// log2 of submissions; `None` when the ring has none.
    pub(crate) sq_log2: Option<u32>,
    pub(crate) cq_log2: u32,
    /// Bytes of a submission and of a completion.
    pub(crate) entry_bytes: usize,
}

/// One ring: submission ring, completion ring and index block in one DMA memory.
#[derive(Debug)]
pub(crate) struct RingCore {
    shape: Shape,
    memory: DmaMemory,
    cq_offset: usize,
    index_offset: usize,
    /// Submissions produced, and those rung in.
    sq_tail: u32,
    /// Submissions the card has consumed, as far as seen.
    sq_head: u32,
    /// Completions consumed, and what the card knows of that.
    cq_head: u32,
    cq_reported: u32,
    dead: bool,
}

impl RingCore {
    /// Allocates and maps the ring's memory, and starts it.
    pub(crate) fn start(
        regs: &mut Registers,
        iovas: &mut IovaAllocator,
        shape: Shape,
        irq: bool,
    ) -> Result<Self> {
        let max = param::MAX_RING_LOG2 as u32;
        let sq_log2 = shape.sq_log2.unwrap_or(0);
        if sq_log2 > max || shape.cq_log2 > max {
            return Err(Error::Invalid(format!("ring {}: at most 2^{max} entries", shape.ring)));
        }
        regs.ring_stop(shape.ring)?;
        let page = crate::dma::PAGE;
        let bytes = |log2: u32| ((shape.entry_bytes as u64) << log2).next_multiple_of(page);
        let sq_bytes = shape.sq_log2.map_or(0, bytes);
        let cq_bytes = bytes(shape.cq_log2);
        let memory = iovas.allocate(sq_bytes + cq_bytes + INDEX_BYTES)?;
        regs.backend().dma_map(&memory)?;
        let ring = Self {
            shape,
            cq_offset: sq_bytes as usize,
            index_offset: (sq_bytes + cq_bytes) as usize,
            memory,
            sq_tail: 0,
            sq_head: 0,
            cq_head: 0,
            cq_reported: 0,
            dead: false,
        };
        let base = ring.memory.iova();
        regs.ring_address(shape.ring, RingRegister::SqBase, base)?;
        regs.ring_address(shape.ring, RingRegister::CqBase, base + sq_bytes)?;
        regs.ring_address(shape.ring, RingRegister::Index, base + sq_bytes + cq_bytes)?;
        let mut control = RingControl::ENABLE.with_sq_log2(sq_log2).with_cq_log2(shape.cq_log2);
        control.set(RingControl::IRQ_ENABLE, irq);
        regs.ring_write(shape.ring, RingRegister::Control, control.bits())?;
        Ok(ring)
    }

    /// Stops the ring and takes its memory back, wiped.
    pub(crate) fn stop(self, regs: &mut Registers, iovas: &mut IovaAllocator) -> Result<()> {
        regs.ring_stop(self.shape.ring)?;
        regs.backend().dma_unmap(&self.memory)?;
        iovas.release(&self.memory);
        Ok(())
    }

    pub(crate) fn sq_size(&self) -> u32 {
        self.shape.sq_log2.map_or(0, |log2| 1 << log2)
    }

    fn cq_size(&self) -> u32 {
        1 << self.shape.cq_log2
    }

    /// Submissions without completion.
    pub(crate) fn outstanding(&self) -> u32 {
        self.sq_tail.wrapping_sub(self.cq_head)
    }

    fn alive(&self) -> Result<()> {
        if self.dead {
            Err(Error::RingDead(self.shape.ring))
        } else {
            Ok(())
        }
    }

    /// Zeroes all submissions, if they may hold secrets; for a ring that the card no longer reads, or never may again.
    pub(crate) fn wipe_all(&self) {
        if self.shape.ring != Ring::Cmd {
            return;
        }
        let entries = 0..self.sq_size();
        // Should the card still read one, it finds no half-wiped record: what starts with zero is no write. The ranges
        // lie in the ring's own memory, so zeroing them cannot fail.
        for index in entries.clone() {
            let _ = self.memory.zero(self.sq_at(index), OPERATION_BYTES);
        }
        self.memory.publish();
        for index in entries {
            let _ = self.wipe(index);
        }
    }

    /// Gives the ring up: its state is unknown from here on.
    pub(crate) fn kill(&mut self) {
        self.dead = true;
    }

    fn misbehaves<T>(&mut self, detail: String) -> Result<T> {
        self.kill();
        Err(Error::misbehaves(self.shape.ring, detail))
    }

    /// Puts a submission into the ring, without ringing the doorbell; gives its index.
    pub(crate) fn push(&mut self, entry: &[u8]) -> Result<u32> {
        self.alive()?;
        if self.sq_tail.wrapping_sub(self.sq_head) >= self.sq_size() {
            self.refresh()?;
        }
        if self.sq_tail.wrapping_sub(self.sq_head) >= self.sq_size() {
            return Err(Error::RingFull(self.shape.ring));
        }
        let index = self.sq_tail;
        self.memory.write(self.sq_at(index), entry)?;
        self.sq_tail = self.sq_tail.wrapping_add(1);
        Ok(index)
    }

    fn sq_at(&self, index: u32) -> usize {
        (index & (self.sq_size() - 1)) as usize * self.shape.entry_bytes
    }

    /// Index of the completion taken last, which is its submission's index where completions come in order.
    pub(crate) fn last_completed(&self) -> u32 {
        self.cq_head.wrapping_sub(1)
    }

    /// Zeroes a used-up submission that held a secret.
    pub(crate) fn wipe(&self, index: u32) -> Result<()> {
        Ok(self.memory.zero(self.sq_at(index), self.shape.entry_bytes)?)
    }

    /// Tells the card of new submissions.
    pub(crate) fn ring_doorbell(&mut self, regs: &mut Registers) -> Result<()> {
        self.alive()?;
        self.memory.publish();
        regs.ring_write(self.shape.ring, RingRegister::SqTail, self.sq_tail)
    }

    /// Reads the index block and checks what the card claims there; gives its cq_tail.
    fn refresh(&mut self) -> Result<u32> {
        let sq_head = self.memory.load32(self.index_offset)?;
        let cq_tail = self.memory.load32(self.index_offset + 4)?;
        let pending = self.sq_tail.wrapping_sub(self.sq_head);
        // The block is written after the completions, so it may lag behind what those have told.
        let ahead = sq_head.wrapping_sub(self.sq_head) as i32;
        if ahead > pending as i32 || ahead < -(self.sq_size() as i32) {
            let (tail, head) = (self.sq_tail, self.sq_head);
            return self.misbehaves(format!("sq_head {sq_head} is not between {head} and {tail}"));
        }
        if ahead > 0 {
            self.sq_head = sq_head;
        }
        Ok(cq_tail)
    }

    /// Takes the next completion into `entry`, if there is one.
    pub(crate) fn pop(&mut self, entry: &mut [u8]) -> Result<bool> {
        self.alive()?;
        let size = self.cq_size();
        // The index is read before the phase: what it announces must already be in the ring.
        let announced = self.refresh()?.wrapping_sub(self.cq_head);
        let at = self.cq_offset + (self.cq_head & (size - 1)) as usize * self.shape.entry_bytes;
        let phase = u32::from((self.cq_head >> self.shape.cq_log2) & 1 == 0);
        let fresh = self.memory.load32(at)? & 1 == phase;
        // The block may lag behind the phases, by as much as a ring: distances are signed.
        let ahead = announced as i32;
        if ahead > size as i32 || ahead < -(size as i32) {
            let head = self.cq_head;
            return self
                .misbehaves(format!("cq_tail is {ahead} entries from our {head}, in a ring of {size}"));
        }
        if !fresh {
            if ahead > 0 {
                let head = self.cq_head;
                return self.misbehaves(format!(
                    "completion {head} was announced, but its phase bit is {}",
                    1 - phase
                ));
            }
            return Ok(false);
        }
        if self.shape.sq_log2.is_some() && self.outstanding() == 0 {
            return self.misbehaves("a completion without a submission".into());
        }
        self.memory.read(at, entry)?;
        self.cq_head = self.cq_head.wrapping_add(1);
        if self.shape.sq_log2.is_some() && self.cq_head.wrapping_sub(self.sq_head) as i32 > 0 {
            // What is completed was consumed.
            self.sq_head = self.cq_head;
        }
        Ok(true)
    }

    /// Tells the card how many completions were taken, if that is worth an access: `force`, or half a ring.
    pub(crate) fn report(&mut self, regs: &mut Registers, force: bool) -> Result<()> {
        let taken = self.cq_head.wrapping_sub(self.cq_reported);
        if taken > 0 && (force || taken >= self.cq_size().div_ceil(2)) {
            regs.ring_write(self.shape.ring, RingRegister::CqHead, self.cq_head)?;
            self.cq_reported = self.cq_head;
        }
        Ok(())
    }
}

impl Drop for RingCore {
    fn drop(&mut self) {
        self.wipe_all();
    }
}
