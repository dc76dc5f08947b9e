// SPDX-License-Identifier: Apache-2.0
//! The client's interrupt eventfds.

use crate::pci::VECTORS;
use nix::errno::Errno;
use nix::poll::{poll, PollFd, PollFlags, PollTimeout};
use std::os::fd::{AsFd, OwnedFd};

/// Data of SET_IRQS: none.
pub const DATA_NONE: u32 = 1 << 0;
/// Data: one byte per vector.
pub const DATA_BOOL: u32 = 1 << 1;
/// Data: one eventfd per vector, beside the message.
pub const DATA_EVENTFD: u32 = 1 << 2;
/// Action: mask.
pub const ACTION_MASK: u32 = 1 << 3;
/// Action: unmask.
pub const ACTION_UNMASK: u32 = 1 << 4;
/// Action: trigger, or connect eventfds.
pub const ACTION_TRIGGER: u32 = 1 << 5;

#[derive(Debug, Default)]
struct Vector {
    eventfd: Option<OwnedFd>,
    masked: bool,
    /// Raised while masked or not connected; delivered as soon as it can be, as a PCI function's pending bit.
    pending: bool,
}

/// The MSI-X vectors of the card.
#[derive(Debug, Default)]
pub struct Irqs {
    vectors: [Vector; VECTORS as usize],
}

impl Irqs {
    /// Carries out SET_IRQS for the MSI-X index. `data` is what follows the fixed part of the message.
    ///
    /// # Errors
    /// Errno: a range beyond the vectors, or flags, data and descriptors that do not fit each other.
    pub fn set(
        &mut self,
        flags: u32,
        start: u32,
        count: u32,
        data: &[u8],
        fds: Vec<OwnedFd>,
    ) -> Result<(), Errno> {
        let action = flags & (ACTION_MASK | ACTION_UNMASK | ACTION_TRIGGER);
        let kind = flags & (DATA_NONE | DATA_BOOL | DATA_EVENTFD);
        let end = start.checked_add(count).filter(|end| *end <= VECTORS.into()).ok_or(Errno::EINVAL)?;
        let range = start as usize..end as usize;
        if count == 0 {
            // "Disable the index": the only meaning of a count of zero.
            if (action, kind) != (ACTION_TRIGGER, DATA_NONE) {
                return Err(Errno::EINVAL);
            }
            self.clear();
            return Ok(());
        }
        match (action, kind) {
            (ACTION_TRIGGER, DATA_EVENTFD) => self.connect(range, fds),
            (ACTION_MASK, DATA_NONE) => self.mask(range, true),
            (ACTION_UNMASK, DATA_NONE) => self.mask(range, false),
            (ACTION_TRIGGER, DATA_NONE) => range.for_each(|v| self.raise(v)),
            (ACTION_TRIGGER, DATA_BOOL) if data.len() == range.len() => {
                range.zip(data).filter(|(_, on)| **on != 0).for_each(|(v, _)| self.raise(v));
            }
            _ => return Err(Errno::EINVAL),
        }
        Ok(())
    }

    /// Connects the vectors of `range`; those without a descriptor are disconnected (QEMU sends them so).
    fn connect(&mut self, range: std::ops::Range<usize>, fds: Vec<OwnedFd>) {
        let mut fds = fds.into_iter();
        for v in range {
            self.vectors[v].eventfd = fds.next();
            self.deliver(v);
        }
    }

    fn mask(&mut self, range: std::ops::Range<usize>, masked: bool) {
        for v in range {
            self.vectors[v].masked = masked;
            self.deliver(v);
        }
    }

    /// Raises a vector; it stays pending while masked or not connected.
    ///
    /// # Panics
    /// There is no such vector.
    pub fn raise(&mut self, vector: usize) {
        self.vectors[vector].pending = true;
        self.deliver(vector);
    }

    fn deliver(&mut self, vector: usize) {
        let v = &mut self.vectors[vector];
        if let (true, false, Some(fd)) = (v.pending, v.masked, &v.eventfd) {
            // A full counter already says that there is an interrupt; writing to it would block us. An error is
            // the client's own doing, and no reason to stop.
            let mut poll_fd = [PollFd::new(fd.as_fd(), PollFlags::POLLOUT)];
            if poll(&mut poll_fd, PollTimeout::ZERO) == Ok(1) {
                let _ = nix::unistd::write(fd.as_fd(), &1u64.to_ne_bytes());
            }
            v.pending = false;
        }
    }

