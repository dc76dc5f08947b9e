// SPDX-License-Identifier: Apache-2.0
//! BAR0, typed: identity, capabilities, control, ring registers, counters.
//!
//! Offsets and fields come from `headend-regs`; this module only moves them through a [`PciBackend`].

use std::time::{Duration, Instant};

use headend_regs::reg::{self, Caps0, Control, Interface, RingControl, RingStatus, Status};
use headend_regs::{Ring, Table, INTERFACE_MAJOR, INTERFACE_MINOR};

use crate::backend::{PciBackend, Region};
use crate::{Error, Result};

/// Longest wait for a control bit to take effect.
const CONTROL_TIMEOUT: Duration = Duration::from_secs(10);

/// Registers of one ring, as offsets from its block's start.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs, reason = "named as in docs/registers.md")]
pub enum RingRegister {
    Control,
    Status,
    SqBase,
    CqBase,
    Index,
    SqTail,
    CqHead,
}

/// The card's registers.
pub struct Registers {
    backend: Box<dyn PciBackend>,
}

impl Registers {
    /// Takes the registers of a card after checking its identity and interface version.
    ///
    /// # Errors
    /// Not a Headend card, or one of another interface version; or the access failed.
    pub fn new(mut backend: Box<dyn PciBackend>) -> Result<Self> {
        let found = backend.read32(Region::Bar0, reg::ID)?;
        if found != reg::ID_RESET {
            return Err(Error::NotHeadend { location: backend.location(), found });
        }
        let version = Interface::from_bits_retain(backend.read32(Region::Bar0, reg::INTERFACE)?);
        if version.major() != u32::from(INTERFACE_MAJOR) || version.minor() < u32::from(INTERFACE_MINOR) {
            return Err(Error::Interface {
                card_major: version.major(),
                card_minor: version.minor(),
                major: INTERFACE_MAJOR,
                minor: INTERFACE_MINOR,
            });
        }
        Ok(Self { backend })
    }

    /// The PCI function itself.
    pub fn backend(&mut self) -> &mut dyn PciBackend {
        self.backend.as_mut()
    }

    /// Reads a register of BAR0.
    ///
    /// # Errors
    /// The access failed.
    pub fn read(&mut self, offset: u64) -> Result<u32> {
        Ok(self.backend.read32(Region::Bar0, offset)?)
    }

    /// Writes a register of BAR0.
    ///
    /// # Errors
    /// The access failed.
    pub fn write(&mut self, offset: u64, value: u32) -> Result<()> {
        Ok(self.backend.write32(Region::Bar0, offset, value)?)
    }

    /// Reads a 64-bit counter: the low word first, which latches the high word.
    ///
    /// # Errors
    /// The access failed.
    pub fn counter(&mut self, offset: u64) -> Result<u64> {
        let low = self.read(offset)?;
        Ok(u64::from(self.read(offset + 4)?) << 32 | u64::from(low))
    }

    /// Interface version of the card.
    ///
    /// # Errors
    /// The access failed.
    pub fn interface(&mut self) -> Result<Interface> {
        Ok(Interface::from_bits_retain(self.read(reg::INTERFACE)?))
    }

    /// Capabilities.
    ///
    /// # Errors
    /// The access failed.
    pub fn caps(&mut self) -> Result<Caps0> {
        Ok(Caps0::from_bits_retain(self.read(reg::CAPS0)?))
    }

    /// Status.
    ///
    /// # Errors
    /// The access failed.
    pub fn status(&mut self) -> Result<Status> {
        Ok(Status::from_bits_retain(self.read(reg::STATUS)?))
    }

    /// Whether the ports receive.
    ///
    /// # Errors
    /// The access failed.
    pub fn enabled(&mut self) -> Result<bool> {
        Ok(Control::from_bits_retain(self.read(reg::CONTROL)?).contains(Control::ENABLE))
    }

