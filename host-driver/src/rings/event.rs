// SPDX-License-Identifier: Apache-2.0
//! The event ring: drop records, refused DMA, links.

use std::time::Duration;

use headend_regs::{param, DropReason, EventEntry, EventKind, Ingress, Packed, Ring, Stage};

use super::core::Shape;
use super::{wait_until, RingCore, Waiter};
use crate::dma::IovaAllocator;
use crate::registers::Registers;
use crate::{Error, Result};

/// An event of the card.
#[derive(Clone, Debug)]
pub struct Event {
    /// Kind.
    pub kind: EventKind,
    /// Stage that raised it.
    pub stage: Option<Stage>,
    /// Where the packet entered.
    pub ingress: Option<Ingress>,
    /// Drop reason of [`EventKind::Drop`].
    pub reason: Option<DropReason>,
    /// All fields as the card wrote them.
    pub entry: EventEntry,
}

/// The event ring.
#[derive(Debug)]
pub struct EventRing {
    core: RingCore,
    waiter: Waiter,
}

impl EventRing {
    /// Starts the ring with 2^`log2` entries.
    ///
    /// # Errors
    /// Memory, mapping or register access failed.
    pub(crate) fn start(
        regs: &mut Registers,
        iovas: &mut IovaAllocator,
        log2: u32,
        waiter: Waiter,
    ) -> Result<Self> {
        let shape =
            Shape { ring: Ring::Event, sq_log2: None, cq_log2: log2, entry_bytes: param::EVENT_ENTRY_BYTES };
        Ok(Self { core: RingCore::start(regs, iovas, shape, waiter.interrupts())?, waiter })
    }

    pub(crate) fn into_parts(self) -> (RingCore, Waiter) {
        (self.core, self.waiter)
    }

    /// How the ring is waited for.
    #[must_use]
    pub fn waiter(&self) -> &Waiter {
        &self.waiter
    }

    /// Takes the next event, if there is one.
    ///
    /// # Errors
    /// The card misbehaves, or register access failed.
    pub fn poll(&mut self, regs: &mut Registers) -> Result<Option<Event>> {
        next(&mut self.core, regs)
    }

    /// Takes the next event, waiting up to `timeout` for it.
    ///
    /// # Errors
    /// As [`Self::poll`], or the card stopped the ring.
    pub fn wait(&mut self, regs: &mut Registers, timeout: Duration) -> Result<Option<Event>> {
        let core = &mut self.core;
        wait_until(regs, Ring::Event, &self.waiter, timeout, |regs| next(core, regs))
    }
}

fn next(core: &mut RingCore, regs: &mut Registers) -> Result<Option<Event>> {
    let mut bytes = [0; param::EVENT_ENTRY_BYTES];
    if !core.pop(&mut bytes)? {
        core.report(regs, true)?;
        return Ok(None);
    }
    core.report(regs, false)?;
    let entry = EventEntry::unpack_from(&bytes, 0);
    let kind = entry.kind_code().map_err(|e| Error::misbehaves(Ring::Event, e.to_string()))?;
    let reason = DropReason::try_from(entry.reason).ok().filter(|_| kind == EventKind::Drop);
    Ok(Some(Event {
        kind,
        stage: entry.stage_code().ok(),
        ingress: entry.ingress_code().ok(),
        reason,
        entry,
    }))
}
