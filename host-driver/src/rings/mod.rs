// SPDX-License-Identifier: Apache-2.0
//! The four rings between driver and card.
//!
//! | ring | submissions | completions | type |
//! | --- | --- | --- | --- |
//! | cmd | commands | their results | [`CommandRing`] |
//! | event | - | events | [`EventRing`] |
//! | rx\[0\] | empty buffers | packets to the host | [`RxRing`] |
//! | tx\[0\] | packets | what became of them | [`TxRing`] |
//!
//! Indices run freely modulo 2^32; the entry of index `i` lies at `i mod size`. The card marks a fresh completion by the
//! phase bit, 1 on the first pass through the ring, 0 on the second. Nothing the card writes is trusted: indices,
//! phases, cookies and lengths are checked, and a ring whose card lies is given up with an error.

use std::time::{Duration, Instant};

use headend_regs::Ring;

use crate::backend::{deadline, EventFd};
use crate::registers::Registers;
use crate::{Error, Result};

mod command;
mod core;
mod event;
mod packet;
#[cfg(test)]
mod tests;

pub use command::{Command, CommandRing, MAX_RECORD_BYTES};
pub use event::{Event, EventRing};
pub use packet::{RxPacket, RxRing, TxDone, TxRing};

pub(crate) use self::core::RingCore;

/// Sizes of the rings, log2 of their entries.
#[derive(Clone, Copy, Debug)]
pub struct RingSizes {
    /// Command ring.
    pub cmd: u32,
    /// Event ring.
    pub event: u32,
    /// Receive ring and its buffers.
    pub rx: u32,
    /// Transmit ring and its buffers.
    pub tx: u32,
}

impl Default for RingSizes {
    fn default() -> Self {
        Self { cmd: 8, event: 8, rx: 6, tx: 6 }
    }
}

/// Longest sleep between two looks at a ring, in case an interrupt got lost.
const LONGEST_NAP: Duration = Duration::from_millis(20);

/// How a ring is waited for: by its vector's eventfd, or by looking again and again.
#[derive(Debug)]
pub struct Waiter {
    eventfd: EventFd,
    interrupts: bool,
}

impl Waiter {
    /// A waiter on `eventfd`; without `interrupts` nothing ever signals it and the ring is polled.
    pub(crate) fn new(eventfd: EventFd, interrupts: bool) -> Self {
        Self { eventfd, interrupts }
    }

    /// The eventfd of the ring's vector, for callers that poll several descriptors; non-blocking.
    #[must_use]
    pub fn eventfd(&self) -> &EventFd {
        &self.eventfd
    }

    /// Whether the ring's vector is connected.
    #[must_use]
    pub fn interrupts(&self) -> bool {
        self.interrupts
    }

    /// Sleeps until the ring may have news, or `deadline`. `nap` bounds the sleep and doubles, so that a ring without
    /// interrupts is looked at often at first and then less.
    fn sleep(&self, regs: &mut Registers, nap: &mut Duration, deadline: Instant) -> Result<()> {
        let left = deadline.saturating_duration_since(Instant::now());
        let longest = if self.interrupts { LONGEST_NAP } else { *nap };
        regs.backend().wait(&self.eventfd, longest.min(left))?;
        *nap = (*nap * 2).min(LONGEST_NAP);
        Ok(())
    }
}

/// Shortest nap of a polled ring.
const FIRST_NAP: Duration = Duration::from_millis(1);

/// Calls `look` until it gives something or `timeout` has passed, sleeping on `waiter` in between. A ring that the
/// card stopped is an error.
pub(crate) fn wait_until<T>(
    regs: &mut Registers,
    ring: Ring,
    waiter: &Waiter,
    timeout: Duration,
    mut look: impl FnMut(&mut Registers) -> Result<Option<T>>,
) -> Result<Option<T>> {
    let deadline = deadline(timeout);
    let mut nap = FIRST_NAP;
    loop {
        if let Some(found) = look(regs)? {
            return Ok(Some(found));
        }
        if Instant::now() >= deadline {
            check_running(regs, ring)?;
            return look(regs);
        }
        waiter.sleep(regs, &mut nap, deadline)?;
    }
}

/// Gives the card's reason when it has stopped `ring`.
pub(crate) fn check_running(regs: &mut Registers, ring: Ring) -> Result<()> {
    let status = regs.ring_status(ring)?;
    match headend_regs::RingError::try_from(status.error() as u8) {
        Ok(headend_regs::RingError::None) => Ok(()),
        Ok(error) => Err(Error::RingStopped { ring, error }),
        Err(unknown) => Err(Error::misbehaves(ring, unknown.to_string())),
    }
}