    /// Lets the ports receive, or not.
    ///
    /// # Errors
    /// The access failed.
    pub fn set_enabled(&mut self, on: bool) -> Result<()> {
        let mut control = Control::empty();
        control.set(Control::ENABLE, on);
        self.write(reg::CONTROL, control.bits())
    }

    /// Stops and resets all rings; tables, counters and the enable bit keep their values.
    ///
    /// # Errors
    /// The access failed, or the card does not finish.
    pub fn reset_rings(&mut self) -> Result<()> {
        let keep = self.enabled()?;
        let mut control = Control::SOFT_RESET;
        control.set(Control::ENABLE, keep);
        self.write(reg::CONTROL, control.bits())?;
        self.wait_for("a reset of the rings", |regs| {
            Ok(!Control::from_bits_retain(regs.read(reg::CONTROL)?).contains(Control::SOFT_RESET))
        })
    }

    /// Entries of a table on this card.
    ///
    /// # Errors
    /// The access failed.
    pub fn table_depth(&mut self, table: Table) -> Result<u32> {
        self.read(reg::table_depth(usize::from(table.code())))
    }

    /// Reads a 32-bit ring register (the low word of a base).
    ///
    /// # Errors
    /// The access failed.
    pub fn ring_read(&mut self, ring: Ring, register: RingRegister) -> Result<u32> {
        self.read(ring_offset(ring, register))
    }

    /// Writes a 32-bit ring register.
    ///
    /// # Errors
    /// The access failed.
    pub fn ring_write(&mut self, ring: Ring, register: RingRegister, value: u32) -> Result<()> {
        self.write(ring_offset(ring, register), value)
    }

    /// Writes a ring's base or index address, low and high word.
    ///
    /// # Errors
    /// The access failed.
    pub fn ring_address(&mut self, ring: Ring, register: RingRegister, iova: u64) -> Result<()> {
        let offset = ring_offset(ring, register);
        self.write(offset, iova as u32)?;
        self.write(offset + 4, (iova >> 32) as u32)
    }

    /// Status of a ring.
    ///
    /// # Errors
    /// The access failed.
    pub fn ring_status(&mut self, ring: Ring) -> Result<RingStatus> {
        Ok(RingStatus::from_bits_retain(self.ring_read(ring, RingRegister::Status)?))
    }

    /// Stops a ring and waits until it stands still.
    ///
    /// # Errors
    /// The access failed, or the ring goes on.
    pub fn ring_stop(&mut self, ring: Ring) -> Result<()> {
        self.ring_write(ring, RingRegister::Control, RingControl::empty().bits())?;
        // The bit reads 1 until DMA under way has ended.
        self.wait_for("stopping a ring", |regs| {
            let control = RingControl::from_bits_retain(regs.ring_read(ring, RingRegister::Control)?);
            Ok(!control.contains(RingControl::ENABLE))
        })
    }

    fn wait_for(&mut self, what: &str, mut done: impl FnMut(&mut Self) -> Result<bool>) -> Result<()> {
        let start = Instant::now();
        let mut pause = Duration::from_micros(50);
        while !done(self)? {
            if start.elapsed() > CONTROL_TIMEOUT {
                return Err(Error::Timeout { what: what.into(), after: CONTROL_TIMEOUT });
            }
            std::thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(10));
        }
        Ok(())
    }
}

fn ring_offset(ring: Ring, register: RingRegister) -> u64 {
    let n = usize::from(ring.code());
    match register {
        RingRegister::Control => reg::ring_control(n),
        RingRegister::Status => reg::ring_status(n),
        RingRegister::SqBase => reg::ring_sq_base_lo(n),
        RingRegister::CqBase => reg::ring_cq_base_lo(n),
        RingRegister::Index => reg::ring_index_lo(n),
        RingRegister::SqTail => reg::ring_sq_tail(n),
        RingRegister::CqHead => reg::ring_cq_head(n),
    }
}
