// SPDX-License-Identifier: Apache-2.0
//! The driver's view of a simulated card in this process: no socket, no second thread.

use headend_driver::backend::{BackendError, EventFd, PciBackend, Region};
use headend_driver::dma::DmaMemory;
use headend_sim::card::{Card, CardError};
use headend_sim::dma::{DmaError, DmaTarget};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

/// Vectors of the card: one per ring.
const VECTORS: u32 = headend_regs::Ring::ALL.len() as u32;
/// Bytes of configuration space that the backend keeps.
const CONFIG_BYTES: usize = 256;
/// Cycles between two looks of a driver that polls.
const POLL_CYCLES: u64 = 64;
/// Most steps of [`POLL_CYCLES`] in one wait for an interrupt.
const STEPS_PER_WAIT: u64 = 20_000;

/// Host memory as the simulated card sees it: what the driver has mapped, and nothing else.
#[derive(Debug, Default)]
pub struct HostMemory {
    mapped: Vec<DmaMemory>,
}

impl HostMemory {
    /// The memory that holds `len` bytes from `iova` on, and the offset in it.
    fn find(&self, iova: u64, len: usize) -> Result<(&DmaMemory, usize), DmaError> {
        let inside = |m: &&DmaMemory| {
            let offset = iova.checked_sub(m.iova());
            offset.is_some_and(|o| o.checked_add(len as u64).is_some_and(|end| end <= m.len() as u64))
        };
        let memory = self.mapped.iter().find(inside).ok_or(DmaError::Unmapped)?;
        Ok((memory, (iova - memory.iova()) as usize))
    }
}

impl DmaTarget for HostMemory {
    fn read(&mut self, iova: u64, data: &mut [u8]) -> Result<(), DmaError> {
        let (memory, offset) = self.find(iova, data.len())?;
        memory.read(offset, data).map_err(|_| DmaError::Unmapped)
    }

    fn write(&mut self, iova: u64, data: &[u8]) -> Result<(), DmaError> {
        let (memory, offset) = self.find(iova, data.len())?;
        memory.write(offset, data).map_err(|_| DmaError::Unmapped)
    }
}

/// A simulated card shared by the driver's backend and the test that feeds its ports.
pub type SharedCard = Arc<Mutex<Card<HostMemory>>>;

/// [`PciBackend`] over a simulated card in this process. Waiting for an interrupt runs the card's clock.
pub struct SimBackend {
    card: SharedCard,
    eventfds: Vec<EventFd>,
    config: [u8; CONFIG_BYTES],
}

impl SimBackend {
    /// A backend for `card`.
    pub fn new(card: SharedCard) -> SimBackend {
        SimBackend { card, eventfds: vec![], config: [0; CONFIG_BYTES] }
    }

    fn card(&self) -> MutexGuard<'_, Card<HostMemory>> {
        // A test that panicked while it held the card has failed already.
        self.card.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// The word of the configuration space at `offset`.
fn config_range(offset: u64) -> Result<std::ops::Range<usize>, BackendError> {
    let size = CONFIG_BYTES as u64;
    match usize::try_from(offset) {
        Ok(at) if at + 4 <= CONFIG_BYTES && at % 4 == 0 => Ok(at..at + 4),
        _ => Err(BackendError::OutOfRange { region: Region::Config, offset, size }),
    }
}

fn bar0_offset(offset: u64) -> Result<u16, BackendError> {
    u16::try_from(offset).map_err(|_| BackendError::OutOfRange {
        region: Region::Bar0,
        offset,
        size: 1 << 16,
    })
}

fn card_error(what: &str, error: CardError) -> BackendError {
    BackendError::Protocol { what: what.into(), detail: error.to_string() }
}

impl PciBackend for SimBackend {
    fn location(&self) -> String {
        "simulation in this process".into()
    }

    fn read32(&mut self, region: Region, offset: u64) -> Result<u32, BackendError> {
        match region {
            Region::Bar0 => {
                let at = bar0_offset(offset)?;
                self.card().read32(at).map_err(|e| card_error("a register read", e))
            }
            Region::Config => {
                let at = config_range(offset)?;
                Ok(self.config[at].iter().rev().fold(0, |word, byte| word << 8 | u32::from(*byte)))
            }
            Region::Bar2 => Err(BackendError::Unsupported("there is no MSI-X table in this process".into())),
        }
    }

    fn write32(&mut self, region: Region, offset: u64, value: u32) -> Result<(), BackendError> {
        match region {
            Region::Bar0 => {
                let at = bar0_offset(offset)?;
                self.card().write32(at, value).map_err(|e| card_error("a register write", e))
            }
            Region::Config => {
                self.config[config_range(offset)?].copy_from_slice(&value.to_le_bytes());
                Ok(())
            }
            Region::Bar2 => Err(BackendError::Unsupported("there is no MSI-X table in this process".into())),
        }
    }

    fn dma_map(&mut self, memory: &DmaMemory) -> Result<(), BackendError> {
        self.card().dma_mut().mapped.push(memory.clone());
        Ok(())
    }

    fn dma_unmap(&mut self, memory: &DmaMemory) -> Result<(), BackendError> {
        let mut card = self.card();
        let mapped = &mut card.dma_mut().mapped;
        match mapped.iter().position(|m| m.same(memory)) {
            Some(at) => {
                mapped.remove(at);
                Ok(())
            }
            None => {
                Err(BackendError::Refused { what: "unmapping memory that is not mapped".into(), errno: 2 })
            }
        }
    }

    fn vectors(&self) -> u32 {
        VECTORS
    }

    fn set_vectors(&mut self, eventfds: &[EventFd]) -> Result<(), BackendError> {
        let copies = eventfds.iter().map(EventFd::try_clone).collect::<Result<_, _>>();
        self.eventfds = copies.map_err(|e| BackendError::io("copying an eventfd", e))?;
        Ok(())
    }

    fn reset(&mut self) -> Result<(), BackendError> {
        self.card().power_cycle();
        Ok(())
    }

    fn wait(&mut self, eventfd: &EventFd, timeout: Duration) -> Result<bool, BackendError> {
        if self.eventfds.is_empty() {
            // No interrupt will come: the driver polls, so give the card a little time and let it look.
            self.card().run(POLL_CYCLES);
            return Ok(false);
        }
        let mut idle = false;
        for _ in 0..STEPS_PER_WAIT {
            let mut card = self.card();
            while let Some(vector) = card.pop_interrupt() {
                if let Some(target) = self.eventfds.get(usize::from(vector)) {
                    target.write(1).map_err(|e| BackendError::io("signalling an interrupt", e))?;
                }
            }
            drop(card);
            if eventfd.read().is_ok() {
                return Ok(true);
            }
            let mut card = self.card();
            idle = card.is_idle();
            if idle {
                break;
            }
            card.run(POLL_CYCLES);
        }
        if idle {
            // Nothing will ever come: do not let the caller spin until its deadline.
            std::thread::sleep(timeout.min(Duration::from_millis(1)));
        }
        Ok(false)
    }
}