    /// Pending bits, as in the MSI-X pending bit array.
    pub fn pending_bits(&self) -> u64 {
        self.vectors.iter().enumerate().fold(0, |bits, (i, v)| bits | u64::from(v.pending) << i)
    }

    /// Forgets what was raised and not delivered, as a function reset does; eventfds stay connected.
    pub fn forget_pending(&mut self) {
        self.vectors.iter_mut().for_each(|v| v.pending = false);
    }

    /// Disconnects everything and forgets what was pending.
    pub fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::sys::eventfd::{EfdFlags, EventFd};

    fn eventfd() -> (EventFd, OwnedFd) {
        let fd = EventFd::from_flags(EfdFlags::EFD_NONBLOCK).unwrap();
        let copy = fd.as_fd().try_clone_to_owned().unwrap();
        (fd, copy)
    }

    #[test]
    fn raised_vectors_reach_their_eventfd() {
        let mut irqs = Irqs::default();
        let (a, a2) = eventfd();
        let (b, b2) = eventfd();
        irqs.set(DATA_EVENTFD | ACTION_TRIGGER, 1, 2, &[], vec![a2, b2]).unwrap();
        irqs.raise(2);
        irqs.raise(2);
        assert_eq!((a.read(), b.read()), (Err(Errno::EAGAIN), Ok(2)));
    }

    #[test]
    fn pending_is_delivered_on_connect_and_unmask() {
        let mut irqs = Irqs::default();
        irqs.raise(0);
        assert_eq!(irqs.pending_bits(), 1);
        let (a, a2) = eventfd();
        irqs.set(DATA_EVENTFD | ACTION_TRIGGER, 0, 1, &[], vec![a2]).unwrap();
        assert_eq!((a.read(), irqs.pending_bits()), (Ok(1), 0));
        irqs.set(DATA_NONE | ACTION_MASK, 0, 4, &[], vec![]).unwrap();
        irqs.raise(0);
        assert_eq!(a.read(), Err(Errno::EAGAIN));
        irqs.set(DATA_NONE | ACTION_UNMASK, 0, 1, &[], vec![]).unwrap();
        assert_eq!(a.read(), Ok(1));
    }

    #[test]
    fn missing_descriptor_disconnects_and_zero_count_clears() {
        let mut irqs = Irqs::default();
        let (a, a2) = eventfd();
        irqs.set(DATA_EVENTFD | ACTION_TRIGGER, 0, 1, &[], vec![a2.try_clone().unwrap()]).unwrap();
        irqs.set(DATA_EVENTFD | ACTION_TRIGGER, 0, 1, &[], vec![]).unwrap();
        irqs.raise(0);
        assert_eq!(a.read(), Err(Errno::EAGAIN));
        irqs.set(DATA_NONE | ACTION_TRIGGER, 0, 0, &[], vec![]).unwrap();
        assert_eq!(irqs.pending_bits(), 0);
        irqs.set(DATA_EVENTFD | ACTION_TRIGGER, 0, 1, &[], vec![a2]).unwrap();
        irqs.set(DATA_BOOL | ACTION_TRIGGER, 0, 2, &[1, 0], vec![]).unwrap();
        assert_eq!((a.read(), irqs.pending_bits()), (Ok(1), 0));
    }

    #[test]
    fn nonsense_is_refused() {
        let mut irqs = Irqs::default();
        for (flags, start, count, data) in [
            (DATA_NONE | ACTION_TRIGGER, 0, 5, &[][..]),
            (DATA_NONE | ACTION_TRIGGER, u32::MAX, 2, &[]),
            (DATA_BOOL | ACTION_TRIGGER, 0, 2, &[1]),
            (DATA_EVENTFD | ACTION_MASK, 0, 1, &[]),
            (DATA_NONE, 0, 1, &[]),
            (0, 0, 0, &[]),
            (u32::MAX, 0, 1, &[]),
        ] {
            assert_eq!(irqs.set(flags, start, count, data, vec![]), Err(Errno::EINVAL), "{flags:#x}");
        }
    }
}
